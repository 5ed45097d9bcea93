// Package rows turns assets and apps into the columns of their tables, and back.
package rows

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
)

// Columns are those of the table assets that hold an asset, but for its content;
// Marks stand for their values.
const (
	Columns = `id, uuid, app, name, type, detected, width, height, version, location, container, path, access,
		tags, labels, alt, workflows, source, client, created, modified, stored, picture`
	Marks = `?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?`
)

// null is the JSON of what is not there, as it is in most assets.
const null = "null"

// Values returns the values of Columns, and more after them.
func Values(a asset.Asset, more ...any) ([]any, error) {
	texts := [4]string{null, null, null, null}
	for i, v := range []any{a.Tags, a.Labels, a.Workflows, a.Picture} {
		if reflect.ValueOf(v).IsNil() {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		texts[i] = string(text)
	}
	return slices.Concat([]any{a.ID, a.UUID, a.App, a.Name, a.Type, a.Detected, a.Width, a.Height, a.Version,
		a.Location, a.Container, a.Path, a.Access, texts[0], texts[1], a.Alt, texts[2], a.Source, a.Client,
		record.Nanos(a.Created), record.Nanos(a.Modified), record.Nanos(a.Stored), texts[3]}, more), nil
}

// Scan reads Columns, and the columns after them into more.
func Scan(row record.Row, more ...any) (asset.Asset, error) {
	var r struct { // one piece of memory, because lists read many
		asset.Asset
		tags, labels, workflows, picture string
		created, modified, stored        int64
	}
	a := &r.Asset
	if err := row.Scan(slices.Concat([]any{&a.ID, &a.UUID, &a.App, &a.Name, &a.Type, &a.Detected, &a.Width, &a.Height, &a.Version,
		&a.Location, &a.Container, &a.Path, &a.Access, &r.tags, &r.labels, &a.Alt, &r.workflows, &a.Source, &a.Client,
		&r.created, &r.modified, &r.stored, &r.picture}, more)...); err != nil {
		return asset.Asset{}, err
	}
	a.Created, a.Modified, a.Stored = record.Instant(r.created), record.Instant(r.modified), record.Instant(r.stored)
	for _, v := range []struct {
		what, text string
		into       any
	}{{"tags", r.tags, &a.Tags}, {"labels", r.labels, &a.Labels}, {"workflows", r.workflows, &a.Workflows}, {"picture", r.picture, &a.Picture}} {
		if v.text == null {
			continue
		}
		if err := json.Unmarshal([]byte(v.text), v.into); err != nil {
			return asset.Asset{}, fmt.Errorf("read %s of asset %s: %w", v.what, a.ID, err)
		}
	}
	return *a, nil
}
