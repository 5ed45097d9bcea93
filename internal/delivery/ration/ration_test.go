package ration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/delivery/ration"
	"github.com/stowgate/stowgate/internal/fault"
)

func TestF8Share(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	r := ration.New(6, func() time.Time { return now })
	take := func(owner string, want int, after time.Duration) {
		t.Helper()
		for n := range want + 1 {
			err := r.Take(owner)
			var spent *ration.Spent
			switch {
			case n < want && err != nil:
				t.Fatalf("Take %d of %d = %v", n+1, want, err)
			case n == want && (!errors.As(err, &spent) || !errors.Is(err, fault.Busy) || spent.RetryAfter() != after):
				t.Fatalf("Take %d = %v, want to be told to come in %v", n+1, err, after)
			}
		}
	}
	take("a", 6, 10*time.Second) // as many at once
	take("b", 6, 10*time.Second) // whatever others did
	now = now.Add(10*time.Second - 1)
	take("a", 0, time.Second)
	now = now.Add(1)
	take("a", 1, 10*time.Second)
	now = now.Add(-time.Hour) // a clock set back neither gives nor takes
	take("a", 0, 10*time.Second)
	now = now.Add(24 * time.Hour)
	take("a", 6, 10*time.Second) // nothing is saved up beyond a minute
}

func TestF8NoBound(t *testing.T) {
	for _, share := range []int{0, -1} {
		r := ration.New(share, time.Now)
		for range 1000 {
			if err := r.Take("a"); err != nil {
				t.Fatalf("share %d: Take = %v", share, err)
			}
		}
	}
}
