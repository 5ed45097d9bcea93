package filestack

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/policy"
)

// change changes an app of the stack.
func (s *stack) change(t *testing.T, key string, change func(*policy.App)) {
	t.Helper()
	if _, err := s.catalog.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), key, func(a *policy.App) error { change(a); return nil }); err != nil {
		t.Fatal(err)
	}
}

// What prefetch says is what storing a file then says.
func TestPrefetchExplains(t *testing.T) {
	good := sign(securedKey, everything)
	forged := policy.Credential{Policy: good.Policy, Signature: strings.Repeat("0", 64)}
	limited := sign(securedKey, `{"expiry":1999999999,"path":"/a/","container":"c"}`)
	for _, tt := range []struct {
		name   string
		key    string
		cred   policy.Credential
		more   string // of the request
		origin string
		code   string
		opens  bool // whether storing needs more than prefetch is told
	}{
		{name: "good", key: securedKey, cred: good},
		{name: "only pick", key: securedKey, cred: sign(securedKey, `{"expiry":1999999999,"call":["pick"]}`)},
		{name: "no security", key: openKey},
		{name: "a policy that does not matter", key: openKey, cred: forged},
		{name: "unknown key", key: "nobody", cred: good, code: "key-unknown"},
		{name: "nothing", key: securedKey, code: "security-required"},
		{name: "half", key: securedKey, cred: policy.Credential{Policy: good.Policy}, code: "security-required"},
		{name: "forged", key: securedKey, cred: forged, code: "signature"},
		{name: "of another app", key: securedKey, cred: sign(otherKey, everything), code: "signature"},
		{name: "unreadable", key: securedKey, cred: sign(securedKey, `{}`), code: "signature"},
		{name: "expired", key: securedKey, cred: sign(securedKey, `{"expiry":1700000000}`), code: "policy-expired"},
		{name: "expires now", key: securedKey, cred: sign(securedKey, fmt.Sprintf(`{"expiry":%d}`, now.Unix())), code: "policy-expired"},
		{name: "only read", key: securedKey, cred: sign(securedKey, `{"expiry":1999999999,"call":"read"}`), code: "policy-call"},
		{name: "for one file", key: securedKey, cred: sign(securedKey, `{"expiry":1999999999,"handle":"5aYkEQJSQCmYShsoCnZN"}`), code: "policy-call"},
		{name: "path not said", key: securedKey, cred: limited, opens: true},
		{name: "other path", key: securedKey, cred: limited, more: `,"picker_config":{"storeTo":{"path":"b/"}}`, code: "policy-limit"},
		{name: "no path", key: securedKey, cred: limited, more: `,"picker_config":{}`, code: "policy-limit"},
		{name: "other container", key: securedKey, cred: limited, more: `,"picker_config":{"storeTo":{"path":"a/","container":"d"}}`, code: "policy-limit"},
		{name: "path and container", key: securedKey, cred: limited, more: `,"picker_config":{"storeTo":{"path":"a/","container":"c"}}`},
		{name: "disabled", key: otherKey, cred: sign(otherKey, everything), code: "app-disabled"},
		{name: "listed page", key: securedKey, cred: good, origin: "https://shop.example"},
		{name: "other page", key: securedKey, cred: good, origin: "https://evil.example", code: "origin"},
		{name: "other port", key: securedKey, cred: good, origin: "https://shop.example:8443", code: "origin"},
		{name: "sandboxed page", key: securedKey, cred: good, origin: "null", code: "origin"},
		{name: "page of ours", key: securedKey, cred: good, origin: "https://files.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t, Config{})
			s.change(t, otherKey, func(a *policy.App) { a.Disabled = true })
			s.change(t, securedKey, func(a *policy.App) { a.Options.Origins = []string{"https://shop.example"} })
			var header []string
			if tt.origin != "" {
				header = []string{"Origin: " + tt.origin}
			}
			who := fmt.Sprintf(`"apikey":%q,"policy":%q,"signature":%q`, tt.key, tt.cred.Policy, tt.cred.Signature)
			status, body := s.post(t, "/prefetch", "{"+who+tt.more+"}", header...)
			found, _ := body["problem"].(map[string]any)
			if status != 200 || tt.code == "" && body["problem"] != nil || tt.code != "" && (found["code"] != tt.code || found["message"] == "") {
				t.Errorf("prefetch: %d %v, want the problem %q", status, body, tt.code)
			}
			if blocked := tt.code == "key-unknown" || tt.code == "app-disabled"; body["blocked"] != blocked {
				t.Errorf("blocked = %v, want %v", body["blocked"], blocked)
			}
			store := "{}"
			if _, config, ok := strings.Cut(tt.more, `"storeTo":`); ok {
				store = strings.TrimSuffix(config, "}")
			}
			status, _ = s.post(t, "/multipart/start", fmt.Sprintf(`{%s,"filename":"x","size":5,"store":%s}`, who, store), header...)
			if (status == 200) != (tt.code == "" && !tt.opens) {
				t.Errorf("start: %d after the problem %q", status, tt.code)
			}
		})
	}
}

// Details of a refusal are for pages that the app lists, and for developers.
func TestPrefetchDetails(t *testing.T) {
	body := fmt.Sprintf(`{"apikey":%q}`, securedKey)
	for _, tt := range []struct {
		url, origin string
		details     bool
	}{
		{"https://files.test", "", false},
		{"https://files.test", "https://evil.example", false},
		{"https://files.test", "https://shop.example", true},
		{"http://localhost:8080", "https://evil.example", false}, // refused for its origin, which is the detail
		{"http://localhost:8080", "http://localhost:3000", true},
		{"http://127.0.0.1:8080", "", true},
		{"http://[::1]:8080", "", true},
		{"http://127.0.0.1.evil.example", "", false},
	} {
		s := newStack(t, Config{PublicURL: tt.url})
		s.change(t, securedKey, func(a *policy.App) { a.Options.Origins = []string{"https://shop.example", "http://localhost:3000"} })
		header := []string{"Origin: " + tt.origin}
		if tt.origin == "" {
			header = nil
		}
		_, answer := s.post(t, "/prefetch", body, header...)
		found := answer["problem"].(map[string]any)
		if details := strings.Contains(found["message"].(string), "policy given: false"); details != tt.details {
			t.Errorf("at %s to a page of %q: %v, want details: %v", tt.url, tt.origin, found, tt.details)
		}
	}
}

// filestack-js 1 and 2 ask by GET, without a credential.
func TestPrefetchByQuery(t *testing.T) {
	s := newStack(t, Config{})
	for key, want := range map[string]any{openKey: false, securedKey: false, "nobody": true} {
		w := s.send(t, "GET", "/prefetch?apikey="+key, "")
		var body map[string]any
		json.Unmarshal(w.Body.Bytes(), &body)
		if w.Code != 200 || body["blocked"] != want || body["intelligent_ingestion"] != true {
			t.Errorf("prefetch of %s: %d %s, want blocked: %v", key, w.Code, w.Body, want)
		}
	}
	if w := s.send(t, "GET", "/prefetch", ""); w.Code != 400 {
		t.Errorf("prefetch of no app: %d, want 400", w.Code)
	}
}

// A page goes on with an upload by what has arrived.
func TestUploadStatus(t *testing.T) {
	clock := now
	s := newStack(t, Config{Now: func() time.Time { return clock }})
	good := sign(securedKey, everything)
	id := s.begin(t, good)
	step := func(key, id, more string) string { return fmt.Sprintf(`{"apikey":%q,"upload_id":%q%s}`, key, id, more) }
	put := func(part int, body, more string) string {
		t.Helper()
		status, answer := s.post(t, "/multipart/upload", step(securedKey, id, fmt.Sprintf(`,"part":%d,"size":%d%s`, part, len(body), more)))
		if status != 200 {
			t.Fatalf("upload: %d %v", status, answer)
		}
		w := s.send(t, "PUT", strings.TrimPrefix(answer["url"].(string), "https://files.test"), body)
		if w.Code != 200 {
			t.Fatalf("part: %d %s", w.Code, w.Body)
		}
		return strings.Trim(w.Header().Get("ETag"), `"`)
	}
	mustBe := func(want map[string]any) {
		t.Helper()
		status, got := s.post(t, "/multipart/status", step(securedKey, id, ""))
		if status != 200 || !reflect.DeepEqual(got, want) {
			t.Fatalf("status: %d %v, want %v", status, got, want)
		}
	}
	mustBe(map[string]any{"status": "open", "parts": []any{}})
	third := put(3, "lo", "")
	put(2, "l", `,"offset":0`) // a chunk
	first := put(1, "he", "")
	mustBe(map[string]any{"status": "open", "parts": []any{
		map[string]any{"part_number": 1.0, "size": 2.0, "etag": first},
		map[string]any{"part_number": 3.0, "size": 2.0, "etag": third},
	}})

	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"another app":        {step(otherKey, id, ""), 404},
		"another session":    {step(securedKey, "AAAAAAAAAAAAAAAAAAAAAA", ""), 404},
		"no session":         {step(securedKey, "", ""), 400},
		"a forged signature": {step(securedKey, id, fmt.Sprintf(`,"policy":%q,"signature":"00"`, good.Policy)), 403},
		"an unknown app":     {step("nobody", id, ""), 403},
	} {
		if status, answer := s.post(t, "/multipart/status", tt.body); status != tt.want {
			t.Errorf("%s: %d %v, want %d", name, status, answer, tt.want)
		}
	}

	status, file := s.post(t, "/multipart/complete", step(securedKey, id, ""))
	if status != 200 || file["sha256"] != "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" {
		t.Fatalf("complete: %d %v", status, file)
	}
	mustBe(map[string]any{"status": "done", "file": file})
	clock = now.Add(8 * 24 * time.Hour)
	if status, _ := s.post(t, "/multipart/status", step(securedKey, id, "")); status != 404 {
		t.Errorf("after its lifetime: %d, want 404", status)
	}
}

// An app that lists the origins of its pages answers no others.
func TestOriginsOfAnApp(t *testing.T) {
	s := newStack(t, Config{Domain: "files.test"})
	s.change(t, securedKey, func(a *policy.App) { a.Options.Origins = []string{"https://shop.example"} })
	id := s.put(t, securedKey, "n.txt", "protected")
	for origin, want := range map[string]int{
		"": 200, "https://shop.example": 200, "https://www.files.test": 200,
		"http://shop.example": 403, "https://shop.example.evil.example": 403, "https://evilfiles.test": 403, "null": 403,
	} {
		header := []string{"Host: cdn.files.test"}
		if origin != "" {
			header = append(header, "Origin: "+origin)
		}
		w := s.raw(t, "GET /"+string(id)+"?"+query(sign(securedKey, everything))+" HTTP/1.1\r\n"+strings.Join(header, "\r\n")+"\r\n\r\n")
		if w.Code != want {
			t.Errorf("from a page of %q: %d %s, want %d", origin, w.Code, w.Body, want)
		}
	}
}

// TestImportHeaders imports a link with the header fields that a custom source
// of the picker gave it.
func TestImportHeaders(t *testing.T) {
	s, _ := newImageStack(t)
	w := s.send(t, "POST", "/store/", fmt.Sprintf(`{"apikey":%q,"clouds":{"url":{"path":"https://example.com/a.png","headers":{"Authorization":"me"}}}}`, openKey))
	var got struct{ URL struct{ Handle string } }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("import: %d %s", w.Code, w.Body)
	}
	if w := s.send(t, "GET", "/"+got.URL.Handle, ""); !strings.HasSuffix(w.Body.String(), " for me") {
		t.Errorf("imported: %s", w.Body)
	}
	w = s.send(t, "POST", "/store/", fmt.Sprintf(`{"apikey":%q,"clouds":{"url":{"path":"https://example.com/a.png","headers":1}}}`, openKey))
	if w.Code != 400 {
		t.Errorf("import with headers that are none: %d %s", w.Code, w.Body)
	}
}
