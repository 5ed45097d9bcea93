package call

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// Sizes of pages. Uploadcare documentation: "REST API", "List of files".
const (
	defaultPage = 100
	maxPage     = library.MaxList
)

// A Page says which part of a list is wanted: of what is in the order of time,
// either way, what comes after from or before to, but neither itself.
type Page struct {
	Limit, Offset int
	Descending    bool
	From, To      time.Time // zero if not given
}

// ReadPage reads the parameters of a list that is ordered by the member of that
// name.
func ReadPage(c *Call, order string) (Page, error) {
	q := c.Request.URL.Query()
	p := Page{Limit: defaultPage}
	var err error
	if text := q.Get("limit"); text != "" {
		if p.Limit, err = Number("limit", text, 1, maxPage); err != nil {
			return p, err
		}
	}
	if text := q.Get("offset"); text != "" {
		if p.Offset, err = Number("offset", text, 0, maxOffset); err != nil {
			return p, err
		}
	}
	switch text := q.Get("ordering"); text {
	case "", order:
	case "-" + order:
		p.Descending = true
	default:
		return p, Wrong("ordering", "%q is not a valid choice.", text)
	}
	for name, at := range map[string]*time.Time{"from": &p.From, "to": &p.To} {
		if text := q.Get(name); text != "" {
			if *at, err = ParseTime(text); err != nil {
				return p, Wrong(name, "Datetime has wrong format.")
			}
		}
	}
	return p, nil
}

// maxOffset is how many items of a list may be passed over.
const maxOffset = 1 << 31

// Number reads a whole number that is least to most.
func Number(field, text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, Wrong(field, "A valid integer is required.")
	case n < least:
		return 0, Wrong(field, "Ensure this value is greater than or equal to %d.", least)
	case n > most:
		return 0, Wrong(field, "Ensure this value is less than or equal to %d.", most)
	}
	return n, nil
}

// Bounds returns what the list is to lie between, each exclusive and zero for
// none, and whether it is to be read the other way round: a page that is only
// said to be before to is the last one that is, so it is read from its end.
func (p Page) Bounds() (after, before time.Time, descending, backwards bool) {
	after, before, descending = p.From, p.To, p.Descending
	if p.Descending {
		after, before = before, after
	}
	if backwards = p.From.IsZero() && !p.To.IsZero(); backwards {
		descending = !descending
	}
	return after, before, descending, backwards
}

// Link returns the address, in the API at api, of the page that lies beyond at,
// for which the parameter is called name. Otherwise it has the query of the call.
// Source: answers recorded by pyuploadcare, tests/functional/cassettes.
func (c *Call) Link(api, name string, at time.Time) *string {
	var kept []string
	for part := range strings.SplitSeq(c.Request.URL.RawQuery, "&") {
		switch key, _, _ := strings.Cut(part, "="); key {
		case "", "from", "to", "offset":
		default:
			kept = append(kept, part)
		}
	}
	date := at.UTC().Format("2006-01-02T15:04:05.000000") + "+00:00"
	kept = append(kept, name+"="+url.QueryEscape(date), "offset=0")
	address := c.Base(api) + c.Request.URL.EscapedPath() + "?" + strings.Join(kept, "&")
	return &address
}

// vendor is the host that uploadcare-go talks to, whatever it was pointed at: it
// follows links to no other.
// Source: uploadcare-go, internal/config and ucare.
const vendor = "api.uploadcare.com"

// Base returns the address of the API at api, as the call has it. No other host
// than its own or vendor gets into links, whatever a request says.
func (c *Call) Base(api string) string {
	if c.Request.Host == vendor {
		return "https://" + vendor
	}
	return api
}

// A List is an answer with one page.
type List struct {
	Next     *string `json:"next"`
	Previous *string `json:"previous"`
	Total    int64   `json:"total"`
	Totals   *Totals `json:"totals,omitempty"` // of files, and not of a search
	PerPage  int     `json:"per_page"`
	Results  any     `json:"results"`
}

// Totals are how many files a project has.
type Totals struct {
	Removed  int64 `json:"removed"`
	Stored   int64 `json:"stored"`
	Unstored int64 `json:"unstored"`
}

// Flag reads a parameter that is true or false; nil if it is not there.
func (c *Call) Flag(name string) (*bool, error) {
	var yes bool
	switch text := c.Request.URL.Query().Get(name); strings.ToLower(text) {
	case "":
		return nil, nil
	case "true", "1":
		yes = true
	case "false", "0":
	default:
		return nil, Wrong(name, "%q is not a valid choice.", text)
	}
	return &yes, nil
}

// layouts of dates in requests: with a zone, and as uploadcare-go writes them.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02"}

// ParseTime reads a date of a request; without a zone it is in UTC.
func ParseTime(text string) (time.Time, error) {
	text = strings.ReplaceAll(text, " ", "+") // which a query may make of the zone's sign
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no date: %w", text, fault.Invalid)
}
