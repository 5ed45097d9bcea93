package upload_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/blob/route"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// spooled stores body as Put does, but receives it first.
func (s *stack) spooled(t *testing.T, g policy.Grant, spec upload.Spec, body io.Reader) (asset.Asset, error) {
	t.Helper()
	f, err := s.Spool(t.Context(), "", body, 1<<20)
	if err != nil {
		return asset.Asset{}, err
	}
	defer f.Close()
	return f.Store(t.Context(), g, spec)
}

func TestSpool(t *testing.T) {
	s := newStack(t)
	for _, size := range []int{0, 1, 1 << 20} {
		body := random(size)
		a, err := s.spooled(t, anyone, upload.Spec{Name: "a/b.bin", Type: "x/y", Size: 3}, strings.NewReader(string(body)))
		if err != nil {
			t.Fatalf("Store of %d bytes: %v", size, err)
		}
		s.mustHold(t, a, body)
		if a.Name != "b.bin" || a.Type != "x/y" {
			t.Errorf("stored as %q of type %q", a.Name, a.Type)
		}
	}
	if _, err := s.Spool(t.Context(), "", strings.NewReader(string(random(6))), 5); !errors.Is(err, fault.TooLarge) {
		t.Errorf("Spool of one byte over the limit: %v, want %v", err, fault.TooLarge)
	}
	if _, err := s.Spool(t.Context(), "", iotest.ErrReader(errLost), 5); !errors.Is(err, errLost) {
		t.Errorf("Spool of a lost connection: %v, want %v", err, errLost)
	}
}

// TestSpoolRules tries what Put refuses, after the bytes have come.
func TestSpoolRules(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options policy.Options
		grant   func(*policy.Grant)
		want    policy.Reason
	}{
		{"no grant", policy.Options{}, func(g *policy.Grant) { g.Actions = policy.Read }, policy.CallNotAllowed},
		{"expired", policy.Options{}, func(g *policy.Grant) { g.Expires = time.Unix(1, 0) }, policy.Expired},
		{"more than the grant allows", policy.Options{}, func(g *policy.Grant) { g.MaxSize = 4 }, policy.TooLarge},
		{"fewer than the grant asks for", policy.Options{}, func(g *policy.Grant) { g.MinSize = 6 }, policy.TooSmall},
		{"type", policy.Options{Types: []string{"image/*"}}, func(*policy.Grant) {}, policy.TypeNotAllowed},
		{"files", policy.Options{MaxFiles: 1}, func(*policy.Grant) {}, policy.QuotaReached},
		{"bytes", policy.Options{MaxBytes: 9}, func(*policy.Grant) {}, policy.QuotaReached},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t)
			if _, err := s.Put(t.Context(), anyone, unknown("first"), strings.NewReader("12345")); err != nil {
				t.Fatal(err)
			}
			s.bound(t, tt.options)
			g := anyone
			tt.grant(&g)
			_, err := s.spooled(t, g, unknown("n"), strings.NewReader("12345"))
			var denial *policy.Denial
			if !errors.As(err, &denial) || denial.Reason != tt.want {
				t.Errorf("Store: %v, want %v", err, tt.want)
			}
			if _, same := s.Put(t.Context(), g, unknown("n"), strings.NewReader("12345")); !errors.As(same, &denial) || denial.Reason != tt.want {
				t.Errorf("Put: %v, want %v", same, tt.want)
			}
			if n := s.stored(t); n != 1 {
				t.Errorf("%d blobs, want that of the first file", n)
			}
		})
	}
	s := newStack(t)
	s.bound(t, policy.Options{MaxSize: 4})
	if _, err := s.spooled(t, anyone, unknown("n"), strings.NewReader("12345")); !errors.Is(err, fault.TooLarge) {
		t.Errorf("Store over the app's limit: %v, want %v", err, fault.TooLarge)
	}
}

func TestSpoolDropped(t *testing.T) {
	s := newStack(t)
	f, err := s.Spool(t.Context(), "", strings.NewReader("12345"), 5)
	if err != nil || f.Size() != 5 {
		t.Fatalf("Spool = %v bytes, %v", f.Size(), err)
	}
	f.Close()
	f.Close()
	if n := s.stored(t); n != 0 {
		t.Errorf("%d blobs of a file that was dropped", n)
	}
}

// TestSpoolsOfClient: no client takes the places of all others.
func TestSpoolsOfClient(t *testing.T) {
	s := newStack(t)
	spool := func(client string) (*upload.Spooled, error) {
		return s.Spool(t.Context(), client, strings.NewReader("x"), 1)
	}
	var held []*upload.Spooled
	for range upload.MaxSpoolsPerClient {
		f, err := spool("192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, f)
	}
	if _, err := spool("192.0.2.1"); !errors.Is(err, fault.Busy) {
		t.Errorf("Spool by a client with %d others: %v, want %v", len(held), err, fault.Busy)
	}
	for _, client := range []string{"192.0.2.2", ""} {
		f, err := spool(client)
		if err != nil {
			t.Fatalf("Spool by %q: %v", client, err)
		}
		f.Close()
	}
	held[0].Close()
	if _, err := spool("192.0.2.1"); err != nil {
		t.Errorf("Spool after one was closed: %v", err)
	}
}

// TestSpoolStorage: what came before it was known where it goes is moved there.
func TestSpoolStorage(t *testing.T) {
	s := newStack(t)
	s.Service.Close()
	s.blobs = route.New(s.blobs, map[string]blob.Store{"archive": new(memblob.Store)})
	s.vault = blob.NewVault(s.blobs, blob.VaultConfig{})
	s.Service = upload.New(s.blobs, s.vault, s.catalog, upload.Config{Now: func() time.Time { return s.now }})
	t.Cleanup(s.Service.Close)
	s.bound(t, policy.Options{Storage: "archive"})
	for i, body := range []string{"", "12345"} {
		a, err := s.spooled(t, anyone, unknown("n"), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		s.mustHold(t, a, []byte(body))
		mustBeIn(t, a, "archive")
		if n := s.stored(t); n != i {
			t.Errorf("%d blobs, want %d", n, i)
		}
	}
}

func TestSpoolsTogether(t *testing.T) {
	s := newStack(t)
	spool := func() (*upload.Spooled, error) { return s.Spool(t.Context(), "", strings.NewReader("x"), 1) }
	var held []*upload.Spooled
	for range upload.MaxSpools {
		f, err := spool()
		if err != nil {
			t.Fatalf("Spool beside %d others: %v", len(held), err)
		}
		held = append(held, f)
	}
	_, err := spool()
	var later interface{ RetryAfter() time.Duration }
	if !errors.Is(err, fault.Busy) || !errors.As(err, &later) || later.RetryAfter() < time.Second {
		t.Errorf("Spool beside %d others: %v, want %v", len(held), err, fault.Busy)
	}
	held[0].Close()
	held[0].Close() // which makes room for one only
	if held[0], err = spool(); err != nil {
		t.Errorf("Spool after one was closed: %v", err)
	}
	if _, err := spool(); !errors.Is(err, fault.Busy) {
		t.Errorf("Spool after one was closed twice: %v, want %v", err, fault.Busy)
	}
	for _, f := range held {
		f.Close()
	}
	// One that fails takes no place.
	for range upload.MaxSpools + 1 {
		if _, err := s.Spool(t.Context(), "", iotest.ErrReader(errLost), 1); !errors.Is(err, errLost) {
			t.Fatalf("Spool: %v, want %v", err, errLost)
		}
	}
}
