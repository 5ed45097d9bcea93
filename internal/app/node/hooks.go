package node

import (
	"context"
	"math"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	imported "github.com/stowgate/stowgate/internal/catalog/imports"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/conversion"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/manage/backlog"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/hook"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare"
	careanswer "github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	carehook "github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
	"github.com/stowgate/stowgate/internal/upload"
	"github.com/stowgate/stowgate/internal/upload/imports"
	"github.com/stowgate/stowgate/internal/webhook"
)

// Jobs are what goes on behind requests: a queue of jobs, and the webhooks that
// are told by them.
type Jobs struct {
	Manage *backlog.Jobs
	Hooks  *manage.Webhooks

	events  *hooks.Store
	imports *imports.Service
	queue   *queue.Store
	runner  *job.Runner
	told    chan struct{} // that there is an event to spread

	conversions *conversion.Service
}

// hookFormats are the words that webhooks are told in, of assets that are at
// place in Filestack's, and at care in Uploadcare's.
func hookFormats(place answer.Place, care careanswer.Place) webhook.Formats {
	return webhook.Formats{
		"filestack": {
			Title: "Filestack",
			Words: hook.Words(),
			Body:  func(_ webhook.Hook, e asset.Event) ([]byte, error) { return hook.Body(place, e) },
			Sign:  hook.Sign,
		},
		"uploadcare": carehook.Format(care),
	}
}

// jobs wires what goes on behind requests.
func (n *Node) jobs(ctx context.Context, records *catalog.Catalog, deliveries *delivery.Service, place answer.Place, now func() time.Time) (*Jobs, error) {
	j := &Jobs{told: make(chan struct{}, 1)}
	care, err := uploadcare.PlaceOf(n.PublicURL, n.set.Domain)
	if err != nil {
		return nil, err
	}
	formats := hookFormats(place, care)
	book := records.Book()
	jobs := queue.New(book, queue.Config{})
	if filepath.Dir(n.set.Database) == filepath.Clean(n.set.Data) { // whose lock says that nobody else does jobs
		if err := jobs.Recover(ctx); err != nil {
			return nil, err
		}
	}
	j.queue = jobs
	wake := func() { j.runner.Wake() }
	j.events = hooks.New(book, jobs, formats, wake)
	j.Manage, j.Hooks = backlog.New(jobs, wake), manage.NewWebhooks(j.events, formats, now)
	client := n.set.Fetch
	client.Timeout = webhook.Timeout
	sender := webhook.NewSender(j.events, fetch.New(client), formats, now, n.log)
	j.imports = imports.New(n.uploads, imported.New(book, jobs), records, wake, imports.Config{Vet: n.fetcher.Vet, Now: now})
	n.closers = append(n.closers, func() error { j.imports.Close(); return nil })
	j.conversions = conversion.New(n.uploads, deliveries, jobs, records, wake)
	j.runner = job.New(jobs, map[string]job.Handler{
		conversion.JobKind: j.conversions.Handler(),
		imports.JobKind:    j.imports.Handler(n.fetchImport),
		sweepKind:          n.sweeping(),
		webhook.JobKind:    {Do: sender.Deliver, Timeout: 2 * webhook.Timeout, Retries: n.set.WebhookRetries},
	}, job.Config{Now: now, Log: n.log})
	n.watchJobs(jobs)
	records.Told(j.tell)
	book.Watch(func() { j.tell(); wake() })
	return j, nil
}

// fetchImport opens what is imported behind requests.
func (n *Node) fetchImport(ctx context.Context, url string, header map[string]string, limit int64) (*upload.Remote, error) {
	return n.care.Fetch(remote(n.fetcher))(ctx, url, header, limit)
}

// watchJobs shows how many jobs there are.
func (n *Node) watchJobs(jobs *queue.Store) {
	for _, state := range job.States {
		n.Server.Registry().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "stowgate_jobs", Help: "Jobs that are kept, by state.", ConstLabels: prometheus.Labels{"state": string(state)},
		}, func() float64 {
			counts, err := jobs.Counts(context.Background(), job.Filter{State: state})
			if err != nil {
				return math.NaN()
			}
			return float64(counts[state])
		}))
	}
}

// tell makes spread look for events now.
func (j *Jobs) tell() {
	select {
	case j.told <- struct{}{}:
	default:
	}
}

// spreadEvery is how often events are looked for that nobody has announced.
const spreadEvery = 5 * time.Second

// spread makes jobs of events, until ctx ends.
func (n *Node) spread(ctx context.Context) {
	tick := time.NewTicker(spreadEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		more, err := n.Jobs.events.Spread(ctx)
		if err != nil && ctx.Err() == nil {
			n.log.Error("cannot tell webhooks of events", "err", err)
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-n.Jobs.told:
		}
	}
}
