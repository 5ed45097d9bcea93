package face

import (
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// In returns boxes around the upright faces in an image of 8 bits, in its
// pixels, the largest first. Of an animation it looks at the first frame. It
// computes all pixels of the image.
func In(s *vips.Scope, im *vips.Image) ([]transform.Box, error) {
	var err error
	call := func(operation string, args vips.Args) {
		if err == nil {
			args["in"] = im
			var out *vips.Image
			if out, err = s.Call(operation, args); err == nil {
				im = out
			}
		}
	}
	width, height := im.Width(), im.PageHeight()
	if height < im.Height() {
		args := vips.Args{"input": im, "left": 0, "top": 0, "width": width, "height": height}
		if im, err = s.Call("extract_area", args); err != nil {
			return nil, err
		}
	}
	if im.HasAlpha() {
		call("flatten", vips.Args{"background": []float64{255}})
	}
	if im.Bands() > 1 {
		call("colourspace", vips.Args{"space": "b-w"})
	}
	scale := min(1, float64(MaxSide)/float64(max(width, height)))
	if scale < 1 {
		call("resize", vips.Args{"scale": scale, "kernel": "linear"})
	}
	if err != nil {
		return nil, err
	}
	grey, err := im.ToMemory()
	if err != nil {
		return nil, err
	}
	boxes := Find(grey, im.Width(), im.Height())
	for i, b := range boxes {
		b = transform.Box{X: int(float64(b.X) / scale), Y: int(float64(b.Y) / scale), Width: int(float64(b.Width) / scale), Height: int(float64(b.Height) / scale)}
		boxes[i], _ = b.Clamp(width, height) // it lies inside but for rounding
	}
	return boxes, nil
}
