package account

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// Config adjusts a Service. The zero Config is ready to use.
type Config struct {
	Now      func() time.Time // nil means time.Now
	Idle     time.Duration    // a session that is not used for so long is over; 0 means 12 hours
	Lifetime time.Duration    // and so is one that began so long ago; 0 means 30 days
}

// How long one-time tokens count.
const (
	SetupLifetime      = 24 * time.Hour
	InvitationLifetime = 7 * 24 * time.Hour
)

// touchEvery is how often the use of a session or token is noted.
const touchEvery = time.Minute

// A Service lets people and programs sign in, and tells later who they are. What
// it refuses is a *Refusal.
type Service struct {
	store    Store
	config   Config
	hasher   hasher
	accounts *limiter
	networks *limiter
}

// New returns a service for what store keeps.
func New(store Store, c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Idle, c.Lifetime = cmp.Or(c.Idle, 12*time.Hour), cmp.Or(c.Lifetime, 30*24*time.Hour)
	return &Service{store, c, newHasher(), newLimiter(triesOfAccount), newLimiter(triesOfAddress)}
}

// From says where somebody signs in from.
type From struct {
	Address string // without a port
	Agent   string // the browser, as it calls itself
}

// A Visitor is somebody whose session was found good.
type Visitor struct {
	Actor
	Account User
	Session Session
}

// SignIn begins a session of the user with this e-mail address and password, and
// returns its token. It answers the same, and takes the same time, for an
// unknown user as for a wrong password.
func (s *Service) SignIn(ctx context.Context, email, password string, from From) (string, error) {
	now := s.config.Now()
	if canonical, err := CanonicalEmail(email); err == nil {
		email = canonical
	}
	if err := s.Try(from); err != nil {
		return "", err
	}
	if err := s.accounts.take(email, now); err != nil {
		return "", err
	}
	u, err := s.store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return "", fmt.Errorf("sign in: %w", err)
	}
	same, old, err := s.hasher.same(ctx, password, u.Password)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	if !same || u.Disabled {
		return "", Refuse(fault.Denied, "", "the e-mail address or the password is wrong")
	}
	s.accounts.give(email)
	s.Succeeded(from)
	if old {
		if err := s.rehash(ctx, u, password, from); err != nil {
			return "", fmt.Errorf("sign in: %w", err)
		}
	}
	return s.begin(ctx, u, ByPassword, from)
}

// rehash keeps the password at today's cost.
func (s *Service) rehash(ctx context.Context, u User, password string, from From) error {
	text, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.store.UpdateUser(ctx, u.Actor(from.Address).Entry("user.rehash", "", u.ID, nil), u.ID, func(now *User) error {
		if now.Password == u.Password { // or it has just been changed
			now.Password = text
		}
		return nil
	})
	return err
}

// Try counts a try to sign in, by whatever way, that may be a guess.
func (s *Service) Try(from From) error {
	return s.networks.take(Network(from.Address), s.config.Now())
}

// Succeeded takes back what Try has counted.
func (s *Service) Succeeded(from From) { s.networks.give(Network(from.Address)) }

// Begin begins a session of a user who has proved who that is, and returns its
// token.
func (s *Service) Begin(ctx context.Context, user string, way Way, from From) (string, error) {
	u, err := s.store.User(ctx, user)
	if err != nil {
		return "", fmt.Errorf("begin session: %w", err)
	}
	return s.begin(ctx, u, way, from)
}

// maxAgent is how many bytes of a browser's name are kept.
const maxAgent = 300

func (s *Service) begin(ctx context.Context, u User, way Way, from From) (string, error) {
	if u.Disabled {
		return "", Refuse(fault.Denied, "", "this user is disabled: ask the operator of this server")
	}
	token, now := newSecret(), s.config.Now()
	err := s.store.AddSession(ctx, u.Actor(from.Address).Entry("session.begin", "", u.ID, map[string]string{"way": string(way)}), Session{
		Digest: DigestOf(token), User: u.ID, Epoch: u.Epoch, Way: way, Created: now, Seen: now, Address: from.Address,
		Agent: strings.ToValidUTF8(from.Agent[:min(len(from.Agent), maxAgent)], ""),
	})
	if err != nil {
		return "", fmt.Errorf("begin session: %w", err)
	}
	return token, nil
}

// signInAgain is the answer to whoever has no session.
func signInAgain() error { return Refuse(fault.Denied, "", "sign in first") }

// Resume returns whose session a token is of. The error wraps fault.Denied if it
// is of none that goes on.
func (s *Service) Resume(ctx context.Context, token string, from From) (Visitor, error) {
	now := s.config.Now()
	session, err := s.store.Session(ctx, DigestOf(token))
	if errors.Is(err, fault.NotFound) {
		return Visitor{}, signInAgain()
	}
	if err != nil {
		return Visitor{}, fmt.Errorf("resume session: %w", err)
	}
	if !now.Before(session.Seen.Add(s.config.Idle)) || !now.Before(session.Created.Add(s.config.Lifetime)) {
		return Visitor{}, signInAgain()
	}
	u, err := s.store.User(ctx, session.User)
	if errors.Is(err, fault.NotFound) || err == nil && (u.Disabled || u.Epoch != session.Epoch) {
		return Visitor{}, signInAgain()
	}
	if err == nil && now.Sub(session.Seen) >= touchEvery {
		err = s.store.TouchSession(ctx, session.Digest, now)
	}
	if err != nil && !errors.Is(err, fault.NotFound) { // it may have ended meanwhile
		return Visitor{}, fmt.Errorf("resume session: %w", err)
	}
	return Visitor{Actor: u.Actor(from.Address), Account: u, Session: session}, nil
}

// SignOut ends the visitor's session.
func (s *Service) SignOut(ctx context.Context, v Visitor) error {
	err := s.store.EndSession(ctx, v.Entry("session.end", "", v.User, nil), v.Session.Digest)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// Sessions returns the visitor's sessions that go on, the newest first.
func (s *Service) Sessions(ctx context.Context, v Visitor) ([]Session, error) {
	all, err := s.store.SessionsOf(ctx, v.User)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	now := s.config.Now()
	var good []Session
	for _, one := range all {
		if one.Epoch == v.Account.Epoch && now.Before(one.Seen.Add(s.config.Idle)) && now.Before(one.Created.Add(s.config.Lifetime)) {
			good = append(good, one)
		}
	}
	return good, nil
}

// EndOthers ends all sessions of the visitor, and returns the token of a new one.
func (s *Service) EndOthers(ctx context.Context, v Visitor) (string, error) {
	return s.Renew(ctx, v, v.Entry("session.end_others", "", v.User, nil), func(*User) error { return nil })
}

// ChangePassword sets the visitor's password, if old is the one so far. All
// sessions end; it returns the token of a new one.
func (s *Service) ChangePassword(ctx context.Context, v Visitor, old, password string) (string, error) {
	from := From{Address: v.Address}
	if err := s.Try(from); err != nil {
		return "", err
	}
	if v.Account.Password != "" {
		same, _, err := s.hasher.same(ctx, old, v.Account.Password)
		if err != nil {
			return "", fmt.Errorf("change password: %w", err)
		}
		if !same {
			return "", Refuse(fault.Denied, "old", "this is not the password so far")
		}
	}
	s.Succeeded(from)
	if err := CheckPassword(password, v.Account.Email); err != nil {
		return "", err
	}
	text, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("change password: %w", err)
	}
	return s.Renew(ctx, v, v.Entry("user.password", "", v.User, nil), func(u *User) error {
		if u.Password != v.Account.Password {
			return Refuse(fault.Conflict, "", "the password was changed meanwhile")
		}
		u.Password = text
		return nil
	})
}

// Rename changes what the visitor is called.
func (s *Service) Rename(ctx context.Context, v Visitor, name string) error {
	name, err := CanonicalName(name)
	if err != nil {
		return err
	}
	_, err = s.store.UpdateUser(ctx, v.Entry("user.change", "", v.User, map[string]string{"name": name}), v.User,
		func(u *User) error { u.Name = name; return nil })
	return err
}

// Renew changes what the visitor may sign in with. All sessions end; it returns
// the token of a new one.
func (s *Service) Renew(ctx context.Context, v Visitor, by Entry, change func(*User) error) (string, error) {
	u, err := s.store.UpdateUser(ctx, by, v.User, func(u *User) error {
		if u.Epoch != v.Session.Epoch {
			return signInAgain()
		}
		u.Epoch++
		return change(u)
	})
	if err != nil {
		return "", err
	}
	return s.begin(ctx, u, v.Session.Way, From{v.Address, v.Session.Agent})
}

// ByToken returns who acts with an API token: its maker, within its scopes. The
// error wraps fault.Denied if the token does not count, or not any more.
func (s *Service) ByToken(ctx context.Context, text string, from From) (Actor, error) {
	bad := Refuse(fault.Denied, "", "this is no API token of this server, or it has ended")
	if !strings.HasPrefix(text, tokenPrefix) {
		return Actor{}, bad
	}
	now := s.config.Now()
	t, err := s.store.TokenByDigest(ctx, DigestOf(text))
	if errors.Is(err, fault.NotFound) || err == nil && !t.Expires.IsZero() && !now.Before(t.Expires) {
		return Actor{}, bad
	}
	maker := User{Name: "command line", Operator: true}
	if err == nil && t.User != "" {
		maker, err = s.store.User(ctx, t.User)
		if errors.Is(err, fault.NotFound) || maker.Disabled {
			return Actor{}, bad
		}
	}
	if err == nil && now.Sub(t.Used) >= touchEvery {
		err = s.store.TouchToken(ctx, t.ID, now)
	}
	if err != nil {
		return Actor{}, fmt.Errorf("look up API token: %w", err)
	}
	return t.actor(maker, from.Address), nil
}

// actor returns who acts with t, made by maker.
func (t Token) actor(maker User, address string) Actor {
	a := maker.Actor(address)
	a.ID, a.Name, a.Scopes = "token:"+t.ID, t.Name+" ("+maker.Name+")", make(map[Act]bool)
	for _, act := range t.Scopes {
		a.Scopes[act] = true
	}
	if t.App != "" {
		role := maker.Roles[t.App]
		if maker.Operator {
			role = Owner
		}
		a.Operator, a.Roles = false, map[string]Role{t.App: role}
	}
	return a
}

// NewSetup returns a new first-run token, which makes the first operator within
// SetupLifetime. The one before counts no more. It is empty if there is a user.
func (s *Service) NewSetup(ctx context.Context) (string, error) {
	text := setupPrefix + newSecret()
	ok, err := s.store.SetSetup(ctx, DigestOf(text), s.config.Now().Add(SetupLifetime))
	if err != nil || !ok {
		return "", err
	}
	return text, nil
}

// Setup makes the first user, an operator, for whoever has the first-run token,
// and returns the token of a session.
func (s *Service) Setup(ctx context.Context, setup, email, name, password string, from From) (string, error) {
	if err := s.Try(from); err != nil {
		return "", err
	}
	var err error
	u := User{ID: NewID(), Operator: true, Created: s.config.Now()}
	if u.Email, err = CanonicalEmail(email); err != nil {
		return "", err
	}
	if u.Name, err = CanonicalName(name); err != nil {
		return "", err
	}
	if err := CheckPassword(password, u.Email); err != nil {
		return "", err
	}
	if u.Password, err = s.hasher.hash(ctx, password); err != nil {
		return "", fmt.Errorf("set up: %w", err)
	}
	by := u.Actor(from.Address).Entry("user.setup", "", u.ID, map[string]string{"email": u.Email})
	err = s.store.AddFirstUser(ctx, by, u, DigestOf(strings.TrimSpace(setup)))
	if errors.Is(err, fault.Denied) {
		return "", Refuse(fault.Denied, "setup", "this is not the token that the server printed when it started last, or it was used")
	}
	if err != nil {
		return "", fmt.Errorf("set up: %w", err)
	}
	s.Succeeded(from)
	return s.begin(ctx, u, ByLink, from)
}

// Invited returns whom an invitation is for. The error wraps fault.Denied if it
// does not count, or not any more.
func (s *Service) Invited(ctx context.Context, invitation string, from From) (User, error) {
	if err := s.Try(from); err != nil {
		return User{}, err
	}
	bad := Refuse(fault.Denied, "", "this invitation was used, or is too old: ask for another one")
	id, _, _ := strings.Cut(strings.TrimPrefix(invitation, linkPrefix), "_")
	u, err := s.store.User(ctx, id)
	switch {
	case errors.Is(err, fault.NotFound) || err == nil && !u.invitedBy(invitation, s.config.Now()):
		return User{}, bad
	case err != nil:
		return User{}, fmt.Errorf("look up invitation: %w", err)
	}
	s.Succeeded(from)
	return u, nil
}

func (u User) invitedBy(text string, now time.Time) bool {
	digest := DigestOf(text)
	return u.Invitation != Digest{} && now.Before(u.Invited) && !u.Disabled &&
		subtle.ConstantTimeCompare(digest[:], u.Invitation[:]) == 1
}

// Accept sets the password of the user whom an invitation is for, and returns
// the token of a session. Earlier sessions end, and so does the invitation.
func (s *Service) Accept(ctx context.Context, invitation, password string, from From) (string, error) {
	u, err := s.Invited(ctx, invitation, from)
	if err != nil {
		return "", err
	}
	if err := CheckPassword(password, u.Email); err != nil {
		return "", err
	}
	text, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", fmt.Errorf("accept invitation: %w", err)
	}
	u, err = s.store.UpdateUser(ctx, u.Actor(from.Address).Entry("user.accept", "", u.ID, nil), u.ID, func(u *User) error {
		if !u.invitedBy(invitation, s.config.Now()) {
			return Refuse(fault.Denied, "", "this invitation was used meanwhile")
		}
		u.Password, u.Invitation, u.Invited = text, Digest{}, time.Time{}
		u.Epoch++
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("accept invitation: %w", err)
	}
	return s.begin(ctx, u, ByLink, from)
}

// Prune forgets the sessions that are over.
func (s *Service) Prune(ctx context.Context) error {
	now := s.config.Now()
	return s.store.PruneSessions(ctx, now.Add(-s.config.Lifetime), now.Add(-s.config.Idle))
}
