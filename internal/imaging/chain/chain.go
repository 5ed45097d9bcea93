// Package chain makes images of libvips one from another, in steps that check
// no errors: the first one ends the chain. It has the steps that several kinds
// of operations need; those of one kind are left to its package.
//
// Images are in sRGB or grey, with 8 bits in a band unless a step says
// otherwise, and with or without opacity.
package chain

import (
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// A Chain makes images for one operation. After an error its methods do nothing
// but return an image, and Err returns the error.
type Chain struct {
	scope *vips.Scope
	start *vips.Image
	err   error
}

// New returns a chain that starts with an image, whose scope is s.
func New(s *vips.Scope, im *vips.Image) *Chain { return &Chain{scope: s, start: im} }

// Start returns the image that the chain started with.
func (c *Chain) Start() *vips.Image { return c.start }

// Err returns the first error.
func (c *Chain) Err() error { return c.err }

// Fail ends the chain unless err is nil.
func (c *Chain) Fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// made returns im, or the start after an error.
func (c *Chain) made(im *vips.Image, err error) *vips.Image {
	if c.Fail(err); err != nil {
		return c.start
	}
	return im
}

// Call runs an operation on in, which is nil for one that needs no "in".
func (c *Chain) Call(operation string, in *vips.Image, args vips.Args) *vips.Image {
	if c.err != nil {
		return c.start
	}
	if args == nil {
		args = vips.Args{}
	}
	if in != nil {
		args["in"] = in
	}
	return c.made(c.scope.Call(operation, args))
}

// Memory returns an image of the bytes of pixels.
func (c *Chain) Memory(pixels []byte, width, height, bands int) *vips.Image {
	if c.err != nil {
		return c.start
	}
	return c.made(c.scope.NewFromMemory(pixels, width, height, bands))
}

// Matrix returns an image of one band of numbers.
func (c *Chain) Matrix(width int, values ...float64) *vips.Image {
	if c.err != nil {
		return c.start
	}
	return c.made(c.scope.NewMatrix(width, values...))
}

// Pixels computes im. After an error it returns nil.
func (c *Chain) Pixels(im *vips.Image) []byte {
	if c.err != nil {
		return nil
	}
	pixels, err := im.ToMemory()
	c.Fail(err)
	return pixels
}

// Crop returns a part of im, which is not looked at as frames.
func (c *Chain) Crop(im *vips.Image, b transform.Box) *vips.Image {
	if b == (transform.Box{Width: im.Width(), Height: im.Height()}) {
		return im
	}
	part := c.Call("extract_area", nil, vips.Args{"input": im, "left": b.X, "top": b.Y, "width": b.Width, "height": b.Height})
	if c.err == nil {
		part.Remove(vips.PageHeightField) // a part of a row of frames is not one
	}
	return part
}

// Place puts im at x, y of a larger or otherwise cut canvas. Around it goes a
// pixel or, with nil, the nearest one of im.
func (c *Chain) Place(im *vips.Image, x, y, width, height int, around []float64) *vips.Image {
	args := vips.Args{"x": x, "y": y, "width": width, "height": height, "extend": "copy"}
	if around != nil {
		args["extend"], args["background"] = "background", around
	}
	return c.Call("embed", im, args)
}

// Frames gives each frame of im and its number to f, which returns frames of
// one size.
func (c *Chain) Frames(im *vips.Image, f func(i int, frame *vips.Image) *vips.Image) *vips.Image {
	height := im.PageHeight()
	if height == im.Height() {
		return f(0, im)
	}
	var frames []*vips.Image
	for i := 0; i < im.Pages() && c.err == nil; i++ {
		frames = append(frames, f(i, c.Crop(im, transform.Box{Y: i * height, Width: im.Width(), Height: height})))
	}
	return c.Strip(frames)
}

// Strip puts frames of one size into one image, from top to bottom.
func (c *Chain) Strip(frames []*vips.Image) *vips.Image {
	strip := c.Call("arrayjoin", nil, vips.Args{"in": frames, "across": 1})
	if c.err == nil {
		strip.Set(vips.PageHeightField, frames[0].Height())
	}
	return strip
}

// Bands returns n bands of im.
func (c *Chain) Bands(im *vips.Image, from, n int) *vips.Image {
	return c.Call("extract_band", im, vips.Args{"band": from, "n": n})
}

// Bytes rounds im, of any format, to 8 bits.
func (c *Chain) Bytes(im *vips.Image) *vips.Image {
	switch im.Format() {
	case "uchar":
		return im
	case "float", "double":
		return c.Call("linear", im, vips.Args{"a": []float64{1}, "b": []float64{0.5}, "uchar": true})
	}
	return c.Call("cast", im, vips.Args{"format": "uchar"})
}

// Premultiplied gives im to f in a form in which transparent pixels do not
// bleed, with 8 bits.
func (c *Chain) Premultiplied(im *vips.Image, f func(*vips.Image) *vips.Image) *vips.Image {
	if !im.HasAlpha() {
		return f(im)
	}
	im = f(c.Bytes(c.Call("premultiply", im, nil)))
	return c.Bytes(c.Call("unpremultiply", im, nil))
}

// Blocks returns im, without opacity or premultiplied, in squares of their mean
// colour, from the top left corner.
func (c *Chain) Blocks(im *vips.Image, side int) *vips.Image {
	size := transform.Box{Width: im.Width(), Height: im.Height()}
	im = c.Call("zoom", nil, vips.Args{"input": c.Shrink(im, side), "xfac": side, "yfac": side})
	return c.Crop(im, size)
}

// Shrink returns im at an nth of its size, rounded up.
func (c *Chain) Shrink(im *vips.Image, n int) *vips.Image {
	across, down := (im.Width()+n-1)/n, (im.Height()+n-1)/n
	whole := c.Place(im, 0, 0, across*n, down*n, nil)
	return c.Call("shrink", whole, vips.Args{"hshrink": float64(n), "vshrink": float64(n)})
}
