package chain

import (
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// RGB returns im in sRGB if it was grey.
func (c *Chain) RGB(im *vips.Image) *vips.Image {
	if im.Bands() > 2 {
		return im
	}
	return c.Call("colourspace", im, vips.Args{"space": "srgb"})
}

// WithAlpha returns im with opacity, which is full if it had none.
func (c *Chain) WithAlpha(im *vips.Image) *vips.Image {
	if im.HasAlpha() {
		return im
	}
	return c.Call("bandjoin_const", im, vips.Args{"c": []float64{255}})
}

// Coloured returns im in a form that can hold colours.
func (c *Chain) Coloured(im *vips.Image, colours ...transform.Color) *vips.Image {
	for _, v := range colours {
		if v.R != v.G || v.G != v.B {
			im = c.RGB(im)
		}
		if v.A < 255 {
			im = c.WithAlpha(im)
		}
	}
	return im
}

// Pixel returns a colour as the bands of im, which was coloured for it.
func Pixel(im *vips.Image, v transform.Color) []float64 {
	p := []float64{float64(v.R), float64(v.G), float64(v.B)}
	if im.Bands() <= 2 {
		p = p[:1]
	}
	if im.HasAlpha() {
		p = append(p, float64(v.A))
	}
	return p
}

// Constant returns an area of one colour, with the bands of like, which was
// coloured for it.
func (c *Chain) Constant(like *vips.Image, width, height int, v transform.Color) *vips.Image {
	dot := c.Call("black", nil, vips.Args{"width": 1, "height": 1, "bands": like.Bands()})
	p := Pixel(like, v)
	dot = c.Call("linear", dot, vips.Args{"a": make([]float64, len(p)), "b": p, "uchar": true})
	dot = c.Call("copy", dot, vips.Args{"interpretation": like.Interpretation()})
	return c.Place(dot, 0, 0, width, height, nil)
}

// Behind puts im on a colour. A colour that is nil or transparent changes
// nothing; one that is partly so leaves opacity.
func (c *Chain) Behind(im *vips.Image, background *transform.Color) *vips.Image {
	if background == nil || background.A == 0 || !im.HasAlpha() {
		return im
	}
	im = c.Coloured(im, *background)
	if background.A == 255 {
		return c.Call("flatten", im, vips.Args{"background": Pixel(im, *background)[:im.Bands()-1]})
	}
	return c.Over(c.Constant(im, im.Width(), im.Height(), *background), im)
}

// Over draws top over a base of the same size and bands. Both have opacity.
func (c *Chain) Over(base, top *vips.Image) *vips.Image {
	space := "srgb"
	if top.Bands() <= 2 {
		space = "b-w"
	}
	return c.Bytes(c.Call("composite2", nil, vips.Args{"base": base, "overlay": top, "mode": "over", "compositing_space": space}))
}

// Blend returns yes where mask, one band of the same size, is 255, no where it
// is 0, and a mixture between.
func (c *Chain) Blend(mask, yes, no *vips.Image) *vips.Image {
	return c.Call("ifthenelse", nil, vips.Args{"cond": mask, "in1": yes, "in2": no, "blend": true})
}
