package picker

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
)

// tell runs work for a caller who accepts a media type, and returns the lines
// of the answer, and the error if there is no answer.
func tell(t *testing.T, accept string, work func(*Import) (any, error)) (*httptest.ResponseRecorder, []map[string]any, error) {
	t.Helper()
	r := httptest.NewRequest("POST", "/store/", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	err := Tell(w, r, answer.Cloud, work)
	var heard []map[string]any
	for line := range strings.Lines(w.Body.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		heard = append(heard, one)
	}
	return w, heard, err
}

// slowly imports ten bytes, one every 190 ms.
func slowly(size int64, end error) func(*Import) (any, error) {
	return func(i *Import) (any, error) {
		body := i.Watch(iotest.OneByteReader(strings.NewReader("0123456789")), size)
		for {
			time.Sleep(190 * time.Millisecond)
			if _, err := body.Read(make([]byte, 9)); err == io.EOF {
				return map[string]any{"url": "stored"}, end
			}
		}
	}
}

func TestTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, heard, err := tell(t, "application/x-ndjson, application/json", slowly(10, nil))
		if err != nil || w.Code != 200 || w.Header().Get("Content-Type") != "application/x-ndjson" || len(heard) != 9 {
			t.Fatalf("%v, %d %v, %v", err, w.Code, w.Header(), heard)
		}
		for i, line := range heard[:8] {
			if want := float64((i + 1) * 250 / 190); line["received"] != want || line["size"] != 10.0 {
				t.Errorf("line %d: %v, want %v received", i, line, want)
			}
		}
		if heard[8]["url"] != "stored" {
			t.Errorf("last line: %v", heard[8])
		}

		if _, heard, _ := tell(t, "application/x-ndjson", slowly(-1, nil)); len(heard) != 9 || heard[0]["size"] != nil {
			t.Errorf("of unknown size: %v", heard)
		}
		if w, heard, err := tell(t, "*/*", slowly(10, nil)); err != nil || len(heard) != 1 || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("to others: %v, %v", heard, err)
		}
	})
}

func TestTellErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := fmt.Errorf("secret detail: %w", fault.Unreachable)
		if w, heard, err := tell(t, "application/x-ndjson", slowly(10, failed)); err != nil || w.Code != 200 || len(heard) != 9 ||
			heard[8]["status"] != float64(http.StatusBadRequest) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("after a while: %v, %v", heard, err)
		}
		at := func(*Import) (any, error) { return nil, failed }
		for _, accept := range []string{"application/x-ndjson", "*/*"} {
			if w, _, err := tell(t, accept, at); err != failed || w.Body.Len() > 0 {
				t.Errorf("at once, to %s: %v, %s", accept, err, w.Body)
			}
		}
	})
}
