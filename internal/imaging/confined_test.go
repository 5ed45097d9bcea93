package imaging

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/worker"
)

// asWorker makes the test program a worker.
const asWorker = "-as-worker"

// confined returns an engine whose only worker is confined as a server's is.
func confined(t *testing.T) Engine {
	t.Helper()
	config := WorkerConfig("")
	config.Command, config.Size, config.Memory = []string{os.Args[0], asWorker}, 1, 1<<30
	pool, err := worker.Start(config)
	if err != nil {
		t.Skipf("skipped: no confined worker: %v", err)
	}
	t.Cleanup(pool.Close)
	return Engine{Pool: pool}
}

// What opens files or takes memory works where little of either may be had:
// fonts are read, and faces, subjects and colours are found in a photograph of 12
// megapixels.
func TestConfined(t *testing.T) {
	engine := confined(t)
	photo := jpegOf(t, landscape(4000, 3000, 3))
	px, pc := transform.Pixels, transform.Percent
	for name, plan := range map[string]transform.Plan{
		"text": to(transform.PNG, transform.Resize{Width: 400}, transform.Text{Text: "Grüße\n日本", Size: 40, Width: pc(100), Height: pc(100),
			Color: transform.White, Family: "serif", Bold: true, Back: "line", Behind: transform.Black, Padding: 4}),
		"info":    {Answer: transform.Info, Output: transform.Output{Info: &transform.Inquiry{Hash: true, Colors: 256, Faces: true}}},
		"subject": to(transform.JPEG, transform.Extract{Around: transform.Object}, transform.Zoom{Percent: 90}),
		"cover":   to(transform.JPEG, transform.Orient{}, transform.Resize{Width: 300, Height: 400, Fit: transform.Cover, Keep: "faces objects points"}),
		"tones": to(transform.JPEG, transform.Adjust{Brightness: 5, Contrast: 20, Vibrance: 50, Warmth: 20}, transform.Look{Name: "gavin", Amount: 150},
			transform.Soften{Strength: 2, Amount: -100}, transform.Resize{Width: 2000}),
		"blur": to(transform.JPEG, transform.Soften{Strength: 5000, Amount: 100}, transform.BlurPart{Width: pc(90), Height: pc(90), At: transform.Middle, Strength: 900}, transform.BlurPart{Faces: true, Strength: 10}),
		"itself": to(transform.Fitting, transform.Draw{Width: pc(50), Height: pc(50), At: transform.Middle, Opacity: 70}, transform.Rect{Color: transform.Black, Width: px(9), Height: px(9)},
			transform.CutCorners{Across: [4]transform.Length{pc(50), pc(50), pc(50), pc(50)}}, transform.Resize{Width: 1000}),
		"edges": to(transform.AVIF, transform.Trim{Tolerance: 5}, transform.Reframe{Width: 500, Height: 1000}),
	} {
		t.Run(name, func(t *testing.T) {
			in, out := file(t, photo), file(t, nil)
			result, err := engine.Render(t.Context(), "app", Request{Plan: plan, Inputs: []Input{{Type: inspect.Detect(photo), File: in}}}, out)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(out.Name())
			if err != nil || int64(len(data)) != result.Bytes {
				t.Fatalf("%d bytes, %v, want %d", len(data), err, result.Bytes)
			}
			switch name {
			case "info":
				var r transform.Report
				if err := json.Unmarshal(data, &r); err != nil || r.Format != "JPEG" || len(r.Hash) != 16 || len(r.Colors) < 200 || len(r.Colors) > 256 {
					t.Errorf("info = %.200s, %v", data, err)
				}
			case "text":
				bright := 0
				img := pixels(t, data)
				for y := range img.Bounds().Dy() {
					for x := range img.Bounds().Dx() {
						if r, g, b, _ := img.At(x, y).RGBA(); min(r, g, b) > 0xf000 {
							bright++
						}
					}
				}
				if bright < 300 {
					t.Errorf("%d pixels of text", bright)
				}
			}
		})
	}
	in, out := file(t, photo), file(t, nil)
	bomb := to(transform.PNG, transform.Extract{Width: pc(10_000), Height: pc(10_000)})
	var refusal *transform.Refusal
	if _, err := engine.Render(t.Context(), "app", Request{Plan: bomb, Inputs: []Input{{Type: "image/jpeg", File: in}}}, out); !errors.As(err, &refusal) || fault.Of(err) != fault.TooLarge {
		t.Errorf("a bomb of percents: %v", err)
	}
}
