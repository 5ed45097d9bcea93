package effect

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// A look is what a preset of Enhance does, in the order of its fields. A field
// of 0 does nothing.
type look struct {
	smooth     float64 // contrast below this, of 255, is evened out
	skin       bool    // of what has the colour of skin only
	tint       float64 // part of a colour cast that is taken out
	stretch    float64 // part of the unused range of brightness that is taken
	brighten   float64 // how decidedly a dark picture is made brighter
	darken     float64 // and a bright one darker
	lift       float64 // makes any picture brighter, of 1
	night      float64 // what is darker than this, of 1, becomes black
	bend       float64 // contrast
	saturation float64 // more than it was, of 1
	clarity    float64 // contrast with what is around
	glow       float64 // of lights over what is around them
}

var looks = map[string]look{
	"":              {tint: 0.3, stretch: 0.8, brighten: 0.6, darken: 0.6, saturation: 0.08},
	"vivid":         {stretch: 0.8, bend: 0.25, saturation: 0.45},
	"beautify":      {smooth: 8, skin: true, lift: 0.07},
	"beautify_plus": {smooth: 16, skin: true, lift: 0.13, saturation: 0.05},
	"fix_dark":      {smooth: 4, stretch: 0.6, brighten: 1, saturation: 0.1},
	"fix_noise":     {smooth: 10},
	"fix_tint":      {tint: 1},
	"outdoor":       {stretch: 0.8, brighten: 0.3, saturation: 0.25, clarity: 0.5},
	"fireworks":     {night: 0.12, bend: 0.5, saturation: 0.4, glow: 0.5},
}

// Enhance corrects im by itself, or as a preset says. It measures all frames
// together, so that an animation does not flicker.
func Enhance(s *vips.Scope, im *vips.Image, op transform.Enhance) (*vips.Image, error) {
	preset := op.Preset
	if preset == "auto" {
		preset = ""
	}
	l, ok := looks[preset]
	if !ok {
		return nil, fmt.Errorf("enhance with preset %q: %w", op.Preset, fault.Invalid)
	}
	c := steps{chain.New(s, im)}
	before, t := im, c.measure(im)
	if preset == "fix_dark" && t.at(0.5) >= goodMedian {
		return im, c.Err() // not dark
	}
	if l.smooth > 0 {
		im = c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
			return c.onColour(frame, func(colour *vips.Image) *vips.Image { return c.even(colour, l) })
		})
	}
	im = c.curves(im, l.tone(t, im.Bands() > 2))
	if l.saturation > 0 && im.Bands() > 2 {
		im = c.recomb(im, saturationMatrix(1+l.saturation))
	}
	if l.clarity > 0 || l.glow > 0 {
		im = c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
			return c.onColour(frame, func(colour *vips.Image) *vips.Image { return c.local(colour, l) })
		})
	}
	if op.Amount == 0 {
		return c.done(im)
	}
	return c.done(c.mixed(before, im, op.Amount))
}

// tone returns the curve of a look for each colour.
func (l look) tone(t tones, coloured bool) func(band int, v float64) float64 {
	steps := []curve{t.stretched(l.stretch)}
	if l.brighten > 0 {
		steps = append(steps, centred(steps[0](t.at(0.5)), l.brighten, 0.35, 1))
	}
	if l.darken > 0 {
		steps = append(steps, centred(steps[0](t.at(0.5)), l.darken, 1, 1.4))
	}
	steps = append(steps,
		func(v float64) float64 { return v + l.lift*4*v*(1-v)*(1-v) },
		func(v float64) float64 { return (v - l.night) / (1 - l.night) },
		bent(l.bend))
	return func(band int, v float64) float64 {
		if coloured {
			v *= 1 + l.tint*(t.cast[band]-1)
		}
		for _, step := range steps {
			v = step(v)
		}
		return v
	}
}

// even smooths a picture, or only skin in it.
func (c steps) even(im *vips.Image, l look) *vips.Image {
	smooth := c.smooth(im, l.smooth)
	if !l.skin || im.Bands() < 3 {
		return smooth
	}
	return c.Blend(c.skin(im), smooth, im)
}

// Where colours of skin lie, of whatever complexion: the middle and half axes of
// an ellipse in the plane of chroma blue and chroma red.
// Source: Chai and Ngan, Face segmentation using skin-color map in videophone
// applications, 1999: Cb from 77 to 127, Cr from 133 to 173.
const (
	skinBlue, skinBlueAxis = 102.0, 25.0
	skinRed, skinRedAxis   = 153.0, 20.0
)

// skin returns a mask of what has the colour of skin, with soft edges.
func (c steps) skin(im *vips.Image) *vips.Image {
	chroma := c.Call("recomb", im, vips.Args{"m": c.Matrix(3, -0.1687, -0.3313, 0.5, 0.5, -0.4187, -0.0813)})
	from := c.Call("linear", chroma, vips.Args{
		"a": []float64{1 / skinBlueAxis, 1 / skinRedAxis},
		"b": []float64{(128 - skinBlue) / skinBlueAxis, (128 - skinRed) / skinRedAxis}})
	square := c.multiply(from, from)
	distance := c.add(c.Bands(square, 0, 1), c.Bands(square, 1, 1))
	return c.Gauss(c.Bytes(c.linear(distance, -3*255, 4*255)), 2)
}

// local changes pixels by what is around them, as far as a part of the picture.
func (c steps) local(im *vips.Image, l look) *vips.Image {
	reach := float64(min(im.Width(), im.Height())) / 40
	if l.clarity > 0 {
		light := c.grey(im)
		im = c.Bytes(c.add(im, c.linear(c.subtract(light, c.broad(light, reach)), l.clarity, 0)))
	}
	if l.glow > 0 {
		lights := c.Bytes(c.linear(im, 2, -255))
		im = c.Bytes(c.add(im, c.linear(c.broad(lights, reach), l.glow, 0)))
	}
	return im
}

// widest is the widest blur that is computed as such, in pixels.
const widest = 300

// broad is a Gaussian blur for any sigma, computed at the size that it needs.
func (c steps) broad(im *vips.Image, sigma float64) *vips.Image {
	n := min(int(sigma/3), min(im.Width(), im.Height())/8) // more than a few pixels are left of each side
	n = max(n, int(sigma/widest), 1)
	return c.shrunk(im, n, func(small *vips.Image, n int) *vips.Image {
		return c.Gauss(small, max(0.5, sigma/float64(n)))
	})
}

// shrunk gives im to f at an nth of its size, and brings the result back.
func (c steps) shrunk(im *vips.Image, n int, f func(small *vips.Image, n int) *vips.Image) *vips.Image {
	small := c.cached(f(c.Shrink(im, n), n))
	large := c.Call("resize", small, vips.Args{"scale": float64(n), "kernel": "linear"})
	return c.Crop(large, transform.Box{Width: im.Width(), Height: im.Height()})
}
