package management

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/server"
)

// maxBody is how many bytes the body of a request may have.
const maxBody = 1 << 20

// The sizes of a page.
const (
	defaultPage = 50
	maxPage     = 200
)

// A call is one request, by somebody who may make it.
type call struct {
	account.Actor
	app string // key of the app that it is about; empty for none

	query url.Values
	etag  string // of the answer; empty for none
	at    string // path below Root of what was made; empty for nothing

	r *http.Request
}

// admit returns the call of somebody who may make the request of a row.
func (a *API) admit(r *http.Request, row row) (*call, error) {
	actor, err := a.actor(r)
	if err != nil {
		return nil, err
	}
	c := &call{Actor: actor, r: r}
	if c.app, err = url.PathUnescape(r.PathValue("app")); err != nil {
		return nil, fmt.Errorf("app %q: %w", r.PathValue("app"), fault.NotFound)
	}
	switch {
	case row.own:
	case !actor.Scopes[row.act]:
		return nil, &missing{row.act}
	case !row.any:
		err = actor.Check(row.act, c.app)
	}
	if err != nil {
		return nil, err
	}
	if c.app != "" { // one that there is
		may := actor
		may.Scopes = nil
		if _, err := a.Manage.App(r.Context(), may, c.app); err != nil {
			return nil, err
		}
		server.NoteCaller(r.Context(), c.app, "", "")
	}
	if c.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, account.Refuse(fault.Invalid, "", "the query of the URL makes no sense")
	}
	for name, values := range c.query {
		switch {
		case !slices.Contains(row.query, name):
			return nil, account.Refuse(fault.Invalid, name, "there is no parameter %q", name)
		case len(values) > 1:
			return nil, account.Refuse(fault.Invalid, name, "the parameter is there twice")
		}
	}
	return c, nil
}

// actor returns whose token comes with a request.
func (a *API) actor(r *http.Request) (account.Actor, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return account.Actor{}, &unknown{}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return account.Actor{}, &unknown{why: "invalid_request"}
	}
	from := account.From{Address: server.Client(r.Context()).String(), Agent: r.UserAgent()}
	actor, err := a.Accounts.ByToken(r.Context(), strings.TrimSpace(token), from)
	if errors.Is(err, fault.Denied) {
		return account.Actor{}, &unknown{why: "invalid_token"}
	}
	if err == nil && actor.Scopes == nil {
		err = errors.New("a token without bounds")
	}
	return actor, err
}

// answer does what a row does, and answers it.
func (c *call) answer(w http.ResponseWriter, row row) error {
	what, err := row.do(c.r.Context(), c)
	if err != nil {
		return err
	}
	var body []byte
	if what != nil {
		if body, err = json.Marshal(what); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	}
	h := w.Header()
	protect(h)
	if c.etag != "" {
		h.Set("ETag", strconv.Quote(c.etag))
	}
	if c.at != "" {
		h.Set("Location", Root+c.at)
	}
	if what == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(max(row.status, http.StatusOK))
	w.Write(append(body, '\n')) // or the reader has gone
	return nil
}

// protect sets the header of every answer: nothing of it is kept, or is a page.
func protect(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// read reads the body of a call into a struct: a JSON object, all of whose
// members it has.
func (c *call) read(into any) error {
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return account.Refuse(fault.Unsupported, "", "send JSON, as Content-Type: application/json")
	}
	reader := json.NewDecoder(http.MaxBytesReader(nil, c.r.Body, maxBody))
	var members map[string]json.RawMessage
	err = reader.Decode(&members)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return account.Refuse(fault.TooLarge, "", "the body has more than %d bytes", maxBody)
	}
	if err != nil || members == nil {
		return account.Refuse(fault.Invalid, "", "the body is no JSON object")
	}
	if _, err := reader.Token(); err == nil {
		return account.Refuse(fault.Invalid, "", "there is more in the body than one JSON object")
	}
	return fill(reflect.ValueOf(into).Elem(), members)
}

// fill sets the fields of a struct to the members of an object that have exactly
// their names.
func fill(into reflect.Value, members map[string]json.RawMessage) error {
	for i := range into.NumField() {
		name := into.Type().Field(i).Tag.Get("json")
		text, given := members[name]
		if !given {
			continue
		}
		delete(members, name)
		if string(text) == "null" {
			return account.Refuse(fault.Invalid, name, "null is no value here: leave it out")
		}
		reader := json.NewDecoder(strings.NewReader(string(text)))
		reader.DisallowUnknownFields()
		if err := reader.Decode(into.Field(i).Addr().Interface()); err != nil {
			return account.Refuse(fault.Invalid, name, "this is not of the type that it has, or holds something unknown")
		}
	}
	for name := range members {
		return account.Refuse(fault.Invalid, name, "there is no member %q", name)
	}
	return nil
}

// path returns what stands in the path for a name, unescaped; "" if it makes no
// sense.
func (c *call) path(name string) string {
	text, err := url.PathUnescape(c.r.PathValue(name))
	if err != nil {
		return ""
	}
	return text
}

// number returns the number that stands in the path for a name: of a job or
// delivery.
func (c *call) number(name string) (int64, error) {
	id, err := strconv.ParseInt(c.path(name), 10, 64)
	if err != nil || id <= 0 || id == math.MaxInt64 {
		return 0, fmt.Errorf("%s %q: %w", name, c.path(name), fault.NotFound)
	}
	return id, nil
}

// param returns the value of a parameter as read reads it; the zero value if it
// is not given.
func param[T any](c *call, name, like string, read func(string) (T, error)) (T, error) {
	var none T
	if !c.query.Has(name) {
		return none, nil
	}
	value, err := read(c.query.Get(name))
	if err != nil {
		return none, account.Refuse(fault.Invalid, name, "%q is not %s", c.query.Get(name), like)
	}
	return value, nil
}

// time returns an instant that is a parameter; the zero time if it is not given.
func (c *call) time(name string) (time.Time, error) {
	return param(c, name, "a time like 2026-12-31T12:00:00Z", func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
}

// flag returns a parameter that is true or false.
func (c *call) flag(name string) (bool, error) {
	return param(c, name, "true or false", func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fault.Invalid
		}
		return text == "true", nil
	})
}

// limit returns how many things of a list are wanted.
func (c *call) limit() (int, error) {
	n, err := param(c, "limit", fmt.Sprintf("a number from 1 to %d", maxPage), func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err == nil && (n < 1 || n > maxPage) {
			err = fault.Invalid
		}
		return n, err
	})
	if n == 0 {
		n = defaultPage
	}
	return n, err
}

// before returns the number that the cursor of a page stands for; 0 for the
// first page.
func (c *call) before() (int64, error) {
	return param(c, "cursor", "a cursor of this list", func(text string) (int64, error) {
		plain, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(string(plain), 36, 64)
		if err == nil && n <= 0 {
			err = fault.Invalid
		}
		return n, err
	})
}

// A list is a page of things.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"` // the cursor of what comes after; absent at the end
}

// listed returns all things, as they are shown.
func listed[T, U any](things []T, show func(T) U) list[U] {
	l := list[U]{Items: make([]U, len(things))}
	for i, thing := range things {
		l.Items[i] = show(thing)
	}
	return l
}

// paged returns the first of things, of which one more than limit was asked for.
func paged[T, U any](things []T, limit int, id func(T) int64, show func(T) U) list[U] {
	next := ""
	if len(things) > limit {
		things = things[:limit]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(id(things[limit-1]), 36)))
	}
	l := listed(things, show)
	l.Next = next
	return l
}

// maxSeconds is the longest time that a request may give: a hundred years.
const maxSeconds = 100 * 365 * 24 * 60 * 60

// seconds returns a time that a request gives in seconds.
func seconds(field string, n int64) (time.Duration, error) {
	if n < 0 || n > maxSeconds {
		return 0, account.Refuse(fault.Invalid, field, "a time is 0 to %d seconds", maxSeconds)
	}
	return time.Duration(n) * time.Second, nil
}

// milliseconds writes how long something took.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
