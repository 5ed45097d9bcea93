package imports

import (
	"context"
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
// all, and that others wait for their turn but not for ever.
func TestO3Bringing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBringer(t)
		ctx, stop := context.WithCancel(t.Context())
		errs := make(chan error)
		bring := func(app string, n int) {
			for i := range n {
				go func() {
					g := policy.Grant{App: app, Actions: policy.Store, MaxSize: 1}
					_, err := s.Bring(ctx, g, fmt.Sprint("https://images.test/", i), upload.Spec{}, never)
					errs <- err
				}()
			}
			synctest.Wait()
		}
		wants := func(inside, waiting int) {
			t.Helper()
			if st := s.line.Stats(); st.Inside != inside || st.Waiting != waiting {
				t.Errorf("%d are brought in and %d wait, want %d and %d", st.Inside, st.Waiting, inside, waiting)
			}
		}
		bring("app", maxBringingApp+2)
		wants(maxBringingApp, 2)
		for n := range maxBringing/maxBringingApp - 1 {
			bring(fmt.Sprint("app", n), maxBringingApp)
		}
		bring("another", 1)
		wants(maxBringing, 3)
		for range 3 {
			if err := <-errs; fault.Of(err) != fault.Busy {
				t.Errorf("after %v: %v, want %v", bringPatience, err, fault.Busy)
			}
		}
		stop()
		for range maxBringing {
			if err := <-errs; fault.Of(err) != fault.Canceled {
				t.Errorf("at the end: %v, want %v", err, fault.Canceled)
			}
		}
		synctest.Wait()
		wants(0, 0)
	})
}

// never opens nothing, and takes as long as it may.
func never(ctx context.Context, _ string, _ map[string]string, _ int64) (*upload.Remote, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("fetch: %w", fault.Canceled)
}

// TestBringTime: a file that does not come is given up, and who waits no longer
// does not let others wait.
func TestBringTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newBringer(t)
		bring := func(ctx context.Context) error {
			g := policy.Grant{App: "app", Actions: policy.Store, MaxSize: 1}
			_, err := s.Bring(ctx, g, "https://images.test/", upload.Spec{}, never)
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
		if n := s.line.Stats().Inside; n != 0 {
			t.Errorf("%d files are brought in for nobody", n)
		}
		if s.Close(); fault.Of(bring(t.Context())) != fault.Canceled {
			t.Error("Bring works after Close")
		}
	})
}
