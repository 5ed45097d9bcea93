package codec

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
)

func section(data []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
}

// gradient returns an image of no two equal rows or columns.
func gradient(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 7), uint8(y * 11), uint8(x ^ y), 255})
		}
	}
	return img
}

// same reports where p differs from an image.
func same(t *testing.T, name string, p Pixels, img image.Image) {
	t.Helper()
	if p.Width != img.Bounds().Dx() || p.Height != img.Bounds().Dy() || len(p.Bytes) != p.Width*p.Height*p.Bands {
		t.Fatalf("%s: %d by %d, %d bytes, want %v", name, p.Width, p.Height, len(p.Bytes), img.Bounds())
	}
	for y := range p.Height {
		for x := range p.Width {
			at := p.Bytes[p.Bands*(y*p.Width+x):]
			got := color.NRGBA{at[0], at[1], at[2], 255}
			if p.Bands == 4 {
				got.A = at[3]
			}
			if want := color.NRGBAModel.Convert(img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y)); got != want {
				t.Fatalf("%s: %v at %d, %d, want %v", name, got, x, y, want)
			}
		}
	}
}

func TestBMP(t *testing.T) {
	img := gradient(33, 17)
	var b bytes.Buffer
	if err := bmp.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	p, err := Decode("image/bmp", section(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "decoded", p, img)
	var written bytes.Buffer
	if err := WriteBMP(&written, p); err != nil {
		t.Fatal(err)
	}
	again, err := bmp.Decode(&written)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "written", p, again)
	for n := range b.Len() - 1 {
		if _, err := Decode("image/bmp", section(b.Bytes()[:n])); fault.Of(err) != fault.Invalid {
			t.Fatalf("%d bytes of %d: error = %v", n, b.Len(), err)
		}
	}
}

// What another decoder reads, this one reads alike; and the ways of writing the
// same picture that the other one lacks agree among themselves.
func TestBMPOfCorpora(t *testing.T) {
	dir := corpora.Dir(t, "bmp-ico")
	read := func(name string) Pixels {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := Decode("image/bmp", section(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if other, err := bmp.Decode(bytes.NewReader(data)); err == nil && p.Bands == 3 {
			same(t, name, p, other)
		}
		return p
	}
	for _, name := range []string{"Info_1_Bit.bmp", "Info_4_Bit_Top_Down.bmp", "Info_R8_G8_B8.bmp", "V3_X8_R8_G8_B8.bmp", "pal2.bmp", "rgb24.bmp", "rgb32.bmp"} {
		read(name)
	}
	rgb := read("rgb24.bmp")
	for name, most := range map[string]int{"rgb32-111110.bmp": 2, "rgb16-565.bmp": 8, "rgb16.bmp": 8, "rgb16-880.bmp": 256} {
		p := read(name)
		for i := range p.Bytes {
			if d := int(p.Bytes[i]) - int(rgb.Bytes[i]); max(d, -d) > most {
				t.Errorf("%s: byte %d is %d, want %d", name, i, p.Bytes[i], rgb.Bytes[i])
				break
			}
		}
	}
	run, down := read("pal8rle.bmp"), read("rletopdown.bmp")
	if run.Width != rgb.Width || run.Height != rgb.Height || bytes.Equal(run.Bytes, make([]byte, len(run.Bytes))) {
		t.Errorf("a picture in runs has %d by %d pixels", run.Width, run.Height)
	}
	if down.Width == 0 {
		t.Error("a picture in runs from the top is empty")
	}
}

// icoOf returns an icon of pictures.
func icoOf(pictures ...[]byte) []byte {
	b := []byte{0, 0, 1, 0, byte(len(pictures)), 0}
	start := iconHeader + iconEntry*len(pictures)
	var all []byte
	for i, p := range pictures {
		side := byte(8 * (i + 1))
		b = append(b, side, side, 0, 0, 1, 0, 32, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p)))
		b = binary.LittleEndian.AppendUint32(b, uint32(start+len(all)))
		all = append(all, p...)
	}
	return append(b, all...)
}

func TestIcon(t *testing.T) {
	img := gradient(16, 16)
	img.SetNRGBA(3, 4, color.NRGBA{10, 20, 30, 40})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	p, err := Decode("image/x-icon", section(icoOf([]byte("not looked at"), b.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the larger PNG", p, img)
	head := IconHeader(16, 16, int64(b.Len()))
	if p, err = Decode("image/x-icon", section(append(head, b.Bytes()...))); err != nil || len(head) != IconStart {
		t.Fatalf("own header of %d bytes: %v", len(head), err)
	}
	same(t, "own header", p, img)

	// 2 by 2 pixels of 24 bits, and a mask that hides the first of the upper row.
	dib := make([]byte, 40)
	for at, v := range map[int]uint32{0: 40, 4: 2, 8: 4, 12: 1 | 24<<16} {
		binary.LittleEndian.PutUint32(dib[at:], v)
	}
	dib = append(dib, 1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0)
	p, err = Decode("image/x-icon", section(icoOf(dib)))
	if want := []byte{0, 0, 0, 0, 12, 11, 10, 255, 3, 2, 1, 255, 6, 5, 4, 255}; err != nil || !bytes.Equal(p.Bytes, want) {
		t.Errorf("bitmap in an icon = %v, %v, want %v", p.Bytes, err, want)
	}
	large := func(side int) []byte {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, 1))); err != nil {
			t.Fatal(err)
		}
		return icoOf(b.Bytes())
	}
	for side, want := range map[int]fault.Kind{maxIconSide: fault.Internal, maxIconSide + 1: fault.TooLarge} {
		if _, err := Decode("image/x-icon", section(large(side))); fault.Of(err) != want || (err == nil) != (side == maxIconSide) {
			t.Errorf("an icon %d wide: error = %v", side, err)
		}
	}
	for _, data := range [][]byte{nil, icoOf(), icoOf(nil), icoOf(dib[:20]), icoOf(dib[:45]), icoOf(bytes.Repeat([]byte{40}, maxIconSize+1))} {
		if _, err := Decode("image/x-icon", section(data)); fault.Of(err) != fault.Invalid {
			t.Errorf("icon of %d bytes: error = %v, want %v", len(data), err, fault.Invalid)
		}
	}
}

// useOf returns elements that draw another again.
func useOf(id string, n int) string { return strings.Repeat(`<use href="#`+id+`"/>`, n) }

// tens returns a group with n elements, which use another.
func tens(id string, n int, of string) string {
	return `<g id="` + id + `">` + useOf(of, n) + `</g>`
}

func TestG3DrawingLimits(t *testing.T) {
	svg := func(inside string) string { return `<svg xmlns="http://www.w3.org/2000/svg">` + inside + `</svg>` }
	for _, tt := range []struct {
		name, data string
		want       error
	}{
		{"plain", svg(""), nil},
		{"the elements", svg(strings.Repeat("<g/>", maxElements-1)), nil},
		{"one more", svg(strings.Repeat("<g/>", maxElements)), fault.TooLarge},
		{"the depth", svg(strings.Repeat("<g>", maxDepth-1) + strings.Repeat("</g>", maxDepth-1)), nil},
		{"one more", svg(strings.Repeat("<g>", maxDepth) + strings.Repeat("</g>", maxDepth)), fault.TooLarge},
		{"the bytes", svg(strings.Repeat(" ", maxDrawing-len(svg("")))), nil},
		{"one more", svg(strings.Repeat(" ", maxDrawing-len(svg(""))+1)), fault.TooLarge},
		{"used 989 times, which is 99,990 elements", svg(tens("a", 99, "") + useOf("a", 989)), nil},
		{"used once more", svg(tens("a", 99, "") + useOf("a", 990)), fault.TooLarge},
		{"uses of uses", svg(tens("a", 9, "") + tens("b", 9, "a") + tens("c", 9, "b") + tens("d", 9, "c") + useOf("d", 99)), fault.TooLarge},
		{"patterns of patterns", svg(strings.ReplaceAll(tens("a", 300, "")+tens("b", 300, "a")+useOf("b", 9), `href="#a"`, `fill="url(#a)"`)), fault.TooLarge},
		{"used by itself", svg(`<g id="a">` + useOf("a", 9) + useOf("b", 9) + `</g><g id="b">` + useOf("a", 9) + `</g>` + useOf("none", 9)), nil},
		{"a blur", svg(`<feGaussianBlur stdDeviation="3, 1000"/>`), nil},
		{"a larger one", svg(`<feGaussianBlur stdDeviation="3 1000.1"/>`), fault.TooLarge},
		{"one that is no number", svg(`<feGaussianBlur stdDeviation="1e999"/>`), fault.TooLarge},
		{"the public document type", `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x.invalid/a.dtd">` + svg(""), nil},
		{"G2: entities", `<!DOCTYPE svg [ <!ENTITY a "b"> ]>` + svg("&a;"), fault.Invalid},
		{"G2: entities from elsewhere", `<!DOCTYPE svg [ <!ENTITY % a SYSTEM "file:///etc/passwd"> %a; ]>` + svg(""), fault.Invalid},
		{"G2: unknown entity", svg("&a;"), fault.Invalid},
		{"not closed", `<svg><g`, fault.Invalid},
		{"unknown encoding", `<?xml version="1.0" encoding="x-none"?>` + svg(""), fault.Invalid},
		{"another encoding", `<?xml version="1.0" encoding="ISO-8859-1"?>` + svg("<text>\xe4</text>"), nil},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "svg"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(tt.data); err != nil {
			t.Fatal(err)
		}
		if err := CheckDrawing(f); (tt.want == nil) != (err == nil) || err != nil && fault.Of(err) != tt.want {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestQuality(t *testing.T) {
	for q := 1; q <= 100; q++ {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, gradient(8, 8), &jpeg.Options{Quality: q}); err != nil {
			t.Fatal(err)
		}
		got := Quality(bytes.NewReader(b.Bytes()))
		if d := got - q; max(d, -d) > 2 && q >= 20 { // coarser tables reach the largest value that there is
			t.Errorf("quality %d was read as %d", q, got)
		}
	}
	for _, data := range []string{"", "\xff\xd8", "\xff\xd8\xff\xdb\x00\x00", "\xff\xd8\xff\xda\x00\x43\x00", "\xff\xd8\xff\xdb\x00\x43\x00"} {
		if got := Quality(strings.NewReader(data)); got != 0 {
			t.Errorf("quality of %q = %d, want 0", data, got)
		}
	}
}

// profileOf returns an ICC profile with a description.
func profileOf(value string) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 128), 1)
	b = append(b, "desc"...)
	b = binary.BigEndian.AppendUint32(b, 144)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

func TestIsSRGB(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  bool
	}{
		{"desc\x00\x00\x00\x00\x00\x00\x00\x12sRGB IEC61966-2.1\x00", true},
		{"desc\x00\x00\x00\x00\x00\x00\x00\x0bDisplay P3\x00", false},
		{"mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS\x00\x00\x00\x08\x00\x00\x00\x1c\x00s\x00R\x00G\x00B", true},
		{"mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS\xff\xff\xff\xff\xff\xff\xff\xff", false},
		{"desc\x00\x00\x00\x00\xff\xff\xff\xff", false},
		{"", false},
	} {
		if got := IsSRGB(profileOf(tt.value)); got != tt.want {
			t.Errorf("IsSRGB of %q = %v, want %v", tt.value, got, tt.want)
		}
	}
	for n := range 160 {
		IsSRGB(profileOf("desc\x00\x00\x00\x00\x00\x00\x00\x04sRGB")[:min(n, 160)])
	}
}

func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	if err := bmp.Encode(&b, gradient(5, 3)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	rle := bytes.Clone(b.Bytes())
	rle[28], rle[30] = 8, rle8
	f.Add(append(rle, "\x05\x01\x00\x03abc\x00\x00\x02\x01\x01\x00\x01"...))
	f.Add(icoOf(b.Bytes()[14:]))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 30 {
			width, height := int(int32(binary.LittleEndian.Uint32(data[18:]))), int(int32(binary.LittleEndian.Uint32(data[22:])))
			if max(width, -width) > 1000 || max(height, -height) > 1000 {
				return // the caller looks at the size of a bitmap
			}
		}
		for _, mediaType := range []string{"image/bmp", "image/x-icon"} {
			p, err := Decode(mediaType, section(data))
			if err == nil && (len(p.Bytes) != p.Width*p.Height*p.Bands || p.Width <= 0 || p.Height <= 0) {
				t.Errorf("%s: %d by %d, %d bands, %d bytes", mediaType, p.Width, p.Height, p.Bands, len(p.Bytes))
			}
			if err != nil && fault.Of(err) == fault.Internal {
				t.Errorf("%s: error = %v", mediaType, err)
			}
		}
		Quality(bytes.NewReader(data))
		IsSRGB(data)
	})
}
