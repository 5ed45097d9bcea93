package redact

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestB19Text(t *testing.T) {
	const secret = "eyJleHBpcnkiOjF9" // stands where no log may have it
	for _, text := range []string{
		"/H?policy=" + secret + "&signature=" + secret,
		"https://h/H?x=1&signature=" + secret + "&y=2",
		"/H?POLICY=" + secret,
		"/H?policy=" + secret + "==",
		"/H?policy=a/b+c" + secret,
		"/KEY/security=policy:" + secret + ",signature:" + secret + "/H",
		"/security=p:" + secret + ",s:" + secret + "/H",
		"/security%3Dpolicy%3A" + secret + "%2Csignature%3A" + secret + "/H",
		"/%73e%63urity=policy:" + secret + "/H",
		"/H?%70olicy=" + secret,
		"/security=policy%3A" + secret + "/H",
		`{"policy":"` + secret + `","signature": "` + secret + `"}`,
		`{"app_secret":"` + secret + `"}`,
		"Authorization: Bearer " + secret,
		"authorization=Basic " + secret,
		`map[Authorization:[Basic ` + secret + `] X:[1]]`,
		`map[Cookie:[session=` + secret + `; a=b]]`,
		"Cookie: a=b; session=" + secret,
		"Set-Cookie: session=" + secret,
		"part?ticket=" + secret,
		"access_token=" + secret + "&x=1",
		`parse "http://h/?token=` + secret + `": bad`,
		"password=" + secret,
		"secret: " + secret,
	} {
		if got := Text(text); strings.Contains(got, secret) || !strings.Contains(got, hidden) {
			t.Errorf("Text(%q) = %q", text, got)
		}
	}
}

func TestTextKeeps(t *testing.T) {
	long := strings.Repeat("aZ-_", minSealed/4)
	for text, want := range map[string]string{
		"":                              "",
		"/HANDLE":                       "/HANDLE",
		"/resize=width:100/H":           "/resize=width:100/H",
		"/a%2Fb%20c%41%7a":              "/a%2Fb%20cAz",
		"127.0.0.1:8080":                "127.0.0.1:8080",
		"the policy has expired":        "the policy has expired",
		"/H?policy=abc&x=1":             "/H?policy=" + hidden + "&x=1",
		"/KEY/security=policy:a,s:b/H":  "/KEY/security=" + hidden + "/H",
		"grant expired: policy denied":  "grant expired: policy denied",
		"/H?signature=&policy=":         "/H?signature=&policy=",
		"/part/" + long[1:]:             "/part/" + long[1:],
		"/part/" + long + ": lost":      "/part/" + hidden + ": lost",
		"bad signature: no live secret": "bad signature: " + hidden + " live secret",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}

type valuer struct{}

func (valuer) LogValue() slog.Value { return slog.StringValue("policy=planted") }

// TestB19Handler logs a planted secret in every way there is.
func TestB19Handler(t *testing.T) {
	u, _ := url.Parse("/H?policy=planted")
	for name, log := range map[string]func(*slog.Logger){
		"message": func(l *slog.Logger) { l.Info("got policy=planted") },
		"string":  func(l *slog.Logger) { l.Info("m", "url", "/H?signature=planted") },
		"key":     func(l *slog.Logger) { l.Info("m", "Signature", "planted") },
		"suffix":  func(l *slog.Logger) { l.Info("m", "partTicket", "planted") },
		"error":   func(l *slog.Logger) { l.Info("m", "err", errors.New("token=planted")) },
		"URL":     func(l *slog.Logger) { l.Info("m", "url", u) },
		"header":  func(l *slog.Logger) { l.Info("m", "h", http.Header{"Authorization": {"Basic planted"}}) },
		"group":   func(l *slog.Logger) { l.Info("m", slog.Group("g", "cookie", "planted", "url", "?policy=planted")) },
		"valuer":  func(l *slog.Logger) { l.Info("m", "v", valuer{}) },
		"with": func(l *slog.Logger) {
			l.With("policy", "planted").WithGroup("g").With("u", "?policy=planted").Info("m")
		},
		"number": func(l *slog.Logger) { l.Info("m", "secret", 12345678) },
		"struct": func(l *slog.Logger) { l.Info("m", "v", struct{ A, B string }{"x", "secret=planted"}) },
	} {
		for kind, handler := range map[string]func(*bytes.Buffer) slog.Handler{
			"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			log(slog.New(Handler(handler(&b))))
			if got := b.String(); strings.Contains(got, "planted") || strings.Contains(got, "12345678") || !strings.Contains(got, hidden) {
				t.Errorf("%s as %s: %s", name, kind, got)
			}
		}
	}
}

func TestHandlerKeeps(t *testing.T) {
	var b bytes.Buffer
	l := slog.New(Handler(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelWarn})))
	l.Info("not this")
	l.Warn("this", "n", 1, "nil", nil, "path", "/HANDLE")
	if got := b.String(); strings.Contains(got, "not this") || !strings.Contains(got, "n=1 nil=<nil> path=/HANDLE") {
		t.Errorf("log = %q", got)
	}
}

func BenchmarkText(b *testing.B) {
	for b.Loop() {
		Text("/KEY/resize=width:100,height:100/HANDLEHANDLEHANDLE12")
	}
}
