package owner

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
)

// Apps are the commands for apps.
type Apps struct {
	Create         appCreate   `cmd:"" help:"Make an app, and print its key and secret."`
	List           appList     `cmd:"" help:"List all apps."`
	Show           appShow     `cmd:"" help:"Show an app. Its secrets are never shown again."`
	Set            appSet      `cmd:"" help:"Change an app, or take policies back."`
	RotateSecret   appRotate   `cmd:"" help:"Make a new secret. The old one goes on for a while."`
	DeliverySecret appDelivery `cmd:"" help:"Add, remove or list the secrets that tokens in addresses of files are signed with."`
	Delete         appDelete   `cmd:"" help:"Delete an app."`
	Restore        appRestore  `cmd:"" help:"Take back that an app was deleted in the portal."`
}

// A shownApp is an app as commands print it.
type shownApp struct {
	Name          string        `json:"name"`
	Key           string        `json:"api_key"`
	Security      string        `json:"security"`
	Temporary     bool          `json:"temporary"`
	Disabled      bool          `json:"disabled"`
	Created       time.Time     `json:"created"`
	Secrets       []shownSecret `json:"secrets"`
	Delivery      []shownSecret `json:"delivery_secrets"`
	MaxSize       int64         `json:"max_size"`
	WholePatterns bool          `json:"whole_patterns"`
	CallsAlias    bool          `json:"calls_alias"`
	SignedImages  bool          `json:"signed_images"`
	Origins       []string      `json:"origins"`
	RevokedBefore *time.Time    `json:"revoked_before"`
	Revoked       []string      `json:"revoked_policies"`
	Gone          *time.Time    `json:"gone,omitempty"` // of a deleted app: until when it can be restored
	shownLimits
}

func show(a manage.App) shownApp {
	out := shownApp{
		Name: a.Name, Key: a.Key, Security: securityOf(a), Disabled: a.Disabled, Created: a.Created.UTC(),
		Secrets: showSecrets(a.Secrets), Delivery: showSecrets(a.DeliverySecrets), Temporary: a.Options.Temporary, MaxSize: a.Options.MaxSize, WholePatterns: a.Options.WholePatterns,
		CallsAlias: a.Options.CallsAlias, SignedImages: a.Options.SignedImages, Origins: append([]string{}, a.Options.Origins...),
		RevokedBefore: moment(a.RevokedBefore), Revoked: []string{}, Gone: moment(a.Gone),
		shownLimits: showLimits(a.Options),
	}
	for digest := range a.Revoked {
		out.Revoked = append(out.Revoked, hex.EncodeToString(digest[:]))
	}
	slices.Sort(out.Revoked)
	return out
}

func (a shownApp) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	state := "enabled"
	if a.Disabled {
		state = "disabled: everything is refused"
	}
	if a.Gone != nil {
		state = "deleted: gone for good at " + a.Gone.Format(time.RFC3339) + ", unless it is restored"
	}
	size := "the server's"
	if a.MaxSize > 0 {
		size = fmt.Sprintf("%d bytes", a.MaxSize)
	}
	fmt.Fprintf(w, "name\t%s\nAPI key\t%s\nsecurity\t%s\nstate\t%s\ncreated\t%s\nmax size\t%s\n",
		a.Name, a.Key, a.Security, state, a.Created.Format(time.RFC3339), size)
	fmt.Fprintf(w, "patterns\t%s\ncalls alias\t%s\n", map[bool]string{false: "match from the start", true: "match whole"}[a.WholePatterns], onOff(a.CallsAlias))
	images := "go by security"
	if a.SignedImages {
		images = "need a policy"
	}
	fmt.Fprintf(w, "transforms\t%s\n", images)
	if a.Temporary {
		fmt.Fprintf(w, "files\tgo after %v, unless a request says to keep them\n", asset.TemporaryLifetime)
	}
	fmt.Fprintf(w, "pages of\t%s\n", cmp.Or(strings.Join(a.Origins, ", "), "any origin"))
	a.shownLimits.print(w)
	for _, s := range a.Secrets {
		fmt.Fprintf(w, "secret\t%s\n", s.text())
	}
	for _, s := range a.Delivery {
		fmt.Fprintf(w, "delivery secret\t%s\n", s.text())
	}
	if a.RevokedBefore != nil {
		fmt.Fprintf(w, "revoked\tpolicies signed before %s\n", a.RevokedBefore.Format(time.RFC3339))
	}
	for _, digest := range a.Revoked {
		fmt.Fprintf(w, "revoked\tpolicy with digest %s\n", digest)
	}
	w.Flush()
	return b.String()
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// moment returns t in UTC, or nil for none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

type appCreate struct {
	Name      string `arg:"" help:"What people call it."`
	Security  string `default:"on" help:"on: every request needs a signed policy. uploads: anybody may read and transform a file whose address they know, and the rest needs one. off: anybody may upload and read (default ${default})."`
	Temporary string `default:"off" placeholder:"on|off" help:"Whether a file goes after a day, if a request leaves it to the app."`
	APIKey    string `name:"api-key" placeholder:"KEY" help:"Key to take over; the default is a new one."`
	Secret    string `placeholder:"SECRET" help:"Secret to take over; the default is a new one."`
	MaxSize   string `placeholder:"SIZE" default:"0" help:"Of one file; 0 means the server's limit."`
	KeepIn    string `placeholder:"NAME" default:"default" help:"Storage that its files go to: one of --storage-named, or default."`
}

// Help implements kong.HelpProvider.
func (appCreate) Help() string {
	return `The secret is printed once and never again: keep it on your own server, out of pages.

  stowgate app create photos
  stowgate app create photos --security uploads
  stowgate app create photos --security off
  stowgate app create photos --api-key AbCdEfGhIjKlMnOpQrStUz --secret OLDSECRET`
}

func (c *appCreate) Run(d *Desk) error {
	r := new(setting.Reader)
	security := setting.Read(r, "security", c.Security, parseSecurity)
	temporary := setting.Read(r, "temporary", c.Temporary, isOn)
	size := setting.Read(r, "max-size", c.MaxSize, setting.Size)
	storage := setting.Read(r, "keep-in", c.KeepIn, parseStorage)
	if strings.ContainsFunc(c.APIKey, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("/?#%&=+,:", c) }) || len(c.APIKey) > 128 {
		r.Fail("--api-key has characters that a URL would change: use letters, digits, - and _")
	}
	if strings.TrimSpace(c.Name) == "" {
		r.Fail("the app needs a name")
	}
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	n := manage.NewApp{Name: c.Name, Security: security != "off", OpenReads: security == "uploads", Temporary: temporary,
		Key: c.APIKey, Secret: c.Secret, MaxSize: size, Storage: storage}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		a, secret, err := m.CreateApp(ctx, operator, n)
		if errors.Is(err, fault.Conflict) {
			return fmt.Errorf("%w: stowgate app show %s", err, n.Key)
		}
		if err != nil {
			return err
		}
		out := struct {
			Name     string `json:"name"`
			Key      string `json:"api_key"`
			Secret   string `json:"secret"`
			Security string `json:"security"`
		}{a.Name, a.Key, secret, security}
		next := fmt.Sprintf("stowgate sign --app %s --call pick,store,read --expires 15m", a.Key)
		if !a.Security {
			next = "curl --data-binary @FILE 'http://127.0.0.1:8080/api/store/S3?key=" + a.Key + "&filename=NAME'"
		}
		return d.Print(out, fmt.Sprintf("API key   %s\nsecret    %s\nsecurity  %s\n\nThe secret is not shown again. Next, try:\n\n  %s\n",
			out.Key, out.Secret, out.Security, next))
	})
}

type appList struct{}

func (c *appList) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		apps, err := m.Apps(ctx, operator)
		if err != nil {
			return err
		}
		all := make([]shownApp, len(apps))
		var b strings.Builder
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		for i, a := range apps {
			all[i] = show(a)
			state := ""
			if a.Disabled {
				state = "disabled"
			}
			if !a.Gone.IsZero() {
				state = "deleted"
			}
			fmt.Fprintf(w, "%s\t%s\tsecurity %s\t%s\n", a.Key, a.Name, securityOf(a), state)
		}
		w.Flush()
		if len(apps) == 0 {
			b.WriteString("There is no app yet. Make one: stowgate app create NAME\n")
		}
		return d.Print(all, b.String())
	})
}

type appShow struct {
	Key string `arg:"" help:"API key."`
}

func (c *appShow) Run(d *Desk) error {
	return d.WithCatalog(func(ctx context.Context, records *catalog.Catalog) error {
		a, err := d.manager(records).App(ctx, operator, c.Key)
		if err != nil {
			return NoSuchApp(c.Key, err)
		}
		shown := show(a)
		if err := shown.addFigures(ctx, records); err != nil {
			return err
		}
		return d.Print(shown, shown.text())
	})
}

type appSet struct {
	Key           string  `arg:"" help:"API key."`
	Name          *string `help:"What people call it."`
	Security      *string `placeholder:"on|off|uploads" help:"Whether every request needs a signed policy; with uploads all but reading and transforming do."`
	MaxSize       *string `placeholder:"SIZE" help:"Of one file; 0 means the server's limit."`
	WholePatterns *string `placeholder:"on|off" help:"Whether path, container and url patterns must match to the end."`
	CallsAlias    *string `placeholder:"on|off" help:"Whether policies may write calls for call, as Filestack's Java SDK does."`
	SignedImages  *string `placeholder:"on|off" help:"Whether transforming a file needs a signed policy, also while security is off or for uploads."`
	Temporary     *string `placeholder:"on|off" help:"Whether a file goes after a day, if a request leaves it to the app."`
	Origins       *string `placeholder:"URL,..." help:"Origins of the pages that may use the app, like https://example.com, with commas between them. any, the default, takes it back."`
	RevokeBefore  *string `placeholder:"TIME" help:"Refuse policies signed before: now, or a time like 2026-01-31T12:00:00Z. off takes it back."`
	RevokePolicy  *string `placeholder:"POLICY" help:"Refuse one policy: its text, or its SHA-256 in hexadecimal."`
	limits        `embed:""`
	Disable       bool `xor:"state" help:"Refuse everything."`
	Enable        bool `xor:"state" help:"Undo --disable."`
}

// Help implements kong.HelpProvider.
func (appSet) Help() string {
	return `A running server sees a change within a second.

  stowgate app set KEY --security on
  stowgate app set KEY --max-size 20MB --whole-patterns on
  stowgate app set KEY --origins https://example.com,https://www.example.com
  stowgate app set KEY --types image/*,application/pdf --max-bytes 10GB --retention 30d
  stowgate app set KEY --revoke-before now
  stowgate app set KEY --revoke-policy eyJleHBpcnkiOjE5OTk5OTk5OTl9`
}

func (c *appSet) Run(d *Desk) error {
	change, err := c.change(d.Now())
	if err != nil {
		return UsageError{err}
	}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		a, err := m.ChangeApp(ctx, operator, c.Key, change)
		if err != nil {
			return NoSuchApp(c.Key, err)
		}
		return d.Print(show(a), show(a).text())
	})
}

// change returns what the flags ask for.
func (c *appSet) change(now time.Time) (manage.Change, error) {
	r := new(setting.Reader)
	change := manage.Change{
		Name:          c.Name,
		Temporary:     optional(r, "temporary", c.Temporary, isOn),
		Force:         "on the command line",
		WholePatterns: optional(r, "whole-patterns", c.WholePatterns, isOn),
		CallsAlias:    optional(r, "calls-alias", c.CallsAlias, isOn),
		SignedImages:  optional(r, "signed-images", c.SignedImages, isOn),
		MaxSize:       optional(r, "max-size", c.MaxSize, setting.Size),
		Origins:       optional(r, "origins", c.Origins, listOf("any", setting.Origin)),
		RevokeBefore:  optional(r, "revoke-before", c.RevokeBefore, func(text string) (time.Time, error) { return parseMoment(text, now) }),
		RevokePolicy:  optional(r, "revoke-policy", c.RevokePolicy, parseDigest),
	}
	if security := optional(r, "security", c.Security, parseSecurity); security != nil {
		on, open := *security != "off", *security == "uploads"
		change.Security, change.OpenReads = &on, &open
	}
	c.limits.read(r, &change)
	if c.Disable || c.Enable {
		change.Disabled = &c.Disable
	}
	if change == (manage.Change{Force: change.Force}) && r.Err() == nil {
		r.Fail("there is nothing to change: see stowgate app set --help")
	}
	return change, r.Err()
}

// optional reads a flag, if it was given.
func optional[T any](r *setting.Reader, name string, text *string, read func(string) (T, error)) *T {
	if text == nil {
		return nil
	}
	value := setting.Read(r, name, *text, read)
	return &value
}

// isOn reads on and off.
func isOn(text string) (bool, error) {
	text, err := setting.OneOf("on", "off")(text)
	return text == "on", err
}

// listOf takes what parse does, with commas between, and the word none for none
// of it.
func listOf(none string, parse func(string) (string, error)) func(string) ([]string, error) {
	return func(text string) (list []string, err error) {
		if text == none {
			return nil, nil
		}
		for part := range strings.SplitSeq(text, ",") {
			one, err := parse(part)
			if err != nil {
				return nil, err
			}
			list = append(list, one)
		}
		return list, nil
	}
}

// parseMoment takes now, off for none, and times.
func parseMoment(text string, now time.Time) (time.Time, error) {
	switch text {
	case "now":
		return now, nil
	case "off":
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("is no time like now, 2026-01-31 or 2026-01-31T12:00:00Z")
}

// parseDigest takes a policy, or what identifies one.
func parseDigest(text string) ([32]byte, error) {
	if text == "" {
		return [32]byte{}, errors.New("is no policy")
	}
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == 32 {
		return [32]byte(raw), nil
	}
	return policy.Digest(text), nil
}

type appRotate struct {
	Key    string `arg:"" help:"API key."`
	Keep   string `placeholder:"TIME" default:"24h" help:"How long the old secret goes on (default ${default})."`
	Now    bool   `help:"Drop all old secrets at once: what they signed is refused from now on."`
	Secret string `placeholder:"SECRET" help:"Secret to take over; the default is a new one."`
}

// Help implements kong.HelpProvider.
func (appRotate) Help() string {
	return `Give the new secret to everything that signs while the old one still works. At most two
secrets live at once.

  stowgate app rotate-secret KEY --keep 7d
  stowgate app rotate-secret KEY --now`
}

func (c *appRotate) Run(d *Desk) error {
	r := new(setting.Reader)
	keep := setting.Read(r, "keep", c.Keep, setting.Duration)
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		a, secret, err := m.AddSecret(ctx, operator, c.Key, manage.NewSecret{Key: c.Secret, Keep: keep, DropOld: c.Now})
		if errors.Is(err, fault.Conflict) {
			return fmt.Errorf("app %s: %w: wait, or drop both with --now", c.Key, err)
		}
		if err != nil {
			return NoSuchApp(c.Key, err)
		}
		out := struct {
			Key        string     `json:"api_key"`
			Secret     string     `json:"secret"`
			OldExpires *time.Time `json:"old_expires"`
		}{Key: a.Key, Secret: secret}
		old := "No older secret is valid any more."
		if len(a.Secrets) > 1 {
			out.OldExpires = moment(a.Secrets[1].Expires)
			old = "The old secret is valid until " + out.OldExpires.Format(time.RFC3339) + "."
		}
		return d.Print(out, fmt.Sprintf("secret  %s\n\nIt is not shown again. %s\n", secret, old))
	})
}

type appDelete struct {
	Key        string `arg:"" help:"API key."`
	WithAssets bool   `help:"Delete all of its files as well. There is no way back."`
}

// Help implements kong.HelpProvider.
func (appDelete) Help() string {
	return `An app that has files is not deleted without --with-assets. To stop an app for a while, use
stowgate app set KEY --disable.

  stowgate app delete KEY
  stowgate app delete KEY --with-assets`
}

func (c *appDelete) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		err := m.RemoveApp(ctx, operator, c.Key, c.WithAssets)
		switch {
		case errors.Is(err, fault.Conflict):
			return fmt.Errorf("app %s has files: delete them too with --with-assets, or stop it with stowgate app set %s --disable: %w", c.Key, c.Key, fault.Conflict)
		case err != nil:
			return NoSuchApp(c.Key, err)
		}
		return d.Print(map[string]string{"deleted": c.Key}, "deleted "+c.Key+"\n")
	})
}

type appRestore struct {
	Key string `arg:"" help:"API key."`
}

func (c *appRestore) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		a, err := m.RestoreApp(ctx, operator, c.Key)
		if err != nil {
			return NoSuchApp(c.Key, err)
		}
		return d.Print(show(a), show(a).text())
	})
}
