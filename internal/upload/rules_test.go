package upload_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/sweep"
	"github.com/stowgate/stowgate/internal/upload"
)

// bound sets what the app may store.
func (s *stack) bound(t *testing.T, o policy.Options) {
	t.Helper()
	_, err := s.catalog.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), app, func(a *policy.App) error {
		a.Options = o
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantDenial(t *testing.T, what string, err error, want policy.Reason) {
	t.Helper()
	var denial *policy.Denial
	if !errors.As(err, &denial) || denial.Reason != want {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

const page = "<!DOCTYPE html><html><body>hello</body></html>"

// TestTypes: what the app does not take is refused by its bytes, whatever it is
// called, on every way in, and nothing of it stays.
func TestTypes(t *testing.T) {
	s := newStack(t)
	s.bound(t, policy.Options{Types: []string{"text/plain", "image/*"}})
	s.fetch = func(context.Context, string, map[string]string, int64) (*upload.Remote, error) {
		return &upload.Remote{Body: io.NopCloser(strings.NewReader(page)), Type: "text/plain", Size: -1}, nil
	}
	_, err := s.Put(t.Context(), anyone, upload.Spec{Name: "a.txt", Type: "text/plain", Size: -1}, iotest.OneByteReader(strings.NewReader(page)))
	wantDenial(t, "one request", err, policy.TypeNotAllowed)
	_, err = s.Import(t.Context(), anyone, upload.Spec{}, upload.Source{URL: "https://example.com/a.txt"})
	wantDenial(t, "from a URL", err, policy.TypeNotAllowed)
	u := s.begin(t, len(page)+3)
	_, err = s.send(t, u, upload.PartSpec{Number: 1}, []byte(page))
	wantDenial(t, "first part", err, policy.TypeNotAllowed)
	_, err = s.send(t, u, upload.PartSpec{Number: 1, Chunked: true}, []byte(page))
	wantDenial(t, "first chunk", err, policy.TypeNotAllowed)
	if n := s.stored(t); n != 0 {
		t.Errorf("%d blobs stay of what was refused", n)
	}

	a, err := s.Put(t.Context(), anyone, upload.Spec{Size: -1}, strings.NewReader("plain"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Replace(t.Context(), anyone, a.ID, upload.Spec{Size: -1}, strings.NewReader(page))
	wantDenial(t, "overwrite", err, policy.TypeNotAllowed)
	s.mustHold(t, a, []byte("plain"))

	// What was taken when its first part came is refused at the end, if the app
	// has changed.
	u = s.begin(t, 8)
	for number, text := range []string{"1234", "5678"} {
		if _, err := s.send(t, u, upload.PartSpec{Number: number + 1}, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	s.bound(t, policy.Options{Types: []string{"image/*"}})
	_, err = s.Complete(t.Context(), app, u.ID, nothingMore)
	wantDenial(t, "end of an upload in parts", err, policy.TypeNotAllowed)
	if _, err := s.Session(t.Context(), app, u.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("the upload is still there: %v", err)
	}
	s.now = s.now.Add(time.Hour)
	if err := s.sweeper.Sweep(t.Context()); err != nil || s.stored(t) != 1 {
		t.Errorf("%d blobs stay, %v; want the one of a", s.stored(t), err)
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (r unread) Read([]byte) (int, error) {
	r.t.Error("the body was read, though its declared size is too much")
	return 0, io.EOF
}

// TestQuota holds what is refused before its body is read, and that no more of
// another body is read than there is room for.
func TestQuota(t *testing.T) {
	s := newStack(t)
	s.bound(t, policy.Options{MaxBytes: 100})
	put := func(size int64, body io.Reader) error {
		_, err := s.Put(t.Context(), anyone, upload.Spec{Size: size}, body)
		return err
	}
	if err := put(60, strings.NewReader(strings.Repeat("a", 60))); err != nil {
		t.Fatal(err)
	}
	wantDenial(t, "declared", put(41, unread{t}), policy.QuotaReached)
	_, err := s.Begin(t.Context(), anyone, upload.Spec{Size: 41})
	wantDenial(t, "declared, in parts", err, policy.QuotaReached)
	endless := &counting{}
	wantDenial(t, "undeclared", put(-1, endless), policy.QuotaReached)
	if endless.n > 1<<20 {
		t.Errorf("%d bytes were read where there is room for 40", endless.n)
	}
	u, other := s.begin(t, 40), s.begin(t, 40)
	for _, u := range []upload.Session{u, other} {
		if _, err := s.send(t, u, upload.PartSpec{Number: 1}, []byte(strings.Repeat("b", 40))); err != nil {
			t.Fatal(err)
		}
	}
	s.mustComplete(t, u, []byte(strings.Repeat("b", 40)))
	_, err = s.Complete(t.Context(), app, other.ID, nothingMore)
	wantDenial(t, "the second that was begun", err, policy.QuotaReached)
	wantDenial(t, "room", s.Room(t.Context(), anyone), policy.QuotaReached)

	s.bound(t, policy.Options{MaxBytes: 101})
	if err := s.Room(t.Context(), anyone); err != nil {
		t.Errorf("room for a byte: %v", err)
	}
	s.bound(t, policy.Options{MaxFiles: 2})
	wantDenial(t, "files", put(0, unread{t}), policy.QuotaReached)
	wantDenial(t, "room for a file", s.Room(t.Context(), anyone), policy.QuotaReached)
}

// counting is an endless body.
type counting struct{ n int64 }

func (c *counting) Read(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// TestQuotaOfMany: of a hundred uploads at once as many succeed as there is room
// for, and nothing stays of the others.
func TestQuotaOfMany(t *testing.T) {
	s := newStack(t)
	s.bound(t, policy.Options{MaxFiles: 10})
	var stored atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			_, err := s.Put(t.Context(), anyone, upload.Spec{Size: -1}, strings.NewReader(fmt.Sprint("file", i)))
			if err == nil {
				stored.Add(1)
			} else {
				wantDenial(t, "one too many", err, policy.QuotaReached)
			}
		})
	}
	all.Wait()
	if n, blobs := stored.Load(), s.stored(t); n != 10 || blobs != 10 {
		t.Errorf("%d files and %d blobs are stored, want 10", n, blobs)
	}
}

// TestExpireTemporary: a temporary file is removed once its time is over, with
// its event, and no sooner; not if it was kept meanwhile.
func TestExpireTemporary(t *testing.T) {
	s := newStack(t)
	began := s.now
	put := func(spec upload.Spec) asset.ID {
		spec.Size = -1
		a, err := s.Put(t.Context(), anyone, spec, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	temporary, kept, stored := put(upload.Spec{Temporary: true}), put(upload.Spec{Temporary: true}), put(upload.Spec{})
	u, err := s.Begin(t.Context(), anyone, upload.Spec{Temporary: true, Labels: []string{" A ", "a"}, Size: 0})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := s.Complete(t.Context(), app, u.ID, nothingMore)
	if err != nil || !parts.Stored.IsZero() || !slices.Equal(parts.Labels, []string{"a"}) {
		t.Fatalf("Complete = stored %v, labels %q, %v", parts.Stored, parts.Labels, err)
	}
	s.now = s.now.Add(time.Hour)
	since := s.now
	by := account.Server().Entry("test", app, "", nil)
	if each, err := s.catalog.KeepAssets(t.Context(), app, []asset.ID{kept}, by); err != nil || each[0] != nil {
		t.Fatal(each, err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{asset.TemporaryLifetime, 0}, {asset.TemporaryLifetime + 1, 2}, {asset.TemporaryLifetime + time.Hour, 0}} {
		s.now = began.Add(tt.after)
		if n, err := sweep.Expire(t.Context(), s.catalog, s.now); err != nil || n != tt.want {
			t.Errorf("Expire after %v = %d, %v; want %d", tt.after, n, err, tt.want)
		}
	}
	for id, want := range map[asset.ID]time.Time{kept: since, stored: began} {
		if a, err := s.catalog.Asset(t.Context(), id); err != nil || !a.Stored.Equal(want) {
			t.Errorf("a permanent file is stored since %v, %v; want %v", a.Stored, err, want)
		}
	}
	events, err := s.catalog.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var told []asset.ID
	for _, e := range events {
		if e.Kind == asset.Deleted {
			told = append(told, e.Fact.ID)
		}
	}
	if len(told) != 2 || !slices.Contains(told, temporary) || !slices.Contains(told, parts.ID) {
		t.Errorf("told that %v were removed, want %s and %s", told, temporary, parts.ID)
	}
}

// TestExpire: a file is removed once it is as old as its app keeps it, with its
// event, and no sooner.
func TestExpire(t *testing.T) {
	s := newStack(t)
	put := func() asset.ID {
		a, err := s.Put(t.Context(), anyone, upload.Spec{Size: -1}, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		return a.ID
	}
	expire := func(want int) {
		t.Helper()
		if n, err := sweep.Expire(t.Context(), s.catalog, s.now); err != nil || n != want {
			t.Errorf("Expire = %d, %v; want %d", n, err, want)
		}
	}
	old := put()
	s.now = s.now.Add(time.Hour)
	young := put()
	s.now = s.now.Add(24 * time.Hour)
	expire(0) // it keeps files for ever
	s.bound(t, policy.Options{Retention: 25 * time.Hour})
	expire(0) // it is just old enough
	s.now = s.now.Add(1)
	expire(1)
	expire(0)
	if _, err := s.catalog.Asset(t.Context(), old); !errors.Is(err, fault.NotFound) {
		t.Errorf("the old file: %v, want %v", err, fault.NotFound)
	}
	if _, err := s.catalog.Asset(t.Context(), young); err != nil {
		t.Errorf("the young file: %v", err)
	}
	events, err := s.catalog.Events(t.Context(), 0, 100)
	if last := events[len(events)-1]; err != nil || last.Kind != asset.Deleted || last.Fact.ID != old {
		t.Errorf("last event %+v, %v; want the removal of %s", last, err, old)
	}
}
