package demo

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/server"
)

func get(t *testing.T, target string, err error, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	router, bad := server.NewRouter("", Routes(func(context.Context) (Credentials, error) {
		return Credentials{Key: "K", Policy: "P", Signature: "S", Expires: 5}, err
	}))
	if bad != nil {
		t.Fatal(bad)
	}
	r := httptest.NewRequest("GET", target, nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	server.CORS(router).ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	for target, want := range map[string]string{
		"http://127.0.0.1:8080/demo":                      "<!doctype html>",
		"http://localhost:8080/demo/demo.js":              "filestack.init(",
		"http://[::1]:8080/demo/demo.css":                 ".demo__title",
		"http://127.0.0.1:8080/get-filestack-credentials": `{"apikey":"K","policy":"P","signature":"S","expires":5}`,
	} {
		w := get(t, target, nil, "Sec-Fetch-Site: same-origin")
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("GET %s: %d %v %.300s", target, w.Code, w.Header(), w.Body)
		}
	}
	// Scripts that are modules come with the origin of their page.
	if w := get(t, "http://127.0.0.1:8080/demo/demo.js", nil, "Origin: http://127.0.0.1:8080"); w.Code != 200 {
		t.Errorf("its own script: %d %s", w.Code, w.Body)
	}
	w := get(t, "http://localhost/get-filestack-credentials", errors.New("no secret S3"))
	if w.Code != 500 || strings.Contains(w.Body.String(), "S3") {
		t.Errorf("without a secret: %d %s", w.Code, w.Body)
	}
}

// TestA6DemoForStrangers holds that no page of elsewhere, and no name that was
// pointed to this machine, gets a policy.
func TestA6DemoForStrangers(t *testing.T) {
	const own = "http://127.0.0.1:8080/get-filestack-credentials"
	for _, tt := range []struct{ target, header string }{
		{own, "Origin: https://evil.example"},
		{own, "Origin: null"},
		{own, "Origin: http://127.0.0.1:8081"},
		{own, "Sec-Fetch-Site: cross-site"},
		{own, "Sec-Fetch-Site: same-site"},
		{"http://evil.example/get-filestack-credentials", ""},
		{"http://evil.example/get-filestack-credentials", "Origin: http://evil.example"},
		{own, "Origin: https://127.0.0.1:8080"},
		{"http://127.0.0.1.evil.example:8080/get-filestack-credentials", ""},
		{"http://10.0.0.1:8080/get-filestack-credentials", ""},
	} {
		w := get(t, tt.target, nil, tt.header)
		if w.Code != 403 || strings.Contains(w.Body.String(), "signature") || w.Header().Get("Access-Control-Allow-Origin") == "*" {
			t.Errorf("GET %s with %q: %d %v %s", tt.target, tt.header, w.Code, w.Header(), w.Body)
		}
	}
}
