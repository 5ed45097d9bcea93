// Package passkey lets users sign in with a key that their device keeps, as
// WebAuthn says. Keys are kept with the user, and sessions begun by package
// account.
package passkey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

const (
	// patience is how long a person may take over one ceremony.
	patience = 5 * time.Minute

	maxPasskeys = 20       // of one user
	maxResponse = 64 << 10 // bytes of what a browser sends
)

// Config says for whom keys are made.
type Config struct {
	Origin string   // of the pages, like https://portal.example.com
	Name   string   // of the service, for people
	Key    [32]byte // seals what a browser keeps during a ceremony; the same on every node
	Now    func() time.Time
}

// users keeps users: an account.Store.
type users interface {
	User(ctx context.Context, id string) (account.User, error)
	UpdateUser(ctx context.Context, by account.Entry, id string, change func(*account.User) error) (account.User, error)
}

// A Service makes and checks passkeys. What it refuses is an *account.Refusal.
type Service struct {
	accounts *account.Service
	users    users
	party    *webauthn.WebAuthn
	envelope account.Envelope
	now      func() time.Time

	mu   sync.Mutex
	used map[string]time.Time // challenges that were answered, until they are too old anyway
}

// New returns a service. The error wraps fault.Unsupported if browsers make no
// keys for the origin: it needs a name, and HTTPS unless that is localhost.
func New(accounts *account.Service, users users, c Config) (*Service, error) {
	u, err := url.Parse(c.Origin)
	if err != nil {
		return nil, fmt.Errorf("origin of passkeys: %w: %w", err, fault.Invalid)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || u.Scheme != "https" && u.Hostname() != "localhost" {
		return nil, fmt.Errorf("browsers make no passkeys for %s: %w", c.Origin, fault.Unsupported)
	}
	required := true
	party, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: c.Name, RPOrigins: []string{c.Origin},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
		AttestationPreference: protocol.PreferNoAttestation,
	})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Service{accounts: accounts, users: users, party: party, envelope: account.NewEnvelope(c.Key), now: c.Now, used: make(map[string]time.Time)}, nil
}

// A Ceremony is what a browser is asked to do.
type Ceremony struct {
	Options json.RawMessage // for navigator.credentials, in its JSON form
	State   string          // to be sent back with the answer
}

// BeginRegistration asks the visitor's browser to make a passkey.
func (s *Service) BeginRegistration(v account.Visitor) (Ceremony, error) {
	if len(v.Account.Passkeys) >= maxPasskeys {
		return Ceremony{}, account.Refuse(fault.Conflict, "", "there are %d passkeys already: remove one first", maxPasskeys)
	}
	p, err := newPerson(v.Account)
	if err != nil {
		return Ceremony{}, err
	}
	options, session, err := s.party.BeginRegistration(p, webauthn.WithExclusions(webauthn.Credentials(p.credentials).CredentialDescriptors()))
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin passkey: %w", err)
	}
	return s.ceremony(options.Response, session)
}

// Register keeps the passkey that the visitor's browser has made.
func (s *Service) Register(ctx context.Context, v account.Visitor, state string, response []byte, name string) error {
	name, err := account.CanonicalName(name)
	if err != nil {
		return err
	}
	session, err := s.open(state)
	if err != nil {
		return err
	}
	if len(response) > maxResponse {
		return account.Refuse(fault.TooLarge, "", "the browser's answer is too long")
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return refused(err)
	}
	p, err := newPerson(v.Account)
	if err != nil {
		return err
	}
	made, err := s.party.CreateCredential(p, session, parsed)
	if err != nil {
		return refused(err)
	}
	if err := s.use(session.Challenge); err != nil {
		return err
	}
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	_, err = s.users.UpdateUser(ctx, v.Entry("passkey.add", "", v.User, map[string]string{"name": name}), v.User, func(u *account.User) error {
		switch {
		case u.Epoch != v.Session.Epoch:
			return account.Refuse(fault.Denied, "", "sign in first")
		case len(u.Passkeys) >= maxPasskeys:
			return account.Refuse(fault.Conflict, "", "there are %d passkeys already: remove one first", maxPasskeys)
		case slices.ContainsFunc(u.Passkeys, is(made.ID)):
			return account.Refuse(fault.Conflict, "", "this passkey is known already")
		}
		u.Passkeys = append(u.Passkeys, account.Passkey{ID: made.ID, Name: name, Created: s.now(), Credential: text})
		return nil
	})
	return err
}

// is returns what finds the passkey with an ID.
func is(id []byte) func(account.Passkey) bool {
	return func(k account.Passkey) bool { return bytes.Equal(k.ID, id) }
}

// BeginSignIn asks a browser for a passkey of whichever user.
func (s *Service) BeginSignIn() (Ceremony, error) {
	options, session, err := s.party.BeginDiscoverableLogin()
	if err != nil {
		return Ceremony{}, fmt.Errorf("begin to sign in: %w", err)
	}
	return s.ceremony(options.Response, session)
}

// SignIn begins a session of the user whose passkey has answered, and returns
// its token.
func (s *Service) SignIn(ctx context.Context, state string, response []byte, from account.From) (string, error) {
	if err := s.accounts.Try(from); err != nil {
		return "", err
	}
	session, err := s.open(state)
	if err != nil {
		return "", err
	}
	if len(response) > maxResponse {
		return "", account.Refuse(fault.TooLarge, "", "the browser's answer is too long")
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return "", refused(err)
	}
	found, credential, err := s.party.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		u, err := s.users.User(ctx, string(handle))
		if err != nil {
			return nil, err
		}
		return newPerson(u)
	}, session, parsed)
	if err != nil {
		return "", refused(err)
	}
	if credential.Authenticator.CloneWarning {
		return "", account.Refuse(fault.Denied, "", "this passkey may have been copied: sign in another way, remove it, and make another one")
	}
	if err := s.use(session.Challenge); err != nil {
		return "", err
	}
	u := found.(person).User
	if err := s.note(ctx, u, credential, from); err != nil {
		return "", err
	}
	s.accounts.Succeeded(from)
	return s.accounts.Begin(ctx, u.ID, account.ByPasskey, from)
}

// note keeps how often a passkey was used, which tells a copy.
func (s *Service) note(ctx context.Context, u account.User, credential *webauthn.Credential, from account.From) error {
	text, err := json.Marshal(credential)
	if err != nil {
		return err
	}
	before := u.Passkeys[slices.IndexFunc(u.Passkeys, is(credential.ID))]
	by := u.Actor(from.Address).Entry("passkey.use", "", u.ID, map[string]string{"name": before.Name})
	_, err = s.users.UpdateUser(ctx, by, u.ID, func(u *account.User) error {
		i := slices.IndexFunc(u.Passkeys, is(credential.ID))
		if i < 0 || !bytes.Equal(u.Passkeys[i].Credential, before.Credential) {
			return account.Refuse(fault.Conflict, "", "the passkey was used elsewhere at the same time: try again")
		}
		u.Passkeys[i].Credential, u.Passkeys[i].Used = text, s.now()
		return nil
	})
	return err
}

// Rename changes what one of the visitor's passkeys is called.
func (s *Service) Rename(ctx context.Context, v account.Visitor, id []byte, name string) error {
	name, err := account.CanonicalName(name)
	if err != nil {
		return err
	}
	_, err = s.users.UpdateUser(ctx, v.Entry("passkey.rename", "", v.User, map[string]string{"name": name}), v.User, func(u *account.User) error {
		i := slices.IndexFunc(u.Passkeys, is(id))
		if i < 0 {
			return account.Refuse(fault.NotFound, "", "there is no such passkey")
		}
		u.Passkeys[i].Name = name
		return nil
	})
	return err
}

// Remove forgets one of the visitor's passkeys, unless it is the only way to sign
// in. All sessions end; it returns the token of a new one.
func (s *Service) Remove(ctx context.Context, v account.Visitor, id []byte) (string, error) {
	detail := make(map[string]string)
	return s.accounts.Renew(ctx, v, v.Entry("passkey.remove", "", v.User, detail), func(u *account.User) error {
		i := slices.IndexFunc(u.Passkeys, is(id))
		if i < 0 {
			return account.Refuse(fault.NotFound, "", "there is no such passkey")
		}
		detail["name"] = u.Passkeys[i].Name
		u.Passkeys = slices.Delete(slices.Clone(u.Passkeys), i, i+1)
		if !u.HasWay() {
			return account.Refuse(fault.Conflict, "", "this is the only way to sign in: set a password, or make another passkey first")
		}
		return nil
	})
}

// refused is the answer to what a browser has sent and does not hold.
func refused(err error) error {
	why := account.Refuse(fault.Denied, "", "the passkey was not accepted: it is another server's, or was removed here, or it took too long")
	var detail *protocol.Error
	if errors.As(err, &detail) {
		return fmt.Errorf("%w: %s %s", why, detail.Details, detail.DevInfo)
	}
	return fmt.Errorf("%w: %v", why, err)
}

// purpose is what envelopes are sealed for here.
const purpose = "passkey"

func (s *Service) ceremony(options any, session *webauthn.SessionData) (Ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, err
	}
	state, err := s.envelope.Seal(purpose, session, s.now().Add(patience))
	return Ceremony{text, state}, err
}

func (s *Service) open(state string) (session webauthn.SessionData, err error) {
	err = s.envelope.Open(purpose, state, &session, s.now())
	return session, err
}

// use notes that a challenge was answered. The error wraps fault.Denied if it
// was before.
func (s *Service) use(challenge string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for c, expires := range s.used {
		if !now.Before(expires) {
			delete(s.used, c)
		}
	}
	if _, ok := s.used[challenge]; ok {
		return account.Refuse(fault.Denied, "", "this was answered already: try again")
	}
	s.used[challenge] = now.Add(patience)
	return nil
}

// A person is a user as WebAuthn sees one.
type person struct {
	account.User
	credentials []webauthn.Credential
}

func newPerson(u account.User) (person, error) {
	p := person{User: u}
	for _, k := range u.Passkeys {
		var c webauthn.Credential
		if err := json.Unmarshal(k.Credential, &c); err != nil {
			return p, fmt.Errorf("read passkey %q: %w: %w", k.Name, err, fault.Damaged)
		}
		p.credentials = append(p.credentials, c)
	}
	return p, nil
}

// WebAuthnID implements webauthn.User, as the next three do.
func (p person) WebAuthnID() []byte { return []byte(p.ID) }

// WebAuthnName returns what tells the user's keys apart.
func (p person) WebAuthnName() string { return p.Email }

// WebAuthnDisplayName returns what people call the user.
func (p person) WebAuthnDisplayName() string { return p.Name }

// WebAuthnCredentials returns the user's keys.
func (p person) WebAuthnCredentials() []webauthn.Credential { return p.credentials }
