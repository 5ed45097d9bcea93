package transform

import (
	"slices"

	"github.com/stowgate/stowgate/internal/transform/length"
)

// Limits on a plan.
const (
	MaxSteps  = 30     // ops
	MaxInputs = 20     // images that go into one plan
	MaxSide   = 10_000 // pixels of a side that an op may ask for
	MaxBoxes  = 50     // of one op
	MaxFaces  = 1_000  // the highest number of a face
)

// maxOffset is how far from the corner a Crop may begin or reach, in pixels.
const maxOffset = length.MaxPixels

// Check returns nil if p can be run: every argument is in its range, and the
// ops, the answer and the output fit together. Otherwise it returns a *Refusal.
func (p Plan) Check() error {
	if len(p.Ops) > MaxSteps {
		return TooLarge("%d steps, more than %d", len(p.Ops), MaxSteps)
	}
	for i, op := range p.Ops {
		if op == nil || !isKind(op) {
			return Invalid("step %d is no operation", i+1)
		}
		if _, ok := op.(Animate); ok && i > 0 {
			return Invalid("animate is step %d, but must be the first", i+1)
		}
		if err := op.check(); err != nil {
			return Invalid("%s: %v", op.kind(), err)
		}
	}
	if n := p.Inputs(); n > MaxInputs {
		return TooLarge("%d images, more than %d", n, MaxInputs)
	}
	return first(
		within("page", p.Page, 0, 99_999),
		within("density", p.Density, 0, 500),
		p.checkAnswer(),
	)
}

func (p Plan) checkAnswer() error {
	var last Op
	if len(p.Ops) > 0 {
		last = p.Ops[len(p.Ops)-1]
	}
	o, ok := p.Output, true
	switch p.Answer {
	case Image:
		return o.check()
	case Size:
	case Info:
		if err := o.Info.check(); err != nil {
			return err
		}
		o.Info = nil
	case Faces:
		_, ok = last.(MarkFaces)
	case Region:
		_, ok = last.(SmartCrop)
	case ASCII:
		if o.ASCII == nil {
			return Invalid("letters are missing")
		}
		o.ASCII = nil
	default:
		return Invalid("answer %q is not known", p.Answer)
	}
	return first(
		needs(ok, "the last step is not what the answer is about"),
		needs(o == Output{}, "what is no image has no output settings"),
		p.Output.ASCII.check(),
	)
}

// Inputs returns how many inputs p needs: one more than the highest number.
func (p Plan) Inputs() int {
	n := 1
	for _, op := range p.Ops {
		switch op := op.(type) {
		case Overlay:
			n = max(n, op.Input+1)
		case Draw:
			n = max(n, op.Input+1)
		case Collage:
			for _, input := range op.Inputs {
				n = max(n, input+1)
			}
		case Animate:
			n = max(n, op.Inputs)
		}
	}
	return n
}

func (o Output) check() error {
	return first(
		oneOf("format", o.Format, Keep, Auto, Fitting, Same, JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP, ICO, SVG),
		within("quality", o.Quality, InputQuality, 100),
		oneOf("colour space", o.Space, SRGB, CMYK, InputSpace),
		needs(o.ASCII == nil, "an image has no letters"),
		needs(o.Info == nil, "an image has no questions"),
		needs(!o.Strip || !o.Metadata, "metadata cannot be kept and dropped"),
		needs(o.Metadata || !o.Private, "metadata is dropped anyway"),
		oneOf("level", o.Level, Usual, Lightest, Lighter, Normal, Better, Best),
		needs(o.Level == Usual || o.Quality == 0, "either a quality or a level"),
		oneOf("format in place of AVIF", o.Large, Keep, WebP, Fitting),
		needs(o.Large == Keep || o.Format == AVIF, "only AVIF has another format in its place"),
		within("largest side", o.MaxSide, 0, MaxSide),
	)
}

func (l *Letters) check() error {
	if l == nil {
		return nil
	}
	return within("size", l.Size, 10, 100)
}

func (p Position) check() error {
	return first(within("position", p.X, -1, 1), within("position", p.Y, -1, 1))
}

func (b Box) check() error {
	return first(
		within("x", b.X, 0, maxOffset), within("y", b.Y, 0, maxOffset),
		within("width", b.Width, 1, maxOffset), within("height", b.Height, 1, maxOffset),
	)
}

func (s FaceSizes) check() error {
	return first(within("smallest face", s.Min, 0, 10_000), within("largest face", s.Max, 0, 10_000))
}

// checkFaces checks which faces are meant: numbers in ascending order, each once.
func checkFaces(which []int, buffer int, sizes FaceSizes) error {
	last := 0
	for _, n := range which {
		if n <= last || n > MaxFaces {
			return Invalid("faces are not numbers from 1 to %d in ascending order", MaxFaces)
		}
		last = n
	}
	return first(within("buffer", buffer, 0, 10_000), sizes.check())
}

// checkSize checks a size of which at least one side is given.
func checkSize(width, height int) error {
	return first(
		within("width", width, 0, MaxSide),
		within("height", height, 0, MaxSide),
		needs(width > 0 || height > 0, "width and height are missing"),
	)
}

func (Resize) kind() string { return "resize" }
func (o Resize) check() error {
	return first(
		checkSize(o.Width, o.Height),
		oneOf("fit", o.Fit, Clip, Max, Cover, Scale),
		oneOf("kernel", o.Kernel, "", "nearest", "linear", "cubic", "mitchell", "lanczos2"),
		o.Align.check(),
		o.checkMore(),
	)
}

// checkMore checks the arguments that only some fits have.
func (o Resize) checkMore() error {
	if o.At != nil {
		if err := o.At.Check(); err != nil {
			return err
		}
	}
	return first(
		o.Keep.check(),
		oneOf("way with a small image", o.Small, Enlarge, Leave, Pad),
		needs(o.Fill == nil || o.Small == Pad, "nothing is to be filled"),
		needs(o.At == nil || o.Align == Position{}, "the place is given twice"),
		needs(o.Keep == "" || !o.Faces, "what to keep is given twice"),
		needs(o.Fit == Cover || o.At == nil && o.Keep == "", "only cover keeps a part"),
		needs(o.Fit != Max || o.Small == Enlarge, "a fit of max does not enlarge anyway"),
	)
}

func (Crop) kind() string   { return "crop" }
func (o Crop) check() error { return o.Box.check() }

func (Rotate) kind() string   { return "rotate" }
func (o Rotate) check() error { return within("degrees", o.Degrees, 0, 359) }

func (Orient) kind() string { return "orient" }
func (Orient) check() error { return nil }

func (Flip) kind() string { return "flip" }
func (Flip) check() error { return nil }

func (Flop) kind() string { return "flop" }
func (Flop) check() error { return nil }

func (SmartCrop) kind() string   { return "smart_crop" }
func (o SmartCrop) check() error { return checkSize(o.Width, o.Height) }

func (Upscale) kind() string   { return "upscale" }
func (o Upscale) check() error { return within("noise", o.Noise, 0, 3) }

func (MarkFaces) kind() string   { return "mark_faces" }
func (o MarkFaces) check() error { return o.Sizes.check() }

func (CropFaces) kind() string { return "crop_faces" }
func (o CropFaces) check() error {
	return first(
		oneOf("mode", o.Mode, Thumb, Tight, Fill),
		within("width", o.Width, 0, MaxSide),
		within("height", o.Height, 0, MaxSide),
		checkFaces(o.Which, o.Buffer, o.Sizes),
	)
}

func (Obscure) kind() string { return "obscure" }
func (o Obscure) check() error {
	low, high := 2.0, 100.0
	if o.Blur {
		low, high = 0, 20
	}
	if len(o.Boxes) > MaxBoxes {
		return Invalid("%d boxes, more than %d", len(o.Boxes), MaxBoxes)
	}
	for _, b := range o.Boxes {
		if err := b.check(); err != nil {
			return err
		}
	}
	faces := len(o.Which) > 0 || o.Buffer != 0 || o.Sizes != FaceSizes{}
	return first(
		within("amount", o.Amount, low, high),
		within("softness", o.Soft, 0, 20),
		needs(len(o.Boxes) == 0 || !faces, "either boxes or faces"),
		checkFaces(o.Which, o.Buffer, o.Sizes),
	)
}

func (Overlay) kind() string { return "overlay" }
func (o Overlay) check() error {
	return first(needs(o.Input > 0, "the input is missing"), within("size", o.Size, 1, 500), o.Position.check())
}

func (Collage) kind() string { return "collage" }
func (o Collage) check() error {
	return first(
		needs(len(o.Inputs) > 0 && slices.Min(o.Inputs) > 0, "the inputs are missing"),
		needs(len(o.Inputs) < MaxInputs, "too many inputs"),
		within("width", o.Width, 1, MaxSide),
		within("height", o.Height, 1, MaxSide),
		within("margin", o.Margin, 0, 100),
	)
}

func (Animate) kind() string { return "animate" }
func (o Animate) check() error {
	return first(
		needs(o.Inputs > 0, "the inputs are missing"),
		within("delay", o.Delay, 0, 10_000),
		within("loop", o.Loop, 0, 1_000),
		within("width", o.Width, Largest, 1_800),
		within("height", o.Height, Largest, 1_800),
		oneOf("fit", o.Fit, Clip, Cover, Scale),
		o.Align.check(),
	)
}

func (RoundCorners) kind() string { return "round_corners" }
func (o RoundCorners) check() error {
	return first(within("radius", o.Radius, 0, MaxSide), within("softness", o.Soft, 0, 20))
}

func (Circle) kind() string { return "circle" }
func (Circle) check() error { return nil }

func (Vignette) kind() string   { return "vignette" }
func (o Vignette) check() error { return within("amount", o.Amount, 0, 100) }

func (Polaroid) kind() string   { return "polaroid" }
func (o Polaroid) check() error { return within("degrees", o.Degrees, 0, 359) }

func (TornEdges) kind() string { return "torn_edges" }
func (o TornEdges) check() error {
	return first(within("least", o.Min, 1, MaxSide), within("most", o.Max, o.Min, MaxSide))
}

func (Shadow) kind() string { return "shadow" }
func (o Shadow) check() error {
	return first(
		within("blur", o.Blur, 0, 20), within("opacity", o.Opacity, 0, 100),
		within("x", o.X, -1_000, 1_000), within("y", o.Y, -1_000, 1_000),
	)
}

func (Border) kind() string   { return "border" }
func (o Border) check() error { return within("width", o.Width, 1, 1_000) }

func (Sharpen) kind() string   { return "sharpen" }
func (o Sharpen) check() error { return within("sigma", o.Sigma, 0, 20) }

func (Blur) kind() string   { return "blur" }
func (o Blur) check() error { return within("sigma", o.Sigma, 0, 20) }

func (Grey) kind() string { return "grey" }
func (Grey) check() error { return nil }

func (Threshold) kind() string   { return "threshold" }
func (o Threshold) check() error { return within("percent", o.Percent, 0, 100) }

func (Sepia) kind() string   { return "sepia" }
func (o Sepia) check() error { return within("tone", o.Tone, 0, 100) }

func (Pixelate) kind() string   { return "pixelate" }
func (o Pixelate) check() error { return within("size", o.Size, 2, 100) }

func (OilPaint) kind() string   { return "oil_paint" }
func (o OilPaint) check() error { return within("radius", o.Radius, 1, 10) }

func (Negate) kind() string { return "negate" }
func (Negate) check() error { return nil }

func (Modulate) kind() string { return "modulate" }
func (o Modulate) check() error {
	return first(
		within("brightness", o.Brightness, 0, 10_000),
		within("saturation", o.Saturation, 0, 10_000),
		within("hue", o.Hue, 0, 359),
	)
}

func (RedEye) kind() string { return "red_eye" }
func (RedEye) check() error { return nil }

func (Enhance) kind() string { return "enhance" }
func (o Enhance) check() error {
	return first(
		oneOf("preset", o.Preset, "", "vivid", "beautify", "beautify_plus", "fix_dark", "fix_noise", "fix_tint", "outdoor", "fireworks"),
		within("amount", o.Amount, 0, 100),
	)
}
