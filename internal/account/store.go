package account

import (
	"context"
	"time"
)

// Users keeps users. Whatever changes one writes the audit entry in the same
// transaction. Errors wrap fault.NotFound if there is no such user.
type Users interface {
	User(ctx context.Context, id string) (User, error)
	UserByEmail(ctx context.Context, email string) (User, error)

	// AddUser adds a user. The error wraps fault.Conflict if another one has
	// the e-mail address.
	AddUser(ctx context.Context, by Entry, u User) error

	// AddFirstUser adds a user if there is none, and if setup is the digest of
	// the token that SetSetup has kept, which counts no more then. Otherwise the
	// error wraps fault.Denied.
	AddFirstUser(ctx context.Context, by Entry, u User, setup Digest) error

	// SetSetup keeps the digest of the first-run token in place of the one
	// before, and returns true, unless there is a user.
	SetSetup(ctx context.Context, setup Digest, expires time.Time) (bool, error)

	// UpdateUser lets change edit a user, and returns what it made. Nothing else
	// changes the user meanwhile; change may be called more than once. An error
	// of change is returned, and nothing is changed. The error wraps
	// fault.Conflict if the e-mail address is another user's, or if no operator
	// would be left who is not disabled.
	UpdateUser(ctx context.Context, by Entry, id string, change func(*User) error) (User, error)
}

// Sessions keeps sessions. Errors wrap fault.NotFound if there is no such one.
type Sessions interface {
	// AddSession adds a session, and notes that its user was seen.
	AddSession(ctx context.Context, by Entry, s Session) error
	Session(ctx context.Context, d Digest) (Session, error)

	// SessionsOf returns a user's sessions, the newest first.
	SessionsOf(ctx context.Context, user string) ([]Session, error)

	// TouchSession notes when a session was used last.
	TouchSession(ctx context.Context, d Digest, seen time.Time) error
	EndSession(ctx context.Context, by Entry, d Digest) error

	// PruneSessions forgets those that began, or were used last, before the
	// given times, and those of an epoch that is over.
	PruneSessions(ctx context.Context, created, seen time.Time) error
}

// Tokens finds tokens. Errors wrap fault.NotFound if there is no such one.
type Tokens interface {
	TokenByDigest(ctx context.Context, d Digest) (Token, error)

	// TouchToken notes when a token was used last.
	TouchToken(ctx context.Context, id string, used time.Time) error
}

// A Store keeps what a Service needs.
type Store interface {
	Users
	Sessions
	Tokens
}
