package files

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// A one is what the page of a file shows.
type one struct {
	library.File
	Link   string
	SHA256 string

	Picture  string // address of a picture of it, or ""
	Page     string // address of the page that shows it, or "" if it cannot be shown
	Download string
	Forms    []form
	Until    time.Time // when the signed addresses expire
	Problem  string    // why there are none

	Label labels
	Try   trial

	keeping
	Gone time.Time // when it leaves the trash
}

// A form is one way to write an address.
type form struct{ Name, Open, Signed string }

// Labels are what a file is called, as they are typed.
type labels struct {
	Name, Alt, Tags string // tags one a line
	Field, Wrong    string
}

// WrongIn says why a field was not accepted.
func (l labels) WrongIn(name string) string {
	if l.Field == name {
		return l.Wrong
	}
	return ""
}

// A trial is a transformation that is tried, and what came of it.
type trial struct {
	Fields       map[string]string
	Tasks        string
	Open, Signed string // addresses
	Wrong        string
}

// Asked says whether something was tried.
func (t trial) Asked() bool { return t.Tasks != "" || t.Wrong != "" }

// Fits, Turns and Formats are what is offered.
func (trial) Fits() []choice {
	return []choice{{"", "within the box"}, {"crop", "fill it, and cut"}, {"scale", "fill it, and distort"}, {"max", "within it, never larger"}}
}

// Turns are angles, clockwise.
func (trial) Turns() []choice {
	return []choice{{"", "not"}, {"90", "90°"}, {"180", "180°"}, {"270", "270°"}, {"exif", "upright, as the camera says"}}
}

// Formats are those that pictures are written in.
func (trial) Formats() []choice {
	return []choice{{"", "as it is"}, {"jpg", "JPEG"}, {"png", "PNG"}, {"webp", "WebP"}, {"avif", "AVIF"}, {"gif", "GIF"}}
}

// Plays says whether the viewer's page shows the file.
func (o one) Plays() bool {
	return strings.HasPrefix(o.Detected, "audio/") || strings.HasPrefix(o.Detected, "video/") || strings.HasPrefix(o.Detected, "text/") ||
		o.Detected == "application/pdf" || o.Detected == "application/json"
}

// Transforms says whether pictures can be made of the file.
func (o one) Transforms() bool { return o.Trashed.IsZero() && pictured(o.Detected) }

// file returns the file that the path names. That of another app is not there.
func (p *Pages) file(ctx context.Context, v *frame.Visit) (library.File, error) {
	id, err := asset.ParseID(v.Path("file"))
	if err != nil {
		return library.File{}, err
	}
	return p.Desk.File(ctx, v.Actor, v.App.Key, id)
}

// view returns the page of a file as it is.
func (p *Pages) view(ctx context.Context, v *frame.Visit, f library.File) (one, error) {
	shown := one{File: f, Link: link(v, f.ID), SHA256: hex.EncodeToString(f.Content.SHA256[:]), keeping: keeping{p.Desk.Keeps()}}
	shown.Label = labels{Name: f.Name, Alt: f.Alt, Tags: tagLines(f.Tags)}
	if !f.Trashed.IsZero() {
		shown.Gone = f.Trashed.Add(shown.Keeps)
		return shown, nil
	}
	signed, why, err := p.look(ctx, v, f.ID)
	if err != nil {
		return shown, err
	}
	c := signed[0].Credential
	shown.Problem, shown.Until = why, signed[0].Expires
	if why == "" {
		if shown.Picture, err = p.picture(f, pageSide, c); err != nil {
			return shown, err
		}
		shown.Page, shown.Download = p.Addresses.Page(f.ID, c), p.Addresses.Download(f.ID, c)
	}
	open := maps.Collect(p.Addresses.Forms(f.ID, policy.Credential{}))
	for name, address := range p.Addresses.Forms(f.ID, c) {
		with := ""
		if why == "" {
			with = address
		}
		shown.Forms = append(shown.Forms, form{name, open[name], with})
	}
	shown.Try, err = p.try(v, f.ID, c)
	return shown, err
}

// try returns what the form asks to be made of a file.
func (p *Pages) try(v *frame.Visit, id asset.ID, c policy.Credential) (trial, error) {
	t := trial{Fields: map[string]string{}}
	for _, name := range []string{"crop", "width", "height", "fit", "rotate", "format", "quality", "tasks"} {
		t.Fields[name] = strings.TrimSpace(v.Value(name))
	}
	var err error
	t.Tasks, err = p.Addresses.Tasks(t.Fields)
	if _, text := frame.Refused(err); text != "" {
		t.Wrong = text
		return t, nil
	}
	if err == nil && t.Tasks != "" {
		t.Open, t.Signed = p.Addresses.File(id, t.Tasks, policy.Credential{}), p.Addresses.File(id, t.Tasks, c)
	}
	return t, err
}

func (p *Pages) filePage(ctx context.Context, v *frame.Visit) error {
	f, err := p.file(ctx, v)
	if err != nil {
		return err
	}
	shown, err := p.view(ctx, v, f)
	if err != nil {
		return err
	}
	return p.Show(v, "files-one", f.Name, shown)
}

// again shows the page of a file with a form that was not accepted.
func (p *Pages) again(ctx context.Context, v *frame.Visit, f library.File, problem string, change func(*one)) error {
	shown, err := p.view(ctx, v, f)
	if err != nil {
		return err
	}
	change(&shown)
	return p.Again(v, "files-one", f.Name, problem, shown)
}

// label changes what a file is called.
func (p *Pages) label(ctx context.Context, v *frame.Visit) error {
	f, err := p.file(ctx, v)
	if err != nil {
		return err
	}
	l := labels{Name: v.Value("name"), Alt: v.Value("alt"), Tags: v.Value("tags")}
	tags, err := parseTags(l.Tags)
	if err == nil {
		_, err = p.Desk.Label(ctx, v.Actor, v.App.Key, f.ID, library.Change{Name: &l.Name, Alt: &l.Alt, Tags: tags})
	}
	var text string
	switch kind := fault.Of(err); {
	case err == nil:
		return v.Done(link(v, f.ID), "Saved.")
	case kind == fault.TooLarge:
		text = fmt.Sprintf("There are up to %d tags, their names have up to %d characters and their values %d; a description has up to %d.",
			library.MaxTags, library.MaxTagName, library.MaxTagValue, library.MaxAlt)
	case kind == fault.Invalid:
		if l.Field, text = v.Refused(err); text == "" {
			text = "There is a character in it that cannot be kept, such as a tab."
		}
	default:
		return err
	}
	l.Wrong = text
	return p.again(ctx, v, f, "Nothing was saved. "+text, func(o *one) { o.Label = l })
}

// tagLines writes tags for a form, one a line.
func tagLines(tags map[string]string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		lines = append(lines, name+"="+tags[name])
	}
	return strings.Join(lines, "\n")
}

// parseTags is the inverse of tagLines. The error is an *account.Refusal.
func parseTags(text string) (map[string]string, error) {
	tags := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if _, twice := tags[name]; twice {
			return nil, account.Refuse(fault.Invalid, "tags", "the tag %s is there twice", name)
		}
		switch {
		case name != "":
			tags[name] = value
		case value != "":
			return nil, account.Refuse(fault.Invalid, "tags", "a tag has no name: write name=value")
		}
	}
	return tags, nil
}

// trash deletes a file, so that it can be taken back where the server keeps it.
func (p *Pages) trash(ctx context.Context, v *frame.Visit) error {
	f, err := p.file(ctx, v)
	if err != nil {
		return err
	}
	do := p.Desk.Trash
	if !f.Trashed.IsZero() {
		do = p.Desk.Erase
	}
	if each, err := do(ctx, v.Actor, v.App.Key, []asset.ID{f.ID}); err != nil || each[0] != nil {
		return first(err, each)
	}
	if p.Desk.Keeps() == 0 || !f.Trashed.IsZero() {
		return v.Done(v.Link("/files"), "The file is deleted for good.")
	}
	return v.Done(link(v, f.ID), "The file is deleted: nobody can reach it any more.")
}

// restore takes that back.
func (p *Pages) restore(ctx context.Context, v *frame.Visit) error {
	f, err := p.file(ctx, v)
	if err != nil {
		return err
	}
	if each, err := p.Desk.Restore(ctx, v.Actor, v.App.Key, []asset.ID{f.ID}); err != nil || each[0] != nil {
		return first(err, each)
	}
	return v.Done(link(v, f.ID), "The file is back.")
}

// first returns what went wrong.
func first(err error, each []error) error {
	if err == nil {
		err = each[0]
	}
	return err
}
