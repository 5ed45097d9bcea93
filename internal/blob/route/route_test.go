package route_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/blob/memblob"
	"github.com/stowgate/stowgate/internal/blob/route"
	"github.com/stowgate/stowgate/internal/fault"
)

func openFolder(t testing.TB) *fileblob.Store {
	t.Helper()
	s, err := fileblob.Open(t.TempDir(), fileblob.Config{Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// into returns the view of s that puts blobs into the store called name.
func into(t testing.TB, s blob.Store, name string) blob.Store {
	t.Helper()
	v, err := blob.In(s, name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConformance(t *testing.T) {
	for _, kind := range []struct {
		name string
		open func(testing.TB) blob.Store
	}{
		{"folders", func(t testing.TB) blob.Store { return openFolder(t) }},
		{"memory", func(testing.TB) blob.Store { return new(memblob.Store) }},
		{"direct", func(t testing.TB) blob.Store { return blobtest.NewDirect(t) }},
	} {
		for _, name := range []string{"", "archive"} {
			t.Run(kind.name+" into "+name, func(t *testing.T) {
				t.Parallel()
				blobtest.Run(t, func(t testing.TB) blob.Store {
					parts := map[string]blob.Store{"": new(memblob.Store), "archive": new(memblob.Store), "other": new(memblob.Store)}
					parts[name] = kind.open(t)
					standard := parts[""]
					delete(parts, "")
					return into(t, route.New(standard, parts), name)
				})
			})
		}
	}
}

// TestWhereBlobsAre: each blob is in the store it was meant for, under the key
// that this gave it, and every view reaches all of them.
func TestWhereBlobsAre(t *testing.T) {
	parts := map[string]blob.Store{"archive": openFolder(t), "cold": new(memblob.Store)}
	standard := openFolder(t)
	s := route.New(standard, parts)
	keys := map[string]blob.Key{}
	for _, name := range []string{"", "archive", "cold"} {
		part, begin := parts[name], "+"+name+"/"
		if name == "" {
			part, begin = standard, ""
		}
		keys[name] = blobtest.Put(t, into(t, s, name), []byte("in "+name))
		inner, ok := strings.CutPrefix(string(keys[name]), begin)
		if got := blobtest.Get(t, part, blob.Key(inner), 0, -1); !ok || string(got) != "in "+name {
			t.Errorf("the blob for %q has the key %s, and is %q where that should be", name, keys[name], got)
		}
		if n := len(blobtest.Keys(t, part)); n != 1 {
			t.Errorf("%q holds %d blobs, want 1", name, n)
		}
	}
	for _, view := range []string{"", "archive", "cold"} {
		v := into(t, s, view)
		listed := blobtest.Keys(t, v)
		for name, key := range keys {
			if got := blobtest.Get(t, v, key, 0, -1); string(got) != "in "+name || listed[key].Size != int64(len(got)) || len(listed) != 3 {
				t.Errorf("from %q: %s is %q, listed as %+v of %d", view, key, got, listed[key], len(listed))
			}
		}
	}
	if err := s.Remove(t.Context(), keys["archive"]); err != nil || len(blobtest.Keys(t, parts["archive"])) != 0 || len(blobtest.Keys(t, s)) != 2 {
		t.Errorf("Remove = %v, and left %v", err, blobtest.Keys(t, s))
	}
}

// TestNoSuchStorage: a key of a store that is not there names no blob, and a
// default's blob has one key only.
func TestNoSuchStorage(t *testing.T) {
	s := route.New(new(memblob.Store), map[string]blob.Store{"archive": new(memblob.Store)})
	key := blobtest.Put(t, s, []byte("x"))
	for _, other := range []blob.Key{"+gone/" + key, "+archive/" + key, "+/" + key, "+" + key, "+archive", "+"} {
		if _, err := s.Open(t.Context(), other, 0, -1); fault.Of(err) != fault.NotFound {
			t.Errorf("Open(%q) = %v, want not found", other, err)
		}
		if err := s.Remove(t.Context(), other); err != nil {
			t.Errorf("Remove(%q) = %v", other, err)
		}
	}
	blobtest.Get(t, s, key, 0, -1)
	for _, name := range []string{"gone", "default", "+archive"} {
		if v, err := s.In(name); v != nil || fault.Of(err) != fault.Unavailable {
			t.Errorf("In(%q) = %v, %v; want unavailable", name, v, err)
		}
	}
}

// TestAbilities: what the drivers can do, the store made of them can do.
func TestAbilities(t *testing.T) {
	s := route.New(openFolder(t), map[string]blob.Store{"archive": openFolder(t), "bucket": blobtest.NewDirect(t)})
	for _, name := range []string{"", "archive", "bucket"} {
		v := into(t, s, name)
		if _, ok := v.(blob.Health); !ok {
			t.Errorf("what puts blobs into %q does not know its health", name)
		}
		if _, ok := v.(blob.Direct); ok != (name == "bucket") {
			t.Errorf("what puts blobs into %q takes parts from clients: %t", name, ok)
		}
		r, err := s.Open(t.Context(), blobtest.Put(t, v, []byte("bytes")), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		_, ranges := r.(blob.RangeReader)
		_, sends := r.(io.WriterTo)
		if folder := name != "bucket"; ranges != folder || sends != folder {
			t.Errorf("a reader from %q: reaches ranges %t, sends %t; want %t", name, ranges, sends, folder)
		}
	}
	v := into(t, s, "bucket").(blob.Direct)
	for _, key := range []blob.Key{"000001/ABC", "+archive/000001/ABC", "+gone/ABC"} {
		if err := v.Finish(t.Context(), key, []blob.DirectPart{{Number: 1, Size: 1, Tag: "t"}}); fault.Of(err) != fault.NotFound {
			t.Errorf("Finish(%q) = %v, want not found", key, err)
		}
		if err := v.Abort(t.Context(), key); err != nil {
			t.Errorf("Abort(%q) = %v", key, err)
		}
	}
}

// A full store takes no blobs.
type full struct{ memblob.Store }

func (*full) Health() error { return fmt.Errorf("no room: %w", fault.Unavailable) }

// TestHealth: one store that takes no blobs is told of with its name.
func TestHealth(t *testing.T) {
	err := route.New(new(memblob.Store), map[string]blob.Store{"archive": new(full), "cold": new(memblob.Store)}).(blob.Health).Health()
	if fault.Of(err) != fault.Unavailable || !errors.Is(err, fault.Unavailable) || err.Error() != "storage archive: no room: unavailable" {
		t.Errorf("Health = %v", err)
	}
	err = route.New(new(full), nil).(blob.Health).Health()
	if fault.Of(err) != fault.Unavailable || err.Error() != "no room: unavailable" {
		t.Errorf("Health of the default alone = %v", err)
	}
}
