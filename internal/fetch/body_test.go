package fetch

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestI5Size(t *testing.T) {
	const five = "Content-Length: 5"
	chunked := []string{okLine, "Transfer-Encoding: chunked"}
	for _, tt := range []struct {
		name    string
		max     int64
		body    string
		lines   []string
		want    error
		atStart bool // Get itself fails
	}{
		{"one below the limit", 6, "hello", []string{okLine, five}, nil, false},
		{"at the limit", 5, "hello", []string{okLine, five}, nil, false},
		{"no limit", math.MaxInt64, "hello", []string{okLine, five}, nil, false},
		{"one over", 4, "hello", []string{okLine, five}, fault.TooLarge, true},
		{"nothing allowed, nothing there", 0, "", []string{okLine, "Content-Length: 0"}, nil, false},
		{"unannounced, at the limit", 5, "hello", []string{okLine}, nil, false},
		{"unannounced, one over", 4, "hello", []string{okLine}, fault.TooLarge, false},
		{"chunked", 5, "5\r\nhello\r\n0\r\n\r\n", chunked, nil, false},
		{"chunked, one over", 4, "5\r\nhello\r\n0\r\n\r\n", chunked, fault.TooLarge, false},
		{"chunked, cut", 5, "5\r\nhello\r\n", chunked, fault.Unreachable, false},
		{"chunked, malformed", 5, "z\r\nhello\r\n", chunked, fault.Unreachable, false},
		{"shorter than announced", 9, "hell", []string{okLine, five}, fault.Unreachable, false},
		{"longer than announced", 9, "hello!", []string{okLine, five}, nil, false},
		{"two lengths", 9, "hello", []string{okLine, five, "Content-Length: 4"}, fault.Unreachable, true},
		{"negative length", 9, "hello", []string{okLine, "Content-Length: -1"}, fault.Unreachable, true},
		{"not HTTP", 9, "hello", []string{"220 mail.example ESMTP"}, fault.Unreachable, true},
		{"no content", 9, "", []string{"HTTP/1.1 204 No Content"}, fault.Unreachable, true},
		{"part", 9, "hello", []string{"HTTP/1.1 206 Partial Content", five}, fault.Unreachable, true},
		{"not found", 9, "hello", []string{"HTTP/1.1 404 Not Found", five}, fault.Unreachable, true},
		{"switched protocols", 9, "", []string{"HTTP/1.1 101 X", "Connection: upgrade", "Upgrade: x"}, fault.Unreachable, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := atPublic(answer(tt.body, tt.lines...)).client(t, Config{})
			resp, err := c.Get(t.Context(), "http://a.example/", nil, tt.max)
			if (err != nil) != tt.atStart {
				t.Errorf("Get error = %v", err)
			}
			var data []byte
			if err == nil {
				defer resp.Body.Close()
				data, err = io.ReadAll(resp.Body)
			}
			if !errors.Is(err, tt.want) || tt.want != nil && fault.Of(err) != tt.want {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
			if int64(len(data)) > tt.max {
				t.Errorf("body of %d bytes, at most %d are allowed", len(data), tt.max)
			}
			if err != nil && resp != nil {
				if _, again := resp.Body.Read(make([]byte, 1)); again == nil || again == io.EOF {
					t.Errorf("read after an error = %v", again)
				}
			}
		})
	}
}

func TestI5EndlessBody(t *testing.T) {
	c := atPublic(func(conn io.Writer, _ *http.Request) {
		fmt.Fprintf(conn, "%s\r\n\r\n", okLine)
		for {
			if _, err := conn.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}).client(t, Config{})
	data, err := get(t, c, "http://a.example/", 1<<20)
	if fault.Of(err) != fault.TooLarge || len(data) != 1<<20 {
		t.Errorf("Get = %d bytes, %v, want %d, %v", len(data), err, 1<<20, fault.TooLarge)
	}
}

func TestI5HeaderSize(t *testing.T) {
	for _, tt := range []struct {
		size int
		ok   bool
	}{{maxHeader - 1, true}, {maxHeader, true}, {maxHeader + 1, false}} {
		fixed := len(okLine + "\r\nX: \r\nContent-Length: 0\r\n\r\n")
		c := atPublic(answer("", okLine, "X: "+strings.Repeat("x", tt.size-fixed), "Content-Length: 0")).client(t, Config{})
		if _, err := get(t, c, "http://a.example/", 0); (err == nil) != tt.ok {
			t.Errorf("Get with a header of %d bytes: error = %v, want ok %v", tt.size, err, tt.ok)
		}
	}
}

// drip returns a server that sends a header, and then a byte at each interval.
func drip(interval time.Duration, bytes int) func(io.Writer, *http.Request) {
	return func(conn io.Writer, _ *http.Request) {
		fmt.Fprintf(conn, "%s\r\n\r\n", okLine)
		for range bytes {
			time.Sleep(interval)
			if _, err := conn.Write([]byte("x")); err != nil {
				return
			}
		}
	}
}

func TestI5Time(t *testing.T) {
	const quick, slow = time.Second / 1030, time.Second / 1000 // around 1 KiB/s
	for _, tt := range []struct {
		name  string
		serve func(io.Writer, *http.Request)
		cfg   Config
		ok    bool
		took  time.Duration
	}{
		{"no header", func(conn io.Writer, _ *http.Request) { time.Sleep(2 * time.Minute) }, Config{}, false, time.Minute},
		{"endless header", func(conn io.Writer, _ *http.Request) {
			io.WriteString(conn, okLine)
			for range 120 {
				time.Sleep(time.Second)
				io.WriteString(conn, "\r\nX: y")
			}
		}, Config{}, false, time.Minute},
		{"header just in time", func(conn io.Writer, r *http.Request) {
			time.Sleep(time.Minute - 1)
			answer("", okLine)(conn, r)
		}, Config{}, true, time.Minute - 1},
		{"no body", drip(time.Hour, 1), Config{}, false, 30 * time.Second},
		{"body just fast enough", drip(quick, 100<<10), Config{}, true, quick * 100 << 10},
		{"body just too slow", drip(slow, 100<<10), Config{}, false, 30 * time.Second},
		{"total time", drip(quick, 100<<10), Config{MaxTime: 45 * time.Second}, false, 45 * time.Second},
		{"long pause after a good start", func(conn io.Writer, r *http.Request) {
			answer(strings.Repeat("x", 30<<10), okLine)(conn, r)
			time.Sleep(time.Minute)
		}, Config{}, false, 30 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := get(t, atPublic(tt.serve).client(t, tt.cfg), "http://a.example/", 1<<20)
				if (err == nil) != tt.ok || err != nil && fault.Of(err) != fault.Unreachable {
					t.Errorf("Get error = %v, want ok %v", err, tt.ok)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("Get took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// A caller that takes its time is not the server's fault.
func TestI5SlowCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chunk := make([]byte, 16<<10)
		c := atPublic(answer(strings.Repeat("x", 8*len(chunk)), okLine)).client(t, Config{})
		resp, err := c.Get(t.Context(), "http://a.example/", nil, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for range 4 {
			time.Sleep(14 * time.Minute)
			if _, err := io.ReadFull(resp.Body, chunk); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(4 * time.Minute) // which makes an hour
		if _, err := resp.Body.Read(chunk); fault.Of(err) != fault.Unreachable {
			t.Errorf("read after the total time: error = %v, want %v", err, fault.Unreachable)
		}
	})
}
