package library

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
)

// The limits of what is changed here, in characters but for MaxTags.
const (
	MaxTags     = 50
	MaxTagName  = 64
	MaxTagValue = 512
	MaxAlt      = 1024
)

// A Change says what is new about a file; nil leaves it as it is.
type Change struct {
	Name  *string           // cleaned by asset.CleanName
	Alt   *string           // the picture in words
	Tags  map[string]string // all of them; empty but not nil for none
	Unset []string          // names of tags that it loses
	Add   map[string]string // tags that it gets besides those it has

	Labels    *[]string // all of them, as asset.NormalLabels has them
	Unlabel   []string  // labels that it loses
	AddLabels []string  // labels that it gets besides those it has then
}

// Label changes what a file is called, tagged and labelled with; its content,
// version and variants stay. What is no change leaves no trace. The error wraps
// fault.NotFound if app has no such file, fault.TooLarge for too much text or too
// many of them, and fault.Invalid for text that is no UTF-8 or holds control
// characters, and for labels that asset.NormalLabels refuses.
func (d *Desk) Label(ctx context.Context, who account.Actor, app string, id asset.ID, c Change) (asset.Asset, error) {
	if err := who.Check(account.ChangeFiles, app); err != nil {
		return asset.Asset{}, fmt.Errorf("label file: %w", err)
	}
	c, err := c.checked()
	if err != nil {
		return asset.Asset{}, fmt.Errorf("label file: %w", err)
	}
	return d.files.LabelAsset(context.WithoutCancel(ctx), app, id, c.apply, who.Entry("file.label", app, "", c.detail()))
}

// Tag gives files a tag besides those they have, or another value of one. It
// answers like Trash; the error of a file that has MaxTags others wraps
// fault.TooLarge. Each file is a transaction of its own.
func (d *Desk) Tag(ctx context.Context, who account.Actor, app string, ids []asset.ID, name, value string) ([]error, error) {
	if err := allowed(who, app, ids); err != nil {
		return nil, fmt.Errorf("tag files: %w", err)
	}
	change, err := Change{Add: map[string]string{name: value}}.checked()
	if err != nil {
		return nil, fmt.Errorf("tag files: %w", err)
	}
	each := make([]error, len(ids))
	for i, id := range ids {
		_, each[i] = d.Label(ctx, who, app, id, change)
		if kind := fault.Of(each[i]); each[i] != nil && kind != fault.NotFound && kind != fault.TooLarge {
			return nil, each[i]
		}
	}
	return each, nil
}

// apply changes a. The error wraps fault.TooLarge if it has too many tags or
// labels then.
func (c Change) apply(a *asset.Asset) error {
	if c.Name != nil {
		a.Name = asset.CleanName(*c.Name)
	}
	if c.Alt != nil {
		a.Alt = *c.Alt
	}
	if c.Tags != nil {
		a.Tags = c.Tags
	}
	if len(c.Unset)+len(c.Add) > 0 {
		tags := map[string]string{} // a's own are shared with others
		maps.Copy(tags, a.Tags)
		for _, name := range c.Unset {
			delete(tags, name)
		}
		maps.Copy(tags, c.Add)
		if len(c.Add) > 0 && len(tags) > MaxTags {
			return tooManyTags(len(tags))
		}
		a.Tags = tags
	}
	if c.Labels != nil {
		a.Labels = *c.Labels
	}
	labels := slices.DeleteFunc(slices.Clone(a.Labels), func(l string) bool { return slices.Contains(c.Unlabel, l) })
	var err error
	a.Labels, err = asset.NormalLabels(append(labels, c.AddLabels...))
	return err
}

// checked returns c with its labels made normal.
func (c Change) checked() (Change, error) {
	errs := []error{checkTags(c.Tags), checkTags(c.Add)}
	if c.Alt != nil {
		errs = append(errs, checkText("description", *c.Alt, MaxAlt))
	}
	normal := func(labels []string) []string {
		labels, err := asset.NormalLabels(labels)
		errs = append(errs, err)
		return labels
	}
	if c.Labels != nil {
		all := normal(*c.Labels)
		c.Labels = &all
	}
	c.Unlabel, c.AddLabels = normal(c.Unlabel), normal(c.AddLabels)
	return c, errors.Join(errs...)
}

func checkTags(tags map[string]string) error {
	if len(tags) > MaxTags {
		return tooManyTags(len(tags))
	}
	for name, value := range tags {
		if name == "" {
			return fmt.Errorf("a tag without a name: %w", fault.Invalid)
		}
		if err := checkText("tag's name", name, MaxTagName); err != nil {
			return err
		}
		if err := checkText("tag's value", value, MaxTagValue); err != nil {
			return err
		}
	}
	return nil
}

func tooManyTags(n int) error {
	return fmt.Errorf("%d tags are more than %d: %w", n, MaxTags, fault.TooLarge)
}

func checkText(what, text string, limit int) error {
	switch {
	case utf8.RuneCountInString(text) > limit:
		return fmt.Errorf("%s of %d characters, more than %d: %w", what, utf8.RuneCountInString(text), limit, fault.TooLarge)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("%s that is no UTF-8 or holds control characters: %w", what, fault.Invalid)
	}
	return nil
}

// detail is what the audit log says.
func (c Change) detail() map[string]string {
	detail := make(map[string]string)
	if c.Name != nil {
		detail["name"] = asset.CleanName(*c.Name)
	}
	if c.Alt != nil {
		detail["alt"] = *c.Alt
	}
	if c.Tags != nil {
		detail["tags"] = listTags(c.Tags)
	}
	if c.Add != nil {
		detail["added tags"] = listTags(c.Add)
	}
	if c.Unset != nil {
		detail["removed tags"] = strings.Join(c.Unset, ", ")
	}
	if c.Labels != nil {
		detail["labels"] = strings.Join(*c.Labels, ", ")
	}
	if c.AddLabels != nil {
		detail["added labels"] = strings.Join(c.AddLabels, ", ")
	}
	if c.Unlabel != nil {
		detail["removed labels"] = strings.Join(c.Unlabel, ", ")
	}
	return detail
}

func listTags(all map[string]string) string {
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		tags = append(tags, name+"="+all[name])
	}
	return strings.Join(tags, ", ")
}
