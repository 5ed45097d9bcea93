package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/queue"
)

// A crowd enters a queue in its order, and notes who comes in.
type crowd struct {
	t      *testing.T
	q      *queue.Queue
	mu     sync.Mutex
	in     []string
	leaves []func()
}

// come makes owner line up, and returns once it is in or waits.
func (c *crowd) come(ctx context.Context, owner string) {
	go func() {
		leave, err := c.q.Enter(ctx, owner)
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.in = append(c.in, owner+": "+fault.Of(err).Error())
			return
		}
		c.in, c.leaves = append(c.in, owner), append(c.leaves, leave)
	}()
	synctest.Wait()
}

// empty makes all leave, one after the other, and those who come in for them.
func (c *crowd) empty() {
	for i := 0; i < len(c.leaves); i++ {
		c.leaves[i]()
		synctest.Wait()
	}
	if s := c.q.Stats(); s.Inside != 0 || s.Waiting != 0 {
		c.t.Errorf("when all have left, %+v", s)
	}
}

func (c *crowd) want(order string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := strings.Join(c.in, " "); got != order {
		c.t.Errorf("they came in as %q, want %q", got, order)
	}
}

func TestFIFO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, q: queue.New(queue.Config{Slots: 2})}
		for i := range 4 {
			c.come(t.Context(), "a")
			if s, inside := c.q.Stats(), min(i+1, 2); s.Inside != inside || s.Waiting != i+1-inside {
				t.Errorf("after %d, %+v", i+1, s)
			}
		}
		c.empty()
		c.want("a a a a")
	})
}

// One owner with many in line does not make another one wait for them all.
func TestO3NoisyNeighbour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, q: queue.New(queue.Config{Slots: 1})}
		for _, owner := range []string{"a", "a", "a", "a", "a", "b", "b", "c"} {
			c.come(t.Context(), owner)
		}
		c.empty()
		c.want("a a b c a b a a")
	})
}

func TestSlotsPerOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, q: queue.New(queue.Config{Slots: 3, SlotsPerOwner: 2})}
		for _, owner := range []string{"a", "a", "a", "a", "b", "b"} {
			c.come(t.Context(), owner)
		}
		c.want("a a b")
		c.empty()
		c.want("a a b a b a")
	})
}

func TestO3Limits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config queue.Config
		crowd  string
		want   string
	}{
		{"no settings", queue.Config{}, "a a", "a"},
		{"at the limit", queue.Config{Slots: 1, Waiting: 2, WaitingPerOwner: 2}, "a a a", "a"},
		{"one over", queue.Config{Slots: 1, Waiting: 2, WaitingPerOwner: 2}, "a a a b", "a b: busy"},
		{"owner at the limit", queue.Config{Slots: 1, Waiting: 3, WaitingPerOwner: 1}, "a a b", "a"},
		{"owner one over", queue.Config{Slots: 1, Waiting: 3, WaitingPerOwner: 1}, "a a a b", "a a: busy"},
		{"half is the default of an owner", queue.Config{Slots: 1, Waiting: 2}, "a a a", "a a: busy"},
		{"nobody waits", queue.Config{Slots: 3, SlotsPerOwner: 2, Waiting: 1, WaitingPerOwner: 1}, "a a a b", "a a b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &crowd{t: t, q: queue.New(tt.config)}
				for owner := range strings.FieldsSeq(tt.crowd) {
					c.come(t.Context(), owner)
				}
				c.want(tt.want)
				if got, want := c.q.Stats().Refused, int64(strings.Count(tt.want, "busy")); got != want {
					t.Errorf("%d refused, want %d", got, want)
				}
				c.empty()
			})
		})
	}
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, q: queue.New(queue.Config{Slots: 1})}
		c.come(t.Context(), "a")
		c.come(t.Context(), "b")
		time.Sleep(queue.DefaultPatience - time.Nanosecond)
		synctest.Wait()
		c.want("a")
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		c.want("a b: busy")
		c.empty()
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowd{t: t, q: queue.New(queue.Config{Slots: 1})}
		ctx, cancel := context.WithCancel(t.Context())
		c.come(t.Context(), "a")
		c.come(ctx, "b")
		c.come(t.Context(), "b")
		cancel()
		synctest.Wait()
		c.want("a b: canceled")
		c.come(ctx, "c")
		c.want("a b: canceled c: canceled")
		c.empty()
		c.want("a b: canceled c: canceled b")
	})
}

// The longer the line, the later a caller is to come again.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := func(stay time.Duration) time.Duration {
			q := queue.New(queue.Config{Slots: 2, Waiting: 10, WaitingPerOwner: 10, Patience: 24 * time.Hour})
			for range 100 { // until the average is what it always is
				leave, err := q.Enter(t.Context(), "a")
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(stay)
				leave()
			}
			ctx, end := context.WithCancel(t.Context())
			defer end()
			for range 12 {
				go q.Enter(ctx, "a")
			}
			synctest.Wait()
			_, err := q.Enter(ctx, "a")
			var full *queue.Full
			if !errors.As(err, &full) || !errors.Is(err, fault.Busy) {
				t.Fatalf("Enter = %v, want a *Full that is busy", err)
			}
			return full.RetryAfter()
		}
		for stay, want := range map[time.Duration]time.Duration{
			0:                      time.Second,
			100 * time.Millisecond: time.Second,
			time.Second:            5 * time.Second,
			time.Hour:              time.Minute,
		} {
			if got := after(stay); got != want {
				t.Errorf("with %v for each, retry after %v, want %v", stay, got, want)
			}
		}
	})
}

// Whatever happens, no slot and no place is lost or used twice.
func TestManyAtOnce(t *testing.T) {
	q := queue.New(queue.Config{Slots: 3, SlotsPerOwner: 2, Waiting: 20, WaitingPerOwner: 8, Patience: time.Millisecond})
	var inside, most [4]int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*300*time.Microsecond)
			defer cancel()
			o := i % 3
			leave, err := q.Enter(ctx, fmt.Sprint(o))
			if err != nil {
				return
			}
			mu.Lock()
			for _, n := range []int{o, 3} {
				inside[n]++
				most[n] = max(most[n], inside[n])
			}
			mu.Unlock()
			time.Sleep(100 * time.Microsecond)
			mu.Lock()
			inside[o]--
			inside[3]--
			mu.Unlock()
			leave()
		})
	}
	all.Wait()
	if slices.Max(most[:3]) > 2 || most[3] > 3 {
		t.Errorf("at most %v of each owner, and %d in all, were inside", most[:3], most[3])
	}
	if s := q.Stats(); s.Inside != 0 || s.Waiting != 0 {
		t.Errorf("when all have left, %+v", s)
	}
}

// BenchmarkRefuse is what a caller waits for who finds the line full.
func BenchmarkRefuse(b *testing.B) {
	q := queue.New(queue.Config{Slots: 1, Waiting: 1, WaitingPerOwner: 1, Patience: time.Hour})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	q.Enter(ctx, "a")
	go q.Enter(ctx, "a")
	for q.Stats().Waiting == 0 {
		time.Sleep(time.Millisecond)
	}
	for b.Loop() {
		if _, err := q.Enter(ctx, "b"); err == nil {
			b.Fatal("there was room")
		}
	}
}

// BenchmarkClosedLoop has 64 callers in line again and again for two slots, and
// tells how much longer the unlucky wait: 1 is first come first served.
func BenchmarkClosedLoop(b *testing.B) {
	q := queue.New(queue.Config{Slots: 2})
	var mu sync.Mutex
	var waits []time.Duration
	var all sync.WaitGroup
	rounds := make(chan struct{}, b.N)
	for range b.N {
		rounds <- struct{}{}
	}
	close(rounds)
	b.ResetTimer()
	for range 64 {
		all.Go(func() {
			for range rounds {
				began := time.Now()
				leave, err := q.Enter(b.Context(), "a")
				if err != nil {
					b.Error(err)
					return
				}
				time.Sleep(2 * time.Millisecond)
				leave()
				mu.Lock()
				waits = append(waits, time.Since(began))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(waits)
	p50, p99 := waits[len(waits)/2], waits[len(waits)*99/100]
	b.ReportMetric(float64(p50)/1e6, "p50-ms")
	b.ReportMetric(float64(p99)/float64(p50), "p99/p50")
}
