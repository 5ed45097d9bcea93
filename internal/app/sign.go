package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stowgate/stowgate/internal/app/owner"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/sign"
)

type signCommand struct {
	App       string   `required:"" placeholder:"KEY" help:"API key of the app whose secret signs."`
	Call      []string `placeholder:"CALL" help:"What is allowed: pick, store, read, stat, write, writeUrl, convert, remove, exif, runWorkflow. Without it, all but exif."`
	Expires   string   `placeholder:"TIME" default:"15m" help:"From now on (default ${default}), or an instant like 2026-01-31T12:00:00Z."`
	Handle    string   `help:"The one file it is about."`
	MinSize   string   `placeholder:"SIZE" default:"0" help:"That a stored file must have."`
	MaxSize   string   `placeholder:"SIZE" default:"0" help:"That a stored file may have."`
	Path      string   `placeholder:"RE" help:"What a stored file's path must match."`
	Container string   `placeholder:"RE" help:"What its container must match."`
	URL       string   `name:"url" placeholder:"RE" help:"What the URL of an import must match."`
	Uses      int      `placeholder:"N" help:"How often it may be used. Only Stowgate knows this."`
}

// Help implements kong.HelpProvider.
func (signCommand) Help() string {
	return `Send what it prints as policy and signature with a request, or as
security=policy:P,signature:S in a delivery path. Narrow and short-lived is best.

  stowgate sign --app KEY --call pick,store --expires 15m --max-size 20MB
  stowgate sign --app KEY --call read --handle HANDLE --expires 1h --uses 1`
}

func (c *signCommand) Run(s *session) error {
	r := new(setting.Reader)
	now := s.now()
	p := sign.Policy{
		Expires: setting.Read(r, "expires", c.Expires, func(text string) (time.Time, error) { return parseExpiry(text, now) }),
		Call:    c.Call, Handle: c.Handle, Path: c.Path, Container: c.Container, URL: c.URL,
		MinSize: setting.Read(r, "min-size", c.MinSize, setting.Size), MaxSize: setting.Read(r, "max-size", c.MaxSize, setting.Size),
		Uses: c.Uses, Issued: now,
	}
	if _, err := asset.ParseID(c.Handle); c.Handle != "" && err != nil {
		r.Fail("--handle=%q is no handle: it has 20 letters and digits", c.Handle)
	}
	if err := r.Err(); err != nil {
		return usageError{err}
	}
	return s.desk().WithCatalog(func(ctx context.Context, records *catalog.Catalog) error {
		a, err := records.App(ctx, c.App)
		if err != nil {
			return owner.NoSuchApp(c.App, err)
		}
		if len(a.Secrets) == 0 {
			return fmt.Errorf("app %s has no secret: make one with stowgate app rotate-secret %s", a.Key, a.Key)
		}
		signed, err := p.Sign(a.Secrets[0].Key)
		if err != nil {
			return usageError{err}
		}
		out := struct {
			sign.Signed
			Expires time.Time `json:"expires"`
		}{signed, p.Expires.UTC().Truncate(time.Second)}
		if a.Off() {
			fmt.Fprintf(s.stderr, "stowgate: app %s is disabled: the policy is refused until stowgate app set %s --enable\n", a.Key, a.Key)
		}
		return s.print(out, fmt.Sprintf("policy     %s\nsignature  %s\nexpires    %s\n", out.Policy, out.Signature, out.Expires.Format(time.RFC3339)))
	})
}

// parseExpiry takes a time span from now, or an instant.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	if d, err := setting.Duration(text); err == nil {
		return now.Add(d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, errors.New("is no time span like 15m or 7d, and no instant like 2026-01-31T12:00:00Z")
}

type explainCommand struct {
	Link      string `arg:"" optional:"" name:"url" help:"A URL that was refused: its policy, signature and handle are taken from it."`
	App       string `placeholder:"KEY" help:"API key of the app. Not needed with a handle that exists."`
	Policy    string `placeholder:"P" help:"The policy, as it was sent."`
	Signature string `placeholder:"S" help:"The signature, as it was sent."`
	Action    string `placeholder:"CALL" help:"What was asked for, like read or store."`
	Handle    string `help:"The file it was about."`
	Path      string `help:"The storage path that was asked for."`
	Container string `help:"The container that was asked for."`
	Source    string `placeholder:"URL" help:"The URL that was to be imported."`
	Size      string `placeholder:"SIZE" help:"Of the file that was to be stored."`

	credential `embed:""`
}

// Help implements kong.HelpProvider.
func (explainCommand) Help() string {
	return `Goes through every condition and says which ones fail. The exit status is 1 if one does.

  stowgate explain 'https://files.example.com/HANDLE?policy=P&signature=S'
  stowgate explain --app KEY --policy P --signature S --action store --size 3MB
  stowgate explain --app KEY --signature S --expire 1893456600
  stowgate explain --app KEY --bearer TOKEN --request-path /base/
  stowgate explain --app KEY --address-token TOKEN --request-path /NAME/-/resize/640x/`
}

func (c *explainCommand) Run(s *session) error {
	r := new(setting.Reader)
	if c.Link != "" {
		c.takeLink(r)
	}
	req := policy.Request{Asset: asset.ID(c.Handle), Container: c.Container, URL: c.Source, Size: -1}
	if c.Action != "" {
		req.Action = setting.Read(r, "action", c.Action, policy.ParseAction)
	}
	if c.Path != "" {
		req.Path = setting.Read(r, "path", c.Path, policy.CanonicalPath)
	}
	if c.Size != "" {
		req.Size = setting.Read(r, "size", c.Size, setting.Size)
	}
	c.credential.check(r, c.Policy)
	if c.App == "" && c.Handle == "" {
		r.Fail("say which app it is about, with --app KEY or with a handle")
	}
	if err := r.Err(); err != nil {
		return usageError{err}
	}
	return s.desk().WithCatalog(func(ctx context.Context, records *catalog.Catalog) error {
		key := c.App
		if c.Handle != "" {
			a, err := records.Asset(ctx, asset.ID(c.Handle))
			if err == nil && c.App != "" && a.App != c.App {
				return fmt.Errorf("file %s belongs to another app than %s: for its callers it is not there", c.Handle, c.App)
			}
			if err == nil {
				key = a.App
			} else if c.App == "" {
				return fmt.Errorf("there is no file %s: it was deleted, or --data is not the server's: %w", c.Handle, err)
			}
		}
		a, err := records.App(ctx, key)
		if err != nil {
			return owner.NoSuchApp(key, err)
		}
		if c.given() {
			return s.printSteps(c.explain(a, c.Signature, req, s.now()))
		}
		return s.printSteps(policy.Explain(a, policy.Credential{Policy: c.Policy, Signature: c.Signature}, req, s.now()))
	})
}

// printSteps prints an explanation. Its error says that the request is refused.
func (s *session) printSteps(steps []policy.Step) error {
	type step struct {
		Check   string `json:"check"`
		OK      bool   `json:"ok"`
		Skipped bool   `json:"skipped"`
		Detail  string `json:"detail"`
	}
	out := struct {
		Allowed bool   `json:"allowed"`
		Steps   []step `json:"steps"`
	}{Allowed: true}
	var b strings.Builder
	var refused []string
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, p := range steps {
		out.Steps = append(out.Steps, step(p))
		mark := "ok"
		switch {
		case p.Skipped:
			mark = "-"
		case !p.OK:
			mark = "NO"
			out.Allowed = false
			refused = append(refused, p.Check)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", mark, p.Check, p.Detail)
	}
	w.Flush()
	if err := s.print(out, b.String()); err != nil {
		return err
	}
	if !out.Allowed {
		return fmt.Errorf("refused: %s", strings.Join(refused, ", "))
	}
	return nil
}

// takeLink fills what is empty from a URL that was asked for.
func (c *explainCommand) takeLink(r *setting.Reader) {
	q, err := access.ReadURL(c.Link)
	if err != nil {
		r.Fail("%q is no URL: put it in quotes", c.Link)
		return
	}
	c.Policy, c.Signature = cmp.Or(c.Policy, q.Cred.Policy), cmp.Or(c.Signature, q.Cred.Signature)
	c.App, c.Handle = cmp.Or(c.App, q.Key), cmp.Or(c.Handle, string(q.Request.Asset))
	if c.Action == "" && q.Request.Action != 0 {
		c.Action = q.Request.Action.String()
	}
}
