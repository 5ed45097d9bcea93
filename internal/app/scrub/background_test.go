package scrub

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/policy"
)

const month = 30 * 24 * time.Hour

// A countingStore counts how often each blob is opened, and says so before.
type countingStore struct {
	blob.Store
	before func(opens int)

	mu    sync.Mutex
	opens map[blob.Key]int
	total int
}

func (s *countingStore) Open(ctx context.Context, key blob.Key, offset, size int64) (blob.Reader, error) {
	s.mu.Lock()
	s.opens[key]++
	s.total++
	total := s.total
	s.mu.Unlock()
	s.before(total)
	return s.Store.Open(ctx, key, offset, size)
}

// count returns how many opens there were, and of how many blobs.
func (s *countingStore) count() (total, blobs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total, len(s.opens)
}

// A run is a Scrubber at work.
type run struct {
	log      bytes.Buffer // to be read when it has ended
	registry *prometheus.Registry
	end      func()
}

// start runs a Scrubber until end is called.
func start(t *testing.T, c *catalog.Catalog, s blob.Store, config Config) *run {
	t.Helper()
	r := &run{registry: prometheus.NewRegistry()}
	scrubber := New(c, s, config, slog.New(slog.NewTextHandler(&r.log, nil)), r.registry)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		scrubber.Run(ctx)
	}()
	r.end = func() { cancel(); <-done }
	return r
}

// metric returns a value that is counted.
func (r *run) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.Metric[0].GetCounter().GetValue() + f.Metric[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// errorsOf returns the IDs that errors in the log are about.
func (r *run) errorsOf(message string) (ids []asset.ID) {
	for _, found := range regexp.MustCompile(`level=ERROR msg="`+message+`" asset=(\w+) err=`).FindAllStringSubmatch(r.log.String(), -1) {
		ids = append(ids, asset.ID(found[1]))
	}
	return ids
}

// TestK7ScrubFindsDamage: a flipped byte and a missing blob are errors in the
// log with the asset's ID, and are counted until they are restored or removed.
func TestK7ScrubFindsDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := open(t), new(memblob.Store)
		add(t, c, s, "good")
		bad, gone := add(t, c, s, "bad"), add(t, c, s, "gone")
		flip := func(b []byte) []byte { return append([]byte{b[0] ^ 1}, b[1:]...) }
		s.Edit(bad.Content.Segments[0].Key, flip)
		s.Remove(t.Context(), gone.Content.Segments[0].Key)
		config := Config{Period: 3 * time.Hour, Rate: 8 << 20, Mark: filepath.Join(t.TempDir(), "scrub.json")}

		r := start(t, c, s, config)
		time.Sleep(time.Hour)
		if n := r.metric(t, "stowgate_scrub_damaged"); n != 2 {
			t.Errorf("stowgate_scrub_damaged %v, want 2", n)
		}
		if n := r.metric(t, "stowgate_scrub_bytes_total"); n != float64(len("good")+len("bad")) {
			t.Errorf("stowgate_scrub_bytes_total %v, want all that is there", n)
		}
		r.end()
		if ids := r.errorsOf("stored bytes are damaged"); !slices.Equal(ids, []asset.ID{bad.ID}) {
			t.Errorf("damaged %v, want %v: %s", ids, bad.ID, &r.log)
		}
		if ids := r.errorsOf("stored bytes are missing"); !slices.Equal(ids, []asset.ID{gone.ID}) {
			t.Errorf("missing %v, want %v: %s", ids, gone.ID, &r.log)
		}

		// A restart tells again, and so does the next pass, once. A pass that is
		// over is not begun again.
		r = start(t, c, s, config)
		time.Sleep(time.Hour)
		if n := r.metric(t, "stowgate_scrub_bytes_total"); n != float64(len("bad")) {
			t.Errorf("%v bytes read after a restart, want those of the damaged file", n)
		}
		time.Sleep(90 * time.Minute)
		r.end()
		if n := strings.Count(r.log.String(), "level=ERROR"); n != 4 {
			t.Errorf("%d errors after a restart and in the next pass, want 2 each: %s", n, &r.log)
		}

		s.Edit(bad.Content.Segments[0].Key, flip)
		if err := c.RemoveAsset(t.Context(), "A", gone.ID, policy.Use{}); err != nil {
			t.Fatal(err)
		}
		r = start(t, c, s, config)
		time.Sleep(time.Hour)
		if n := r.metric(t, "stowgate_scrub_damaged"); n != 0 {
			t.Errorf("stowgate_scrub_damaged %v when all is well again, want 0", n)
		}
		r.end()
		if strings.Contains(r.log.String(), "level=ERROR") {
			t.Errorf("an error when all is well again: %s", &r.log)
		}
	})
}

// TestK7ScrubResumes: what was read before a restart is not read again in the
// same pass, and a pass begins a period after the last one did.
func TestK7ScrubResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, mem := open(t), new(memblob.Store)
		const files, period = 20, 2 * time.Hour
		for i := range files {
			add(t, c, mem, fmt.Sprint("file ", i))
		}
		config := Config{Period: period, Rate: 8 << 20, Mark: filepath.Join(t.TempDir(), "scrub.json")}
		began := time.Now()
		reached := make(chan struct{})
		s := &countingStore{Store: mem, opens: map[blob.Key]int{}, before: func(opens int) {
			if opens == files/2 {
				close(reached)
				time.Sleep(time.Second)
			}
		}}
		r := start(t, c, s, config)
		<-reached
		r.end()

		r = start(t, c, s, config)
		time.Sleep(period - time.Hour)
		before, seen := s.count()
		if before < files || before > files+1 || seen != files {
			t.Errorf("%d reads of %d files across a restart, want %d, or one more for the file that was cut short", before, seen, files)
		}
		r.end()

		r = start(t, c, s, config)
		time.Sleep(time.Until(began.Add(period)) - time.Second)
		if n, _ := s.count(); n != before {
			t.Errorf("%d reads before the next pass is due", n-before)
		}
		time.Sleep(time.Minute)
		if n, _ := s.count(); n != before+files {
			t.Errorf("%d reads in the next pass, want %d", n-before, files)
		}
		r.end()
		if n := strings.Count(r.log.String(), "scrub pass done"); n != 1 {
			t.Errorf("%d passes in a minute: %s", n, &r.log)
		}
	})
}

// TestScrubSavesOnTheWay: a crash repeats a minute at most.
func TestScrubSavesOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := open(t), new(memblob.Store)
		for i := range 5 {
			add(t, c, s, fmt.Sprint(i))
		}
		config := Config{Period: month, Rate: openCost / 30, Mark: filepath.Join(t.TempDir(), "scrub.json")} // a file in 30 s
		r := start(t, c, s, config)
		time.Sleep(saveEvery + 35*time.Second)
		m, err := loadMark(config.Mark)
		if err != nil || m.After == "" || !m.Ended.IsZero() {
			t.Errorf("mark in the middle of a pass %+v, %v; want how far it is", m, err)
		}
		r.end()
	})
}

// TestScrubRate: bytes and files are read no faster than they may be, and not
// much slower.
func TestScrubRate(t *testing.T) {
	for _, tt := range []struct {
		rate        int64
		files, size int
		want        time.Duration
	}{
		{1 << 20, 1, 10 << 20, 10*time.Second + time.Second/16},
		{4 << 20, 4, 2 << 20, 2*time.Second + time.Second/16},
		{1 << 20, 160, 1, 10 * time.Second}, // opening costs
		{1 << 40, 1, 1 << 20, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, s := open(t), new(memblob.Store)
			for range tt.files {
				add(t, c, s, strings.Repeat("x", tt.size))
			}
			config := Config{Period: month, Rate: tt.rate, Mark: filepath.Join(t.TempDir(), "scrub.json")}
			r := start(t, c, s, config)
			time.Sleep(tt.want / 2)
			synctest.Wait()
			if n, most := r.metric(t, "stowgate_scrub_bytes_total"), float64(tt.files*tt.size)*0.6; tt.want > 0 && n > most {
				t.Errorf("%d files of %d bytes at %d a second: %v read in half the time, want at most %v", tt.files, tt.size, tt.rate, n, most)
			}
			time.Sleep(time.Hour)
			r.end()
			m, err := loadMark(config.Mark)
			if took := m.Ended.Sub(m.Began); err != nil || took < tt.want-shortest || took > tt.want+shortest {
				t.Errorf("%d files of %d bytes at %d a second took %v, want %v (%v)", tt.files, tt.size, tt.rate, took, tt.want, err)
			}
		})
	}
}

// TestScrubBreaks: the time between two passes is not made up for in the second.
func TestScrubBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{rate: 1 << 20}
		for range 3 {
			before := time.Now()
			if err := p.spend(t.Context(), 5<<20); err != nil || time.Since(before) != 5*time.Second {
				t.Errorf("5 MiB at 1 MiB/s took %v, %v", time.Since(before), err)
			}
			time.Sleep(time.Hour)
		}
	})
}

// TestScrubBesideServer: what is removed while it is read is not reported.
func TestScrubBesideServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := open(t), new(memblob.Store)
		a := add(t, c, s, "leaving")
		r := start(t, c, removingStore{s, func(key blob.Key) {
			if err := c.RemoveAsset(t.Context(), "A", a.ID, policy.Use{}); err != nil {
				t.Error(err)
			}
			s.Remove(t.Context(), key)
		}}, Config{Period: month, Rate: 8 << 20, Mark: filepath.Join(t.TempDir(), "scrub.json")})
		time.Sleep(time.Minute)
		if n := r.metric(t, "stowgate_scrub_damaged"); n != 0 {
			t.Errorf("stowgate_scrub_damaged %v, want 0", n)
		}
		r.end()
		if strings.Contains(r.log.String(), "level=ERROR") {
			t.Errorf("an error about a file that was removed: %s", &r.log)
		}
	})
}

// TestScrubStops: it ends with its context, in the middle of a sleep.
func TestScrubStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := open(t), new(memblob.Store)
		add(t, c, s, "slow")
		r := start(t, c, s, Config{Period: month, Rate: 1, Mark: filepath.Join(t.TempDir(), "scrub.json")})
		time.Sleep(time.Minute)
		before := time.Now()
		r.end()
		if took := time.Since(before); took != 0 {
			t.Errorf("it ended %v after its context", took)
		}
		if r.log.Len() > 0 {
			t.Errorf("it logs when it is stopped: %s", &r.log)
		}
	})
}

// TestScrubGivesUp: a lost disk does not fill the log.
func TestScrubGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := open(t), new(memblob.Store)
		lose := func() {
			s.Remove(t.Context(), add(t, c, s, "lost").Content.Segments[0].Key)
		}
		for range maxKnown {
			lose()
		}
		config := Config{Period: time.Hour, Rate: 1 << 40, Mark: filepath.Join(t.TempDir(), "scrub.json")}
		for _, gaveUp := range []bool{false, true} { // at the limit, and one over
			r := start(t, c, s, config)
			time.Sleep(time.Hour - time.Minute)
			if gaveUp {
				time.Sleep(time.Hour) // its pass begins an hour after the other
			}
			if n := r.metric(t, "stowgate_scrub_damaged"); n != maxKnown {
				t.Errorf("stowgate_scrub_damaged %v, want %d", n, maxKnown)
			}
			r.end()
			if strings.Contains(r.log.String(), "scrub gives up") != gaveUp {
				t.Errorf("gave up: %v, want %v: %s", !gaveUp, gaveUp, r.log.String()[max(0, r.log.Len()-500):])
			}
			lose()
		}
	})
}

// TestMark: a mark that cannot be read is replaced, and the clock may jump.
func TestMark(t *testing.T) {
	name := filepath.Join(t.TempDir(), "scrub.json")
	if m, err := loadMark(name); err != nil || m.Began.IsZero() || !m.Ended.IsZero() {
		t.Errorf("without a file: %+v, %v; want a pass that begins", m, err)
	}
	now := time.Now().Round(0)
	m := mark{Began: now, Ended: now.Add(time.Hour), Damaged: []asset.ID{"A"}}
	if err := m.save(name); err != nil {
		t.Fatal(err)
	}
	if got, err := loadMark(name); err != nil || !got.Began.Equal(m.Began) || !got.Ended.Equal(m.Ended) || !slices.Equal(got.Damaged, m.Damaged) {
		t.Errorf("loadMark = %+v, %v; want %+v", got, err, m)
	}
	if entries, err := os.ReadDir(filepath.Dir(name)); err != nil || len(entries) != 1 {
		t.Errorf("files after saving: %v, %v", entries, err)
	}
	for at, want := range map[time.Duration]time.Duration{
		0: month, time.Hour: month - time.Hour, month - 1: 1, month: 0, 2 * month: 0, -time.Second: 0,
	} {
		if got := m.due(month, now.Add(at)); got != want {
			t.Errorf("%v after it began a pass is due in %v, want %v", at, got, want)
		}
	}
	if err := os.WriteFile(name, []byte(`{"began": "2026-01-31T12:00:00Z", "after`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := loadMark(name); err == nil || time.Since(got.Began) > time.Minute || got.After != "" {
		t.Errorf("of half a mark: %+v, %v; want a new pass and an error", got, err)
	}
}
