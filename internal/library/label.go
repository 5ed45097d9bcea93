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

// The limits of labels that are changed here, in bytes but for MaxTags.
const (
	MaxTags     = 50
	MaxTagName  = 64
	MaxTagValue = 512
	MaxAlt      = 1024
)

// A Change says what is new about a file; nil leaves it as it is.
type Change struct {
	Name *string           // cleaned by asset.CleanName
	Alt  *string           // the picture in words
	Tags map[string]string // all of them; empty but not nil for none
	Add  map[string]string // tags that it gets besides those it has
}

// Label changes what a file is called and tagged with; its content, version and
// variants stay. The error wraps fault.NotFound if app has no such file,
// fault.TooLarge for too much text, and fault.Invalid for text that is no
// UTF-8 or holds control characters.
func (d *Desk) Label(ctx context.Context, who account.Actor, app string, id asset.ID, c Change) (asset.Asset, error) {
	if err := who.Check(account.ChangeFiles, app); err != nil {
		return asset.Asset{}, fmt.Errorf("label file: %w", err)
	}
	if err := c.check(); err != nil {
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
	change := Change{Add: map[string]string{name: value}}
	if err := change.check(); err != nil {
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

// apply changes a. The error wraps fault.TooLarge if it has too many tags then.
func (c Change) apply(a *asset.Asset) error {
	if c.Name != nil {
		a.Name = asset.CleanName(*c.Name)
	}
	if c.Alt != nil {
		a.Alt = *c.Alt
	}
	if c.Tags != nil {
		a.Tags = maps.Clone(c.Tags)
	}
	if len(c.Add) == 0 {
		return nil
	}
	tags := map[string]string{}
	maps.Copy(tags, a.Tags)
	maps.Copy(tags, c.Add)
	a.Tags = tags
	return checkTags(tags)
}

func (c Change) check() error {
	if c.Alt != nil {
		if err := checkText("description", *c.Alt, MaxAlt); err != nil {
			return err
		}
	}
	return errors.Join(checkTags(c.Tags), checkTags(c.Add))
}

func checkTags(tags map[string]string) error {
	if len(tags) > MaxTags {
		return fmt.Errorf("%d tags are more than %d: %w", len(tags), MaxTags, fault.TooLarge)
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

func checkText(what, text string, limit int) error {
	switch {
	case len(text) > limit:
		return fmt.Errorf("%s of %d bytes, more than %d: %w", what, len(text), limit, fault.TooLarge)
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
	return detail
}

func listTags(all map[string]string) string {
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		tags = append(tags, name+"="+all[name])
	}
	return strings.Join(tags, ", ")
}
