package delivery_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// A press draws what it is asked for, and writes it in words.
type press struct {
	runs   atomic.Int32
	err    error
	during func()
}

func (p *press) Draw(_ context.Context, app string, plan transform.Plan, in, out *os.File) (delivery.Rendered, error) {
	p.runs.Add(1)
	if p.during != nil {
		p.during()
	}
	if p.err != nil {
		return delivery.Rendered{}, p.err
	}
	b, err := io.ReadAll(in)
	if err != nil {
		return delivery.Rendered{}, err
	}
	n, err := fmt.Fprintf(out, "<%s of %s>", plan.Canonical(), b)
	return delivery.Rendered{Type: "image/png", Width: 400, Height: 300, Frames: 1, Bytes: int64(n)}, err
}

// addDocument stores a document of app.
func (st *studio) addDocument(app, text string) asset.ID {
	id := st.add(app, text)
	a := st.book.assets[id]
	a.Name, a.Detected, a.Width, a.Height = "Report.pdf", "application/pdf", 0, 0
	st.book.assets[id] = a
	return id
}

// TestDraw: a page is drawn as the plan needs it, and the renderer gets a picture
// and a plan for that.
func TestDraw(t *testing.T) {
	p := new(press)
	st := newStudio(t, delivery.Config{Draw: p})
	photo, paper := st.add("a", "pixels"), st.addDocument("a", "text")
	thumbnail := resize(100, paper)
	thumbnail.Plan.Page, thumbnail.Plan.Density = 2, 150
	st.want(may("a"), thumbnail, `plan {"ops":[{"op":"resize","width":100}]}, image/png <{"page":2,"density":150,"ops":[{"op":"resize","width":100}]} of text>`, 1)
	st.want(may("a"), thumbnail, `of text>`, 1) // kept
	thumbnail.Plan.Page = 3
	st.want(may("a"), thumbnail, `of text>`, 2) // another one
	if n := p.runs.Load(); n != 2 {
		t.Errorf("%d pages drawn, want 2", n)
	}
	v, err := st.Transform(t.Context(), may("a"), thumbnail)
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	if v.Asset.Name != "Report.webp" {
		t.Errorf("name %q", v.Asset.Name)
	}

	// Beside another image it is its first page, and page is about the other.
	beside := resize(100, photo, paper)
	beside.Plan.Page = 4
	st.want(may("a"), beside, `plan {"page":4,"ops":[{"op":"resize","width":100},{"op":"overlay","input":1,"size":100}]}, image/png pixels, image/png <{} of text>`, 3)

	// The grant comes first, also for what is kept.
	st.want(policy.Grant{App: "a", Actions: policy.Read}, thumbnail, "error: denied", 3)
	// What is no question for a picture is none.
	st.want(may("a"), delivery.Order{Inputs: thumbnail.Inputs, Plan: transform.Plan{Output: transform.Output{Compress: true}}}, `, application/pdf text`, 4)
	if n := p.runs.Load(); n != 3 {
		t.Errorf("%d pages drawn, want 3", n)
	}
	p.err = fmt.Errorf("torn: %w", fault.Invalid)
	st.want(may("a"), resize(7, paper), "error: invalid", 4)
}

// TestDrawPreview: a document that is about to be stored is shown as well.
func TestDrawPreview(t *testing.T) {
	st := newStudio(t, delivery.Config{Draw: new(press)})
	v, err := st.Preview(t.Context(), policy.Grant{App: "a", Actions: policy.Store}, resize(100).Plan, strings.NewReader("%PDF-1.4"),
		func(int64, string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if b, err := io.ReadAll(v); !strings.HasSuffix(string(b), `image/png <{"ops":[{"op":"resize","width":100}]} of %PDF-1.4>`) || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
}

// TestDrawWithoutDrawer: the renderer gets the document, and refuses it.
func TestDrawWithoutDrawer(t *testing.T) {
	st := newStudio(t, delivery.Config{})
	st.want(may("a"), resize(100, st.addDocument("a", "text")), ", application/pdf text", 1)
}

// TestDrawTooLarge: what a picture of a page costs is known once it is drawn.
func TestDrawTooLarge(t *testing.T) {
	st := newStudio(t, delivery.Config{Draw: new(press), Limits: cost.Limits{OutputSide: 399}})
	o := delivery.Order{Plan: transform.Plan{Ops: []transform.Op{transform.Flip{}}}, Inputs: []delivery.Input{{Asset: st.addDocument("a", "text")}}}
	st.want(may("a"), o, "error: too large", 0)
}

// TestDrawsInTurn: so many are drawn at once as there are workers for it,
// and meanwhile images are made.
func TestDrawsInTurn(t *testing.T) {
	inside, most := atomic.Int32{}, atomic.Int32{}
	hold := make(chan struct{})
	p := &press{during: func() {
		if n := inside.Add(1); n > most.Load() {
			most.Store(n)
		}
		<-hold
		inside.Add(-1)
	}}
	st := newStudio(t, delivery.Config{Draw: p, Line: queue.Config{Slots: 1}})
	paper, photo := st.addDocument("a", "text"), st.add("a", "pixels")
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			if got := st.get(may("a"), resize(10+i, paper)); !strings.HasSuffix(got, "of text>") {
				t.Errorf("got %q", got)
			}
		})
	}
	eventually(t, "two to wait", func() bool { s := st.Stats().Pages; return s.Inside == 1 && s.Waiting == 2 })
	st.want(may("a"), resize(10, photo), "image/png pixels", 1)
	close(hold)
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d were drawn at once, want 1", most.Load())
	}
}

// eventually waits until done.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 30 s for %s", what)
		}
	}
}
