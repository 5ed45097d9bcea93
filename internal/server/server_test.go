package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/server/cert"
	"github.com/stowgate/stowgate/internal/server/conn"
	"github.com/stowgate/stowgate/internal/server/redact"
)

// A lockedBuffer is a log that is written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// A running server, its log, and how to make it stop.
type running struct {
	*Server
	url  string
	log  *lockedBuffer
	stop func() error // drains it; safe to call more than once
}

func start(t *testing.T, c Config, h http.Handler) *running {
	t.Helper()
	log := new(lockedBuffer)
	if c.Listen == "" && c.TLSListen == "" {
		c.Listen = "127.0.0.1:0"
	}
	c.Log = slog.New(redact.Handler(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, h) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { stop() })
	return &running{s, "http://" + s.Addr(), log, stop}
}

// store answers with how many bytes a body has.
var count = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		NoteError(r.Context(), err)
		http.Error(w, fault.Of(err).Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, n)
})

func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

// TestC1StalledSockets: hundreds of stalled clients are dropped, and meanwhile
// an ordinary upload goes through.
func TestC1StalledSockets(t *testing.T) {
	s := start(t, Config{HeaderTime: 400 * time.Millisecond, Pace: conn.Pace{Rate: 1024, Window: 400 * time.Millisecond}}, count)
	var closed sync.WaitGroup
	for i := range 300 {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, []string{
			"", "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ",
			"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nslow",
		}[i%3])
		closed.Go(func() {
			c.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("stalled connection %d stays open", i)
			}
		})
	}
	res, err := http.Post(s.url, "", bytes.NewReader(make([]byte, 4<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, _ := io.ReadAll(res.Body); string(n) != "4194304" {
		t.Errorf("upload beside stalled clients: %s %s", res.Status, n)
	}
	closed.Wait()
	if !strings.Contains(s.log.String(), "kind=canceled") {
		t.Error("no stalled body is logged as canceled")
	}
}

// TestC1Pace: a slow client that keeps pace is served, whatever it takes.
func TestC1Pace(t *testing.T) {
	s := start(t, Config{Pace: conn.Pace{Rate: 1000, Window: 200 * time.Millisecond}}, count)
	body, in := io.Pipe()
	go func() {
		for range 20 { // a second, five windows
			time.Sleep(50 * time.Millisecond)
			in.Write(make([]byte, 200))
		}
		in.Close()
	}()
	res, err := http.Post(s.url, "", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, _ := io.ReadAll(res.Body); string(n) != "4000" {
		t.Errorf("slow upload: %s %s", res.Status, n)
	}
}

// TestC1SlowHandler: the time that a handler takes is not the client's.
func TestC1SlowHandler(t *testing.T) {
	s := start(t, Config{Pace: conn.Pace{Rate: 1000, Window: 100 * time.Millisecond}},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(150 * time.Millisecond)
			io.ReadFull(r.Body, make([]byte, 10))
			time.Sleep(250 * time.Millisecond)
			count(w, r)
			time.Sleep(250 * time.Millisecond)
			if err := r.Context().Err(); err != nil {
				t.Errorf("the request's context ends with %v while its handler works", err)
			}
		}))
	res, err := http.Post(s.url, "", strings.NewReader(strings.Repeat("x", 100_010)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, _ := io.ReadAll(res.Body); string(n) != "100000" {
		t.Errorf("upload to a slow handler: %s %s", res.Status, n)
	}
}

// TestC1Readers: one who stops reading is dropped; one who reads slowly gets
// everything. Files go a way of their own.
func TestC1Readers(t *testing.T) {
	blobs, err := fileblob.Open(t.TempDir(), fileblob.Config{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	a := store(t, blobs, make([]byte, 6<<20))
	dropped := make(chan error, 2)
	handlers := map[string]http.Handler{
		"file": serve(t, blobs, a, FileOptions{}),
		"bytes": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(6<<20))
			w.Write(make([]byte, 6<<20))
		}),
	}
	for name, h := range handlers {
		t.Run(name, func(t *testing.T) {
			s := start(t, Config{Pace: conn.Pace{Rate: 1 << 20, Window: 300 * time.Millisecond}},
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer func() { dropped <- nil }()
					h.ServeHTTP(w, r)
				}))
			ask := func() net.Conn {
				c, err := net.Dial("tcp", s.Addr())
				if err != nil {
					t.Fatal(err)
				}
				c.(*net.TCPConn).SetReadBuffer(64 << 10)
				io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
				return c
			}
			stalled := ask()
			defer stalled.Close()
			select {
			case <-dropped:
			case <-time.After(10 * time.Second):
				t.Fatal("the handler still writes to a client that does not read")
			}
			slow := ask()
			defer slow.Close()
			res, err := http.ReadResponse(bufio.NewReader(slow), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got int64
			for err == nil {
				var n int64
				n, err = io.CopyN(io.Discard, res.Body, 512<<10)
				got += n
				time.Sleep(200 * time.Millisecond) // a chunk takes longer than a window
			}
			if got != 6<<20 || err != io.EOF {
				t.Errorf("the slow client got %d bytes, %v", got, err)
			}
		})
	}
}

// TestC5Encoding: compressed bodies are refused before anything reads them.
func TestC5Encoding(t *testing.T) {
	s := start(t, Config{}, count)
	for coding, want := range map[string]int{"": 200, "identity": 200, "gzip": 415, "zstd": 415, "gzip, identity": 415} {
		r, _ := http.NewRequest("POST", s.url, strings.NewReader("x"))
		r.Header.Set("Content-Encoding", coding)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("Content-Encoding %q = %d, want %d", coding, res.StatusCode, want)
		}
	}
}

func TestHeaderLimit(t *testing.T) {
	s := start(t, Config{HeaderBytes: 16 << 10}, count)
	for size, want := range map[int]int{16<<10 - 1: 200, 16 << 10: 200, 16<<10 + 1: 431} {
		const frame = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX: \r\n\r\n"
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, strings.Replace(frame, "X: ", "X: "+strings.Repeat("x", size-len(frame)), 1))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("header of %d bytes: %v", size, err)
		}
		if res.StatusCode != want {
			t.Errorf("header of %d bytes = %d, want %d", size, res.StatusCode, want)
		}
		c.Close()
	}
}

// TestA6Forwarded: only a trusted proxy says who the client is.
func TestA6Forwarded(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, tt := range []struct {
		peer string
		sent []string
		want string
	}{
		{"192.0.2.1:1", nil, "192.0.2.1"},
		{"192.0.2.1:1", []string{"198.51.100.7"}, "192.0.2.1"},
		{"10.0.0.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:1", []string{"6.6.6.6, 198.51.100.7"}, "198.51.100.7"},
		{"10.0.0.1:1", []string{"6.6.6.6", "198.51.100.7 , 10.9.9.9"}, "198.51.100.7"},
		{"10.0.0.1:1", []string{"10.2.2.2"}, "10.2.2.2"},
		{"10.0.0.1:1", []string{"nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1", []string{"198.51.100.7, nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1", nil, "10.0.0.1"},
		{"[::1]:1", []string{"2001:db8::5"}, "2001:db8::5"},
		{"[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"@", nil, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = tt.peer
		for _, v := range tt.sent {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := clientAddr(r, trusted).String(); got != tt.want {
			t.Errorf("client of %s with X-Forwarded-For %q = %s, want %s", tt.peer, tt.sent, got, tt.want)
		}
	}
}

// TestAccessLog: one line for each request, with what happened and no secret.
func TestAccessLog(t *testing.T) {
	router, err := NewRouter("", []Route{Public("", "/{handle}", "it is a test", http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			NoteError(r.Context(), fmt.Errorf("bad signature=planted: %w", fault.Denied))
			if RequestID(r.Context()) != w.Header().Get("X-Request-Id") {
				t.Error("the request's ID is not the answer's")
			}
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "no")
		}))})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{}, router)
	r, _ := http.NewRequest("GET", s.url+"/security=policy:planted,signature:planted?policy=planted&token=planted", nil)
	r.Header.Set("X-Request-Id", "forged")
	r.Header.Set("X-Forwarded-For", "6.6.6.6")
	r.Header.Set("Authorization", "Basic planted")
	r.Host = "evil.example"
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	s.stop()
	log := s.log.String()
	for _, want := range []string{"msg=request", "client=127.0.0.1", "method=GET", "route=/{handle}", "status=403", "out=2",
		"kind=denied", "bad signature=[hidden]", "id=" + res.Header.Get("X-Request-Id")} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
	for _, not := range []string{"planted", "forged", "6.6.6.6", "evil.example"} {
		if strings.Contains(log, not) || strings.Contains(fmt.Sprint(res.Header), not) {
			t.Errorf("%q is in the log or the answer: %s %v", not, log, res.Header)
		}
	}
	if strings.Count(log, "msg=request") != 1 {
		t.Errorf("the log has not one line: %s", log)
	}
}

func TestPanic(t *testing.T) {
	s := start(t, Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/late" {
			w.Write(make([]byte, 10_000))
		}
		panic("policy=planted")
	}))
	if status, _, body := get(t, s.url+"/early"); status != 500 || strings.Contains(body, "planted") {
		t.Errorf("panic = %d %q, want 500", status, body)
	}
	res, err := http.Get(s.url + "/late")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("an answer that a panic cut is whole for its client")
	}
	s.stop()
	if log := s.log.String(); strings.Count(log, "level=ERROR msg=\"handler panicked\"") != 2 || strings.Contains(log, "planted") {
		t.Errorf("log of two panics: %s", log)
	}
}

// TestDrain: who is there is served, who comes is not, and health says why.
func TestDrain(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	s := start(t, Config{AdminListen: "127.0.0.1:0"}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		<-finish
		count(w, r)
	}))
	type answer struct {
		body string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		res, err := http.Post(s.url, "", strings.NewReader("hello"))
		if err != nil {
			answered <- answer{err: err}
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		answered <- answer{string(body), err}
	}()
	<-began
	if status, _, _ := get(t, "http://"+s.AdminAddr()+"/readyz"); status != 200 {
		t.Errorf("readyz = %d before draining, want 200", status)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			break
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("a draining server takes connections")
		}
	}
	if status, _, body := get(t, "http://"+s.AdminAddr()+"/readyz"); status != 503 || !strings.Contains(body, "draining") {
		t.Errorf("readyz = %d %q while draining, want 503", status, body)
	}
	if status, _, _ := get(t, "http://"+s.AdminAddr()+"/healthz"); status != 200 {
		t.Errorf("healthz = %d while draining, want 200", status)
	}
	select {
	case err := <-stopped:
		t.Fatalf("Serve returned %v before the request was answered", err)
	default:
	}
	close(finish)
	if a := <-answered; a.body != "5" || a.err != nil {
		t.Errorf("running request: %q, %v", a.body, a.err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
}

func TestHealth(t *testing.T) {
	var why error
	s := start(t, Config{Ready: func() error { return why }}, count)
	for _, tt := range []struct {
		path   string
		why    error
		status int
		body   string
	}{
		{"/healthz", nil, 200, "ok\n"},
		{"/readyz", nil, 200, "ok\n"},
		{"/healthz", fault.Unavailable, 200, "ok\n"},
		{"/readyz", fmt.Errorf("the disk is at its reserve: %w", fault.Unavailable), 503, "the disk is at its reserve: unavailable\n"},
	} {
		why = tt.why
		if status, _, body := get(t, s.url+tt.path); status != tt.status || body != tt.body {
			t.Errorf("%s when %v = %d %q, want %d %q", tt.path, tt.why, status, body, tt.status, tt.body)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	s := start(t, Config{MaxConns: 2}, count)
	for range 2 {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
			t.Fatalf("connection within the bound: %v", err)
		}
	}
	c, err := net.Dial("tcp", s.Addr())
	if err == nil {
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err = c.Read(make([]byte, 1))
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("connection over the bound: %v, want it closed", err)
	}
}

func TestEnterApp(t *testing.T) {
	ctx := context.WithValue(t.Context(), traceKey{}, &trace{apps: &appGate{max: 2, running: map[string]int{}}})
	one, err1 := EnterApp(ctx, "A")
	_, err2 := EnterApp(ctx, "A")
	_, err3 := EnterApp(ctx, "A")
	_, other := EnterApp(ctx, "B")
	if err1 != nil || err2 != nil || other != nil || !errors.Is(err3, fault.Busy) {
		t.Errorf("EnterApp = %v, %v, %v, of another app %v; want the third busy", err1, err2, err3, other)
	}
	one()
	one()
	if _, err := EnterApp(ctx, "A"); err != nil {
		t.Errorf("EnterApp after one left = %v", err)
	}
	if _, err := EnterApp(ctx, "A"); !errors.Is(err, fault.Busy) {
		t.Errorf("EnterApp over the bound again = %v, want %v", err, fault.Busy)
	}
	if _, err := EnterApp(t.Context(), "A"); err != nil {
		t.Errorf("EnterApp without a bound = %v", err)
	}
}

// TestP3Metrics: the metrics count, and name nobody.
func TestP3Metrics(t *testing.T) {
	router, err := NewRouter("", []Route{Public("POST", "/api/{handle}", "it is a test", count)})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{AdminListen: "127.0.0.1:0"}, router)
	for _, path := range []string{"/api/PLANTED", "/planted/path"} {
		r, _ := http.NewRequest("POST", s.url+path+"?policy=planted", strings.NewReader("12345"))
		r.Host = "planted.example"
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	r, _ := http.NewRequest("PLANTED", s.url+"/", nil)
	if res, err := http.DefaultClient.Do(r); err == nil {
		res.Body.Close()
	}
	_, _, scraped := get(t, "http://"+s.AdminAddr()+"/metrics")
	for _, want := range []string{
		`stowgate_http_requests_total{method="POST",route="/api/{handle}",status="2xx"} 1`,
		`stowgate_http_requests_total{method="POST",route="none",status="4xx"} 1`,
		`method="other"`, `stowgate_http_request_seconds_count`,
		"stowgate_http_response_body_bytes_total", "stowgate_http_requests_running 0",
	} {
		if !strings.Contains(scraped, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(strings.ToLower(scraped), "planted") {
		t.Errorf("metrics name what a client sent")
	}
	if status, _, _ := get(t, s.url+"/metrics"); status != 404 {
		t.Errorf("metrics on the main listener = %d, want 404", status)
	}
}

func TestNewFails(t *testing.T) {
	busy := start(t, Config{}, count)
	if _, err := New(Config{}); err == nil {
		t.Error("New without an address succeeds")
	}
	_, err := New(Config{Listen: busy.Addr(), TLSListen: "127.0.0.1:99999"})
	if err == nil || !strings.Contains(err.Error(), busy.Addr()) || !strings.Contains(err.Error(), "99999") {
		t.Errorf("New with two bad addresses = %v, want both named", err)
	}
}

// TestTLS: HTTP/1.1 and HTTP/2 under every name of a self-signed certificate.
func TestTLS(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	settings, err := cert.SelfSigned(dir, "stow.test", slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, Config{TLSListen: "127.0.0.1:0", TLS: settings}, count)
	pem, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "stow.test", "cdn.stow.test", "upload.stow.test"} {
		for _, http2 := range []bool{false, true} {
			transport := &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: http2,
				DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, s.TLSAddr())
				},
			}
			client := http.Client{Transport: transport}
			res, err := client.Post("https://"+host+"/", "", bytes.NewReader(make([]byte, 3<<20)))
			if err != nil {
				t.Errorf("https://%s: %v", host, err)
				continue
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if want := map[bool]int{false: 1, true: 2}[http2]; res.ProtoMajor != want || string(body) != "3145728" {
				t.Errorf("https://%s by %s: %s", host, res.Proto, body)
			}
			transport.CloseIdleConnections()
		}
	}
	if _, err := tls.Dial("tcp", s.TLSAddr(), &tls.Config{RootCAs: roots, ServerName: "evil.example"}); err == nil {
		t.Error("the certificate is good for evil.example")
	}
}

// TestRecorder: what wraps an answer keeps what the connection can do.
func TestRecorder(t *testing.T) {
	s := start(t, Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(io.ReaderFrom); !ok {
			t.Error("the ResponseWriter is no io.ReaderFrom")
		}
		if _, ok := w.(http.Flusher); !ok {
			t.Error("the ResponseWriter is no http.Flusher")
		}
		control := http.NewResponseController(w)
		if err := control.SetReadDeadline(time.Time{}); err != nil {
			t.Errorf("SetReadDeadline: %v", err)
		}
		w.Header().Set("Link", "x")
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "a")
		if err := control.Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
		io.Copy(w, strings.NewReader("bc"))
	}))
	if status, _, body := get(t, s.url); status != 200 || body != "abc" {
		t.Errorf("answer %d %q", status, body)
	}
	s.stop()
	if !strings.Contains(s.log.String(), "status=200") || !strings.Contains(s.log.String(), "out=3") {
		t.Errorf("log: %s", s.log)
	}
}

// TestC1Streams: an HTTP/2 client that does not read one answer loses it, and
// keeps the others of the connection.
func TestC1Streams(t *testing.T) {
	settings, err := cert.SelfSigned(t.TempDir(), "", slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	s := start(t, Config{TLSListen: "127.0.0.1:0", TLS: settings, Pace: conn.Pace{Rate: 1 << 20, Window: 300 * time.Millisecond}},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/idle" { // no write is waiting: nobody stalls
				io.WriteString(w, "a")
				w.(http.Flusher).Flush()
				time.Sleep(time.Second)
				io.WriteString(w, "b")
				return
			}
			_, err := w.Write(make([]byte, 64<<20)) // more than the client's window
			ended <- err
		}))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	stalled, err := client.Get("https://" + s.TLSAddr() + "/stalled")
	if err != nil {
		t.Fatal(err)
	}
	defer stalled.Body.Close()
	res, err := client.Get("https://" + s.TLSAddr() + "/idle")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); string(body) != "ab" || err != nil || res.ProtoMajor != 2 {
		t.Errorf("answer beside a stalled one: %s %q, %v", res.Proto, body, err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a write of 64 MiB that nobody reads succeeds")
		}
	case <-time.After(10 * time.Second):
		t.Error("the handler still writes to a stream that nobody reads")
	}
}
