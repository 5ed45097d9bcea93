package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Sharpen adds to each pixel how much brighter it is than what is around it.
func Sharpen(s *vips.Scope, im *vips.Image, op transform.Sharpen) (*vips.Image, error) {
	if op.Sigma == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		light := c.grey(frame)
		around, _ := c.split(c.blur(light, op.Sigma))
		light, _ = c.split(light)
		return c.onColour(frame, func(colour *vips.Image) *vips.Image {
			return c.Bytes(c.add(colour, c.subtract(light, around)))
		})
	}))
}

// Blur is a Gaussian blur.
func Blur(s *vips.Scope, im *vips.Image, op transform.Blur) (*vips.Image, error) {
	if op.Sigma == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image { return c.blur(frame, op.Sigma) }))
}

func (c steps) blur(im *vips.Image, sigma float64) *vips.Image {
	return c.Premultiplied(im, func(flat *vips.Image) *vips.Image { return c.Gauss(flat, sigma) })
}

// Pixelate makes blocks, from the top left corner, of their mean colour.
func Pixelate(s *vips.Scope, im *vips.Image, op transform.Pixelate) (*vips.Image, error) {
	if op.Size <= 1 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.Premultiplied(frame, func(flat *vips.Image) *vips.Image {
			return c.Blocks(flat, op.Size)
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
	c := steps{chain.New(s, im)}
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.onColour(frame, func(colour *vips.Image) *vips.Image { return c.paint(colour, float64(op.Radius)) })
	}))
}

func (c steps) paint(im *vips.Image, radius float64) *vips.Image {
	sigma := 0.4 * radius
	light := c.cast(c.grey(im), "float")
	moments := c.Gauss(c.join(light, c.multiply(light, light)), sigma)
	mean := c.Bands(moments, 0, 1)
	variance := c.subtract(c.Bands(moments, 1, 1), c.multiply(mean, mean))
	deviation := c.Bytes(c.Call("math2_const", c.linear(variance, 4, 0), vips.Args{"math2": "pow", "c": []float64{0.5}}))
	areas := c.cached(c.join(c.Gauss(im, sigma), deviation))

	// The lowest of eight deviations, each with its number in the lower bits.
	n := im.Bands()
	keys, colours := make([]*vips.Image, strokes), make([]*vips.Image, strokes)
	for i := range strokes {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / strokes)
		area := c.moved(areas, int(math.Round(0.8*radius*cos)), int(math.Round(0.8*radius*sin)))
		keys[i] = c.cast(c.linear(c.Bands(area, n, 1), strokes, float64(i)), "ushort")
		colours[i] = c.Bands(area, 0, n)
	}
	calmest := c.Call("bandrank", nil, vips.Args{"in": keys, "index": 0})
	calmest = c.Call("boolean_const", calmest, vips.Args{"boolean": "and", "c": []float64{strokes - 1}})
	return c.Call("case", nil, vips.Args{"index": c.cast(calmest, "uchar"), "cases": colours})
}

// moved returns im moved by dx, dy; what it leaves takes the nearest pixel.
func (c steps) moved(im *vips.Image, dx, dy int) *vips.Image {
	w, h := im.Width(), im.Height()
	return c.Place(im, min(max(dx, 1-w), w-1), min(max(dy, 1-h), h-1), w, h, nil)
}

// cached keeps the last rows of im, as many as what uses them asks for at once,
// so that an effect that needs them several times does not make them each time.
func (c steps) cached(im *vips.Image) *vips.Image {
	return c.Call("linecache", im, vips.Args{"tile_height": 16})
}

// smooth evens out im, which has no opacity, where its contrast is below that
// given, of 255, and keeps edges: the guided filter of He, Sun and Tang, with
// im as its own guide, computed at half the size.
// Source: https://arxiv.org/abs/1505.00996
func (c steps) smooth(im *vips.Image, contrast float64) *vips.Image {
	const sigma = 1.5
	n := im.Bands()
	model := c.shrunk(im, 2, func(small *vips.Image, _ int) *vips.Image {
		small = c.cast(small, "float")
		moments := c.cached(c.Gauss(c.join(small, c.multiply(small, small)), sigma))
		mean := c.Bands(moments, 0, n)
		variance := c.subtract(c.Bands(moments, n, n), c.multiply(mean, mean))
		keep := c.divide(variance, c.linear(variance, 1, contrast*contrast)) // 1 at edges, 0 in areas
		return c.Gauss(c.join(keep, c.subtract(mean, c.multiply(keep, mean))), sigma)
	})
	return c.Bytes(c.add(c.multiply(c.Bands(model, 0, n), im), c.Bands(model, n, n)))
}
