package blobtest

import (
	"bytes"
	"cmp"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/fault"
)

// directPart is the least size of a part but the last on the common object
// stores: 5 MiB.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const directPart = 5 << 20

func testDirect(t *testing.T, s blob.Store) {
	d, ok := s.(blob.Direct)
	if !ok {
		t.Skip("the driver takes no parts from clients")
	}
	for _, tt := range []struct {
		name string
		run  func(*testing.T, blob.Store, blob.Direct)
	}{
		{"Parts", testDirectParts},
		{"Refused", testDirectRefused},
		{"NotAsDescribed", testDirectNotAsDescribed},
		{"Abort", testDirectAbort},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s, d) })
	}
}

func begin(t *testing.T, d blob.Direct) blob.Key {
	t.Helper()
	key, err := d.Begin(t.Context())
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return key
}

// send puts body where SignPart says for a part of size bytes, as a client
// does, and returns the answer's status and tag.
func send(t *testing.T, d blob.Direct, key blob.Key, number int, size int64, expires time.Time, body []byte) (int, string) {
	t.Helper()
	url, header, err := d.SignPart(t.Context(), key, number, size, expires)
	if err != nil {
		t.Fatalf("SignPart(%d): %v", number, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode, res.Header.Get("ETag")
}

func sendPart(t *testing.T, d blob.Direct, key blob.Key, number int, body []byte) blob.DirectPart {
	t.Helper()
	status, tag := send(t, d, key, number, int64(len(body)), time.Now().Add(time.Minute), body)
	if status != http.StatusOK || tag == "" {
		t.Fatalf("sending part %d: status %d, ETag %q", number, status, tag)
	}
	return blob.DirectPart{Number: number, Size: int64(len(body)), Tag: tag}
}

func testDirectParts(t *testing.T, s blob.Store, d blob.Direct) {
	one, two, three := Bytes(1, directPart), Bytes(2, directPart), Bytes(3, 1000)
	key := begin(t, d)
	last := sendPart(t, d, key, 10_000, three)
	sendPart(t, d, key, 1, two)
	first := sendPart(t, d, key, 1, one) // sent again, it replaces what was there
	second := sendPart(t, d, key, 3, two)
	_, err := s.Open(t.Context(), key, 0, -1)
	wantKind(t, "Open of an unfinished blob", err, fault.NotFound)
	if keys := Keys(t, s); len(keys) != 0 {
		t.Errorf("List yields the unfinished %v", keys)
	}
	parts := []blob.DirectPart{first, second, last}
	for range 2 {
		if err := d.Finish(t.Context(), key, parts); err != nil {
			t.Fatalf("Finish = %v", err)
		}
	}
	want := bytes.Join([][]byte{one, two, three}, nil)
	if got := Get(t, s, key, 0, -1); !bytes.Equal(got, want) {
		t.Errorf("the finished blob has %d bytes, not the %d sent", len(got), len(want))
	}
	if info := Keys(t, s)[key]; info.Size != int64(len(want)) {
		t.Errorf("List yields %+v, want %d bytes", info, len(want))
	}
	if err := d.Abort(t.Context(), key); err != nil {
		t.Errorf("Abort of a finished blob = %v", err)
	}
	Get(t, s, key, 0, -1)
	if err := s.Remove(t.Context(), key); err != nil {
		t.Errorf("Remove = %v", err)
	}
	_, err = s.Open(t.Context(), key, 0, -1)
	wantKind(t, "Open of the removed blob", err, fault.NotFound)
}

func testDirectRefused(t *testing.T, s blob.Store, d blob.Direct) {
	key := begin(t, d)
	for _, number := range []int{-1, 0, 10_001} {
		_, _, err := d.SignPart(t.Context(), key, number, 100, time.Now().Add(time.Minute))
		wantKind(t, "SignPart with a number outside 1 to 10,000", err, fault.Invalid)
	}
	body := Bytes(1, 100)
	for _, tt := range []struct {
		name    string
		size    int64
		expires time.Duration
	}{
		{"one byte too many", 99, time.Minute},
		{"one byte too few", 101, time.Minute},
		{"too late", 100, -time.Minute},
	} {
		expires := time.Now().Add(tt.expires)
		url, _, err := d.SignPart(t.Context(), key, 1, tt.size, expires)
		if err != nil { // a store may refuse to sign what nobody can use
			wantKind(t, tt.name, err, fault.Invalid)
			continue
		}
		if status, _ := send(t, d, key, 1, tt.size, expires, body); status/100 == 2 {
			t.Errorf("%s: %s took the part with status %d", tt.name, url, status)
		}
	}
	err := d.Finish(t.Context(), key, []blob.DirectPart{{Number: 1, Size: 100, Tag: `"x"`}})
	wantKind(t, "Finish with a part that was refused", err, fault.Conflict)
}

func testDirectNotAsDescribed(t *testing.T, s blob.Store, d blob.Direct) {
	key := begin(t, d)
	one := sendPart(t, d, key, 1, Bytes(1, directPart))
	two := sendPart(t, d, key, 2, Bytes(2, 100))
	with := func(p blob.DirectPart, number int, size int64, tag string) blob.DirectPart {
		return blob.DirectPart{Number: cmp.Or(number, p.Number), Size: cmp.Or(size, p.Size), Tag: cmp.Or(tag, p.Tag)}
	}
	for _, tt := range []struct {
		name  string
		parts []blob.DirectPart
		want  fault.Kind
	}{
		{"missing part", []blob.DirectPart{one, with(two, 3, 0, "")}, fault.Conflict},
		{"other tag", []blob.DirectPart{one, with(two, 0, 0, `"00000000000000000000000000000000"`)}, fault.Conflict},
		{"tag of another part", []blob.DirectPart{one, with(two, 0, 0, one.Tag)}, fault.Conflict},
		{"other size", []blob.DirectPart{one, with(two, 0, 101, "")}, fault.Conflict},
		{"no parts", nil, fault.Invalid},
		{"descending", []blob.DirectPart{two, one}, fault.Invalid},
		{"twice", []blob.DirectPart{one, one}, fault.Invalid},
	} {
		wantKind(t, "Finish: "+tt.name, d.Finish(t.Context(), key, tt.parts), tt.want)
		_, err := s.Open(t.Context(), key, 0, -1)
		wantKind(t, "Open after Finish: "+tt.name, err, fault.NotFound)
	}
	if err := d.Finish(t.Context(), key, []blob.DirectPart{one, two}); err != nil {
		t.Errorf("Finish as described = %v", err)
	}
}

func testDirectAbort(t *testing.T, s blob.Store, d blob.Direct) {
	key := begin(t, d)
	part := sendPart(t, d, key, 1, Bytes(1, 100))
	for range 2 {
		if err := d.Abort(t.Context(), key); err != nil {
			t.Errorf("Abort = %v", err)
		}
	}
	wantKind(t, "Finish after Abort", d.Finish(t.Context(), key, []blob.DirectPart{part}), fault.NotFound)
	wantKind(t, "Finish of a key that was never reserved",
		d.Finish(t.Context(), "nothing", []blob.DirectPart{part}), fault.NotFound)
}

// NewDirect returns a memblob.Direct and serves the URLs it signs until the
// test ends.
func NewDirect(t testing.TB) *memblob.Direct {
	d := new(memblob.Direct)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tag, err := d.Receive(r.URL.Path[1:], r.Header.Get("Content-Type"), r.Body)
		if r.Method != http.MethodPut || err != nil {
			http.Error(w, "refused", http.StatusForbidden)
			return
		}
		w.Header().Set("ETag", tag)
	}))
	t.Cleanup(server.Close)
	d.Base = server.URL
	return d
}
