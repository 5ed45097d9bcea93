package conversion

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/upload"
)

func TestState(t *testing.T) {
	for _, tt := range []struct {
		state   job.State
		attempt int
		want    State
	}{
		{job.Ready, 0, Waiting}, {job.Running, 1, Running}, {job.Ready, 1, Running}, {job.Done, 1, Done}, {job.Dead, 4, Failed},
	} {
		if got := stateOf(job.Job{State: tt.state, Attempt: tt.attempt}); got != tt.want {
			t.Errorf("%s after %d attempts is %s, want %s", tt.state, tt.attempt, got, tt.want)
		}
	}
}

// A shelf is where assets are found, and jobs.
type shelf struct {
	found error
	job   job.Job
}

func (s shelf) AssetByUUID(context.Context, uuid.UUID) (asset.Asset, error) {
	return asset.Asset{}, s.found
}
func (s shelf) Job(context.Context, int64) (job.Job, error)             { return s.job, nil }
func (s shelf) AddWaiting(context.Context, job.Job, int) (int64, error) { return 0, fault.Busy }

// TestDo holds that what cannot be made is given up at once, and that records
// which fail are asked again.
func TestDo(t *testing.T) {
	good, err := json.Marshal(order{Plan: "no plan", Spec: upload.Spec{UUID: uuid.New()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		payload []byte
		found   error
		giveUp  bool
		want    error
	}{
		{"no order", []byte(`[]`), nil, true, job.ErrGiveUp},
		{"made before", good, nil, false, nil},
		{"records fail", good, fault.Unavailable, false, fault.Unavailable},
		{"no plan", good, fault.NotFound, true, fault.Invalid},
	} {
		s := New(nil, nil, shelf{}, shelf{found: tt.found}, func() {})
		err := s.do(t.Context(), job.Job{Payload: tt.payload})
		if !errors.Is(err, tt.want) || errors.Is(err, job.ErrGiveUp) != tt.giveUp {
			t.Errorf("%s: %v, want %v, given up %t", tt.name, err, tt.want, tt.giveUp)
		}
	}
}

// TestStatusOfOthers holds that a number tells nothing of another app's jobs, or of
// other jobs.
func TestStatusOfOthers(t *testing.T) {
	for _, j := range []job.Job{{App: "other", Kind: JobKind, Payload: []byte(`{}`)}, {App: "app", Kind: "webhook", Payload: []byte(`{}`)}} {
		s := New(nil, nil, shelf{job: j}, shelf{}, func() {})
		if c, err := s.Status(t.Context(), "app", 1); !errors.Is(err, fault.NotFound) {
			t.Errorf("Status of %s of %s: %+v, %v", j.Kind, j.App, c, err)
		}
	}
}
