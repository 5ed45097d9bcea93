package clients_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// webhook is a delivery and its signature.
// Source: filestack-js src/lib/api/security.spec.node.ts
var webhook = map[string]any{
	"secret":    "Y5cWb1rdRDSTSqEjF5pv",
	"timestamp": 1559199901,
	"body": `{"id": 6844, "action": "fp.upload", "timestamp": 1559199901, "text": {"url": "http://cdn.filestackapi.dev/xK88QArxRiyVvFzo4p33", ` +
		`"client": "Computer", "data": {"filename": "01 (1).png", "type": "image/png", "size": 881855}}}`,
	"signature": "14495b54b246e1352bb69cd91c5c1bfe2221f2d0330414b3df8f5fb2903db730",
}

// TestWebhookVector checks the vector itself with code that is not the client's.
func TestWebhookVector(t *testing.T) {
	mac := hmac.New(sha256.New, []byte(webhook["secret"].(string)))
	mac.Write([]byte("1559199901." + webhook["body"].(string)))
	if got := hex.EncodeToString(mac.Sum(nil)); got != webhook["signature"] {
		t.Errorf("signature of the delivery = %s, want %s", got, webhook["signature"])
	}
}

// remoteText is a file that clients ask the server to import.
const remoteText = "from elsewhere\n"

// A remote is a host that files are imported from. It is 127.0.0.2, because a
// server does not import from itself by any of its ports.
type remote struct {
	URL  string
	args []string // settings that let a server import from it
}

func newRemote(t *testing.T, more map[string][]byte) remote {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	files := http.NewServeMux()
	files.HandleFunc("/remote.txt", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, remoteText)
	})
	files.HandleFunc("/noise.bin", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-noise")
		w.Write(content(3*mib, 1))
	})
	for name, data := range more {
		files.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) { w.Write(data) })
	}
	s := httptest.NewUnstartedServer(files)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return remote{s.URL, []string{"--fetch-allow=127.0.0.2", "--fetch-port=" + port}}
}

// runClient runs a client program with one JSON argument, and reads what it prints.
func runClient(t *testing.T, arg, result any, command ...string) {
	t.Helper()
	text, err := json.Marshal(arg)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command[0], append(command[1:], string(text))...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", command, err, out, stderr.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatalf("%v printed %q: %v", command, out, err)
	}
}

func TestNode(t *testing.T) {
	needNode(t)
	origin := newRemote(t, nil)
	s := start(t, append(origin.args, "--listen=127.0.0.1:0")...)
	for _, security := range []string{"on", "off"} {
		t.Run("security "+security, func(t *testing.T) {
			a := s.app(t, security)
			arg := map[string]any{
				"apikey": a.Key, "secret": a.Secret, "urls": urls(s.URL), "bytes": 9 * mib, "remote": origin.URL + "/remote.txt", "webhook": webhook,
			}
			if security == "on" {
				arg["policy"] = map[string]any{
					"expiry": time.Now().Add(time.Hour).Unix(), "call": []string{"pick", "store", "read", "stat", "remove"},
				}
			}
			var got struct {
				Sent               string
				Plain, Intelligent struct{ Handle, Status string }
				Metadata           map[string]any
				Download           struct {
					Status       int
					Type, SHA256 string
				}
				Stored        map[string]any
				Head          map[string]string
				Removed, Gone int
				Webhook       struct{ Right, Wrong bool }
			}
			runClient(t, arg, &got, "node", "node.cjs")
			if got.Plain.Status != "Stored" || got.Intelligent.Status != "Stored" {
				t.Errorf("uploads = %+v, %+v; want them Stored", got.Plain, got.Intelligent)
			}
			if got.Metadata["sha256"] != got.Sent || got.Metadata["filename"] != "plain.bin" || got.Metadata["size"] != 9.0*mib {
				t.Errorf("metadata = %v, want plain.bin with SHA-256 %s", got.Metadata, got.Sent)
			}
			if got.Download.Status != http.StatusOK || got.Download.SHA256 != got.Sent {
				t.Errorf("download = %+v, want 200 with SHA-256 %s", got.Download, got.Sent)
			}
			if got.Stored["filename"] != "from-url.txt" || got.Stored["size"] != float64(len(remoteText)) {
				t.Errorf("storeURL = %v", got.Stored)
			}
			if got.Head["x-file-name"] != "from-url.txt" {
				t.Errorf("retrieve with head = %v", got.Head)
			}
			if security == "on" && (got.Removed != http.StatusOK || got.Gone != http.StatusNotFound) {
				t.Errorf("remove = %d, then metadata %d; want 200, 404", got.Removed, got.Gone)
			}
			if !got.Webhook.Right || got.Webhook.Wrong {
				t.Errorf("validateWebhookSignature = %+v, want right: true, wrong: false", got.Webhook)
			}
		})
	}
}

func TestGoSDK(t *testing.T) {
	driver := filepath.Join(scratch, "filestack-go")
	build := exec.Command("go", "build", "-o", driver, ".")
	build.Dir = "go"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the driver of filestack-go: %v\n%s", err, out)
	}
	origin := newRemote(t, nil)
	s := start(t, append(origin.args, "--listen=127.0.0.1:0")...)
	for _, security := range []string{"on", "off"} {
		t.Run("security "+security, func(t *testing.T) {
			a := s.app(t, security)
			arg := map[string]any{"Server": s.URL, "APIKey": a.Key, "Bytes": 21 * mib, "Remote": origin.URL + "/remote.txt"}
			if security == "on" {
				arg["Secret"] = a.Secret
			}
			var got struct {
				Sent, Plain, Downloaded, Intelligent, Imported, Overwritten, Deleted string

				Metadata struct {
					Filename, Mimetype, Path string
					Size                     int64
					Uploaded                 float64
					Writeable                bool
				}
			}
			runClient(t, arg, &got, driver)
			if got.Downloaded != got.Sent || got.Intelligent != got.Sent {
				t.Errorf("downloads have SHA-256 %s and %s, want %s", got.Downloaded, got.Intelligent, got.Sent)
			}
			if want := digestOf([]byte(remoteText)); got.Imported != want {
				t.Errorf("imported file has SHA-256 %s, want %s", got.Imported, want)
			}
			if m := got.Metadata; m.Filename != "plain.bin" || m.Size != 21*mib || !m.Writeable || m.Uploaded == 0 {
				t.Errorf("metadata = %+v, want plain.bin", m)
			}
			if security == "off" {
				return
			}
			if want := digestOf([]byte("written over")); got.Overwritten != want {
				t.Errorf("overwritten file has SHA-256 %s, want %s", got.Overwritten, want)
			}
			if status, _, _ := s.read(t, got.Deleted, a.sign(everything)); status != http.StatusNotFound {
				t.Errorf("GET of a deleted file = %d, want 404", status)
			}
		})
	}
}
