package effect

import (
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// A chain makes images one from another, for one effect. After an error its
// methods do nothing but return an image, and done returns the error.
type chain struct {
	s   *vips.Scope
	im  *vips.Image // what the effect was given
	err error
}

// call runs an operation on in, which is nil for one that needs no "in".
func (c *chain) call(operation string, in *vips.Image, args vips.Args) *vips.Image {
	if c.err != nil {
		return c.im
	}
	if args == nil {
		args = vips.Args{}
	}
	if in != nil {
		args["in"] = in
	}
	out, err := c.s.Call(operation, args)
	if err != nil {
		c.err = err
		return c.im
	}
	return out
}

// done returns im as an image of 8 bits in sRGB or grey, or the first error.
func (c *chain) done(im *vips.Image) (*vips.Image, error) {
	if c.err != nil || im == c.im {
		return im, c.err
	}
	space := "srgb"
	if im.Bands() <= 2 {
		space = "b-w"
	}
	im = c.bytes(im)
	if im.Interpretation() != space {
		im = c.call("copy", im, vips.Args{"interpretation": space})
	}
	return im, c.err
}

func (c *chain) crop(im *vips.Image, x, y, width, height int) *vips.Image {
	if x == 0 && y == 0 && width == im.Width() && height == im.Height() {
		return im
	}
	out := c.call("extract_area", nil, vips.Args{"input": im, "left": x, "top": y, "width": width, "height": height})
	if c.err == nil {
		out.Remove(vips.PageHeightField) // a part of a row of frames is not one
	}
	return out
}

// place puts im at x, y of a larger or otherwise cut canvas. Around it goes a
// colour, or with nil the nearest pixel of im.
func (c *chain) place(im *vips.Image, x, y, width, height int, around []float64) *vips.Image {
	args := vips.Args{"x": x, "y": y, "width": width, "height": height, "extend": "copy"}
	if around != nil {
		args["extend"], args["background"] = "background", around
	}
	return c.call("embed", im, args)
}

// linear returns im times a plus b, as float.
func (c *chain) linear(im *vips.Image, a, b float64) *vips.Image {
	return c.call("linear", im, vips.Args{"a": []float64{a}, "b": []float64{b}})
}

// bytes rounds im to 8 bits.
func (c *chain) bytes(im *vips.Image) *vips.Image {
	switch im.Format() {
	case "uchar":
		return im
	case "float", "double":
		return c.call("linear", im, vips.Args{"a": []float64{1}, "b": []float64{0.5}, "uchar": true})
	}
	return c.call("cast", im, vips.Args{"format": "uchar"})
}

func (c *chain) cast(im *vips.Image, format string) *vips.Image {
	return c.call("cast", im, vips.Args{"format": format})
}

func (c *chain) pair(operation string, left, right *vips.Image) *vips.Image {
	return c.call(operation, nil, vips.Args{"left": left, "right": right})
}

func (c *chain) add(a, b *vips.Image) *vips.Image      { return c.pair("add", a, b) }
func (c *chain) subtract(a, b *vips.Image) *vips.Image { return c.pair("subtract", a, b) }
func (c *chain) multiply(a, b *vips.Image) *vips.Image { return c.pair("multiply", a, b) }
func (c *chain) divide(a, b *vips.Image) *vips.Image   { return c.pair("divide", a, b) }

func (c *chain) bands(im *vips.Image, from, n int) *vips.Image {
	return c.call("extract_band", im, vips.Args{"band": from, "n": n})
}

// join stacks the bands of images.
func (c *chain) join(images ...*vips.Image) *vips.Image {
	return c.call("bandjoin", nil, vips.Args{"in": images})
}

// split returns the colour of im, and its opacity or nil.
func (c *chain) split(im *vips.Image) (colour, alpha *vips.Image) {
	if !im.HasAlpha() {
		return im, nil
	}
	n := im.Bands() - 1
	return c.bands(im, 0, n), c.bands(im, n, 1)
}

// rejoin undoes split.
func (c *chain) rejoin(colour, alpha *vips.Image) *vips.Image {
	if alpha == nil {
		return colour
	}
	return c.join(c.bytes(colour), alpha)
}

func (c *chain) withAlpha(im *vips.Image) *vips.Image {
	if im.HasAlpha() {
		return im
	}
	return c.call("bandjoin_const", im, vips.Args{"c": []float64{255}})
}

// premultiplied gives im to f in a form in which transparent pixels do not
// bleed, with 8 bits.
func (c *chain) premultiplied(im *vips.Image, f func(*vips.Image) *vips.Image) *vips.Image {
	if !im.HasAlpha() {
		return f(im)
	}
	im = f(c.bytes(c.call("premultiply", im, nil)))
	return c.bytes(c.call("unpremultiply", im, nil))
}

// over draws top over a base of the same size.
func (c *chain) over(base, top *vips.Image) *vips.Image {
	space := "srgb"
	if top.Bands() <= 2 {
		space = "b-w"
	}
	return c.bytes(c.call("composite2", nil, vips.Args{"base": base, "overlay": top, "mode": "over", "compositing_space": space}))
}

// rgb returns im in sRGB if it was grey.
func (c *chain) rgb(im *vips.Image) *vips.Image {
	if im.Bands() > 2 {
		return im
	}
	return c.call("colourspace", im, vips.Args{"space": "srgb"})
}

// grey returns how bright im is, with its opacity if it has one.
func (c *chain) grey(im *vips.Image) *vips.Image {
	if im.Bands() <= 2 {
		return im
	}
	return c.call("colourspace", im, vips.Args{"space": "b-w"})
}

// recomb multiplies the colour of im, which is sRGB, by a matrix of 3 rows.
func (c *chain) recomb(im *vips.Image, m [9]float64) *vips.Image {
	rows := []float64{m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]}
	if im.HasAlpha() {
		rows = []float64{m[0], m[1], m[2], 0, m[3], m[4], m[5], 0, m[6], m[7], m[8], 0, 0, 0, 0, 1}
	}
	matrix := c.matrix(im.Bands(), rows...)
	return c.bytes(c.call("recomb", im, vips.Args{"m": matrix}))
}

// matrix returns an image of one band of numbers.
func (c *chain) matrix(width int, values ...float64) *vips.Image {
	if c.err != nil {
		return c.im
	}
	m, err := c.s.NewMatrix(width, values...)
	if err != nil {
		c.err = err
		return c.im
	}
	return m
}

// memory returns an image of the bytes of pixels.
func (c *chain) memory(pixels []byte, width, height, bands int) *vips.Image {
	if c.err != nil {
		return c.im
	}
	im, err := c.s.NewFromMemory(pixels, width, height, bands)
	if err != nil {
		c.err = err
		return c.im
	}
	return im
}

// coloured returns im in a form that can hold colours.
func (c *chain) coloured(im *vips.Image, colours ...transform.Color) *vips.Image {
	for _, v := range colours {
		if v.R != v.G || v.G != v.B {
			im = c.rgb(im)
		}
		if v.A < 255 {
			im = c.withAlpha(im)
		}
	}
	return im
}

// pixel returns a colour as the bands of im, which was coloured for it.
func pixel(im *vips.Image, v transform.Color) []float64 {
	p := []float64{float64(v.R), float64(v.G), float64(v.B)}
	if im.Bands() <= 2 {
		p = p[:1]
	}
	if im.HasAlpha() {
		p = append(p, float64(v.A))
	}
	return p
}

// constant returns an area of one colour, with the bands of like.
func (c *chain) constant(like *vips.Image, width, height int, v transform.Color) *vips.Image {
	dot := c.call("black", nil, vips.Args{"width": 1, "height": 1, "bands": like.Bands()})
	p := pixel(like, v)
	dot = c.call("linear", dot, vips.Args{"a": make([]float64, len(p)), "b": p, "uchar": true})
	dot = c.call("copy", dot, vips.Args{"interpretation": like.Interpretation()})
	return c.place(dot, 0, 0, width, height, nil)
}
