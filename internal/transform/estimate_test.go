package transform

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func jpeg(w, h int) Header { return Header{Type: "image/jpeg", Width: w, Height: h} }

func TestEstimate(t *testing.T) {
	photo := jpeg(4000, 3000)
	turned := photo
	turned.Turned = true
	movie := Header{Type: "image/gif", Width: 100, Height: 50, Frames: 10}
	drawing := Header{Type: "image/svg+xml", Width: 100, Height: 50}
	scan := Header{Type: "image/tiff", Width: 100, Height: 50, Frames: 10}
	for _, tt := range []struct {
		name                 string
		plan                 Plan
		inputs               []Header
		w, h, frames         int
		source, peak, output int64
	}{
		{"nothing", Plan{}, []Header{photo}, 4000, 3000, 1, 12e6, 12e6, 12e6},
		{"smaller", one(Resize{Width: 400}), []Header{photo}, 400, 300, 1, 12e6, 12e6, 120_000},
		{"larger", one(Resize{Width: 8000}), []Header{photo}, 8000, 6000, 1, 12e6, 48e6, 48e6},
		{"part", one(Crop{Box{3900, 2900, 1000, 1000}}), []Header{photo}, 100, 100, 1, 12e6, 12e6, 10_000},
		{"turned as noted", one(Orient{}, Resize{Width: 300}), []Header{turned}, 300, 400, 1, 12e6, 12e6, 120_000},
		{"turned once", one(Orient{}, Orient{}), []Header{turned}, 3000, 4000, 1, 12e6, 12e6, 12e6},
		{"note forgotten", one(Orient{Ignore: true}, Orient{}), []Header{turned}, 4000, 3000, 1, 12e6, 12e6, 12e6},
		{"turned", one(Rotate{Degrees: 45}, Resize{Width: 70}), []Header{jpeg(1000, 1000)}, 70, 70, 1, 1e6, 1414 * 1414, 4900},
		{"exact", one(SmartCrop{Width: 30, Height: 40}), []Header{photo}, 30, 40, 1, 12e6, 12e6, 1200},
		{"faces", one(CropFaces{Width: 30, Height: 40}), []Header{photo}, 30, 40, 1, 12e6, 12e6, 1200},
		{"faces of any size", one(CropFaces{}), []Header{photo}, 4000, 3000, 1, 12e6, 12e6, 12e6},
		{"doubled", one(Upscale{}), []Header{jpeg(100, 50)}, 200, 100, 1, 5000, 20_000, 20_000},
		{"noise", one(Upscale{Only: true, Noise: 1}), []Header{jpeg(100, 50)}, 100, 50, 1, 5000, 5000, 5000},
		{"circle", one(Circle{}), []Header{jpeg(100, 50)}, 50, 50, 1, 5000, 5000, 2500},
		{"frame", one(Border{Width: 5}), []Header{jpeg(100, 50)}, 110, 60, 1, 5000, 6600, 6600},
		{"shadow", one(Shadow{X: 4, Y: 6}), []Header{jpeg(100, 50)}, 104, 56, 1, 5000, 104 * 56, 104 * 56},
		{"another image", one(Overlay{Input: 1, Size: 100}), []Header{jpeg(100, 50), photo}, 100, 50, 1, 12_005_000, 12e6, 5000},
		{"many images", one(Collage{Inputs: []int{1, 2}, Width: 20, Height: 10}), []Header{movie, photo, jpeg(1, 1)}, 20, 10, 1, 12_005_001, 12e6, 200},
		{"frames", one(Animate{Inputs: 2, Width: Largest}), []Header{jpeg(100, 50), jpeg(200, 20)}, 200, 50, 2, 9000, 20_000, 20_000},
		{"animation", one(Flip{}), []Header{movie}, 100, 50, 10, 50_000, 50_000, 50_000},
		{"animation in a still format", Plan{Output: Output{Format: JPEG}}, []Header{movie}, 100, 50, 1, 5000, 5000, 5000},
		{"animation that is kept", Plan{Output: Output{Format: AVIF, Still: true}}, []Header{movie}, 100, 50, 10, 50_000, 50_000, 50_000},
		{"a frame of it", Plan{Page: 10}, []Header{movie}, 100, 50, 1, 5000, 5000, 5000},
		{"pages", Plan{}, []Header{scan}, 100, 50, 1, 5000, 5000, 5000},
		{"drawing", Plan{Density: 144}, []Header{drawing}, 200, 100, 1, 20_000, 20_000, 20_000},
		{"drawing at a size", one(Resize{Width: 400}), []Header{drawing}, 400, 200, 1, 80_000, 80_000, 80_000},
		{"huge drawing made small", one(Resize{Width: 400}), []Header{{Type: "image/svg+xml", Width: 100_000, Height: 50_000}}, 400, 200, 1, 80_000, 80_000, 80_000},
		{"no image", Plan{Answer: Size}, []Header{photo}, 0, 0, 0, 12e6, 12e6, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := tt.plan.Estimate(Limits{}, tt.inputs...)
			if err != nil {
				t.Fatal(err)
			}
			if e.Width != tt.w || e.Height != tt.h || e.Frames != tt.frames || e.Source != tt.source || e.Peak != tt.peak || e.Output != tt.output {
				t.Errorf("Estimate = %+v, want %d × %d of %d frames, %d → %d → %d pixels", e, tt.w, tt.h, tt.frames, tt.source, tt.peak, tt.output)
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
	two := one(Overlay{Input: 1, Size: 100})
	for _, tt := range []struct {
		name   string
		limits Limits
		plan   Plan
		inputs []Header
		want   string // part of the refusal; empty if it is accepted
	}{
		{"pixels at the limit", few, Plan{}, []Header{jpeg(100, 10)}, ""},
		{"pixels over it", few, Plan{}, []Header{jpeg(91, 11)}, "image 1 has 0.001001 megapixels, more than 0.001"},
		{"side at the limit", few, Plan{}, []Header{jpeg(100, 1)}, ""},
		{"side over it", few, Plan{}, []Header{jpeg(101, 1)}, "image 1 has 101 × 1 pixels, more than 100 on a side"},
		{"frames at the limit", few, Plan{}, []Header{gif(1, 1, 5)}, ""},
		{"frames over it", few, Plan{}, []Header{gif(1, 1, 6)}, "image 1 has 6 frames, more than 5"},
		{"frames that are not needed", few, Plan{Output: Output{Format: PNG}}, []Header{gif(1, 1, 6)}, ""},
		{"frames together at the limit", few, Plan{}, []Header{gif(20, 10, 5)}, ""},
		{"frames together over it", few, Plan{}, []Header{gif(67, 3, 5)}, "megapixels"},
		{"images together at the limit", few, two, []Header{jpeg(50, 10), jpeg(50, 10)}, ""},
		{"images together over it", few, two, []Header{jpeg(50, 10), jpeg(3, 167)}, "image 2 has 3 × 167 pixels"},
		{"images together just over it", few, two, []Header{jpeg(50, 10), jpeg(50, 11)}, "the images have"},
		{"an image that is not used", few, Plan{}, []Header{jpeg(1, 1), jpeg(1000, 1000)}, ""},
		{"no size", few, Plan{}, []Header{jpeg(0, 10)}, "the size of image 1 is not known"},
		{"negative size", few, Plan{}, []Header{jpeg(10, -1)}, "the size of image 1 is not known"},
		{"dense drawing", few, Plan{Density: 500}, []Header{{Type: "image/svg+xml", Width: 50, Height: 1}}, "image 1 has 347 × 7 pixels"},
		{"defaults at the limit", Limits{}, one(Resize{Width: 1}), []Header{jpeg(10_000, 10_000)}, ""},
		{"pixels over the default", Limits{}, one(Resize{Width: 1}), []Header{jpeg(10_000, 10_001)}, "image 1 has 100.01 megapixels"},
		{"side over the default", Limits{}, one(Resize{Width: 1}), []Header{jpeg(16_385, 1)}, "more than 16384 on a side"},
		{"frames over the default", Limits{}, Plan{}, []Header{gif(1, 1, 301)}, "301 frames, more than 300"},
		{"largest numbers", Limits{}, Plan{}, []Header{jpeg(math.MaxInt32, math.MaxInt32)}, "on a side"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, tt.plan, tt.limits, tt.inputs, tt.want) })
	}
}

func checkRefusal(t *testing.T, p Plan, l Limits, inputs []Header, want string) {
	t.Helper()
	_, err := p.Estimate(l, inputs...)
	var refusal *Refusal
	switch {
	case want == "" && err != nil:
		t.Errorf("Estimate: %v", err)
	case want != "" && (!errors.As(err, &refusal) || !strings.Contains(refusal.Why, want)):
		t.Errorf("Estimate error = %v, want one with %q", err, want)
	}
}

// TestF4OutputBombs refuses plans that would make too much of little.
func TestF4OutputBombs(t *testing.T) {
	few := Limits{SourcePixels: 10_000, SourceSide: 200, OutputPixels: 1000, OutputSide: 100, Cost: 1e9}
	doubled := func(n int) (p Plan) {
		for range n {
			p.Ops = append(p.Ops, Upscale{})
		}
		return p
	}
	for _, tt := range []struct {
		name   string
		limits Limits
		plan   Plan
		inputs []Header
		want   string
	}{
		{"result at the limit", few, one(Resize{Width: 100, Height: 10, Fit: Scale}), []Header{jpeg(1, 1)}, ""},
		{"result over it", few, one(Resize{Width: 91, Height: 11, Fit: Scale}), []Header{jpeg(1, 1)}, "the result has"},
		{"side over it", few, one(Resize{Width: 101, Height: 1, Fit: Scale}), []Header{jpeg(1, 1)}, "the result has 101 × 1 pixels, more than 100 on a side"},
		{"large on the way, small in the end", few, one(Resize{Width: 100, Height: 100, Fit: Scale}, Resize{Width: 5}), []Header{jpeg(1, 1)}, ""},
		{"too large on the way", few, one(Resize{Width: 101, Height: 100, Fit: Scale}, Resize{Width: 5}), []Header{jpeg(1, 1)}, "step 1, resize, makes 0.0101 megapixels"},
		{"too wide on the way", few, one(Resize{Width: 201, Height: 1, Fit: Scale}, Resize{Width: 5}), []Header{jpeg(1, 1)}, "step 1, resize, makes 201 × 1 pixels"},
		{"an answer that is no image", few, Plan{Ops: one(Resize{Width: 100, Height: 100, Fit: Scale}).Ops, Answer: Size}, []Header{jpeg(1, 1)}, ""},
		{"a thin image made wide", Limits{}, one(Resize{Width: 10_000}), []Header{jpeg(1, 10_000)}, "step 1, resize, makes 10000 × 100000000 pixels"},
		{"doubled again and again", Limits{}, doubled(MaxSteps), []Header{jpeg(10, 10)}, "step 10, upscale, makes 104.86 megapixels, more than 100"},
		{"turned", Limits{}, one(Rotate{Degrees: 45}), []Header{jpeg(9_000, 9_000)}, "step 1, rotate"},
		{"result over the default", Limits{}, one(Flip{}), []Header{jpeg(10_000, 5_001)}, "the result has 50.01 megapixels"},
		{"side over the default", Limits{}, one(Flip{}), []Header{jpeg(10_001, 1)}, "more than 10000 on a side"},
		{"steps at the limit", Limits{}, Plan{Ops: flips(MaxSteps)}, []Header{jpeg(1, 1)}, ""},
		{"steps over it", Limits{}, Plan{Ops: flips(MaxSteps + 1)}, []Header{jpeg(1, 1)}, "31 steps, more than 30"},
		{"images at the limit", Limits{}, one(Animate{Inputs: MaxInputs}), manyInputs(MaxInputs), ""},
		{"images over it", Limits{}, one(Animate{Inputs: MaxInputs + 1}), manyInputs(MaxInputs + 1), "21 images, more than 20"},
		{"images missing", Limits{}, one(Overlay{Input: 2, Size: 1}), manyInputs(2), "the plan needs 3 images, not 2"},
		{"cost", Limits{}, one(OilPaint{10}), []Header{jpeg(7_000, 7_000)}, "this would take about 14 seconds, more than 10: make the image smaller first"},
		{"outside", Limits{}, one(Crop{Box{100, 0, 1, 1}}), []Header{jpeg(100, 100)}, "outside the image of 100 × 100 pixels"},
		{"page beyond the last", Limits{}, Plan{Page: 4}, []Header{{Type: "image/tiff", Width: 1, Height: 1, Frames: 3}}, "there is no page 4, only 3"},
		{"page of a photograph", Limits{}, Plan{Page: 2}, []Header{jpeg(1, 1)}, "there is no page 2, only 1"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, tt.plan, tt.limits, tt.inputs, tt.want) })
	}
	if _, err := one(Crop{Box{100, 0, 1, 1}}).Estimate(Limits{}, jpeg(9, 9)); fault.Of(err) != fault.Invalid {
		t.Errorf("a part outside the image is %v, want invalid", fault.Of(err))
	}
	if _, err := doubled(9).Estimate(Limits{}, jpeg(100, 100)); fault.Of(err) != fault.TooLarge {
		t.Errorf("an image doubled too often is %v, want too large", fault.Of(err))
	}
}

// TestF4Time accepts what a worker was seen to do in time, and refuses what
// it was not.
func TestF4Time(t *testing.T) {
	photo := jpeg(4032, 3024) // 12.2 megapixels
	white, late := White, "this would take about"
	out := func(o Output) Plan { return Plan{Output: o} }
	for _, tt := range []struct {
		name  string
		plan  Plan
		input Header
		want  string
	}{
		{"thick oil paint", one(OilPaint{10}), photo, ""},
		{"thick oil paint on more", one(OilPaint{10}), jpeg(7000, 5000), ""},
		{"thick oil paint on too much", one(OilPaint{10}), jpeg(7000, 7000), late},
		{"thick oil paint after a resize", one(Resize{Width: 1000}, OilPaint{10}), jpeg(7000, 7000), ""},
		{"twice the size", one(Upscale{}), photo, ""},
		{"twice the size of a drawing", one(Upscale{Artwork: true}), photo, ""},
		{"instant photograph", one(Polaroid{Color: white, Degrees: 45}), photo, ""},
		{"several effects", one(Blur{20}, Sharpen{20}, Enhance{Preset: "beautify"}, Vignette{Amount: 20}), photo, ""},
		{"too many of them", one(Enhance{Preset: "beautify"}, Enhance{Preset: "beautify"}, Enhance{Preset: "beautify"}, Enhance{Preset: "beautify"}), photo, late},
		{"faces of a huge image", one(MarkFaces{Color: white}), jpeg(9000, 5500), ""},
		{"red eyes of every frame", one(RedEye{}), Header{Type: "image/webp", Width: 1000, Height: 1000, Frames: 30}, late},
		{"largest JPEG", out(Output{Format: JPEG}), jpeg(10_000, 5000), ""},
		{"largest JPEG of HEIC", out(Output{}), Header{Type: "image/heic", Width: 10_000, Height: 5000}, ""},
		{"largest WebP", out(Output{Format: WebP}), jpeg(10_000, 5000), ""},
		{"largest AVIF", out(Output{Format: AVIF}), jpeg(10_000, 5000), ""},
		{"largest PNG", out(Output{Format: PNG}), jpeg(10_000, 5000), ""},
		{"largest JPEG with more time", out(Output{Format: JPEG, Compress: true}), jpeg(10_000, 5000), ""},
		{"thorough PNG", out(Output{Format: PNG, Compress: true}), jpeg(2000, 2000), ""},
		{"PNG too large for that", out(Output{Format: PNG, Compress: true}), photo, ""},
		{"GIF", out(Output{Format: GIF}), photo, ""},
		{"long animation", out(Output{}), Header{Type: "image/gif", Width: 800, Height: 500, Frames: 100}, late},
	} {
		t.Run(tt.name, func(t *testing.T) { checkRefusal(t, tt.plan, Limits{}, []Header{tt.input}, tt.want) })
	}
	e, err := one(OilPaint{10}).Estimate(Limits{}, photo)
	if err != nil {
		t.Fatal(err)
	}
	checkRefusal(t, one(OilPaint{10}), Limits{Cost: e.Cost}, []Header{photo}, "")
	checkRefusal(t, one(OilPaint{10}), Limits{Cost: 0.99 * e.Cost}, []Header{photo}, "make the image smaller first")
}

func flips(n int) (ops []Op) {
	for range n {
		ops = append(ops, Flip{})
	}
	return ops
}

func manyInputs(n int) (inputs []Header) {
	for range n {
		inputs = append(inputs, jpeg(1, 1))
	}
	return inputs
}

// TestF4RandomPlans holds that what is accepted stays within every limit.
func TestF4RandomPlans(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	l := Limits{}.withDefaults()
	accepted := 0
	for range 30_000 {
		p := randomPlan(r)
		var inputs []Header
		for range p.Inputs() {
			inputs = append(inputs, Header{Type: []string{"image/jpeg", "image/gif", "image/svg+xml"}[r.IntN(3)], Width: 1 + r.IntN(20_000), Height: 1 + r.IntN(5_000), Frames: r.IntN(3)})
		}
		e, err := p.Estimate(Limits{}, inputs...)
		if err != nil {
			if k := fault.Of(err); k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("Estimate of %+v: kind %v", p, k)
			}
			continue
		}
		accepted++
		if e.Source < 1 || e.Source > l.SourcePixels || e.Peak < 1 || e.Peak > l.SourcePixels || e.Output > l.OutputPixels ||
			e.Width > l.OutputSide || e.Height > l.OutputSide || e.Frames > l.Frames || !(e.Cost > 0 && e.Cost <= l.Cost) {
			t.Fatalf("Estimate of %+v = %+v, over a limit", p, e)
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d plans were accepted: the test says little", accepted)
	}
}
