package owner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/manage"
)

// parseSecurity takes what --security may be.
var parseSecurity = setting.OneOf("on", "off", "uploads")

// securityOf returns what --security is for an app.
func securityOf(a manage.App) string {
	if a.Security && a.Options.OpenReads {
		return "uploads"
	}
	return onOff(a.Security)
}

// A shownSecret tells a secret from others without giving it away.
type shownSecret struct {
	Fingerprint string     `json:"fingerprint"`
	Created     time.Time  `json:"created"`
	Expires     *time.Time `json:"expires"`
	Used        *time.Time `json:"used,omitempty"` // when it was last, to the minute
}

func showSecrets(secrets []manage.Secret) []shownSecret {
	shown := []shownSecret{}
	for _, s := range secrets {
		shown = append(shown, shownSecret{Fingerprint: s.Fingerprint, Created: s.Created.UTC(), Expires: moment(s.Expires)})
	}
	return shown
}

func (s shownSecret) text() string {
	until := "does not expire"
	if s.Expires != nil {
		until = "expires " + s.Expires.Format(time.RFC3339)
	}
	if s.Used != nil {
		until += ", last used " + s.Used.Format("2006-01-02 15:04Z")
	}
	return fmt.Sprintf("%s, made %s, %s", s.Fingerprint, s.Created.Format(time.RFC3339), until)
}

type appDelivery struct {
	Key    string `arg:"" help:"API key."`
	Add    bool   `xor:"do" help:"Add one, and print it."`
	Secret string `placeholder:"DIGITS" help:"With --add, the one to take over: 64 to 128 hexadecimal digits; the default is a new one."`
	Remove string `xor:"do" placeholder:"FINGERPRINT" help:"Remove one: tokens signed with it are refused at once."`
}

// Help implements kong.HelpProvider.
func (appDelivery) Help() string {
	return `A token in the address of a file lets whoever has the address read it until the token expires.
It is signed with a delivery secret, which signs nothing else. An app has at most two, so that
one can be changed while addresses with the other are still in use.

  stowgate app delivery-secret KEY
  stowgate app delivery-secret KEY --add
  stowgate app delivery-secret KEY --remove 1a2b3c4d`
}

func (c *appDelivery) Run(d *Desk) error {
	if c.Secret != "" && !c.Add {
		return UsageError{errors.New("--secret goes with --add")}
	}
	return d.withManager(func(ctx context.Context, m *manage.Service) error {
		var a manage.App
		var secret string
		var err error
		switch {
		case c.Add:
			a, secret, err = m.AddDeliverySecret(ctx, operator, c.Key, c.Secret)
		case c.Remove != "":
			a, err = m.RemoveDeliverySecret(ctx, operator, c.Key, c.Remove)
		default:
			a, err = m.App(ctx, operator, c.Key)
		}
		if errors.As(err, new(*account.Refusal)) {
			return fmt.Errorf("app %s: %w", c.Key, err)
		}
		if err != nil {
			return NoSuchApp(c.Key, err)
		}
		out := struct {
			Key     string        `json:"api_key"`
			Secret  string        `json:"secret,omitempty"`
			Secrets []shownSecret `json:"delivery_secrets"`
		}{a.Key, secret, showSecrets(a.DeliverySecrets)}
		var b strings.Builder
		if secret != "" {
			fmt.Fprintf(&b, "secret  %s\n\nIt is not shown again. ", secret)
		}
		fmt.Fprintf(&b, "The app has %d of 2 delivery secrets.\n", len(out.Secrets))
		for _, s := range out.Secrets {
			fmt.Fprintf(&b, "  %s\n", s.text())
		}
		return d.Print(out, b.String())
	})
}
