package imaging

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/color"
	"math"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/transform"
)

// A tag is one of EXIF: numbers of the kind that fits, text, or fractions of
// 1,000.
type tag struct {
	number uint16
	value  any // uint16, uint32, string or []float64
}

// exif returns EXIF data: the tags of the image, of the camera and of the place.
func exif(main, camera, place []tag) []byte {
	le := binary.LittleEndian
	b := []byte("II*\x00\x08\x00\x00\x00")
	var directory func(tags []tag)
	directory = func(tags []tag) {
		start := len(b)
		b = append(b, make([]byte, 2+12*len(tags)+4)...)
		le.PutUint16(b[start:], uint16(len(tags)))
		for i, t := range tags {
			at := start + 2 + 12*i
			set := func(kind uint16, count int, data []byte) {
				le.PutUint16(b[at:], t.number)
				le.PutUint16(b[at+2:], kind)
				le.PutUint32(b[at+4:], uint32(count))
				if len(data) <= 4 {
					copy(b[at+8:], data)
					return
				}
				le.PutUint32(b[at+8:], uint32(len(b)))
				b = append(b, data...)
				if len(b)%2 == 1 {
					b = append(b, 0)
				}
			}
			switch v := t.value.(type) {
			case uint16:
				set(3, 1, le.AppendUint16(nil, v))
			case string:
				set(2, len(v)+1, append([]byte(v), 0))
			case []float64:
				var data []byte
				for _, f := range v {
					data = le.AppendUint32(le.AppendUint32(data, uint32(math.Round(1000*f))), 1000)
				}
				set(5, len(v), data)
			case []tag:
				set(4, 1, le.AppendUint32(nil, uint32(len(b))))
				directory(v)
			}
		}
	}
	if camera != nil {
		main = append(main, tag{0x8769, camera})
	}
	if place != nil {
		main = append(main, tag{0x8825, place})
	}
	directory(main)
	return b
}

// tagged puts EXIF data into a JPEG.
func tagged(data, exif []byte) []byte {
	b := append([]byte("Exif\x00\x00"), exif...)
	segment := binary.BigEndian.AppendUint16([]byte("\xff\xe1"), uint16(len(b)+2))
	return slices.Concat(data[:2], segment, b, data[2:])
}

// photograph returns a JPEG with much to tell.
func photograph(t testing.TB) []byte {
	return tagged(jpegOf(t, quadrants(60, 40)), exif(
		[]tag{{0x0110, "Model X"}, {0x0112, uint16(6)}, {0x011a, []float64{300}}, {0x011b, []float64{300}}, {0x0128, uint16(2)}, {0x013b, "Anna Author"}, {0x8298, "(c) Anna"}},
		[]tag{{0x829a, []float64{0.004}}, {0x9003, "2020:06:07 10:38:16"}, {0xa431, "SERIAL-77"}},
		[]tag{{1, "S"}, {2, []float64{33, 52, 30}}, {3, "E"}, {4, []float64{151, 12, 36}}}))
}

// info returns what a plan with the answer Info says.
func info(t testing.TB, q *transform.Inquiry, data []byte, ops ...transform.Op) transform.Report {
	t.Helper()
	_, out := ran(t, transform.Plan{Page: 1, Ops: ops, Answer: transform.Info, Output: transform.Output{Info: q}}, data)
	var r transform.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return r
}

func TestInfo(t *testing.T) {
	grey := image.NewGray(image.Rect(0, 0, 60, 40))
	palette := image.NewPaletted(image.Rect(0, 0, 60, 40), color.Palette{red, green})
	clear := image.NewNRGBA(image.Rect(0, 0, 60, 40))
	made := func(f transform.Format, data []byte) []byte {
		_, out := ran(t, to(f), data)
		return out
	}
	colour := pngOf(t, quadrants(60, 40))
	south, east := -33.875, 151.21
	picture := func(format, mode string) asset.Picture {
		return asset.Picture{Format: format, Mode: mode, Width: 60, Height: 40}
	}
	frames := picture("GIF", "P")
	frames.Frames = 4
	movie := picture("WEBP", "RGB")
	movie.Frames = 4
	told := picture("JPEG", "RGB")
	told.Orientation, told.DPI, told.Taken, told.Latitude, told.Longitude = 6, &[2]int{300, 300}, "2020-06-07T10:38:16", &south, &east
	small := picture("HEIF", "RGB")
	small.Width, small.Height = 16, 16
	scan := picture("TIFF", "RGB")
	scan.Orientation, scan.DPI = 1, &[2]int{72, 72}
	printed, dotted := picture("PNG", "RGB"), picture("JPEG", "L")
	printed.DPI, dotted.DPI = &[2]int{300, 150}, &[2]int{254, 127}
	drawing := picture("SVG", "RGBA")
	for _, tt := range []struct {
		name string
		data []byte
		want asset.Picture
	}{
		{"JPEG with much to tell", photograph(t), told},
		{"JPEG", jpegOf(t, quadrants(60, 40)), picture("JPEG", "RGB")},
		{"grey JPEG", jpegOf(t, grey), picture("JPEG", "L")},
		{"JPEG for print", func() []byte {
			plan := to(transform.JPEG)
			plan.Output.Space = transform.CMYK
			_, out := ran(t, plan, colour)
			return out
		}(), picture("JPEG", "CMYK")},
		{"PNG", colour, picture("PNG", "RGB")},
		{"PNG with opacity", pngOf(t, clear), picture("PNG", "RGBA")},
		{"grey PNG", pngOf(t, grey), picture("PNG", "L")},
		{"PNG with a palette", pngOf(t, palette), picture("PNG", "P")},
		{"GIF", gifOf(t, 60, 40, 1), picture("GIF", "P")},
		{"animated GIF", gifOf(t, 60, 40, 4), frames},
		{"animated WebP", made(transform.WebP, gifOf(t, 60, 40, 4)), movie},
		{"WebP", made(transform.WebP, colour), picture("WEBP", "RGB")},
		{"WebP with opacity", made(transform.WebP, pngOf(t, clear)), picture("WEBP", "RGBA")},
		{"TIFF", made(transform.TIFF, colour), scan},
		{"AVIF", made(transform.AVIF, colour), picture("AVIF", "RGB")},
		{"HEIC", probe, small},
		{"BMP", bmpOf(t, quadrants(60, 40)), picture("BMP", "RGB")},
		{"icon", made(transform.ICO, pngOf(t, clear)), picture("ICO", "RGBA")},
		{"drawing", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"/>`), drawing},
		{"PNG with a density", dense(colour), printed},
		{"JPEG with a density", dense(jpegOf(t, grey)), dotted},
		{"JPEG with a density by EXIF", tagged(jpegOf(t, grey), exif([]tag{{0x011a, []float64{100}}, {0x011b, []float64{50}}, {0x0128, uint16(3)}}, nil, nil)), dotted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "HEIC" && lacks("image/heic") {
				t.Skip("skipped: this library cannot read HEIC")
			}
			got := info(t, nil, tt.data)
			// Some versions of the library write these where there was none.
			if got.Orientation == 1 {
				got.Orientation = tt.want.Orientation
			}
			if got.DPI != nil && *got.DPI == [2]int{72, 72} {
				got.DPI = tt.want.DPI
			}
			if want := (transform.Report{Picture: tt.want, Result: transform.Extent{Width: tt.want.Width, Height: tt.want.Height}}); !reflect.DeepEqual(got, want) {
				a, _ := json.Marshal(got)
				b, _ := json.Marshal(want)
				t.Errorf("info = %s\nwant   %s", a, b)
			}
		})
	}
}

// dense puts a density into a JPEG, in dots of a centimetre, or into a PNG.
func dense(data []byte) []byte {
	if data[0] == 0xff {
		return slices.Concat(data[:2], []byte("\xff\xe0\x00\x10JFIF\x00\x01\x02\x02\x00\x64\x00\x32\x00\x00"), data[2:])
	}
	chunk := []byte("pHYs\x00\x00\x2e\x23\x00\x00\x17\x12\x01")
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(chunk))
	return slices.Concat(data[:33], []byte{0, 0, 0, 9}, chunk, sum, data[33:]) // behind the header
}

// lacks reports whether a type cannot be read here.
func lacks(mediaType string) bool {
	return slices.ContainsFunc(Abilities(), func(a Ability) bool { return a.Type == mediaType && a.Err != nil })
}

// Info is about the file, but its size, hash, colours and faces are about what
// the ops made of it.
func TestInfoOfResult(t *testing.T) {
	q := &transform.Inquiry{Hash: true, Colors: 4, Faces: true}
	r := info(t, q, photograph(t), transform.Orient{}, transform.Resize{Width: 20})
	if r.Width != 60 || r.Height != 40 || r.Result != (transform.Extent{Width: 20, Height: 30}) {
		t.Errorf("sizes = %+v", r)
	}
	left := info(t, q, pngOf(t, quadrants(100, 100)), transform.Extract{Width: transform.Pixels(75), Height: transform.Pixels(100)})
	if len(left.Colors) != 4 || near4(left.Colors[0], red)+near4(left.Colors[1], blue) > 20 && near4(left.Colors[0], blue)+near4(left.Colors[1], red) > 20 {
		t.Errorf("colours = %v, want red and blue before the others", left.Colors)
	}
	one := info(t, q, pngOf(t, spotted(100, 100, image.Rect(0, 0, 10, 10), grey)))
	if want := [][3]byte{{90, 90, 90}, {255, 0, 0}}; !reflect.DeepEqual(one.Colors, want) {
		t.Errorf("colours = %v, want %v", one.Colors, want)
	}
	if none := info(t, q, pngOf(t, image.NewNRGBA(image.Rect(0, 0, 9, 9)))); len(none.Colors) != 0 {
		t.Errorf("colours of what cannot be seen = %v", none.Colors)
	}
}

// near4 returns how far two colours are apart.
func near4(a [3]byte, b color.NRGBA) int {
	d := 0
	for i, v := range [3]byte{b.R, b.G, b.B} {
		d += max(int(a[i])-int(v), int(v)-int(a[i]))
	}
	return d
}

// landscape returns a picture that has much to it.
func landscape(width, height int, of float64) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := float64(x)/float64(width), float64(y)/float64(height)
			l := 128 + 60*math.Sin(7*u*of) + 50*math.Cos(5*v+of) + 15*math.Sin(19*u*v)
			img.SetNRGBA(x, y, color.NRGBA{uint8(l), uint8(128 + 90*math.Cos(9*v+3*u)), uint8(255 - l), 255})
		}
	}
	return img
}

// A picture keeps its hash when it is made smaller, encoded otherwise or
// brighter; another one has another.
func TestHash(t *testing.T) {
	q := &transform.Inquiry{Hash: true}
	source := landscape(400, 300, 1)
	hash := func(data []byte, ops ...transform.Op) uint64 {
		text := info(t, q, data, ops...).Hash
		n, err := strconv.ParseUint(text, 16, 64)
		if err != nil || len(text) != 16 {
			t.Fatalf("hash %q: %v", text, err)
		}
		return n
	}
	own := hash(pngOf(t, source))
	for name, other := range map[string]uint64{
		"JPEG":     hash(jpegOf(t, source)),
		"smaller":  hash(pngOf(t, source), transform.Resize{Width: 80}),
		"brighter": hash(pngOf(t, source), transform.Adjust{Brightness: 20}),
		"larger":   hash(pngOf(t, landscape(1600, 1200, 1))),
	} {
		if n := bits.OnesCount64(own ^ other); n > 8 {
			t.Errorf("%s differs in %d bits", name, n)
		}
	}
	if n := bits.OnesCount64(own ^ hash(pngOf(t, landscape(400, 300, 4)))); n < 12 {
		t.Errorf("another picture differs in %d bits only", n)
	}
}

// A miniature of one colour says that, and one of four by three parts is told
// by 28 characters.
func TestBlurhash(t *testing.T) {
	q := &transform.Inquiry{Hash: true}
	for _, tt := range []struct {
		img  image.Image
		want string // parts and mean, calculated by hand
	}{
		{spotted(40, 30, image.Rectangle{}, color.NRGBA{255, 255, 255, 255}), "LTSUA"},
		{spotted(40, 30, image.Rectangle{}, red), "LTI:j"},
	} {
		got := info(t, q, pngOf(t, tt.img)).Blurhash
		if len(got) != 28 || got[:1]+got[2:6] != tt.want {
			t.Errorf("blurhash = %s, want 28 characters, of which the first and the third to sixth are %s", got, tt.want)
		}
	}
	if tall := info(t, q, pngOf(t, landscape(30, 60, 1))).Blurhash; len(tall) != 28 || tall[0] != 'T' {
		t.Errorf("blurhash of a tall picture = %s", tall)
	}
}
