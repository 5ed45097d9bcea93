package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
)

// What an event tells of.
const (
	Uploaded    = "upload"
	Overwritten = "overwrite"
	Deleted     = "delete"
)

// An Event tells that something has happened to an asset. It is recorded in the
// same transaction, so that there is one if, and only if, it has happened.
type Event struct {
	ID    int64 // ascending; never used twice
	App   string
	Kind  string // Uploaded, Overwritten or Deleted
	Asset asset.ID
	Time  time.Time
	Body  json.RawMessage // a Fact
}

// A Fact is what an event says about its asset: what the asset was after an
// upload or overwrite, or before it was deleted. It holds neither secrets nor
// links that could be.
type Fact struct {
	ID        asset.ID          `json:"id"`
	UUID      uuid.UUID         `json:"uuid"`
	Name      string            `json:"name"`
	Type      string            `json:"type"`
	Detected  string            `json:"detected"`
	Size      int64             `json:"size"` // bytes
	Width     int               `json:"width,omitempty"`
	Height    int               `json:"height,omitempty"`
	Version   int64             `json:"version"`
	Location  string            `json:"location,omitempty"`
	Container string            `json:"container,omitempty"`
	Path      string            `json:"path,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	Alt       string            `json:"alt,omitempty"`
	Workflows []asset.Workflow  `json:"workflows,omitempty"`
	Client    string            `json:"client,omitempty"`
}

// Events returns up to limit events whose IDs are after the one given, in the
// order of their IDs.
func (c *Catalog) Events(ctx context.Context, after int64, limit int) ([]Event, error) {
	events, err := record.Rows(ctx, c.reads, scanEvent,
		`SELECT id, app, kind, asset, time, body FROM events WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list events after %d: %w", after, err)
	}
	return events, nil
}

// PruneEvents drops the events that were recorded before the given time.
func (c *Catalog) PruneEvents(ctx context.Context, before time.Time) error {
	for dropped := int64(stepSize); dropped == stepSize; {
		err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) (err error) {
			dropped, err = tx.Exec(ctx, `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE time < ? LIMIT ?)`,
				record.Nanos(before), stepSize)
			return err
		})
		if err != nil {
			return fmt.Errorf("prune events: %w", err)
		}
	}
	return nil
}

// tell records an event.
func (c *Catalog) tell(ctx context.Context, tx *record.Statements, kind string, a asset.Asset) error {
	body, err := json.Marshal(Fact{
		ID: a.ID, UUID: a.UUID, Name: a.Name, Type: a.Type, Detected: a.Detected, Size: a.Content.Size(),
		Width: a.Width, Height: a.Height, Version: a.Version, Location: a.Location, Container: a.Container,
		Path: a.Path, Tags: a.Tags, Alt: a.Alt, Workflows: a.Workflows, Client: a.Client,
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO events (app, kind, asset, time, body) VALUES (?, ?, ?, ?, ?)`,
		a.App, kind, a.ID, record.Nanos(c.book.Now()), string(body))
	return err
}

func scanEvent(row record.Row) (Event, error) {
	var e Event
	var at int64
	var body []byte
	err := row.Scan(&e.ID, &e.App, &e.Kind, &e.Asset, &at, &body)
	e.Time, e.Body = record.Instant(at), body
	return e, err
}
