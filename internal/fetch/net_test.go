package fetch

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
)

const public = "93.184.216.34"

// A network is all there is to reach in a test: names with the answers they
// give one after the other, and one server behind every address.
type network struct {
	t       *testing.T
	answers map[string][][]string
	serve   func(conn io.Writer, r *http.Request)
	refuse  error // what connecting fails with

	served  sync.WaitGroup
	mu      sync.Mutex
	lookups int
	dials   []netip.AddrPort
	tls     *tls.Config
}

// client returns a Client that knows only n, and that fails at once.
func (n *network) client(t *testing.T, cfg Config) *Client {
	n.t = t
	t.Cleanup(n.served.Wait)
	c := New(cfg)
	d := newDialer(n, cfg.Allow, c.connectTimeout)
	d.connect = n.connect
	c.dialer, c.transport.DialContext = d, d.dial
	c.connectTimeout = 0
	if n.tls != nil {
		c.transport.TLSClientConfig = n.tls
	}
	return c
}

func (n *network) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lookups++
	if network != "ip" {
		n.t.Errorf("lookup in network %q", network)
	}
	answers := n.answers[host]
	if len(answers) == 0 {
		return nil, errors.New("no such host")
	}
	if len(answers) > 1 {
		n.answers[host] = answers[1:]
	}
	var addrs []netip.Addr
	for _, text := range answers[0] {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs, nil
}

func (n *network) connect(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	n.dials = append(n.dials, addr)
	n.mu.Unlock()
	if n.refuse != nil {
		return nil, n.refuse
	}
	if n.serve == nil { // filtered
		<-ctx.Done()
		return nil, ctx.Err()
	}
	near, far := net.Pipe()
	if addr.Port() == 443 {
		far = tls.Server(far, n.tls)
	}
	n.served.Go(func() {
		defer far.Close()
		if r, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
			n.serve(far, r)
		}
		if secure, ok := far.(*tls.Conn); ok { // both ends may say goodbye at once
			secure.CloseWrite()
			io.Copy(io.Discard, far)
		}
	})
	return near, nil
}

// withTLS makes port 443 of every address speak for example.com.
func (n *network) withTLS(t *testing.T) *network {
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	n.tls = &tls.Config{Certificates: s.TLS.Certificates, RootCAs: roots}
	return n
}

// answer returns a server that always answers with lines and a body.
func answer(body string, lines ...string) func(io.Writer, *http.Request) {
	return func(conn io.Writer, _ *http.Request) {
		fmt.Fprintf(conn, "%s\r\n\r\n%s", strings.Join(lines, "\r\n"), body)
	}
}

const okLine = "HTTP/1.1 200 OK"

// get fetches url and reads it to its end.
func get(t *testing.T, c *Client, url string, maxSize int64) (string, error) {
	t.Helper()
	resp, err := c.Get(t.Context(), url, nil, maxSize)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return string(data), err
}

// lines decodes each line of a JSON lines file in testdata.
func lines[T any](t testing.TB, name string) (all []T) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for dec := json.NewDecoder(f); dec.More(); {
		var line T
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	if len(all) == 0 {
		t.Fatalf("no lines in %s", name)
	}
	return all
}
