package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// steps are those that several compositions need.
type steps struct{ *chain.Chain }

// still returns the first frame of im.
func (c steps) still(im *vips.Image) *vips.Image {
	return c.Crop(im, transform.Box{Width: im.Width(), Height: im.PageHeight()})
}

// onto puts im on a colour. The result is in sRGB, and has opacity only if the
// colour is not opaque.
func (c steps) onto(im *vips.Image, v transform.Color) *vips.Image {
	im = c.RGB(im)
	if v.A < 255 && !im.HasAlpha() {
		return c.WithAlpha(im)
	}
	return c.Behind(im, &v)
}

// scale returns im with a size. It does not care about the ratio.
func (c steps) scale(im *vips.Image, width, height int) *vips.Image {
	if width == im.Width() && height == im.Height() {
		return im
	}
	return c.Premultiplied(im, func(im *vips.Image) *vips.Image {
		h, v := float64(width)/float64(im.Width()), float64(height)/float64(im.Height())
		return c.Call("resize", im, vips.Args{"scale": h, "vscale": v})
	})
}

// insert puts part over im, at a place that may lie partly outside.
func (c steps) insert(im, part *vips.Image, x, y int) *vips.Image {
	return c.Call("insert", nil, vips.Args{"main": im, "sub": part, "x": x, "y": y})
}
