package manage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/outside"
)

// What audit entries call what is done to apps. Those of changes are in action.
const (
	createAction  = "app.create"
	deleteAction  = "app.delete"
	restoreAction = "app.restore"
	removeAction  = "app.remove"
)

// A NewApp is what a new app begins with.
type NewApp struct {
	Name      string
	Security  bool
	OpenReads bool   // see policy.Options
	Temporary bool   // see policy.Options
	Key       string // API key to take over; empty means a new one
	Secret    string // to take over; empty means a new one
	MaxSize   int64  // bytes of one file; 0 means the server's limit
	Storage   string // that new files go to; empty means the default
}

// maxKey is how many characters an API key, or a secret, may have.
const maxKey = 128

// CreateApp makes an app. It returns its secret, which nothing else shows again.
// The error wraps fault.Conflict if there is an app with the key.
func (s *Service) CreateApp(ctx context.Context, by account.Actor, n NewApp) (App, string, error) {
	if err := by.Check(account.CreateApp, ""); err != nil {
		return App{}, "", err
	}
	name, err := account.CanonicalName(n.Name)
	if err != nil {
		return App{}, "", err
	}
	if n.Key == "" {
		n.Key = newAPIKey()
	}
	if n.Secret == "" {
		n.Secret = rand.Text()
	}
	switch {
	case len(n.Key) > maxKey || strings.ContainsFunc(n.Key, changedByURL):
		return App{}, "", account.Refuse(fault.Invalid, "key", "the API key has characters that a URL would change: use letters, digits, - and _")
	case len(n.Secret) > maxKey:
		return App{}, "", account.Refuse(fault.Invalid, "secret", "the secret has more than %d characters", maxKey)
	case n.MaxSize < 0:
		return App{}, "", account.Refuse(fault.Invalid, "max_size", "the size is less than nothing")
	}
	if err := s.checkStorage(n.Storage); err != nil {
		return App{}, "", err
	}
	now := s.now()
	a := policy.App{Key: n.Key, Name: name, Security: n.Security, Created: now,
		Secrets: []policy.Secret{{Key: n.Secret, Created: now}}, Options: policy.Options{MaxSize: n.MaxSize, Storage: n.Storage,
			OpenReads: n.OpenReads, Temporary: n.Temporary}}
	err = s.apps.CreateApp(ctx, by.Entry(createAction, a.Key, a.Key, map[string]string{
		"name": a.Name, "security": fmt.Sprint(a.Security), "secret": a.Secrets[0].Fingerprint()}), a)
	if errors.Is(err, fault.Conflict) {
		return App{}, "", account.Refuse(fault.Conflict, "key", "there is an app with the key %s already", a.Key)
	}
	if err != nil {
		return App{}, "", err
	}
	return s.view(by, a), n.Secret, nil
}

// changedByURL reports whether c cannot stand in any part of a URL as it is.
func changedByURL(c rune) bool {
	return c <= ' ' || c > '~' || strings.ContainsRune("/?#%&=+,:", c)
}

// newAPIKey returns a key of the shape that Filestack's samples have: 22
// characters, from A to z.
func newAPIKey() string { return "A" + rand.Text()[:20] + "z" }

// A Change is what becomes other in an app. What is nil stays as it is.
type Change struct {
	Version string // the App.Version that it was made from; empty means whichever there is

	Name     *string
	Disabled *bool

	// Switching security on refuses everything that has no policy: it needs the
	// Proof of one that the app accepts, or a reason to go without.
	Security *bool
	Proof    policy.Credential
	Force    string // the reason, for the audit log

	MaxSize       *int64    // bytes of one file; 0 means the server's limit
	Origins       *[]string // of pages that may use the app; none means any
	Types         *[]string // media types of the files it takes, like image/*; none means any
	Sources       *[]string // hosts that anybody may bring files in from; none means none
	SignedImages  *bool
	OpenReads     *bool // whether with security on anybody may read, and transform
	Temporary     *bool // whether files are, if their caller leaves it to the app
	WholePatterns *bool
	CallsAlias    *bool
	MaxFiles      *int64         // that it stores; 0 means no bound
	MaxBytes      *int64         // of all its files; 0 means no bound
	Retention     *time.Duration // after which a file is removed; 0 means never
	Storage       *string        // that new files go to; empty means the default. Others stay where they are

	// These need the act ChangeSecret.
	RevokeBefore *time.Time // refuse policies signed before; a zero time takes it back
	RevokePolicy *[32]byte  // refuse the policy with this policy.Digest
	AllowPolicy  *[32]byte  // take that back
}

// action returns what the audit log calls c, and what it needs.
func (c Change) action() (string, []account.Act) {
	rest := c
	rest.RevokeBefore, rest.RevokePolicy, rest.AllowPolicy = nil, nil, nil
	rest.Version, rest.Proof, rest.Force = "", policy.Credential{}, ""
	action, acts := "app.change", []account.Act(nil)
	if c.RevokeBefore != nil || c.RevokePolicy != nil || c.AllowPolicy != nil {
		action, acts = "policy.revoke", append(acts, account.ChangeSecret)
	}
	if rest != (Change{}) {
		action, acts = "app.change", append(acts, account.ChangeApp)
	}
	if c.Security != nil {
		action = "app.security"
	}
	return action, acts
}

// ChangeApp changes an app, all of it or nothing. The error wraps fault.Conflict
// if somebody else has changed it since c.Version.
func (s *Service) ChangeApp(ctx context.Context, by account.Actor, key string, c Change) (App, error) {
	action, acts := c.action()
	if len(acts) == 0 {
		if err := by.Check(account.ChangeApp, key); err != nil {
			return App{}, err
		}
		return App{}, account.Refuse(fault.Invalid, "", "there is nothing to change")
	}
	for _, act := range acts[1:] {
		if err := by.Check(act, key); err != nil {
			return App{}, err
		}
	}
	return s.change(ctx, by, acts[0], action, key, func(a *policy.App, detail map[string]string) error {
		if c.Version != "" && c.Version != version(*a) {
			return account.Refuse(fault.Conflict, "", "somebody has changed the app meanwhile: look at it again")
		}
		if err := c.checkSecurity(*a, s.now()); err != nil {
			return err
		}
		if c.Storage != nil {
			if err := s.checkStorage(*c.Storage); err != nil {
				return err
			}
		}
		return c.apply(a, detail)
	})
}

// checkSecurity returns nil if security may be switched as c says.
func (c Change) checkSecurity(a policy.App, now time.Time) error {
	if c.Security == nil || !*c.Security || a.Security || strings.TrimSpace(c.Force) != "" {
		return nil
	}
	if c.Proof == (policy.Credential{}) {
		return account.Refuse(fault.Conflict, "proof", "show first that a policy works: make one with the app's secret on your own server")
	}
	if _, err := policy.Verify(a, c.Proof, now); err != nil {
		why := "the policy is refused"
		if denial := (*policy.Denial)(nil); errors.As(err, &denial) {
			why += ": " + denial.Detail
		}
		return account.Refuse(fault.Conflict, "proof", "%s", why)
	}
	return nil
}

// apply changes a, and says in detail what is new.
func (c Change) apply(a *policy.App, detail map[string]string) error {
	var err error
	fail := func(e error) { err = errors.Join(err, e) }
	if c.Name != nil {
		name, e := account.CanonicalName(*c.Name)
		fail(e)
		c.Name = &name
	}
	if c.Origins != nil {
		origins, e := each("origins", *c.Origins, canonicalOrigin)
		fail(e)
		c.Origins = &origins
	}
	if c.Types != nil {
		types, e := each("types", *c.Types, policy.ParseType)
		fail(e)
		c.Types = &types
	}
	if c.Sources != nil {
		sources, e := each("sources", *c.Sources, outside.Parse)
		fail(e)
		if len(sources) > outside.Max {
			fail(account.Refuse(fault.Invalid, "sources", "there are more than %d hosts", outside.Max))
		}
		c.Sources = &sources
	}
	for name, n := range map[string]*int64{"max_size": c.MaxSize, "max_files": c.MaxFiles, "max_bytes": c.MaxBytes, "retention": (*int64)(c.Retention)} {
		if n != nil && *n < 0 {
			fail(account.Refuse(fault.Invalid, name, "the number is less than nothing"))
		}
	}
	if err != nil {
		return err
	}
	set(detail, "name", &a.Name, c.Name)
	set(detail, "disabled", &a.Disabled, c.Disabled)
	set(detail, "security", &a.Security, c.Security)
	if c.Security != nil && *c.Security && c.Force != "" {
		detail["without proof"] = c.Force
	}
	o := &a.Options
	set(detail, "max_size", &o.MaxSize, c.MaxSize)
	set(detail, "origins", &o.Origins, c.Origins)
	set(detail, "types", &o.Types, c.Types)
	set(detail, "sources", &o.Sources, c.Sources)
	set(detail, "signed_images", &o.SignedImages, c.SignedImages)
	set(detail, "open_reads", &o.OpenReads, c.OpenReads)
	set(detail, "temporary", &o.Temporary, c.Temporary)
	set(detail, "whole_patterns", &o.WholePatterns, c.WholePatterns)
	set(detail, "calls_alias", &o.CallsAlias, c.CallsAlias)
	set(detail, "max_files", &o.MaxFiles, c.MaxFiles)
	set(detail, "max_bytes", &o.MaxBytes, c.MaxBytes)
	set(detail, "retention", &o.Retention, c.Retention)
	set(detail, "storage", &o.Storage, c.Storage)
	set(detail, "revoked_before", &a.RevokedBefore, c.RevokeBefore)
	c.revoke(a, detail)
	return nil
}

// set changes a field, if there is a value for it.
func set[T any](detail map[string]string, name string, field, value *T) {
	if value != nil {
		*field, detail[name] = *value, fmt.Sprint(*value)
	}
}

// revoke takes single policies back, and takes that back.
func (c Change) revoke(a *policy.App, detail map[string]string) {
	if c.RevokePolicy == nil && c.AllowPolicy == nil {
		return
	}
	a.Revoked = maps.Clone(a.Revoked) // the old map is shared
	if a.Revoked == nil {
		a.Revoked = make(map[[32]byte]bool)
	}
	if c.RevokePolicy != nil {
		a.Revoked[*c.RevokePolicy], detail["revoked"] = true, fmt.Sprintf("%x", *c.RevokePolicy)
	}
	if c.AllowPolicy != nil {
		delete(a.Revoked, *c.AllowPolicy)
		detail["allowed again"] = fmt.Sprintf("%x", *c.AllowPolicy)
	}
}

// each reads every text of a list, and leaves out what is there twice.
func each(field string, texts []string, read func(string) (string, error)) (list []string, err error) {
	for _, text := range texts {
		one, err := read(text)
		if err != nil {
			return nil, account.Refuse(fault.Invalid, field, "%q is not right: %v", text, err)
		}
		if !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list, nil
}

// canonicalOrigin returns an origin as browsers write it.
func canonicalOrigin(text string) (string, error) {
	canonical, err := policy.CanonicalURL(text) // without the port that goes without saying
	if err != nil {
		return "", errors.New("it is no origin like https://example.com")
	}
	u, err := url.Parse(canonical)
	if err != nil || u.Path != "/" || u.RawQuery != "" || u.ForceQuery {
		return "", errors.New("an origin like https://example.com has no path")
	}
	return strings.TrimSuffix(canonical, "/"), nil
}

// DeleteApp marks an app as deleted: everything is refused from now on. For
// KeepDeleted it can be restored.
func (s *Service) DeleteApp(ctx context.Context, by account.Actor, key string) (App, error) {
	return s.change(ctx, by, account.DeleteApp, deleteAction, key, func(a *policy.App, _ map[string]string) error {
		a.Deleted = s.now()
		return nil
	})
}

// RestoreApp takes the deletion of an app back.
func (s *Service) RestoreApp(ctx context.Context, by account.Actor, key string) (App, error) {
	return s.change(ctx, by, account.DeleteApp, restoreAction, key, func(a *policy.App, _ map[string]string) error {
		if a.Deleted.IsZero() {
			return account.Refuse(fault.Conflict, "", "the app is not deleted")
		}
		a.Deleted = time.Time{}
		return nil
	})
}

// RemoveApp removes an app for good, in steps. The error wraps fault.Conflict if
// it has files and withFiles is not set. Unless the actor is an operator, it
// must be deleted already.
func (s *Service) RemoveApp(ctx context.Context, by account.Actor, key string, withFiles bool) error {
	a, err := s.app(ctx, by, account.DeleteApp, key)
	if err != nil {
		return err
	}
	if a.Deleted.IsZero() && !by.Operator {
		return account.Refuse(fault.Conflict, "", "delete the app first, so that it can be restored for a while")
	}
	return s.apps.DeleteApp(ctx, by.Entry(removeAction, key, key, map[string]string{"name": a.Name}), key, withFiles)
}

// AppsToRemove returns the keys of the apps that cannot be restored any more,
// and are to be removed with their files.
func (s *Service) AppsToRemove(ctx context.Context) ([]string, error) {
	all, err := s.apps.Apps(ctx)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, a := range all {
		if !a.Deleted.IsZero() && !s.now().Before(a.Deleted.Add(KeepDeleted)) {
			keys = append(keys, a.Key)
		}
	}
	return keys, nil
}
