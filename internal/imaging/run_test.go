package imaging

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/worker"
)

// to returns a plan with ops and an output format.
func to(f transform.Format, ops ...transform.Op) transform.Plan {
	return transform.Plan{Ops: ops, Output: transform.Output{Format: f}}
}

var red, green, blue, yellow = quarters[0], quarters[1], quarters[2], quarters[3]

// Geometry gives exact sizes, and puts the right part of the picture where it
// belongs, on every way that an image is decoded.
func TestGeometry(t *testing.T) {
	img := quadrants(400, 200)
	inputs := map[string][]byte{"png": pngOf(t, img), "jpeg": jpegOf(t, img)}
	_, inputs["webp"] = ran(t, to(transform.WebP), inputs["png"])
	_, inputs["gif"] = ran(t, to(transform.GIF), inputs["png"])
	left := transform.Position{X: -1}
	for _, tt := range []struct {
		op            transform.Op
		width, height int
		want          []color.NRGBA
	}{
		{transform.Resize{Width: 50}, 50, 25, quarters[:]},
		{transform.Resize{Width: 33}, 33, 17, quarters[:]},
		{transform.Resize{Height: 20}, 40, 20, quarters[:]},
		{transform.Resize{Width: 800, Height: 800}, 800, 400, quarters[:]},
		{transform.Resize{Width: 800, Height: 800, Fit: transform.Max}, 400, 200, quarters[:]},
		{transform.Resize{Width: 30, Height: 60, Fit: transform.Scale}, 30, 60, quarters[:]},
		{transform.Resize{Width: 60, Height: 60, Fit: transform.Cover}, 60, 60, quarters[:]},
		{transform.Resize{Width: 20, Height: 20, Fit: transform.Cover, Align: left}, 20, 20, []color.NRGBA{red, red, blue, blue}},
		{transform.Resize{Width: 100, Height: 50, Kernel: "nearest"}, 100, 50, quarters[:]},
		{transform.Crop{Box: transform.Box{X: 200, Y: 0, Width: 500, Height: 80}}, 200, 80, []color.NRGBA{green, green, green, green}},
		{transform.Rotate{Degrees: 90}, 200, 400, []color.NRGBA{blue, red, yellow, green}},
		{transform.Flip{}, 400, 200, []color.NRGBA{blue, yellow, red, green}},
		{transform.Flop{}, 400, 200, []color.NRGBA{green, red, yellow, blue}},
		{transform.SmartCrop{Width: 50, Height: 50}, 50, 50, nil},
		{transform.SmartCrop{Width: 50}, 50, 25, quarters[:]},
		{transform.SmartCrop{Width: 100, Height: 100, Fill: &transform.Color{R: 9, G: 99, B: 199, A: 255}}, 100, 100, nil},
	} {
		for name, data := range inputs {
			name = fmt.Sprintf("%s, %T%+v", name, tt.op, tt.op)
			result, out := ran(t, to(transform.PNG, tt.op), data)
			if result.Width != tt.width || result.Height != tt.height {
				t.Errorf("%s = %d by %d, want %d by %d", name, result.Width, result.Height, tt.width, tt.height)
			}
			decoded := pixels(t, out)
			if b := decoded.Bounds(); b.Dx() != tt.width || b.Dy() != tt.height {
				t.Errorf("%s has %v", name, b)
			}
			corners(t, name, decoded, 12, tt.want...)
			if op, ok := tt.op.(transform.SmartCrop); ok && op.Fill != nil {
				diff := near(decoded, 50, 5, color.NRGBA{9, 99, 199, 255}, 2) + near(decoded, 20, 40, red, 12) + near(decoded, 80, 60, yellow, 12)
				if diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		}
	}
}

// What stands out is what a smart crop keeps, and says that it would keep.
func TestSmartCrop(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 600, 200))
	for y := range 200 {
		for x := range 600 {
			c := color.NRGBA{90, 90, 90, 255}
			if (x-500)*(x-500)+(y-100)*(y-100) < 900 {
				c = color.NRGBA{230, 60, 40, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	op := transform.SmartCrop{Width: 100, Height: 100}
	for name, data := range map[string][]byte{"png": pngOf(t, img), "jpeg": jpegOf(t, img)} {
		_, out := ran(t, to(transform.PNG, op), data)
		found := false
		for x := range 100 {
			found = found || near(pixels(t, out), x, 50, color.NRGBA{230, 60, 40, 255}, 20) == ""
		}
		if !found {
			t.Errorf("%s: the spot was cut off", name)
		}
		result, out := ran(t, transform.Plan{Ops: []transform.Op{op}, Answer: transform.Region}, data)
		var box transform.Box
		if err := json.Unmarshal(out, &box); err != nil || result.Type != "application/json" || result.Width != 0 {
			t.Fatalf("%s: region %s, %v, %+v", name, out, err, result)
		}
		if box.Width != 200 || box.Height != 200 || box.X > 470 || box.X+box.Width < 530 || box.Y != 0 {
			t.Errorf("%s: region %+v", name, box)
		}
	}
}

// Colours do not bleed out of what is transparent, and are put on a background
// where there is no transparency.
func TestAlpha(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			c := color.NRGBA{0, 0, 255, 255}
			if (x/2+y/2)%2 == 0 {
				c = color.NRGBA{255, 0, 0, 0} // an invisible red
			}
			img.SetNRGBA(x, y, c)
		}
	}
	data := pngOf(t, img)
	shrink := transform.Resize{Width: 16}
	for f, most := range map[transform.Format]int{transform.PNG: 6, transform.WebP: 20, transform.TIFF: 6} {
		_, out := ran(t, to(f, shrink), data)
		if f == transform.TIFF {
			_, out = ran(t, to(transform.PNG), out)
		}
		if diff := near(pixels(t, out), 8, 8, color.NRGBA{0, 0, 255, 128}, most); diff != "" {
			t.Errorf("%s: %s", f, diff)
		}
	}
	for f, background := range map[transform.Format]*transform.Color{transform.JPEG: nil, transform.BMP: {R: 255, G: 255, A: 255}} {
		plan := to(f, shrink)
		plan.Output.Background = background
		want := color.NRGBA{128, 128, 255, 255}
		if background != nil {
			want.B = 128
		}
		_, out := ran(t, plan, data)
		if diff := near(pixels(t, out), 8, 8, want, 8); diff != "" {
			t.Errorf("%s on %v: %s", f, background, diff)
		}
	}
	// A JPEG that becomes transparent becomes a PNG unless it must be a JPEG.
	photo := jpegOf(t, quadrants(64, 64))
	if result, out := ran(t, to(transform.Keep, transform.Circle{}), photo); result.Type != "image/png" {
		t.Errorf("a circle of a JPEG is %s", result.Type)
	} else if diff := near(pixels(t, out), 0, 0, color.NRGBA{}, 0); diff != "" {
		t.Errorf("a circle of a JPEG: %s", diff)
	}
	if result, out := ran(t, to(transform.JPEG, transform.Circle{}), photo); result.Type != "image/jpeg" {
		t.Errorf("a circle as JPEG is %s", result.Type)
	} else if diff := near(pixels(t, out), 0, 0, color.NRGBA{255, 255, 255, 255}, 4); diff != "" {
		t.Errorf("a circle as JPEG: %s", diff)
	}
}

// oriented returns a JPEG of quadrants as a camera stores it that is held in one
// of eight ways, with its position, and a note that tells them.
func oriented(t testing.TB, width, height, orientation int) []byte {
	t.Helper()
	shown := quadrants(width, height)
	w, h := width, height
	if orientation >= 5 {
		w, h = h, w
	}
	stored := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range height {
		for x := range width {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			stored.SetNRGBA(sx, sy, shown.NRGBAAt(x, y))
		}
	}
	return withEXIF(jpegOf(t, stored), orientation)
}

// withEXIF puts EXIF data with an orientation, a position and a camera into a JPEG.
func withEXIF(data []byte, orientation int) []byte {
	le := binary.LittleEndian
	var b []byte
	entry := func(tag, kind uint16, count, value uint32) {
		b = le.AppendUint16(b, tag)
		b = le.AppendUint16(b, kind)
		b = le.AppendUint32(b, count)
		b = le.AppendUint32(b, value)
	}
	b = append(b, "Exif\x00\x00II*\x00\x08\x00\x00\x00\x03\x00"...)
	entry(0x010f, 2, 8, 50)                  // Make, after the directory
	entry(0x0112, 3, 1, uint32(orientation)) // Orientation
	entry(0x8825, 4, 1, 58)                  // where the GPS directory is
	b = append(b, "\x00\x00\x00\x00PLANTED\x00\x01\x00"...)
	entry(0x0001, 2, 2, 'N') // GPSLatitudeRef
	b = append(b, 0, 0, 0, 0)
	segment := binary.BigEndian.AppendUint16([]byte("\xff\xe1"), uint16(len(b)+2))
	return append(append(append([]byte{}, data[:2]...), append(segment, b...)...), data[2:]...)
}

// tags returns the EXIF tags of an image, and none if it has none.
func tags(t testing.TB, data []byte) map[string]any {
	t.Helper()
	found, err := inspect.EXIF(bytes.NewReader(data))
	if err != nil && fault.Of(err) != fault.Unsupported {
		t.Fatal(err)
	}
	return found
}

// turned applies the orientation that an image says it has, as a viewer does.
func turned(t testing.TB, data []byte) image.Image {
	t.Helper()
	if tags(t, data)["Orientation"] == nil {
		return pixels(t, data)
	}
	_, data = ran(t, to(transform.PNG, transform.Orient{}), data)
	return pixels(t, data)
}

// Whatever is done, an image shows the right side up, and no position is told.
func TestF6Orientation(t *testing.T) {
	small := transform.Resize{Width: 40}
	for o := 1; o <= 8; o++ {
		data := oriented(t, 160, 96, o)
		if got := fmt.Sprint(tags(t, data)["Orientation"]); got != fmt.Sprint(o) || tags(t, data)["Make"] != "PLANTED" {
			t.Fatalf("fixture %d has %v", o, tags(t, data))
		}
		stripped := transform.Plan{Output: transform.Output{Strip: true}}
		for name, plan := range map[string]transform.Plan{
			"kept":            to(transform.Keep),
			"resized":         to(transform.Keep, small),
			"oriented":        to(transform.Keep, transform.Orient{}),
			"oriented first":  to(transform.Keep, transform.Orient{}, small),
			"oriented second": to(transform.Keep, small, transform.Orient{}),
			"stripped":        stripped,
			"PNG":             to(transform.PNG),
			"WebP":            to(transform.WebP, small),
			"AVIF":            to(transform.AVIF),
			"TIFF":            to(transform.TIFF),
			"BMP":             to(transform.BMP, small),
		} {
			name = fmt.Sprintf("%d, %s", o, name)
			_, out := ran(t, plan, data)
			if bytes.Contains(out, []byte("PLANTED")) || tags(t, out)["GPSLatitudeRef"] != nil || tags(t, out)["Make"] != nil {
				t.Errorf("%s tells of the camera or the position", name)
			}
			shown := turned(t, out)
			corners(t, name, shown, 30, quarters[:]...)
			if b := shown.Bounds(); b.Dx() < b.Dy() {
				t.Errorf("%s has %v", name, b)
			}
		}
		result, out := ran(t, to(transform.Keep, transform.Orient{}, small), data)
		if result.Width != 40 || result.Height != 24 || o > 1 && tags(t, out)["Orientation"] != nil && fmt.Sprint(tags(t, out)["Orientation"]) != "1" {
			t.Errorf("%d, oriented then resized = %d by %d, %v", o, result.Width, result.Height, tags(t, out))
		}
		_, out = ran(t, to(transform.Keep, transform.Orient{Ignore: true}), data)
		if o >= 5 && turned(t, out).Bounds().Dx() != 96 {
			t.Errorf("%d, ignored: %v", o, turned(t, out).Bounds())
		}
		_, out = ran(t, to(transform.PNG, transform.Orient{}, transform.SmartCrop{Width: 80, Height: 48}), data)
		corners(t, fmt.Sprintf("%d, smart", o), pixels(t, out), 30, quarters[:]...)
		cut := transform.Resize{Width: 40, Height: 40, Fit: transform.Cover, Align: transform.Position{X: -1}}
		_, out = ran(t, to(transform.PNG, transform.Orient{}, cut), data)
		corners(t, fmt.Sprintf("%d, cut", o), pixels(t, out), 30, red, red, blue, blue)
	}
	plan := to(transform.Keep, transform.Resize{Width: 40})
	plan.Output.Metadata = true
	if _, out := ran(t, plan, oriented(t, 160, 96, 6)); tags(t, out)["Make"] != "PLANTED" || tags(t, out)["GPSLatitudeRef"] != "N" || fmt.Sprint(tags(t, out)["Orientation"]) != "6" {
		t.Errorf("kept metadata is %v", tags(t, out))
	}
}

func TestF6OrientationOfCorpora(t *testing.T) {
	dir := corpora.Dir(t, "exif-orientation")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		result, out := ran(t, to(transform.Keep, transform.Orient{}, transform.Resize{Width: 100}), data)
		if portrait := strings.HasPrefix(e.Name(), "Portrait"); portrait != (result.Height > result.Width) || result.Width != 100 {
			t.Errorf("%s = %d by %d, with %v", e.Name(), result.Width, result.Height, tags(t, out))
		}
	}
}

// animation decodes a GIF, or a WebP that it makes one.
func animation(t testing.TB, data []byte) *gif.GIF {
	t.Helper()
	if inspect.Detect(data) != "image/gif" {
		_, data = ran(t, to(transform.GIF), data)
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Animations stay animated where they can, with their delays and loops, and all
// frames are treated alike.
func TestAnimation(t *testing.T) {
	source := gifOf(t, 120, 60, 4)
	_, movie := ran(t, to(transform.WebP), source)
	for name, data := range map[string][]byte{"gif": source, "webp": movie} {
		for _, f := range []transform.Format{transform.Keep, transform.GIF, transform.WebP} {
			for _, tt := range []struct {
				op            transform.Op
				width, height int
			}{
				{transform.Resize{Width: 60}, 60, 30},
				{transform.Resize{Width: 31}, 31, 16},
				{transform.Resize{Width: 40, Height: 40, Fit: transform.Cover}, 40, 40},
				{transform.Crop{Box: transform.Box{X: 30, Y: 15, Width: 60, Height: 30}}, 60, 30},
				{transform.SmartCrop{Width: 40, Height: 40}, 40, 40},
				{transform.Flop{}, 120, 60},
				{transform.Rotate{Degrees: 180}, 120, 60},
			} {
				name := fmt.Sprintf("%s to %q, %T", name, f, tt.op)
				result, out := ran(t, to(f, tt.op), data)
				if result.Frames != 4 || result.Width != tt.width || result.Height != tt.height {
					t.Errorf("%s = %+v", name, result)
					continue
				}
				g := animation(t, out)
				if len(g.Image) != 4 || fmt.Sprint(g.Delay) != "[10 20 30 40]" || g.LoopCount != 3 {
					t.Errorf("%s has %d frames, delays %v, loops %d", name, len(g.Image), g.Delay, g.LoopCount)
				}
				if g.Config.Width != tt.width || g.Config.Height != tt.height {
					t.Errorf("%s has %d by %d pixels", name, g.Config.Width, g.Config.Height)
				}
			}
		}
		_, out := ran(t, to(transform.GIF, transform.Resize{Width: 60}), data)
		g := animation(t, out)
		canvas := image.NewNRGBA(image.Rect(0, 0, 60, 30))
		for i, frame := range g.Image {
			for y := frame.Rect.Min.Y; y < frame.Rect.Max.Y; y++ {
				for x := frame.Rect.Min.X; x < frame.Rect.Max.X; x++ {
					if _, _, _, a := frame.At(x, y).RGBA(); a > 0 {
						canvas.Set(x, y, frame.At(x, y))
					}
				}
			}
			corners(t, fmt.Sprintf("%s, frame %d", name, i), canvas, 40, quarters[i%4], quarters[(i+1)%4], quarters[(i+2)%4], quarters[(i+3)%4])
		}
		for page := 1; page <= 4; page++ {
			plan := to(transform.PNG)
			plan.Page = page
			result, out := ran(t, plan, data)
			if result.Frames != 1 || result.Height != 60 {
				t.Errorf("%s, page %d = %+v", name, page, result)
			}
			corners(t, fmt.Sprintf("%s, page %d", name, page), pixels(t, out), 40, quarters[(page-1)%4], quarters[page%4])
		}
		plan := to(transform.PNG)
		plan.Page = 5
		if _, _, err := run(t, plan, data); fault.Of(err) != fault.Invalid {
			t.Errorf("%s, page 5: error = %v, want %v", name, err, fault.Invalid)
		}
		if result, _ := ran(t, to(transform.JPEG), data); result.Frames != 1 || result.Type != "image/jpeg" {
			t.Errorf("%s to JPEG = %+v", name, result)
		}
	}
}

// Ops that bring in other images reach them.
func TestSeveralInputs(t *testing.T) {
	a, b := pngOf(t, quadrants(100, 100)), jpegOf(t, image.NewNRGBA(image.Rect(0, 0, 40, 20))) // black
	result, out := ran(t, to(transform.PNG, transform.Overlay{Input: 1, Size: 100, Position: transform.Position{X: -1, Y: -1}}), a, b)
	if result.Width != 100 {
		t.Errorf("overlay = %+v", result)
	}
	if diff := near(pixels(t, out), 20, 10, color.NRGBA{A: 255}, 4) + near(pixels(t, out), 45, 45, red, 4); diff != "" {
		t.Errorf("overlay: %s", diff)
	}
	result, out = ran(t, to(transform.GIF, transform.Animate{Inputs: 3, Delay: 70, Loop: 2}), a, b, a)
	if g := animation(t, out); result.Frames != 3 || len(g.Image) != 3 || g.Delay[1] != 7 || g.Config.Width != 100 {
		t.Errorf("animation = %+v, %v, %d wide", result, g.Delay, g.Config.Width)
	}
	collage := transform.Collage{Inputs: []int{1, 1}, Width: 300, Height: 200, Margin: 10, Color: transform.White, Cut: true}
	result, out = ran(t, to(transform.PNG, collage), a, b)
	if result.Width != 300 || result.Height != 200 {
		t.Errorf("collage = %+v", result)
	}
	if diff := near(pixels(t, out), 2, 2, color.NRGBA{255, 255, 255, 255}, 2); diff != "" {
		t.Errorf("collage: %s", diff)
	}
	if _, _, err := run(t, to(transform.PNG, collage), a); fault.Of(err) != fault.Invalid {
		t.Errorf("collage without its image: error = %v, want %v", err, fault.Invalid)
	}
}

// Colours survive other ways of writing them.
func TestColourSpaces(t *testing.T) {
	source := pngOf(t, quadrants(64, 64))
	for _, f := range []transform.Format{transform.JPEG, transform.TIFF} {
		plan := to(f)
		plan.Output.Space = transform.CMYK
		_, cmyk := ran(t, plan, source)
		if f == transform.JPEG {
			config, err := jpeg.DecodeConfig(bytes.NewReader(cmyk))
			if err != nil || config.ColorModel != color.CMYKModel {
				t.Errorf("JPEG for print: %v, %v", config, err)
			}
		}
		// Print has no bright green or blue.
		_, out := ran(t, to(transform.PNG, transform.Resize{Width: 32}), cmyk)
		corners(t, string(f)+" from print", pixels(t, out), 150, quarters[:]...)
		_, out = ran(t, to(transform.WebP, transform.Blur{Sigma: 1}), cmyk)
		corners(t, string(f)+" from print, blurred", pixels(t, out), 150, quarters[:]...)
		plan = to(transform.Keep, transform.Resize{Width: 32})
		plan.Output.Space = transform.InputSpace
		_, out = ran(t, plan, cmyk)
		if config, err := jpeg.DecodeConfig(bytes.NewReader(out)); f == transform.JPEG && (err != nil || config.ColorModel != color.CMYKModel) {
			t.Errorf("JPEG that stays for print: %v, %v", config, err)
		}
	}
}

// Grey stays grey, and 16 bits become 8 that mean the same.
func TestDepths(t *testing.T) {
	grey, deep := image.NewGray(image.Rect(0, 0, 64, 64)), image.NewNRGBA64(image.Rect(0, 0, 64, 64))
	for i := range grey.Pix {
		grey.Pix[i] = 100
	}
	for y := range 64 {
		for x := range 64 {
			deep.SetNRGBA64(x, y, color.NRGBA64{0xff00, 0x8080, 0x1010, 0x8000})
		}
	}
	for _, f := range []transform.Format{transform.JPEG, transform.PNG} {
		_, out := ran(t, to(f, transform.Resize{Width: 32}), pngOf(t, grey))
		img := pixels(t, out)
		if _, ok := img.(*image.Gray); !ok {
			t.Errorf("grey as %s is %T", f, img)
		}
		if diff := near(img, 9, 9, color.NRGBA{100, 100, 100, 255}, 1); diff != "" {
			t.Errorf("grey as %s: %s", f, diff)
		}
	}
	for name, plan := range map[string]transform.Plan{
		"resized": to(transform.PNG, transform.Resize{Width: 32}), "blurred": to(transform.PNG, transform.Blur{Sigma: 1}), "kept": to(transform.Keep),
	} {
		_, out := ran(t, plan, pngOf(t, deep))
		if diff := near(pixels(t, out), 9, 9, color.NRGBA{255, 128, 16, 128}, 3); diff != "" {
			t.Errorf("16 bits, %s: %s", name, diff)
		}
	}
	plan := to(transform.PNG, transform.Resize{Width: 32})
	plan.Output.Space = transform.InputSpace
	if _, out := ran(t, plan, pngOf(t, deep)); fmt.Sprintf("%T", pixels(t, out)) != "*image.NRGBA64" {
		t.Errorf("16 bits in the space of the input are %T", pixels(t, out))
	}
	grey16 := image.NewGray16(image.Rect(0, 0, 8, 8))
	for i := range grey16.Pix {
		grey16.Pix[i] = 0x80
	}
	_, out := ran(t, to(transform.PNG), pngOf(t, grey16))
	if diff := near(pixels(t, out), 3, 3, color.NRGBA{128, 128, 128, 255}, 1); diff != "" {
		t.Errorf("grey of 16 bits: %s", diff)
	}
}

// A profile of other primaries is converted, and one that is sRGB dropped.
func TestProfiles(t *testing.T) {
	var s vips.Scope
	defer s.Close()
	img, err := s.NewFromMemory(bytes.Repeat([]byte{200, 100, 50}, 64*64), 64, 64, 3)
	if err != nil {
		t.Fatal(err)
	}
	if img, err = s.Call("copy", vips.Args{"in": img, "interpretation": "srgb"}); err != nil {
		t.Fatal(err)
	}
	if img, err = s.Call("icc_transform", vips.Args{"in": img, "output_profile": "p3", "input_profile": "srgb"}); err != nil {
		t.Fatal(err)
	}
	f := file(t, nil)
	if err := s.Save("pngsave_target", img, f, vips.Args{"keep": "all"}); err != nil {
		t.Fatal(err)
	}
	wide, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if diff := near(pixels(t, wide), 9, 9, color.NRGBA{200, 100, 50, 255}, 4); diff == "" {
		t.Fatal("the fixture is sRGB")
	}
	for name, plan := range map[string]transform.Plan{"kept": to(transform.Keep), "resized": to(transform.PNG, transform.Resize{Width: 20}),
		"effect": to(transform.PNG, transform.Flop{})} {
		_, out := ran(t, plan, wide)
		if diff := near(pixels(t, out), 9, 9, color.NRGBA{200, 100, 50, 255}, 2); diff != "" || bytes.Contains(out, []byte("iCCP")) {
			t.Errorf("wide, %s: %s", name, diff)
		}
	}
	for name, ops := range map[string][]transform.Op{"resized": {transform.Resize{Width: 20}}, "flopped": {transform.Flop{}}} {
		plan := to(transform.Keep, ops...)
		plan.Output.Space = transform.InputSpace
		_, out := ran(t, plan, wide)
		was := color.NRGBAModel.Convert(pixels(t, wide).At(9, 9)).(color.NRGBA)
		if diff := near(pixels(t, out), 9, 9, was, 2); diff != "" || !bytes.Contains(out, []byte("iCCP")) {
			t.Errorf("wide in its own space, %s: %s", name, diff)
		}
	}
}

// noise returns a photograph-like image: smooth with some detail.
func noise(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			v := 128 + 60*math.Sin(float64(x)/9)*math.Cos(float64(y)/7) + float64((x*7919+y*104729+x*y*31)%23)
			img.SetNRGBA(x, y, color.NRGBA{uint8(v), uint8(255 - v), uint8(v / 2), 255})
		}
	}
	return img
}

// More quality is more bytes; the input's quality is found again.
func TestQuality(t *testing.T) {
	source := pngOf(t, noise(200, 150))
	for _, f := range []transform.Format{transform.JPEG, transform.WebP, transform.AVIF} {
		last := int64(0)
		for _, q := range []int{10, 40, 70, 95} {
			plan := to(f)
			plan.Output.Quality = q
			result, _ := ran(t, plan, source)
			if result.Bytes <= last {
				t.Errorf("%s of quality %d has %d bytes, one of less %d", f, q, result.Bytes, last)
			}
			last = result.Bytes
		}
	}
	for _, q := range []int{20, 50, 75, 92} {
		data := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, noise(200, 150), &jpeg.Options{Quality: q}) })
		plan := to(transform.JPEG, transform.Resize{Width: 150})
		plan.Output.Quality = transform.InputQuality
		kept, _ := ran(t, plan, data)
		plan.Output.Quality = q
		same, _ := ran(t, plan, data)
		if d := float64(kept.Bytes) / float64(same.Bytes); d < 0.97 || d > 1.03 {
			t.Errorf("input of quality %d: %d bytes, want about %d", q, kept.Bytes, same.Bytes)
		}
	}
}

// What is to be smaller is, or is the input.
func TestSmaller(t *testing.T) {
	good := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, noise(200, 150), &jpeg.Options{Quality: 98}) })
	bad := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, noise(800, 600), &jpeg.Options{Quality: 10}) })
	plan := transform.Plan{Output: transform.Output{Quality: 80, Smaller: true}}
	if _, out := ran(t, plan, good); len(out) >= len(good) {
		t.Errorf("%d bytes became %d", len(good), len(out))
	}
	if result, out := ran(t, plan, bad); !bytes.Equal(out, bad) || result.Width != 800 {
		t.Errorf("%d bytes became %d, %+v", len(bad), len(out), result)
	}
	plan.Output.Smaller = false
	if _, out := ran(t, plan, bad); bytes.Equal(out, bad) {
		t.Error("was not encoded")
	}
	plan.Output = transform.Output{Format: transform.PNG, Smaller: true}
	if result, _ := ran(t, plan, bad); result.Type != "image/png" {
		t.Errorf("a PNG was asked for, and is %s", result.Type)
	}
}

// What drops metadata never makes the file larger, at any quality, and keeps
// the side up that was up.
func TestStripSmaller(t *testing.T) {
	for _, q := range []int{30, 60, 75, 85, 95, 100} {
		data := withEXIF(encoded(t, func(w io.Writer) error { return jpeg.Encode(w, noise(300, 200), &jpeg.Options{Quality: q}) }), 6)
		for _, out := range []transform.Output{
			{Strip: true}, {Strip: true, Quality: 90}, {Strip: true, Quality: transform.InputQuality},
			{Strip: true, Quality: transform.InputQuality, Compress: true}, {Smaller: true, Quality: 100},
		} {
			result, got := ran(t, transform.Plan{Output: out}, data)
			if len(got) >= len(data) || int64(len(got)) != result.Bytes {
				t.Errorf("quality %d, %+v: %d bytes became %d, %d were told", q, out, len(data), len(got), result.Bytes)
			}
			if seen := turned(t, got); bytes.Contains(got, []byte("PLANTED")) || seen.Bounds().Dx() != 200 || seen.Bounds().Dy() != 300 {
				t.Errorf("quality %d, %+v: shown as %v, or with metadata", q, out, seen.Bounds())
			}
		}
	}
	movie := gifOf(t, 60, 40, 3)
	for name, data := range map[string][]byte{"gif": movie, "png": pngOf(t, noise(90, 60)), "bmp": bmpOf(t, quadrants(20, 20))} {
		if _, got := ran(t, transform.Plan{Output: transform.Output{Strip: true}}, data); len(got) > len(data) {
			t.Errorf("%s of %d bytes became %d", name, len(data), len(got))
		}
	}
}

// Switches of the output do what they say.
func TestOutput(t *testing.T) {
	photo, flat := pngOf(t, noise(200, 150)), pngOf(t, quadrants(200, 150))
	with := func(f transform.Format, change func(*transform.Output)) []byte {
		plan := to(f)
		change(&plan.Output)
		source := photo
		if f == transform.PNG {
			source = flat
		}
		_, out := ran(t, plan, source)
		return out
	}
	plain := with(transform.JPEG, func(*transform.Output) {})
	progressive := with(transform.JPEG, func(o *transform.Output) { o.Progressive = true })
	if bytes.Contains(plain, []byte{0xff, 0xc2}) || !bytes.Contains(progressive, []byte{0xff, 0xc2}) {
		t.Error("progressive JPEG is the wrong way round")
	}
	if n := len(with(transform.JPEG, func(o *transform.Output) { o.Compress = true })); n >= len(plain) {
		t.Errorf("compressed JPEG has %d bytes, plain %d", n, len(plain))
	}
	png := with(transform.PNG, func(*transform.Output) {})
	compressed := with(transform.PNG, func(o *transform.Output) { o.Compress = true })
	if len(compressed) > len(png) {
		t.Errorf("compressed PNG has %d bytes, plain %d", len(compressed), len(png))
	}
	corners(t, "compressed PNG", pixels(t, compressed), 0, quarters[:]...)
	palette := with(transform.PNG, func(o *transform.Output) { o.Palette = true })
	if _, ok := pixels(t, palette).(*image.Paletted); !ok {
		t.Errorf("PNG with a palette is %T", pixels(t, palette))
	}
	if out := with(transform.SVG, func(*transform.Output) {}); !strings.Contains(string(out), `width="200" height="150"`) {
		t.Errorf("SVG begins with %.200s", out)
	}
	if _, out := ran(t, to(transform.ICO), pngOf(t, noise(400, 300))); pixels(t, out).Bounds().Dx() != 256 {
		t.Errorf("an icon has %v", pixels(t, out).Bounds())
	}
}

// A drawing is drawn at the size that is needed, not scaled.
func TestDrawing(t *testing.T) {
	svg := []byte(`<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x.invalid/svg11.dtd">` +
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10" width="20" height="10"><path d="M0 0h10v10H0z" fill="#f00"/></svg>`)
	result, out := ran(t, to(transform.Keep, transform.Resize{Width: 400}), svg)
	img := pixels(t, out)
	if result.Type != "image/png" || result.Width != 400 || result.Height != 200 {
		t.Errorf("drawing = %+v", result)
	}
	if diff := near(img, 199, 100, red, 0) + near(img, 200, 100, color.NRGBA{}, 0); diff != "" {
		t.Errorf("the edge is not sharp: %s", diff)
	}
	plan := to(transform.PNG)
	plan.Density = 288
	if result, _ := ran(t, plan, svg); result.Width != 80 {
		t.Errorf("drawing of 288 dots per inch = %+v", result)
	}
}

func TestAnswers(t *testing.T) {
	source := jpegOf(t, quadrants(300, 200))
	ask := func(a transform.Answer, ops ...transform.Op) string {
		plan := transform.Plan{Ops: ops, Answer: a}
		if a == transform.ASCII {
			plan.Output.ASCII = &transform.Letters{Size: 10, Background: transform.White, Foreground: transform.Black}
		}
		_, out := ran(t, plan, source)
		return string(out)
	}
	if got := ask(transform.Size); got != `{"height":200,"width":300}` {
		t.Errorf("size = %s", got)
	}
	if got := ask(transform.Size, transform.Resize{Width: 30}, transform.Rotate{Degrees: 90}); got != `{"height":30,"width":20}` {
		t.Errorf("size after steps = %s", got)
	}
	if got := ask(transform.Faces, transform.MarkFaces{}); got != `[]` {
		t.Errorf("faces = %s", got)
	}
	if got := ask(transform.Region, transform.SmartCrop{Width: 30, Height: 20}); got != `{"x":0,"y":0,"width":300,"height":200}` {
		t.Errorf("region = %s", got)
	}
	if got := ask(transform.ASCII); !strings.Contains(got, "<html") {
		t.Errorf("ascii = %.100s", got)
	}
}

// What is over a limit is refused, and what is no image is no image.
func TestF3Limits(t *testing.T) {
	source := pngOf(t, quadrants(100, 50))
	for _, tt := range []struct {
		name   string
		limits cost.Limits
		plan   transform.Plan
		data   []byte
		want   error
	}{
		{"at the limit of pixels", cost.Limits{SourcePixels: 5000}, to(transform.PNG), source, nil},
		{"over it", cost.Limits{SourcePixels: 4999}, to(transform.PNG), source, fault.TooLarge},
		{"at the limit of a side", cost.Limits{SourceSide: 100}, to(transform.PNG), source, nil},
		{"over it", cost.Limits{SourceSide: 99}, to(transform.PNG), source, fault.TooLarge},
		{"at the limit of the result", cost.Limits{OutputPixels: 20000}, to(transform.PNG, transform.Resize{Width: 200}), source, nil},
		{"over it", cost.Limits{OutputPixels: 19999}, to(transform.PNG, transform.Resize{Width: 200}), source, fault.TooLarge},
		{"at the limit of frames", cost.Limits{Frames: 4}, to(transform.Keep), gifOf(t, 10, 10, 4), nil},
		{"over it", cost.Limits{Frames: 3}, to(transform.Keep), gifOf(t, 10, 10, 4), fault.TooLarge},
		{"frames count as pixels", cost.Limits{SourcePixels: 399}, to(transform.Keep), gifOf(t, 10, 10, 4), fault.TooLarge},
		{"but not if one is used", cost.Limits{SourcePixels: 399}, to(transform.PNG), gifOf(t, 10, 10, 4), nil},
		{"a bitmap over the limit", cost.Limits{SourcePixels: 4999}, to(transform.PNG), bmpOf(t, quadrants(100, 50)), fault.TooLarge},
	} {
		r := Request{Plan: tt.plan, Limits: tt.limits, Inputs: []Input{{inspect.Detect(tt.data), file(t, tt.data)}}}
		if _, err := Run(context.Background(), r, file(t, nil)); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestErrors(t *testing.T) {
	source := pngOf(t, noise(100, 50))
	for _, tt := range []struct {
		name      string
		mediaType string
		plan      transform.Plan
		data      []byte
		want      error
	}{
		{"type that is not read", "application/pdf", to(transform.PNG), []byte("%PDF-1.4"), fault.Unsupported},
		{"another type than was said", "image/jpeg", to(transform.PNG), source, fault.Invalid},
		{"half an image header", "image/png", to(transform.PNG), source[:20], fault.Invalid},
		{"empty", "image/png", to(transform.PNG), nil, fault.Invalid},
		{"box outside", "image/png", to(transform.PNG, transform.Crop{Box: transform.Box{X: 100, Width: 5, Height: 5}}), source, fault.Invalid},
		{"format to be negotiated", "image/png", to(transform.Auto), source, fault.Invalid},
		{"entities", "image/svg+xml", to(transform.PNG), []byte(`<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`), fault.Invalid},
		{"not well formed", "image/svg+xml", to(transform.PNG), []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><a`), fault.Invalid},
	} {
		r := Request{Plan: tt.plan, Inputs: []Input{{tt.mediaType, file(t, tt.data)}}}
		if _, err := Run(context.Background(), r, file(t, nil)); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := Request{Plan: to(transform.PNG, transform.Blur{Sigma: 20}), Inputs: []Input{{"image/png", file(t, pngOf(t, noise(1000, 1000)))}}}
	if _, err := Run(ctx, r, file(t, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error = %v", err)
	}
}

// A damaged image gives the same pixels each time: none is left over from
// another job.
func TestF5Truncated(t *testing.T) {
	for name, data := range map[string][]byte{"png": pngOf(t, noise(300, 300)), "jpeg": jpegOf(t, noise(300, 300)), "gif": gifOf(t, 300, 300, 2)} {
		data = data[:len(data)*2/3]
		var first []byte
		for i := range 3 {
			ran(t, to(transform.JPEG, transform.Negate{}), jpegOf(t, noise(200+i, 310)))
			_, out, err := run(t, to(transform.PNG), data)
			if i == 0 {
				first = out
			}
			if !bytes.Equal(out, first) {
				t.Errorf("%s: differs the %d. time (%v)", name, i+1, err)
			}
		}
	}
}

// A fake pool does jobs in this process.
type fake struct{ reply []byte }

func (f fake) Do(ctx context.Context, j worker.Job) ([]byte, error) {
	if f.reply != nil {
		return f.reply, nil
	}
	return Handler(ctx, j.Request, j.Files)
}

func TestEngine(t *testing.T) {
	source := pngOf(t, quadrants(80, 60))
	r := Request{Plan: to(transform.JPEG, transform.Resize{Width: 40}), Inputs: []Input{{"image/png", file(t, source)}}}
	out := file(t, nil)
	result, err := Engine{fake{}}.Render(context.Background(), "app", r, out)
	if err != nil || result.Type != "image/jpeg" || result.Width != 40 || result.Height != 30 || result.Frames != 1 {
		t.Errorf("Render = %+v, %v", result, err)
	}
	if info, err := out.Stat(); err != nil || info.Size() != result.Bytes {
		t.Errorf("wrote %v, %v, said %d", info.Size(), err, result.Bytes)
	}
	r.Limits.SourceSide = 79
	var refusal *transform.Refusal
	if _, err := (Engine{fake{}}).Render(context.Background(), "app", r, out); !errors.As(err, &refusal) || refusal.Kind != fault.TooLarge || refusal.Why == "" {
		t.Errorf("over a limit: error = %v", err)
	}
	if _, err := (Engine{fake{[]byte("{")}}).Render(context.Background(), "app", r, out); err == nil {
		t.Error("half a reply was taken for one")
	}
	for _, request := range []string{"", "{}", `{"plan":"?","types":[]}`} {
		if _, err := Handler(context.Background(), []byte(request), nil); err == nil {
			t.Errorf("the request %q was done", request)
		}
	}
}

// After Prepare, the library reads the types of our list, and only from
// descriptors.
func TestF1Loaders(t *testing.T) {
	allowed := map[string]bool{}
	for _, d := range decoders {
		allowed[d.class] = true
	}
	open := 0
	for _, l := range vips.Loaders() {
		t.Logf("%s %s blocked %v", l.Class, l.Name, l.Blocked)
		if l.Blocked == allowed[l.Class] {
			t.Errorf("loader %s: blocked = %v", l.Class, l.Blocked)
		}
		if !l.Blocked {
			open++
		}
	}
	if open != 7 {
		t.Errorf("%d loaders are open, want 7", open)
	}
}
