package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

func atPublic(serve func(io.Writer, *http.Request)) *network {
	addr := [][]string{{public}}
	return &network{
		answers: map[string][][]string{"a.example": addr, "b.example": addr, "public.example": addr, "example.com": addr},
		serve:   serve,
	}
}

func TestGet(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		lines     []string
		want      Response
	}{
		{"nothing said", "http://a.example", nil, Response{URL: "http://a.example", Size: -1}},
		{"name from URL", "http://a.example/x/%C3%A9.png?y=/z#f", []string{"Content-Type: image/png", "Content-Length: 5"},
			Response{URL: "http://a.example/x/%C3%A9.png?y=/z", Type: "image/png", Name: "\u00e9.png", Size: 5}},
		{"no last segment", "http://a.example/x/", nil, Response{URL: "http://a.example/x/", Size: -1}},
		{"name from header", "http://a.example/x", []string{`Content-Disposition: attachment; filename=a; filename*=UTF-8''%C3%A9`},
			Response{URL: "http://a.example/x", Name: "\u00e9", Size: -1}},
		{"unreadable header", "http://a.example/x", []string{`Content-Disposition: ;;`, `Content-Type: ;;`},
			Response{URL: "http://a.example/x", Name: "x", Size: -1}},
		{"type with parameters", "http://a.example/", []string{"Content-Type: Text/HTML; charset=x"},
			Response{URL: "http://a.example/", Type: "text/html", Size: -1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := atPublic(answer("hello", append([]string{okLine}, tt.lines...)...)).client(t, Config{})
			got, err := c.Get(t.Context(), tt.url, nil, 5)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Body.Close()
			if err := iotest.TestReader(got.Body, []byte("hello")); err != nil {
				t.Error(err)
			}
			got.Body = nil
			if *got != tt.want {
				t.Errorf("Get = %+v, want %+v", *got, tt.want)
			}
		})
	}
}

func TestGetReal(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"} { // I7
		t.Setenv(name, "http://127.0.0.1:1/")
	}
	var clients []string // addresses they come from
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		clients = append(clients, r.RemoteAddr)
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		fmt.Fprint(w, r.Host, " ", r.Header.Get("Accept-Encoding"), " ", r.Header.Get("X-Mine"))
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	c := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}})
	for _, path := range []string{"/", "/gzip"} { // nothing is unpacked
		resp, err := c.Get(t.Context(), s.URL+path, map[string]string{"x-mine": "y"}, 100)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := u.Host + " identity y"; err != nil || string(data) != want {
			t.Errorf("Get(%s) body = %q, %v, want %q", path, data, err, want)
		}
	}
	if clients[0] == clients[1] { // I2
		t.Error("two requests shared a connection")
	}
	if c.transport.Proxy != nil {
		t.Error("client asks for a proxy")
	}
}

func TestI3Redirects(t *testing.T) {
	type chain struct {
		Chain  []string
		Expect string
	}
	for _, tt := range lines[chain](t, "redirects.jsonl") {
		hop := 0
		n := atPublic(nil)
		n.serve = func(conn io.Writer, r *http.Request) {
			hop++
			line := okLine
			if hop < len(tt.Chain) {
				status, location, _ := strings.Cut(tt.Chain[hop], " ")
				line = fmt.Sprintf("HTTP/1.1 %s X\r\nLocation: %s", status, location)
			}
			answer("hello", line)(conn, r)
		}
		_, err := get(t, n.client(t, Config{}), tt.Chain[0], 100)
		if fault.Of(err) != fault.Unreachable {
			t.Errorf("Get along %v: error = %v, want %v", tt.Chain, err, fault.Unreachable)
		}
		want := 1
		if strings.Contains(tt.Expect, "limit") {
			want += maxRedirects
		}
		if len(n.dials) != want {
			t.Errorf("Get along %v dialled %v, want %d", tt.Chain, n.dials, want)
		}
	}
}

// redirects returns a server that redirects from each URL to the one after
// it, keeps the header of each request, and answers the last.
func redirects(seen *[]http.Header, status int, urls ...string) func(io.Writer, *http.Request) {
	return func(conn io.Writer, r *http.Request) {
		*seen = append(*seen, r.Header)
		if i := len(*seen); i < len(urls) {
			fmt.Fprintf(conn, "HTTP/1.1 %d X\r\nLocation: %s\r\n\r\n", status, urls[i])
			return
		}
		answer("hello", okLine)(conn, r)
	}
}

func TestI3Follow(t *testing.T) {
	var chain []string
	for i := range maxRedirects + 2 {
		chain = append(chain, fmt.Sprintf("http://a.example/%d", i))
	}
	const here, secure = "http://a.example/0", "https://example.com/0"
	for _, tt := range []struct {
		name   string
		status int
		urls   []string
		ok     bool
	}{
		{"one below the limit", 302, chain[:maxRedirects], true},
		{"at the limit", 302, chain[:maxRedirects+1], true},
		{"one over", 302, chain, false},
		{"301", 301, chain[:2], true},
		{"303", 303, chain[:2], true},
		{"307", 307, chain[:2], true},
		{"308", 308, chain[:2], true},
		{"300", 300, chain[:2], false},
		{"304", 304, chain[:2], false},
		{"relative", 302, []string{here, "x?y"}, true},
		{"no location", 302, []string{here, ""}, false},
		{"control character", 302, []string{here, "/\x01"}, false},
		{"user information", 302, []string{here, "http://u:p@a.example/"}, false},
		{"port", 302, []string{here, "http://a.example:8080/"}, false},
		{"up to https", 302, []string{here, secure}, true},
		{"down to http", 302, []string{secure, here}, false},
		{"https to https", 302, []string{secure, secure}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var seen []http.Header
			n := atPublic(redirects(&seen, tt.status, tt.urls...)).withTLS(t)
			_, err := get(t, n.client(t, Config{}), tt.urls[0], 5)
			if tt.ok && err != nil || !tt.ok && fault.Of(err) != fault.Unreachable {
				t.Errorf("Get along %q with %d: error = %v, want ok %v", tt.urls, tt.status, err, tt.ok)
			}
		})
	}
}

func TestI3HeaderStaysAtOrigin(t *testing.T) {
	const home = "http://a.example/"
	for _, tt := range []struct {
		name string
		urls []string
		want string // for each request, whether the header came: y or n
	}{
		{"same origin", []string{home, "/b", home + "c"}, "yyy"},
		{"other host", []string{home, "http://b.example/"}, "yn"},
		{"other port", []string{home, "http://a.example:8080/"}, "yn"},
		{"other scheme", []string{"http://example.com/", "https://example.com/"}, "yn"},
		{"there and back", []string{home, "http://b.example/", home}, "ynn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var seen []http.Header
			n := atPublic(redirects(&seen, 302, tt.urls...)).withTLS(t)
			secret := map[string]string{"authorization": "Bearer s", "Cookie": "c=s", "X-Key": "s"}
			resp, err := n.client(t, Config{Ports: []uint16{8080}}).Get(t.Context(), tt.urls[0], secret, 5)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.ReadAll(resp.Body); err != nil {
				t.Error(err)
			}
			got := ""
			for _, header := range seen {
				came := 0
				for name, value := range secret {
					if header.Get(name) == value {
						came++
					}
				}
				got += map[int]string{0: "n", len(secret): "y"}[came]
				if header.Get("Referer") != "" {
					t.Error("a Referer was sent")
				}
			}
			if got != tt.want {
				t.Errorf("header came along %q with %q, want %q", tt.urls, got, tt.want)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	for _, name := range []string{"", "a b", "a:b", "a\r\nb", "\u00e9", "Host", "host", "Content-Length", "transfer-encoding",
		"Connection", "Upgrade", "Range", "Accept-Encoding", "Proxy-Authorization"} {
		n := atPublic(answer("hello", okLine))
		_, err := n.client(t, Config{}).Get(t.Context(), "http://a.example/", map[string]string{name: "v"}, 5)
		if fault.Of(err) != fault.Invalid || len(n.dials) != 0 {
			t.Errorf("Get with header %q: error = %v after dialling %v", name, err, n.dials)
		}
	}
	for _, value := range []string{"a\r\nb: c", "a\x00", "\x7f"} {
		if _, err := fieldsOf(map[string]string{"X": value}); fault.Of(err) != fault.Invalid {
			t.Errorf("header with value %q: error = %v", value, err)
		}
	}
}

func TestI6SameAnswer(t *testing.T) {
	refused := atPublic(nil)
	refused.refuse = errors.New("connection refused")
	for _, tt := range []struct {
		name string
		net  *network
		url  string
	}{
		{"closed", refused, "http://a.example/"},
		{"filtered", atPublic(nil), "http://a.example/"},
		{"forbidden address", atPublic(nil), "http://10.0.0.1/"},
		{"forbidden answer", &network{answers: map[string][][]string{"in.example": {{"10.0.0.1"}}}}, "http://in.example/"},
		{"no such host", atPublic(nil), "http://nowhere.example/"},
		{"forbidden scheme", atPublic(nil), "file:///etc/passwd"},
		{"forbidden port", atPublic(nil), "http://a.example:22/"},
		{"malformed", atPublic(nil), "http://[/"},
		{"refused status", atPublic(answer("", "HTTP/1.1 403 Forbidden")), "http://a.example/"},
		{"redirect inside", atPublic(answer("", "HTTP/1.1 302 Found", "Location: http://127.0.0.1/")), "http://a.example/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := tt.net.client(t, Config{})
				c.connectTimeout = 5 * time.Second
				for _, call := range []func() error{
					func() error { _, err := c.Get(t.Context(), tt.url, nil, 5); return err },
					func() error {
						status, _, err := c.Post(t.Context(), tt.url, nil, nil)
						if status != 0 { // a webhook learns the status of its own receiver
							time.Sleep(c.connectTimeout)
							return fault.Unreachable
						}
						return err
					},
				} {
					start := time.Now()
					if err := call(); fault.Of(err) != fault.Unreachable {
						t.Errorf("error = %v, want %v", err, fault.Unreachable)
					}
					if took := time.Since(start); took != 5*time.Second {
						t.Errorf("took %v, want 5 s", took)
					}
				}
			})
		})
	}
}

// The time that says nothing is that of the last request.
func TestI6RedirectTime(t *testing.T) {
	for _, location := range []string{"http://b.example/", "http://10.0.0.1/", "http://nowhere.example/", "gopher://x/"} {
		synctest.Test(t, func(t *testing.T) {
			n := atPublic(func(conn io.Writer, r *http.Request) {
				if r.Host == "a.example" {
					time.Sleep(3 * time.Second)
					answer("", "HTTP/1.1 302 Found", "Location: "+location)(conn, r)
				}
			})
			c := n.client(t, Config{})
			c.connectTimeout = 5 * time.Second
			start := time.Now()
			if _, err := get(t, c, "http://a.example/", 5); fault.Of(err) != fault.Unreachable || time.Since(start) != 8*time.Second {
				t.Errorf("Get with a redirect to %s: error = %v after %v, want 8 s", location, err, time.Since(start))
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	for _, tt := range []struct {
		name, url string
		net       *network
	}{
		{"while connecting", "http://a.example/", atPublic(nil)},
		{"while reading", "http://a.example/", atPublic(drip(time.Second, 100))},
		{"while a failure is held back", "http://10.0.0.1/", atPublic(nil)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
				defer cancel()
				c := tt.net.client(t, Config{})
				c.connectTimeout = 5 * time.Second
				start := time.Now()
				resp, err := c.Get(ctx, tt.url, nil, 100)
				if err == nil {
					defer resp.Body.Close()
					_, err = io.ReadAll(resp.Body)
				}
				if fault.Of(err) != fault.Canceled || time.Since(start) != 2500*time.Millisecond {
					t.Errorf("Get error = %v after %v, want %v", err, time.Since(start), fault.Canceled)
				}
				time.Sleep(c.connectTimeout) // the transport lets a dial outlive its request
			})
		})
	}
}

func TestPost(t *testing.T) {
	for _, tt := range []struct {
		line   string
		status int
		begin  string
	}{
		{"HTTP/1.1 200 OK", 200, ""},
		{"HTTP/1.1 500 X", 500, strings.Repeat("x", 1024)},
		{"HTTP/1.1 302 X\r\nLocation: http://b.example/", 302, strings.Repeat("x", 1024)}, // N1: not followed
	} {
		var got, body string
		n := atPublic(func(conn io.Writer, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			got, body = r.Method+" "+r.Header.Get("X-Sign"), fmt.Sprint(string(data), " ", err)
			answer(strings.Repeat("x", 100<<10), tt.line)(conn, r)
		})
		status, begin, err := n.client(t, Config{}).Post(t.Context(), "http://a.example/", map[string]string{"X-Sign": "s"}, []byte("{}"))
		if err != nil || status != tt.status || len(n.dials) != 1 {
			t.Errorf("Post = %d, %v after dialling %v, want %d", status, err, n.dials, tt.status)
		}
		if string(begin) != tt.begin {
			t.Errorf("Post with status %d returned %d bytes of the body, want %d", status, len(begin), len(tt.begin))
		}
		if got != "POST s" || body != "{} <nil>" {
			t.Errorf("Post sent %q with body %q", got, body)
		}
	}
	if _, _, err := New(Config{}).Post(t.Context(), "http://a.example/", map[string]string{"Host": "x"}, nil); fault.Of(err) != fault.Invalid {
		t.Errorf("Post with header Host: error = %v, want %v", err, fault.Invalid)
	}
}

// N4: an answer that does not end is cut off, and its status counts.
func TestN4PostDrips(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := atPublic(func(conn io.Writer, r *http.Request) {
			io.WriteString(conn, "HTTP/1.1 500 X\r\n\r\n")
			for range 1000 {
				time.Sleep(time.Second)
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		})
		start := time.Now()
		status, begin, err := n.client(t, Config{Timeout: 30 * time.Second}).Post(t.Context(), "http://a.example/", nil, nil)
		if took := time.Since(start); status != 500 || err != nil || took != 30*time.Second || len(begin) < 20 || len(begin) > 30 {
			t.Errorf("Post = %d with %d bytes, %v, after %v", status, len(begin), err, took)
		}
	})
}

func TestCertificate(t *testing.T) {
	n := atPublic(answer("hello", okLine)).withTLS(t)
	if got, err := get(t, n.client(t, Config{}), "https://example.com/", 5); got != "hello" {
		t.Errorf("Get over TLS = %q, %v", got, err)
	}
	if _, err := get(t, n.client(t, Config{}), "https://a.example/", 5); fault.Of(err) != fault.Unreachable {
		t.Errorf("Get with another host's certificate: error = %v", err)
	}
	n.tls = &tls.Config{Certificates: n.tls.Certificates}
	if _, err := get(t, n.client(t, Config{}), "https://example.com/", 5); fault.Of(err) != fault.Unreachable {
		t.Errorf("Get with an unknown certificate: error = %v", err)
	}
}
