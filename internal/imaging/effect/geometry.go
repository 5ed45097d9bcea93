package effect

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Rotate turns im clockwise about its centre, on a canvas that grows to hold
// it. Quarter turns move pixels and change none.
func Rotate(s *vips.Scope, im *vips.Image, op transform.Rotate) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	return c.done(c.rotate(im, op.Degrees, op.Background))
}

func (c steps) rotate(im *vips.Image, degrees int, background *transform.Color) *vips.Image {
	switch degrees %= 360; degrees {
	case 0:
		return im
	case 90, 180, 270:
		angle := map[int]string{90: "d90", 180: "d180", 270: "d270"}[degrees]
		return c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
			return c.Call("rot", frame, vips.Args{"angle": angle})
		})
	}
	im = c.WithAlpha(im) // so that the edges blend with what is behind
	im = c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.Call("similarity", frame, vips.Args{
			"angle": float64(degrees), "background": make([]float64, im.Bands()), "interpolate": vips.Interpolate("bicubic")})
	})
	return c.Behind(c.Bytes(im), background)
}

// Flip mirrors top and bottom.
func Flip(s *vips.Scope, im *vips.Image, _ transform.Flip) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.Call("flip", frame, vips.Args{"direction": "vertical"})
	}))
}

// Flop mirrors left and right.
func Flop(s *vips.Scope, im *vips.Image, _ transform.Flop) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	return c.done(c.Call("flip", im, vips.Args{"direction": "horizontal"}))
}

// grain is the contrast that is taken for noise, of 255, by how much of it
// Upscale is to remove.
var grain = [4]float64{0, 6, 12, 24}

// Upscale doubles both sides unless only noise is to be removed.
func Upscale(s *vips.Scope, im *vips.Image, op transform.Upscale) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	if op.Only && op.Noise == 0 {
		return im, nil
	}
	return c.done(c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		if op.Noise > 0 {
			frame = c.onColour(frame, func(colour *vips.Image) *vips.Image { return c.smooth(colour, grain[op.Noise]) })
		}
		if op.Only {
			return frame
		}
		return c.Premultiplied(frame, func(flat *vips.Image) *vips.Image {
			if op.Artwork {
				return c.doubleArtwork(flat)
			}
			return c.Call("resize", flat, vips.Args{"scale": 2.0, "kernel": "lanczos3"})
		})
	}))
}

// doubleArtwork doubles im and makes its edges steeper, but never darker or
// brighter than the pixels around them were: flat areas stay flat, and lines
// have no halo.
func (c steps) doubleArtwork(im *vips.Image) *vips.Image {
	steep := c.cast(c.subtract(c.linear(im, 2.5, 0), c.linear(c.Gauss(im, 0.6), 1.5, 0)), "short")
	large := c.Call("resize", steep, vips.Args{"scale": 2.0, "kernel": "cubic"})
	w, h := im.Width(), im.Height()
	wide := c.Place(im, 1, 1, w+2, h+2, nil)
	around := func(index int) *vips.Image {
		extreme := c.Crop(c.Call("rank", wide, vips.Args{"width": 3, "height": 3, "index": index}), transform.Box{X: 1, Y: 1, Width: w, Height: h})
		return c.Call("zoom", nil, vips.Args{"input": extreme, "xfac": 2, "yfac": 2})
	}
	return c.Call("bandrank", nil, vips.Args{"in": []*vips.Image{large, around(0), around(8)}, "index": 1})
}
