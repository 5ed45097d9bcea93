package listing

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
)

// A cursor is where a page begins, sealed with its query: it opens no other.
type cursor struct {
	At   spot `json:"a"`
	Back bool `json:"b,omitempty"`
}

// maxCursor is how many bytes a cursor may have: a folded name and its seal.
const maxCursor = 8 << 10

func (l *Listing) sealCursor(app string, q library.Query, c cursor) string {
	plain, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers and a text
	}
	return base64.RawURLEncoding.EncodeToString(l.book.Box.Seal(identity(app, q), plain))
}

func (l *Listing) openCursor(app string, q library.Query) (c cursor, err error) {
	if len(q.Cursor) > maxCursor {
		return c, fmt.Errorf("cursor of %d bytes: %w", len(q.Cursor), fault.Invalid)
	}
	sealed, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil {
		return c, fmt.Errorf("cursor: %w: %w", err, fault.Invalid)
	}
	plain, err := l.book.Box.Open(identity(app, q), sealed)
	if err != nil {
		return c, fmt.Errorf("cursor of another query: %w", fault.Invalid)
	}
	return c, json.Unmarshal(plain, &c)
}

// identity returns what a cursor belongs to: all of a query but the size of its
// pages.
func identity(app string, q library.Query) string {
	stored := "both"
	if q.Stored != nil {
		stored = strconv.FormatBool(*q.Stored)
	}
	return fmt.Sprintf("files %q %q %q %d %d %d %d %q %q %q %q %q %t %v %t %s %d %d %q %q", app, q.Name, q.Type, q.MinSize, q.MaxSize,
		record.Nanos(q.From), record.Nanos(q.Until), q.Tag, q.Value, q.Folder, q.Container, q.Client, q.Trashed, q.Order, q.Descending,
		stored, record.Nanos(q.After), record.Nanos(q.Before), q.Named, q.Labels)
}
