package files

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// A filter is which files are asked for, as it is typed.
type filter struct {
	Name, Type, Tag, Folder, Container, Source string
	MinSize, MaxSize, From, Until              string
	Trash                                      bool
	Order                                      string
	Field, Wrong                               string
}

// WrongIn says why a field was not accepted.
func (f filter) WrongIn(name string) string {
	if f.Field == name {
		return f.Wrong
	}
	return ""
}

// A choice is an option of a select.
type choice struct{ Value, Name string }

// Types are the types that are offered, and the one asked for.
func (f filter) Types() []choice {
	offered := []choice{{"", "any"}, {"image/*", "pictures"}, {"video/*", "videos"}, {"audio/*", "sound"}, {"application/pdf", "PDF documents"}, {"text/*", "text"}}
	for _, c := range offered {
		if c.Value == f.Type {
			return offered
		}
	}
	return append(offered, choice{f.Type, f.Type})
}

// Orders are the orders that are offered.
func (filter) Orders() []choice {
	return []choice{{"", "newest first"}, {"oldest", "oldest first"}, {"name", "name"}, {"largest", "largest first"}, {"smallest", "smallest first"}}
}

// Deep says whether a condition is set that is not needed often.
func (f filter) Deep() bool {
	f.Name, f.Type, f.Trash, f.Order = "", "", false, ""
	return f != filter{}
}

// Any says whether a condition is set at all.
func (f filter) Any() bool {
	f.Trash, f.Order = false, ""
	return f != filter{}
}

func filterOf(value func(string) string) filter {
	text := func(name string) string { return strings.TrimSpace(value(name)) }
	return filter{Name: text("name"), Type: text("type"), Tag: text("tag"), Folder: text("folder"), Container: text("container"), Source: text("source"),
		MinSize: text("min_size"), MaxSize: text("max_size"), From: text("from"), Until: text("until"), Trash: text("trash") != "", Order: text("order")}
}

// values returns the filter as it stands in a URL.
func (f filter) values() url.Values {
	values := url.Values{}
	for name, text := range map[string]string{"name": f.Name, "type": f.Type, "tag": f.Tag, "folder": f.Folder, "container": f.Container, "source": f.Source,
		"min_size": f.MinSize, "max_size": f.MaxSize, "from": f.From, "until": f.Until, "order": f.Order} {
		if text != "" {
			values.Set(name, text)
		}
	}
	if f.Trash {
		values.Set("trash", "on")
	}
	return values
}

// query returns what is asked for. The error is an *account.Refusal.
func (f filter) query() (library.Query, error) {
	q := library.Query{Name: f.Name, Type: f.Type, Folder: f.Folder, Container: f.Container, Client: f.Source, Trashed: f.Trash, Descending: true}
	q.Tag, q.Value, _ = strings.Cut(f.Tag, "=")
	if q.Tag = strings.TrimSpace(q.Tag); q.Tag == "" && q.Value != "" {
		return q, account.Refuse(fault.Invalid, "tag", "write the name of a tag, or name=value")
	}
	q.Value = strings.TrimSpace(q.Value)
	var err error
	for name, one := range map[string]struct {
		text string
		into *int64
	}{"min_size": {f.MinSize, &q.MinSize}, "max_size": {f.MaxSize, &q.MaxSize}} {
		if *one.into, err = frame.ParseSize(one.text); err != nil {
			return q, account.Refuse(fault.Invalid, name, "write a size like 5 MB, or leave it empty")
		}
	}
	for name, one := range map[string]struct {
		text string
		into *time.Time
	}{"from": {f.From, &q.From}, "until": {f.Until, &q.Until}} {
		if one.text == "" {
			continue
		}
		if *one.into, err = time.Parse(time.DateOnly, one.text); err != nil {
			return q, account.Refuse(fault.Invalid, name, "write a day like 2026-12-31, or leave it empty")
		}
	}
	if !q.Until.IsZero() {
		q.Until = q.Until.AddDate(0, 0, 1) // that day belongs to it
	}
	switch f.Order {
	case "oldest":
		q.Descending = false
	case "name":
		q.Order, q.Descending = library.ByName, false
	case "largest", "smallest":
		q.Order, q.Descending = library.BySize, f.Order == "largest"
	}
	return q, nil
}

// A list is what the page shows.
type list struct {
	Filter         filter
	Files          []listed
	Total          string
	Next, Previous string // URLs; empty for none
	Partial        bool
	Query          string     // of this page's URL
	Undo           []asset.ID // files that were just deleted
	keeping
	Problem string // why there are no pictures
}

// A listed is a file in it.
type listed struct {
	library.File
	Link, Picture string
}

func (p *Pages) listPage(ctx context.Context, v *frame.Visit) error {
	shown := list{Filter: filterOf(v.Value), keeping: keeping{p.Desk.Keeps()}, Undo: idsOf(strings.Fields(v.Value("undo")))}
	q, err := shown.Filter.query()
	if err != nil {
		var text string
		shown.Filter.Field, text = frame.Refused(err)
		shown.Filter.Wrong = text
		return p.Again(v, "files", "Files", "Nothing was searched for: see below.", shown)
	}
	q.Cursor = v.Value("cursor")
	page, err := p.Desk.List(ctx, v.Actor, v.App.Key, q)
	if err != nil {
		return err
	}
	count, err := p.Desk.Count(ctx, v.Actor, v.App.Key, q)
	if err != nil {
		return err
	}
	values := shown.Filter.values()
	shown.Partial, shown.Total = page.Partial, total(count)
	shown.Next, shown.Previous = turn(v, values, page.Next), turn(v, values, page.Previous)
	if q.Cursor != "" {
		values.Set("cursor", q.Cursor)
	}
	shown.Query = values.Encode()
	ids := make([]asset.ID, len(page.Files))
	for i, f := range page.Files {
		ids[i] = f.ID
	}
	signed, why, err := p.look(ctx, v, ids...)
	if err != nil {
		return err
	}
	shown.Problem = why
	for i, f := range page.Files {
		picture, err := p.picture(f, listSide, signed[i].Credential)
		if err != nil {
			return err
		}
		shown.Files = append(shown.Files, listed{f, link(v, f.ID), picture})
	}
	return p.Show(v, "files", "Files", shown)
}

// turn returns the URL of another page of the list.
func turn(v *frame.Visit, values url.Values, cursor string) string {
	if cursor == "" {
		return ""
	}
	values.Set("cursor", cursor)
	defer values.Del("cursor")
	return v.Link("/files?" + values.Encode())
}

func total(c library.Count) string {
	switch {
	case c.More:
		return fmt.Sprintf("more than %s files", frame.Count(int64(c.N)))
	case c.N == 1:
		return "1 file"
	}
	return frame.Count(int64(c.N)) + " files"
}

// idsOf returns those of the texts that can be the ID of a file.
func idsOf(texts []string) (ids []asset.ID) {
	for _, text := range texts {
		if id, err := asset.ParseID(text); err == nil && len(ids) < library.MaxPage {
			ids = append(ids, id)
		}
	}
	return ids
}

// bulk does one thing to all files whose boxes are ticked.
func (p *Pages) bulk(ctx context.Context, v *frame.Visit) error {
	back, err := url.ParseQuery(v.Value("back"))
	if err != nil {
		back = url.Values{}
	}
	values := filterOf(back.Get).values()
	if cursor := back.Get("cursor"); cursor != "" {
		values.Set("cursor", cursor)
	}
	ids := idsOf(v.Values("file"))
	to := func(text string) error { return v.Done(v.Link("/files?"+values.Encode()), text) }
	if len(ids) == 0 {
		return to("No file was ticked, so nothing was done.")
	}
	var each []error
	var done string
	switch action := v.Value("action"); action {
	case "trash":
		each, err = p.Desk.Trash(ctx, v.Actor, v.App.Key, ids)
		if done = "deleted"; p.Desk.Keeps() > 0 {
			values.Set("undo", joined(ids, each))
		}
	case "erase":
		each, err = p.Desk.Erase(ctx, v.Actor, v.App.Key, ids)
		done = "deleted for good"
	case "restore":
		each, err = p.Desk.Restore(ctx, v.Actor, v.App.Key, ids)
		done = "restored"
	case "tag":
		name, value, _ := strings.Cut(v.Value("new_tag"), "=")
		if name = strings.TrimSpace(name); name == "" {
			return to("The tag had no name, so nothing was done. Write it like season=summer.")
		}
		each, err = p.Desk.Tag(ctx, v.Actor, v.App.Key, ids, name, strings.TrimSpace(value))
		if kind := fault.Of(err); err != nil && (kind == fault.TooLarge || kind == fault.Invalid) {
			return to(fmt.Sprintf("Nothing was done: the name of a tag has up to %d characters and its value %d, on one line.", library.MaxTagName, library.MaxTagValue))
		}
		done = "tagged"
	default:
		return fmt.Errorf("bulk action %q: %w", action, fault.Invalid)
	}
	if err != nil {
		return err
	}
	return to(outcome(each, done))
}

// joined returns the IDs of the files that something was done to.
func joined(ids []asset.ID, each []error) string {
	var done []string
	for i, err := range each {
		if err == nil {
			done = append(done, string(ids[i]))
		}
	}
	return strings.Join(done, " ")
}

// outcome says how many were done, and why others were not.
func outcome(each []error, done string) string {
	n, gone, full := 0, 0, 0
	for _, err := range each {
		switch fault.Of(err) {
		case fault.NotFound:
			gone++
		case fault.TooLarge:
			full++
		default:
			n++
		}
	}
	text := fmt.Sprintf("%d files are %s.", n, done)
	if n == 1 {
		text = fmt.Sprintf("1 file is %s.", done)
	}
	if gone > 0 {
		text += fmt.Sprintf(" %d are not there any more.", gone)
	}
	if full > 0 {
		text += fmt.Sprintf(" %d have %d other tags already.", full, library.MaxTags)
	}
	return text
}
