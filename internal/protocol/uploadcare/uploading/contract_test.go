package uploading

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// lines reads a file of JSON values, one a line.
func lines[T any](t testing.TB, name string) (all []T) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		var v T
		if err := json.Unmarshal(scan.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// TestContract: what Uploadcare's maintainers try against the live service, in
// uploadcare-js-api-clients, packages/api-emulator, test/contract.test.ts.
func TestContract(t *testing.T) {
	type exchange struct {
		Method, Path, In string
		File             bool
		Fields           map[string]string
		Status           int
		Sentence, Code   string
	}
	s := newStack(t)
	cases := lines[exchange](t, "contract.jsonl")
	if len(cases) != 26 {
		t.Fatalf("%d cases, want 26", len(cases))
	}
	for _, c := range cases {
		query, kind, body := url.Values{}, "", ""
		var parts []part
		for name, value := range c.Fields {
			if value == "PROJECT" {
				value = openKey
			}
			if parts = append(parts, part{Name: name, Value: value}); c.In == "query" {
				query.Set(name, value)
			}
		}
		if c.File {
			parts = append([]part{{Name: "file", Filename: "a.txt", Type: "text/plain", Value: "hello"}}, parts...)
		}
		if c.In == "form" {
			body, kind = inParts(t, parts)
		}
		name := fmt.Sprintf("%s %s %v", c.Method, c.Path, c.Fields)

		w := s.send(c.Method, c.Path+"?"+query.Encode(), kind, body)
		if w.Code != c.Status || w.Body.String() != c.Sentence || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, w.Body, c.Status, c.Sentence)
		}
		query.Set("jsonerrors", "1")
		w = s.send(c.Method, c.Path+"?"+query.Encode(), kind, body)
		want := fmt.Sprintf(`{"error":{"status_code":%d,"content":%q,"error_code":%q}}`, c.Status, c.Sentence, c.Code)
		if w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %s", name, w.Code, w.Body, want)
		}
	}
	if w := s.send("GET", "/from_url/status/?token=nope", "", ""); w.Code != http.StatusOK || strings.TrimSpace(w.Body.String()) != `{"status":"unknown"}` {
		t.Errorf("status of no import: %d %s", w.Code, w.Body)
	}
}
