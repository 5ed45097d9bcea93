package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
)

// A book keeps one import, whose asset may be there already.
type book struct {
	records
	one   Import
	asset *asset.Asset
	err   error // of reading
}

func (b *book) Import(context.Context, uuid.UUID) (Import, error) { return b.one, b.err }

func (b *book) EndImport(_ context.Context, i Import) error {
	b.one = i
	return nil
}

func (b *book) AssetByUUID(context.Context, uuid.UUID) (asset.Asset, error) {
	if b.asset == nil {
		return asset.Asset{}, fault.NotFound
	}
	return *b.asset, nil
}

// TestDo tries jobs that have nothing to fetch; those that have are tried where
// there is a protocol to ask for them.
func TestDo(t *testing.T) {
	token := uuid.New()
	payload, err := json.Marshal(token)
	if err != nil {
		t.Fatal(err)
	}
	known := &asset.Asset{ID: "AAAAAAAAAAAAAAAAAAAA"}
	for _, tt := range []struct {
		name    string
		payload string
		book    book
		want    error
		state   State
	}{
		{"stored before", string(payload), book{one: Import{State: Waiting}, asset: known}, nil, Done},
		{"done before", string(payload), book{one: Import{State: Failed}}, nil, Failed},
		{"nobody can ask", string(payload), book{one: Import{State: Waiting}, err: fault.NotFound}, nil, Waiting},
		{"cannot be read", string(payload), book{one: Import{State: Waiting}, err: fault.Unavailable}, fault.Unavailable, Waiting},
		{"no token", `{}`, book{one: Import{State: Waiting}}, job.ErrGiveUp, Waiting},
	} {
		s := New(nil, &tt.book, &tt.book, func() {}, Config{})
		s.running[token] = new(Progress) // of an attempt before
		err := s.Handler(nil).Do(t.Context(), job.Job{Attempt: 1, Payload: json.RawMessage(tt.payload)})
		if !errors.Is(err, tt.want) || tt.book.one.State != tt.state || tt.state == Done && tt.book.one.Asset != known.ID {
			t.Errorf("%s: %v, then %+v; want %v, %s", tt.name, err, tt.book.one, tt.want, tt.state)
		}
		if over := err == nil; over == (len(s.running) > 0) {
			t.Errorf("%s: %v, and %d are counted", tt.name, err, len(s.running))
		}
	}
}

// TestWatch: who was told of so many bytes is never told of fewer.
func TestWatch(t *testing.T) {
	b := &book{one: Import{State: Waiting}}
	s := New(nil, b, b, func() {}, Config{})
	token := uuid.New()
	progress := func() string {
		_, p, err := s.Status(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if p == nil {
			return "none"
		}
		return fmt.Sprint(p.Done, " of ", p.Total)
	}
	read := func(r io.Reader, n int64) string {
		if _, err := io.CopyN(io.Discard, r, n); err != nil {
			t.Fatal(err)
		}
		return progress()
	}
	if got := progress(); got != "none" {
		t.Errorf("before it runs: %s", got)
	}
	first := s.watch(token)(strings.NewReader("0123456789"), -1)
	if got := read(first, 6); got != "6 of -1" {
		t.Errorf("on the way: %s", got)
	}
	again := s.watch(token)(strings.NewReader("0123456789"), 10)
	if got := read(again, 4); got != "6 of 10" {
		t.Errorf("anew: %s", got)
	}
	if got := read(again, 4); got != "8 of 10" {
		t.Errorf("further: %s", got)
	}
	if b.one.State = Done; progress() != "none" {
		t.Errorf("when it is done: %s", progress())
	}
	b.one.State = Waiting
	if s.forget(token); progress() != "none" {
		t.Errorf("when it is over: %s", progress())
	}
}
