package imports

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// Imported has nothing remembered.
func (b *book) Imported(context.Context, string, [32]byte) (asset.ID, error) {
	return "", fault.NotFound
}

// Tenants are apps that take everything.
type tenants struct{ upload.Records }

func (tenants) App(_ context.Context, key string) (policy.App, error) {
	return policy.App{Key: key}, nil
}

// newBringer returns a Service whose uploads are of nothing that comes.
func newBringer(t *testing.T) *Service {
	store := new(memblob.Store)
	uploads := upload.New(store, blob.NewVault(store, blob.VaultConfig{}), tenants{}, upload.Config{TicketKey: [32]byte{1}})
	t.Cleanup(uploads.Close)
	s := New(uploads, new(book), new(book), func() {}, Config{})
	t.Cleanup(s.Close)
	return s
}

// TestO3Bringing holds how many files are brought in at once, of one app and of
// all.
func TestO3Bringing(t *testing.T) {
	s := newBringer(t)
	var leave []func()
	enter := func(app string, want error) {
		t.Helper()
		out, err := s.enter(app)
		if !errors.Is(err, want) {
			t.Fatalf("file %d, of %s: %v, want %v", len(leave), app, err, want)
		}
		if err == nil {
			leave = append(leave, out)
		}
	}
	for n := range MaxBringing {
		enter(fmt.Sprint("app", n/MaxBringingApp), nil)
		if n == MaxBringingApp-1 {
			enter("app0", fault.Busy)
		}
	}
	enter("another", fault.Busy)
	leave[0]()
	enter("another", nil)
	for _, out := range leave[1:] {
		out()
	}
	if s.bringing != 0 || len(s.bringingBy) != 0 {
		t.Errorf("after all there are %d, %v", s.bringing, s.bringingBy)
	}
}

// TestBringTime: a file that does not come is given up, and who waits no longer
// does not let others wait.
func TestBringTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBringer(t)
		fetch := func(ctx context.Context, _ string, _ map[string]string, _ int64) (*upload.Remote, error) {
			<-ctx.Done()
			return nil, fmt.Errorf("fetch: %w", fault.Canceled)
		}
		bring := func(ctx context.Context) error {
			g := policy.Grant{App: "app", Actions: policy.Store, MaxSize: 1}
			_, err := s.Bring(ctx, g, "https://images.test/", upload.Spec{}, fetch)
			return err
		}
		if err := bring(t.Context()); fault.Of(err) != fault.Unreachable {
			t.Errorf("after %v: %v, want %v", MaxBringTime, err, fault.Unreachable)
		}
		ctx, cancel := context.WithTimeout(t.Context(), MaxBringTime/2)
		defer cancel()
		if err := bring(ctx); fault.Of(err) != fault.Canceled {
			t.Errorf("without patience: %v, want %v", err, fault.Canceled)
		}
		synctest.Wait()
		if s.bringing != 0 {
			t.Errorf("%d files are brought in for nobody", s.bringing)
		}
		if s.Close(); fault.Of(bring(t.Context())) != fault.Canceled {
			t.Error("Bring works after Close")
		}
	})
}
