// Package people keeps users, their sessions, and tokens in the catalog's
// database. Who may do what is left to package account.
package people

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/fault"
)

// Records are the users, sessions and tokens in a book. Each change is one
// transaction with its audit entry. Errors wrap fault.NotFound if there is no
// such record, besides those of [record.Database].
type Records struct{ book *record.Book }

var _ account.Store = Records{}

// New returns the records in a book.
func New(book *record.Book) Records { return Records{book} }

const userColumns = `id, email, name, operator, disabled, created, seen, password, passkeys, subject, invitation, invited, epoch`

// User returns the user with an ID.
func (r Records) User(ctx context.Context, id string) (account.User, error) {
	return r.user(ctx, r.book.Reads(), `id`, id)
}

// UserByEmail returns the user with an e-mail address, as
// account.CanonicalEmail returns it.
func (r Records) UserByEmail(ctx context.Context, email string) (account.User, error) {
	return r.user(ctx, r.book.Reads(), `email`, email)
}

func (r Records) user(ctx context.Context, s *record.Statements, column, value string) (account.User, error) {
	u, err := r.scanUser(s.Row(ctx, `SELECT `+userColumns+` FROM users WHERE `+column+` = ?`, value))
	if err != nil {
		return account.User{}, fmt.Errorf("user %q: %w", value, err)
	}
	roles, err := record.Rows(ctx, s, scanRole, `SELECT member, app, role FROM roles WHERE member = ?`, u.ID)
	if err != nil {
		return account.User{}, fmt.Errorf("roles of user %q: %w", value, err)
	}
	for _, role := range roles {
		u.Roles[role.app] = role.role
	}
	return u, nil
}

// Users returns every user, in the order of their e-mail addresses.
func (r Records) Users(ctx context.Context) ([]account.User, error) {
	users, err := record.Rows(ctx, r.book.Reads(), r.scanUser, `SELECT `+userColumns+` FROM users ORDER BY email`)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	byID := make(map[string]account.User)
	for _, u := range users {
		byID[u.ID] = u
	}
	roles, err := record.Rows(ctx, r.book.Reads(), scanRole, `SELECT member, app, role FROM roles`)
	if err != nil {
		return nil, fmt.Errorf("list roles: %w", err)
	}
	for _, role := range roles {
		if u, ok := byID[role.member]; ok { // or it was added meanwhile
			u.Roles[role.app] = role.role
		}
	}
	return users, nil
}

// AddUser adds a user. The error wraps fault.Conflict if another one has the
// e-mail address.
func (r Records) AddUser(ctx context.Context, by account.Entry, u account.User) error {
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error { return r.insertUser(ctx, tx, u) })
	if err != nil {
		return fmt.Errorf("add user: %w", err)
	}
	return nil
}

// AddFirstUser adds a user if there is none, and if setup is the digest of the
// token that SetSetup has kept, which counts no more then. Otherwise the error
// wraps fault.Denied.
func (r Records) AddFirstUser(ctx context.Context, by account.Entry, u account.User, setup account.Digest) error {
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error {
		n, err := tx.Exec(ctx, `DELETE FROM setup WHERE digest = ? AND expires > ? AND NOT EXISTS (SELECT 1 FROM users)`,
			setup[:], record.Nanos(r.book.Now()))
		if err == nil && n == 0 {
			err = fmt.Errorf("this is not the first-run token: %w", fault.Denied)
		}
		if err != nil {
			return err
		}
		return r.insertUser(ctx, tx, u)
	})
	if err != nil {
		return fmt.Errorf("add first user: %w", err)
	}
	return nil
}

// SetSetup keeps the digest of the first-run token in place of the one before,
// and returns true, unless there is a user.
func (r Records) SetSetup(ctx context.Context, setup account.Digest, expires time.Time) (ok bool, err error) {
	err = r.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if _, err := tx.Exec(ctx, `DELETE FROM setup`); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `INSERT INTO setup (one, digest, expires) SELECT 1, ?, ? WHERE NOT EXISTS (SELECT 1 FROM users)`,
			setup[:], record.Nanos(expires))
		ok = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("keep first-run token: %w", err)
	}
	return ok, nil
}

// UpdateUser lets change edit a user, and returns what it made. Nothing else
// changes the user meanwhile; change may be called more than once. An error of
// change is returned, and nothing is changed. The error wraps fault.Conflict if
// the e-mail address is another user's, or if no operator would be left who is
// not disabled.
func (r Records) UpdateUser(ctx context.Context, by account.Entry, id string, change func(*account.User) error) (u account.User, err error) {
	err = r.write(ctx, by, func(ctx context.Context, tx *record.Statements) (err error) {
		if u, err = r.user(ctx, tx, `id`, id); err != nil {
			return err
		}
		could := u.Operator && !u.Disabled
		if err := change(&u); err != nil {
			return err
		}
		values, err := r.userValues(u)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE users SET (`+userColumns+`) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(values, id)...)
		if err != nil {
			return err
		}
		if could && (!u.Operator || u.Disabled) {
			if err := mustHaveOperator(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `DELETE FROM roles WHERE member = ?`, id); err != nil {
			return err
		}
		return insertRoles(ctx, tx, u)
	})
	if err != nil {
		return account.User{}, fmt.Errorf("change user: %w", err)
	}
	return u, nil
}

// RemoveUser removes a user with sessions and tokens. The error wraps
// fault.Conflict if no operator would be left.
func (r Records) RemoveUser(ctx context.Context, by account.Entry, id string) error {
	err := r.write(ctx, by, func(ctx context.Context, tx *record.Statements) error {
		u, err := r.user(ctx, tx, `id`, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM users WHERE id = ?`, id); err != nil {
			return err
		}
		if u.Operator && !u.Disabled {
			return mustHaveOperator(ctx, tx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove user: %w", err)
	}
	return nil
}

func mustHaveOperator(ctx context.Context, tx *record.Statements) error {
	left, err := record.Value[bool](tx.Row(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE operator = ? AND disabled = ?)`, true, false))
	if err == nil && !left {
		err = account.Refuse(fault.Conflict, "", "this is the last operator: make another one first")
	}
	return err
}

// write runs do as a transaction with its audit entry.
func (r Records) write(ctx context.Context, by account.Entry, do func(context.Context, *record.Statements) error) error {
	by.Time = r.book.Now()
	return r.book.Write(ctx, func(ctx context.Context, tx *record.Statements) error {
		if err := do(ctx, tx); err != nil {
			return err
		}
		return ledger.Add(ctx, tx, by)
	})
}

func (r Records) insertUser(ctx context.Context, tx *record.Statements, u account.User) error {
	values, err := r.userValues(u)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO users (`+userColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...); err != nil {
		return err
	}
	return insertRoles(ctx, tx, u)
}

// insertRoles adds the roles that u has. The error wraps fault.NotFound if
// there is no such app.
func insertRoles(ctx context.Context, tx *record.Statements, u account.User) error {
	for app, role := range u.Roles {
		if role == account.NoRole {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO roles (member, app, role) VALUES (?, ?, ?)`, u.ID, app, role.String()); err != nil {
			return fmt.Errorf("role in app %q: %w", app, err)
		}
	}
	return nil
}

// userValues returns the values of userColumns.
func (r Records) userValues(u account.User) ([]any, error) {
	passkeys, err := json.Marshal(u.Passkeys)
	if err != nil {
		return nil, err
	}
	return []any{u.ID, u.Email, u.Name, u.Operator, u.Disabled, record.Nanos(u.Created), record.Nanos(u.Seen),
		r.book.Box.Seal(passwordOf(u.ID), []byte(u.Password)), r.book.Box.Seal(passkeysOf(u.ID), passkeys), u.Subject, u.Invitation[:],
		record.Nanos(u.Invited), u.Epoch}, nil
}

// passwordOf and passkeysOf name to the box what a user signs in with. Nobody
// who can only write to the database can put an own one there.
func passwordOf(id string) string { return "password of " + id }
func passkeysOf(id string) string { return "passkeys of " + id }

func (r Records) scanUser(row record.Row) (u account.User, err error) {
	var created, seen, invited int64
	var password, passkeys, invitation []byte
	err = row.Scan(&u.ID, &u.Email, &u.Name, &u.Operator, &u.Disabled, &created, &seen, &password, &passkeys, &u.Subject,
		&invitation, &invited, &u.Epoch)
	if err != nil {
		return u, err
	}
	u.Created, u.Seen, u.Invited = record.Instant(created), record.Instant(seen), record.Instant(invited)
	if password, err = r.book.Box.Open(passwordOf(u.ID), password); err != nil {
		return u, err
	}
	u.Password = string(password)
	if passkeys, err = r.book.Box.Open(passkeysOf(u.ID), passkeys); err != nil {
		return u, err
	}
	if err := json.Unmarshal(passkeys, &u.Passkeys); err != nil {
		return u, fmt.Errorf("read passkeys: %w", fault.Damaged)
	}
	u.Roles = make(map[string]account.Role)
	u.Invitation, err = digest(invitation)
	return u, err
}

func digest(raw []byte) (account.Digest, error) {
	if len(raw) != len(account.Digest{}) {
		return account.Digest{}, fmt.Errorf("a digest of %d bytes: %w", len(raw), fault.Damaged)
	}
	return account.Digest(raw), nil
}

// A membership is a row of the table roles.
type membership struct {
	member, app string
	role        account.Role
}

func scanRole(row record.Row) (m membership, err error) {
	var role string
	if err := row.Scan(&m.member, &m.app, &role); err != nil {
		return m, err
	}
	m.role, err = account.ParseRole(role)
	return m, err
}
