package filestack

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
)

// A sink is a ResponseWriter that keeps nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) Write(p []byte) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)             {}

// BenchmarkSignedRead is what a signed read of a small file costs besides the
// work of net/http and of the kernel.
func BenchmarkSignedRead(b *testing.B) {
	s := newStack(b, Config{})
	id := s.put(b, securedKey, "a.bin", strings.Repeat("x", 1000))
	target := "/" + string(id) + "?" + query(sign(securedKey, `{"expiry":1999999999,"call":["read"],"handle":"`+string(id)+`"}`))
	text := "GET " + target + " HTTP/1.1\r\nHost: files.test\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := sink{http.Header{}}
		s.ServeHTTP(w, r)
		if w.header.Get("X-File-Name") != "a.bin" {
			b.Fatal("not delivered")
		}
	}
}
