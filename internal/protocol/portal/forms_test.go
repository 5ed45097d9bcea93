package portal

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// attributes returns those of an element.
func attributes(n *html.Node) map[string]string {
	all := make(map[string]string)
	for _, a := range n.Attr {
		all[a.Key] = a.Val
	}
	return all
}

// TestWrongFields sends every form with something wrong in it. What the page says of
// a field is tied to the field.
func TestWrongFields(t *testing.T) {
	s := newStand(t)
	app := "/portal/apps/" + s.app.Key
	for _, tt := range []struct {
		method, path, as string
		form             url.Values
		fields           []string // that are wrong; with "!" the page says so on top, and "" is a group
	}{
		{"POST", "/portal/new", "operator", url.Values{"name": {" "}}, []string{"!name"}},
		{"POST", "/portal/account/name", "owner", url.Values{"name": {" "}}, []string{"name"}},
		{"POST", "/portal/account/password", "owner", url.Values{"old": {"not it"}, "password": {"correct horse battery staple"}}, []string{"old"}},
		{"POST", "/portal/account/password", "owner", url.Values{"old": {password}, "password": {"x"}}, []string{"password"}},
		{"POST", "/portal/account/tokens", "owner", url.Values{"name": {"x"}, "lifetime": {"90d"}}, []string{""}},
		{"POST", "/portal/account/tokens", "owner", url.Values{"name": {" "}, "scope": {"files:read"}, "lifetime": {"90d"}}, []string{"token-name"}},
		{"POST", "/portal/users", "operator", url.Values{"name": {"B"}, "email": {"none@example.com"}}, []string{"!email"}},
		{"POST", "/portal/users", "operator", url.Values{"name": {" "}, "email": {"new@example.com"}}, []string{"!name"}},
		{"POST", app + "/members", "owner", url.Values{"email": {"nobody@example.com"}, "role": {"viewer"}}, []string{"!email"}},
		{"POST", app + "/webhooks", "owner", url.Values{"url": {"x"}, "event": {"upload"}}, []string{"url"}},
		{"POST", app + "/webhooks", "owner", url.Values{"url": {"https://example.com/"}}, []string{""}},
		{"POST", app + "/settings", "owner", url.Values{"name": {"x"}, "origins": {"x"}}, []string{"origins"}},
		{"POST", app + "/settings", "owner", url.Values{"name": {"x"}, "sources": {"*"}}, []string{"sources"}},
		{"POST", app + "/settings", "owner", url.Values{"name": {"x"}, "max_size": {"many"}}, []string{"max_size"}},
		{"POST", app + "/delete", "owner", url.Values{"confirm": {"x"}}, []string{"confirm"}},
		{"POST", app + "/policies", "owner", url.Values{"minutes": {"x"}}, []string{"!minutes"}},
		{"POST", app + "/policies", "owner", url.Values{"minutes": {"5"}, "json": {`{"call":7}`}}, []string{"!json"}},
		{"POST", app + "/policies/explain", "owner", url.Values{"size": {"many"}}, []string{"!q-size"}},
		{"POST", app + "/security/revoke", "owner", url.Values{"what": {"one"}}, []string{"!one"}},
		{"POST", app + "/security/secrets", "owner", url.Values{"keep": {"x"}}, []string{"!keep"}},
		{"GET", app + "/files?min_size=x", "viewer", nil, []string{"min_size"}},
	} {
		t.Run(tt.path+" "+tt.form.Encode(), func(t *testing.T) {
			w := s.send(tt.method, tt.path, tt.as, tt.form)
			if w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			wantTied(t, w, tt.fields)
		})
	}
}

// wantTied holds that exactly these fields of a page are wrong, and say why.
func wantTied(t *testing.T, w *httptest.ResponseRecorder, fields []string) {
	t.Helper()
	page, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]*html.Node{}
	for n := range page.Descendants() {
		if id := attributes(n)["id"]; id != "" {
			if ids[id] != nil {
				t.Errorf("two elements are called %s", id)
			}
			ids[id] = n
		}
	}
	var tied []string
	for n := range page.Descendants() {
		a := attributes(n)
		for _, id := range strings.Fields(a["aria-describedby"]) {
			text := ids[id]
			switch {
			case text == nil || text.FirstChild == nil:
				t.Errorf("%s is described by %s, which says nothing", a["id"], id)
			case id == "problem":
				tied = append(tied, "!"+a["id"])
			case attributes(text)["class"] == "field__wrong":
				tied = append(tied, a["id"])
			default:
				continue // a help
			}
			if (a["aria-invalid"] == "true") == (n.Data == "fieldset") {
				t.Errorf("%s %q has aria-invalid=%q", n.Data, a["id"], a["aria-invalid"])
			}
		}
	}
	if !slices.Equal(tied, fields) {
		t.Errorf("the page ties what is wrong to %q, want %q", tied, fields)
	}
}

// TestRefusedWithMenu holds that who is refused a page keeps the menu, and nobody
// sees that of an app which is not theirs.
func TestRefusedWithMenu(t *testing.T) {
	s := newStand(t)
	const out = `action="/portal/sign-out"`
	menu := `<p class="menu__app">Ours</p>`
	for _, tt := range []struct {
		name, path, as string
		status         int
		has, hasNot    []string
	}{
		{"nothing there", "/portal/nothing", "viewer", 404, []string{out}, []string{menu, `href="/portal/users"`}},
		{"for an operator", "/portal/nothing", "operator", 404, []string{out, `href="/portal/users"`}, nil},
		{"no such file of an app", "/portal/apps/" + s.app.Key + "/files/x", "viewer", 404, []string{out, menu}, []string{"/members"}},
		{"not with this role", "/portal/apps/" + s.app.Key + "/members", "viewer", 403, []string{out, menu}, nil},
		{"another's app", "/portal/apps/" + s.foe.Key, "owner", 404, []string{out}, []string{"menu__app", "Theirs"}},
		{"nobody", "/portal/nothing", "", 404, nil, []string{out}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.send(http.MethodGet, tt.path, tt.as, nil)
			body := w.Body.String()
			if w.Code != tt.status {
				t.Errorf("%d, want %d", w.Code, tt.status)
			}
			for _, text := range tt.has {
				if !strings.Contains(body, text) {
					t.Errorf("%s is not on the page: %s", text, body)
				}
			}
			for _, text := range tt.hasNot {
				if strings.Contains(body, text) {
					t.Errorf("%s is on the page: %s", text, body)
				}
			}
		})
	}
}
