package fetch

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestHTTP(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/0", http.StatusFound)
			return
		}
		n, _ := strconv.Atoi(r.URL.Path[1:])
		io.WriteString(w, strings.Repeat("x", n))
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.ParseUint(u.Port(), 10, 16)
	allow := Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}}
	own := allow
	own.OwnHosts = []string{u.Host}
	for _, tt := range []struct {
		name, path string
		config     Config
		status     int
		want       any // the kind of the error, or of what the body ends with
	}{
		{"at the limit", "/" + strconv.Itoa(maxAnswer), allow, 200, nil},
		{"one over", "/" + strconv.Itoa(maxAnswer+1), allow, 200, new(*http.MaxBytesError)},
		{"a redirect", "/away", allow, 302, nil},
		{"I1 an address that is not allowed", "/0", Config{Ports: allow.Ports}, 0, fault.Unreachable},
		{"a port that is not allowed", "/0", Config{Allow: allow.Allow}, 0, fault.Unreachable},
		{"an own host", "/0", own, 0, fault.Unreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := New(tt.config).HTTP().Get(srv.URL + tt.path)
			if err == nil {
				defer resp.Body.Close()
				if resp.StatusCode != tt.status {
					t.Errorf("status %d, want %d", resp.StatusCode, tt.status)
				}
				_, err = io.Copy(io.Discard, resp.Body)
			}
			switch want := tt.want.(type) {
			case fault.Kind:
				if !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			case nil:
				if err != nil {
					t.Error(err)
				}
			default:
				if !errors.As(err, want) {
					t.Errorf("error %v, want a %T", err, want)
				}
			}
		})
	}
}
