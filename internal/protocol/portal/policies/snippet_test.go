package policies

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
)

// runners say how the sample of each language is run, where that language is.
var runners = map[string]struct{ file, command string }{
	"Node.js": {"sign.cjs", "node sign.cjs"},
	"Python":  {"sign.py", "python3 sign.py"},
	"Go":      {"sign.go", "go run sign.go"},
	"Ruby":    {"sign.rb", "ruby sign.rb"},
	"PHP":     {"sign.php", "php sign.php"},
	"Java":    {"Sign.java", "java Sign.java"},
	"C#":      {"sign.cs", "mcs sign.cs && mono sign.exe"},
	"curl":    {"sign.sh", "openssl version >/dev/null && bash sign.sh"},
}

// TestSnippets runs the samples, and has the server accept what they sign.
func TestSnippets(t *testing.T) {
	const secret = "s3cret 'of' \"tests\" ü"
	app := policy.App{Key: "K", Security: true, Secrets: []policy.Secret{{Key: secret}}}
	document := map[string]any{"expiry": 1, "call": []string{"store", "read"}, "maxSize": 5 << 20, "handle": "AAAAAAAAAAAAAAAAAAAA",
		"path": `/it's "quoted"/\d+/日本/😀/</script>/{{.}}/$HOME/#{x}`}
	list, err := Snippets(document, 10*time.Minute, "https://files.example.com", "K")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(runners) {
		t.Fatalf("%d samples, %d ways to run them", len(list), len(runners))
	}
	for _, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			run := runners[s.Name]
			if program, _, _ := strings.Cut(run.command, " "); missing(program) {
				t.Skip("no " + program)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, run.file), []byte(s.Text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("bash", "-c", run.command)
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "STOWGATE_SECRET="+secret, "GOFLAGS=-mod=mod", "LANG=C.UTF-8")
			out, err := cmd.Output()
			if err != nil {
				var stderr []byte
				if e, ok := err.(*exec.ExitError); ok {
					stderr = e.Stderr
				}
				t.Fatalf("%s: %v\n%s\n%s", run.command, err, stderr, s.Text)
			}
			var signed struct{ Policy, Signature string }
			if err := json.Unmarshal(out, &signed); err != nil {
				t.Fatalf("%s printed %s: %v", run.command, out, err)
			}
			grant, err := policy.Verify(app, policy.Credential(signed), time.Now())
			if err != nil {
				t.Fatalf("the policy that %s made is refused: %v", s.Name, err)
			}
			if left := time.Until(grant.Expires); left < 9*time.Minute || left > 11*time.Minute {
				t.Errorf("it counts for %v, want 10 minutes", left)
			}
			if grant.Actions != policy.Store|policy.Read || grant.MaxSize != 5<<20 || grant.Asset != "AAAAAAAAAAAAAAAAAAAA" {
				t.Errorf("it allows %v", grant)
			}
			if !strings.Contains(grant.String(), "quoted") {
				t.Errorf("its path is lost: %v", grant)
			}
		})
	}
}

func missing(program string) bool {
	_, err := exec.LookPath(program)
	return err != nil
}
