// Package apps is the part of the management API about apps: settings, secrets,
// policies, and figures of what they are asked for.
package apps

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
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// API is the part about apps.
type API struct {
	Manage  *manage.Service
	Figures *insight.Service

	// ReadURL returns what a URL asks for, in the words of the protocols that
	// this server speaks: the app's key, if it says, and the policy and request.
	ReadURL func(text string) (key string, c policy.Credential, r policy.Request, err error)

	Now func() time.Time
}

// Rows returns the table.
func (a *API) Rows() []call.Row {
	return slices.Concat(a.appRows(), a.deliveryRows(), a.policyRows(), a.figureRows())
}

// appRows are about apps and their secrets.
func (a *API) appRows() []call.Row {
	const one = "/apps/{app}"
	return []call.Row{
		{Method: http.MethodGet, Path: "/apps", Act: account.ViewApp, Any: true, Do: a.apps},
		{Method: http.MethodPost, Path: "/apps", Act: account.CreateApp, Status: http.StatusCreated, Do: a.createApp},
		{Method: http.MethodGet, Path: one, Act: account.ViewApp, Do: a.app},
		{Method: http.MethodPatch, Path: one, Act: account.ChangeApp, Do: a.changeApp},
		{Method: http.MethodDelete, Path: one, Act: account.DeleteApp, Do: a.deleteApp},
		{Method: http.MethodPost, Path: one + "/restore", Act: account.DeleteApp, Do: a.restoreApp},
		{Method: http.MethodPost, Path: one + "/remove", Act: account.DeleteApp, Do: a.removeApp},
		{Method: http.MethodGet, Path: one + "/secrets", Act: account.ViewApp, Do: a.secrets},
		{Method: http.MethodPost, Path: one + "/secrets", Act: account.ChangeSecret, Status: http.StatusCreated, Do: a.addSecret},
		{Method: http.MethodDelete, Path: one + "/secrets/{fingerprint}", Act: account.ChangeSecret, Do: a.endSecret},
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
	Sources       []string `json:"sources"`
	SignedImages  bool     `json:"signed_images"`
	OpenReads     bool     `json:"open_reads"`
	Temporary     bool     `json:"temporary"`
	WholePatterns bool     `json:"whole_patterns"`
	CallsAlias    bool     `json:"calls_alias"`
	MaxFiles      int64    `json:"max_files"`
	MaxBytes      int64    `json:"max_bytes"`
	Retention     int64    `json:"retention"` // seconds
	Storage       string   `json:"storage"`

	RevokedBefore time.Time `json:"revoked_before,omitzero"`
	Revoked       []string  `json:"revoked_policies"` // digests
}

func showApp(m manage.App) app {
	o := m.Options
	shown := app{Key: m.Key, Name: m.Name, Security: m.Security, Disabled: m.Disabled, Created: m.Created.UTC(), Deleted: m.Deleted.UTC(), Gone: m.Gone.UTC(),
		Version: m.Version, Role: m.Role.String(), MaxSize: o.MaxSize, Origins: call.Texts(o.Origins), Types: call.Texts(o.Types), Sources: call.Texts(o.Sources), SignedImages: o.SignedImages,
		OpenReads: o.OpenReads, Temporary: o.Temporary,
		WholePatterns: o.WholePatterns, CallsAlias: o.CallsAlias, MaxFiles: o.MaxFiles, MaxBytes: o.MaxBytes,
		Retention: int64(o.Retention / time.Second), Storage: o.Storage, RevokedBefore: m.RevokedBefore.UTC(), Revoked: []string{}}
	for _, digest := range slices.SortedFunc(maps.Keys(m.Revoked), func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) }) {
		shown.Revoked = append(shown.Revoked, hex.EncodeToString(digest[:]))
	}
	return shown
}

// shown answers with an app.
func shown(c *call.Call) func(manage.App, error) (any, error) {
	return func(m manage.App, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		c.ETag = m.Version
		return showApp(m), nil
	}
}

func (a *API) apps(ctx context.Context, c *call.Call) (any, error) {
	all, err := a.Manage.Apps(ctx, c.Actor)
	if err != nil {
		return nil, err
	}
	return call.Listed(all, showApp), nil
}

func (a *API) createApp(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Name      string `json:"name"`
		Security  bool   `json:"security"`
		OpenReads bool   `json:"open_reads"`
		Temporary bool   `json:"temporary"`
		Key       string `json:"key"`
		Secret    string `json:"secret"`
		MaxSize   int64  `json:"max_size"`
		Storage   string `json:"storage"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	m, secret, err := a.Manage.CreateApp(ctx, c.Actor, manage.NewApp(in))
	if err != nil {
		return nil, err
	}
	c.ETag, c.At = m.Version, "/apps/"+url.PathEscape(m.Key)
	return struct {
		App    app    `json:"app"`
		Secret string `json:"secret"`
	}{showApp(m), secret}, nil
}

func (a *API) app(ctx context.Context, c *call.Call) (any, error) {
	return shown(c)(a.Manage.App(ctx, c.Actor, c.App))
}

// credential is a policy as requests have it.
type credential struct {
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
}

func (a *API) changeApp(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Name          *string    `json:"name"`
		Disabled      *bool      `json:"disabled"`
		Security      *bool      `json:"security"`
		Proof         credential `json:"proof"`
		Force         string     `json:"force"`
		MaxSize       *int64     `json:"max_size"`
		Origins       *[]string  `json:"origins"`
		Types         *[]string  `json:"types"`
		Sources       *[]string  `json:"sources"`
		SignedImages  *bool      `json:"signed_images"`
		OpenReads     *bool      `json:"open_reads"`
		Temporary     *bool      `json:"temporary"`
		WholePatterns *bool      `json:"whole_patterns"`
		CallsAlias    *bool      `json:"calls_alias"`
		MaxFiles      *int64     `json:"max_files"`
		MaxBytes      *int64     `json:"max_bytes"`
		Retention     *int64     `json:"retention"`
		Storage       *string    `json:"storage"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	change := manage.Change{Name: in.Name, Disabled: in.Disabled, Security: in.Security, Proof: policy.Credential(in.Proof), Force: in.Force,
		MaxSize: in.MaxSize, Origins: in.Origins, Types: in.Types, Sources: in.Sources, SignedImages: in.SignedImages, OpenReads: in.OpenReads, Temporary: in.Temporary, WholePatterns: in.WholePatterns,
		CallsAlias: in.CallsAlias, MaxFiles: in.MaxFiles, MaxBytes: in.MaxBytes, Storage: in.Storage}
	if in.Retention != nil {
		span, err := call.Seconds("retention", *in.Retention)
		if err != nil {
			return nil, err
		}
		change.Retention = &span
	}
	var err error
	if change.Version, err = ifMatch(c); err != nil {
		return nil, err
	}
	m, err := a.Manage.ChangeApp(ctx, c.Actor, c.App, change)
	if change.Version != "" && errors.Is(err, fault.Conflict) && a.isOther(ctx, c, change.Version) {
		return nil, call.Stale{Err: err}
	}
	return shown(c)(m, err)
}

// ifMatch returns the version that a change is made from; empty for whichever.
func ifMatch(c *call.Call) (string, error) {
	text := strings.Join(c.Header("If-Match"), ",")
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
func (a *API) isOther(ctx context.Context, c *call.Call, version string) bool {
	m, err := a.Manage.App(ctx, c.Whole(), c.App)
	return err == nil && m.Version != version
}

func (a *API) deleteApp(ctx context.Context, c *call.Call) (any, error) {
	return shown(c)(a.Manage.DeleteApp(ctx, c.Actor, c.App))
}

func (a *API) restoreApp(ctx context.Context, c *call.Call) (any, error) {
	return shown(c)(a.Manage.RestoreApp(ctx, c.Actor, c.App))
}

func (a *API) removeApp(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Files bool `json:"files"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	err := a.Manage.RemoveApp(ctx, c.Actor, c.App, in.Files)
	if errors.Is(err, fault.Conflict) && !errors.As(err, new(*account.Refusal)) {
		return nil, account.Refuse(fault.Conflict, "", "the app has files: say that they are to be removed as well, or move them first")
	}
	return nil, err
}

func (a *API) secrets(ctx context.Context, c *call.Call) (any, error) {
	m, err := a.Manage.App(ctx, c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	view, err := a.Figures.View(c.Actor, c.App)
	if err != nil {
		return nil, err
	}
	uses, err := view.SecretUses(ctx)
	if err != nil {
		return nil, err
	}
	return call.Listed(m.Secrets, func(s manage.Secret) call.Secret {
		shown := call.ShowSecret(s)
		shown.Used = uses[s.Fingerprint].UTC()
		return shown
	}), nil
}

// A newSecret is the answer with one, which is shown this once.
type newSecret struct {
	Secret  string        `json:"secret"`
	Secrets []call.Secret `json:"secrets"`
}

func (a *API) addSecret(ctx context.Context, c *call.Call) (any, error) {
	var in struct {
		Secret  string `json:"secret"`
		Keep    int64  `json:"keep"`
		DropOld bool   `json:"drop_old"`
	}
	if err := c.Read(&in); err != nil {
		return nil, err
	}
	keep, err := call.Seconds("keep", in.Keep)
	if err != nil {
		return nil, err
	}
	m, text, err := a.Manage.AddSecret(ctx, c.Actor, c.App, manage.NewSecret{Key: in.Secret, Keep: keep, DropOld: in.DropOld})
	if err != nil {
		return nil, err
	}
	return newSecret{text, call.Listed(m.Secrets, call.ShowSecret).Items}, nil
}

func (a *API) endSecret(ctx context.Context, c *call.Call) (any, error) {
	m, err := a.Manage.EndSecret(ctx, c.Actor, c.App, c.Path("fingerprint"))
	if err != nil {
		return nil, err
	}
	return call.Listed(m.Secrets, call.ShowSecret), nil
}
