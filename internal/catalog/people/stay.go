package people

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

const sessionColumns = `digest, member, epoch, way, created, seen, address, agent`

// AddSession adds a session, and notes that its user was seen.
func (r Records) AddSession(ctx context.Context, by account.Entry, s account.Session) error {
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO signins (`+sessionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, s.Digest[:], s.User,
			s.Epoch, string(s.Way), record.Nanos(s.Created), record.Nanos(s.Seen), s.Address, s.Agent)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE users SET seen = ? WHERE id = ?`, record.Nanos(s.Created), s.User)
		return err
	})
	if err != nil {
		return fmt.Errorf("add session: %w", err)
	}
	return nil
}

// Session returns the session whose token has a digest.
func (r Records) Session(ctx context.Context, d account.Digest) (account.Session, error) {
	s, err := scanSession(r.book.Reads().Row(ctx, `SELECT `+sessionColumns+` FROM signins WHERE digest = ?`, d[:]))
	if err != nil {
		return account.Session{}, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// SessionsOf returns a user's sessions, the newest first.
func (r Records) SessionsOf(ctx context.Context, user string) ([]account.Session, error) {
	all, err := record.Rows(ctx, r.book.Reads(), scanSession,
		`SELECT `+sessionColumns+` FROM signins WHERE member = ? ORDER BY created DESC, digest`, user)
	if err != nil {
		return nil, fmt.Errorf("sessions of user %q: %w", user, err)
	}
	return all, nil
}

// TouchSession notes when a session was used last.
func (r Records) TouchSession(ctx context.Context, d account.Digest, seen time.Time) error {
	return r.touch(ctx, `UPDATE signins SET seen = ? WHERE digest = ?`, record.Nanos(seen), d[:])
}

// touch notes something that no audit entry tells of.
func (r Records) touch(ctx context.Context, text string, args ...any) error {
	err := r.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error { return one(tx.Exec(ctx, text, args...)) })
	if err != nil {
		return fmt.Errorf("note a use: %w", err)
	}
	return nil
}

// one returns an error unless one row was changed.
func one(rows int64, err error) error {
	if err == nil && rows == 0 {
		err = fmt.Errorf("no such record: %w", fault.NotFound)
	}
	return err
}

// EndSession removes a session.
func (r Records) EndSession(ctx context.Context, by account.Entry, d account.Digest) error {
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error {
		return one(tx.Exec(ctx, `DELETE FROM signins WHERE digest = ?`, d[:]))
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// PruneSessions forgets those that began, or were used last, before the given
// times, and those of an epoch that is over.
func (r Records) PruneSessions(ctx context.Context, created, seen time.Time) error {
	err := r.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `DELETE FROM signins WHERE created < ? OR seen < ?
			OR epoch <> (SELECT users.epoch FROM users WHERE users.id = signins.member)`, record.Nanos(created), record.Nanos(seen))
		return err
	})
	if err != nil {
		return fmt.Errorf("prune sessions: %w", err)
	}
	return nil
}

func scanSession(row record.Row) (s account.Session, err error) {
	var created, seen int64
	var raw []byte
	var way string
	if err := row.Scan(&raw, &s.User, &s.Epoch, &way, &created, &seen, &s.Address, &s.Agent); err != nil {
		return s, err
	}
	s.Way, s.Created, s.Seen = account.Way(way), record.Instant(created), record.Instant(seen)
	s.Digest, err = digest(raw)
	return s, err
}

const tokenColumns = `id, digest, name, member, app, scopes, created, expires, used`

// AddToken adds a token.
func (r Records) AddToken(ctx context.Context, by account.Entry, t account.Token) error {
	scopes := make([]string, len(t.Scopes))
	for i, act := range t.Scopes {
		scopes[i] = act.String()
	}
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error {
		_, err := tx.Exec(ctx, `INSERT INTO tokens (`+tokenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, t.ID, t.Digest[:], t.Name,
			optional(t.User), optional(t.App), strings.Join(scopes, " "), record.Nanos(t.Created), record.Nanos(t.Expires), record.Nanos(t.Used))
		return err
	})
	if err != nil {
		return fmt.Errorf("add token: %w", err)
	}
	return nil
}

// optional is NULL for "".
func optional(text string) sql.NullString { return sql.NullString{String: text, Valid: text != ""} }

// Token returns the token with an ID.
func (r Records) Token(ctx context.Context, id string) (account.Token, error) {
	return r.token(ctx, `id`, id)
}

// TokenByDigest returns the token whose text has a digest.
func (r Records) TokenByDigest(ctx context.Context, d account.Digest) (account.Token, error) {
	return r.token(ctx, `digest`, d[:])
}

func (r Records) token(ctx context.Context, column string, value any) (account.Token, error) {
	t, err := scanToken(r.book.Reads().Row(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE `+column+` = ?`, value))
	if err != nil {
		return account.Token{}, fmt.Errorf("token: %w", err)
	}
	return t, nil
}

// Tokens returns every token, the newest first.
func (r Records) Tokens(ctx context.Context) ([]account.Token, error) {
	all, err := record.Rows(ctx, r.book.Reads(), scanToken, `SELECT `+tokenColumns+` FROM tokens ORDER BY created DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return all, nil
}

// TouchToken notes when a token was used last.
func (r Records) TouchToken(ctx context.Context, id string, used time.Time) error {
	return r.touch(ctx, `UPDATE tokens SET used = ? WHERE id = ?`, record.Nanos(used), id)
}

// RemoveToken removes a token.
func (r Records) RemoveToken(ctx context.Context, by account.Entry, id string) error {
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error {
		return one(tx.Exec(ctx, `DELETE FROM tokens WHERE id = ?`, id))
	})
	if err != nil {
		return fmt.Errorf("remove token: %w", err)
	}
	return nil
}

func scanToken(row record.Row) (t account.Token, err error) {
	var created, expires, used int64
	var raw []byte
	var user, app sql.NullString
	var scopes string
	if err := row.Scan(&t.ID, &raw, &t.Name, &user, &app, &scopes, &created, &expires, &used); err != nil {
		return t, err
	}
	t.User, t.App = user.String, app.String
	t.Created, t.Expires, t.Used = record.Instant(created), record.Instant(expires), record.Instant(used)
	for name := range strings.FieldsSeq(scopes) {
		act, err := account.ParseAct(name)
		if err != nil {
			return t, fmt.Errorf("read token %s: %w", t.ID, err)
		}
		t.Scopes = append(t.Scopes, act)
	}
	t.Digest, err = digest(raw)
	return t, err
}
