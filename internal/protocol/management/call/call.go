// Package call is what the requests of the management API have in common: who
// makes one, what it sends, how it is answered, and how failures are. The
// requests themselves stand in packages by their subject.
package call

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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

// MaxBody is how many bytes the body of a request may have.
const MaxBody = 1 << 20

// The sizes of a page.
const (
	defaultPage = 50
	maxPage     = 200
)

// A Call is one request, by somebody who may make it.
type Call struct {
	account.Actor
	App string // key of the app that it is about; empty for none

	Query url.Values // with parameters that its row has, each once
	ETag  string     // of the answer; empty for none
	At    string     // path below Root of what was made; empty for nothing

	r *http.Request
}

// admit returns the call of somebody who may make the request of a row.
func (g *Gate) admit(r *http.Request, row Row) (*Call, error) {
	actor, err := g.actor(r)
	if err != nil {
		return nil, err
	}
	c := &Call{Actor: actor, r: r}
	if c.App, err = url.PathUnescape(r.PathValue("app")); err != nil {
		return nil, fmt.Errorf("app %q: %w", r.PathValue("app"), fault.NotFound)
	}
	switch {
	case row.Own:
	case !actor.Scopes[row.Act]:
		return nil, &missing{row.Act}
	case !row.Any:
		err = actor.Check(row.Act, c.App)
	}
	if err != nil {
		return nil, err
	}
	if c.App != "" { // one that there is
		if _, err := g.manage.App(r.Context(), c.Whole(), c.App); err != nil {
			return nil, err
		}
		server.NoteCaller(r.Context(), c.App, "", "")
	}
	if c.Query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return nil, account.Refuse(fault.Invalid, "", "the query of the URL makes no sense")
	}
	for name, values := range c.Query {
		switch {
		case !slices.Contains(row.Query, name):
			return nil, account.Refuse(fault.Invalid, name, "there is no parameter %q", name)
		case len(values) > 1:
			return nil, account.Refuse(fault.Invalid, name, "the parameter is there twice")
		}
	}
	return c, nil
}

// actor returns whose token comes with a request.
func (g *Gate) actor(r *http.Request) (account.Actor, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return account.Actor{}, &unknown{}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return account.Actor{}, &unknown{why: "invalid_request"}
	}
	from := account.From{Address: server.Client(r.Context()).String(), Agent: r.UserAgent()}
	actor, err := g.accounts.ByToken(r.Context(), strings.TrimSpace(token), from)
	if errors.Is(err, fault.Denied) {
		return account.Actor{}, &unknown{why: "invalid_token"}
	}
	if err == nil && actor.Scopes == nil {
		err = errors.New("a token without bounds")
	}
	return actor, err
}

// Whole returns who makes the call without the bounds of the token's scopes: for
// what an answer shows of what the call has changed.
func (c *Call) Whole() account.Actor {
	may := c.Actor
	may.Scopes = nil
	return may
}

// Header returns all values of a header field.
func (c *Call) Header(name string) []string { return c.r.Header.Values(name) }

// answer does what a row does, and answers it.
func (c *Call) answer(w http.ResponseWriter, row Row) error {
	what, err := row.Do(c.r.Context(), c)
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
	Protect(h)
	if c.ETag != "" {
		h.Set("ETag", strconv.Quote(c.ETag))
	}
	if c.At != "" {
		h.Set("Location", Root+c.At)
	}
	if what == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(max(row.Status, http.StatusOK))
	w.Write(append(body, '\n')) // or the reader has gone
	return nil
}

// Protect sets the header of every answer: nothing of it is kept, or is a page.
func Protect(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// File returns the body of a call that is a file, the media type that came with it,
// and how many bytes are to come: negative if it does not say. The error is an
// *account.Refusal if the body is a form: what is in it would not be the file.
func (c *Call) File() (body io.Reader, media string, size int64, err error) {
	media = c.r.Header.Get("Content-Type")
	switch form, _, _ := mime.ParseMediaType(media); form {
	case "multipart/form-data", "application/x-www-form-urlencoded": // which curl says of any body, if nothing else is said
		return nil, "", 0, account.Refuse(fault.Unsupported, "", "send the file as it is, and its media type as Content-Type")
	}
	return c.r.Body, media, c.r.ContentLength, nil
}

// Read reads the body of a call into a struct: a JSON object, all of whose
// members it has.
func (c *Call) Read(into any) error {
	media, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return account.Refuse(fault.Unsupported, "", "send JSON, as Content-Type: application/json")
	}
	reader := json.NewDecoder(http.MaxBytesReader(nil, c.r.Body, MaxBody))
	var members map[string]json.RawMessage
	err = reader.Decode(&members)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return account.Refuse(fault.TooLarge, "", "the body has more than %d bytes", MaxBody)
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
	if len(members) > 0 {
		name := slices.Min(slices.Collect(maps.Keys(members)))
		return account.Refuse(fault.Invalid, name, "there is no member %q", name)
	}
	return nil
}

// Path returns what stands in the path for a name, unescaped; "" if it makes no
// sense.
func (c *Call) Path(name string) string {
	text, err := url.PathUnescape(c.r.PathValue(name))
	if err != nil {
		return ""
	}
	return text
}

// Number returns the number that stands in the path for a name: of a job or
// delivery.
func (c *Call) Number(name string) (int64, error) {
	id, err := strconv.ParseInt(c.Path(name), 10, 64)
	if err != nil || id <= 0 || id == math.MaxInt64 {
		return 0, fmt.Errorf("%s %q: %w", name, c.Path(name), fault.NotFound)
	}
	return id, nil
}

// Param returns the value of a parameter as read reads it; the zero value if it
// is not given.
func Param[T any](c *Call, name, like string, read func(string) (T, error)) (T, error) {
	var none T
	if !c.Query.Has(name) {
		return none, nil
	}
	value, err := read(c.Query.Get(name))
	if err != nil {
		return none, account.Refuse(fault.Invalid, name, "%q is not %s", c.Query.Get(name), like)
	}
	return value, nil
}

// Time returns an instant that is a parameter; the zero time if it is not given.
func (c *Call) Time(name string) (time.Time, error) {
	return Param(c, name, "a time like 2026-12-31T12:00:00Z", func(text string) (time.Time, error) { return time.Parse(time.RFC3339, text) })
}

// Flag returns a parameter that is true or false.
func (c *Call) Flag(name string) (bool, error) {
	return Param(c, name, "true or false", func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fault.Invalid
		}
		return text == "true", nil
	})
}

// Limit returns how many things of a list are wanted.
func (c *Call) Limit() (int, error) {
	n, err := Param(c, "limit", fmt.Sprintf("a number from 1 to %d", maxPage), func(text string) (int, error) {
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

// MaxSeconds is the longest time that a request may give: a hundred years.
const MaxSeconds = 100 * 365 * 24 * 60 * 60

// Seconds returns a time that a request gives in seconds.
func Seconds(field string, n int64) (time.Duration, error) {
	if n < 0 || n > MaxSeconds {
		return 0, account.Refuse(fault.Invalid, field, "a time is 0 to %d seconds", MaxSeconds)
	}
	return time.Duration(n) * time.Second, nil
}

// Milliseconds writes how long something took.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
