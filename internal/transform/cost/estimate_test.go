package cost

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
)

// one returns a plan of the ops.
func one(ops ...transform.Op) transform.Plan { return transform.Plan{Ops: ops} }

func jpeg(w, h int) Header { return Header{Type: "image/jpeg", Width: w, Height: h} }

func TestOf(t *testing.T) {
	photo := jpeg(4000, 3000)
	turned := photo
	turned.Turned = true
	movie := Header{Type: "image/gif", Width: 100, Height: 50, Frames: 10}
	drawing := Header{Type: "image/svg+xml", Width: 100, Height: 50}
	scan := Header{Type: "image/tiff", Width: 100, Height: 50, Frames: 10}
	for _, tt := range []struct {
		name                 string
		plan                 transform.Plan
		inputs               []Header
		w, h, frames         int
		source, peak, output int64
	}{
		{"nothing", transform.Plan{}, []Header{photo}, 4000, 3000, 1, 12e6, 12e6, 12e6},
		{"smaller", one(transform.Resize{Width: 400}), []Header{photo}, 400, 300, 1, 12e6, 12e6, 120_000},
		{"larger", one(transform.Resize{Width: 8000}), []Header{photo}, 8000, 6000, 1, 12e6, 48e6, 48e6},
		{"part", one(transform.Crop{Box: transform.Box{X: 3900, Y: 2900, Width: 1000, Height: 1000}}), []Header{photo}, 100, 100, 1, 12e6, 12e6, 10_000},
		{"turned as noted", one(transform.Orient{}, transform.Resize{Width: 300}), []Header{turned}, 300, 400, 1, 12e6, 12e6, 120_000},
		{"turned once", one(transform.Orient{}, transform.Orient{}), []Header{turned}, 3000, 4000, 1, 12e6, 12e6, 12e6},
		{"note forgotten", one(transform.Orient{Ignore: true}, transform.Orient{}), []Header{turned}, 4000, 3000, 1, 12e6, 12e6, 12e6},
		{"turned", one(transform.Rotate{Degrees: 45}, transform.Resize{Width: 70}), []Header{jpeg(1000, 1000)}, 70, 70, 1, 1e6, 1414 * 1414, 4900},
		{"exact", one(transform.SmartCrop{Width: 30, Height: 40}), []Header{photo}, 30, 40, 1, 12e6, 12e6, 1200},
		{"faces", one(transform.CropFaces{Width: 30, Height: 40}), []Header{photo}, 30, 40, 1, 12e6, 12e6, 1200},
		{"faces of any size", one(transform.CropFaces{}), []Header{photo}, 4000, 3000, 1, 12e6, 12e6, 12e6},
		{"doubled", one(transform.Upscale{}), []Header{jpeg(100, 50)}, 200, 100, 1, 5000, 20_000, 20_000},
		{"noise", one(transform.Upscale{Only: true, Noise: 1}), []Header{jpeg(100, 50)}, 100, 50, 1, 5000, 5000, 5000},
		{"circle", one(transform.Circle{}), []Header{jpeg(100, 50)}, 50, 50, 1, 5000, 5000, 2500},
		{"frame", one(transform.Border{Width: 5}), []Header{jpeg(100, 50)}, 110, 60, 1, 5000, 6600, 6600},
		{"shadow", one(transform.Shadow{X: 4, Y: 6}), []Header{jpeg(100, 50)}, 104, 56, 1, 5000, 104 * 56, 104 * 56},
		{"another image", one(transform.Overlay{Input: 1, Size: 100}), []Header{jpeg(100, 50), photo}, 100, 50, 1, 12_005_000, 12e6, 5000},
		{"many images", one(transform.Collage{Inputs: []int{1, 2}, Width: 20, Height: 10}), []Header{movie, photo, jpeg(1, 1)}, 20, 10, 1, 12_005_001, 12e6, 200},
		{"frames", one(transform.Animate{Inputs: 2, Width: transform.Largest}), []Header{jpeg(100, 50), jpeg(200, 20)}, 200, 50, 2, 9000, 20_000, 20_000},
		{"animation", one(transform.Flip{}), []Header{movie}, 100, 50, 10, 50_000, 50_000, 50_000},
		{"animation in a still format", transform.Plan{Output: transform.Output{Format: transform.JPEG}}, []Header{movie}, 100, 50, 1, 5000, 5000, 5000},
		{"animation that is kept", transform.Plan{Output: transform.Output{Format: transform.AVIF, Still: true}}, []Header{movie}, 100, 50, 10, 50_000, 50_000, 50_000},
		{"a frame of it", transform.Plan{Page: 10}, []Header{movie}, 100, 50, 1, 5000, 5000, 5000},
		{"pages", transform.Plan{}, []Header{scan}, 100, 50, 1, 5000, 5000, 5000},
		{"drawing", transform.Plan{Density: 144}, []Header{drawing}, 200, 100, 1, 20_000, 20_000, 20_000},
		{"drawing at a size", one(transform.Resize{Width: 400}), []Header{drawing}, 400, 200, 1, 80_000, 80_000, 80_000},
		{"huge drawing made small", one(transform.Resize{Width: 400}), []Header{{Type: "image/svg+xml", Width: 100_000, Height: 50_000}}, 400, 200, 1, 80_000, 80_000, 80_000},
		{"part in percent", one(transform.Extract{Width: transform.Percent(50), Height: transform.Percent(200)}), []Header{jpeg(100, 50)}, 50, 100, 1, 5000, 5000, 5000},
		{"part of a ratio", one(transform.Extract{Ratio: transform.Ratio{Across: 1, Down: 1}}), []Header{jpeg(100, 50)}, 50, 50, 1, 5000, 5000, 2500},
		{"at most as much of a face", one(transform.Extract{Around: transform.Face, Width: transform.Percent(200), Height: transform.Pixels(9)}), []Header{jpeg(100, 50)}, 200, 9, 1, 5000, 5000, 1800},
		{"frame", one(transform.Reframe{Width: 30, Height: 40}), []Header{photo}, 30, 40, 1, 12e6, 12e6, 1200},
		{"not enlarged", one(transform.Resize{Width: 300, Height: 300, Fit: transform.Cover, Small: transform.Leave}), []Header{jpeg(100, 50)}, 100, 50, 1, 5000, 5000, 5000},
		{"not enlarged but padded", one(transform.Resize{Width: 300, Small: transform.Pad}), []Header{jpeg(100, 50)}, 300, 150, 1, 5000, 45_000, 45_000},
		{"trimmed", one(transform.Trim{}), []Header{jpeg(100, 50)}, 100, 50, 1, 5000, 5000, 5000},
		{"itself once more", one(transform.Draw{Width: transform.Pixels(9), Height: transform.Pixels(9)}), []Header{jpeg(100, 50)}, 100, 50, 1, 5000, 5000, 5000},
		{"another in a box", one(transform.Draw{Input: 1, Width: transform.Pixels(9), Height: transform.Pixels(9)}), []Header{jpeg(100, 50), photo}, 100, 50, 1, 12_005_000, 12e6, 5000},
		{"report", transform.Plan{Answer: transform.Info, Output: transform.Output{Info: &transform.Inquiry{Hash: true, Faces: true}}}, []Header{photo}, 0, 0, 0, 12e6, 12e6, 0},
		{"no image", transform.Plan{Answer: transform.Size}, []Header{photo}, 0, 0, 0, 12e6, 12e6, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Of(tt.plan, Limits{}, tt.inputs...)
			if err != nil {
				t.Fatal(err)
			}
			if e.Width != tt.w || e.Height != tt.h || e.Frames != tt.frames || e.Source != tt.source || e.Peak != tt.peak || e.Output != tt.output {
				t.Errorf("Of = %+v, want %d × %d of %d frames, %d → %d → %d pixels", e, tt.w, tt.h, tt.frames, tt.source, tt.peak, tt.output)
			}
			if e.Cost <= 0 || math.IsInf(e.Cost, 0) {
				t.Errorf("Estimate.Cost = %v", e.Cost)
			}
		})
	}
}

// TestF3PixelBombs refuses inputs from their headers, each limit at its edge.
func TestF3PixelBombs(t *testing.T) {
	few := Limits{SourcePixels: 1000, SourceSide: 100, Frames: 5, OutputPixels: 1 << 40, OutputSide: 1 << 20, Cost: 1e9}
	gif := func(w, h, frames int) Header { return Header{Type: "image/gif", Width: w, Height: h, Frames: frames} }
	two := one(transform.Overlay{Input: 1, Size: 100})
	for _, tt := range []struct {
		name   string
		limits Limits
		plan   transform.Plan
		inputs []Header
		want   string // part of the refusal; empty if it is accepted
	}{
		{"pixels at the limit", few, transform.Plan{}, []Header{jpeg(100, 10)}, ""},
		{"pixels over it", few, transform.Plan{}, []Header{jpeg(91, 11)}, "image 1 has 0.001001 megapixels, more than 0.001"},
		{"side at the limit", few, transform.Plan{}, []Header{jpeg(100, 1)}, ""},
		{"side over it", few, transform.Plan{}, []Header{jpeg(101, 1)}, "image 1 has 101 × 1 pixels, more than 100 on a side"},
		{"frames at the limit", few, transform.Plan{}, []Header{gif(1, 1, 5)}, ""},
		{"frames over it", few, transform.Plan{}, []Header{gif(1, 1, 6)}, "image 1 has 6 frames, more than 5"},
		{"frames that are not needed", few, transform.Plan{Output: transform.Output{Format: transform.PNG}}, []Header{gif(1, 1, 6)}, ""},
		{"frames together at the limit", few, transform.Plan{}, []Header{gif(20, 10, 5)}, ""},
		{"frames together over it", few, transform.Plan{}, []Header{gif(67, 3, 5)}, "megapixels"},
		{"images together at the limit", few, two, []Header{jpeg(50, 10), jpeg(50, 10)}, ""},
		{"images together over it", few, two, []Header{jpeg(50, 10), jpeg(3, 167)}, "image 2 has 3 × 167 pixels"},
		{"images together just over it", few, two, []Header{jpeg(50, 10), jpeg(50, 11)}, "the images have"},
		{"an image that is not used", few, transform.Plan{}, []Header{jpeg(1, 1), jpeg(1000, 1000)}, ""},
		{"no size", few, transform.Plan{}, []Header{jpeg(0, 10)}, "the size of image 1 is not known"},
		{"negative size", few, transform.Plan{}, []Header{jpeg(10, -1)}, "the size of image 1 is not known"},
		{"dense drawing", few, transform.Plan{Density: 500}, []Header{{Type: "image/svg+xml", Width: 50, Height: 1}}, "image 1 has 347 × 7 pixels"},
		{"defaults at the limit", Limits{}, one(transform.Resize{Width: 1}), []Header{jpeg(10_000, 10_000)}, ""},
		{"pixels over the default", Limits{}, one(transform.Resize{Width: 1}), []Header{jpeg(10_000, 10_001)}, "image 1 has 100.01 megapixels"},
		{"side over the default", Limits{}, one(transform.Resize{Width: 1}), []Header{jpeg(16_385, 1)}, "more than 16384 on a side"},
		{"frames over the default", Limits{}, transform.Plan{}, []Header{gif(1, 1, 301)}, "301 frames, more than 300"},
		{"largest numbers", Limits{}, transform.Plan{}, []Header{jpeg(math.MaxInt32, math.MaxInt32)}, "on a side"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, tt.plan, tt.limits, tt.inputs, tt.want) })
	}
}

func checkRefusal(t *testing.T, p transform.Plan, l Limits, inputs []Header, want string) {
	t.Helper()
	_, err := Of(p, l, inputs...)
	var refusal *transform.Refusal
	switch {
	case want == "" && err != nil:
		t.Errorf("Of: %v", err)
	case want != "" && (!errors.As(err, &refusal) || !strings.Contains(refusal.Why, want)):
		t.Errorf("Of error = %v, want one with %q", err, want)
	}
}

// TestF4OutputBombs refuses plans that would make too much of little.
func TestF4OutputBombs(t *testing.T) {
	few := Limits{SourcePixels: 10_000, SourceSide: 200, OutputPixels: 1000, OutputSide: 100, Cost: 1e9}
	doubled := func(n int) (p transform.Plan) {
		for range n {
			p.Ops = append(p.Ops, transform.Upscale{})
		}
		return p
	}
	for _, tt := range []struct {
		name   string
		limits Limits
		plan   transform.Plan
		inputs []Header
		want   string
	}{
		{"result at the limit", few, one(transform.Resize{Width: 100, Height: 10, Fit: transform.Scale}), []Header{jpeg(1, 1)}, ""},
		{"result over it", few, one(transform.Resize{Width: 91, Height: 11, Fit: transform.Scale}), []Header{jpeg(1, 1)}, "the result has"},
		{"side over it", few, one(transform.Resize{Width: 101, Height: 1, Fit: transform.Scale}), []Header{jpeg(1, 1)}, "the result has 101 × 1 pixels, more than 100 on a side"},
		{"large on the way, small in the end", few, one(transform.Resize{Width: 100, Height: 100, Fit: transform.Scale}, transform.Resize{Width: 5}), []Header{jpeg(1, 1)}, ""},
		{"too large on the way", few, one(transform.Resize{Width: 101, Height: 100, Fit: transform.Scale}, transform.Resize{Width: 5}), []Header{jpeg(1, 1)}, "step 1, resize, makes 0.0101 megapixels"},
		{"too wide on the way", few, one(transform.Resize{Width: 201, Height: 1, Fit: transform.Scale}, transform.Resize{Width: 5}), []Header{jpeg(1, 1)}, "step 1, resize, makes 201 × 1 pixels"},
		{"an answer that is no image", few, transform.Plan{Ops: one(transform.Resize{Width: 100, Height: 100, Fit: transform.Scale}).Ops, Answer: transform.Size}, []Header{jpeg(1, 1)}, ""},
		{"a thin image made wide", Limits{}, one(transform.Resize{Width: 10_000}), []Header{jpeg(1, 10_000)}, "step 1, resize, makes 10000 × 100000000 pixels"},
		{"doubled again and again", Limits{}, doubled(transform.MaxSteps), []Header{jpeg(10, 10)}, "step 10, upscale, makes 104.86 megapixels, more than 100"},
		{"turned", Limits{}, one(transform.Rotate{Degrees: 45}), []Header{jpeg(9_000, 9_000)}, "step 1, rotate"},
		{"result over the default", Limits{}, one(transform.Flip{}), []Header{jpeg(10_000, 5_001)}, "the result has 50.01 megapixels"},
		{"side over the default", Limits{}, one(transform.Flip{}), []Header{jpeg(10_001, 1)}, "more than 10000 on a side"},
		{"steps at the limit", Limits{}, transform.Plan{Ops: flips(transform.MaxSteps)}, []Header{jpeg(1, 1)}, ""},
		{"steps over it", Limits{}, transform.Plan{Ops: flips(transform.MaxSteps + 1)}, []Header{jpeg(1, 1)}, "31 steps, more than 30"},
		{"images at the limit", Limits{}, one(transform.Animate{Inputs: transform.MaxInputs}), manyInputs(transform.MaxInputs), ""},
		{"images over it", Limits{}, one(transform.Animate{Inputs: transform.MaxInputs + 1}), manyInputs(transform.MaxInputs + 1), "21 images, more than 20"},
		{"images missing", Limits{}, one(transform.Overlay{Input: 2, Size: 1}), manyInputs(2), "the plan needs 3 images, not 2"},
		{"cost", Limits{}, one(transform.OilPaint{Radius: 10}), []Header{jpeg(7_000, 7_000)}, "this would take about 14 seconds, more than 10: make the image smaller first"},
		{"outside", Limits{}, one(transform.Crop{Box: transform.Box{X: 100, Y: 0, Width: 1, Height: 1}}), []Header{jpeg(100, 100)}, "outside the image of 100 × 100 pixels"},
		{"page beyond the last", Limits{}, transform.Plan{Page: 4}, []Header{{Type: "image/tiff", Width: 1, Height: 1, Frames: 3}}, "there is no page 4, only 3"},
		{"page of a photograph", Limits{}, transform.Plan{Page: 2}, []Header{jpeg(1, 1)}, "there is no page 2, only 1"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, tt.plan, tt.limits, tt.inputs, tt.want) })
	}
	if _, err := Of(one(transform.Crop{Box: transform.Box{X: 100, Y: 0, Width: 1, Height: 1}}), Limits{}, jpeg(9, 9)); fault.Of(err) != fault.Invalid {
		t.Errorf("a part outside the image is %v, want invalid", fault.Of(err))
	}
	if _, err := Of(doubled(9), Limits{}, jpeg(100, 100)); fault.Of(err) != fault.TooLarge {
		t.Errorf("an image doubled too often is %v, want too large", fault.Of(err))
	}
}

// TestF4Time accepts what a worker was seen to do in time, and refuses what
// it was not.
func TestF4Time(t *testing.T) {
	photo := jpeg(4032, 3024) // 12.2 megapixels
	white, late := transform.White, "this would take about"
	out := func(o transform.Output) transform.Plan { return transform.Plan{Output: o} }
	for _, tt := range []struct {
		name  string
		plan  transform.Plan
		input Header
		want  string
	}{
		{"thick oil paint", one(transform.OilPaint{Radius: 10}), photo, ""},
		{"thick oil paint on more", one(transform.OilPaint{Radius: 10}), jpeg(7000, 5000), ""},
		{"thick oil paint on too much", one(transform.OilPaint{Radius: 10}), jpeg(7000, 7000), late},
		{"thick oil paint after a resize", one(transform.Resize{Width: 1000}, transform.OilPaint{Radius: 10}), jpeg(7000, 7000), ""},
		{"twice the size", one(transform.Upscale{}), photo, ""},
		{"twice the size of a drawing", one(transform.Upscale{Artwork: true}), photo, ""},
		{"instant photograph", one(transform.Polaroid{Color: white, Degrees: 45}), photo, ""},
		{"several effects", one(transform.Blur{Sigma: 20}, transform.Sharpen{Sigma: 20}, transform.Enhance{Preset: "beautify"}, transform.Vignette{Amount: 20}), photo, ""},
		{"too many of them", one(transform.Enhance{Preset: "beautify"}, transform.Enhance{Preset: "beautify"}, transform.Enhance{Preset: "beautify"}, transform.Enhance{Preset: "beautify"}), photo, late},
		{"faces of a huge image", one(transform.MarkFaces{Color: white}), jpeg(9000, 5500), ""},
		{"red eyes of every frame", one(transform.RedEye{}), Header{Type: "image/webp", Width: 1000, Height: 1000, Frames: 30}, late},
		{"largest JPEG", out(transform.Output{Format: transform.JPEG}), jpeg(10_000, 5000), ""},
		{"largest JPEG of HEIC", out(transform.Output{}), Header{Type: "image/heic", Width: 10_000, Height: 5000}, ""},
		{"largest WebP", out(transform.Output{Format: transform.WebP}), jpeg(10_000, 5000), ""},
		{"largest AVIF", out(transform.Output{Format: transform.AVIF}), jpeg(10_000, 5000), ""},
		{"largest PNG", out(transform.Output{Format: transform.PNG}), jpeg(10_000, 5000), ""},
		{"largest JPEG with more time", out(transform.Output{Format: transform.JPEG, Compress: true}), jpeg(10_000, 5000), ""},
		{"thorough PNG", out(transform.Output{Format: transform.PNG, Compress: true}), jpeg(2000, 2000), ""},
		{"PNG too large for that", out(transform.Output{Format: transform.PNG, Compress: true}), photo, ""},
		{"GIF", out(transform.Output{Format: transform.GIF}), photo, ""},
		{"long animation", out(transform.Output{}), Header{Type: "image/gif", Width: 800, Height: 500, Frames: 100}, late},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, tt.plan, Limits{}, []Header{tt.input}, tt.want) })
	}
	e, err := Of(one(transform.OilPaint{Radius: 10}), Limits{}, photo)
	if err != nil {
		t.Fatal(err)
	}
	checkRefusal(t, one(transform.OilPaint{Radius: 10}), Limits{Cost: e.Cost}, []Header{photo}, "")
	checkRefusal(t, one(transform.OilPaint{Radius: 10}), Limits{Cost: 0.99 * e.Cost}, []Header{photo}, "make the image smaller first")
}

func flips(n int) (ops []transform.Op) {
	for range n {
		ops = append(ops, transform.Flip{})
	}
	return ops
}

func manyInputs(n int) (inputs []Header) {
	for range n {
		inputs = append(inputs, jpeg(1, 1))
	}
	return inputs
}

// A side that a plan allows is no more than that, unless it depends on what is
// in the image: that is found out later.
func TestF3MaxSide(t *testing.T) {
	largest := func(side int, ops ...transform.Op) transform.Plan {
		return transform.Plan{Ops: ops, Output: transform.Output{MaxSide: side}}
	}
	half := transform.Percent(50)
	for _, tt := range []struct {
		name string
		plan transform.Plan
		want error
	}{
		{"as it is", largest(100), nil},
		{"as it is", largest(99), fault.TooLarge},
		{"made smaller", largest(99, transform.Resize{Width: 99}), nil},
		{"a guess", largest(99, transform.Trim{}), nil},
		{"a guess", largest(49, transform.Extract{Around: transform.Face, Width: half, Height: half}), nil},
		{"no guess any more", largest(99, transform.Trim{}, transform.Resize{Width: 100, Height: 9, Fit: transform.Scale}), fault.TooLarge},
		{"no guess any more", largest(99, transform.Trim{}, transform.Resize{Width: 99, Height: 9, Fit: transform.Scale}), nil},
	} {
		if _, err := Of(tt.plan, Limits{}, jpeg(100, 50)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// What takes long is not let through for its words.
func TestF4Retouch(t *testing.T) {
	photo := jpeg(4000, 3000)
	long := make([]transform.Op, transform.MaxSteps)
	for name, op := range map[string]transform.Op{
		"blurs": transform.Soften{Strength: 5000, Amount: 100}, "looks": transform.Look{Name: "gavin", Amount: 100},
		"tones": transform.Adjust{Vibrance: 100}, "boxes": transform.BlurPart{Width: transform.Percent(100), Height: transform.Percent(100), Strength: 9},
		"itself": transform.Draw{Width: transform.Percent(100), Height: transform.Percent(100), Opacity: 50},
	} {
		for i := range long {
			long[i] = op
		}
		if _, err := Of(one(long...), Limits{}, photo); fault.Of(err) != fault.TooLarge {
			t.Errorf("%d %s: %v, want too large", len(long), name, err)
		}
		if _, err := Of(one(op, op), Limits{}, photo); err != nil {
			t.Errorf("two %s: %v", name, err)
		}
	}
}
