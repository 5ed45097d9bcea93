package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// RoundCorners makes the corners of im round, at most to half its shorter side.
func RoundCorners(s *vips.Scope, im *vips.Image, op transform.RoundCorners) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	return c.done(c.Behind(c.maskFrames(im, c.corners(im.Width(), im.PageHeight(), float64(op.Radius), op.Soft)), op.Background))
}

// Circle cuts the largest circle out of the middle of im, which becomes a square.
func Circle(s *vips.Scope, im *vips.Image, op transform.Circle) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	side := min(im.Width(), im.PageHeight())
	square := c.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return c.Crop(frame, transform.Box{X: (frame.Width() - side) / 2, Y: (frame.Height() - side) / 2, Width: side, Height: side})
	})
	return c.done(c.Behind(c.maskFrames(square, c.corners(side, side, 0, 0)), op.Background))
}

// corners returns a mask of a size: 255, and 0 outside of round corners. A
// radius of 0 is the largest possible. Their edge covers one pixel, or is soft
// by a sigma in pixels.
//
// One corner is computed, the straight parts repeat its last row and column,
// and the other quarters mirror the first.
func (c steps) corners(width, height int, radius, soft float64) *vips.Image {
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
	xy := c.Call("xyz", nil, vips.Args{"width": w, "height": h})
	away := c.linear(xy, -1, radius-0.5)
	past := c.Call("relational_const", away, vips.Args{"relational": "less", "c": []float64{0}})
	away = c.Call("ifthenelse", nil, vips.Args{"cond": past, "in1": c.linear(away, 0, 0), "in2": away})
	x, y := c.Bands(away, 0, 1), c.Bands(away, 1, 1)
	square := c.add(c.multiply(x, x), c.multiply(y, y))
	distance := c.Call("math2_const", square, vips.Args{"math2": "pow", "c": []float64{0.5}})
	quarter := c.Bytes(c.linear(distance, -255, 255*(radius+0.5)))
	if soft > 0 {
		quarter = c.Gauss(quarter, soft)
	}

	quarter = c.Place(quarter, 0, 0, right, bottom, nil)
	w, h = max(1, width/2), max(1, height/2)
	mirrored := c.Call("flip", quarter, vips.Args{"direction": "horizontal"})
	upper := c.joined("horizontal", quarter, c.Crop(mirrored, transform.Box{X: right - w, Width: w, Height: bottom}))
	upper = c.Crop(upper, transform.Box{Width: width, Height: bottom})
	mirrored = c.Call("flip", upper, vips.Args{"direction": "vertical"})
	whole := c.joined("vertical", upper, c.Crop(mirrored, transform.Box{Y: bottom - h, Width: width, Height: h}))
	return c.Crop(whole, transform.Box{Width: width, Height: height})
}

func (c steps) joined(direction string, a, b *vips.Image) *vips.Image {
	return c.Call("join", nil, vips.Args{"in1": a, "in2": b, "direction": direction})
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
	c := steps{chain.New(s, im)}
	colour := transform.Black
	if op.Background != nil {
		colour = *op.Background
	}
	fade := c.Bytes(c.linear(c.falloff(im.Width(), im.PageHeight(), op.Linear), 255*float64(op.Amount)/100, 0))
	out := im
	if colour.A > 0 {
		opaque := colour
		opaque.A = 255
		out = c.onColour(c.Coloured(im, opaque), func(pixels *vips.Image) *vips.Image {
			strength := c.Bytes(c.linear(fade, float64(colour.A)/255, 0))
			strength = c.Call("replicate", strength, vips.Args{"across": 1, "down": im.Pages()})
			return c.Blend(strength, c.Constant(pixels, im.Width(), im.Height(), opaque), pixels)
		})
	}
	if colour.A < 255 {
		out = c.maskFrames(out, c.Bytes(c.linear(fade, float64(colour.A)/255-1, 255)))
	}
	return c.done(out)
}

// falloff returns 0 in the middle and 1 in the corners of an area, as float.
func (c steps) falloff(width, height int, linear bool) *vips.Image {
	w, h := float64(width), float64(height)
	xy := c.Call("xyz", nil, vips.Args{"width": width, "height": height})
	xy = c.Call("linear", xy, vips.Args{"a": []float64{2 / w, 2 / h}, "b": []float64{1/w - 1, 1/h - 1}})
	x, y := c.Bands(xy, 0, 1), c.Bands(xy, 1, 1)
	square := c.linear(c.add(c.multiply(x, x), c.multiply(y, y)), 0.5, 0)
	if linear {
		distance := c.Call("math2_const", square, vips.Args{"math2": "pow", "c": []float64{0.5}})
		return c.linear(distance, 1/(1-vignetteClear), -vignetteClear/(1-vignetteClear))
	}
	bell := c.Call("math", c.linear(square, -vignetteSlope, 0), vips.Args{"math": "exp"})
	end := 1 - math.Exp(-vignetteSlope)
	return c.linear(bell, -1/end, 1/end)
}
