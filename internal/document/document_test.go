package document

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/worker"
)

// engine is one for all tests, because it takes seconds to start.
var engine = sync.OnceValues(func() (*worker.Pool, error) {
	c := WorkerConfig()
	c.Jobs = 1 << 20
	return worker.Start(c)
})

// TestMain makes the test binary its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "worker" {
		if err := Main(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if pool, err := engine(); err == nil {
		pool.Close()
	}
	os.Exit(code)
}

// draw draws a page of a document.
func draw(t *testing.T, data []byte, plan transform.Plan, l cost.Limits) (image.Image, error) {
	t.Helper()
	pool, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	in, out := file(t, data), file(t, nil)
	made, err := Engine{pool}.Draw(t.Context(), "an app", plan, l, in, out)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(out.Name())
	if err != nil || int64(len(text)) != made.Bytes {
		t.Fatalf("%d bytes, %v; want %d", len(text), err, made.Bytes)
	}
	im, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if size := im.Bounds().Size(); size.X != made.Width || size.Y != made.Height {
		t.Fatalf("%v, want %d × %d", size, made.Width, made.Height)
	}
	return im, nil
}

func file(t *testing.T, data []byte) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteAt(data, 0); err != nil {
		t.Fatal(err)
	}
	return f
}

// pdf returns a document of objects, of which the first is its catalogue.
func pdf(objects ...string) []byte { return pdfWith("", objects...) }

func pdfWith(trailer string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range objects {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return b.Bytes()
}

const (
	catalogue = "<< /Type /Catalog /Pages 2 0 R >>"
	onePage   = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
)

func stream(dict, content string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(content), content)
}

// page returns a document of one page, with entries of its own.
func page(box, entries, content string) []byte {
	return pdf(catalogue, onePage,
		"<< /Type /Page /Parent 2 0 R /MediaBox ["+box+"] /Contents 4 0 R "+entries+" >>", stream("", content))
}

// halves is red at the bottom, and blue at the top left, of 200 by 100 points.
const halves = "1 0 0 rg 0 0 200 50 re f 0 0 1 rg 0 50 100 50 re f"

func first(op transform.Op) transform.Plan { return transform.Plan{Ops: []transform.Op{op}} }

func TestDraw(t *testing.T) {
	two := pdf(catalogue, "<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R >>", stream("", halves),
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 20] /Contents 6 0 R >>", stream("", "0 1 0 rg 0 0 10 20 re f"))
	half := page("0 0 200 100", "/Resources << /ExtGState << /G << /ca 0.5 >> >> >>", "/G gs "+halves)
	note := page("0 0 200 100", "/Annots [<< /Type /Annot /Subtype /Square /Rect [150 60 190 90] /AP << /N 5 0 R >> >>]", halves)
	note = append(bytes.Clone(note[:bytes.LastIndex(note, []byte("xref\n0"))]), // found without its table as well
		"5 0 obj\n"+stream("/Type /XObject /Subtype /Form /BBox [0 0 40 30]", "0 1 0 rg 0 0 40 30 re f")+"\nendobj\ntrailer << /Root 1 0 R >>\n"...)
	a4 := page("0 0 595.276 841.89", "", "")
	red, green, blue, white := color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255}, color.RGBA{255, 255, 255, 255}
	type places map[image.Point]color.RGBA
	for _, tt := range []struct {
		name string
		data []byte
		plan transform.Plan
		size image.Point
		want places
	}{
		{"72 dots per inch", two, transform.Plan{}, image.Pt(200, 100), places{{50, 75}: red, {50, 25}: blue, {150, 25}: white, {199, 99}: red, {0, 0}: blue}},
		{"denser", two, transform.Plan{Density: 144}, image.Pt(400, 200), places{{100, 150}: red, {100, 50}: blue, {300, 50}: white}},
		{"page 2", two, transform.Plan{Page: 2}, image.Pt(10, 20), places{{5, 10}: green}},
		{"as wide as it will be", two, first(transform.Resize{Width: 50}), image.Pt(50, 25), places{{12, 20}: red, {12, 5}: blue}},
		{"as it will be cut", two, first(transform.Resize{Width: 50, Height: 50, Fit: transform.Cover}), image.Pt(100, 50), nil},
		{"not larger", two, first(transform.Resize{Width: 500, Fit: transform.Max}), image.Pt(200, 100), nil},
		{"larger", two, first(transform.Resize{Width: 1000}), image.Pt(1000, 500), places{{499, 240}: blue, {501, 240}: white, {999, 260}: red}},
		{"rotated", page("0 0 200 100", "/Rotate 90", halves), transform.Plan{}, image.Pt(100, 200), places{{25, 50}: red, {75, 50}: blue, {75, 150}: white}},
		{"not from the corner", page("100 50 200 100", "", halves), transform.Plan{}, image.Pt(100, 50), places{{50, 25}: white}},
		{"on white", half, transform.Plan{}, image.Pt(200, 100), places{{50, 75}: {255, 127, 127, 255}, {150, 25}: white}},
		{"with notes, without a table", note, transform.Plan{}, image.Pt(200, 100), places{{170, 25}: green, {145, 25}: white}},
		{"a size in parts of points", a4, transform.Plan{}, image.Pt(595, 842), nil},
		{"and denser", a4, transform.Plan{Density: 200}, image.Pt(1654, 2339), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			im, err := draw(t, tt.data, tt.plan, cost.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if im.Bounds().Size() != tt.size {
				t.Errorf("%v, want %v", im.Bounds().Size(), tt.size)
			}
			for at, want := range tt.want {
				if got := color.RGBAModel.Convert(im.At(at.X, at.Y)).(color.RGBA); !near(got, want) {
					t.Errorf("at %v %v, want %v", at, got, want)
				}
			}
		})
	}
}

// near reports whether two colours differ by rounding only.
func near(a, b color.RGBA) bool {
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		if d < -1 || d > 1 {
			return false
		}
	}
	return true
}

func TestRefused(t *testing.T) {
	few := page("0 0 200 100", "", halves)
	locked := pdfWith("/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"+strings.Repeat("12", 32)+"> /U <"+strings.Repeat("34", 32)+"> >>",
		catalogue, onePage, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>")
	for _, tt := range []struct {
		name string
		data []byte
		plan transform.Plan
		want error
		text string
	}{
		{"no such page", few, transform.Plan{Page: 2}, fault.Invalid, "there is no page 2, only 1"},
		{"a password", locked, transform.Plan{}, fault.Invalid, "the document needs a password"},
		{"empty", nil, transform.Plan{}, fault.Invalid, "empty document"},
		{"no document", []byte("%PDF-1.7 and nothing else"), transform.Plan{}, fault.Invalid, "open document"},
		{"cut off", few[:60], transform.Plan{}, fault.Invalid, "open document"},
		{"no pages", pdf(catalogue, "<< /Type /Pages /Kids [] /Count 0 >>"), transform.Plan{}, fault.Invalid, "pages"},
		{"a side over the limit", page("0 0 14400 10", "", ""), transform.Plan{Density: 500}, fault.TooLarge, "the page has 100000 × 69 pixels, more than 16384 on a side"},
		{"pixels over the limit", page("0 0 14400 14400", "", ""), transform.Plan{}, fault.TooLarge, "the page has 207.36 megapixels, more than 100"},
		{"a boundless page", page("0 0 1000000000 1000000000", "", ""), transform.Plan{}, fault.TooLarge, "more than 16384 on a side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := draw(t, tt.data, tt.plan, cost.Limits{})
			if fault.Of(err) != tt.want || !strings.Contains(fmt.Sprint(err), tt.text) {
				t.Errorf("Draw = %v, want %v and %q", err, tt.want, tt.text)
			}
		})
	}
	t.Run("at the limit", func(t *testing.T) {
		if _, err := draw(t, few, transform.Plan{}, cost.Limits{SourcePixels: 20_000, SourceSide: 200}); err != nil {
			t.Error(err)
		}
		if _, err := draw(t, few, transform.Plan{}, cost.Limits{SourcePixels: 19_999}); fault.Of(err) != fault.TooLarge {
			t.Errorf("one pixel more: %v", err)
		}
	})
}

// deflated returns a stream of n bytes of fill, packed.
func deflated(n int, fill string) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	for range n / len(fill) {
		w.Write([]byte(fill))
	}
	w.Close()
	return stream("/Filter /FlateDecode", b.String())
}

// TestH3Bombs: documents that ask for more than they may have are drawn all the
// same, or refused, and the next one is drawn.
func TestH3Bombs(t *testing.T) {
	pageOf := func(contents string, more ...string) []byte {
		return pdf(append([]string{catalogue, onePage,
			"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>", contents}, more...)...)
	}
	for name, data := range map[string][]byte{
		"pages":            pdf(catalogue, "<< /Type /Pages /Kids ["+strings.Repeat("3 0 R ", 100_000)+"] /Count 100000 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"),
		"a tree in a tree": pdf(catalogue, "<< /Type /Pages /Kids [2 0 R] /Count 2 /Parent 2 0 R >>"),
		"nesting":          pageOf(stream("", strings.Repeat("[", 1_000_000))),
		"states":           pageOf(stream("", strings.Repeat("q ", 200_000))),
		"itself":           pageOf(stream("", "/F Do"), stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F 5 0 R >> >>", "/F Do /F Do")),
		"256 MiB of text":  pageOf(deflated(256<<20, strings.Repeat(" ", 1<<20))),
		"a huge picture": pageOf(stream("", "100 0 0 100 0 0 cm /F Do"),
			strings.Replace(deflated(1<<20, strings.Repeat("\x00", 1<<20)), "<<", "<< /Type /XObject /Subtype /Image /Width 200000 /Height 200000 /BitsPerComponent 8 /ColorSpace /DeviceRGB", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := draw(t, data, first(transform.Resize{Width: 100}), cost.Limits{})
			if kind := fault.Of(err); err != nil && kind == fault.Internal {
				t.Errorf("Draw = %v", err)
			}
			t.Logf("%v: %v", time.Since(start), err)
		})
	}
	if _, err := draw(t, page("0 0 200 100", "", halves), transform.Plan{}, cost.Limits{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Every file of the corpora is drawn or refused, and none costs more than itself.
func TestH3Corpora(t *testing.T) {
	for _, folder := range []string{"pdf-own", "pdf-hostile", "pdf-fuzz"} {
		dir := corpora.Dir(t, folder)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		drawn := 0
		for _, e := range entries {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = draw(t, data, first(transform.Resize{Width: 300}), cost.Limits{})
			if errors.Is(err, worker.ErrCrashed) || err != nil && fault.Of(err) == fault.Internal {
				t.Errorf("%s: %v", e.Name(), err)
			}
			if err == nil {
				drawn++
			}
			t.Logf("%s/%s: %v: %v", folder, e.Name(), time.Since(start), err)
		}
		t.Logf("%s: %d of %d drawn", folder, drawn, len(entries))
	}
}
