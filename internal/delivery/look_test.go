package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
)

// An album records pictures in a book.
type album struct {
	mu  sync.Mutex
	set map[string]*asset.Picture
	err error // of recording
}

func (a *album) SetPicture(_ context.Context, id asset.ID, version int64, p *asset.Picture) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.set == nil {
		a.set = map[string]*asset.Picture{}
	}
	a.set[fmt.Sprint(id, version)] = p
	return a.err
}

func (a *album) of(asset asset.Asset) *asset.Picture {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.set[fmt.Sprint(asset.ID, asset.Version)]
}

// says makes the darkroom answer with a text.
func (d *darkroom) says(text string) {
	d.after = func(out *os.File, r *delivery.Rendered) {
		out.Truncate(0)
		out.Seek(0, io.SeekStart)
		io.WriteString(out, text)
		r.Type, r.Bytes = "application/json", int64(len(text))
	}
}

const report = `{"format":"JPEG","mode":"RGB","width":4,"height":3,"result":{"width":4,"height":3}}`

func TestLook(t *testing.T) {
	pictures := new(album)
	st := newStudio(t, delivery.Config{Pictures: pictures})
	st.darkroom.says(report)
	a := st.book.assets[st.add("A", "bytes")]
	want := &asset.Picture{Format: "JPEG", Mode: "RGB", Width: 4, Height: 3}
	if p, err := st.Look(t.Context(), a); err != nil || !reflect.DeepEqual(p, want) || !reflect.DeepEqual(pictures.of(a), want) {
		t.Errorf("Look = %+v, %v, recorded %+v", p, err, pictures.of(a))
	}
	a.Picture = want
	if p, err := st.Look(t.Context(), a); p != want || err != nil || st.darkroom.runs.Load() != 1 {
		t.Errorf("Look at what was looked at = %+v, %v after %d runs", p, err, st.darkroom.runs.Load())
	}
	a.Picture, a.Detected = nil, "text/plain"
	if p, err := st.Look(t.Context(), a); p != nil || err != nil || st.darkroom.runs.Load() != 1 {
		t.Errorf("Look at a text = %+v, %v after %d runs", p, err, st.darkroom.runs.Load())
	}
}

// TestLookFails: what no engine can read is recorded as such, and what may work
// another time is not.
func TestLookFails(t *testing.T) {
	for _, tt := range []struct {
		err  error // of the renderer
		set  error // of the album
		want error
		read bool // whether it is known that it cannot be read
	}{
		{fault.Invalid, nil, nil, true},
		{fault.TooLarge, nil, nil, true},
		{fault.Unsupported, nil, nil, true},
		{fault.Invalid, fault.NotFound, nil, true},
		{fault.Invalid, fault.Unavailable, fault.Unavailable, true},
		{fault.Busy, nil, fault.Busy, false},
		{errors.New("worker has crashed"), nil, fault.Internal, false},
	} {
		pictures := &album{err: tt.set}
		st := newStudio(t, delivery.Config{Pictures: pictures})
		st.darkroom.before = func(context.Context) error { return tt.err }
		a := st.book.assets[st.add("A", "bytes")]
		p, err := st.Look(t.Context(), a)
		if tt.want == nil && (err != nil || *p != asset.Picture{}) || tt.want != nil && fault.Of(err) != tt.want {
			t.Errorf("%v, recording %v: Look = %+v, %v", tt.err, tt.set, p, err)
		}
		if (pictures.of(a) != nil) != tt.read {
			t.Errorf("%v: recorded %+v", tt.err, pictures.of(a))
		}
	}
	pictures := new(album)
	st := newStudio(t, delivery.Config{Pictures: pictures})
	a := st.book.assets[st.add("A", "bytes")] // of which the darkroom says no JSON
	if p, err := st.Look(t.Context(), a); fault.Of(err) != fault.Internal || pictures.of(a) != nil {
		t.Errorf("Look where the engine makes no sense = %+v, %v", p, err)
	}
	none, err := delivery.New(blob.NewVault(st.store, blob.VaultConfig{}), nil, delivery.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Look(t.Context(), a); !errors.Is(err, fault.Unsupported) {
		t.Errorf("Look without an engine: %v", err)
	}
	none.LookLater(a) // does nothing
	none.Close()
}

func TestLookLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pictures := new(album)
		st := newStudio(t, delivery.Config{Pictures: pictures})
		st.darkroom.says(report)
		gate := make(chan struct{})
		st.darkroom.before = func(ctx context.Context) error {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return ctx.Err()
		}
		const most = 64
		var all []asset.Asset
		for range most + 1 {
			a := st.book.assets[st.add("A", "bytes")]
			all = append(all, a)
			st.LookLater(a)
		}
		synctest.Wait()
		close(gate)
		synctest.Wait()
		for i, a := range all {
			if done := pictures.of(a) != nil; done != (i < most) {
				t.Errorf("picture %d of %d was looked at: %v", i, len(all), done)
			}
		}
		st.darkroom.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		st.LookLater(all[most])
		synctest.Wait()
		if err := st.Close(); err != nil || pictures.of(all[most]) != nil {
			t.Errorf("Close while something is looked at: %v, %v", err, pictures.of(all[most]))
		}
	})
}
