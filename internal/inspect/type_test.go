package inspect

import (
	"mime"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
)

// files returns the content of each file in dir by its name.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]byte)
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestE1SniffProbes(t *testing.T) {
	want := map[string]string{
		"bmp-js.bmp":              "text/plain",
		"bom-html.csv":            "text/html",
		"css.css":                 "text/plain",
		"html-in-gif.gif":         "image/gif",
		"html-plain.txt":          "text/html",
		"json-html.json":          "application/json",
		"mp4-html.mp4":            "video/mp4",
		"one-byte.svg":            "text/plain",
		"pdf-html.pdf":            "text/html",
		"png-tail-zip.png":        "image/png",
		"shtml.shtml":             "text/html",
		"swf.jpg":                 "application/x-shockwave-flash",
		"webmanifest.webmanifest": "application/json",
		"xhtml.xml":               "text/html",
	}
	probes := files(t, "testdata/sniff-probes")
	if len(probes) != len(want) {
		t.Errorf("%d probes, want %d", len(probes), len(want))
	}
	for name, data := range probes {
		if got := Detect(data); got != want[name] {
			t.Errorf("Detect(%s) = %q, want %q", name, got, want[name])
		}
	}
}

func TestDetect(t *testing.T) {
	for _, tt := range []struct{ head, want string }{
		{"", Unknown},
		{"\x00", Unknown},
		{"\x00\x01\x02\x03", Unknown},
		{"hello", "text/plain"},
		{"h\u00e9llo\r\n\tworld", "text/plain"},
		{"hello\x00", Unknown},
		{"hello\x01", Unknown},
		{"1 < 2", "text/plain"},
		{"< a", "text/plain"},
		{"<3", "text/plain"},
		{"<a", "text/html"},
		{"<A HREF=x>", "text/html"},
		{"</p>", "text/html"},
		{"\ufeff\r\n\t <ScRiPt>", "text/html"},
		{"<!-- x --><script>", "text/html"},
		{"<unheard-of>", "text/html"},
		{"<?xml version='1.0'?><a/>", "text/xml"},
		{"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x 'y'>]><svg/>", "image/svg+xml"},
		{"<!DOCTYPE svg PUBLIC 'x' 'y'>", "image/svg+xml"},
		{"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"},
		{"<!-- x --><svg/>", "image/svg+xml"},
		{"<a><SVG/>", "text/html"},
		{"\xff\xfe" + wide("<svg/>"), "image/svg+xml"},
		{"\xff\xfe" + wide("<script>"), "text/html"},
		{"\xff\xfe" + wide("hello"), "text/plain"},
		{wide("<script>"), "text/html"},
		{"\x00<\x00s\x00v\x00g\x00>", "image/svg+xml"},
		{"<?php echo 1;", "text/x-php"},
		{"%PDF-1.4", "application/pdf"},
		{"x%PDF-1.4", "application/pdf"},
		{"<script>%PDF-1.4", "text/html"},
		{"GIF89a", "image/gif"},
		{"\x89PNG\r\n\x1a\n", "image/png"},
		{"\xff\xd8\xff\xe0", "image/jpeg"},
		{"BM" + strings.Repeat("\x00", 12) + "\x28\x00\x00\x00", "image/bmp"},
		{"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"},
		{"II*\x00", "image/tiff"},
		{"PK\x03\x04", "application/zip"},
		{"\x00asm\x01\x00\x00\x00", "application/wasm"},
		{`{"a":1}`, "application/json"},
	} {
		if got := Detect([]byte(tt.head)); got != tt.want {
			t.Errorf("Detect(%q) = %q, want %q", tt.head, got, tt.want)
		}
	}
}

// wide returns s, which is ASCII, in UTF-16.
func wide(s string) string {
	return strings.Join(strings.Split(s, ""), "\x00") + "\x00"
}

// JSON that stops at the end of the head is taken to go on after it.
func TestDetectHeadLen(t *testing.T) {
	json := []byte(`["` + strings.Repeat("a", 2*HeadLen))
	for _, tt := range []struct {
		size int
		want string
	}{
		{HeadLen - 1, "text/plain"},
		{HeadLen, "application/json"},
		{HeadLen + 1, "application/json"},
	} {
		if got := Detect(json[:tt.size]); got != tt.want {
			t.Errorf("Detect of %d bytes = %q, want %q", tt.size, got, tt.want)
		}
	}
}

func TestE2Polyglots(t *testing.T) {
	for name, data := range files(t, corpora.Dir(t, "polyglots")) {
		got := Detect(data)
		if strings.Contains(name, "PDF") != (got == "application/pdf") {
			t.Errorf("Detect(%s) = %q", name, got)
		}
		if again := Detect(data[:min(len(data), HeadLen)]); again != got {
			t.Errorf("Detect(%s) = %q by its head, %q by the whole", name, again, got)
		}
	}
}

// A sample of what another detector says, where the two agree.
func TestE1MimeSniff(t *testing.T) {
	found := files(t, corpora.Dir(t, "mime-sniff"))
	for name, want := range map[string]string{
		"issue311docx":           "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"issue359xlsx":           "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"json2":                  "application/json",
		"jsonlines1":             "application/x-ndjson",
		"keyman-2":               "application/zip",
		"matilde.arm":            "audio/amr",
		"osm":                    "text/xml",
		"rpm-v3.0-bin-aarch64":   "application/x-rpm",
		"zstd-v0.8-02":           "application/zstd",
		"cmd2":                   "text/plain",
		"bcachefs":               Unknown,
		"pgp-binary-key-v4-dsa":  Unknown,
		"HWP2016.hwpx.zip":       "application/zip",
		"pnm3":                   "image/x-portable-pixmap",
		"registry-pol":           Unknown,
		"zstd-v0.2-FF":           "application/zstd",
		"HWP2016.hwp":            "application/x-ole-storage",
		"pgp-binary-key-v3-lutz": Unknown,
		"jpeg-text":              "text/plain",
		"hddrawcopytool":         Unknown,
	} {
		data, ok := found[name+".testfile"]
		if got := Detect(data); !ok || got != want {
			t.Errorf("Detect(%s) = %q, want %q", name, got, want)
		}
	}
}

func TestK2MarkupIsActive(t *testing.T) {
	for _, folder := range []string{"svg-own", "svg-ssrf", "svg-structure"} {
		for name, data := range files(t, corpora.Dir(t, folder)) {
			if got := Detect(data); filepath.Ext(name) == ".svg" && !Active(got) {
				t.Errorf("Detect(%s/%s) = %q, which is not active", folder, name, got)
			}
		}
	}
}

func TestActiveInline(t *testing.T) {
	for _, tt := range []struct {
		mediaType      string
		active, inline bool
	}{
		{"text/html", true, false},
		{"TEXT/HTML; charset=utf-8", true, false},
		{" text/html", true, false},
		{"text/html,text/plain", true, false},
		{"text/plain\r\nX: y", true, false},
		{"text", true, false},
		{"", true, false},
		{"image/svg+xml", true, false},
		{"application/anything+xml", true, false},
		{"application/mathml+xml", true, false},
		{"text/xsl", true, false},
		{"application/pdf", true, false},
		{"application/wasm", true, false},
		{"text/javascript", true, false},
		{"multipart/x-mixed-replace; boundary=x", true, false},
		{"text/cache-manifest", true, false},
		{"application/x-shockwave-flash", true, false},
		{"text/css", false, false},
		{"text/csv", false, false},
		{"application/json", false, false},
		{"application/zip", false, false},
		{Unknown, false, false},
		{"text/plain", false, true},
		{"Text/Plain; charset=utf-8", false, true},
		{"image/png", false, true},
		{"audio/mpeg", false, true},
		{"video/mp4", false, true},
	} {
		if got := Active(tt.mediaType); got != tt.active {
			t.Errorf("Active(%q) = %v", tt.mediaType, got)
		}
		if got := Inline(tt.mediaType); got != tt.inline {
			t.Errorf("Inline(%q) = %v", tt.mediaType, got)
		}
	}
	for mediaType := range inline {
		if Active(mediaType) {
			t.Errorf("%s is both inline and active", mediaType)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, data := range files(f, "testdata/sniff-probes") {
		f.Add(data)
	}
	f.Add([]byte("\xff\xfe<\x00s\x00v\x00g\x00"))
	f.Fuzz(func(t *testing.T, head []byte) {
		got := Detect(head)
		if bare, params, err := mime.ParseMediaType(got); err != nil || bare != got || len(params) != 0 {
			t.Errorf("Detect(%q) = %q, which is no bare type", head, got)
		}
		text := strings.ToLower(strings.TrimLeft(strings.TrimPrefix(string(head), "\ufeff"), "\t\n\f\r "))
		for _, tag := range []string{"<!doctype html", "<html", "<script", "<svg", "<?xml", "<iframe", "<!--"} {
			if strings.HasPrefix(text, tag) && !Active(got) {
				t.Errorf("Detect(%q) = %q, which is not active", head, got)
			}
		}
	})
}
