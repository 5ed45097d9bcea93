package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/transform"
)

// The format follows from the pixels where it is not given.
func TestChosenFormat(t *testing.T) {
	photo, flat := landscape(200, 100, 3), quadrants(200, 100)
	veiled := image.NewNRGBA(photo.Bounds())
	copy(veiled.Pix, photo.Pix)
	veiled.Pix[len(veiled.Pix)-1] = 254
	_, webp := ran(t, to(transform.WebP), pngOf(t, veiled))
	for _, tt := range []struct {
		name   string
		format transform.Format
		data   []byte
		ops    []transform.Op
		want   string
	}{
		{"photograph", transform.Fitting, pngOf(t, photo), nil, "image/jpeg"},
		{"one pixel that is not opaque", transform.Fitting, pngOf(t, veiled), nil, "image/png"},
		{"few colours", transform.Fitting, pngOf(t, flat), nil, "image/png"},
		{"few colours, stored as a JPEG", transform.Fitting, jpegOf(t, photo), nil, "image/jpeg"},
		{"corners that are open", transform.Fitting, jpegOf(t, photo), []transform.Op{transform.Circle{}}, "image/png"},
		{"JPEG stays", transform.Same, jpegOf(t, flat), nil, "image/jpeg"},
		{"JPEG stays with open corners", transform.Same, jpegOf(t, flat), []transform.Op{transform.Circle{}}, "image/jpeg"},
		{"PNG stays", transform.Same, pngOf(t, photo), nil, "image/png"},
		{"GIF of few colours", transform.Same, gifOf(t, 60, 40, 3), nil, "image/png"},
		{"WebP", transform.Same, webp, nil, "image/png"},
		{"bitmap of a photograph", transform.Same, bmpOf(t, photo), nil, "image/jpeg"},
	} {
		result, _ := ran(t, to(tt.format, tt.ops...), tt.data)
		if result.Type != tt.want || result.Frames != 1 {
			t.Errorf("%s: %+v, want %s", tt.name, result, tt.want)
		}
	}
}

// AVIF is given up for what is large, at its edge.
func TestLargeAVIF(t *testing.T) {
	source := pngOf(t, quadrants(20, 10))
	plan := to(transform.AVIF, transform.Resize{Width: 2000, Height: 1000, Kernel: "nearest"})
	plan.Output.Large = transform.WebP
	if result, _ := ran(t, plan, source); result.Type != "image/avif" {
		t.Errorf("2,000,000 pixels: %+v", result)
	}
	plan.Ops = []transform.Op{transform.Resize{Width: 2000, Height: 1001, Fit: transform.Scale, Kernel: "nearest"}}
	if result, _ := ran(t, plan, source); result.Type != "image/webp" {
		t.Errorf("2,002,000 pixels: %+v", result)
	}
	plan.Output.Large = transform.Fitting
	if result, _ := ran(t, plan, source); result.Type != "image/png" {
		t.Errorf("2,002,000 pixels of few colours: %+v", result)
	}
}

// Each level takes more bytes than the one before.
func TestLevels(t *testing.T) {
	source := pngOf(t, landscape(300, 200, 3))
	for _, f := range []transform.Format{transform.JPEG, transform.WebP, transform.AVIF} {
		last := int64(0)
		for _, level := range []transform.Level{transform.Lightest, transform.Lighter, transform.Normal, transform.Better, transform.Best} {
			plan := to(f)
			plan.Output.Level = level
			result, _ := ran(t, plan, source)
			if result.Bytes <= last {
				t.Errorf("%s at %s has %d bytes, not more than %d", f, level, result.Bytes, last)
			}
			last = result.Bytes
		}
	}
	plan := to(transform.JPEG)
	plan.Output.Level = transform.Best
	_, out := ran(t, plan, source)
	if q := codec.Quality(bytes.NewReader(out)); q != levels[transform.JPEG][transform.Best] {
		t.Errorf("quality = %d", q)
	}
}

// A side that a plan allows is allowed, one pixel more is not: also where the
// size is known only when it is done.
func TestF3MaxSide(t *testing.T) {
	source := pngOf(t, spotted(100, 50, image.Rect(10, 10, 40, 30), grey))
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"/>`)
	half := transform.Extract{Width: transform.Percent(3000), Height: transform.Percent(3000)}
	found := transform.Extract{Around: transform.Object, Width: transform.Percent(200), Height: transform.Percent(100)}
	for _, tt := range []struct {
		name   string
		data   []byte
		op     transform.Op
		side   int
		vector bool
		want   error
	}{
		{"size", source, transform.Resize{Width: 60}, 60, false, nil},
		{"size", source, transform.Resize{Width: 61}, 60, false, fault.TooLarge},
		{"percents", source, half, 3000, false, nil},
		{"percents", source, half, 2999, false, fault.TooLarge},
		{"what is found", source, found, 60, false, nil},
		{"what is found", source, found, 59, false, fault.TooLarge},
		{"drawing", svg, transform.Resize{Width: 60}, 60, true, nil},
		{"drawing", svg, transform.Resize{Width: 61}, 60, true, fault.TooLarge},
		{"percents of a bomb", source, transform.Extract{Width: transform.Percent(10_000), Height: transform.Percent(10_000)}, 0, false, nil},
		{"percents of a bomb", source, transform.Extract{Width: transform.Percent(10_000), Height: transform.Pixels(10_001)}, 0, false, fault.TooLarge},
		{"percents upon percents", source, transform.Extract{Width: transform.Pixels(100_000), Height: transform.Percent(1)}, 0, false, fault.TooLarge},
	} {
		plan := to(transform.PNG, tt.op)
		plan.Output.MaxSide, plan.Output.Vector = tt.side, tt.vector
		_, _, err := run(t, plan, tt.data)
		var refusal *transform.Refusal
		if !errors.Is(err, tt.want) || tt.want != nil && !errors.As(err, &refusal) {
			t.Errorf("%s, a side of %d: %v, want %v", tt.name, tt.side, err, tt.want)
		}
	}
}

// Metadata without what is private tells the camera, but not who and where.
func TestF6Private(t *testing.T) {
	plan := to(transform.Keep, transform.Resize{Width: 30})
	plan.Output.Metadata = true
	_, all := ran(t, plan, photograph(t))
	plan.Output.Private = true
	_, private := ran(t, plan, photograph(t))
	if got := tags(t, all); got["Artist"] != "Anna Author" || got["GPSLatitude"] == nil || got["SerialNumber"] != "SERIAL-77" {
		t.Fatalf("all metadata = %v", got)
	}
	got := tags(t, private)
	if got["Model"] != "Model X" || got["ExposureTime"] == nil || got["DateTimeOriginal"] != "2020:06:07 10:38:16" {
		t.Errorf("metadata without what is private = %v", got)
	}
	for name := range got {
		if strings.HasPrefix(name, "GPS") {
			t.Errorf("%s is told: %v", name, got[name])
		}
	}
	plan.Ops, plan.Output.Smaller = nil, true // than the file as it came, which is not to be had
	_, encoded := ran(t, plan, photograph(t))
	for _, word := range []string{"Anna", "SERIAL"} {
		if bytes.Contains(private, []byte(word)) || bytes.Contains(encoded, []byte(word)) {
			t.Errorf("the file holds %s", word)
		}
	}
}

// A drawing that stays one is framed anew, and shows in that frame what its
// pixels would show.
func TestVector(t *testing.T) {
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48" onload="alert(1)"><path fill="#f00" d="M0 0h32v24H0z"/>` +
		`<path fill="#0f0" d="M32 0h32v24H32z"/><path fill="#00f" d="M0 24h32v24H0z"/><path fill="#ff0" d="M32 24h32v24H32z"/></svg>`)
	px, fill := transform.Pixels, &transform.White
	for _, ops := range [][]transform.Op{
		{transform.Resize{Width: 128}},
		{transform.Resize{Width: 30, Height: 90, Fit: transform.Scale}},
		{transform.Resize{Width: 40, Height: 40, Fit: transform.Cover}, transform.Negate{}},
		{transform.Resize{Width: 100, Height: 100, Fit: transform.Cover, Small: transform.Pad}},
		{transform.Crop{Box: transform.Box{X: 16, Y: 12, Width: 32, Height: 24}}, transform.Resize{Width: 96}},
		{transform.Extract{Width: px(100), Height: px(100), At: transform.Middle}},
		{transform.Resize{Width: 32}, transform.Extract{Width: px(16), Height: px(24), At: transform.Spot{X: px(8)}}},
		{transform.SmartCrop{Width: 80, Height: 40, Fill: fill}},
	} {
		name := fmt.Sprintf("%+v", ops)
		plan := transform.Plan{Ops: ops, Output: transform.Output{Format: transform.WebP, Vector: true}}
		result, out := ran(t, plan, svg)
		plan.Output = transform.Output{Format: transform.PNG}
		if _, ok := ops[len(ops)-1].(transform.Negate); ok {
			plan.Ops = ops[:len(ops)-1]
		}
		drawn, want := ran(t, plan, svg)
		if result.Type != "image/svg+xml" || result.Width != drawn.Width || result.Height != drawn.Height {
			t.Errorf("%s: %+v, want the size of %+v", name, result, drawn)
			continue
		}
		if bytes.Contains(out, []byte("alert")) {
			t.Errorf("%s: a script is not wrapped", name)
		}
		img, same := pixels(t, out), pixels(t, want)
		for _, at := range [][2]int{{3, 3}, {drawn.Width - 4, 3}, {3, drawn.Height - 4}, {drawn.Width - 4, drawn.Height - 4}, {drawn.Width / 3, drawn.Height / 3}} {
			c := color.NRGBAModel.Convert(same.At(at[0], at[1])).(color.NRGBA)
			if _, ok := ops[0].(transform.SmartCrop); ok && c == (color.NRGBA{255, 255, 255, 255}) {
				c = color.NRGBA{} // what is filled with a colour stays open
			}
			if diff := near(img, at[0], at[1], c, 12); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}
