// Package canvas holds an image in work, and brings it to sizes, parts and
// colour spaces. An animation is one tall image, whose frames are treated one by
// one wherever a pixel depends on more than itself.
package canvas

import (
	"slices"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// A Canvas is an image as the operations so far have left it.
type Canvas struct {
	Image *vips.Image
	Full  transform.Box // its size, if it was decoded smaller because it is scaled next; else the zero Box

	scope   *vips.Scope
	once    bool        // its rows can be read only in order, and only once
	done    *vips.Image // the image whose pixels were made last
	mark    int         // of the scope, before anything was done with the image
	managed bool        // it is in sRGB or grey, with 8 bits, and has no profile
	profile []byte      // that it had before it was managed; nil if none
	source  string      // what it was before it was managed, in the library's words
}

// New returns a canvas with an image that was read from a file. It was opened
// for sequential access if once.
func New(s *vips.Scope, image *vips.Image, once bool) Canvas {
	return Canvas{Image: image, scope: s, once: once, done: image, mark: s.Mark()}
}

// Made returns a canvas with an image in sRGB or grey of 8 bits that can be
// read at any place and more than once.
func Made(s *vips.Scope, image *vips.Image) Canvas {
	return Canvas{Image: image, scope: s, managed: true, done: image, mark: s.Mark()}
}

// Scope returns the owner of the image.
func (c *Canvas) Scope() *vips.Scope { return c.scope }

// maxAgain is how many bytes of pixels are made again, so that what was done
// since is not done each time that one of them is read.
const maxAgain = 128 << 20

// Compute makes the pixels so far, so that they can be read in any order and
// more than once.
func (c *Canvas) Compute() error {
	again := c.Image != c.done && c.Image.Width()*c.Image.Height()*c.Image.Bands() <= maxAgain
	if !c.once && !again {
		return nil
	}
	image, err := c.Image.Compute()
	if err != nil {
		return err
	}
	if !c.once {
		c.scope.Release(c.mark, image)
	}
	c.Image, c.done, c.once = image, image, false
	return nil
}

// Managed reports whether the image is in sRGB or grey, with 8 bits.
func (c *Canvas) Managed() bool { return c.managed }

// Call runs an operation on the image, which becomes its result.
func (c *Canvas) Call(operation string, args vips.Args) (err error) {
	in := "in"
	if slices.Contains([]string{"extract_area", "smartcrop"}, operation) {
		in = "input"
	}
	args[in] = c.Image
	c.Image, err = c.scope.Call(operation, args)
	return err
}

// EachFrame gives the frames of the image to f one by one, which returns
// frames of one size.
func (c *Canvas) EachFrame(f func() error) error {
	steps := chain.New(c.scope, c.Image)
	c.Image = steps.Frames(c.Image, func(_ int, frame *vips.Image) *vips.Image {
		c.Image = frame
		steps.Fail(f())
		return c.Image
	})
	return steps.Err()
}

// Extract keeps a part of the image, which is not looked at as frames.
func (c *Canvas) Extract(b transform.Box) error {
	steps := chain.New(c.scope, c.Image)
	c.Image = steps.Crop(c.Image, b)
	return steps.Err()
}

// Crop keeps a part of each frame.
func (c *Canvas) Crop(b transform.Box) error {
	if b == (transform.Box{Width: c.Image.Width(), Height: c.Image.PageHeight()}) {
		return nil
	}
	return c.EachFrame(func() error { return c.Extract(b) })
}

// Size returns the size of a frame in pixels, also if it was decoded smaller.
func (c *Canvas) Size() (width, height int) {
	if c.Full != (transform.Box{}) {
		return c.Full.Width, c.Full.Height
	}
	return c.Image.Width(), c.Image.PageHeight()
}

// Scale brings each frame to a size in pixels.
func (c *Canvas) Scale(width, height int, kernel string) error {
	c.Full = transform.Box{}
	if width == c.Image.Width() && height == c.Image.PageHeight() {
		return nil
	}
	if kernel == "" {
		kernel = "lanczos3"
	}
	return c.EachFrame(func() error {
		format, alpha := c.Image.Format(), c.Image.HasAlpha()
		// What is transparent must not bleed into what is not.
		if alpha {
			if err := c.Call("premultiply", vips.Args{}); err != nil {
				return err
			}
			if err := c.Call("cast", vips.Args{"format": format}); err != nil {
				return err
			}
		}
		if err := c.Call("resize", vips.Args{"kernel": kernel,
			"scale": float64(width) / float64(c.Image.Width()), "vscale": float64(height) / float64(c.Image.Height())}); err != nil {
			return err
		}
		if alpha {
			if err := c.Call("unpremultiply", vips.Args{}); err != nil {
				return err
			}
			return c.Call("cast", vips.Args{"format": format})
		}
		return nil
	})
}

// Upright obeys the camera's note of which side is up.
func (c *Canvas) Upright() error {
	if c.Image.Orientation() == 1 {
		return nil
	}
	if c.Image.Orientation() >= 5 {
		c.Full.Width, c.Full.Height = c.Full.Height, c.Full.Width
	}
	if err := c.Compute(); err != nil {
		return err
	}
	return c.EachFrame(func() error { return c.Call("autorot", vips.Args{}) })
}
