package node

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
)

// Names are those that there are, and their addresses.
type names map[string]string

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if address, ok := n[host]; ok {
		return []netip.Addr{netip.MustParseAddr(address)}, nil
	}
	return nil, errors.New("no such host")
}

// TestI1Proxy has a whole node fetch from another server for Uploadcare's proxy:
// files of listed hosts, once, and nothing that is private or elsewhere.
func TestI1Proxy(t *testing.T) {
	var asked atomic.Int32
	outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.URL.Path {
		case "/a.txt":
			io.WriteString(w, "from outside "+r.URL.RawQuery)
		case "/turned":
			http.Redirect(w, r, "/a.txt?x=1", http.StatusFound)
		case "/moved":
			http.Redirect(w, r, "http://"+strings.Replace(r.Host, "images.test", "evil.test", 1)+"/a.txt", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	defer outside.Close()
	at := netip.MustParseAddrPort(outside.Listener.Addr().String())
	for domain, zone := range map[string]string{"": "localhost", "files.test": "ucarecdn.files.test"} {
		t.Run(zone, func(t *testing.T) {
			data := t.TempDir()
			n, _, end := serveWith(t, Settings{
				Places: place.Places{Data: data, Database: filepath.Join(data, "catalog.db")}, Domain: domain,
				Server: server.Config{Listen: "127.0.0.1:0"}, SweepInterval: time.Hour, Images: Images{Off: true},
				Fetch: fetch.Config{
					Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: []uint16{at.Port()}, ConnectTimeout: time.Second / 2,
					Resolver: names{"images.test": "127.0.0.1", "evil.test": "127.0.0.1", "private.images.test": "127.0.0.2"},
				},
			})
			defer end()
			for key, sources := range map[string][]string{"AListsz": {"images.test", "*.images.test", "*." + zone}, "ANonez": nil} {
				if err := n.removing.CreateApp(t.Context(), operator, policy.App{Key: key, Options: policy.Options{Sources: sources}}); err != nil {
					t.Fatal(err)
				}
			}
			port := outside.URL[strings.LastIndexByte(outside.URL, ':'):]
			plain, _ := n.LocalURLs()
			for _, tt := range []struct {
				host, path string
				status     int
				want       string
				asked      int32
			}{
				{"ANonez.", "http://images.test" + port + "/a.txt", 400, "Domain is not allowed", 0},
				{"", "http://images.test" + port + "/a.txt", 400, "Domain is not allowed", 0},
				{"alistsz.", "http://evil.test" + port + "/a.txt", 400, "Domain is not allowed", 0},
				{"alistsz.", "http://127.0.0.1" + port + "/a.txt", 400, "Domain is not allowed", 0},
				{"alistsz.", "http://private.images.test" + port + "/a.txt", 400, "The file could not be fetched.", 0},
				{"alistsz.", "http://alistsz." + zone + "/http://images.test" + port + "/a.txt", 400, "Domain is not allowed", 0},
				{"alistsz.", "http://images.test" + port + "/nothing", 404, "File not found", 1},
				{"alistsz.", "http://images.test" + port + "/moved", 400, "Domain is not allowed", 2},
				{"alistsz.", "http://images.test" + port + "/a.txt?w=1", 200, "from outside w=1", 1},
				{"AListsz.", "http:/images.test" + port + "/a.txt?w=1", 200, "from outside w=1", 0},
				{"alistsz.", "-/inline/no/http://images.test" + port + "/a.txt?w=1", 200, "from outside w=1", 0},
				{"alistsz.", "http://images.test" + port + "/a.txt?w=2", 200, "from outside w=2", 1},
				{"alistsz.", "http://images.test" + port + "/turned", 200, "from outside x=1", 2},
			} {
				before := asked.Load()
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, plain+"/"+tt.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Host = tt.host + zone
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if n := asked.Load() - before; err != nil || res.StatusCode != tt.status || !strings.Contains(string(body), tt.want) || n != tt.asked {
					t.Errorf("GET %s of %s = %d, %s, %v, after %d requests; want %d, %s, after %d", tt.path, r.Host, res.StatusCode, body, err, n, tt.status, tt.want, tt.asked)
				}
			}
			if files, _, err := n.removing.Usage(t.Context(), "AListsz"); files != 3 || err != nil {
				t.Errorf("the app has %d files, %v, want those of three addresses", files, err)
			}
		})
	}
}
