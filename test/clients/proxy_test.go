package clients_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A proxy stands between a client and the server. It notes every request, and
// can break one.
type proxy struct {
	URL string

	mu      sync.Mutex
	target  *url.URL
	seen    []string // "PUT /path" of each request but pre-flights
	meddler func(w http.ResponseWriter, r *http.Request) bool
}

// newProxy listens; it forwards once its target is set.
func newProxy(t *testing.T) *proxy {
	t.Helper()
	p := new(proxy)
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.URL = s.URL
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	target, meddle := p.target, p.meddler
	if r.Method != http.MethodOptions {
		p.seen = append(p.seen, r.Method+" "+r.URL.Path)
	}
	p.mu.Unlock()
	if meddle != nil && meddle(w, r) {
		return
	}
	forward := httputil.ReverseProxy{Rewrite: func(pr *httputil.ProxyRequest) {
		pr.SetURL(target)
		pr.Out.Host = pr.In.Host
	}}
	forward.ServeHTTP(w, r)
}

// meddle has f look at every request from now on. f returns true for one that
// it has answered, or broken, itself.
func (p *proxy) meddle(t *testing.T, f func(w http.ResponseWriter, r *http.Request) bool) {
	set := func(f func(http.ResponseWriter, *http.Request) bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.meddler = f
	}
	set(f)
	t.Cleanup(func() { set(nil) })
}

// count returns how many requests with the method and a path that contains
// part came since the last call of reset.
func (p *proxy) count(method, part string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, s := range p.seen {
		if m, path, _ := strings.Cut(s, " "); m == method && strings.Contains(path, part) {
			n++
		}
	}
	return n
}

func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = nil
}

// breakOnce returns a meddler that breaks the n-th PUT: with status, or by
// cutting the connection in the middle of the body if status is 0. A cut one
// is cut again when it is repeated: Chromium repeats it once without a word to
// the page.
func breakOnce(n, status int) func(http.ResponseWriter, *http.Request) bool {
	var mu sync.Mutex
	var path string
	cuts := 0
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPut {
			return false
		}
		mu.Lock()
		n--
		if n == 0 {
			path = r.URL.Path
		}
		cut := r.URL.Path == path && status == 0 && cuts < 2
		if cut {
			cuts++
		}
		hit := cut || n == 0
		mu.Unlock()
		if cut {
			r.Body.Read(make([]byte, 1024))
			panic(http.ErrAbortHandler)
		}
		if hit {
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.WriteHeader(status)
		}
		return hit
	}
}
