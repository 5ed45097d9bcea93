package rest

import (
	"context"
	"net/url"
	"strconv"

	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/search"
)

// The limits of what is found. Uploadcare documentation: "File search".
const (
	defaultFound = 20
	maxFound     = 100  // on a page
	maxWindow    = 1000 // offset and limit together stay below it
)

// maxLooked is how many files one search looks at of those that meet the
// conditions which the records answer by themselves.
const maxLooked = 20_000

// A finding is a file that was found, and why.
type finding struct {
	fileObject
	Highlight map[string][]string `json:"highlight"`
}

// search answers POST /files/search/.
func (a *API) search(ctx context.Context, c *call.Call) (call.Reply, error) {
	if err := c.NeedJSON(); err != nil {
		return call.Reply{}, err
	}
	limit, offset, err := window(c)
	if err != nil {
		return call.Reply{}, err
	}
	s, err := search.Read(c.Body)
	if err != nil {
		return call.Reply{}, err
	}
	found, err := a.found(ctx, c, s)
	if err != nil {
		return call.Reply{}, err
	}
	out := call.List{PerPage: limit, Total: int64(len(found))}
	results := []finding{}
	for _, f := range found[min(offset, len(found)):min(offset+limit, len(found))] {
		results = append(results, finding{a.describe(c, f), s.Highlight(f)})
	}
	out.Results = results
	if offset+limit < len(found) && offset+2*limit < maxWindow {
		out.Next = a.windowLink(c, limit, offset+limit)
	}
	if offset > 0 {
		out.Previous = a.windowLink(c, limit, max(0, offset-limit))
	}
	return call.Reply{Body: out}, nil
}

// window reads which part of what is found is wanted.
func window(c *call.Call) (limit, offset int, err error) {
	q := c.Request.URL.Query()
	limit = defaultFound
	if text := q.Get("limit"); text != "" {
		if limit, err = call.Number("limit", text, 1, maxFound); err != nil {
			return 0, 0, err
		}
	}
	if text := q.Get("offset"); text != "" {
		if offset, err = call.Number("offset", text, 0, maxWindow); err != nil {
			return 0, 0, err
		}
	}
	if offset+limit >= maxWindow {
		return 0, 0, call.Wrong("offset", "Offset and limit together must be less than %d.", maxWindow)
	}
	return limit, offset, nil
}

func (a *API) windowLink(c *call.Call, limit, offset int) *string {
	q := url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}}
	if text := c.Request.URL.Query().Get("include"); text != "" {
		q.Set("include", text)
	}
	address := c.Base(a.Place.API) + c.Request.URL.EscapedPath() + "?" + q.Encode()
	return &address
}

// found returns up to maxWindow files of what s looks for, in its order.
func (a *API) found(ctx context.Context, c *call.Call, s *search.Search) ([]library.File, error) {
	if s.Impossible() {
		return nil, nil
	}
	var found []library.File
	q := s.Query()
	q.Limit = library.MaxList
	for more := true; more && q.Offset < maxLooked; q.Offset += q.Limit {
		page, err := a.Library.Files(ctx, c.Grant, q)
		if err != nil {
			return nil, err
		}
		more = page.Next != ""
		for _, f := range page.Files {
			if n := len(found); n >= maxWindow && !s.Tied(found[n-1], f) {
				more = false
				break
			}
			if s.Matches(f) {
				found = append(found, f)
			}
		}
	}
	s.Sort(found)
	return found[:min(len(found), maxWindow)], nil
}
