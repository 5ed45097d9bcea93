package node

import (
	"net/http"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
)

// TestManagement asks a whole node for its apps, as a program and as a page of
// another site would, which reads no answer.
func TestManagement(t *testing.T) {
	n, _, end := serve(t, t.TempDir())
	defer end()
	_, token, err := n.People.Manage.AddToken(t.Context(), account.CommandLine(), manage.NewToken{Name: "test", Scopes: []account.Act{account.ViewApp}})
	if err != nil {
		t.Fatal(err)
	}
	plain, _ := n.LocalURLs()
	for _, tt := range []struct {
		method, token string
		status        int
	}{
		{http.MethodGet, token, http.StatusOK},
		{http.MethodGet, "", http.StatusUnauthorized},
		{http.MethodOptions, "", http.StatusMethodNotAllowed},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, plain+"/manage/v1/apps", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://evil.example")
		if tt.token != "" {
			r.Header.Set("Authorization", "Bearer "+tt.token)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != tt.status || res.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s with token %q: %d %v, want %d", tt.method, tt.token, res.StatusCode, res.Header, tt.status)
		}
	}
}
