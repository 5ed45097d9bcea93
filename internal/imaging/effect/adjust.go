package effect

import (
	"cmp"
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Adjust changes the tones of im.
func Adjust(s *vips.Scope, im *vips.Image, op transform.Adjust) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	if op.Warmth != 0 {
		im = c.RGB(im)
	}
	if op.Brightness != 0 || op.Exposure != 0 || cmp.Or(op.Gamma, 100) != 100 || op.Contrast != 0 {
		tone := toneOf(op)
		im = c.curves(im, func(_ int, v float64) float64 { return tone(v) })
	}
	if im.Bands() <= 2 {
		return c.done(im) // has no colours
	}
	if op.Saturation != 0 {
		im = c.recomb(im, saturationMatrix(1+float64(op.Saturation)/100))
	}
	if op.Vibrance != 0 {
		im = c.onColour(im, func(colour *vips.Image) *vips.Image { return c.vibrant(colour, float64(op.Vibrance)/100) })
	}
	if op.Warmth != 0 {
		im = c.curves(im, warmed(float64(op.Warmth)/100))
	}
	return c.done(im)
}

// displayGamma is roughly how brightness grows with the numbers of sRGB.
const displayGamma = 2.2

// toneOf returns what op does to all channels alike.
func toneOf(op transform.Adjust) curve {
	more := float64(op.Brightness) / 255
	light := math.Exp2(float64(op.Exposure) / 100 / displayGamma)
	power := 100 / float64(cmp.Or(op.Gamma, 100))
	steep := 1 + float64(op.Contrast)/100
	return func(v float64) float64 {
		v = min(max(v+more, 0), 1)
		v = min(v*light, 1)
		v = math.Pow(v, power)
		return (v-0.5)*steep + 0.5
	}
}

// How much of red and blue the most warmth adds and takes.
const warmest = 0.25

// warmed makes red stronger and blue weaker, or the other way round.
func warmed(amount float64) func(band int, v float64) float64 {
	factor := [3]float64{1 + warmest*amount, 1 + warmest*amount/5, 1 - warmest*amount}
	return func(band int, v float64) float64 { return v * factor[band] }
}

// vibrant makes colours stronger, the more so the weaker they are. It takes an
// image without opacity.
func (c steps) vibrant(im *vips.Image, amount float64) *vips.Image {
	im = c.cached(im)
	bands := []*vips.Image{c.Bands(im, 0, 1), c.Bands(im, 1, 1), c.Bands(im, 2, 1)}
	most := c.Call("bandrank", nil, vips.Args{"in": bands, "index": 2})
	least := c.Call("bandrank", nil, vips.Args{"in": bands, "index": 0})
	weakness := c.linear(c.subtract(most, least), -amount/255, amount)
	light := c.Call("recomb", im, vips.Args{"m": c.Matrix(3, redLight, greenLight, blueLight)})
	return c.Bytes(c.add(im, c.multiply(c.subtract(im, light), weakness)))
}

// Soften blends im with its Gaussian blur, or away from it.
func Soften(s *vips.Scope, im *vips.Image, op transform.Soften) (*vips.Image, error) {
	if op.Strength == 0 || op.Amount == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	sigma := min(float64(op.Strength), 4*float64(max(im.Width(), im.PageHeight()))) // beyond that, all is one colour
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.Premultiplied(frame, func(flat *vips.Image) *vips.Image {
			return c.mixed(flat, c.broad(flat, sigma), op.Amount)
		})
	}))
}

// mixed returns so many percent of the way from one image to another, in bytes.
// The way may be longer than that, and begin in the opposite direction.
func (c steps) mixed(from, to *vips.Image, percent int) *vips.Image {
	if percent == 100 {
		return to
	}
	part := float64(percent) / 100
	return c.Bytes(c.add(c.linear(from, 1-part, 0), c.linear(to, part, 0)))
}
