package policy

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy/strictjson"
)

const testSecret = "fixture-secret-8c1f7a"

// testNow is the clock of testdata/policies.jsonl. Policies in tests expire at
// 1893456600, ten minutes later.
var testNow = time.Unix(1893456000, 0).UTC()

// testApp returns an app with security on that has the given secrets.
func testApp(secrets ...string) App {
	app := App{Key: "AtestKeyOfTwentyTwoCz", Security: true, Created: testNow.Add(-time.Hour)}
	for _, s := range secrets {
		app.Secrets = append(app.Secrets, Secret{Key: s, Created: testNow.Add(-time.Hour)})
	}
	return app
}

// signed returns a policy with the given JSON as official clients send it.
func signed(document string) Credential { return signedText(encoded(document)) }

func encoded(document string) string { return base64.URLEncoding.EncodeToString([]byte(document)) }

func signedText(text string) Credential {
	return Credential{Policy: text, Signature: hex.EncodeToString(mac(testSecret, text))}
}

// decide authorizes and checks in one go, as a protocol does.
func decide(app App, c Credential, r Request, now time.Time) error {
	g, err := Authorize(app, c, now)
	if err != nil {
		return err
	}
	return g.Check(r, now)
}

// reason returns the reason of a denial, and 0 for nil. It fails for any other
// error, and for a denial without its kind.
func reason(t testing.TB, err error) Reason {
	t.Helper()
	if err == nil {
		return 0
	}
	var d *Denial
	if !errors.As(err, &d) || d.Reason == 0 || d.Detail == "" || !errors.Is(err, fault.Denied) {
		t.Fatalf("error %v is no complete denial", err)
	}
	return d.Reason
}

type vector struct {
	ID        string `json:"id"`
	Secret    string `json:"secret"`
	JSON      string `json:"policy_json"`
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
	Op        string `json:"op"`
	Now       int64  `json:"now"`
	Expect    string `json:"expect"`

	Path      string `json:"path"`
	Container string `json:"container"`
	Handle    string `json:"handle"`
	URL       string `json:"url"`
	Size      int64  `json:"size"`
}

func readVectors(t testing.TB, name string) []vector {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, v)
	}
	if lines.Err() != nil || len(vectors) == 0 {
		t.Fatalf("%s: %d vectors, error %v", name, len(vectors), lines.Err())
	}
	return vectors
}

// chosen pins what doc.go answers where the vectors leave the choice.
var chosen = map[string]string{"expiry-ms": "deny", "max-float": "allow", "path-empty": "deny"}

func TestPolicyVectors(t *testing.T) {
	for _, v := range readVectors(t, "policies.jsonl") {
		t.Run(v.ID, func(t *testing.T) {
			action, err := ParseAction(v.Op)
			if err != nil {
				t.Fatal(err)
			}
			if v.Expect == "choose" {
				v.Expect = chosen[v.ID]
			}
			err = decide(testApp(v.Secret), Credential{Policy: v.Policy, Signature: v.Signature}, Request{
				Action: action, Asset: asset.ID(v.Handle), Path: v.Path, Container: v.Container, URL: v.URL, Size: v.Size,
			}, time.Unix(v.Now, 0))
			if got := map[bool]string{true: "allow", false: "deny"}[err == nil]; got != v.Expect {
				t.Errorf("%s is answered by %s (%v), want %s", v.JSON, got, err, v.Expect)
			}
			reason(t, err)
		})
	}
}

func TestFilestackVectors(t *testing.T) {
	for _, v := range readVectors(t, "filestack.jsonl") {
		c := Credential{Policy: v.Policy, Signature: v.Signature}
		if _, err := Verify(testApp(v.Secret), c, time.Unix(1562763145, 0)); err != nil {
			t.Errorf("Verify(%s) = %v", v.JSON, err)
		}
		if raw, err := decodeText(v.Policy); err != nil || string(raw) != v.JSON {
			t.Errorf("%s decodes to %s, %v, want %s", v.Policy, raw, err, v.JSON)
		}
		_, err := Verify(testApp(v.Secret+"x"), c, time.Unix(1562763145, 0))
		if reason(t, err) != BadSignature {
			t.Errorf("Verify(%s) with another secret = %v, want BadSignature", v.JSON, err)
		}
	}
}

// oddJSON pins the one answer for texts that a reader may take either way, and
// for the valid ones that a policy must not contain.
var oddJSON = map[string]bool{ // whether it is read
	"i_number_double_huge_neg_exp.json": true, // numbers in unknown keys are not looked at
	"i_number_neg_int_huge_exp.json":    true,
	"y_object_duplicated_key.json":      false,
}

func TestB5JSONCorpus(t *testing.T) {
	dir := corpora.Dir(t, "json-parsing")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, odd := oddJSON[name]
		if !odd {
			want = strings.HasPrefix(name, "y_") // and i_ is refused
		}
		if _, err := strictjson.Parse(text); (err == nil) != want {
			t.Errorf("%s: error = %v, want it read: %v", name, err, want)
		}
		// As a policy: none is one. As an unknown key of a policy: what can be
		// read is ignored, whatever it is.
		if _, err := Verify(testApp(testSecret), signed(string(text)), testNow); reason(t, err) != BadPolicy {
			t.Errorf("%s as a policy: error = %v, want BadPolicy", name, err)
		}
		_, err = Verify(testApp(testSecret), signed(`{"expiry":1893456600,"x":`+string(text)+`}`), testNow)
		if want != (err == nil) {
			t.Errorf("%s inside a policy: error = %v, want it accepted: %v", name, err, want)
		}
	}
}
