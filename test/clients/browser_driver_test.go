package clients_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// chromiumArgs keep Chromium from calling anybody but the tests.
var chromiumArgs = []string{
	"--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
}

// A browser is a running Chromium with filestack-js in its pages.
type browser struct {
	in  io.WriteCloser
	out *bufio.Reader
}

// A pageError is what filestack-js rejected with.
type pageError struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Status  int    `json:"status"`
	Details any    `json:"details"`
	Stack   string `json:"stack"`
}

func (e *pageError) Error() string {
	return fmt.Sprintf("%s (type %s, status %d, %v)\n%s", e.Message, e.Type, e.Status, e.Details, e.Stack)
}

// launch starts Chromium, or skips the test if there is none.
func launch(t *testing.T, args ...string) *browser {
	t.Helper()
	needNode(t)
	executable := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && executable == "" {
			executable = path
		}
	}
	if executable == "" {
		t.Skip("skipped: no Chromium; install it or name it in CHROMIUM")
	}
	pages := http.NewServeMux()
	pages.Handle("/", http.FileServer(http.Dir("page")))
	pages.HandleFunc("/filestack.min.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, "node_modules/filestack-js/build/browser/filestack.min.js")
	})
	origin := httptest.NewServer(pages)
	t.Cleanup(origin.Close)
	setup, _ := json.Marshal(map[string]any{
		"executable": executable,
		"sandbox":    os.Getuid() != 0,
		"args":       append(args, chromiumArgs...),
		"page":       origin.URL,
	})
	cmd := exec.Command("node", "browser.mjs", string(setup))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		ended := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		defer ended.Stop()
		cmd.Wait()
	})
	return &browser{in: in, out: bufio.NewReaderSize(out, 1<<20)}
}

func needNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("skipped: no Node.js")
	}
	if _, err := os.Stat("node_modules/filestack-js"); err != nil {
		t.Skip("skipped: no npm packages; type npm ci in test/clients")
	}
}

// A setup says how a page points filestack-js at the server.
type setup struct {
	APIKey   string            `json:"apikey"`
	URLs     map[string]string `json:"urls,omitempty"`
	CNAME    string            `json:"cname,omitempty"`
	Security *credentials      `json:"security,omitempty"`
}

// urls are the settings of filestack-js for a server with one origin.
func urls(base string) map[string]string {
	return map[string]string{
		"uploadApiUrl": base, "fileApiUrl": base + "/api/file", "cdnUrl": base, "processUrl": base, "cloudApiUrl": base,
	}
}

// run runs a scenario in a fresh page and fills in result. An error that
// filestack-js rejects with comes back as *pageError.
func (b *browser) run(t *testing.T, scenario string, s setup, args map[string]any, result any) error {
	t.Helper()
	line, err := json.Marshal(map[string]any{"name": scenario, "setup": s, "args": args})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Write(append(line, '\n')); err != nil {
		t.Fatalf("browser driver: %v", err)
	}
	text, err := b.out.ReadString('\n')
	if err != nil {
		t.Fatalf("browser driver: %v", err)
	}
	var answer struct {
		Result json.RawMessage
		Error  *pageError
		Seen   []string
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("browser driver printed %q: %v", text, err)
	}
	if answer.Error != nil {
		t.Logf("%s: the page saw\n%s", scenario, strings.Join(answer.Seen, "\n"))
		return answer.Error
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// must fails the test if the scenario does.
func (b *browser) must(t *testing.T, scenario string, s setup, args map[string]any, result any) {
	t.Helper()
	if err := b.run(t, scenario, s, args, result); err != nil {
		t.Fatalf("%s: %v", scenario, err)
	}
}

// mustFail returns the error that the scenario must end with.
func (b *browser) mustFail(t *testing.T, scenario string, s setup, args map[string]any) *pageError {
	t.Helper()
	err := b.run(t, scenario, s, args, nil)
	var rejected *pageError
	if !errors.As(err, &rejected) {
		t.Fatalf("%s = %v, want a rejection", scenario, err)
	}
	return rejected
}
