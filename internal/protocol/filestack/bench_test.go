package filestack

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A sink is a ResponseWriter that keeps nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) Write(p []byte) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)             {}

// ReadFrom reads without memory of its own, as a connection takes a file.
func (s sink) ReadFrom(src io.Reader) (int64, error) { return io.Discard.(io.ReaderFrom).ReadFrom(src) }

// BenchmarkSignedRead is what a signed read of a small file costs besides the
// work of net/http and of the kernel.
func BenchmarkSignedRead(b *testing.B) {
	s := newStack(b, Config{})
	id := s.put(b, securedKey, "a.bin", strings.Repeat("x", 1000))
	benchmarkTarget(b, s, "/"+string(id)+"?"+query(sign(securedKey, `{"expiry":1999999999,"call":["read"],"handle":"`+string(id)+`"}`)))
}

// BenchmarkKept is the same for a variant that was made before.
func BenchmarkKept(b *testing.B) {
	s, _ := newImageStack(b)
	id := s.put(b, securedKey, "a.png", strings.Repeat("x", 1000))
	c := sign(securedKey, `{"expiry":1999999999,"call":["read","convert"]}`)
	benchmarkTarget(b, s, "/security=policy:"+c.Policy+",signature:"+c.Signature+"/resize=width:300/"+string(id))
}

func benchmarkTarget(b *testing.B, s *stack, target string) {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: files.test\r\n\r\n")))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := sink{http.Header{}}
		s.ServeHTTP(w, r)
		if w.header.Get("X-File-Name") != "a.bin" && w.header.Get("X-File-Name") != "a.png" {
			b.Fatal("not delivered")
		}
	}
}
