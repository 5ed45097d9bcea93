package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// A chain makes images one from another, for one op. After an error its
// methods do nothing but return an image, and err says why.
type chain struct {
	s   *vips.Scope
	im  *vips.Image // what the op was given
	err error
}

// call runs an operation on in, which is nil for one that needs no "in".
func (c *chain) call(operation string, in *vips.Image, args vips.Args) *vips.Image {
	if c.err != nil {
		return c.im
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

// pixels computes im.
func (c *chain) pixels(im *vips.Image) []byte {
	if c.err != nil {
		return nil
	}
	p, err := im.ToMemory()
	if err != nil {
		c.err = err
	}
	return p
}

func (c *chain) crop(im *vips.Image, b transform.Box) *vips.Image {
	if b == (transform.Box{Width: im.Width(), Height: im.Height()}) {
		return im
	}
	return c.call("extract_area", nil, vips.Args{"input": im, "left": b.X, "top": b.Y, "width": b.Width, "height": b.Height})
}

// scale returns im with a size. It does not care about the ratio.
func (c *chain) scale(im *vips.Image, width, height int) *vips.Image {
	if width == im.Width() && height == im.Height() {
		return im
	}
	return c.premultiplied(im, func(im *vips.Image) *vips.Image {
		h, v := float64(width)/float64(im.Width()), float64(height)/float64(im.Height())
		return c.call("resize", im, vips.Args{"scale": h, "vscale": v})
	})
}

// premultiplied gives im to f in a form in which the colour of transparent
// pixels does not matter.
func (c *chain) premultiplied(im *vips.Image, f func(*vips.Image) *vips.Image) *vips.Image {
	if !im.HasAlpha() {
		return f(im)
	}
	made := f(c.bytes(c.call("premultiply", im, vips.Args{})))
	return c.bytes(c.call("unpremultiply", made, vips.Args{}))
}

// bytes rounds im to 8 bits.
func (c *chain) bytes(im *vips.Image) *vips.Image {
	if im.Format() == "uchar" {
		return im
	}
	return c.call("linear", im, vips.Args{"a": []float64{1}, "b": []float64{0.5}, "uchar": true})
}

// rgb returns im in sRGB if it was grey.
func (c *chain) rgb(im *vips.Image) *vips.Image {
	if im.Bands() > 2 {
		return im
	}
	return c.call("colourspace", im, vips.Args{"space": "srgb"})
}

func (c *chain) withAlpha(im *vips.Image) *vips.Image {
	if im.HasAlpha() {
		return im
	}
	return c.call("bandjoin_const", im, vips.Args{"c": []float64{255}})
}

// plain returns an area of one colour, in sRGB with opacity.
func (c *chain) plain(width, height int, v transform.Color) *vips.Image {
	dot := c.call("copy", c.memory([]byte{v.R, v.G, v.B, v.A}, 1, 1, 4), vips.Args{"interpretation": "srgb"})
	return c.call("embed", dot, vips.Args{"x": 0, "y": 0, "width": width, "height": height, "extend": "copy"})
}

// over draws top over a base of the same size. Both are in sRGB with opacity.
func (c *chain) over(base, top *vips.Image) *vips.Image {
	return c.bytes(c.call("composite2", nil, vips.Args{"base": base, "overlay": top, "mode": "over"}))
}

// onto puts im, in sRGB, on a colour. The result has opacity only if the colour
// is not opaque.
func (c *chain) onto(im *vips.Image, v transform.Color) *vips.Image {
	im = c.rgb(im)
	switch {
	case v.A == 255 && im.HasAlpha():
		return c.call("flatten", im, vips.Args{"background": []float64{float64(v.R), float64(v.G), float64(v.B)}})
	case v.A == 255:
		return im
	case v.A == 0 || !im.HasAlpha():
		return c.withAlpha(im)
	}
	return c.over(c.plain(im.Width(), im.Height(), v), im)
}

// insert puts part over im, at a place that may lie partly outside.
func (c *chain) insert(im, part *vips.Image, x, y int) *vips.Image {
	return c.call("insert", nil, vips.Args{"main": im, "sub": part, "x": x, "y": y})
}

// blend returns yes where mask, one band of im's size, is 255, no where it is
// 0, and a mixture between.
func (c *chain) blend(mask, yes, no *vips.Image) *vips.Image {
	return c.call("ifthenelse", nil, vips.Args{"cond": mask, "in1": yes, "in2": no, "blend": true})
}

// frames gives each frame of im and its number to f, which returns frames of
// one size. f must not return its argument changed in place.
func (c *chain) frames(im *vips.Image, f func(i int, frame *vips.Image) *vips.Image) *vips.Image {
	height := im.PageHeight()
	if height == im.Height() {
		return f(0, im)
	}
	var made []*vips.Image
	for i := range im.Pages() {
		made = append(made, f(i, c.crop(im, transform.Box{Y: i * height, Width: im.Width(), Height: height})))
	}
	return c.strip(made)
}

// strip puts frames of one size into one image, from top to bottom.
func (c *chain) strip(frames []*vips.Image) *vips.Image {
	joined := c.call("arrayjoin", nil, vips.Args{"in": frames, "across": 1})
	if c.err == nil {
		joined.Set(vips.PageHeightField, frames[0].Height())
	}
	return joined
}

// frame returns a frame of im, the first being 0.
func (c *chain) frame(im *vips.Image, i int) *vips.Image {
	h := im.PageHeight()
	return c.crop(im, transform.Box{Y: i * h, Width: im.Width(), Height: h})
}
