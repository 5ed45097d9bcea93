package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// A book records assets and uses.
type book struct {
	mu     sync.Mutex
	assets map[asset.ID]asset.Asset
	used   int
}

func (b *book) Asset(_ context.Context, id asset.ID) (asset.Asset, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.assets[id]
	if !ok {
		return a, fmt.Errorf("asset %s: %w", id, fault.NotFound)
	}
	return a, nil
}

func (b *book) Spend(_ context.Context, _ string, use policy.Use) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if use.Limit == 0 {
		return nil
	}
	if b.used++; b.used > use.Limit {
		return &policy.Denial{Reason: policy.UsedUp}
	}
	return nil
}

func (b *book) RemoveAsset(_ context.Context, _ string, id asset.ID, _ policy.Use) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.assets, id)
	return nil
}

func (b *book) overwrite(a asset.Asset) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.Version++
	b.assets[a.ID] = a
}

// A darkroom makes variants: the plan, and behind it what it was given.
type darkroom struct {
	t      testing.TB
	runs   atomic.Int32
	before func(ctx context.Context) error          // called first; nil does nothing
	after  func(out *os.File, r *delivery.Rendered) // may change what was made
}

// errShort of a darkroom's before makes the result "short", unseen.
var errShort = errors.New("short")

func (d *darkroom) Render(ctx context.Context, app string, plan transform.Plan, sources []delivery.Source, out *os.File) (delivery.Rendered, error) {
	d.runs.Add(1)
	if d.before != nil {
		err := d.before(ctx)
		if err == errShort {
			n, err := io.WriteString(out, "short")
			return delivery.Rendered{Type: "image/webp", Bytes: int64(n)}, err
		}
		if err != nil {
			return delivery.Rendered{}, err
		}
	}
	text := "plan " + plan.Canonical()
	for _, src := range sources {
		b, err := io.ReadAll(src.File)
		if err != nil {
			d.t.Error(err)
		}
		text += fmt.Sprintf(", %s %s", src.Type, b)
		if _, err := src.File.WriteAt([]byte("x"), 0); err == nil {
			d.t.Error("a renderer can write to its source")
		}
		if info, err := src.File.Stat(); err != nil || info.Size() != int64(len(b)) {
			d.t.Errorf("the file of a source has %d bytes, %v; want %d", info.Size(), err, len(b))
		}
	}
	r := delivery.Rendered{Type: "image/webp", Width: 3, Height: 2, Frames: 1, Bytes: int64(len(text))}
	if _, err := io.WriteString(out, text); err != nil {
		d.t.Error(err)
	}
	if d.after != nil {
		d.after(out, &r)
	}
	return r, nil
}

// A web serves the text of each URL, and counts.
type web struct {
	mu     sync.Mutex
	text   map[string]string
	asked  map[string]int
	gate   chan struct{} // holds back what is fetched, if not nil
	limits []int64
}

func (w *web) fetch(ctx context.Context, url string, header map[string]string, limit int64) (io.ReadCloser, error) {
	w.mu.Lock()
	w.asked[url]++
	w.limits = append(w.limits, limit)
	text, ok := w.text[url]
	gate := w.gate
	w.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if !ok {
		return nil, fmt.Errorf("nobody there: %w", fault.Unreachable)
	}
	return io.NopCloser(strings.NewReader(text + header["Cookie"])), nil
}

// A studio is a service with all that it needs.
type studio struct {
	*delivery.Service
	t        testing.TB
	book     *book
	store    *memblob.Store
	darkroom *darkroom
	web      *web
	config   delivery.Config
	now      atomic.Pointer[time.Time]
}

func newStudio(t testing.TB, c delivery.Config) *studio {
	t.Helper()
	st := &studio{
		t: t, book: &book{assets: map[asset.ID]asset.Asset{}}, store: new(memblob.Store), darkroom: &darkroom{t: t},
		web: &web{text: map[string]string{}, asked: map[string]int{}}, config: c,
	}
	begin := time.Now()
	st.now.Store(&begin)
	st.config.Render, st.config.Fetch, st.config.Folder = st.darkroom, st.web.fetch, filepath.Join(t.TempDir(), "variants")
	if c.Line.Slots == 0 {
		st.config.Line.Slots = 2
	}
	st.config.Now = func() time.Time { return *st.now.Load() }
	st.open()
	t.Cleanup(func() { st.Close() })
	return st
}

// open starts the service, again if it runs.
func (st *studio) open() {
	st.t.Helper()
	if st.Service != nil {
		if err := st.Close(); err != nil {
			st.t.Fatal(err)
		}
	}
	var err error
	vault := blob.NewVault(st.store, blob.VaultConfig{Now: st.config.Now})
	if st.Service, err = delivery.New(vault, library.New(st.book, st.config.Now), st.config); err != nil {
		st.t.Fatal(err)
	}
}

func (st *studio) pass(d time.Duration) {
	next := st.now.Load().Add(d)
	st.now.Store(&next)
}

// add stores text as an asset of app.
func (st *studio) add(app, text string) asset.ID {
	st.t.Helper()
	w, err := blob.CreateSegment(st.t.Context(), st.store)
	if err != nil {
		st.t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		st.t.Fatal(err)
	}
	segment, err := w.Commit()
	if err != nil {
		st.t.Fatal(err)
	}
	a := asset.Asset{ID: asset.NewID(), App: app, Name: "Photo.PNG", Detected: "image/png", Version: 1, Width: 400, Height: 300}
	a.Content.Segments = []blob.Segment{segment}
	st.book.assets[a.ID] = a
	return a.ID
}

// may is a grant to convert anything of app.
func may(app string) policy.Grant { return policy.Grant{App: app, Actions: policy.Convert} }

func resize(width int, ids ...asset.ID) delivery.Order {
	o := delivery.Order{Plan: transform.Plan{Ops: []transform.Op{transform.Resize{Width: width}}}}
	for i, id := range ids {
		if i > 0 {
			o.Plan.Ops = append(o.Plan.Ops, transform.Overlay{Input: i, Size: 100})
		}
		o.Inputs = append(o.Inputs, delivery.Input{Asset: id})
	}
	return o
}

func resizeURL(width int, url string) delivery.Order {
	o := resize(width)
	o.Inputs = []delivery.Input{{URL: url}}
	return o
}

// get returns the bytes of a variant, or the error as text.
func (st *studio) get(g policy.Grant, o delivery.Order) string {
	v, err := st.Transform(st.t.Context(), g, o)
	if err != nil {
		return "error: " + fault.Of(err).Error()
	}
	defer v.Close()
	b, err := io.ReadAll(v)
	if err != nil {
		st.t.Errorf("read variant: %v", err)
	}
	return string(b)
}

// want checks what an order brings, and how many renders there were so far.
func (st *studio) want(g policy.Grant, o delivery.Order, want string, runs int) {
	st.t.Helper()
	if got := st.get(g, o); !strings.HasSuffix(got, want) {
		st.t.Errorf("got %q, want what ends in %q", got, want)
	}
	if got := st.darkroom.runs.Load(); int(got) != runs {
		st.t.Errorf("%d renders so far, want %d", got, runs)
	}
}

// kept returns how many variants are on the disk.
func (st *studio) kept() int {
	st.t.Helper()
	entries, err := os.ReadDir(st.config.Folder)
	if err != nil {
		st.t.Fatal(err)
	}
	return len(entries)
}

func TestTransform(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id := st.add("a", "pixels")
	var first asset.Asset
	var before delivery.Stats
	for i := range 3 {
		if i == 2 {
			before = st.Stats()
			st.open() // and there it is again
		}
		v, err := st.Transform(t.Context(), may("a"), resize(100, id))
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		b, _ := io.ReadAll(v)
		const want = `plan {"ops":[{"op":"resize","width":100}]}, image/png pixels`
		if string(b) != want || v.Size() != int64(len(want)) || v.Frames != 1 {
			t.Errorf("got %q of %d bytes and %d frames, want %q", b, v.Size(), v.Frames, want)
		}
		a := v.Asset
		if a.ID != id || a.App != "a" || a.Name != "Photo.webp" || a.Type != "image/webp" || a.Detected != "text/plain" ||
			a.Width != 3 || a.Height != 2 || a.Content.SHA256 == [32]byte{} {
			t.Errorf("asset %+v", a)
		}
		if i == 0 {
			first = a
		}
		if !a.Modified.Equal(first.Modified) || a.Content.SHA256 != first.Content.SHA256 {
			t.Errorf("variant %d differs from the first", i)
		}
	}
	if before.Orders != 2 || before.Renders != 1 || before.Hits != 1 || before.Shelf.Files != 1 {
		t.Errorf("%+v", before)
	}
	if s := st.Stats(); s.Orders != 1 || s.Renders != 0 || s.Hits != 1 || s.Shelf.Files != 1 {
		t.Errorf("after a restart %+v", s)
	}
}

// What serves files serves variants: whole, in ranges, and not again.
func TestVariantIsServed(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id := st.add("a", "pixels")
	serve := func(field, value string) *http.Response {
		v, err := st.Transform(t.Context(), may("a"), resize(100, id))
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(field, value)
		w := httptest.NewRecorder()
		if err := server.ServeFile(w, r, server.File{Asset: v.Asset, Content: v}, server.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		return w.Result()
	}
	whole := serve("X", "")
	if b, _ := io.ReadAll(whole.Body); whole.StatusCode != 200 || whole.ContentLength != int64(len(b)) || !bytes.HasSuffix(b, []byte("pixels")) {
		t.Errorf("status %d, %q", whole.StatusCode, b)
	}
	part := serve("Range", "bytes=-6")
	if b, _ := io.ReadAll(part.Body); part.StatusCode != 206 || string(b) != "pixels" {
		t.Errorf("range: status %d, %q", part.StatusCode, b)
	}
	if again := serve("If-None-Match", whole.Header.Get("Etag")); again.StatusCode != 304 || whole.Header.Get("Last-Modified") == "" {
		t.Errorf("if none match: status %d", again.StatusCode)
	}
}

func TestO4Stampede(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id := st.add("a", "pixels")
	arrived := make(chan struct{})
	st.darkroom.before = func(context.Context) error { <-arrived; return nil }
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			if got := st.get(may("a"), resize(100, id)); !strings.HasSuffix(got, "pixels") {
				t.Errorf("got %q", got)
			}
		})
	}
	for st.Stats().Waiting < 1000 {
		time.Sleep(time.Millisecond)
	}
	close(arrived)
	all.Wait()
	if got := st.darkroom.runs.Load(); got != 1 {
		t.Errorf("%d renders, want 1", got)
	}
	if s := st.Stats().Line; s.Refused != 0 {
		t.Errorf("%d were refused", s.Refused)
	}
}

func TestK5GrantBeforeCache(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id := st.add("a", "pixels")
	g := may("a")
	g.Expires = st.now.Load().Add(time.Minute)
	st.want(g, resize(100, id), "pixels", 1)
	st.pass(time.Minute)
	st.want(g, resize(100, id), "error: denied", 1)
	st.want(policy.Grant{App: "a", Actions: policy.Read}, resize(100, id), "error: denied", 1)
	st.want(may("b"), resize(100, id), "error: not found", 1)
	st.want(policy.Grant{}, resize(100, id), "error: not found", 1)
	st.want(may("a"), resize(100, id), "pixels", 1)
}

// The policy's handle is about the first input; everything else is about all of
// them.
func TestGrantForSeveralInputs(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	first, second, foreign := st.add("a", "first"), st.add("a", "second"), st.add("b", "foreign")
	st.web.text["https://good.test/x"] = "outside"
	bound := may("a")
	bound.Asset = first
	var err error
	if bound.URL, err = policy.ParsePattern("https://good[.]test/", false); err != nil {
		t.Fatal(err)
	}
	with := func(in delivery.Input) delivery.Order {
		o := resize(100, first, second)
		o.Inputs[1] = in
		return o
	}
	st.want(bound, resize(100, first, second), "image/png first, image/png second", 1)
	st.want(bound, resize(100, second, first), "error: denied", 1)
	st.want(bound, with(delivery.Input{Asset: foreign}), "error: not found", 1)
	st.want(bound, with(delivery.Input{URL: "https://evil.test/x"}), "error: denied", 1)
	st.want(bound, with(delivery.Input{URL: "https://good.test/x"}), "text/plain outside", 2)
	st.want(bound, resizeURL(100, "https://good.test/x"), "error: denied", 2) // it is no handle
	if n := len(st.web.asked); n != 1 {
		t.Errorf("asked for %v", st.web.asked)
	}

	_, err = st.Transform(t.Context(), bound, with(delivery.Input{Asset: foreign}))
	var at *delivery.InputError
	if !errors.As(err, &at) || at.Input != 1 {
		t.Errorf("error %v, want one of input 1", err)
	}
}

func TestUsesAreCountedOnce(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	o := resize(100, st.add("a", "first"), st.add("a", "second"))
	g := may("a")
	g.Use.Limit = 3
	for range 3 {
		st.want(g, o, "second", 1)
	}
	st.want(g, o, "error: denied", 1)
}

// TestK4Keys changes one thing after the other in what an order is about.
func TestK4Keys(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id, other := st.add("a", "pixels"), st.add("a", "pixels")
	st.web.text["https://x.test/1"], st.web.text["https://x.test/2"] = "u1", "u2"
	for i, step := range []struct {
		app   string
		order delivery.Order
	}{
		{"a", resize(100, id)},
		{"a", resize(101, id)},
		{"a", resize(100, other)},
		{"a", resize(100, id, other)},
		{"a", resize(100, other, id)},
		{"a", delivery.Order{Inputs: resize(1, id).Inputs, Plan: transform.Plan{Ops: resize(100).Plan.Ops, Output: transform.Output{Format: transform.AVIF}}}},
		{"a", resizeURL(100, "https://x.test/1")},
		{"b", resizeURL(100, "https://x.test/1")}, // O1: nothing is shared between apps
		{"a", resizeURL(100, "https://x.test/2")},
		{"a", delivery.Order{Plan: resize(100).Plan, Inputs: []delivery.Input{{URL: "https://x.test/1", Header: map[string]string{"Cookie": "c"}}}}},
	} {
		first := st.get(may(step.app), step.order)
		st.want(may(step.app), step.order, first, i+1)
	}
	if st.web.asked["https://x.test/1"] != 3 {
		t.Errorf("asked for %v", st.web.asked)
	}
	// Another spelling is the same file.
	st.want(may("a"), resizeURL(100, "HTTPS://X.test:443/1#there"), "text/plain u1", 10)

	st.config.Engine = "2"
	st.open()
	st.want(may("a"), resize(100, id), "pixels", 11)
}

func TestOverwrittenAndRemoved(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id, mark := st.add("a", "pixels"), st.add("a", "mark")
	st.want(may("a"), resize(100, id, mark), "mark", 1)
	st.want(may("a"), resize(100, id), "pixels", 2)
	st.book.overwrite(st.book.assets[mark])
	st.want(may("a"), resize(100, id, mark), "mark", 3) // seen before anybody is told
	st.Drop(mark)
	if n := st.kept(); n != 1 {
		t.Errorf("%d variants are kept, want the one without the mark", n)
	}
	st.book.RemoveAsset(t.Context(), "a", id, policy.Use{})
	st.Drop(id)
	st.want(may("a"), resize(100, id), "error: not found", 3)
	if n := st.kept(); n != 0 {
		t.Errorf("%d variants are kept of what is gone", n)
	}
}

// An asset that goes while a variant is made of it leaves none behind, whenever
// that is.
func TestOverwrittenMeanwhile(t *testing.T) {
	for _, change := range []func(st *studio, id asset.ID){
		func(st *studio, id asset.ID) { st.book.overwrite(st.book.assets[id]) },
		func(st *studio, id asset.ID) { st.book.RemoveAsset(st.t.Context(), "a", id, policy.Use{}) },
	} {
		st := newStudio(t, delivery.Config{})
		id := st.add("a", "pixels")
		st.darkroom.before = func(context.Context) error {
			change(st, id)
			st.Drop(id)
			return nil
		}
		st.want(may("a"), resize(100, id), "pixels", 1)
		if n := st.kept(); n != 0 {
			t.Errorf("%d variants are kept", n)
		}
	}
}

func TestAge(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	st.web.text["https://x.test/"] = "old"
	o := resizeURL(100, "https://x.test/")
	st.want(may("a"), o, "old", 1)
	st.web.text["https://x.test/"] = "new"
	minute := o
	minute.MaxAge = time.Minute
	st.pass(time.Minute - 1)
	st.want(may("a"), minute, "old", 1)
	st.pass(1)
	st.want(may("a"), minute, "new", 2)
	st.pass(time.Minute)
	st.want(may("a"), o, "new", 3) // it was kept for a minute
	st.pass(30*24*time.Hour - 1)
	st.want(may("a"), o, "new", 3)
	st.pass(1)
	st.want(may("a"), o, "new", 4)
	if n := st.kept(); n != 1 {
		t.Errorf("%d variants are kept, want 1", n)
	}
}

func TestNoCache(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	o := resize(100, st.add("a", "pixels"))
	anew := o
	anew.NoCache = true
	st.want(may("a"), anew, "pixels", 1)
	if n := st.kept(); n != 0 {
		t.Errorf("%d variants are kept", n)
	}
	st.want(may("a"), o, "pixels", 2)
	st.want(may("a"), anew, "pixels", 3)
	st.want(may("a"), o, "pixels", 3)
}

// TestK7DamagedVariant flips a byte of a kept variant: it is made again.
func TestK7DamagedVariant(t *testing.T) {
	for _, restart := range []bool{false, true} {
		st := newStudio(t, delivery.Config{})
		o := resize(100, st.add("a", "pixels"))
		st.want(may("a"), o, "pixels", 1)
		names, _ := filepath.Glob(filepath.Join(st.config.Folder, "*"))
		f, err := os.OpenFile(names[0], os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteAt([]byte("X"), 10)
		f.Close()
		if restart {
			st.open()
		}
		st.want(may("a"), o, "pixels", 2)
		if got := st.Stats().Shelf.Damaged; got != 1 {
			t.Errorf("%d damaged, want 1", got)
		}
	}
}

func TestK7DamagedSource(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id := st.add("a", "pixels")
	st.store.Edit(st.book.assets[id].Content.Segments[0].Key, func(b []byte) []byte { b[0] ^= 1; return b })
	st.want(may("a"), resize(100, id), "error: damaged", 0)
}

// TestF4Limits has orders at a limit and one over it. What is over is refused
// before it is rendered or waits for that.
func TestF4Limits(t *testing.T) {
	st := newStudio(t, delivery.Config{MaxSource: 10, Limits: cost.Limits{SourcePixels: 400 * 300}})
	ten, eleven, large, unknown := st.add("a", "0123456789"), st.add("a", "0123456789+"), st.add("a", "x"), st.add("a", "y")
	edit := func(id asset.ID, width, height int) {
		a := st.book.assets[id]
		a.Width, a.Height = width, height
		st.book.assets[id] = a
	}
	edit(large, 401, 300)
	edit(unknown, 0, 0)
	tall := resize(0, ten)
	tall.Plan.Ops = []transform.Op{transform.Orient{}, transform.Resize{Width: 390}}
	edit(ten, 400, 300)
	many := resize(100, slices.Repeat([]asset.ID{unknown}, transform.MaxInputs+1)...)
	for _, tt := range []struct {
		name  string
		order delivery.Order
		want  string
		runs  int
	}{
		{"bytes at the limit", resize(100, ten), "0123456789", 1},
		{"one over", resize(100, eleven), "error: too large", 1},
		{"together one over", resize(100, ten, unknown), "error: too large", 1},
		{"pixels one over", resize(100, large), "error: too large", 1},
		{"result one over", resize(401, ten), "error: too large", 1},
		{"upright it may fit", tall, "0123456789", 2},
		{"dimensions that nobody knows", resize(100, unknown), "y", 3},
		{"an argument out of range", resize(-1, ten), "error: invalid", 3},
		{"an input too few", delivery.Order{Plan: resize(1, ten, ten).Plan, Inputs: resize(1, ten).Inputs}, "error: invalid", 3},
		{"an input too many", delivery.Order{Plan: resize(1, ten).Plan, Inputs: resize(1, ten, ten).Inputs}, "error: invalid", 3},
		{"no input", resize(100), "error: invalid", 3},
		{"too many inputs", many, "error: invalid", 3},
	} {
		if tt.name == "upright it may fit" {
			edit(ten, 40, 30)
		}
		t.Log(tt.name)
		st.want(may("a"), tt.order, tt.want, tt.runs)
	}
	if s := st.Stats(); s.Line.Refused != 0 {
		t.Errorf("%+v", s)
	}
}

func TestOutsideFiles(t *testing.T) {
	st := newStudio(t, delivery.Config{MaxSource: 20})
	st.web.text["https://x.test/a%20b/photo.jpeg?x=1"] = "GIF89a"
	v, err := st.Transform(t.Context(), may("a"), resizeURL(100, "https://x.test/a b/photo.jpeg?x=1"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if b, _ := io.ReadAll(v); !bytes.HasSuffix(b, []byte(", image/gif GIF89a")) || v.Asset.ID != "" || v.Asset.Name != "photo.webp" {
		t.Errorf("got %q called %q of asset %q", b, v.Asset.Name, v.Asset.ID)
	}
	st.want(may("a"), resizeURL(100, "https://gone.test/"), "error: unreachable", 1)
	st.want(may("a"), resizeURL(100, "file:///etc/passwd"), "error: invalid", 1)
	st.web.text["https://x.test/large"] = strings.Repeat("x", 21)
	st.want(may("a"), resizeURL(100, "https://x.test/large"), "error: too large", 1)
	if slices.Max(st.web.limits) != 20 {
		t.Errorf("fetched with limits %v, want 20", st.web.limits)
	}
	if n := st.kept(); n != 1 {
		t.Errorf("%d files, want 1", n)
	}
	st.config.Fetch = nil
	st.open()
	st.want(may("a"), resizeURL(99, "https://x.test/large"), "error: unsupported", 1)
}

// Several widths of an outside file that are asked for at once fetch it once,
// for each app.
func TestOutsideFileIsFetchedOnce(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	st.web.text["https://x.test/"] = "outside"
	st.web.gate = make(chan struct{})
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if got := st.get(may(fmt.Sprint("app", i%2)), resizeURL(100+i, "https://x.test/")); !strings.HasSuffix(got, "text/plain outside") {
				t.Errorf("got %q", got)
			}
		})
	}
	for st.Stats().Fetching < 10 {
		time.Sleep(time.Millisecond)
	}
	close(st.web.gate)
	all.Wait()
	if n := st.web.asked["https://x.test/"]; n != 2 {
		t.Errorf("fetched %d times, want 2", n)
	}
	if s := st.Stats(); s.Renders != 10 || s.Fetchers.Inside != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSmaller(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	small := st.add("a", "pixels")
	o := resize(100, small)
	o.Plan.Output.Smaller = true
	st.darkroom.after = func(_ *os.File, r *delivery.Rendered) { r.Type = "image/png" }
	for range 2 {
		v, err := st.Transform(t.Context(), may("a"), o)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		b, _ := io.ReadAll(v)
		if a := v.Asset; string(b) != "pixels" || a.Type != "image/png" || a.Name != "Photo.PNG" || a.Width != 400 || a.Height != 300 {
			t.Errorf("got %q, %+v; want the input itself", b, a)
		}
	}
	o.Inputs[0].Asset = st.add("a", strings.Repeat("pixels", 100))
	st.darkroom.after = func(out *os.File, r *delivery.Rendered) { out.Truncate(599); r.Bytes = 599 }
	if got := st.get(may("a"), o); len(got) != 599 {
		t.Errorf("got %d bytes, want the smaller result of 599", len(got))
	}
	o.Plan.Ops = resize(99).Plan.Ops
	st.darkroom.after = func(out *os.File, r *delivery.Rendered) { out.Truncate(600); r.Type, r.Bytes = "image/png", 600 }
	if got := st.get(may("a"), o); got != strings.Repeat("pixels", 100) {
		t.Errorf("got %q, want the input, which is not larger", got)
	}
	// What had to become another type is no drawing with scripts again.
	o.Plan.Ops = resize(98).Plan.Ops
	st.darkroom.after = func(out *os.File, r *delivery.Rendered) { out.Truncate(601); r.Bytes = 601 }
	if got := st.get(may("a"), o); len(got) != 601 {
		t.Errorf("got %d bytes, want the larger result of another type", len(got))
	}
}

// A renderer that fails, or tells what is not so, leaves nothing behind.
func TestRendererFails(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	o := resize(100, st.add("a", "pixels"))
	for i, tt := range []struct {
		before func(context.Context) error
		after  func(*os.File, *delivery.Rendered)
		want   string
	}{
		{func(context.Context) error { return fmt.Errorf("no image: %w", fault.Invalid) }, nil, "error: invalid"},
		{func(context.Context) error { return fmt.Errorf("write: %w", syscall.ENOSPC) }, nil, "error: unavailable"},
		{func(context.Context) error { panic("oh") }, nil, "error: internal"},
		{nil, func(_ *os.File, r *delivery.Rendered) { r.Bytes-- }, "error: internal"},
		{nil, func(out *os.File, r *delivery.Rendered) { out.Truncate(0); r.Bytes = 0 }, "error: internal"},
		{nil, nil, "pixels"}, // and no failure is kept
	} {
		st.darkroom.before, st.darkroom.after = tt.before, tt.after
		st.want(may("a"), o, tt.want, i+1)
		if s := st.Stats().Line; s.Inside != 0 {
			t.Errorf("step %d: %+v", i, s)
		}
	}
}

// Past the limit of the line an answer comes at once, with when to come again;
// another app has a place all the same.
func TestO3Busy(t *testing.T) {
	st := newStudio(t, delivery.Config{Line: queue.Config{Slots: 1, Waiting: 3, WaitingPerOwner: 2}})
	id, other := st.add("a", "pixels"), st.add("b", "pixels")
	finish := make(chan struct{})
	st.darkroom.before = func(context.Context) error { <-finish; return nil }
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() { st.get(may("a"), resize(100+i, id)) })
	}
	for st.Stats().Line.Waiting < 2 {
		time.Sleep(time.Millisecond)
	}
	_, err := st.Transform(t.Context(), may("a"), resize(200, id))
	var full interface{ RetryAfter() time.Duration }
	if !errors.Is(err, fault.Busy) || !errors.As(err, &full) || full.RetryAfter() < time.Second {
		t.Errorf("Transform = %v, want busy, and when to come again", err)
	}
	all.Go(func() {
		if got := st.get(may("b"), resize(100, other)); !strings.HasSuffix(got, "pixels") {
			t.Errorf("the other app got %q", got)
		}
	})
	for st.Stats().Line.Waiting < 3 {
		time.Sleep(time.Millisecond)
	}
	close(finish)
	all.Wait()
}

func TestCallersGoAway(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	id := st.add("a", "pixels")
	started, ended := make(chan struct{}), make(chan struct{})
	st.darkroom.before = func(ctx context.Context) error {
		close(started)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}
	first, goFirst := context.WithCancel(t.Context())
	second, goSecond := context.WithCancel(t.Context())
	results := make(chan error)
	for _, ctx := range []context.Context{first, second} {
		go func() {
			_, err := st.Transform(ctx, may("a"), resize(100, id))
			results <- err
		}()
	}
	<-started
	for st.Stats().Waiting < 2 {
		time.Sleep(time.Millisecond)
	}
	goFirst()
	if err := <-results; fault.Of(err) != fault.Canceled {
		t.Errorf("Transform = %v, want canceled", err)
	}
	select {
	case <-ended:
		t.Error("the render ended with its first caller")
	default:
	}
	goSecond()
	if err := <-results; fault.Of(err) != fault.Canceled {
		t.Errorf("Transform = %v, want canceled", err)
	}
	<-ended
	st.darkroom.before = nil
	st.want(may("a"), resize(100, id), "pixels", 2)
}

func TestWithoutRenderer(t *testing.T) {
	s, a, _ := stock(t)
	if _, err := s.Transform(t.Context(), policy.Grant{App: "a", Actions: policy.Convert}, resize(100, a.ID)); !errors.Is(err, fault.Unsupported) {
		t.Errorf("Transform = %v, want unsupported", err)
	}
	if _, err := s.Transform(t.Context(), policy.Grant{App: "a", Actions: policy.Read}, resize(100, a.ID)); !errors.Is(err, fault.Denied) {
		t.Errorf("Transform without a grant = %v, want denied", err)
	}
	s.Drop(a.ID)
	if s.Stats() != (delivery.Stats{}) {
		t.Errorf("%+v", s.Stats())
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := delivery.New(nil, nil, delivery.Config{Render: &darkroom{}, Folder: os.Args[0]}); err == nil {
		t.Error("New with a file as its folder succeeds")
	}
}

// TestNothingLeaks has all kinds of orders, also ones that fail and ones that
// are given up, and then looks for descriptors and goroutines.
func TestNothingLeaks(t *testing.T) {
	open := func() (fds, routines int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), runtime.NumGoroutine()
	}
	st := newStudio(t, delivery.Config{
		Line: queue.Config{Slots: 2, Waiting: 10}, Shelf: shelf.Config{Budget: 10 * 4096},
	})
	id, gone := st.add("a", "pixels"), st.add("a", "gone")
	st.store.Remove(t.Context(), st.book.assets[gone].Content.Segments[0].Key)
	st.web.text["https://x.test/"] = "outside"
	st.darkroom.before = func(ctx context.Context) error {
		if st.darkroom.runs.Load()%4 == 0 {
			return fault.Invalid
		}
		return ctx.Err()
	}
	st.get(may("a"), resize(100, id))
	fds, routines := open()
	var all sync.WaitGroup
	seen := sync.Map{}
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%8)*time.Millisecond)
			defer cancel()
			o := resize(100+i%30, id, id)
			switch i % 5 {
			case 1:
				o = resizeURL(100+i%30, "https://x.test/")
			case 2:
				o.Inputs[1].Asset = gone
			case 3:
				o.Inputs[1] = delivery.Input{URL: "https://gone.test/"}
			}
			o.NoCache = i%7 == 0
			v, err := st.Transform(ctx, may("a"), o)
			seen.Store(fault.Of(err), err)
			if err == nil {
				io.Copy(io.Discard, v)
				v.Close()
			}
			if i%50 == 0 {
				st.Drop(id)
			}
		})
	}
	all.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for {
		s := st.Stats()
		nowFDs, nowRoutines := open()
		held := st.Stats().Shelf.Files // at most
		if nowFDs <= fds+held && nowRoutines <= routines && s.Line.Inside+s.Fetchers.Inside == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors and %d goroutines, before %d and %d; %+v", nowFDs, nowRoutines, fds, routines, s)
		}
		time.Sleep(time.Millisecond)
	}
	if st.kept() != st.Stats().Shelf.Files {
		t.Errorf("%d files in the folder, %d in the books", st.kept(), st.Stats().Shelf.Files)
	}
	kinds := map[any]any{}
	seen.Range(func(k, v any) bool { kinds[k] = v; return true })
	t.Logf("the orders ended as %v", slices.Collect(maps.Keys(kinds)))
}

// BenchmarkKept is what an order costs that a kept variant answers.
func BenchmarkKept(b *testing.B) {
	st := newStudio(b, delivery.Config{})
	o := resize(100, st.add("a", "pixels"))
	for b.Loop() {
		v, err := st.Transform(b.Context(), may("a"), o)
		if err != nil {
			b.Fatal(err)
		}
		v.Close()
	}
}

// BenchmarkMade is what an order of 3 MB costs beside the renderer's work: the
// copy that the renderer gets, and keeping the result.
func BenchmarkMade(b *testing.B) {
	st := newStudio(b, delivery.Config{})
	st.darkroom.before = func(context.Context) error { return errShort }
	id := st.add("a", strings.Repeat("x", 3<<20))
	for i := 0; b.Loop(); i++ {
		v, err := st.Transform(b.Context(), may("a"), resize(1+i%9000, id))
		if err != nil {
			b.Fatal(err)
		}
		v.Close()
	}
}

// BenchmarkClosedLoop has 64 clients that order something new again and again
// from two renderers of 4 ms, and tells how much longer the unlucky wait.
func BenchmarkClosedLoop(b *testing.B) {
	st := newStudio(b, delivery.Config{})
	st.darkroom.before = func(context.Context) error { time.Sleep(4 * time.Millisecond); return errShort }
	id := st.add("a", "pixels")
	var mu sync.Mutex
	var waits []time.Duration
	var all sync.WaitGroup
	rounds := make(chan int, b.N)
	for i := range b.N {
		rounds <- i
	}
	close(rounds)
	b.ResetTimer()
	for range 64 {
		all.Go(func() {
			for i := range rounds {
				began := time.Now()
				o := resize(1+i%9000, id)
				o.NoCache = true
				v, err := st.Transform(b.Context(), may("a"), o)
				if err != nil {
					b.Error(err)
					return
				}
				v.Close()
				mu.Lock()
				waits = append(waits, time.Since(began))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(waits)
	p50, p99 := waits[len(waits)/2], waits[len(waits)*99/100]
	b.ReportMetric(float64(p50)/1e6, "p50-ms")
	b.ReportMetric(float64(p99)/float64(p50), "p99/p50")
}
