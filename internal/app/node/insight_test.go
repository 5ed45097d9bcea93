package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/catalog/figures"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/server/redact"
	"github.com/stowgate/stowgate/sign"
)

// serve runs a node that keeps its bytes in memory until end is called, and
// returns it with what it logs.
func serve(t *testing.T, data string) (n *Node, log *strings.Builder, end func()) {
	t.Helper()
	return serveWith(t, Settings{
		Places: place.Places{Data: data, Database: filepath.Join(data, "catalog.db")},
		Server: server.Config{Listen: "127.0.0.1:0"}, SweepInterval: time.Hour, Images: Images{Off: true},
	})
}

// serveWith runs a node with settings, as serve does.
func serveWith(t *testing.T, set Settings) (n *Node, log *strings.Builder, end func()) {
	t.Helper()
	log = new(strings.Builder)
	n, err := Open(t.Context(), set, time.Now, slog.New(redact.Handler(slog.NewTextHandler(log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := n.Serve(ctx); err != nil {
			t.Error(err)
		}
	})
	return n, log, sync.OnceFunc(func() {
		stop()
		running.Wait()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestB19Insight sends requests through a whole node, and holds what is counted
// of them after it has ended, and what is told of those that it refused: why,
// and no secret.
func TestB19Insight(t *testing.T) {
	const unused, used = "UNUSEDSECRETUNUSEDSECRET", "USEDSECRETUSEDSECRETUSED"
	data := t.TempDir()
	n, log, end := serve(t, data)
	defer end()
	places := place.Places{Data: data, Database: filepath.Join(data, "catalog.db")}
	records, _, err := places.OpenCatalog(t.Context(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	began := time.Now()
	err = records.CreateApp(t.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "AKEY", Name: "app", Security: true,
		Secrets: []policy.Secret{{Key: unused, Created: began}, {Key: used, Created: began}}})
	if err != nil {
		t.Fatal(err)
	}
	signed := func(expires time.Time) (query string) {
		s, err := sign.Policy{Expires: expires, Call: sign.Calls()}.Sign(used)
		if err != nil {
			t.Fatal(err)
		}
		return "policy=" + s.Policy + "&signature=" + s.Signature
	}
	view := func(app string) insight.View {
		v, err := n.insight.View(account.CommandLine(), app)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	live, err := view("AKEY").Subscribe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := n.LocalURLs()
	ask := func(method, path, body string, want int) (answer []byte) {
		t.Helper()
		r, _ := http.NewRequest(method, plain+path, strings.NewReader(body))
		r.Header.Set("User-Agent", "agent?signature=PLANTEDAGENT")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err = io.ReadAll(res.Body)
		if res.StatusCode != want || err != nil {
			t.Errorf("%s %s = %d %s, %v; want %d", method, path, res.StatusCode, answer, err, want)
		}
		return answer
	}
	valid, expired := signed(began.Add(time.Hour)), signed(began.Add(-time.Hour))
	var stored struct{ Handle string }
	json.Unmarshal(ask("POST", "/api/store/S3?key=AKEY&"+valid, "hello, world", 200), &stored)
	out := len(ask("GET", "/"+stored.Handle+"?"+valid, "", 200))
	ask("GET", "/"+stored.Handle, "", 403)
	ask("GET", "/security="+strings.NewReplacer("policy=", "policy:", "&signature=", ",signature:").Replace(expired)+"/"+stored.Handle, "", 403)
	ask("POST", "/api/store/S3?key=AKEY&policy=PLANTEDPOLICY&signature=PLANTEDSIGNATURE", "never kept", 403)
	ask("POST", "/api/store/S3?key=NOKEY&policy=PLANTEDPOLICY", "", 403)
	ask("GET", "/nohandlenohandlenoha", "", 404)
	ask("GET", "/healthz", "", 200)

	for _, want := range []string{"no credentials", "policy expired", "bad signature"} {
		select {
		case r := <-live:
			if r.Reason != want || r.Detail == "" || r.Client != "127.0.0.0/24" || r.Request == "" || want != "bad signature" && r.Asset != stored.Handle {
				t.Errorf("heard of %+v, want %s", r, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing was heard of %s", want)
		}
	}
	told, _ := json.Marshal([][]insight.Refusal{view("AKEY").Refusals(1000), view(insight.Unknown).Refusals(1000)})
	if n := strings.Count(string(told), `"reason"`); n != 4 {
		t.Errorf("%d refusals are told, want 4: %s", n, told)
	}
	end()
	for _, text := range []string{string(told), log.String()} {
		for _, secret := range []string{used, unused, "PLANTED", expired[7:40], expired[len(expired)-64:], valid[len(valid)-64:]} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is told: %s", secret, text)
			}
		}
	}

	// All of it is on record once the node has ended.
	kept := insight.New(figures.New(records.Book()), insight.Config{})
	for app, want := range map[string]string{
		"AKEY": fmt.Sprintf(`{"allowed":{"read":1,"upload":1},"refused":{"read":2,"upload":1},"failed":null,`+
			`"reasons":{"bad signature":1,"no credentials":1,"policy expired":1},"failures":null,"in":%d,"made":0,"kept":0,"render":0}`, len("hello, world")),
		insight.Unknown: `{"allowed":null,"refused":{"upload":1},"failed":{"read":1},"reasons":{"denied":1},"failures":{"not found":1},"in":0,"made":0,"kept":0,"render":0}`,
	} {
		v, err := kept.View(account.CommandLine(), app)
		if err != nil {
			t.Fatal(err)
		}
		sums, err := v.Totals(t.Context(), began, time.Now().Add(time.Second))
		if err != nil || app == "AKEY" && sums.Out <= int64(out) {
			t.Errorf("%v, %d bytes out, of which the file has %d", err, sums.Out, out)
		}
		got, _ := json.Marshal(sums)
		if got := strings.Replace(string(got), fmt.Sprintf(`"out":%d,`, sums.Out), "", 1); got != want {
			t.Errorf("counted for %q\n%s, want\n%s", app, got, want)
		}
		uses, err := v.SecretUses(t.Context())
		at := uses[policy.Secret{Key: used}.Fingerprint()]
		if app == "AKEY" && (err != nil || len(uses) != 1 || at.Before(began.Truncate(time.Minute)) || at.After(time.Now())) {
			t.Errorf("uses of secrets %v, %v", uses, err)
		}
	}
}
