package frame

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/server"
)

// A Visit is one request of a page, by somebody who may.
type Visit struct {
	account.Visitor             // zero where nobody has signed in
	App             *manage.App // that the page is about; nil for none
	From            account.From

	w      http.ResponseWriter
	r      *http.Request
	secure bool   // cookies travel by HTTPS only
	wrong  string // ID of the control that a form was not accepted for; empty for none
}

// maxForm is how many bytes a form of the portal may have.
const maxForm = 1 << 20

// errSignIn is why a page is not shown to somebody unknown.
var errSignIn = fmt.Errorf("nobody has signed in: %w", fault.Denied)

// visit returns who makes the request: nobody, if there is no session.
func (f *Frame) visit(r *http.Request, row Row) (*Visit, error) {
	v := &Visit{r: r, secure: strings.HasPrefix(f.PublicURL, "https:"),
		From: account.From{Address: server.Client(r.Context()).String(), Agent: r.UserAgent()}}
	if !row.Carries || !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") { // of which nothing is read below
		r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
	}
	if err := r.ParseForm(); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return nil, fmt.Errorf("form over %d bytes: %w", maxForm, fault.TooLarge)
		}
		return nil, fmt.Errorf("read form: %w: %w", err, fault.Invalid)
	}
	cookie, err := r.Cookie(v.cookie(session))
	if err != nil {
		return v, nil
	}
	visitor, err := f.accounts.Resume(r.Context(), cookie.Value, v.From)
	if err != nil && !errors.Is(err, fault.Denied) {
		return nil, err
	}
	v.Visitor = visitor // of nobody after an error
	return v, nil
}

// admit returns the visit of somebody who may see the page of a row.
func (f *Frame) admit(r *http.Request, row Row) (*Visit, error) {
	v, err := f.visit(r, row)
	if err != nil {
		return nil, err
	}
	if v.ID == "" {
		return nil, errSignIn
	}
	if row.Own {
		return v, nil
	}
	key, err := url.PathUnescape(r.PathValue("app"))
	if err != nil {
		return nil, fmt.Errorf("app %q: %w", r.PathValue("app"), fault.NotFound)
	}
	if err := v.Check(row.Act, key); err != nil {
		return nil, err
	}
	if key != "" {
		app, err := f.manage.App(r.Context(), v.Actor, key)
		if err != nil {
			return nil, err
		}
		v.App = &app
	}
	return v, nil
}

// Form reads the form of a row that Carries a file, up to the bytes of that. The
// error wraps fault.Unsupported if the browser sent another form.
func (v *Visit) Form() (*server.Form, error) { return server.ReadForm(v.r) }

// Value returns what a field of the form, or of the URL, holds.
func (v *Visit) Value(name string) string { return v.r.Form.Get(name) }

// Posted returns what a field of the form holds, whatever stands in the URL.
func (v *Visit) Posted(name string) string { return v.r.PostForm.Get(name) }

// Values returns all that fields of one name hold.
func (v *Visit) Values(name string) []string { return v.r.Form[name] }

// Checked says whether a box of the form was ticked.
func (v *Visit) Checked(name string) bool { return v.r.Form.Get(name) != "" }

// Path returns what stands in the path for a name, unescaped; "" if it makes no
// sense.
func (v *Visit) Path(name string) string {
	text, err := url.PathUnescape(v.r.PathValue(name))
	if err != nil {
		return ""
	}
	return text
}

// Link returns the path of a page about the app, such as /files; "" is its
// overview.
func (v *Visit) Link(page string) string {
	return Root + "/apps/" + url.PathEscape(v.App.Key) + page
}

// Names of cookies.
const (
	session = "session"
	notice  = "notice"
	trip    = "trip"
)

// cookie returns the full name of a cookie. What travels by HTTPS only can be
// set by this host alone (M2). Source: RFC 6265bis, section 4.1.3.2.
func (v *Visit) cookie(name string) string {
	if v.secure {
		return "__Host-stowgate-" + name
	}
	return "stowgate-" + name
}

// set sets a cookie until the browser ends, or removes it if value is empty.
func (v *Visit) set(name, value string) {
	c := &http.Cookie{Name: v.cookie(name), Value: value, Path: "/", HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// SignedIn hands the token of a session to the browser, in place of any before.
func (v *Visit) SignedIn(token string) { v.set(session, token) }

// SignedOut takes it away.
func (v *Visit) SignedOut() { v.set(session, "") }

// Remember keeps a text in the browser, for Recall.
func (v *Visit) Remember(text string) { v.set(trip, text) }

// Recall returns what was kept, once; "" if there is nothing.
func (v *Visit) Recall() string {
	c, err := v.r.Cookie(v.cookie(trip))
	if err != nil {
		return ""
	}
	v.set(trip, "")
	return c.Value
}

// Done answers a form whose work is done: the browser goes to a page below Root,
// which tells so. An empty text tells nothing.
func (v *Visit) Done(to, text string) error {
	if text != "" {
		v.set(notice, url.QueryEscape(text))
	}
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// takeNotice returns what was done by the request before, once.
func (v *Visit) takeNotice() string {
	c, err := v.r.Cookie(v.cookie(notice))
	if err != nil {
		return ""
	}
	v.set(notice, "")
	text, _ := url.QueryUnescape(c.Value)
	return text
}

// Refused is Refused for a form that is shown again: the control whose ID is the
// field's name is marked.
func (v *Visit) Refused(err error) (field, text string) {
	field, text = Refused(err)
	v.wrong = field
	return field, text
}

// Refused returns what to tell of err next to a form: the field that is wrong, if
// one is, and a sentence. The text is empty if err is not for the visitor.
func Refused(err error) (field, text string) {
	if r := new(account.Refusal); errors.As(err, &r) {
		return r.Field, strings.ToUpper(r.Why[:1]) + r.Why[1:] + "."
	}
	return "", ""
}

// Send answers with something that is no page. With a name it is saved as a file
// called so.
func (f *Frame) Send(v *Visit, media, name string, body []byte) error {
	f.protect(v.w.Header())
	v.w.Header().Set("Content-Type", media)
	if name != "" {
		v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	v.w.Write(body) // or the reader has gone
	return nil
}
