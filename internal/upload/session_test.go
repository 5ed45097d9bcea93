package upload_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

func (s *stack) begin(t testing.TB, size int) upload.Session {
	t.Helper()
	u, err := s.Begin(t.Context(), anyone, upload.Spec{Name: "n.bin", Size: int64(size), Path: "/a/"})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// send writes one part or chunk, in its two steps.
func (s *stack) send(t testing.TB, u upload.Session, p upload.PartSpec, body []byte) (upload.Part, error) {
	t.Helper()
	p.Size = int64(len(body))
	ticket, err := s.Ticket(t.Context(), app, u.ID, p)
	if err != nil {
		return upload.Part{}, err
	}
	return s.WritePart(t.Context(), ticket, p.Size, bytes.NewReader(body))
}

var nothingMore = upload.Finish{Spec: upload.Spec{Size: -1}}

func (s *stack) mustComplete(t *testing.T, u upload.Session, want []byte) asset.Asset {
	t.Helper()
	a, err := s.Complete(t.Context(), app, u.ID, nothingMore)
	if err != nil {
		t.Fatal(err)
	}
	s.mustHold(t, a, want)
	return a
}

// A piece is a part or chunk of a planned upload.
type piece struct {
	upload.PartSpec
	from, to int
}

// cut divides size bytes into parts, some of them into chunks.
func cut(rng *rand.Rand, size int) []piece {
	var out []piece
	for at, number := 0, 1; at < size; number++ {
		end := min(size, at+1+rng.IntN(size/2+1))
		if rng.IntN(2) == 0 {
			out = append(out, piece{upload.PartSpec{Number: number}, at, end})
		} else {
			for from := at; from < end; {
				to := min(end, from+1+rng.IntN(end-at))
				out = append(out, piece{upload.PartSpec{Number: number, Chunked: true, Offset: int64(from - at)}, from, to})
				from = to
			}
		}
		at = end
	}
	return out
}

// Parts and chunks in any order, some of them twice, make the file.
func TestC8PartsInAnyOrder(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			s := newStack(t)
			want := random(1 + rng.IntN(40_000))
			pieces := cut(rng, len(want))
			for range rng.IntN(4) {
				pieces = append(pieces, pieces[rng.IntN(len(pieces))])
			}
			rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
			u := s.begin(t, len(want))
			var wg sync.WaitGroup
			for _, p := range pieces {
				body := want[p.from:p.to]
				if rng.IntN(2) == 0 {
					p.MD5 = md5Of(body)
				}
				wg.Go(func() {
					if _, err := s.send(t, u, p.PartSpec, body); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, p := range pieces {
				if p.Chunked {
					if err := s.CommitPart(t.Context(), app, u.ID, p.Number); err != nil {
						t.Errorf("commit part %d: %v", p.Number, err)
					}
				}
			}
			a := s.mustComplete(t, u, want)
			again, err := s.Complete(t.Context(), app, u.ID, nothingMore)
			if err != nil || again.ID != a.ID {
				t.Errorf("second Complete = %s, %v, want %s", again.ID, err, a.ID)
			}
			if _, err := s.send(t, u, pieces[0].PartSpec, want[:1]); !errors.Is(err, fault.Conflict) {
				t.Errorf("part after the end: %v, want conflict", err)
			}
			s.now = s.now.Add(time.Hour)
			if err := s.sweeper.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := s.stored(t); n != len(a.Content.Segments) {
				t.Errorf("%d blobs stay, want %d", n, len(a.Content.Segments))
			}
			s.mustHold(t, a, want)
		})
	}
}

// A client that lost an answer sends a chunk again in smaller pieces.
func TestOverlappingChunks(t *testing.T) {
	want := random(1000)
	for _, tt := range []struct {
		name  string
		spans [][2]int
	}{
		{"halves after the whole", [][2]int{{0, 1000}, {0, 500}, {500, 1000}}},
		{"whole after halves", [][2]int{{0, 500}, {500, 1000}, {0, 1000}}},
		{"overhanging", [][2]int{{0, 600}, {300, 900}, {800, 1000}}},
		{"covered", [][2]int{{0, 900}, {100, 200}, {150, 300}, {900, 1000}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t)
			u := s.begin(t, len(want))
			for _, span := range tt.spans {
				if _, err := s.send(t, u, upload.PartSpec{Number: 1, Chunked: true, Offset: int64(span[0])}, want[span[0]:span[1]]); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.CommitPart(t.Context(), app, u.ID, 1); err != nil {
				t.Fatal(err)
			}
			a := s.mustComplete(t, u, want)
			s.now = s.now.Add(time.Hour)
			if err := s.sweeper.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.mustHold(t, a, want)
		})
	}
}

func TestCompleteRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		size   int
		sent   []piece
		finish upload.Finish
	}{
		{"nothing sent", 10, nil, nothingMore},
		{"too few bytes", 10, []piece{{upload.PartSpec{Number: 1}, 0, 9}}, nothingMore},
		{"too many bytes", 10, []piece{{upload.PartSpec{Number: 1}, 0, 11}}, nothingMore},
		{"gap", 10, []piece{{upload.PartSpec{Number: 1, Chunked: true}, 0, 4}, {upload.PartSpec{Number: 1, Chunked: true, Offset: 5}, 5, 11}}, nothingMore},
		{"named part missing", 10, []piece{{upload.PartSpec{Number: 1}, 0, 10}},
			upload.Finish{Spec: upload.Spec{Size: -1}, Parts: []upload.DonePart{{Number: 1}, {Number: 2}}}},
		{"other tag", 10, []piece{{upload.PartSpec{Number: 1}, 0, 10}},
			upload.Finish{Spec: upload.Spec{Size: -1}, Parts: []upload.DonePart{{Number: 1, Tag: strings.Repeat("0", 32)}}}},
		{"other size", 10, []piece{{upload.PartSpec{Number: 1}, 0, 10}}, upload.Finish{Spec: upload.Spec{Size: 11}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStack(t)
			u := s.begin(t, tt.size)
			for _, p := range tt.sent {
				if _, err := s.send(t, u, p.PartSpec, random(p.to-p.from)); err != nil {
					t.Fatal(err)
				}
			}
			if a, err := s.Complete(t.Context(), app, u.ID, tt.finish); !errors.Is(err, fault.Conflict) {
				t.Errorf("Complete = %v, %v, want conflict", a.ID, err)
			}
		})
	}
}

func TestCompleteEmpty(t *testing.T) {
	s := newStack(t)
	s.mustComplete(t, s.begin(t, 0), nil)
}

func TestB14ExpiryDuringUpload(t *testing.T) {
	s := newStack(t)
	g := anyone
	g.Expires = s.now.Add(time.Minute)
	u, err := s.Begin(t.Context(), g, upload.Spec{Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Hour)
	if _, err := s.send(t, u, upload.PartSpec{Number: 1}, []byte("abc")); err != nil {
		t.Errorf("part after expiry: %v", err)
	}
	if _, err := s.Complete(t.Context(), app, u.ID, nothingMore); err != nil {
		t.Errorf("Complete after expiry: %v", err)
	}

	u = s.begin(t, 3)
	if _, err := s.catalog.UpdateApp(t.Context(), account.Server().Entry("test", "", "", nil), app, func(a *policy.App) error { a.Disabled = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := s.send(t, u, upload.PartSpec{Number: 1}, []byte("abc")); !errors.Is(err, fault.Denied) {
		t.Errorf("part to a disabled app: %v, want denied", err)
	}
	if _, err := s.Complete(t.Context(), app, u.ID, nothingMore); !errors.Is(err, fault.Denied) {
		t.Errorf("Complete in a disabled app: %v, want denied", err)
	}
}

// What is said at the end must be allowed as well.
func TestCompleteChecksGrant(t *testing.T) {
	s := newStack(t)
	g := anyone
	var err error
	if g.Path, err = policy.ParsePattern("/a/.*", false); err != nil {
		t.Fatal(err)
	}
	g.MinSize = 3
	u, err := s.Begin(t.Context(), g, upload.Spec{Size: -1, Path: "/a/"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.send(t, u, upload.PartSpec{Number: 1}, []byte("ab")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Complete(t.Context(), app, u.ID, nothingMore); !errors.Is(err, fault.Denied) {
		t.Errorf("Complete of too small a file: %v, want denied", err)
	}
	if _, err := s.send(t, u, upload.PartSpec{Number: 2}, []byte("cd")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Complete(t.Context(), app, u.ID, upload.Finish{Spec: upload.Spec{Size: -1, Path: "/b/"}}); !errors.Is(err, fault.Denied) {
		t.Errorf("Complete with another path: %v, want denied", err)
	}
	s.mustComplete(t, u, []byte("abcd"))
}

func TestB18SessionBelongsToItsApp(t *testing.T) {
	s := newStack(t)
	u := s.begin(t, 1)
	for what, err := range map[string]error{
		"Session":    second(s.Session(t.Context(), "other", u.ID)),
		"Arrived":    arrived(s.Arrived(t.Context(), "other", u.ID)),
		"Ticket":     second(s.Ticket(t.Context(), "other", u.ID, upload.PartSpec{Number: 1, Size: 1})),
		"CommitPart": s.CommitPart(t.Context(), "other", u.ID, 1),
		"Complete":   second(s.Complete(t.Context(), "other", u.ID, nothingMore)),
		"unknown":    second(s.Session(t.Context(), app, "AAAAAAAAAAAAAAAAAAAAAA")),
	} {
		if !errors.Is(err, fault.NotFound) {
			t.Errorf("%s = %v, want not found", what, err)
		}
	}
	s.now = s.now.Add(upload.DefaultLifetime)
	if _, err := s.Session(t.Context(), app, u.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("Session at the end of its lifetime: %v, want not found", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPartLimits(t *testing.T) {
	s := newStack(t)
	u := s.begin(t, 10)
	for _, tt := range []struct {
		spec upload.PartSpec
		want error
	}{
		{upload.PartSpec{Number: 0, Size: 1}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: 1}, nil},
		{upload.PartSpec{Number: upload.MaxParts, Size: 1}, nil},
		{upload.PartSpec{Number: upload.MaxParts + 1, Size: 1}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: 0}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: -1}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: upload.MaxPartSize}, nil},
		{upload.PartSpec{Number: 1, Size: upload.MaxPartSize + 1}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: 1, Offset: -1}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: 1, Offset: upload.MaxPartSize - 1}, nil},
		{upload.PartSpec{Number: 1, Size: 1, Offset: upload.MaxPartSize}, fault.Invalid},
		{upload.PartSpec{Number: 1, Size: 1, MD5: make([]byte, 15)}, fault.Invalid},
	} {
		if _, err := s.Ticket(t.Context(), app, u.ID, tt.spec); !errors.Is(err, tt.want) {
			t.Errorf("Ticket(%+v) = %v, want %v", tt.spec, err, tt.want)
		}
	}
}

func TestWritePartRefuses(t *testing.T) {
	s := newStack(t)
	u := s.begin(t, 10)
	ticket := func(p upload.PartSpec) string {
		k, err := s.Ticket(t.Context(), app, u.ID, p)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	good := ticket(upload.PartSpec{Number: 1, Size: 3})
	flipped := []byte(good)
	flipped[20] ^= 1
	for _, tt := range []struct {
		name, ticket string
		length       int64
		body         string
		want         error
	}{
		{"no ticket", "", 3, "abc", fault.Denied},
		{"flipped ticket", string(flipped), 3, "abc", fault.Denied},
		{"declared length", good, 4, "abcd", fault.Mismatch},
		{"too short", good, -1, "ab", fault.Mismatch},
		{"too long", good, -1, "abcd", fault.Mismatch},
		{"other MD5", ticket(upload.PartSpec{Number: 1, Size: 3, MD5: md5Of([]byte("xyz"))}), 3, "abc", fault.Mismatch},
	} {
		if _, err := s.WritePart(t.Context(), tt.ticket, tt.length, strings.NewReader(tt.body)); !errors.Is(err, tt.want) {
			t.Errorf("%s: WritePart = %v, want %v", tt.name, err, tt.want)
		}
	}
	if n := s.stored(t); n != 0 {
		t.Errorf("%d blobs stay", n)
	}
	s.now = s.now.Add(upload.TicketLifetime)
	if _, err := s.WritePart(t.Context(), good, 3, strings.NewReader("abc")); !errors.Is(err, fault.Denied) {
		t.Errorf("WritePart with an expired ticket = %v, want denied", err)
	}
}

func TestC9CompleteTogether(t *testing.T) {
	for range 20 {
		s := newStack(t)
		want := random(100)
		u := s.begin(t, len(want))
		if _, err := s.send(t, u, upload.PartSpec{Number: 1}, want); err != nil {
			t.Fatal(err)
		}
		ids := make([]asset.ID, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				a, err := s.Complete(t.Context(), app, u.ID, nothingMore)
				if err != nil {
					t.Error(err)
				}
				ids[i] = a.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("assets %v, want one", ids)
			}
		}
		s.mustHold(t, asset.Asset{ID: ids[0]}, want)
	}
}

func TestC10AbandonedUploads(t *testing.T) {
	s := newStack(t)
	for range 50 {
		u := s.begin(t, 10)
		if _, err := s.send(t, u, upload.PartSpec{Number: 1}, []byte("abc")); err != nil {
			t.Fatal(err)
		}
	}
	s.now = s.now.Add(23 * time.Hour)
	kept := s.begin(t, 3)
	if _, err := s.send(t, kept, upload.PartSpec{Number: 1}, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 51}, {2 * time.Hour, 51}, {time.Hour, 1}} { // abandoned, then past the grace
		s.now = s.now.Add(tt.after)
		if err := s.sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.stored(t); n != tt.want {
			t.Errorf("after %v more: %d blobs, want %d", tt.after, n, tt.want)
		}
	}
	s.mustComplete(t, kept, []byte("abc"))
}

// Records that know no blob at all are not believed.
func TestOrphansOfEmptyRecords(t *testing.T) {
	s := newStack(t)
	w, err := s.blobs.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("of another catalog")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.sweeper.SweepOrphans(t.Context(), time.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("SweepOrphans = %d, %v, want none", n, err)
	}
	if s.stored(t) != 1 {
		t.Error("the blob is gone")
	}
}

func TestOldEventsAreDropped(t *testing.T) {
	s := newStack(t)
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {30 * 24 * time.Hour, 1}, {time.Second, 0}} {
		if tt.after == 0 {
			if _, err := s.Put(t.Context(), anyone, unknown("n"), strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		s.now = s.now.Add(tt.after)
		if err := s.sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if events, err := s.catalog.Events(t.Context(), 0, 10); len(events) != tt.want || err != nil {
			t.Errorf("after %v more: %d events, %v, want %d", tt.after, len(events), err, tt.want)
		}
	}
}

func TestOrphans(t *testing.T) {
	s := newStack(t)
	a, err := s.Put(t.Context(), anyone, unknown("n"), strings.NewReader("kept"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.blobs.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("never recorded")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.sweeper.SweepOrphans(t.Context(), time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("SweepOrphans of old ones = %d, %v", n, err)
	}
	if n, err := s.sweeper.SweepOrphans(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("SweepOrphans = %d, %v, want 1", n, err)
	}
	s.mustHold(t, a, []byte("kept"))
}

// Another Service, as after a restart, goes on with an upload.
func TestGoOnAfterRestart(t *testing.T) {
	s := newStack(t)
	want := random(3000)
	u := s.begin(t, len(want))
	if _, err := s.send(t, u, upload.PartSpec{Number: 1}, want[:1000]); err != nil {
		t.Fatal(err)
	}
	s.Service.Close()
	clock := func() time.Time { return s.now }
	s.Service = upload.New(s.blobs, s.vault, s.catalog, upload.Config{Now: clock})
	t.Cleanup(s.Service.Close)
	if _, err := s.send(t, u, upload.PartSpec{Number: 2}, want[1000:]); err != nil {
		t.Fatal(err)
	}
	s.mustComplete(t, u, want)
}

func arrived(_ []upload.Part, _ asset.Asset, err error) error { return err }
