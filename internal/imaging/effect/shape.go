package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// RoundCorners makes the corners of im round, at most to half its shorter side.
func RoundCorners(s *vips.Scope, im *vips.Image, op transform.RoundCorners) (*vips.Image, error) {
	c := chain{s: s, im: im}
	return c.done(c.behind(c.maskFrames(im, c.corners(im.Width(), im.PageHeight(), float64(op.Radius), op.Soft)), op.Background))
}

// Circle cuts the largest circle out of the middle of im, which becomes a square.
func Circle(s *vips.Scope, im *vips.Image, op transform.Circle) (*vips.Image, error) {
	c := chain{s: s, im: im}
	side := min(im.Width(), im.PageHeight())
	square := c.frames(im, func(frame *vips.Image) *vips.Image {
		return c.crop(frame, (frame.Width()-side)/2, (frame.Height()-side)/2, side, side)
	})
	return c.done(c.behind(c.maskFrames(square, c.corners(side, side, 0, 0)), op.Background))
}

// corners returns a mask of a size: 255, and 0 outside of round corners. A
// radius of 0 is the largest possible. Their edge covers one pixel, or is soft
// by a sigma in pixels.
//
// One corner is computed, the straight parts repeat its last row and column,
// and the other quarters mirror the first.
func (c *chain) corners(width, height int, radius, soft float64) *vips.Image {
	half := float64(min(width, height)) / 2
	if radius <= 0 || radius > half {
		radius = half
	}
	soft = min(soft, radius/5) // a corner stays one however small it is
	right, bottom := (width+1)/2, (height+1)/2
	reach := int(math.Ceil(radius + 4*soft + 1))
	w, h := min(reach, right), min(reach, bottom)

	// Distances of the middles of pixels from the centre of the corner's arc,
	// 0 where they are past it.
	xy := c.call("xyz", nil, vips.Args{"width": w, "height": h})
	away := c.linear(xy, -1, radius-0.5)
	past := c.call("relational_const", away, vips.Args{"relational": "less", "c": []float64{0}})
	away = c.call("ifthenelse", nil, vips.Args{"cond": past, "in1": c.linear(away, 0, 0), "in2": away})
	x, y := c.bands(away, 0, 1), c.bands(away, 1, 1)
	square := c.add(c.multiply(x, x), c.multiply(y, y))
	distance := c.call("math2_const", square, vips.Args{"math2": "pow", "c": []float64{0.5}})
	quarter := c.bytes(c.linear(distance, -255, 255*(radius+0.5)))
	if soft > 0 {
		quarter = c.gauss(quarter, soft)
	}

	quarter = c.place(quarter, 0, 0, right, bottom, nil)
	w, h = max(1, width/2), max(1, height/2)
	mirrored := c.call("flip", quarter, vips.Args{"direction": "horizontal"})
	upper := c.crop(c.joined("horizontal", quarter, c.crop(mirrored, right-w, 0, w, bottom)), 0, 0, width, bottom)
	mirrored = c.call("flip", upper, vips.Args{"direction": "vertical"})
	return c.crop(c.joined("vertical", upper, c.crop(mirrored, 0, bottom-h, width, h)), 0, 0, width, height)
}

func (c *chain) joined(direction string, a, b *vips.Image) *vips.Image {
	return c.call("join", nil, vips.Args{"in1": a, "in2": b, "direction": direction})
}

// vignetteSlope says how steeply the Gaussian vignette rises: the fade at r,
// which is 1 in the corners, is 1 - exp(-vignetteSlope r r), brought to 1 there.
const vignetteSlope = 1.2

// vignetteClear is the part of the way to the corners that the linear vignette
// leaves as it was.
const vignetteClear = 0.25

// Vignette fades im towards a colour in the corners, in which it ends if the
// amount is 100.
func Vignette(s *vips.Scope, im *vips.Image, op transform.Vignette) (*vips.Image, error) {
	if op.Amount == 0 {
		return im, nil
	}
	c := chain{s: s, im: im}
	colour := transform.Black
	if op.Background != nil {
		colour = *op.Background
	}
	fade := c.bytes(c.linear(c.falloff(im.Width(), im.PageHeight(), op.Linear), 255*float64(op.Amount)/100, 0))
	out := im
	if colour.A > 0 {
		opaque := colour
		opaque.A = 255
		out = c.onColour(c.coloured(im, opaque), func(pixels *vips.Image) *vips.Image {
			strength := c.bytes(c.linear(fade, float64(colour.A)/255, 0))
			strength = c.call("replicate", strength, vips.Args{"across": 1, "down": im.Pages()})
			return c.call("ifthenelse", nil, vips.Args{"cond": strength, "blend": true,
				"in1": c.constant(pixels, im.Width(), im.Height(), opaque), "in2": pixels})
		})
	}
	if colour.A < 255 {
		out = c.maskFrames(out, c.bytes(c.linear(fade, float64(colour.A)/255-1, 255)))
	}
	return c.done(out)
}

// falloff returns 0 in the middle and 1 in the corners of an area, as float.
func (c *chain) falloff(width, height int, linear bool) *vips.Image {
	w, h := float64(width), float64(height)
	xy := c.call("xyz", nil, vips.Args{"width": width, "height": height})
	xy = c.call("linear", xy, vips.Args{"a": []float64{2 / w, 2 / h}, "b": []float64{1/w - 1, 1/h - 1}})
	x, y := c.bands(xy, 0, 1), c.bands(xy, 1, 1)
	square := c.linear(c.add(c.multiply(x, x), c.multiply(y, y)), 0.5, 0)
	if linear {
		distance := c.call("math2_const", square, vips.Args{"math2": "pow", "c": []float64{0.5}})
		return c.linear(distance, 1/(1-vignetteClear), -vignetteClear/(1-vignetteClear))
	}
	bell := c.call("math", c.linear(square, -vignetteSlope, 0), vips.Args{"math": "exp"})
	end := 1 - math.Exp(-vignetteSlope)
	return c.linear(bell, -1/end, 1/end)
}
