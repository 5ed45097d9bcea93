package hostile_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// paper returns a PDF of two pages of 200 by 100 points: the first is red above
// and blue below, the second green.
func paper() []byte {
	page := func(content string) []string {
		return []string{"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents %d 0 R >>",
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content)}
	}
	objects := append([]string{"<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>",
		"<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 >>"}, page("0 0 1 rg 0 0 200 50 re f 1 0 0 rg 0 50 200 50 re f")...)
	objects = append(objects, page("0 1 0 rg 0 0 200 100 re f")...)
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	table := fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for i, o := range objects {
		table += fmt.Sprintf("%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, strings.ReplaceAll(o, "%d", fmt.Sprint(i+2)))
	}
	fmt.Fprintf(&b, "%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", table, len(objects)+1, b.Len())
	return b.Bytes()
}

// A page is drawn as large as it is wanted, for who may convert and for nobody
// else, and once. The worker for it starts when it is needed, and again after
// it was killed.
func TestH3DocumentsAreDrawn(t *testing.T) {
	s := start(t, "--image-workers=1")
	a := s.app(t, "documents", "on")
	handle := s.mustStore(t, a, "report.txt", paper(), a.may("store")) // it is what its bytes are
	may := "?" + a.may("convert")
	before := s.workers()
	for _, who := range []string{"", "?" + a.may("read", "stat", "pick", "store", "write")} {
		for _, tasks := range []string{"/resize=width:50/", "/output=format:jpg,page:2/", "/imagesize/"} {
			if r := s.get(tasks + handle + who); r.status != http.StatusForbidden {
				t.Errorf("%s%s: %v, want 403", tasks, who, r)
			}
		}
	}
	if n := s.metric(t, "stowgate_document_jobs_total"); n != 0 || len(s.workers()) != len(before) {
		t.Errorf("%d pages drawn, and %d workers in place of %d, before there was anything to draw", n, len(s.workers()), len(before))
	}
	red, green, blue := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}, color.NRGBA{0, 0, 255, 255}
	show := func(tasks string, size image.Point, top, bottom color.NRGBA) []byte {
		t.Helper()
		r := s.get(tasks + handle + may)
		im, format, err := decode(r.body)
		if err != nil || im.Bounds().Size() != size {
			t.Fatalf("%s: %v, %v; want %v", tasks, r, err, size)
		}
		for y, want := range map[int]color.NRGBA{size.Y / 4: top, size.Y * 3 / 4: bottom} {
			got := color.NRGBAModel.Convert(im.At(size.X/2, y)).(color.NRGBA)
			if !near(got.R, want.R) || !near(got.G, want.G) || !near(got.B, want.B) {
				t.Errorf("%s: %s is %v at %d, want %v", tasks, format, got, y, want)
			}
		}
		if name := r.header.Get("Content-Disposition"); !strings.HasPrefix(name, "inline; filename=report.") || strings.Contains(name, "txt") {
			t.Errorf("%s: %s", tasks, name)
		}
		return r.body
	}
	first := show("/resize=width:50/", image.Pt(50, 25), red, blue)
	if again := show("/resize=width:50/", image.Pt(50, 25), red, blue); !bytes.Equal(first, again) || s.metric(t, "stowgate_document_jobs_total") != 1 {
		t.Errorf("the same again took %d jobs", s.metric(t, "stowgate_document_jobs_total"))
	}
	show("/output=format:jpg,page:2,density:144/", image.Pt(400, 200), green, green)
	show("/output=page:1/", image.Pt(200, 100), red, blue)
	show("/flip/resize=width:100/output=format:webp/", image.Pt(100, 50), blue, red)

	for _, pid := range s.workers() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if r := s.get("/cache=false/resize=width:60/" + handle + may); r.status == http.StatusOK {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("after the workers were killed: %v", r)
		}
	}
	for tasks, want := range map[string]string{
		"/imagesize/":          `200 "{\"height\":100,\"width\":200}"`,
		"/output=page:3/":      `400 "there is no page 3, only 2"`,
		"/compress/":           `400 "Unsupported conversion"`,
		"/output=format:docx/": `400 "Unsupported conversion: output to docx is not available on this server"`,
		"/pdfinfo/":            `400 "Unsupported conversion: pdfinfo is not available on this server"`,
		"/output=page:1,density:500/rotate=deg:10/resize=width:9999,height:9999,fit:scale/": `413 "the result has 99.98 megapixels, more than 50"`,
	} {
		if r := s.get(tasks + handle + may); r.String() != want {
			t.Errorf("%s: %v, want %s", tasks, r, want)
		}
	}
	broken := s.mustStore(t, a, "broken.pdf", paper()[:200], a.may("store"))
	if r := s.get("/resize=width:50/" + broken + may); r.status != http.StatusBadRequest || !bytes.Contains(r.body, []byte("conv20 provider error")) {
		t.Errorf("a broken one: %v", r)
	}
}
