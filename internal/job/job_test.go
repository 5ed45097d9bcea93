package job

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestPassing(t *testing.T) {
	for _, kind := range fault.Kinds {
		want := kind == fault.Internal || kind == fault.Busy || kind == fault.Unavailable || kind == fault.Canceled
		if got := Passing(fmt.Errorf("x: %w", kind)); got != want {
			t.Errorf("%v is tried again: %t, want %t", kind, got, want)
		}
	}
	if Passing(context.DeadlineExceeded) || !Passing(context.Canceled) || !Passing(errors.New("nobody knows")) {
		t.Error("what took too long is tried again, or what was broken off or has no kind is not")
	}
}
