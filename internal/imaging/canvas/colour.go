package canvas

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Manage brings the image to what effects work on and most formats hold: sRGB
// or grey of 8 bits, with or without opacity.
func (c *Canvas) Manage() error {
	if c.managed {
		return nil
	}
	c.profile, c.source = c.Image.Blob(vips.ProfileField), c.Image.Interpretation()
	image, err := c.plainBands(c.Image)
	if err != nil {
		return err
	}
	fallback := "srgb"
	if c.source == "cmyk" {
		fallback = "cmyk"
	}
	if c.source == "cmyk" || c.profile != nil && !codec.IsSRGB(c.profile) {
		converted, err := c.scope.Call("icc_transform", vips.Args{"in": image, "output_profile": "srgb",
			"embedded": true, "input_profile": fallback, "intent": "relative", "black_point_compensation": true, "depth": 8})
		if err == nil {
			image = converted
		} // a profile that does not fit the image is as good as none
	}
	space := "srgb"
	if c.isGrey() {
		space = "b-w"
	}
	if image.Interpretation() != space {
		if image, err = c.scope.Call("colourspace", vips.Args{"in": image, "space": space}); err != nil {
			return err
		}
	}
	if image.Format() != "uchar" {
		if image, err = c.scope.Call("cast", vips.Args{"in": image, "format": "uchar"}); err != nil {
			return err
		}
	}
	if c.profile != nil {
		if image, err = image.Copy(); err != nil {
			return err
		}
		image.Remove(vips.ProfileField)
	}
	c.Image, c.managed = image, true
	return nil
}

// plainBands drops bands beyond colour and opacity, which some TIFF files have.
func (c *Canvas) plainBands(image *vips.Image) (*vips.Image, error) {
	most := 4
	switch image.Interpretation() {
	case "cmyk":
		most = 5
	case "b-w", "grey16":
		most = 2
	}
	if image.Bands() <= most {
		return image, nil
	}
	return c.scope.Call("extract_band", vips.Args{"in": image, "band": 0, "n": most})
}

// Restore undoes Manage as far as it can be undone, for an output in the colour
// space of the input, which is not to be that of print unless cmyk.
func (c *Canvas) Restore(cmyk bool) error {
	if !c.managed || c.profile == nil || c.isGrey() || c.source == "cmyk" && !cmyk {
		return nil
	}
	lab, err := c.scope.Call("icc_import", vips.Args{"in": c.Image, "input_profile": "srgb", "pcs": "lab"})
	if err != nil {
		return err
	}
	if lab, err = lab.Copy(); err != nil {
		return err
	}
	lab.Set(vips.ProfileField, c.profile)
	back, err := c.scope.Call("icc_export", vips.Args{"in": lab, "pcs": "lab", "depth": 8})
	if err != nil {
		return nil // a profile that does not fit the image was not used before either
	}
	c.Image = back
	return nil
}

// isGrey reports whether the image was grey before it was managed.
func (c *Canvas) isGrey() bool { return c.source == "b-w" || c.source == "grey16" }

// ToCMYK separates the image for print.
func (c *Canvas) ToCMYK() (err error) {
	c.Image, err = c.scope.Call("icc_transform", vips.Args{"in": c.Image, "output_profile": "cmyk",
		"input_profile": "srgb", "embedded": false, "intent": "perceptual", "depth": 8})
	return err
}

// RGB gives a grey image the bands of a coloured one. It was managed.
func (c *Canvas) RGB() error {
	steps := chain.New(c.scope, c.Image)
	c.Image = steps.RGB(c.Image)
	return steps.Err()
}

// Embed puts each frame in the middle of a larger area of a colour.
func (c *Canvas) Embed(width, height int, colour transform.Color) error {
	if err := c.Manage(); err != nil {
		return err
	}
	steps := chain.New(c.scope, c.Image)
	im := steps.RGB(c.Image)
	if colour.A < 255 {
		im = steps.WithAlpha(im)
	}
	c.Image = steps.Frames(im, func(_ int, frame *vips.Image) *vips.Image {
		return steps.Place(frame, (width-frame.Width())/2, (height-frame.Height())/2, width, height, chain.Pixel(frame, colour))
	})
	return steps.Err()
}
