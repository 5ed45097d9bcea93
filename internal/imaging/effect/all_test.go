package effect

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

var (
	red   = transform.Color{R: 200, G: 10, B: 30, A: 255}
	white = transform.White
	veil  = transform.Color{R: 10, G: 20, B: 200, A: 100} // half transparent
)

// every is each op with usual arguments, and what it makes of an image of 60 by 40.
var every = []struct {
	op            transform.Op
	width, height int
}{
	{transform.Rotate{Degrees: 90}, 40, 60},
	{transform.Rotate{Degrees: 180}, 60, 40},
	{transform.Rotate{Degrees: 270, Background: &red}, 40, 60},
	{transform.Rotate{Degrees: 30}, 72, 65},
	{transform.Rotate{Degrees: 300, Background: &white}, 65, 72},
	{transform.Rotate{Degrees: 45, Background: &veil}, 71, 71},
	{transform.Flip{}, 60, 40},
	{transform.Flop{}, 60, 40},
	{transform.Upscale{}, 120, 80},
	{transform.Upscale{Noise: 3, Artwork: true}, 120, 80},
	{transform.Upscale{Noise: 1, Only: true}, 60, 40},
	{transform.RoundCorners{Radius: 10, Soft: 0.3}, 60, 40},
	{transform.RoundCorners{Radius: 12, Soft: 4, Background: &red}, 60, 40},
	{transform.Circle{}, 40, 40},
	{transform.Circle{Background: &veil}, 40, 40},
	{transform.Vignette{Amount: 40}, 60, 40},
	{transform.Vignette{Amount: 100, Linear: true, Background: &red}, 60, 40},
	{transform.Vignette{Amount: 80, Background: &veil}, 60, 40},
	{transform.Polaroid{Color: white}, 70, 56},
	{transform.Polaroid{Color: red, Degrees: 20, Background: &white}, 84, 75},
	{transform.TornEdges{Min: 1, Max: 10}, 60, 40},
	{transform.TornEdges{Min: 4, Max: 4, Background: &white}, 60, 40},
	{transform.Shadow{Blur: 4, Opacity: 60, X: 4, Y: 4, Color: transform.Black}, 84, 64},
	{transform.Shadow{Opacity: 100, X: -7, Y: 3, Color: red, Background: &white}, 67, 43},
	{transform.Border{Width: 2, Color: red}, 64, 44},
	{transform.Border{Width: 3, Color: veil, Background: &red}, 66, 46},
	{transform.Sharpen{Sigma: 2}, 60, 40},
	{transform.Blur{Sigma: 2}, 60, 40},
	{transform.Grey{}, 60, 40},
	{transform.Threshold{Percent: 50}, 60, 40},
	{transform.Sepia{Tone: 80}, 60, 40},
	{transform.Pixelate{Size: 7}, 60, 40},
	{transform.OilPaint{Radius: 3}, 60, 40},
	{transform.Negate{}, 60, 40},
	{transform.Modulate{Brightness: 120, Saturation: 50, Hue: 90}, 60, 40},
	{transform.Adjust{Brightness: 10, Exposure: 20, Gamma: 120, Contrast: 20, Saturation: 30, Vibrance: 50, Warmth: -40}, 60, 40},
	{transform.Look{Name: "iothari", Amount: 150}, 60, 40},
	{transform.Look{Name: "elmet", Amount: -50}, 60, 40},
	{transform.Soften{Strength: 5000, Amount: 100}, 60, 40},
	{transform.Soften{Strength: 3, Amount: -150}, 60, 40},
	{transform.CutCorners{Across: [4]transform.Length{transform.Pixels(4), transform.Percent(50), {}, transform.Pixels(500)}}, 60, 40},
	{transform.CutCorners{Across: [4]transform.Length{transform.Pixels(4)}, Down: &[4]transform.Length{transform.Pixels(9)}, Background: &red}, 60, 40},
	{transform.Enhance{}, 60, 40},
	{transform.Enhance{Preset: "vivid"}, 60, 40},
	{transform.Enhance{Preset: "beautify"}, 60, 40},
	{transform.Enhance{Preset: "beautify_plus"}, 60, 40},
	{transform.Enhance{Preset: "fix_dark"}, 60, 40},
	{transform.Enhance{Preset: "fix_noise"}, 60, 40},
	{transform.Enhance{Preset: "fix_tint"}, 60, 40},
	{transform.Enhance{Preset: "outdoor"}, 60, 40},
	{transform.Enhance{Preset: "fireworks"}, 60, 40},
}

// scene returns a picture with some of everything: a gradient, an edge,
// texture, and with 2 or 4 bands opacity from 255 down to 0.
func scene(width, height, bands int) picture {
	return draw(width, height, func(x, y int) []byte {
		v := byte(40 + 120*x/width)
		if y > height/2 {
			v += 60
		}
		v += byte(noise(5, uint32(y*width+x)) * 20)
		alpha := byte(255 - 255*y/max(1, height-1))
		switch bands {
		case 1:
			return []byte{v}
		case 2:
			return []byte{v, alpha}
		case 3:
			return []byte{v, v / 2, 255 - v}
		}
		return []byte{v, v / 2, 255 - v, alpha}
	})
}

func TestSizes(t *testing.T) {
	for _, tt := range every {
		for bands := 1; bands <= 4; bands++ {
			t.Run(fmt.Sprintf("%T%+v/%d", tt.op, tt.op, bands), func(t *testing.T) {
				s := open(t)
				im, err := Apply(s, scene(60, 40, bands).image(t, s), tt.op)
				got := render(t, im, err)
				if got.width != tt.width || got.height != tt.height {
					t.Errorf("size = %d by %d, want %d by %d", got.width, got.height, tt.width, tt.height)
				}
			})
		}
	}
}

// What an effect makes of an animation is what it makes of each frame.
func TestFrames(t *testing.T) {
	for _, tt := range every {
		if _, ok := tt.op.(transform.Enhance); ok {
			continue // measures all frames together
		}
		for _, bands := range []int{1, 4} {
			t.Run(fmt.Sprintf("%T%+v/%d", tt.op, tt.op, bands), func(t *testing.T) {
				s := open(t)
				strip := scene(60, 120, bands)
				im := strip.frames(t, s, 40)
				im.Set(vips.DelayField, []int{30, 40, 50})
				out, err := Apply(s, im, tt.op)
				got := render(t, out, err)
				if out.Pages() != 3 || out.PageHeight() != tt.height {
					t.Fatalf("%d frames of height %d, want 3 of %d", out.Pages(), out.PageHeight(), tt.height)
				}
				if delay := out.Ints(vips.DelayField); len(delay) != 3 || delay[2] != 50 {
					t.Errorf("delays = %v, want those of the input", delay)
				}
				for i := range 3 {
					n := len(strip.pixels) / 3
					frame := picture{60, 40, bands, strip.pixels[i*n : (i+1)*n]}
					out, err := Apply(s, frame.image(t, s), tt.op)
					want := render(t, out, err)
					n = len(got.pixels) / 3
					have := picture{got.width, got.height / 3, got.bands, got.pixels[i*n : (i+1)*n]}
					if d := have.distance(want); d != 0 {
						t.Errorf("frame %d differs by %v from the frame alone", i, d)
					}
				}
			})
		}
	}
}

func TestEnhanceKeepsFrames(t *testing.T) {
	for preset := range looks {
		s := open(t)
		im, err := Enhance(s, scene(60, 120, 3).frames(t, s, 40), transform.Enhance{Preset: preset})
		if err != nil || im.PageHeight() != 40 {
			t.Errorf("%q: frames of height %d, error %v; want 40", preset, im.PageHeight(), err)
		}
	}
}

// A neutral argument gives back the image itself.
func TestNeutral(t *testing.T) {
	for _, op := range []transform.Op{
		transform.Rotate{}, transform.Rotate{Background: &red}, transform.Rotate{Degrees: 360},
		transform.Upscale{Only: true}, transform.Vignette{}, transform.Sharpen{}, transform.Blur{},
		transform.Sepia{}, transform.Pixelate{Size: 1}, transform.OilPaint{}, transform.Border{},
		transform.Modulate{Brightness: 100, Saturation: 100}, transform.Shadow{Blur: 3, X: 5},
	} {
		s := open(t)
		im := scene(60, 40, 4).image(t, s)
		if got, err := Apply(s, im, op); got != im || err != nil {
			t.Errorf("%T%+v made another image, error %v", op, op, err)
		}
	}
}

// Ops that are said to stream make the same of a file that is read once, from
// top to bottom.
func TestStreams(t *testing.T) {
	const width, height = 300, 1500
	p := scene(width, height, 3)
	name := filepath.Join(t.TempDir(), "scene.png")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	pixels := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			v := p.at(x, y)
			pixels.SetNRGBA(x, y, color.NRGBA{v[0], v[1], v[2], 255})
		}
	}
	if err := png.Encode(file, pixels); err != nil {
		t.Fatal(err)
	}
	load := func(t *testing.T, s *vips.Scope) *vips.Image {
		vips.Allow("VipsForeignLoadPng")
		in, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close() })
		im, err := s.Load("pngload_source", in, vips.Args{"access": "sequential"})
		if err != nil {
			t.Fatal(err)
		}
		return im
	}
	for _, tt := range every {
		if !Streams(tt.op) {
			continue
		}
		for _, op := range []transform.Op{tt.op, extreme(tt.op)} {
			t.Run(fmt.Sprintf("%T%+v", op, op), func(t *testing.T) {
				s := open(t)
				im, err := Apply(s, load(t, s), op)
				got := render(t, im, err)
				im, err = Apply(s, p.image(t, s), op)
				if d := got.distance(render(t, im, err)); d != 0 {
					t.Errorf("differs by %v when streamed", d)
				}
			})
		}
	}
	t.Run("not", func(t *testing.T) {
		s := open(t)
		im, err := Flip(s, load(t, s), transform.Flip{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := im.ToMemory(); err == nil || Streams(transform.Flip{}) {
			t.Errorf("a stream was read backwards, error %v", err)
		}
	})
}

// extreme returns op with the argument that reaches farthest.
func extreme(op transform.Op) transform.Op {
	switch op := op.(type) {
	case transform.Sharpen:
		op.Sigma = 20
		return op
	case transform.Blur:
		op.Sigma = 20
		return op
	case transform.OilPaint:
		op.Radius = 10
		return op
	case transform.Pixelate:
		op.Size = 100
		return op
	}
	return op
}
