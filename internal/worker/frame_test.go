package worker

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestRequestHeader(t *testing.T) {
	want := request{kind: kindJob, number: 1 << 31, files: MaxFiles, left: time.Hour, length: MaxRequest}
	if b := want.append(nil); len(b) != requestHeader || parseRequest(b) != want {
		t.Errorf("parseRequest(%x) = %+v, want %+v", b, parseRequest(b), want)
	}
}

// FuzzParseReply: whatever a child sends, it is one reply to the request at
// hand, and within the limits.
func FuzzParseReply(f *testing.F) {
	f.Add(reply{number: 5, length: 3}.append(nil))
	f.Add(reply{number: 5, failed: true, kind: fault.TooLarge, length: MaxReply}.append(nil))
	f.Add(reply{number: 5, length: MaxReply + 1}.append(nil))
	f.Add([]byte("SW\x02 garbage"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != replyHeader {
			return
		}
		r, err := parseReply(b, 5)
		switch {
		case err != nil:
			if !errors.Is(err, errGarbage) {
				t.Errorf("parseReply(%x) error = %v", b, err)
			}
		case r.number != 5, r.length < 0, r.length > MaxReply, !bytes.Equal(r.append(nil), b):
			t.Errorf("parseReply(%x) = %+v", b, r)
		}
	})
}
