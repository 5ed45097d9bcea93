package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog/record"
)

// Told sets what to call after an event was recorded that somebody waits for.
// It must return at once, and be set before the catalog is used.
func (c *Catalog) Told(call func()) { c.told = call }

// writeEvent is a write that may record an event.
func (c *Catalog) writeEvent(ctx context.Context, do func(ctx context.Context, tx *record.Statements) error) error {
	err := c.book.Write(ctx, do)
	if err == nil && c.told != nil {
		c.told()
	}
	return err
}

// Events returns up to limit events whose IDs are after the one given, in the
// order of their IDs.
func (c *Catalog) Events(ctx context.Context, after int64, limit int) ([]asset.Event, error) {
	events, err := record.Rows(ctx, c.reads, ScanEvent,
		`SELECT `+EventColumns+` FROM events WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list events after %d: %w", after, err)
	}
	return events, nil
}

// PruneEvents drops the events that were recorded before the given time, unless
// they are still to be spread.
func (c *Catalog) PruneEvents(ctx context.Context, before time.Time) error {
	for dropped := int64(stepSize); dropped == stepSize; {
		err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) (err error) {
			dropped, err = tx.Exec(ctx, `DELETE FROM events WHERE id IN (SELECT id FROM events WHERE time < ? AND spread = 1 LIMIT ?)`,
				record.Nanos(before), stepSize)
			return err
		})
		if err != nil {
			return fmt.Errorf("prune events: %w", err)
		}
	}
	return nil
}

// tell records an event of an asset as it is.
func (c *Catalog) tell(ctx context.Context, tx *record.Statements, kind string, a asset.Asset) error {
	return c.tellFact(ctx, tx, kind, a.App, asset.FactOf(a))
}

// tellFact records an event. If nobody waits for those of its app, it counts as
// spread from the beginning.
func (c *Catalog) tellFact(ctx context.Context, tx *record.Statements, kind, app string, fact asset.Fact) error {
	body, err := json.Marshal(fact)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO events (app, kind, asset, time, body, spread) VALUES (?, ?, ?, ?, ?,
		CASE WHEN EXISTS (SELECT 1 FROM hooks WHERE app = ? AND enabled = 1) THEN 0 ELSE 1 END)`,
		app, kind, fact.ID, record.Nanos(c.book.Now()), string(body), app)
	return err
}

// EventColumns are what ScanEvent reads of the table events.
const EventColumns = `id, app, kind, time, body`

// ScanEvent reads EventColumns.
func ScanEvent(row record.Row) (asset.Event, error) {
	var e asset.Event
	var at int64
	var body []byte
	if err := row.Scan(&e.ID, &e.App, &e.Kind, &at, &body); err != nil {
		return asset.Event{}, err
	}
	e.Time = record.Instant(at)
	if err := json.Unmarshal(body, &e.Fact); err != nil {
		return asset.Event{}, fmt.Errorf("read event %d: %w", e.ID, err)
	}
	return e, nil
}
