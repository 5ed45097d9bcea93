package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// terms are what was agreed when a session began.
type terms struct {
	Grant policy.Grant
	Spec  upload.Spec
}

const sessionColumns = `id, app, terms, created, touched, asset`

// AddSession records an upload that begins, and counts a use of the grant. The
// error wraps fault.Conflict if its ID is taken, fault.NotFound if there is no
// such app, and fault.Denied if the grant is used up.
func (c *Catalog) AddSession(ctx context.Context, u upload.Session, use policy.Use) error {
	terms, err := json.Marshal(terms{u.Grant, u.Spec})
	if err != nil {
		return fmt.Errorf("add upload: %w", err)
	}
	err = c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := c.spend(ctx, tx, u.App, use); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO sessions (id, app, terms, created, touched, asset) VALUES (?, ?, ?, ?, ?, ?)`,
			u.ID, u.App, string(terms), record.Nanos(u.Created), record.Nanos(u.Touched), u.Asset)
		return err
	})
	if err != nil {
		return fmt.Errorf("add upload: %w", err)
	}
	return nil
}

// Session returns the upload called id. The error wraps fault.NotFound if there
// is none.
func (c *Catalog) Session(ctx context.Context, id string) (upload.Session, error) {
	u, err := scanSession(c.reads.Row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE id = ?`, id))
	if err != nil {
		return upload.Session{}, fmt.Errorf("upload: %w", err)
	}
	return u, nil
}

// AddPart records a part of an upload. It takes the place of the one with the
// same number and offset, whose blob it dooms. The error wraps fault.Conflict if
// the upload is finished or the part's blob is on record already, and
// fault.NotFound if there is no such upload.
func (c *Catalog) AddPart(ctx context.Context, session string, p upload.Part) error {
	content, err := blob.Content{Segments: []blob.Segment{p.Segment}}.MarshalBinary()
	if err != nil {
		return fmt.Errorf("add part %d: %w", p.Number, err)
	}
	err = c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := c.touch(ctx, tx, session); err != nil {
			return err
		}
		old, err := record.Rows(ctx, tx, record.Value[blob.Key], `SELECT key FROM parts WHERE session = ? AND number = ? AND start = ?`, session, p.Number, p.Offset)
		if err != nil {
			return err
		}
		for _, key := range old {
			if err := c.doom(ctx, tx, map[blob.Key]bool{key: true}); err != nil {
				return err
			}
		}
		if err := register(ctx, tx, blob.Content{Segments: []blob.Segment{p.Segment}}, nil); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO parts (session, number, start, chunked, key, content, tag) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (session, number, start) DO UPDATE
			SET chunked = excluded.chunked, key = excluded.key, content = excluded.content, tag = excluded.tag`,
			session, p.Number, p.Offset, p.Chunked, p.Segment.Key, content, p.Tag)
		return err
	})
	if err != nil {
		return fmt.Errorf("add part %d: %w", p.Number, err)
	}
	return nil
}

// DropParts drops parts of an upload and dooms their blobs. A part that is not
// there, or has been replaced, is left as it is. The error wraps fault.Conflict
// if the upload is finished, and fault.NotFound if there is no such upload.
func (c *Catalog) DropParts(ctx context.Context, session string, parts []upload.Part) error {
	err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := c.touch(ctx, tx, session); err != nil {
			return err
		}
		for _, p := range parts {
			n, err := tx.Exec(ctx, `DELETE FROM parts WHERE session = ? AND number = ? AND start = ? AND key = ?`,
				session, p.Number, p.Offset, p.Segment.Key)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := c.doom(ctx, tx, map[blob.Key]bool{p.Segment.Key: true}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop parts: %w", err)
	}
	return nil
}

// Parts returns what has arrived for an upload, in the order of numbers and
// offsets. A finished upload has none.
func (c *Catalog) Parts(ctx context.Context, session string) ([]upload.Part, error) {
	parts, err := record.Rows(ctx, c.reads, scanPart,
		`SELECT number, start, chunked, content, tag FROM parts WHERE session = ? ORDER BY number, start`, session)
	if err != nil {
		return nil, fmt.Errorf("list parts: %w", err)
	}
	return parts, nil
}

// FinishSession makes a the result of an upload of its app, and returns it. It
// adds a as AddAsset does and dooms the unused blobs. If the upload has a result
// already, it returns that one and a is not added: its blobs are unknown then,
// unless they are the result's. Of all calls only one adds an asset.
//
// Each blob of the upload's parts must be either in a or unused; each other
// blob of a must be new. The error wraps fault.Conflict if that is not so,
// because parts have come or were replaced meanwhile, and fault.NotFound if a's
// app has no such upload, or its result was removed, and fault.Denied if the app
// may not store more.
func (c *Catalog) FinishSession(ctx context.Context, session string, a asset.Asset, unused []blob.Key) (asset.Asset, error) {
	var result asset.Asset
	err := c.writeEvent(ctx, func(ctx context.Context, tx *record.Statements) error {
		u, err := scanSession(tx.Row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE id = ? AND app = ?`, session, a.App))
		if err != nil {
			return err
		}
		if u.Asset == "" {
			u.Asset = a.ID
			if err := c.finish(ctx, tx, session, a, unused); err != nil {
				return err
			}
			if err := c.audit(ctx, tx, "file.upload", a, u.Grant.Use); err != nil {
				return err
			}
		}
		result, err = ownAsset(ctx, tx, a.App, u.Asset)
		return err
	})
	if err != nil {
		return asset.Asset{}, fmt.Errorf("finish upload: %w", err)
	}
	return result, nil
}

// finish makes a the result of an upload that has none.
func (c *Catalog) finish(ctx context.Context, tx *record.Statements, session string, a asset.Asset, unused []blob.Key) error {
	keys, err := record.Rows(ctx, tx, record.Value[blob.Key], `SELECT key FROM parts WHERE session = ?`, session)
	if err != nil {
		return err
	}
	parts := make(map[blob.Key]bool, len(keys))
	for _, key := range keys {
		parts[key] = true
	}
	if err := c.addAsset(ctx, tx, a, parts); err != nil {
		return err
	}
	rest := keySet(a.Content)
	doomed := make(map[blob.Key]bool, len(unused))
	for _, key := range unused {
		if rest[key] {
			return fmt.Errorf("blob %s is used: %w", key, fault.Conflict)
		}
		if parts[key] {
			doomed[key] = true
		}
	}
	for key := range parts {
		if !rest[key] && !doomed[key] {
			return fmt.Errorf("blob %s has come meanwhile: %w", key, fault.Conflict)
		}
	}
	if err := c.doom(ctx, tx, doomed); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM parts WHERE session = ?`, session); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE sessions SET asset = ?, touched = ? WHERE id = ?`, a.ID, record.Nanos(c.book.Now()), session)
	return err
}

// StaleSessions returns the IDs of up to limit uploads that were last touched
// (by a part, or by being finished) before idleBefore, or created before
// createdBefore.
func (c *Catalog) StaleSessions(ctx context.Context, idleBefore, createdBefore time.Time, limit int) ([]string, error) {
	ids, err := record.Rows(ctx, c.reads, record.Value[string], `SELECT id FROM sessions WHERE touched < ? OR created < ? LIMIT ?`,
		record.Nanos(idleBefore), record.Nanos(createdBefore), limit)
	if err != nil {
		return nil, fmt.Errorf("list stale uploads: %w", err)
	}
	return ids, nil
}

// RemoveSession removes the record of an upload and dooms the blobs of its
// parts. The asset that it became stays. Removing what is not there is no error.
func (c *Catalog) RemoveSession(ctx context.Context, id string) error {
	err := c.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error { return c.removeSession(ctx, tx, id) })
	if err != nil {
		return fmt.Errorf("remove upload: %w", err)
	}
	return nil
}

func (c *Catalog) removeSession(ctx context.Context, tx *record.Statements, id string) error {
	_, err := tx.Exec(ctx, `UPDATE blobs SET doomed = ? WHERE key IN (SELECT key FROM parts WHERE session = ?)`, record.Nanos(c.book.Now()), id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM parts WHERE session = ?`, id); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM sessions WHERE id = ?`, id)
	return err
}

// touch notes that an unfinished upload goes on.
func (c *Catalog) touch(ctx context.Context, tx *record.Statements, session string) error {
	n, err := tx.Exec(ctx, `UPDATE sessions SET touched = ? WHERE id = ? AND asset = ''`, record.Nanos(c.book.Now()), session)
	if err != nil || n > 0 {
		return err
	}
	if _, err := record.Value[string](tx.Row(ctx, `SELECT asset FROM sessions WHERE id = ?`, session)); err != nil {
		return err
	}
	return fmt.Errorf("the upload is finished: %w", fault.Conflict)
}

func scanSession(row record.Row) (upload.Session, error) {
	var u upload.Session
	var agreed []byte
	var created, touched int64
	if err := row.Scan(&u.ID, &u.App, &agreed, &created, &touched, &u.Asset); err != nil {
		return upload.Session{}, err
	}
	var t terms
	if err := json.Unmarshal(agreed, &t); err != nil {
		return upload.Session{}, fmt.Errorf("read terms of upload: %w", err)
	}
	u.Grant, u.Spec, u.Created, u.Touched = t.Grant, t.Spec, record.Instant(created), record.Instant(touched)
	return u, nil
}

func scanPart(row record.Row) (upload.Part, error) {
	var p upload.Part
	var content []byte
	if err := row.Scan(&p.Number, &p.Offset, &p.Chunked, &content, &p.Tag); err != nil {
		return upload.Part{}, err
	}
	var c blob.Content
	if err := c.UnmarshalBinary(content); err != nil {
		return upload.Part{}, fmt.Errorf("read part %d: %w", p.Number, err)
	}
	p.Segment = c.Segments[0]
	return p, nil
}
