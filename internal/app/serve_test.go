package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/app/node"
)

// run runs a command line, and returns what it prints and its exit status.
func run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Run(t.Context(), args, &out, &errs)
	return out.String(), errs.String(), status
}

// TestBadSettings: everything that is wrong is told at once, with what would be
// right, and nothing is begun.
func TestBadSettings(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "settings.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		want []string
	}{
		{"all flags", []string{
			"--listen=x", "--tls-listen=y", "--admin-listen=1.2.3.4", "--public-url=ftp://x", "--domain=a b", "--trusted-proxy=10.0.0.0/99",
			"--max-connections=-1", "--max-connections-per-client=many", "--max-requests-per-app=x", "--header-size=0", "--header-time=0s",
			"--min-rate=fast", "--stall-time=-3s", "--max-put=5 elephants", "--max-size=1.5B", "--upload-idle=x", "--upload-time=x", "--reserve=x",
			"--fetch-allow=localhost", "--fetch-port=0", "--sweep-interval=0", "--scrub-interval=never", "--scrub-rate=0", "--log-format=xml", "--log-level=loud",
			"--database=postgres://x", "--storage=s3://bucket", "--tls-cert=c",
			"--storage-named=/mnt", "--storage-named=Big=/mnt", "--storage-named=default=/mnt", "--storage-named=a=s3://b", "--storage-named=a=",
			"--storage-named=b=/b,b=file:/c",
		}, nil, []string{
			`--storage-named="/mnt": is not NAME=FOLDER`, `--storage-named="Big=/mnt": has no name before the =: a name has 1 to 32 small letters`,
			`--storage-named="default=/mnt": has no name before the =: default is what`, `--storage-named="a=s3://b": is no NAME=FOLDER or NAME=file:FOLDER; S3`,
			`--storage-named="a=": is no NAME=FOLDER`, `--storage-named says twice where the storage b is`,
			`--listen="x": is no address`, `--tls-listen="y": is no address`, `--admin-listen="1.2.3.4": is no address`, `--public-url="ftp://x": is no URL`,
			`--domain="a b": is no host name`, `--trusted-proxy="10.0.0.0/99": is no address or network`, `--max-connections="-1": is no number`,
			`--max-connections-per-client="many": is no number`, `--max-requests-per-app="x"`, `--header-size="0": must be more than 0`,
			`--header-time="0s": must be more than 0`, `--min-rate="fast": is no size`, `--stall-time="-3s": is no time span`, `--max-put="5 elephants"`,
			`--max-size="1.5B"`, `--upload-idle="x"`, `--upload-time="x"`, `--reserve="x"`, `--fetch-allow="localhost"`, `--fetch-port="0"`,
			`--sweep-interval="0": must be more than 0`, `--scrub-interval="never": is no time span`, `--scrub-rate="0": must be more than 0`,
			`--log-format="xml": is none of auto, text, json`, `--log-level="loud"`,
			`--database="postgres://x": is not sqlite:PATH; PostgreSQL is planned`, `--storage="s3://bucket": is no folder, file:FOLDER or mem:; S3`,
			`--tls-cert and --tls-key belong together`,
		}},
		{"variables", nil, map[string]string{"STOWGATE_LISTEN": "x", "STOWGATE_MAX_PUT": "y"}, []string{`--listen="x"`, `--max-put="y"`}},
		{"file", []string{"--config", file("listen: x\nmax-put: [1, 2]\nnonsense: 1\nconfig: x\ntls-cert: {a: 1}\n")}, nil,
			[]string{`there is no setting "nonsense"`, `there is no setting "config"`, "tls-cert must be a text"}},
		{"values in a file", []string{"--config=" + file("listen: x\ntrusted-proxy: [10.0.0.0/8, y]\n")}, nil, []string{`--listen="x"`, `--trusted-proxy="y"`}},
		{"storages in a file", []string{"--config=" + file("storage-named: [a=/a, b]\n")}, nil, []string{`--storage-named="b": is not`}},
		{"storages in a variable", []string{"--storage=mem:"}, map[string]string{"STOWGATE_STORAGE_NAMED": "a=/a,b"},
			[]string{`--storage-named="b": is not`, "--storage=mem: keeps everything in memory: leave out --storage-named"}},
		{"broken file", []string{"--config=" + file("{")}, nil, []string{"is neither YAML nor JSON"}},
		{"no file", []string{"--config=/no/such/file"}, nil, []string{"no such file"}},
		{"nothing to listen on", []string{"--listen=off"}, nil, []string{"set --listen or --tls-listen"}},
		{"certificate without listener", []string{"--tls-self-signed"}, nil, []string{"add --tls-listen"}},
		{"listener without certificate", []string{"--tls-listen=:0"}, nil, []string{"needs --tls-cert and --tls-key, or --tls-self-signed"}},
		{"two certificates", []string{"--tls-listen=:0", "--tls-self-signed", "--tls-cert=a", "--tls-key=b"}, nil, []string{"choose"}},
		{"empty data", []string{"--data="}, nil, []string{"--data is empty"}},
		{"unknown flag", []string{"--fly"}, nil, []string{"unknown flag --fly", "see stowgate serve --help"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			_, stderr, status := run(t, append([]string{"serve", "--data", data}, tt.args...)...)
			if status != exitUsage {
				t.Errorf("exit status %d, want %d", status, exitUsage)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("standard error lacks %q:\n%s", want, stderr)
				}
			}
			if got := strings.Count(stderr, "\n"); len(tt.want) > 3 && got != len(tt.want) {
				t.Errorf("%d lines, want %d:\n%s", got, len(tt.want), stderr)
			}
			if _, err := os.Stat(data); err == nil {
				t.Error("the data folder was made")
			}
		})
	}
}

// TestSources: a flag comes before a variable, that before the file, that before
// the default.
func TestSources(t *testing.T) {
	name := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(name, []byte(`{"data": "file", "database": "sqlite:file", "storage": "file", "max-put": 10000}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STOWGATE_CONFIG", name)
	t.Setenv("STOWGATE_DATABASE", "sqlite:variable")
	t.Setenv("STOWGATE_DATA", "variable")
	s := &session{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard, cli: new(commands), now: time.Now}
	if _, err := s.parse([]string{"serve", "--data", "flag"}); err != nil {
		t.Fatal(err)
	}
	set, err := s.cli.Serve.settings(s)
	if err != nil {
		t.Fatal(err)
	}
	if set.Data != "flag" || set.Database != "variable" || set.Blobs != "file" || set.Upload.MaxPut != 10000 || set.Server.Listen != "127.0.0.1:8080" {
		t.Errorf("settings = %+v", set)
	}
}

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

// serving runs stowgate serve until the test ends, and returns where it is and
// what it logs. Its data folder is dir.
func serving(t *testing.T, dir string, args ...string) (url, tls string, log *lockedBuffer) {
	t.Helper()
	log = new(lockedBuffer)
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		status := Run(ctx, append([]string{"serve", "--json", "--data", dir, "--listen", "127.0.0.1:0"}, args...), in, log)
		in.CloseWithError(fmt.Errorf("serve ended with %d", status))
		ended <- status
	}()
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != exitDone {
			t.Errorf("serve ended with %d: %s", status, log)
		}
	})
	var ready struct{ Ready, TLS string }
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatalf("ready line: %v\n%s", err, log)
	}
	return ready.Ready, ready.TLS, log
}

// do sends a request and returns the answer, whole.
func do(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(answer)
}

// app makes an app and returns its key.
func app(t *testing.T, dir, security string) (key string) {
	t.Helper()
	out, stderr, status := run(t, "app", "create", "test", "--security", security, "--json", "--data", dir)
	var a struct {
		Key string `json:"api_key"`
	}
	if err := json.Unmarshal([]byte(out), &a); err != nil || status != exitDone {
		t.Fatalf("app create: %d, %v, %s%s", status, err, out, stderr)
	}
	return a.Key
}

// TestImageTime holds that what cannot be done in the time that an image has
// is refused before it is begun.
func TestImageTime(t *testing.T) {
	for text, want := range map[string]float64{"10s": 10, "1500ms": 1.5, "2m": 120} {
		s := &session{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard, cli: new(commands), now: time.Now}
		if _, err := s.parse([]string{"serve", "--data", t.TempDir(), "--image-time", text}); err != nil {
			t.Fatal(err)
		}
		set, err := s.cli.Serve.settings(s)
		if err != nil || set.Images.Limits.Cost != want || set.Images.Time.Seconds() != want {
			t.Errorf("--image-time %s: limits %+v, time %v, error %v", text, set.Images.Limits, set.Images.Time, err)
		}
	}
}

// planted stands where clients put secrets.
const planted = "PLANTEDSECRET"

// routes returns a path for every route, with text where its pattern takes any.
func routes(t *testing.T, text string) (all []struct{ method, path string }) {
	t.Helper()
	s := &session{ctx: t.Context(), stdout: io.Discard, stderr: io.Discard, cli: new(commands), now: time.Now}
	if _, err := s.parse([]string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	set, err := s.cli.Serve.settings(s)
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), set.Settings, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	param := regexp.MustCompile(`{[^}]*}`)
	for _, route := range n.Routes() {
		method := route.Method
		if method == "" {
			method = "PATCH"
		}
		path := strings.Replace(route.Pattern, "{ticket}", planted, 1)
		all = append(all, struct{ method, path string }{method, param.ReplaceAllString(path, text)})
	}
	if len(all) < 20 {
		t.Fatalf("the table has %d routes", len(all))
	}
	return all
}

// TestB19Planted drives every route with planted secrets in every place a
// client can put them, and looks for them in the log, the metrics and the
// answers.
func TestB19Planted(t *testing.T) {
	dir := t.TempDir()
	url, _, log := serving(t, dir, "--admin-listen", "127.0.0.1:0", "--log-level", "debug")
	key := app(t, dir, "on")
	const secret = planted
	query := "?key=" + key + "&policy=" + secret + "&signature=" + secret + "&token=" + secret
	header := []string{"Authorization", "Basic " + secret, "Cookie", "session=" + secret, "X-Forwarded-For", "6.6.6.6"}
	requests := 0
	for _, route := range routes(t, "AbCdEfGhIjKlMnOpQrSt") {
		for _, body := range []struct{ contentType, text string }{
			{"application/json", `{"apikey":"` + key + `","policy":"` + secret + `","signature":"` + secret + `","upload_id":"` + secret + `"}`},
			{"application/x-www-form-urlencoded", "policy=" + secret + "&signature=" + secret + "&apikey=" + key},
			{"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"policy\"\r\n\r\n" + secret + "\r\n--b--\r\n"},
			{"text/plain", "policy=" + secret},
		} {
			for _, path := range []string{route.path + query, "/" + key + "/security=policy:" + secret + ",signature:" + secret + "/AbCdEfGhIjKlMnOpQrSt",
				"/security=p:" + secret + ",s:" + secret + "/AbCdEfGhIjKlMnOpQrSt"} {
				res, answer := do(t, route.method, url+path, body.text, append(header, "Content-Type", body.contentType)...)
				requests++
				if strings.Contains(answer, secret) || strings.Contains(fmt.Sprint(res.Header), secret) {
					t.Errorf("%s %s answers with the secret: %v %s", route.method, path, res.Header, answer)
				}
				if res.Header.Get("Set-Cookie") != "" && !strings.HasPrefix(path, "/portal/") {
					t.Errorf("%s %s sets a cookie", route.method, path)
				}
			}
		}
	}
	metrics := metricsOf(t, log)
	if n := strings.Count(log.String(), `"msg":"request"`); n != requests {
		t.Errorf("%d requests have %d lines in the log", requests, n)
	}
	for _, found := range regexp.MustCompile(`.*(`+secret+`|6\.6\.6\.6).*`).FindAllString(log.String()+metrics, 5) {
		t.Errorf("a secret is in the log or the metrics: %s", found)
	}
}

// TestA6Links: no answer repeats the host that a request claims to be for.
func TestA6Links(t *testing.T) {
	dir := t.TempDir()
	url, _, log := serving(t, dir, "--public-url", "https://files.example.com")
	key := app(t, dir, "off")
	forged := []string{"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "evil", "Forwarded", "host=evil.example", "Content-Type", "application/json"}
	res, stored := do(t, "POST", url+"/api/store/S3?key="+key+"&filename=n.txt", "hello", forged...)
	if res.StatusCode != 200 || !strings.Contains(stored, `"url":"https://files.example.com/`) {
		t.Errorf("store = %d %s, want a link to the public URL", res.StatusCode, stored)
	}
	for _, route := range routes(t, "AbCdEfGhIjKlMnOpQrSt") {
		res, answer := do(t, route.method, url+route.path+"?key="+key, `{"apikey":"`+key+`","filename":"n","size":5}`, forged...)
		if strings.Contains(answer, "evil") || strings.Contains(fmt.Sprint(res.Header), "evil") {
			t.Errorf("%s %s repeats a forged host: %v %s", route.method, route.path, res.Header, answer)
		}
	}
	if strings.Contains(log.String(), "evil") {
		t.Error("a forged host is in the log")
	}
}

// TestP2Defaults: a server that was told nothing relaxes nothing, and one that
// was says so.
func TestP2Defaults(t *testing.T) {
	dir := t.TempDir()
	url, _, log := serving(t, dir)
	if !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("it listens on %s by default, want loopback", url)
	}
	if got := strings.Count(log.String(), "less safe"); got != 0 {
		t.Errorf("a default is called less safe: %s", log)
	}
	key := app(t, dir, "on")
	if out, _, _ := run(t, "app", "show", key, "--data", dir); !regexp.MustCompile(`security +on`).MatchString(out) {
		t.Errorf("app show: %s", out)
	}
	if res, _ := do(t, "POST", url+"/api/store/S3?key="+key, "hello"); res.StatusCode != 403 {
		t.Errorf("upload without a policy = %d, want 403", res.StatusCode)
	}
	if res, _ := do(t, "POST", url+"/api/store/S3?key="+app(t, dir, "off")+"&url=http://127.0.0.1/x", "url=http%3A%2F%2F127.0.0.1%2Fx", "Content-Type", "application/x-www-form-urlencoded"); res.StatusCode == 200 {
		t.Error("a file is imported from a private address")
	}
	relaxed := []string{"--fetch-allow=127.0.0.0/8", "--fetch-port=8080", "--max-connections=0", "--max-connections-per-client=0", "--reserve=0", "--scrub-interval=off",
		"--tls-listen=127.0.0.1:0", "--tls-self-signed", "--storage=mem:", "--admin-listen=0.0.0.0:0"}
	_, _, log = serving(t, t.TempDir(), relaxed...)
	for _, want := range []string{"fetch-allow", "fetch-port", "max-connections", "max-connections-per-client", "reserve", "scrub-interval", "tls-self-signed", "storage", "admin-listen"} {
		if n := strings.Count(log.String(), `"setting":"`+want+`"`); n != 1 {
			t.Errorf("--%s is mentioned %d times, want once: %s", want, n, log)
		}
	}
}

// TestSeesChanges: a running server sees what a command changes within a second
// or so.
func TestSeesChanges(t *testing.T) {
	dir := t.TempDir()
	url, _, _ := serving(t, dir)
	key := app(t, dir, "off")
	until := func(status int) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			res, answer := do(t, "POST", url+"/api/store/S3?key="+key+"&filename=n.txt", "hello")
			if res.StatusCode == status {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("upload = %d %s, want %d", res.StatusCode, answer, status)
			}
		}
	}
	until(200)
	if _, stderr, status := run(t, "app", "set", key, "--security", "on", "--data", dir); status != exitDone {
		t.Fatal(stderr)
	}
	until(403)
}

func TestPublicURL(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, `^http://127\.0\.0\.1:\d+$`},
		{[]string{"--listen=:0"}, `^http://localhost:\d+$`},
		{[]string{"--listen=off", "--tls-listen=127.0.0.1:0", "--tls-self-signed"}, `^https://127\.0\.0\.1:\d+$`},
		{[]string{"--domain=files.example.com"}, `^http://files\.example\.com:\d+$`},
		{[]string{"--domain=Files.example.com", "--tls-listen=127.0.0.1:0", "--tls-self-signed"}, `^https://files\.example\.com:\d+$`},
		{[]string{"--public-url=https://Files.example.com/"}, `^https://files\.example\.com$`},
	} {
		url, tls, log := serving(t, t.TempDir(), tt.args...)
		got := regexp.MustCompile(`"msg":"serving","url":"([^"]*)"`).FindStringSubmatch(log.String())
		if got == nil || !regexp.MustCompile(tt.want).MatchString(got[1]) {
			t.Errorf("%v: public URL %q, want %s", tt.args, got, tt.want)
		}
		if strings.Contains(strings.Join(tt.args, " "), "tls-listen") != (tls != "") || url == "" {
			t.Errorf("%v: ready %q, tls %q", tt.args, url, tls)
		}
	}
}

// TestMeter: what is stored is counted, once.
func TestMeter(t *testing.T) {
	dir := t.TempDir()
	url, _, log := serving(t, dir, "--admin-listen", "127.0.0.1:0")
	key := app(t, dir, "off")
	if res, answer := do(t, "POST", url+"/api/store/S3?key="+key, "hello"); res.StatusCode != 200 {
		t.Fatalf("store = %d %s", res.StatusCode, answer)
	}
	if res, _ := do(t, "POST", url+"/api/store/S3?key=nobody", "hello"); res.StatusCode == 200 {
		t.Fatal("an upload for nobody is stored")
	}
	metrics := metricsOf(t, log)
	for _, want := range []string{"stowgate_files_stored_total 1\n", "stowgate_bytes_stored_total 5\n", `stowgate_refused_total{reason=`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
}

// TestK7ScrubRuns: a server finds damage in what it keeps by itself, says so in
// its log and metrics, and does nothing of the kind when it is told not to.
func TestK7ScrubRuns(t *testing.T) {
	dir := t.TempDir()
	url, _, log := serving(t, dir, "--admin-listen", "127.0.0.1:0", "--scrub-interval", "50ms")
	_, stored := do(t, "POST", url+"/api/store/S3?key="+app(t, dir, "off")+"&filename=n.txt", "willbeflipped")
	handle := regexp.MustCompile(`"url":"[^"]*/([^"]+)"`).FindStringSubmatch(stored)
	if handle == nil {
		t.Fatalf("store = %s", stored)
	}
	flip(t, filepath.Join(dir, "blobs"), "willbeflipped")
	told := `"level":"ERROR","msg":"stored bytes are damaged","asset":"` + handle[1] + `"`
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), told); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log lacks %s:\n%s", told, log)
		}
	}
	if metrics := metricsOf(t, log); !strings.Contains(metrics, "stowgate_scrub_damaged 1\n") || !strings.Contains(metrics, "stowgate_scrub_bytes_total ") {
		t.Errorf("the metrics do not tell of the damage: %s", metrics)
	}

	dir = t.TempDir()
	_, _, log = serving(t, dir, "--admin-listen", "127.0.0.1:0", "--scrub-interval", "off")
	if metrics := metricsOf(t, log); strings.Contains(metrics, "stowgate_scrub") {
		t.Error("a server that does not scrub has metrics of it")
	}
	if _, err := os.Stat(filepath.Join(dir, "scrub.json")); err == nil {
		t.Error("a server that does not scrub keeps a mark of it")
	}
}

// metricsOf returns the metrics of the server that writes log.
func metricsOf(t *testing.T, log *lockedBuffer) string {
	t.Helper()
	admin := regexp.MustCompile(`"admin":"([^"]+)"`).FindStringSubmatch(log.String())
	_, metrics := do(t, "GET", "http://"+admin[1]+"/metrics", "")
	return metrics
}

// flip changes a bit of the first byte of text, in the file below dir that has it.
func flip(t *testing.T, dir, text string) {
	t.Helper()
	flipped := false
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || flipped {
			return err
		}
		data, err := os.ReadFile(name)
		at := bytes.Index(data, []byte(text))
		if err != nil || at < 0 {
			return err
		}
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteAt([]byte{text[0] ^ 1}, int64(at))
		flipped = true
		return errors.Join(err, f.Close())
	})
	if err != nil || !flipped {
		t.Fatalf("%q is not in %s: %v", text, dir, err)
	}
}
