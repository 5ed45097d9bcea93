package hooks_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/hooks"
	"github.com/stowgate/stowgate/internal/catalog/queue"
	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/catalog/sqlitedb"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/webhook"
)

// A counter is a network in which everybody answers at once.
type counter struct {
	left atomic.Int64
	done chan struct{}
}

func (c *counter) Post(context.Context, string, map[string]string, []byte) (int, []byte, error) {
	if c.left.Add(-1) == 0 {
		close(c.done)
	}
	return 200, nil, nil
}

// From events to what is noted of their deliveries, with one hook and with many.
func BenchmarkDeliveries(b *testing.B) {
	for _, apps := range []int{1, 50} {
		b.Run(fmt.Sprint("hooks=", apps), func(b *testing.B) {
			db, err := sqlitedb.Open(b.Context(), filepath.Join(b.TempDir(), "catalog.db"))
			must(b, err)
			c, err := catalog.New(b.Context(), db, [32]byte{1}, catalog.Config{})
			must(b, err)
			defer c.Close()
			by := account.Entry{Actor: "user:1", Action: "x.y"}
			var runner *job.Runner
			jobs := queue.New(c.Book(), queue.Config{})
			kept := hooks.New(c.Book(), jobs, formats, func() { runner.Wake() })
			network := &counter{done: make(chan struct{})}
			network.left.Store(int64(b.N))
			sender := webhook.NewSender(kept, network, formats, time.Now, slog.New(slog.DiscardHandler))
			runner = job.New(jobs, map[string]job.Handler{webhook.JobKind: {Do: sender.Deliver}}, job.Config{Log: slog.New(slog.DiscardHandler)})
			for i := range apps {
				app := fmt.Sprint("app", i)
				must(b, c.CreateApp(b.Context(), by, policy.App{Key: app}))
				h := webhook.NewHook(app, "plain", time.Now())
				h.URL = "https://example.com/"
				must(b, kept.Add(b.Context(), h, by))
			}
			must(b, c.Book().Write(b.Context(), func(ctx context.Context, tx *record.Statements) error {
				for i := range b.N {
					_, err := tx.Exec(ctx, `INSERT INTO events (app, kind, asset, time, body, spread) VALUES (?, ?, '', 1, '{"id":"UgUv3F7VUnmabRFWi9CC","name":"a.png"}', 0)`,
						fmt.Sprint("app", i%apps), asset.Uploaded)
					if err != nil {
						return err
					}
				}
				return nil
			}))
			ctx, stop := context.WithCancel(b.Context())
			ended := make(chan struct{})
			b.ResetTimer()
			go func() { runner.Run(ctx); close(ended) }()
			for more := true; more; {
				more, err = kept.Spread(b.Context())
				must(b, err)
			}
			spread := b.Elapsed()
			<-network.done
			stop()
			<-ended
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
			b.ReportMetric(float64(b.N)/spread.Seconds(), "spread/s")
		})
	}
}
