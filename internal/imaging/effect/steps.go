package effect

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
)

// steps are those that several effects need.
type steps struct{ *chain.Chain }

// done returns im as an image of 8 bits in sRGB or grey, or the first error.
func (c steps) done(im *vips.Image) (*vips.Image, error) {
	if c.Err() != nil || im == c.Start() {
		return im, c.Err()
	}
	space := "srgb"
	if im.Bands() <= 2 {
		space = "b-w"
	}
	im = c.Bytes(im)
	if im.Interpretation() != space {
		im = c.Call("copy", im, vips.Args{"interpretation": space})
	}
	return im, c.Err()
}

// linear returns im times a plus b, as float.
func (c steps) linear(im *vips.Image, a, b float64) *vips.Image {
	return c.Call("linear", im, vips.Args{"a": []float64{a}, "b": []float64{b}})
}

func (c steps) cast(im *vips.Image, format string) *vips.Image {
	return c.Call("cast", im, vips.Args{"format": format})
}

func (c steps) pair(operation string, left, right *vips.Image) *vips.Image {
	return c.Call(operation, nil, vips.Args{"left": left, "right": right})
}

func (c steps) add(a, b *vips.Image) *vips.Image      { return c.pair("add", a, b) }
func (c steps) subtract(a, b *vips.Image) *vips.Image { return c.pair("subtract", a, b) }
func (c steps) multiply(a, b *vips.Image) *vips.Image { return c.pair("multiply", a, b) }
func (c steps) divide(a, b *vips.Image) *vips.Image   { return c.pair("divide", a, b) }

// join stacks the bands of images.
func (c steps) join(images ...*vips.Image) *vips.Image {
	return c.Call("bandjoin", nil, vips.Args{"in": images})
}

// split returns the colour of im, and its opacity or nil.
func (c steps) split(im *vips.Image) (colour, alpha *vips.Image) {
	if !im.HasAlpha() {
		return im, nil
	}
	n := im.Bands() - 1
	return c.Bands(im, 0, n), c.Bands(im, n, 1)
}

// rejoin undoes split.
func (c steps) rejoin(colour, alpha *vips.Image) *vips.Image {
	if alpha == nil {
		return colour
	}
	return c.join(c.Bytes(colour), alpha)
}

// grey returns how bright im is, with its opacity if it has one.
func (c steps) grey(im *vips.Image) *vips.Image {
	if im.Bands() <= 2 {
		return im
	}
	return c.Call("colourspace", im, vips.Args{"space": "b-w"})
}

// recomb multiplies the colour of im, which is sRGB, by a matrix of 3 rows.
func (c steps) recomb(im *vips.Image, m [9]float64) *vips.Image {
	rows := []float64{m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]}
	if im.HasAlpha() {
		rows = []float64{m[0], m[1], m[2], 0, m[3], m[4], m[5], 0, m[6], m[7], m[8], 0, 0, 0, 0, 1}
	}
	matrix := c.Matrix(im.Bands(), rows...)
	return c.Bytes(c.Call("recomb", im, vips.Args{"m": matrix}))
}
