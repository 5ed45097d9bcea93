package imaging

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/transform"
)

// A sample is a colour at a place.
type sample struct {
	x, y int
	want color.NRGBA
}

var (
	grey  = color.NRGBA{90, 90, 90, 255}
	clear = color.NRGBA{}
	fill  = &transform.Color{R: 90, G: 90, B: 90, A: 255}
)

// px and pc are lengths.
func px(n int) transform.Length                 { return transform.Pixels(n) }
func pc(n int) transform.Length                 { return transform.Percent(n) }
func spot(x, y transform.Length) transform.Spot { return transform.Spot{X: x, Y: y} }

// What cuts an image, or brings it to a size, gives exact sizes and puts every
// part where it belongs.
func TestPlaces(t *testing.T) {
	right := spot(pc(100), pc(0))
	for _, tt := range []struct {
		op            transform.Op
		width, height int
		want          []sample
	}{
		{transform.Extract{Width: px(100), Height: px(50)}, 100, 50, []sample{{1, 1, red}, {98, 48, red}}},
		{transform.Extract{Width: pc(50), Height: pc(50), At: spot(pc(100), pc(100))}, 200, 100, []sample{{1, 1, yellow}, {198, 98, yellow}}},
		{transform.Extract{Width: px(100), Height: px(100), At: transform.Middle}, 100, 100, []sample{{2, 2, red}, {97, 2, green}, {2, 97, blue}, {97, 97, yellow}}},
		{transform.Extract{Width: px(100), Height: px(100), At: spot(px(350), px(0)), Fill: fill}, 100, 100, []sample{{2, 2, green}, {47, 97, green}, {52, 50, grey}}},
		{transform.Extract{Width: px(100), Height: px(100), At: spot(px(-20), px(-30)), Fill: fill}, 100, 100, []sample{{2, 50, grey}, {50, 25, grey}, {25, 35, red}, {97, 97, red}}},
		{transform.Extract{Width: px(100), Height: px(100), At: spot(px(-20), px(0))}, 100, 100, []sample{{5, 50, clear}, {25, 50, red}}},
		{transform.Extract{Width: px(50), Height: px(50), At: spot(px(500), px(0)), Fill: fill}, 50, 50, []sample{{0, 0, grey}, {49, 49, grey}}},
		{transform.Extract{Width: px(500), Height: px(300), Fill: fill}, 500, 300, []sample{{2, 2, red}, {397, 197, yellow}, {403, 50, grey}, {100, 203, grey}}},
		{transform.Extract{Width: px(500), Height: px(300), At: transform.Middle, Fill: fill}, 500, 300, []sample{{47, 150, grey}, {53, 53, red}, {447, 247, yellow}, {453, 150, grey}}},
		{transform.Extract{Ratio: transform.Ratio{Across: 1, Down: 1}, At: transform.Middle}, 200, 200, []sample{{2, 2, red}, {197, 197, yellow}}},
		{transform.Extract{Ratio: transform.Ratio{Across: 4, Down: 1}, At: spot(pc(50), pc(100))}, 400, 100, []sample{{2, 50, blue}, {397, 50, yellow}}},
		{transform.Extract{Around: transform.Face}, 400, 200, nil}, // there is none
		{transform.Extract{Around: transform.Face, Ratio: transform.Ratio{Across: 1, Down: 1}, At: transform.Middle}, 200, 200, []sample{{2, 2, red}, {197, 197, yellow}}},

		{transform.Resize{Width: 800, Small: transform.Leave}, 400, 200, nil},
		{transform.Resize{Width: 100, Small: transform.Leave}, 100, 50, nil},
		{transform.Resize{Width: 500, Height: 100, Fit: transform.Scale, Small: transform.Leave}, 400, 100, nil},
		{transform.Resize{Width: 500, Height: 100, Fit: transform.Scale, Small: transform.Pad, Fill: fill}, 500, 100, []sample{{47, 50, grey}, {53, 2, red}, {447, 97, yellow}, {453, 50, grey}}},
		{transform.Resize{Width: 800, Small: transform.Pad, Fill: fill}, 800, 400, []sample{{197, 200, grey}, {203, 103, red}, {597, 297, yellow}, {400, 303, grey}}},
		{transform.Resize{Width: 300, Height: 300, Fit: transform.Cover, Small: transform.Leave}, 300, 200, []sample{{2, 2, red}, {297, 197, yellow}}},
		{transform.Resize{Width: 300, Height: 300, Fit: transform.Cover, Small: transform.Pad, Fill: fill}, 300, 300, []sample{{150, 47, grey}, {2, 53, red}, {297, 247, yellow}}},
		{transform.Resize{Width: 100, Height: 100, Fit: transform.Cover, At: new(transform.Spot)}, 100, 100, []sample{{97, 10, red}, {97, 90, blue}}},
		{transform.Resize{Width: 100, Height: 100, Fit: transform.Cover, At: &right}, 100, 100, []sample{{2, 10, green}, {2, 90, yellow}}},
		{transform.Resize{Width: 100, Height: 100, Fit: transform.Cover, At: &transform.Spot{X: px(1000)}}, 100, 100, []sample{{2, 10, green}, {2, 90, yellow}}},
		{transform.Resize{Width: 100, Height: 100, Fit: transform.Cover, At: &right, Keep: "faces"}, 100, 100, []sample{{2, 10, green}, {2, 90, yellow}}},

		{transform.Reframe{Width: 200, Height: 200}, 200, 200, []sample{{10, 53, red}, {190, 147, yellow}, {100, 20, color.NRGBA{127, 127, 0, 255}}, {100, 180, color.NRGBA{127, 127, 127, 255}}}},
		{transform.Reframe{Width: 400, Height: 100}, 400, 100, []sample{{103, 3, red}, {297, 97, yellow}, {20, 50, color.NRGBA{127, 0, 127, 255}}, {380, 50, color.NRGBA{127, 255, 0, 255}}}},
		{transform.Reframe{Width: 200, Height: 100}, 200, 100, []sample{{2, 2, red}, {197, 97, yellow}}},
		{transform.Trim{}, 400, 200, nil},

		{transform.Rect{Color: *fill, Width: pc(50), Height: px(20), At: transform.Middle}, 400, 200, []sample{{103, 91, grey}, {297, 108, grey}, {98, 95, red}, {102, 88, red}, {302, 112, yellow}}},
		{transform.Rect{Color: *fill, Width: px(50), Height: px(50), At: spot(px(-20), px(-20))}, 400, 200, []sample{{28, 28, grey}, {32, 10, red}}},
		{transform.Rect{Color: *fill, Width: px(50), Height: px(50), At: spot(px(500), px(0))}, 400, 200, []sample{{390, 10, green}}},
		{transform.Rect{Color: transform.Color{R: 255, G: 255, B: 255, A: 128}, Width: pc(100), Height: pc(100)}, 400, 200, []sample{{10, 10, color.NRGBA{255, 128, 128, 255}}}},
		{transform.BlurPart{Width: px(100), Height: px(100), At: transform.Middle, Strength: 500}, 400, 200, []sample{{145, 95, red}, {200, 100, color.NRGBA{127, 127, 64, 255}}, {255, 105, yellow}}},
		{transform.BlurPart{Width: px(10), Height: px(10), At: spot(px(1000), px(0)), Strength: 5}, 400, 200, nil},
		{transform.BlurPart{Faces: true, Strength: 5}, 400, 200, nil},
		{transform.Draw{Width: pc(50), Height: pc(50), At: transform.Middle, Opacity: 100}, 400, 200, []sample{{105, 55, red}, {295, 55, green}, {105, 145, blue}, {95, 150, blue}, {195, 105, blue}}},
		{transform.Draw{Width: px(40), Height: px(200), At: spot(pc(100), px(0)), Opacity: 50}, 400, 200, []sample{{365, 3, color.NRGBA{128, 128, 0, 255}}, {365, 25, green}}},
		{transform.Draw{Width: px(40), Height: px(40), Opacity: 0}, 400, 200, []sample{{30, 15, red}}},
	} {
		data := pngOf(t, quadrants(400, 200))
		name := fmt.Sprintf("%T%+v", tt.op, tt.op)
		result, out := ran(t, to(transform.PNG, tt.op), data)
		img := pixels(t, out)
		if b := img.Bounds(); b.Dx() != tt.width || b.Dy() != tt.height || result.Width != tt.width || result.Height != tt.height {
			t.Errorf("%s = %d by %d, want %d by %d", name, result.Width, result.Height, tt.width, tt.height)
			continue
		}
		if tt.want == nil && tt.width == 2*tt.height {
			corners(t, name, img, 3, quarters[:]...)
		}
		for _, s := range tt.want {
			if diff := near(img, s.x, s.y, s.want, 6); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// spotted returns a picture of one colour with a box of red.
func spotted(width, height int, box image.Rectangle, background color.NRGBA) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, background)
			if image.Pt(x, y).In(box) {
				img.SetNRGBA(x, y, red)
			}
		}
	}
	return img
}

// What stands out of a plain background is found, cut out and enlarged.
func TestSubjects(t *testing.T) {
	data := pngOf(t, spotted(400, 200, image.Rect(300, 40, 340, 60), grey))
	for _, tt := range []struct {
		op            transform.Op
		width, height int
		want          []sample
	}{
		{transform.Trim{}, 40, 20, []sample{{0, 0, red}, {39, 19, red}}},
		{transform.Trim{Tolerance: 50}, 40, 20, nil},
		{transform.Trim{Tolerance: 90}, 400, 200, nil},
		{transform.Trim{Padding: px(5)}, 50, 30, []sample{{3, 15, grey}, {6, 6, red}}},
		{transform.Trim{Padding: pc(100)}, 120, 60, []sample{{38, 30, grey}, {42, 22, red}, {78, 38, red}, {82, 30, grey}}},
		{transform.Trim{Padding: pc(200)}, 180, 100, []sample{{78, 45, grey}, {82, 42, red}, {118, 58, red}, {122, 50, grey}}}, // as far as there is border
		{transform.Extract{Around: transform.Object}, 40, 20, []sample{{2, 2, red}, {37, 17, red}}},
		{transform.Extract{Around: transform.Object, Width: pc(200), Height: pc(200), At: transform.Middle}, 80, 40, []sample{{18, 20, grey}, {22, 12, red}, {58, 28, red}, {62, 20, grey}}},
		{transform.Extract{Around: transform.Object, Width: px(100), Height: px(100)}, 100, 100, []sample{{2, 2, red}, {42, 22, grey}}},
		{transform.Extract{Around: transform.Object, Ratio: transform.Ratio{Across: 1, Down: 1}, At: transform.Middle}, 40, 40, []sample{{20, 8, grey}, {20, 12, red}, {20, 28, red}, {20, 32, grey}}},
		{transform.Resize{Width: 100, Height: 200, Fit: transform.Cover, Keep: "faces objects"}, 100, 200, []sample{{45, 50, red}, {28, 50, grey}, {72, 50, grey}}},
		{transform.Zoom{Percent: 50}, 400, 200, []sample{{105, 100, red}, {295, 100, red}, {95, 100, grey}, {305, 100, grey}, {200, 55, red}, {200, 45, grey}}},
		{transform.Zoom{Percent: 100}, 400, 200, []sample{{5, 5, red}, {395, 195, red}}},
		{transform.Zoom{Percent: 5}, 400, 200, []sample{{302, 42, red}, {338, 58, red}, {298, 50, grey}}},
	} {
		name := fmt.Sprintf("%T%+v", tt.op, tt.op)
		result, out := ran(t, to(transform.PNG, tt.op), data)
		if result.Width != tt.width || result.Height != tt.height {
			t.Errorf("%s = %d by %d, want %d by %d", name, result.Width, result.Height, tt.width, tt.height)
			continue
		}
		img := pixels(t, out)
		for _, s := range tt.want {
			if diff := near(img, s.x, s.y, s.want, 12); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// Tones are given to what is left of an image: a large one is decoded small.
func TestTonesOfWhatIsLeft(t *testing.T) {
	data := jpegOf(t, landscape(800, 600, 2))
	tone, look := transform.Adjust{Contrast: 40, Warmth: 20}, transform.Look{Name: "enzana", Amount: 100}
	preview := transform.Resize{Width: 100, Height: 100, Fit: transform.Max}
	_, last := ran(t, to(transform.PNG, transform.Orient{}, tone, look, preview), data)
	_, first := ran(t, to(transform.PNG, transform.Orient{}, preview, tone, look), data)
	if !bytes.Equal(first, last) {
		t.Error("tones before a preview differ from those after it")
	}
}

// What reads its pixels often does not do so for each step before it.
func TestF4StackedParts(t *testing.T) {
	var ops []transform.Op
	for range transform.MaxSteps {
		ops = append(ops, transform.BlurPart{Width: pc(90), Height: pc(90), At: transform.Middle, Strength: 3})
	}
	began := time.Now()
	ran(t, to(transform.PNG, ops...), pngOf(t, landscape(300, 200, 2)))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("30 blurs of a small image took %v", took)
	}
}

// New ops take every kind of pixels: grey, with opacity, with more bits, for
// print, turned by a note, of a drawing, and in frames.
func TestKinds(t *testing.T) {
	grey, deep := image.NewGray(image.Rect(0, 0, 60, 40)), image.NewNRGBA64(image.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			grey.SetGray(x, y, color.Gray{Y: uint8(x * y)})
			deep.SetNRGBA64(x, y, color.NRGBA64{R: uint16(x * 1000), G: uint16(y * 1000), A: uint16(65535 - 1000*y)})
		}
	}
	print := to(transform.JPEG)
	print.Output.Space = transform.CMYK
	_, cmyk := ran(t, print, pngOf(t, quadrants(60, 40)))
	inputs := map[string][]byte{
		"grey": pngOf(t, grey), "deep": pngOf(t, deep), "cmyk": cmyk, "turned": oriented(t, 60, 40, 6), "bitmap": bmpOf(t, quadrants(60, 40)),
		"drawing": []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><circle cx="30" cy="20" r="9"/></svg>`), "movie": gifOf(t, 60, 40, 3),
	}
	upright := transform.Orient{}
	for _, tt := range []struct {
		op            transform.Op
		width, height int // 0 if that depends on the picture
	}{
		{transform.Extract{Width: pc(200), Height: px(10), At: transform.Middle, Fill: fill}, 120, 10},
		{transform.Extract{Width: pc(200), Height: px(10), At: transform.Middle}, 120, 10},
		{transform.Extract{Width: px(10), Height: px(10), At: spot(px(-50), px(0))}, 10, 10},
		{transform.Extract{Around: transform.Object, Width: pc(150), Height: pc(150)}, 0, 0},
		{transform.Extract{Around: transform.Face}, 60, 40},
		{transform.Resize{Width: 100, Height: 20, Fit: transform.Cover, Small: transform.Pad, Keep: "faces objects points"}, 100, 20},
		{transform.Reframe{Width: 50, Height: 50}, 50, 50},
		{transform.Trim{Tolerance: 10}, 0, 0},
		{transform.Zoom{Percent: 80}, 60, 40},
		{transform.Adjust{Exposure: 50, Saturation: 50, Vibrance: 50, Warmth: 50}, 60, 40},
		{transform.Look{Name: "vevera", Amount: 60}, 60, 40},
		{transform.Soften{Strength: 3, Amount: 50}, 60, 40},
		{transform.BlurPart{Width: px(20), Height: px(20), Strength: 20}, 60, 40},
		{transform.Draw{Width: pc(50), Height: pc(50), Opacity: 40}, 60, 40},
		{transform.Rect{Color: transform.Color{R: 200, A: 100}, Width: pc(50), Height: pc(50)}, 60, 40},
		{transform.Text{Text: "a", Size: 20, Width: pc(100), Height: pc(100), Color: transform.Black, Back: "fit", Behind: transform.White}, 60, 40},
		{transform.CutCorners{Across: [4]transform.Length{px(9), pc(20), px(0), px(80)}}, 60, 40},
	} {
		for name, data := range inputs {
			frames := 1
			if name == "movie" {
				frames = 3
			}
			for _, f := range []transform.Format{transform.Keep, transform.JPEG} {
				if f == transform.JPEG {
					frames = 1
				}
				result, _ := ran(t, to(f, upright, tt.op), data)
				if tt.width > 0 && (result.Width != tt.width || result.Height != tt.height) || result.Frames != frames {
					t.Errorf("%T%+v of %s = %+v, want %d by %d in %d frames", tt.op, tt.op, name, result, tt.width, tt.height, frames)
				}
			}
		}
	}
}
