package cdn

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/transform"
)

// groupOf returns the path of a group.
func groupOf(g asset.Group) string { return fmt.Sprintf("/%s~%d/", g.ID, len(g.Members)) }

func TestGroupPage(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	one := s.put(t, openKey, "<b>.txt", []byte("1"))
	gone := s.put(t, openKey, "gone.txt", []byte("2"))
	g := s.group(t, openKey, asset.Member{Asset: one.ID}, asset.Member{Asset: gone.ID}, asset.Member{Asset: one.ID})
	if _, err := s.library.Trash(t.Context(), s.grant(t, openKey), []asset.ID{gone.ID}); err != nil {
		t.Fatal(err)
	}
	w := s.get(t, groupOf(g))
	body := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=UTF-8" || strings.Contains(body, "<b>") ||
		!strings.Contains(body, `href="`+groupOf(g)+`nth/0/"`) || !strings.Contains(body, `href="`+groupOf(g)+`nth/2/"`) || strings.Count(body, "File not found") != 1 {
		t.Errorf("GET = %d, %v, %s", w.Code, w.Header(), body)
	}
	if w := s.get(t, groupOf(g)+"-/preview/"); w.Code != 400 {
		t.Errorf("GET with operations = %d", w.Code)
	}
}

// What a group says is done with an element comes before what the URL says.
func TestGroupElements(t *testing.T) {
	s := newStack(t)
	photo := s.put(t, openKey, "a.png", pngOf(t, picture(40, 20)))
	g := s.group(t, openKey, asset.Member{Asset: photo.ID, Effects: "resize/x10/"}, asset.Member{Asset: photo.ID}, asset.Member{Asset: photo.ID, Effects: "nonsense/"})
	for rest, want := range map[string]string{
		"nth/0/": "20x10", "nth/0/-/resize/5x/": "5x3", "nth/0/-/format/png/name.png": "20x10", "nth/1/": "40x20", "nth/1/-/resize/4x/": "4x2",
	} {
		w := s.get(t, groupOf(g)+rest)
		img, err := png.DecodeConfig(bytes.NewReader(w.Body.Bytes()))
		if got := fmt.Sprintf("%dx%d", img.Width, img.Height); err != nil || got != want {
			t.Errorf("GET %s = %d, %s, %v, want %s", rest, w.Code, got, err, want)
		}
	}
	if w := s.get(t, groupOf(g)+"nth/2/"); w.Code != 400 || !strings.Contains(w.Body.String(), "nonsense") {
		t.Errorf("GET of an element with an operation that is none = %d, %s", w.Code, w.Body)
	}
}

func TestArchives(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	a := s.put(t, openKey, "a.txt", []byte("first"))
	b := s.put(t, openKey, "A.TXT", []byte("second"))
	c := s.put(t, openKey, `..\c.txt`, bytes.Repeat([]byte("third"), 1<<18))
	g := s.group(t, openKey, asset.Member{Asset: a.ID, Effects: "resize/10x/"}, asset.Member{Asset: b.ID}, asset.Member{Asset: c.ID}, asset.Member{Asset: a.ID})
	want := []string{"a.txt first", "A (2).TXT second", "c.txt " + strings.Repeat("third", 1<<18), "a (3).txt first"}
	var names []string

	w := s.get(t, groupOf(g)+"archive/zip/")
	if h := w.Header(); w.Code != 200 || h.Get("Content-Type") != "application/zip" || h.Get("Content-Disposition") != "attachment; filename="+g.ID.String()+".zip" {
		t.Errorf("GET zip = %d, %v", w.Code, h)
	}
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name+" "+string(text))
	}
	same(t, "zip", names, want)

	w = s.get(t, groupOf(g)+"archive/tar/all.tar")
	if h := w.Header(); w.Code != 200 || h.Get("Content-Type") != "application/x-tar" || h.Get("Content-Disposition") != "attachment; filename=all.tar" {
		t.Errorf("GET tar = %d, %v", w.Code, h)
	}
	names = nil
	for r := tar.NewReader(w.Body); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name+" "+string(text))
	}
	same(t, "tar", names, want)

	if w := s.send(t, "HEAD", groupOf(g)+"archive/tar/"); w.Code != 200 || w.Body.Len() > 0 {
		t.Errorf("HEAD = %d, %d bytes", w.Code, w.Body.Len())
	}
	if _, err := s.library.Trash(t.Context(), s.grant(t, openKey), []asset.ID{b.ID}); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"zip", "tar"} {
		if w := s.get(t, groupOf(g)+"archive/"+kind+"/"); w.Code != 404 {
			t.Errorf("GET %s with a member in the trash = %d", kind, w.Code)
		}
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		for i := range got {
			got[i] = got[i][:min(len(got[i]), 40)]
		}
		t.Errorf("%s holds %q", what, got)
	}
}

// An archive holds 2 GB, and not a byte more.
func TestArchiveLimit(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	file := s.put(t, openKey, "a", []byte("a"))
	for _, tt := range []struct {
		sizes []int64
		ok    bool
	}{{[]int64{maxArchive}, true}, {[]int64{maxArchive + 1}, false}, {[]int64{maxArchive / 2, maxArchive / 2}, true}, {[]int64{maxArchive / 2, maxArchive/2 + 1}, false}} {
		var files []asset.Asset
		for _, size := range tt.sizes {
			f := file
			f.Content.Segments = []blob.Segment{{Size: size}}
			files = append(files, f)
		}
		if err := checkArchive(files); (err == nil) != tt.ok {
			t.Errorf("%v bytes: %v", tt.sizes, err)
		}
	}
}

// A drawer stands in for an engine that draws pages: each is as wide as its
// number.
type drawer struct{}

func (drawer) Draw(_ context.Context, _ string, plan transform.Plan, _, out *os.File) (delivery.Rendered, error) {
	if plan.Page > 3 {
		return delivery.Rendered{}, transform.Invalid("there is no page %d", plan.Page)
	}
	if err := png.Encode(out, picture(plan.Page, 5)); err != nil {
		return delivery.Rendered{}, err
	}
	size, err := out.Seek(0, io.SeekEnd)
	return delivery.Rendered{Type: "image/png", Width: plan.Page, Height: 5, Frames: 1, Bytes: size}, err
}

func TestDocumentPages(t *testing.T) {
	if err := prepare(); err != nil {
		t.Skip("no libvips: ", err)
	}
	s := newStackWith(t, delivery.Config{Render: renderer{}, Draw: drawer{}, Folder: t.TempDir()})
	file := s.put(t, openKey, "a.pdf", []byte("%PDF-1.4\n%%EOF\n"))
	photo := s.put(t, openKey, "a.png", pngOf(t, picture(8, 8)))
	for uri, want := range map[string]struct {
		code int
		kind string
	}{
		at(file, "document/-/format/png/-/page/2/"):     {200, "image/png"},
		at(file, "document/-/page/3/-/format/jpg/"):     {200, "image/jpeg"},
		at(file, "document/-/format/png/-/page/4/"):     {400, "text/html; charset=UTF-8"},
		at(file, "document/-/format/png/-/page/0/"):     {404, "image/svg+xml"},
		at(file, "document/-/format/png/"):              {404, "image/svg+xml"},
		at(file, "document/-/format/pdf/-/page/1/"):     {404, "image/svg+xml"},
		at(file, "document/-/page/1/-/format/png/-/a/"): {404, "image/svg+xml"},
		at(file, "document/"):                           {404, "image/svg+xml"},
		at(photo, "document/-/format/png/-/page/1/"):    {404, "image/svg+xml"},
		at(file, "-/preview/"):                          {400, "text/html; charset=UTF-8"},
	} {
		w := s.get(t, uri)
		if w.Code != want.code || w.Header().Get("Content-Type") != want.kind {
			t.Errorf("GET %s = %d, %s, want %+v", uri, w.Code, w.Header().Get("Content-Type"), want)
		}
	}
	secret := s.put(t, securedKey, "a.pdf", []byte("%PDF-1.4\n%%EOF\n"))
	if w := s.get(t, at(secret, "document/-/format/png/-/page/2/")); w.Code != 403 {
		t.Errorf("GET of a page without a token = %d", w.Code)
	}
}

// A leaving is a client that goes away in the middle of an answer.
type leaving struct {
	*httptest.ResponseRecorder
	left int
}

func (w *leaving) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("connection reset")
	}
	return w.ResponseRecorder.Write(p)
}

// An archive that cannot be finished ends the connection.
func TestArchiveBreaks(t *testing.T) {
	s := newStackWith(t, delivery.Config{})
	file := s.put(t, openKey, "a", bytes.Repeat([]byte("a"), 1<<20))
	g := s.group(t, openKey, asset.Member{Asset: file.ID}, asset.Member{Asset: file.ID})
	for _, kind := range []string{"zip", "tar"} {
		func() {
			defer func() {
				if got := recover(); got != http.ErrAbortHandler {
					t.Errorf("%s ends with %v", kind, got)
				}
			}()
			r := httptest.NewRequestWithContext(t.Context(), "GET", groupOf(g)+"archive/"+kind+"/", nil)
			s.ServeHTTP(&leaving{httptest.NewRecorder(), 1 << 20}, r)
		}()
	}
}
