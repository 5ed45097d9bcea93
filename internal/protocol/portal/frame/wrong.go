package frame

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// wrong is the class of what a page says of one field of a form.
const wrong = "field__wrong"

// problem is the ID of what a page says of a form as a whole.
const problem = "problem"

// tie ties what a page says of the fields of a form to them, so that screen readers
// say it there: within each element of the class "field", the first control that
// people fill in is invalid, and described by the text of the class "field__wrong".
// In a fieldset it describes the whole. The control whose ID is named is described
// by what is said of the form, if nothing is said beside it. All else of the page
// stays byte by byte.
//
// Here, and not in each template, because one that forgot it would look the same.
func tie(page []byte, named string) []byte {
	if named == "" && !bytes.Contains(page, []byte(wrong)) {
		return page
	}
	var (
		out   [][]byte
		field string // the element that is a field, while there is one
		about *control
		alone *control // the one that is named, until something is said beside it
	)
	for z := html.NewTokenizer(bytes.NewReader(page)); z.Next() != html.ErrorToken; {
		raw := slices.Clone(z.Raw())
		t := z.Token()
		start := t.Type == html.StartTagToken || t.Type == html.SelfClosingTagToken
		class := strings.Fields(attribute(t, "class"))
		if start && named != "" && attribute(t, "id") == named {
			alone = &control{t, len(out)}
		}
		switch {
		case t.Type == html.EndTagToken && t.Data == field:
			field, about = "", nil
		case start && field == "" && slices.Contains(class, "field"):
			if field = t.Data; field == "fieldset" {
				about = &control{t, len(out)}
			}
		case start && field != "" && about == nil && filledIn(t):
			about = &control{t, len(out)}
		case start && about != nil && slices.Contains(class, wrong):
			id := cmp.Or(attribute(about.tag, "id"), "field-"+strconv.Itoa(about.at)) + "-wrong"
			set(&t, "id", id)
			raw = []byte(t.String())
			out[about.at] = about.describedBy(id)
			if alone != nil && alone.at == about.at {
				alone, named = nil, ""
			}
		}
		out = append(out, raw)
	}
	if alone != nil && filledIn(alone.tag) {
		out[alone.at] = alone.describedBy(problem)
	}
	return bytes.Join(out, nil)
}

// A control is one of a form, or a group of them.
type control struct {
	tag html.Token // that it begins with
	at  int        // how many tokens are before that
}

// describedBy returns the tag of a control that is wrong, as the element says that
// has the ID.
func (c *control) describedBy(id string) []byte {
	set(&c.tag, "aria-describedby", strings.TrimSpace(attribute(c.tag, "aria-describedby")+" "+id))
	if c.tag.Data != "fieldset" { // a group is never invalid
		set(&c.tag, "aria-invalid", "true")
	}
	return []byte(c.tag.String())
}

// filledIn says whether a tag begins a control that people fill in.
func filledIn(t html.Token) bool {
	return t.Data == "select" || t.Data == "textarea" || t.Data == "input" && attribute(t, "type") != "hidden"
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func set(t *html.Token, name, value string) {
	for i, a := range t.Attr {
		if a.Key == name {
			t.Attr[i].Val = value
			return
		}
	}
	t.Attr = append(t.Attr, html.Attribute{Key: name, Val: value})
}
