package delivery_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/delivery/ration"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// TestF8UnsignedRenders asks for one width after the other.
func TestF8UnsignedRenders(t *testing.T) {
	st := newStudio(t, delivery.Config{Unsigned: 3})
	id := st.add("a", "pixels")
	anybody := policy.Public(policy.App{Key: "a"})
	for width := 1; width <= 3; width++ {
		st.want(anybody, resize(width, id), "pixels", width)
	}
	_, err := st.Transform(t.Context(), anybody, resize(4, id))
	var spent *ration.Spent
	if !errors.As(err, &spent) || !errors.Is(err, fault.Busy) || spent.RetryAfter() != 20*time.Second {
		t.Errorf("the fourth = %v, want to be told to come in 20 s", err)
	}
	const busy = "error: busy"
	st.want(anybody, resize(4, id), busy, 3)

	st.want(anybody, resize(3, id), "pixels", 3) // what is kept costs nothing
	other := policy.Public(policy.App{Key: "b"})
	st.want(other, resize(4, st.add("b", "theirs")), "theirs", 4)

	narrow := may("a")
	narrow.Open = anybody.Actions // as Authorize makes of a policy while security is off
	for width := 10; width < 20; width++ {
		st.want(narrow, resize(width, id), "pixels", width-5)
	}
	narrow.Actions = policy.Read
	st.want(narrow, resize(5, id), busy, 14) // it does not speak of transforming

	st.pass(20 * time.Second)
	st.want(anybody, resize(4, id), "pixels", 15)
	st.want(anybody, resize(5, id), busy, 15)
}

func TestF8NoBound(t *testing.T) {
	st := newStudio(t, delivery.Config{Unsigned: -1})
	id := st.add("a", "pixels")
	for width := 1; width <= delivery.DefaultUnsigned+1; width++ {
		st.want(policy.Public(policy.App{Key: "a"}), resize(width, id), "pixels", width)
	}
}
