package durability_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A slowSource is a server outside, whose files take their time.
type slowSource struct{ *httptest.Server }

func newSlowSource(t *testing.T) slowSource {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10240")
		for range 10 {
			w.Write([]byte(strings.Repeat("x", 1024)))
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}))
	t.Cleanup(s.Close)
	return slowSource{s}
}

func (s slowSource) port() string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return port
}

// TestKillImports: of what was promised to be brought in from a URL, nothing is
// lost and nothing comes twice, however often the server is killed meanwhile.
func TestKillImports(t *testing.T) {
	source := newSlowSource(t)
	n := newNode(t, filepath.Join(fastFolder(t), "data"), reach(source.port())...)
	out, code := n.run("app", "create", "imports", "--security", "off", "--json")
	var app struct {
		Key string `json:"api_key"`
	}
	if err := json.Unmarshal(out, &app); code != 0 || err != nil {
		t.Fatalf("app create: exit status %d, %v: %s", code, err, out)
	}
	ask := func(path string, query url.Values) (got struct{ Token, Status, UUID string }, err error) {
		res, err := http.Get(n.base + path + "?" + query.Encode())
		if err != nil {
			return got, err
		}
		defer res.Body.Close()
		return got, json.NewDecoder(res.Body).Decode(&got)
	}
	chance := random(t.Name())
	var tokens []string
	for range rounds(5, 100) {
		n.start()
		for range 4 {
			got, err := ask("/from_url/", url.Values{"pub_key": {app.Key}, "source_url": {source.URL + "/file.bin"}})
			if err != nil || got.Token == "" {
				t.Fatalf("from_url: %+v, %v", got, err)
			}
			tokens = append(tokens, got.Token)
		}
		time.Sleep(time.Duration(chance.IntN(400)) * time.Millisecond)
		n.kill()
	}
	n.start()
	names := map[string]bool{}
	for _, token := range tokens {
		wait(t, "import "+token, func() bool {
			got, err := ask("/from_url/status/", url.Values{"token": {token}})
			if err != nil || got.Status == "error" || got.Status == "unknown" {
				t.Fatalf("status: %+v, %v", got, err)
			}
			names[got.UUID] = true
			return got.Status == "success"
		})
	}
	delete(names, "") // of those that were not done when they were asked for
	n.kill()
	if r := n.check("--repair"); r.Assets != len(tokens) || len(names) != len(tokens) || len(r.Damaged)+len(r.Missing) > 0 {
		t.Errorf("%d imports made %d files with %d names, %d damaged and %d without bytes", len(tokens), r.Assets, len(names), len(r.Damaged), len(r.Missing))
	}
}
