package clients_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// uploadcareGo is the release of Uploadcare's Go client that is tried.
const uploadcareGo = "github.com/uploadcare/uploadcare-go/v2@v2.0.0"

// TestUploadcareGo does with uploadcare-go what its users do. Its module comes
// from the Go module proxy or, where that does not have it, from a checkout
// named in STOWGATE_UPLOADCARE_GO.
func TestUploadcareGo(t *testing.T) {
	dir := t.TempDir()
	driver := filepath.Join(dir, "driver")
	text, err := os.ReadFile("testdata/uploadcare-go/main.go")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) ([]byte, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	write("main.go", text)
	write("go.mod", []byte("module driver\n\ngo 1.26\n"))
	if checkout := os.Getenv("STOWGATE_UPLOADCARE_GO"); checkout != "" {
		write("go.mod", []byte("module driver\n\ngo 1.26\n\nreplace github.com/uploadcare/uploadcare-go/v2 => "+checkout+"\n"))
	} else if _, err := run("get", uploadcareGo); err != nil {
		t.Skip("skipped: the module proxy does not have " + uploadcareGo + "; name a checkout in STOWGATE_UPLOADCARE_GO")
	}
	for _, args := range [][]string{{"mod", "tidy"}, {"build", "-o", driver, "."}} {
		if out, err := run(args...); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	origin := newRemote(t, nil)
	s := start(t, append(origin.args, "--listen=127.0.0.1:0")...)
	for _, security := range []string{"off", "uploads"} {
		a := s.app(t, security)
		arg, _ := json.Marshal(map[string]any{
			"URL": s.URL, "Key": a.Key, "Secret": a.Secret, "Remote": origin.URL + "/remote.txt", "Signed": security != "off",
		})
		if out, err := exec.Command(driver, string(arg)).CombinedOutput(); err != nil {
			t.Errorf("security %s: %v\n%s", security, err, out)
		}
	}
}
