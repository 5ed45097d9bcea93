package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Sharpen adds to each pixel how much brighter it is than what is around it.
func Sharpen(s *vips.Scope, im *vips.Image, op transform.Sharpen) (*vips.Image, error) {
	if op.Sigma == 0 {
		return im, nil
	}
	c := chain{s: s, im: im}
	return c.done(c.frames(im, func(frame *vips.Image) *vips.Image {
		light := c.grey(frame)
		around, _ := c.split(c.blur(light, op.Sigma))
		light, _ = c.split(light)
		return c.onColour(frame, func(colour *vips.Image) *vips.Image {
			return c.bytes(c.add(colour, c.subtract(light, around)))
		})
	}))
}

// Blur is a Gaussian blur.
func Blur(s *vips.Scope, im *vips.Image, op transform.Blur) (*vips.Image, error) {
	if op.Sigma == 0 {
		return im, nil
	}
	c := chain{s: s, im: im}
	return c.done(c.frames(im, func(frame *vips.Image) *vips.Image { return c.blur(frame, op.Sigma) }))
}

func (c *chain) blur(im *vips.Image, sigma float64) *vips.Image {
	return c.premultiplied(im, func(flat *vips.Image) *vips.Image { return c.gauss(flat, sigma) })
}

// gauss is a Gaussian blur of any image but one with opacity.
func (c *chain) gauss(im *vips.Image, sigma float64) *vips.Image {
	mask, scale := bell(sigma)
	m := c.matrix(len(mask), mask...)
	if c.err == nil {
		m.Set("scale", scale)
	}
	precision := "integer"
	if im.Format() != "uchar" {
		precision = "float"
	}
	return c.call("convsep", im, vips.Args{"mask": m, "precision": precision})
}

// bellReach is how many times its sigma a Gaussian reaches.
const bellReach = 3

// bell returns a Gaussian in whole numbers, and their sum. That is the power of
// 2 which makes the largest a number of 6 bits: what the library's fast
// convolution of bytes calculates with, so that it rounds nothing, and areas of
// one colour keep it. Its own gaussblur changes them by up to 8 of 255.
func bell(sigma float64) (mask []float64, scale int) {
	reach := int(math.Ceil(bellReach * sigma))
	real := make([]float64, reach+1) // from the middle outwards
	sum := 0.0
	for i := range real {
		real[i] = math.Exp(-float64(i*i) / (2 * sigma * sigma))
		sum += 2 * real[i]
	}
	sum -= real[0]
	scale = 1 << (6 - int(math.Ceil(-math.Log2(sum))))
	// From the outside in, so that what is rounded away in one place is made
	// up for in the next.
	whole := make([]float64, reach+1)
	var have, want float64
	for i := reach; i > 0; i-- {
		want += real[i] / sum * float64(scale)
		whole[i] = math.Round(want - have)
		have += whole[i]
	}
	whole[0] = float64(scale) - 2*have
	for reach > 0 && whole[reach] == 0 {
		reach--
	}
	for i := -reach; i <= reach; i++ {
		mask = append(mask, whole[max(i, -i)])
	}
	return mask, scale
}

// Pixelate makes blocks, from the top left corner, of their mean colour.
func Pixelate(s *vips.Scope, im *vips.Image, op transform.Pixelate) (*vips.Image, error) {
	if op.Size <= 1 {
		return im, nil
	}
	c := chain{s: s, im: im}
	return c.done(c.frames(im, func(frame *vips.Image) *vips.Image {
		return c.premultiplied(frame, func(flat *vips.Image) *vips.Image {
			w, h, n := flat.Width(), flat.Height(), op.Size
			across, down := (w+n-1)/n, (h+n-1)/n
			whole := c.place(flat, 0, 0, across*n, down*n, nil)
			small := c.call("shrink", whole, vips.Args{"hshrink": float64(n), "vshrink": float64(n)})
			return c.crop(c.call("zoom", nil, vips.Args{"input": small, "xfac": n, "yfac": n}), 0, 0, w, h)
		})
	}))
}

// strokes is in how many directions OilPaint looks for a calm area.
const strokes = 8

// OilPaint gives each pixel the mean colour of the calmest of the areas around
// it, as Kuwahara proposed, so that areas become flat and edges stay. The work
// for a pixel grows with the radius, not with its square.
func OilPaint(s *vips.Scope, im *vips.Image, op transform.OilPaint) (*vips.Image, error) {
	if op.Radius <= 0 {
		return im, nil
	}
	c := chain{s: s, im: im}
	return c.done(c.frames(im, func(frame *vips.Image) *vips.Image {
		return c.onColour(frame, func(colour *vips.Image) *vips.Image { return c.paint(colour, float64(op.Radius)) })
	}))
}

func (c *chain) paint(im *vips.Image, radius float64) *vips.Image {
	sigma := 0.4 * radius
	light := c.cast(c.grey(im), "float")
	moments := c.gauss(c.join(light, c.multiply(light, light)), sigma)
	mean := c.bands(moments, 0, 1)
	variance := c.subtract(c.bands(moments, 1, 1), c.multiply(mean, mean))
	deviation := c.bytes(c.call("math2_const", c.linear(variance, 4, 0), vips.Args{"math2": "pow", "c": []float64{0.5}}))
	areas := c.cached(c.join(c.gauss(im, sigma), deviation))

	// The lowest of eight deviations, each with its number in the lower bits.
	n := im.Bands()
	keys, colours := make([]*vips.Image, strokes), make([]*vips.Image, strokes)
	for i := range strokes {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / strokes)
		area := c.moved(areas, int(math.Round(0.8*radius*cos)), int(math.Round(0.8*radius*sin)))
		keys[i] = c.cast(c.linear(c.bands(area, n, 1), strokes, float64(i)), "ushort")
		colours[i] = c.bands(area, 0, n)
	}
	calmest := c.call("bandrank", nil, vips.Args{"in": keys, "index": 0})
	calmest = c.call("boolean_const", calmest, vips.Args{"boolean": "and", "c": []float64{strokes - 1}})
	return c.call("case", nil, vips.Args{"index": c.cast(calmest, "uchar"), "cases": colours})
}

// moved returns im moved by dx, dy; what it leaves takes the nearest pixel.
func (c *chain) moved(im *vips.Image, dx, dy int) *vips.Image {
	w, h := im.Width(), im.Height()
	return c.place(im, min(max(dx, 1-w), w-1), min(max(dy, 1-h), h-1), w, h, nil)
}

// cached keeps the last rows of im, as many as what uses them asks for at once,
// so that an effect that needs them several times does not make them each time.
func (c *chain) cached(im *vips.Image) *vips.Image {
	return c.call("linecache", im, vips.Args{"tile_height": 16})
}

// smooth evens out im, which has no opacity, where its contrast is below that
// given, of 255, and keeps edges: the guided filter of He, Sun and Tang, with
// im as its own guide, computed at half the size.
// Source: https://arxiv.org/abs/1505.00996
func (c *chain) smooth(im *vips.Image, contrast float64) *vips.Image {
	const sigma = 1.5
	n := im.Bands()
	model := c.shrunk(im, 2, func(small *vips.Image, _ int) *vips.Image {
		small = c.cast(small, "float")
		moments := c.cached(c.gauss(c.join(small, c.multiply(small, small)), sigma))
		mean := c.bands(moments, 0, n)
		variance := c.subtract(c.bands(moments, n, n), c.multiply(mean, mean))
		keep := c.divide(variance, c.linear(variance, 1, contrast*contrast)) // 1 at edges, 0 in areas
		return c.gauss(c.join(keep, c.subtract(mean, c.multiply(keep, mean))), sigma)
	})
	return c.bytes(c.add(c.multiply(c.bands(model, 0, n), im), c.bands(model, n, n)))
}
