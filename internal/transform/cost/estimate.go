// Package cost says before a plan is run what that takes, how large images
// become on the way, and refuses what is over the limits.
package cost

import (
	"cmp"
	"math"

	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// A Header is what is known of an input before it is decoded.
type Header struct {
	Type   string // media type, such as "image/jpeg"
	Width  int    // pixels of one frame as it is stored; of a vector image at 72 dots per inch
	Height int
	Frames int  // or pages; 0 means 1
	Turned bool // the camera noted that width and height are to be swapped
}

// Limits are what a plan may cost. A limit of zero means the one in brackets.
type Limits struct {
	SourcePixels int64   // of all inputs and frames together, and of any image on the way (100,000,000)
	SourceSide   int     // pixels of a side of an input, or on the way (16,384)
	Frames       int     // of an animation (300)
	OutputPixels int64   // of the result, all frames together (50,000,000)
	OutputSide   int     // pixels of a side of the result (10,000)
	Cost         float64 // seconds of one core, as they are estimated (10)
}

func (l Limits) withDefaults() Limits {
	return Limits{
		SourcePixels: cmp.Or(l.SourcePixels, 100_000_000),
		SourceSide:   cmp.Or(l.SourceSide, 16_384),
		Frames:       cmp.Or(l.Frames, 300),
		OutputPixels: cmp.Or(l.OutputPixels, 50_000_000),
		OutputSide:   cmp.Or(l.OutputSide, 10_000),
		Cost:         cmp.Or(l.Cost, 10),
	}
}

// An Estimate is what running a plan takes.
type Estimate struct {
	Source int64 // pixels that are decoded, of all inputs and frames
	Peak   int64 // pixels of the largest image on the way, of all its frames
	Output int64 // pixels of the result, of all its frames

	Width, Height, Frames int // of the result, 0 if it is no image; a guess where it depends on what is in the image

	Cost float64 // seconds of one core, a guess where it depends on what is in the image
}

// Frames returns how many frames of an input 0 with header h are worked on: all
// of an animation whose result can be one, or else one.
func Frames(p transform.Plan, h Header) int {
	switch h.Type {
	case "image/gif", "image/webp":
	default:
		return 1
	}
	switch p.Output.Format {
	case transform.Keep, transform.Auto, transform.GIF, transform.WebP:
	default:
		if !p.Output.Still {
			return 1
		}
	}
	if p.Page > 0 || p.Answer != transform.Image {
		return 1
	}
	for _, op := range p.Ops {
		switch op.(type) {
		case transform.Animate, transform.Collage:
			return 1 // of each input
		}
	}
	return max(1, h.Frames)
}

// Of returns what it takes to run p on inputs with these headers. An error is a
// *transform.Refusal: over a limit, if p does not pass Check, or if the plan
// makes no sense for these inputs.
func Of(p transform.Plan, l Limits, inputs ...Header) (Estimate, error) {
	l = l.withDefaults()
	if err := p.Check(); err != nil {
		return Estimate{}, err
	}
	if len(inputs) < p.Inputs() {
		return Estimate{}, transform.Invalid("the plan needs %d images, not %d", p.Inputs(), len(inputs))
	}
	if err := checkPage(p, max(1, inputs[0].Frames)); err != nil {
		return Estimate{}, err
	}
	p = Arranged(p, inputs...)
	e, s, err := source(p, l, inputs)
	if err != nil {
		return Estimate{}, err
	}
	for i, op := range p.Ops {
		if o, ok := op.(transform.Draw); ok && o.Input == 0 {
			e.Cost += decoding(inputs[0].Type) * megapixels(e.Source) // once more
		}
		before := s
		if err := s.apply(op, inputs); err != nil {
			return Estimate{}, err
		}
		if err := s.check(l); err != nil {
			return Estimate{}, transform.TooLarge("step %d, %s, makes %v", i+1, transform.Name(op), err)
		}
		e.Peak = max(e.Peak, s.pixels())
		e.Cost += weight(op, before, s)
	}
	if p.Output.Info != nil {
		e.Cost += asking(*p.Output.Info, s)
	}
	if p.Answer != transform.Image {
		s = scene{}
	}
	e.Output, e.Width, e.Height, e.Frames = s.pixels(), s.Width, s.Height, s.frames
	e.Cost += writing(p.Output, inputs[0].Type, e.Output)
	switch most := p.Output.MaxSide; {
	case most > 0 && !s.guessed && max(e.Width, e.Height) > most:
		return Estimate{}, TooWide(e.Width, e.Height, most)
	case e.Width > l.OutputSide || e.Height > l.OutputSide:
		return Estimate{}, TooWide(e.Width, e.Height, l.OutputSide)
	case e.Output > l.OutputPixels:
		return Estimate{}, transform.TooLarge("the result has %.5g megapixels, more than %.5g", megapixels(e.Output), megapixels(l.OutputPixels))
	case e.Cost > l.Cost:
		return Estimate{}, transform.TooLarge("this would take about %.3g seconds, more than %.3g: make the image smaller first, with a resize before the other steps", math.Ceil(e.Cost), l.Cost)
	}
	return e, nil
}

// TooWide returns why a result of width by height pixels, of which a side may
// have no more than most, is refused.
func TooWide(width, height, most int) error {
	return transform.TooLarge("the result has %d × %d pixels, more than %d on a side", width, height, most)
}

// source estimates what decoding the inputs takes, and returns input 0 as the
// first op meets it.
func source(p transform.Plan, l Limits, inputs []Header) (e Estimate, zero scene, err error) {
	for i, h := range inputs[:p.Inputs()] {
		s := scene{Header: h, frames: 1}
		if i == 0 {
			s.frames = Frames(p, h)
		}
		if h.Width < 1 || h.Height < 1 {
			return e, zero, transform.Invalid("the size of image %d is not known", i+1)
		}
		if h.Type == "image/svg+xml" && i == 0 {
			s.Width, s.Height = drawn(p, h)
		}
		if err := s.check(l); err != nil {
			return e, zero, transform.TooLarge("image %d has %v", i+1, err)
		}
		e.Source += s.pixels()
		e.Peak = max(e.Peak, s.pixels())
		e.Cost += decoding(h.Type) * megapixels(s.pixels())
		if i == 0 {
			zero = s
		}
	}
	if e.Source > l.SourcePixels {
		return e, zero, transform.TooLarge("the images have %.5g megapixels, more than %.5g", megapixels(e.Source), megapixels(l.SourcePixels))
	}
	return e, zero, nil
}

// A scene is an image on the way.
type scene struct {
	Header
	frames  int
	guessed bool // the size depends on what is in the image
}

func (s scene) pixels() int64 { return int64(s.Width) * int64(s.Height) * int64(s.frames) }

// check returns nil, or an error that completes a sentence, if s is over a limit.
func (s scene) check(l Limits) error {
	switch {
	case s.frames > l.Frames:
		return transform.TooLarge("%d frames, more than %d", s.frames, l.Frames)
	case s.Width > l.SourceSide || s.Height > l.SourceSide:
		return transform.TooLarge("%d × %d pixels, more than %d on a side", s.Width, s.Height, l.SourceSide)
	case s.pixels() > l.SourcePixels:
		return transform.TooLarge("%.5g megapixels, more than %.5g", megapixels(s.pixels()), megapixels(l.SourcePixels))
	}
	return nil
}

// apply gives s the size that op leaves. Where that depends on what is in the
// image it is the largest that is likely.
func (s *scene) apply(op transform.Op, inputs []Header) error {
	switch op := op.(type) {
	case transform.Resize:
		s.Width, s.Height = op.Size(s.Width, s.Height)
		s.guessed = s.guessed && (op.Width == 0 || op.Height == 0 || op.Fit != transform.Cover && op.Fit != transform.Scale)
	case transform.SmartCrop:
		s.Width, s.Height = transform.Resize{Width: op.Width, Height: op.Height, Fit: transform.Cover}.Size(s.Width, s.Height)
	case transform.Extract:
		part := place.Part(op, s.Width, s.Height, nil)
		s.Width, s.Height = part.Width, part.Height
		s.guessed = s.guessed || op.Around != transform.WholeImage
	case transform.Reframe:
		s.Width, s.Height, s.guessed = op.Width, op.Height, false
	case transform.Trim:
		s.guessed = true
	case transform.CropFaces:
		s.guessed = true
		if op.Width > 0 || op.Height > 0 {
			s.Width, s.Height = transform.Resize{Width: op.Width, Height: op.Height, Fit: transform.Cover}.Size(s.Width, s.Height)
		}
	case transform.Crop:
		part, ok := op.Clamp(s.Width, s.Height)
		if !ok {
			return transform.Invalid("the part to keep is outside the image of %d × %d pixels", s.Width, s.Height)
		}
		s.Width, s.Height = part.Width, part.Height
	case transform.Rotate:
		s.Width, s.Height = op.Canvas(s.Width, s.Height)
	case transform.Orient:
		if s.Turned && !op.Ignore {
			s.Width, s.Height = s.Height, s.Width
		}
		s.Turned = false
	case transform.Upscale:
		if !op.Only {
			s.Width, s.Height = 2*s.Width, 2*s.Height
		}
	case transform.Circle:
		s.Width = min(s.Width, s.Height)
		s.Height = s.Width
	case transform.Border:
		s.Width, s.Height = s.Width+2*op.Width, s.Height+2*op.Width
	case transform.Shadow:
		s.Width, s.Height, _ = op.Canvas(s.Width, s.Height)
	case transform.Polaroid: // with room for a frame, which is wider below, and a shadow
		s.Width, s.Height = transform.Rotate{Degrees: op.Degrees}.Canvas(s.Width*6/5+80, s.Height*4/3+80)
	case transform.Collage:
		*s = scene{Header: Header{Width: op.Width, Height: op.Height}, frames: 1}
	case transform.Animate:
		*s = scene{Header: Header{
			Width:  side(op.Width, inputs[:op.Inputs], func(h Header) int { return h.Width }),
			Height: side(op.Height, inputs[:op.Inputs], func(h Header) int { return h.Height }),
		}, frames: op.Inputs}
	}
	return nil
}

// side returns a side of an animation in pixels.
func side(want int, inputs []Header, of func(Header) int) int {
	switch want {
	case 0:
		return of(inputs[0])
	case transform.Largest:
		for _, h := range inputs {
			want = max(want, of(h))
		}
	}
	return want
}
