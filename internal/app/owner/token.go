package owner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
)

// Tokens are the commands for the tokens of the management API.
type Tokens struct {
	Create tokenCreate `cmd:"" help:"Make an API token, and print it."`
	List   tokenList   `cmd:"" help:"List all API tokens."`
	Revoke tokenRevoke `cmd:"" help:"End an API token."`
}

// A shownToken is an API token as commands print it.
type shownToken struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	User    string     `json:"user"` // ID of who made it; empty for the command line
	App     string     `json:"app"`  // empty for all
	Scopes  []string   `json:"scopes"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires"`
	Used    *time.Time `json:"used"`
}

func showToken(t account.Token) shownToken {
	out := shownToken{ID: t.ID, Name: t.Name, User: t.User, App: t.App, Scopes: []string{}, Created: t.Created.UTC(),
		Expires: moment(t.Expires), Used: moment(t.Used)}
	for _, act := range t.Scopes {
		out.Scopes = append(out.Scopes, act.String())
	}
	return out
}

// until says when the token ends.
func (t shownToken) until() string {
	if t.Expires == nil {
		return "does not expire"
	}
	return "expires " + t.Expires.Format(time.RFC3339)
}

type tokenCreate struct {
	Name    string   `arg:"" help:"What it is for."`
	Scope   []string `required:"" placeholder:"SCOPE" help:"What it may do; see below."`
	App     string   `placeholder:"KEY" help:"The only app it is about; the default is all."`
	Expires string   `placeholder:"TIME" default:"90d" help:"From now on (default ${default}). never means that it does not."`
}

// Help implements kong.HelpProvider.
func (tokenCreate) Help() string {
	var names []string
	for _, act := range account.Acts() {
		names = append(names, act.String())
	}
	return `The token is printed once and never again. Programs send it to the management API as
Authorization: Bearer TOKEN. Scopes are ` + strings.Join(names, ", ") + `.

  stowgate token create backup --scope apps:read,files:read
  stowgate token create deploy --app KEY --scope secrets:write --expires 7d`
}

func (c *tokenCreate) Run(d *Desk) error {
	r := new(setting.Reader)
	n := manage.NewToken{Name: c.Name, App: c.App, Scopes: setting.ReadAll(r, "scope", c.Scope, account.ParseAct)}
	if c.Expires != "never" {
		n.Lifetime = setting.Read(r, "expires", c.Expires, setting.Positive(setting.Duration))
	}
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		t, text, err := m.AddToken(ctx, operator, n)
		if refusal := (*account.Refusal)(nil); errors.As(err, &refusal) {
			return err
		}
		if err != nil {
			return NoSuchApp(c.App, err)
		}
		out := struct {
			shownToken
			Token string `json:"token"`
		}{showToken(t), text}
		return d.Print(out, fmt.Sprintf("token  %s\n\nIt is not shown again, and %s.\n", text, out.until()))
	})
}

type tokenList struct{}

func (c *tokenList) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		tokens, err := m.Tokens(ctx, operator)
		if err != nil {
			return err
		}
		all := make([]shownToken, len(tokens))
		var b strings.Builder
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		for i, t := range tokens {
			one := showToken(t)
			all[i] = one
			about, used := "all apps", "never used"
			if t.App != "" {
				about = "app " + t.App
			}
			if one.Used != nil {
				used = "used " + one.Used.Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, about, strings.Join(one.Scopes, ","), one.until(), used)
		}
		w.Flush()
		if len(tokens) == 0 {
			b.WriteString("There is no API token. Make one: stowgate token create NAME --scope apps:read\n")
		}
		return d.Print(all, b.String())
	})
}

type tokenRevoke struct {
	ID string `arg:"" help:"ID, as stowgate token list shows it."`
}

func (c *tokenRevoke) Run(d *Desk) error {
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		err := m.EndToken(ctx, operator, c.ID)
		if errors.Is(err, fault.NotFound) {
			return fmt.Errorf("there is no token %q: stowgate token list shows all: %w", c.ID, fault.NotFound)
		}
		if err != nil {
			return err
		}
		return d.Print(map[string]string{"revoked": c.ID}, "revoked "+c.ID+"\n")
	})
}
