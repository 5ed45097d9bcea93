package management

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
)

// appRows are about apps and their secrets.
func (a *API) appRows() []row {
	const one = "/apps/{app}"
	return []row{
		{method: http.MethodGet, path: "/apps", act: account.ViewApp, any: true, do: a.apps},
		{method: http.MethodPost, path: "/apps", act: account.CreateApp, status: http.StatusCreated, do: a.createApp},
		{method: http.MethodGet, path: one, act: account.ViewApp, do: a.app},
		{method: http.MethodPatch, path: one, act: account.ChangeApp, do: a.changeApp},
		{method: http.MethodDelete, path: one, act: account.DeleteApp, do: a.deleteApp},
		{method: http.MethodPost, path: one + "/restore", act: account.DeleteApp, do: a.restoreApp},
		{method: http.MethodGet, path: one + "/secrets", act: account.ViewApp, do: a.secrets},
		{method: http.MethodPost, path: one + "/secrets", act: account.ChangeSecret, status: http.StatusCreated, do: a.addSecret},
		{method: http.MethodDelete, path: one + "/secrets/{fingerprint}", act: account.ChangeSecret, do: a.endSecret},
	}
}

// An app is an app as answers have it.
type app struct {
	Key      string    `json:"key"`
	Name     string    `json:"name"`
	Security bool      `json:"security"`
	Disabled bool      `json:"disabled"`
	Created  time.Time `json:"created"`
	Deleted  time.Time `json:"deleted,omitzero"`
	Gone     time.Time `json:"gone,omitzero"` // when it cannot be restored any more
	Version  string    `json:"version"`
	Role     string    `json:"role"`

	MaxSize       int64    `json:"max_size"`
	Origins       []string `json:"origins"`
	Types         []string `json:"types"`
	SignedImages  bool     `json:"signed_images"`
	WholePatterns bool     `json:"whole_patterns"`
	CallsAlias    bool     `json:"calls_alias"`
	MaxFiles      int64    `json:"max_files"`
	MaxBytes      int64    `json:"max_bytes"`
	Retention     int64    `json:"retention"` // seconds

	RevokedBefore time.Time `json:"revoked_before,omitzero"`
	Revoked       []string  `json:"revoked_policies"` // digests
}

func showApp(m manage.App) app {
	o := m.Options
	shown := app{Key: m.Key, Name: m.Name, Security: m.Security, Disabled: m.Disabled, Created: m.Created.UTC(), Deleted: m.Deleted.UTC(), Gone: m.Gone.UTC(),
		Version: m.Version, Role: m.Role.String(), MaxSize: o.MaxSize, Origins: texts(o.Origins), Types: texts(o.Types), SignedImages: o.SignedImages,
		WholePatterns: o.WholePatterns, CallsAlias: o.CallsAlias, MaxFiles: o.MaxFiles, MaxBytes: o.MaxBytes,
		Retention: int64(o.Retention / time.Second), RevokedBefore: m.RevokedBefore.UTC(), Revoked: []string{}}
	for _, digest := range slices.SortedFunc(maps.Keys(m.Revoked), func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) }) {
		shown.Revoked = append(shown.Revoked, hex.EncodeToString(digest[:]))
	}
	return shown
}

// texts returns a list that is written as one when it is empty, too.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// shown answers with an app.
func (c *call) shown(m manage.App, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	c.etag = m.Version
	return showApp(m), nil
}

func (a *API) apps(ctx context.Context, c *call) (any, error) {
	all, err := a.Manage.Apps(ctx, c.Actor)
	if err != nil {
		return nil, err
	}
	return listed(all, showApp), nil
}

func (a *API) createApp(ctx context.Context, c *call) (any, error) {
	var in struct {
		Name     string `json:"name"`
		Security bool   `json:"security"`
		Key      string `json:"key"`
		Secret   string `json:"secret"`
		MaxSize  int64  `json:"max_size"`
	}
	if err := c.read(&in); err != nil {
		return nil, err
	}
	m, secret, err := a.Manage.CreateApp(ctx, c.Actor, manage.NewApp(in))
	if err != nil {
		return nil, err
	}
	c.etag, c.at = m.Version, "/apps/"+url.PathEscape(m.Key)
	return struct {
		App    app    `json:"app"`
		Secret string `json:"secret"`
	}{showApp(m), secret}, nil
}

func (a *API) app(ctx context.Context, c *call) (any, error) {
	return c.shown(a.Manage.App(ctx, c.Actor, c.app))
}

// credential is a policy as requests have it.
type credential struct {
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
}

func (a *API) changeApp(ctx context.Context, c *call) (any, error) {
	var in struct {
		Name          *string    `json:"name"`
		Disabled      *bool      `json:"disabled"`
		Security      *bool      `json:"security"`
		Proof         credential `json:"proof"`
		Force         string     `json:"force"`
		MaxSize       *int64     `json:"max_size"`
		Origins       *[]string  `json:"origins"`
		Types         *[]string  `json:"types"`
		SignedImages  *bool      `json:"signed_images"`
		WholePatterns *bool      `json:"whole_patterns"`
		CallsAlias    *bool      `json:"calls_alias"`
		MaxFiles      *int64     `json:"max_files"`
		MaxBytes      *int64     `json:"max_bytes"`
		Retention     *int64     `json:"retention"`
	}
	if err := c.read(&in); err != nil {
		return nil, err
	}
	change := manage.Change{Name: in.Name, Disabled: in.Disabled, Security: in.Security, Proof: policy.Credential(in.Proof), Force: in.Force,
		MaxSize: in.MaxSize, Origins: in.Origins, Types: in.Types, SignedImages: in.SignedImages, WholePatterns: in.WholePatterns,
		CallsAlias: in.CallsAlias, MaxFiles: in.MaxFiles, MaxBytes: in.MaxBytes}
	if in.Retention != nil {
		span, err := seconds("retention", *in.Retention)
		if err != nil {
			return nil, err
		}
		change.Retention = &span
	}
	var err error
	if change.Version, err = c.ifMatch(); err != nil {
		return nil, err
	}
	m, err := a.Manage.ChangeApp(ctx, c.Actor, c.app, change)
	if change.Version != "" && errors.Is(err, fault.Conflict) && a.isOther(ctx, c, change.Version) {
		return nil, stale{err}
	}
	return c.shown(m, err)
}

// ifMatch returns the version that a change is made from; empty for whichever.
func (c *call) ifMatch() (string, error) {
	text := strings.Join(c.r.Header.Values("If-Match"), ",")
	if text == "" || text == "*" {
		return "", nil
	}
	version, err := strconv.Unquote(text)
	if err != nil || version == "" {
		return "", account.Refuse(fault.Invalid, "If-Match", "write one ETag of the app as it was answered, with its quotation marks")
	}
	return version, nil
}

// isOther says whether the app has another version.
func (a *API) isOther(ctx context.Context, c *call, version string) bool {
	may := c.Actor
	may.Scopes = nil
	m, err := a.Manage.App(ctx, may, c.app)
	return err == nil && m.Version != version
}

func (a *API) deleteApp(ctx context.Context, c *call) (any, error) {
	return c.shown(a.Manage.DeleteApp(ctx, c.Actor, c.app))
}

func (a *API) restoreApp(ctx context.Context, c *call) (any, error) {
	return c.shown(a.Manage.RestoreApp(ctx, c.Actor, c.app))
}

// A secret is one without its text.
type secret struct {
	Fingerprint string    `json:"fingerprint"`
	Created     time.Time `json:"created"`
	Expires     time.Time `json:"expires,omitzero"`
	Live        bool      `json:"live"`
	Used        time.Time `json:"used,omitzero"`
}

func showSecret(s manage.Secret) secret {
	return secret{Fingerprint: s.Fingerprint, Created: s.Created.UTC(), Expires: s.Expires.UTC(), Live: s.Live}
}

func (a *API) secrets(ctx context.Context, c *call) (any, error) {
	m, err := a.Manage.App(ctx, c.Actor, c.app)
	if err != nil {
		return nil, err
	}
	view, err := a.Figures.View(c.Actor, c.app)
	if err != nil {
		return nil, err
	}
	uses, err := view.SecretUses(ctx)
	if err != nil {
		return nil, err
	}
	return listed(m.Secrets, func(s manage.Secret) secret {
		shown := showSecret(s)
		shown.Used = uses[s.Fingerprint].UTC()
		return shown
	}), nil
}

func (a *API) addSecret(ctx context.Context, c *call) (any, error) {
	var in struct {
		Secret  string `json:"secret"`
		Keep    int64  `json:"keep"`
		DropOld bool   `json:"drop_old"`
	}
	if err := c.read(&in); err != nil {
		return nil, err
	}
	keep, err := seconds("keep", in.Keep)
	if err != nil {
		return nil, err
	}
	m, text, err := a.Manage.AddSecret(ctx, c.Actor, c.app, manage.NewSecret{Key: in.Secret, Keep: keep, DropOld: in.DropOld})
	if err != nil {
		return nil, err
	}
	return struct {
		Secret  string   `json:"secret"`
		Secrets []secret `json:"secrets"`
	}{text, listed(m.Secrets, showSecret).Items}, nil
}

func (a *API) endSecret(ctx context.Context, c *call) (any, error) {
	m, err := a.Manage.EndSecret(ctx, c.Actor, c.app, c.path("fingerprint"))
	if err != nil {
		return nil, err
	}
	return listed(m.Secrets, showSecret), nil
}
