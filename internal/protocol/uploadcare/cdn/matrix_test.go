package cdn

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/groups"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// private returns every kind of address of what an app has: of a picture, a
// document and a group of both.
func private(t *testing.T, s *stack, key string) []string {
	t.Helper()
	photo := s.put(t, key, "a.png", pngOf(t, picture(16, 16)))
	text := s.put(t, key, "b.txt", []byte("private"))
	g := s.group(t, key, asset.Member{Asset: photo.ID, Effects: "preview/4x4/"}, asset.Member{Asset: text.ID})
	group := "/" + g.ID.String() + "~2/"
	return []string{
		at(photo, ""), strings.TrimSuffix(at(photo, ""), "/"), at(photo, "name.png"), at(photo, "-/inline/no/"), at(photo, "-/preview/"),
		at(photo, "-/resize/4x/-/flip/name.png"), at(photo, "-/json/"), at(photo, "-/preview/-/jsonp/"), at(photo, "-/main_colors/"),
		at(photo, "detect_faces/"), at(photo, "-/overlay/self/50px50p/-/preview/"), at(text, ""),
		group, group + "nth/0/", group + "nth/1/", group + "nth/1/b.txt", group + "archive/zip/", group + "archive/tar/all.tar",
	}
}

// While security is on, nothing opens an address but a token for it.
func TestTokenMatrix(t *testing.T) {
	s := newStack(t)
	later := now.Add(time.Hour)
	for _, uri := range private(t, s, securedKey) {
		name, _, _ := strings.Cut(uri[1:], "/")
		good := token(tokenKey, uri, later)
		for credential, query := range map[string]string{
			"none":                  "",
			"an empty one":          "?token=",
			"another parameter":     "?tokens=" + good,
			"one without a digest":  "?token=" + strings.SplitAfter(good, "~hmac=")[0],
			"one with half of it":   "?token=" + good[:len(good)-32],
			"one digit changed":     "?token=" + good[:len(good)-1] + string(good[len(good)-1]^1),
			"in capitals":           "?token=" + strings.ToUpper(good),
			"a wrong key":           "?token=" + token("ff"+tokenKey[2:], uri, later),
			"the key as text":       "?token=" + token(hexOf(tokenKey), uri, later),
			"the app's secret":      "?token=" + token(hexOf("a secret"), uri, later),
			"another app's key":     "?token=" + token(otherHex, uri, later),
			"another app's for all": "?token=" + token(otherHex, "/*", later),
			"expired just now":      "?token=" + token(tokenKey, uri, now),
			"expired for all":       "?token=" + token(tokenKey, "/*", now.Add(-time.Hour)),
			"another path":          "?token=" + token(tokenKey, uri+"x/", later),
			"another file":          "?token=" + token(tokenKey, "/"+someFile+"/*", later),
			"a star inside":         "?token=" + token(tokenKey, "/*/", later),
		} {
			w := s.get(t, uri+query)
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "Forbidden") || w.Header().Get("Cache-Control") != "private, no-store" {
				t.Errorf("GET %s with %s = %d, %v", uri, credential, w.Code, w.Header())
			}
			if w := s.send(t, "HEAD", uri+query); w.Code != http.StatusForbidden {
				t.Errorf("HEAD %s with %s = %d", uri, credential, w.Code)
			}
		}
		for credential, query := range map[string]string{
			"its path":      "?token=" + good,
			"other as well": "?x=1&token=" + good + "&y",
			"its file":      "?token=" + token(tokenKey, "/"+name+"*", later),
			"all":           "?token=" + token(tokenKey, "/*", later),
		} {
			w := s.get(t, uri+query)
			if w.Code != 200 {
				t.Errorf("GET %s with a token for %s = %d, %s", uri, credential, w.Code, w.Body)
			}
			if cache := w.Header().Get("Cache-Control"); cache != "private, max-age=3600" {
				t.Errorf("GET %s may be kept: %s", uri, cache)
			}
		}
	}
}

// Of two tokens none counts, also if they are the same.
func TestB17TwoTokens(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	uri := at(s.put(t, securedKey, "a.txt", []byte("private")), "")
	good := "token=" + token(tokenKey, uri, now.Add(time.Hour))
	for query, want := range map[string]int{good: 200, good + "&" + good: 403, good + "&token=x": 403, "token=x&" + good: 403, good + "&token": 403} {
		if w := s.get(t, uri+"?"+query); w.Code != want {
			t.Errorf("GET with %s = %d, want %d", query, w.Code, want)
		}
	}
}

func hexOf(text string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := range len(text) {
		b.WriteByte(digits[text[i]>>4])
		b.WriteByte(digits[text[i]&15])
	}
	return b.String()
}

// What is open needs no token, and a bad one spoils nothing; but on the hosts for
// signed delivery everything needs one.
func TestOpenApps(t *testing.T) {
	s := newStack(t)
	for _, key := range []string{openKey, readsKey} {
		for _, uri := range private(t, s, key) {
			for _, query := range []string{"", "?token=x", "?token=" + token(otherHex, "/*", now.Add(time.Hour))} {
				if w := s.get(t, uri+query); w.Code != 200 {
					t.Errorf("GET %s%s of %s = %d, %s", uri, query, key, w.Code, w.Body)
				}
			}
			for host, want := range map[string]int{
				"prefix." + zone: 200, "s." + zone: 200, "prefix.s." + zone: 403, "PREFIX.S." + strings.ToUpper(zone) + ".:8080": 403, "a.b.s." + zone + ":80": 403,
			} {
				if w := s.get(t, uri, "Host: "+host); w.Code != want {
					t.Errorf("GET %s of %s on %s = %d, want %d", uri, key, host, w.Code, want)
				}
			}
			if w := s.get(t, uri+"?token="+token(tokenKey, uri, now.Add(time.Hour)), "Host: prefix.s."+zone); w.Code != 200 {
				t.Errorf("GET %s of %s with a token = %d", uri, key, w.Code)
			}
		}
	}
}

// A token for all of one file brings in no other file; one that names the very
// path does, if that is of the same app.
func TestOverlaysOfOthers(t *testing.T) {
	s := newStack(t)
	base := s.put(t, securedKey, "a.png", pngOf(t, picture(16, 16)))
	mark := s.put(t, securedKey, "b.png", pngOf(t, picture(4, 4)))
	foreign := s.put(t, otherKey, "c.png", pngOf(t, picture(4, 4)))
	open := s.put(t, openKey, "d.png", pngOf(t, picture(4, 4)))
	later := now.Add(time.Hour)
	uri := at(base, "-/overlay/"+mark.UUID.String()+"/-/preview/")
	for acl, want := range map[string]int{uri: 200, "/*": 200, at(base, "*"): 403, at(base, "-/*"): 403} {
		if w := s.get(t, uri+"?token="+token(tokenKey, acl, later)); w.Code != want {
			t.Errorf("GET with a token for %s = %d, want %d", acl, w.Code, want)
		}
	}
	for _, file := range []asset.Asset{foreign, open} {
		uri := at(base, "-/overlay/"+file.UUID.String()+"/-/preview/")
		if w := s.get(t, uri+"?token="+token(tokenKey, "/*", later)); w.Code != 400 {
			t.Errorf("GET with a file of another app = %d, %s", w.Code, w.Body)
		}
	}
}

// The tokens of the documentation and those that were recorded open what they
// name.
func TestTokenVectors(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	hello := map[string]asset.Asset{}
	for _, name := range []string{"52da3bfc-7cd8-4861-8b05-126fef7a6994", "1bd27101-6f40-460a-9358-d44c282e9d16"} {
		spec := upload.Spec{Name: "hello.txt", Size: -1, UUID: uuid.MustParse(name)}
		var err error
		if hello[name], err = s.uploads.Put(t.Context(), s.grant(t, securedKey), spec, strings.NewReader("hello\n")); err != nil {
			t.Fatal(err)
		}
	}
	group := asset.Group{ID: uuid.MustParse("3b278cee-47bd-4276-8d7d-9cde5902b18c"), App: securedKey, Created: now}
	group.Members = []asset.Member{{Asset: hello["1bd27101-6f40-460a-9358-d44c282e9d16"].ID}}
	if _, err := groups.New(s.catalog.Book()).AddGroup(t.Context(), group, policy.Use{}); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors[struct {
		Name, Token string
		Exp         int64
		Path        string `json:"request_path"`
	}](t, "tokens.jsonl") {
		want := 200
		switch {
		case v.Exp < now.Unix():
			want = 403
		case v.Path == "/anything/":
			want = 404
		case strings.Contains(v.Path, "/-/"):
			want = 400 // as recorded: it is no image
		}
		w := s.get(t, v.Path+"?token="+v.Token)
		if w.Code != want || want == 400 && !strings.Contains(w.Body.String(), "are not images") {
			t.Errorf("%s: GET %s = %d, %s, want %d", v.Name, v.Path, w.Code, w.Body, want)
		}
		if w := s.get(t, v.Path); want != 404 && w.Code != 403 {
			t.Errorf("%s: GET without the token = %d", v.Name, w.Code)
		}
	}
}

// Pages of origins that an app does not list read nothing, and a disabled app
// gives nothing out.
func TestOriginsAndDisabledApps(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	file := at(s.put(t, openKey, "a.txt", []byte("a")), "")
	change := func(edit func(*policy.App)) {
		t.Helper()
		_, err := s.catalog.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), openKey, func(app *policy.App) error {
			edit(app)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(app *policy.App) { app.Options.Origins = []string{"https://good.test"} })
	for origin, want := range map[string]int{"https://good.test": 200, "https://bad.test": 403, "": 200} {
		if w := s.get(t, file, "Origin: "+origin); w.Code != want {
			t.Errorf("GET from %q = %d, want %d", origin, w.Code, want)
		}
	}
	change(func(app *policy.App) { app.Disabled = true })
	if w := s.get(t, file); w.Code != 403 {
		t.Errorf("GET of a disabled app = %d", w.Code)
	}
}
