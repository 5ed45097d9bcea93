package owner

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/filestack/hook"
	careanswer "github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	carehook "github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
	"github.com/stowgate/stowgate/internal/webhook"
)

// withWebhooks calls do with what commands change webhooks through. It sends
// nothing: the server does.
func (d *Desk) withWebhooks(do func(context.Context, *manage.Webhooks) error) error {
	return d.WithCatalog(func(ctx context.Context, records *catalog.Catalog) error {
		book := records.Book()
		formats := hookFormats()
		return do(ctx, manage.NewWebhooks(hooks.New(book, queue.New(book, queue.Config{}), formats, func() {}), formats, d.Now))
	})
}

// hookFormats are the formats of webhooks, without what sends them.
func hookFormats() webhook.Formats {
	care := carehook.Format(careanswer.Place{})
	care.Body, care.Sign = nil, nil
	return webhook.Formats{"filestack": {Title: "Filestack", Words: hook.Words()}, "uploadcare": care}
}

// Webhooks manage webhooks.
type Webhooks struct {
	Add        hookAdd        `cmd:"" help:"Have an address told what happens to an app's files, and print the secret."`
	List       hookList       `cmd:"" help:"List an app's webhooks, and how they fare."`
	Set        hookSet        `cmd:"" help:"Change a webhook."`
	Rotate     hookRotate     `cmd:"" name:"rotate-secret" help:"Make a new secret; the old one goes on for a while."`
	Test       hookTest       `cmd:"" help:"Send a webhook a test. The server sends it."`
	Deliveries hookDeliveries `cmd:"" help:"List what a webhook was told, or is to be."`
	Redeliver  hookRedeliver  `cmd:"" help:"Make a delivery again. The server sends it."`
	Remove     hookRemove     `cmd:"" help:"Remove a webhook."`
}

// A shownHook is a webhook as commands print it.
type shownHook struct {
	ID        string     `json:"id"`
	App       string     `json:"app"`
	URL       string     `json:"url"`
	Events    []string   `json:"events"` // empty means all
	Format    string     `json:"format"`
	Enabled   bool       `json:"enabled"`
	Secret    string     `json:"secret,omitempty"` // once, when it is made
	Created   time.Time  `json:"created"`
	Succeeded *time.Time `json:"succeeded"`
	Failures  int        `json:"failures"`
	Error     string     `json:"error"`
	Waiting   int        `json:"waiting"`
}

func showHook(h manage.Hook, secret string) shownHook {
	out := shownHook{ID: h.ID, App: h.App, URL: h.URL, Events: append([]string{}, h.Events...), Format: h.Format, Enabled: h.Enabled, Secret: secret,
		Created: h.Created.UTC(), Failures: h.Health.Failures, Error: h.Health.Error, Waiting: h.Health.Waiting}
	if at := h.Health.Succeeded; !at.IsZero() {
		out.Succeeded = &at
	}
	return out
}

type hookAdd struct {
	App    string   `arg:"" help:"API key."`
	URL    string   `arg:"" help:"Address that is told."`
	Event  []string `placeholder:"EVENT" help:"upload, overwrite, delete, store or change; the default is all that the format has words for."`
	Format string   `placeholder:"FORMAT" help:"Whose words and signature it is told in: filestack, the default, or uploadcare."`
	Secret string   `placeholder:"SECRET" help:"Secret to take over; the default is a new one."`
}

// Help implements kong.HelpProvider.
func (hookAdd) Help() string {
	return `Requests are signed with the secret, as Filestack's or Uploadcare's are: their clients' own functions check them.
The server reaches no private address unless it was started with --fetch-allow.

  stowgate webhook add KEY https://example.com/hooks/files
  stowgate webhook add KEY https://example.com/hooks/files --event upload --event delete
  stowgate webhook add KEY https://example.com/hooks/files --format uploadcare`
}

// Run adds the webhook.
func (c *hookAdd) Run(d *Desk) error {
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		h, secret, err := w.AddHook(ctx, operator, c.App, manage.NewHook{URL: c.URL, Events: c.Event, Format: c.Format, Secret: c.Secret})
		if err != nil {
			return NoSuchApp(c.App, err)
		}
		return d.Print(showHook(h, secret), fmt.Sprintf("id      %s\nsecret  %s\n\nThe secret is not shown again.\n", h.ID, secret))
	})
}

type hookList struct {
	App string `arg:"" help:"API key."`
}

// Run prints the webhooks.
func (c *hookList) Run(d *Desk) error {
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		all, err := w.Hooks(ctx, operator, c.App)
		if err != nil {
			return err
		}
		out := make([]shownHook, len(all))
		var text strings.Builder
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		for i, h := range all {
			out[i] = showHook(h, "")
			state := "enabled"
			if !h.Enabled {
				state = "disabled"
			}
			events := strings.Join(h.Events, ",")
			if events == "" {
				events = "all"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d waiting\t%d failures\t%s\n", h.ID, state, events, h.URL, h.Health.Waiting, h.Health.Failures, h.Health.Error)
		}
		table.Flush()
		return d.Print(out, text.String())
	})
}

// hookArgs name a webhook.
type hookArgs struct {
	App string `arg:"" help:"API key."`
	ID  string `arg:"" help:"Of the webhook."`
}

// explain says what to do when the webhook is not there.
func (a hookArgs) explain(err error) error {
	if errors.Is(err, fault.NotFound) {
		return fmt.Errorf("no webhook %s: stowgate webhook list %s shows all: %w", a.ID, a.App, fault.NotFound)
	}
	return err
}

type hookSet struct {
	hookArgs
	URL     *string   `placeholder:"URL" help:"Address that is told."`
	Event   *[]string `placeholder:"EVENT" help:"upload, overwrite, delete, store or change; all means every event."`
	Format  *string   `placeholder:"FORMAT" help:"filestack or uploadcare."`
	Enable  bool      `help:"Tell it again."`
	Disable bool      `help:"Tell it nothing; what waits is given up."`
}

// Run changes the webhook.
func (c *hookSet) Run(d *Desk) error {
	change := manage.HookChange{URL: c.URL, Events: c.Event, Format: c.Format}
	if c.Event != nil && len(*c.Event) == 1 && (*c.Event)[0] == "all" {
		change.Events = new([]string)
	}
	if c.Enable != c.Disable {
		change.Enabled = &c.Enable
	}
	if change == (manage.HookChange{}) || c.Enable && c.Disable {
		return UsageError{fmt.Errorf("say what is to become other: --url, --event, --format, --enable or --disable")}
	}
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		h, err := w.ChangeHook(ctx, operator, c.App, c.ID, change)
		if err != nil {
			return c.explain(err)
		}
		return d.Print(showHook(h, ""), "changed "+h.ID+"\n")
	})
}

type hookRotate struct {
	hookArgs
	Keep   string `placeholder:"TIME" default:"24h" help:"How long the old secret goes on (default ${default}); 0s ends it now."`
	Secret string `placeholder:"SECRET" help:"Secret to take over; the default is a new one."`
}

// Run makes the secret.
func (c *hookRotate) Run(d *Desk) error {
	r := new(setting.Reader)
	keep := setting.Read(r, "keep", c.Keep, setting.Duration)
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		h, secret, err := w.RotateHookSecret(ctx, operator, c.App, c.ID, c.Secret, keep)
		if err != nil {
			return c.explain(err)
		}
		return d.Print(showHook(h, secret), "secret  "+secret+"\n\nIt is not shown again.\n")
	})
}

type hookTest struct{ hookArgs }

// Run asks the server for a test.
func (c *hookTest) Run(d *Desk) error {
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		id, err := w.TestHook(ctx, operator, c.App, c.ID)
		if err != nil {
			return c.explain(err)
		}
		return d.Print(map[string]int64{"delivery": id}, fmt.Sprintf("delivery %d: see stowgate webhook deliveries %s %s\n", id, c.App, c.ID))
	})
}

type hookDeliveries struct {
	hookArgs
	State  string `placeholder:"STATE" help:"ready, running, done or dead; the default is all."`
	Before int64  `placeholder:"ID" help:"Older ones than this."`
	Limit  int    `placeholder:"N" default:"20" help:"How many (default ${default})."`
}

// A shownDelivery is a delivery as commands print it.
type shownDelivery struct {
	ID       int64             `json:"id"`
	Event    int64             `json:"event"`
	Kind     string            `json:"kind"`
	State    job.State         `json:"state"`
	Next     *time.Time        `json:"next"` // attempt
	Body     string            `json:"body"`
	Error    string            `json:"error"`
	Attempts []webhook.Attempt `json:"attempts"`
}

// Run prints the deliveries.
func (c *hookDeliveries) Run(d *Desk) error {
	var state job.State
	if c.State != "" {
		var err error
		if state, err = job.ParseState(c.State); err != nil {
			return UsageError{err}
		}
	}
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		found, err := w.Deliveries(ctx, operator, c.App, c.ID, state, job.Page{Before: c.Before, Limit: max(1, min(c.Limit, 500))})
		if err != nil {
			return c.explain(err)
		}
		out := make([]shownDelivery, len(found))
		var text strings.Builder
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		for i, one := range found {
			out[i] = shownDelivery{ID: one.Job.ID, Event: one.Message.Event, Kind: one.Message.Kind, State: one.Job.State, Body: one.Message.Body, Error: one.Job.Error, Attempts: one.Attempts}
			if one.Job.State == job.Ready {
				out[i].Next = &one.Job.RunAt
			}
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d attempts\t%s\n", one.Job.ID, one.Job.Created.Format(time.RFC3339), one.Message.Kind, one.Job.State, one.Job.Attempt, one.Job.Error)
		}
		table.Flush()
		return d.Print(out, text.String())
	})
}

type hookRedeliver struct {
	hookArgs
	Delivery int64 `arg:"" help:"ID of the delivery."`
}

// Run asks the server to deliver again.
func (c *hookRedeliver) Run(d *Desk) error {
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		if _, err := w.Hook(ctx, operator, c.App, c.ID); err != nil {
			return c.explain(err)
		}
		if err := w.Redeliver(ctx, operator, c.App, c.ID, c.Delivery); errors.Is(err, fault.NotFound) {
			return fmt.Errorf("no delivery %d: stowgate webhook deliveries %s %s shows all: %w", c.Delivery, c.App, c.ID, fault.NotFound)
		} else if err != nil {
			return err
		}
		return d.Print(map[string]int64{"delivery": c.Delivery}, fmt.Sprintf("delivery %d is made again\n", c.Delivery))
	})
}

type hookRemove struct{ hookArgs }

// Run removes the webhook.
func (c *hookRemove) Run(d *Desk) error {
	return d.withWebhooks(func(ctx context.Context, w *manage.Webhooks) error {
		if err := w.RemoveHook(ctx, operator, c.App, c.ID); err != nil {
			return c.explain(err)
		}
		return d.Print(map[string]string{"removed": c.ID}, "removed "+c.ID+"\n")
	})
}
