package scrub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/fault"
)

const (
	// maxKnown is how many damaged files are told of before a pass gives up: it
	// is then a disk that is lost, and not a few bytes of it.
	maxKnown = 1000

	// saveEvery is how much of a pass a crash repeats.
	saveEvery = time.Minute

	// retry is how long a Scrubber waits after it could not read the catalog.
	retry = 10 * time.Minute
)

// Config says how a Scrubber works. All of it is needed.
type Config struct {
	Period time.Duration // from the begin of one pass to that of the next, unless it takes longer
	Rate   int64         // bytes per second that are read at most; opening a blob counts for 64 KiB
	Mark   string        // file that says how far it is; made when it is not there
}

// A Scrubber reads every stored byte back, slowly, once in each period. It
// expects to be the only one: the lock of the data folder sees to that.
type Scrubber struct {
	records *catalog.Catalog
	vault   *blob.Vault
	config  Config
	log     *slog.Logger
	damaged prometheus.Gauge

	mark  mark
	saved time.Time
}

// New returns a Scrubber of the bytes in store that records tell of. It logs
// each damaged or missing file as an error, and counts in registry.
func New(records *catalog.Catalog, store blob.Store, c Config, log *slog.Logger, registry prometheus.Registerer) *Scrubber {
	bytes := prometheus.NewCounter(prometheus.CounterOpts{Name: "stowgate_scrub_bytes_total", Help: "Stored bytes read back to check them."})
	damaged := prometheus.NewGauge(prometheus.GaugeOpts{Name: "stowgate_scrub_damaged",
		Help: fmt.Sprintf("Files whose bytes were found damaged or missing, and not whole since; at most %d are counted.", maxKnown)})
	registry.MustRegister(bytes, damaged)
	paced := pacedStore{store, &pace{rate: c.Rate}, func(n int) { bytes.Add(float64(n)) }}
	return &Scrubber{records: records, vault: blob.NewVault(paced, blob.VaultConfig{Trust: -1}), config: c, log: log, damaged: damaged}
}

// Run scrubs until ctx ends. It goes on where the last Run ended.
func (s *Scrubber) Run(ctx context.Context) {
	var err error
	if s.mark, err = loadMark(s.config.Mark); err != nil {
		s.log.Warn("scrub begins anew", "err", err)
	}
	defer s.save()
	err = s.recheck(ctx)
	for ctx.Err() == nil {
		if err == nil {
			err = s.pass(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("cannot scrub", "err", err)
			err = sleep(ctx, retry)
		}
	}
}

// errLost ends a pass that finds too much.
var errLost = errors.New("too many files are damaged or missing")

// pass waits until it is time, and then reads what the mark says is left. Files
// that are known to be damaged were read before.
func (s *Scrubber) pass(ctx context.Context) error {
	if !s.mark.Ended.IsZero() {
		if err := sleep(ctx, s.mark.due(s.config.Period, time.Now())); err != nil {
			return err
		}
		s.mark.begin(time.Now())
		if err := s.recheck(ctx); err != nil {
			return err
		}
	}
	err := s.records.EachAsset(ctx, s.mark.After, func(a asset.Asset) error {
		if !slices.Contains(s.mark.Damaged, a.ID) {
			bad, err := s.examine(ctx, a)
			switch {
			case err != nil:
				return err
			case bad && len(s.mark.Damaged) == maxKnown:
				return errLost
			case bad:
				s.know(append(s.mark.Damaged, a.ID))
			}
		}
		s.mark.After = a.ID
		if time.Since(s.saved) >= saveEvery {
			s.save()
		}
		return nil
	})
	if errors.Is(err, errLost) {
		s.log.Error("scrub gives up until its next pass: stowgate check lists everything", "err", err, "files", maxKnown)
		err = nil
	}
	if err != nil {
		return err
	}
	s.mark.Ended = time.Now()
	s.save()
	took := s.mark.Ended.Sub(s.mark.Began).Round(time.Second)
	s.log.Info("scrub pass done", "took", took.String(), "damaged", len(s.mark.Damaged))
	if took > s.config.Period {
		s.log.Warn("a scrub pass takes longer than its interval", "setting", "scrub-rate", "took", took.String())
	}
	return nil
}

// recheck reads the files again that are known to be damaged, and forgets those
// that were restored or removed.
func (s *Scrubber) recheck(ctx context.Context) error {
	s.know(s.mark.Damaged)
	for _, id := range slices.Clone(s.mark.Damaged) {
		a, err := s.records.Asset(ctx, id)
		bad := false
		if err == nil {
			bad, err = s.examine(ctx, a)
		}
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if !bad {
			s.know(slices.DeleteFunc(s.mark.Damaged, func(known asset.ID) bool { return known == id }))
		}
	}
	return nil
}

func (s *Scrubber) know(damaged []asset.ID) {
	s.mark.Damaged = damaged
	s.damaged.Set(float64(len(damaged)))
}

// examine reads an asset's bytes, and logs what is wrong with them. The error
// is that of ctx.
func (s *Scrubber) examine(ctx context.Context, a asset.Asset) (bad bool, err error) {
	err = verify(ctx, s.records, s.vault, a)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err == nil, errors.Is(err, errChanged):
		return false, nil
	case errors.Is(err, fault.NotFound):
		s.log.Error("stored bytes are missing", "asset", a.ID, "err", err)
	default:
		s.log.Error("stored bytes are damaged", "asset", a.ID, "err", err)
	}
	return true, nil
}

func (s *Scrubber) save() {
	s.saved = time.Now()
	if err := s.mark.save(s.config.Mark); err != nil {
		s.log.Warn("a restart repeats some of the scrub", "err", err)
	}
}
