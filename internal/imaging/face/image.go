package face

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// maxPixels is how many pixels In looks at, of all frames together.
const maxPixels = 4 * MaxSide * MaxSide

// In returns boxes around the upright faces in each frame of an image of 8
// bits, in the pixels of that frame, the largest first. It computes all pixels
// of the image. Large images are scaled down first, and so are animations of
// many frames: faces that are tiny then are not found.
func In(s *vips.Scope, im *vips.Image) ([][]transform.Box, error) {
	width, height := im.Width(), im.PageHeight()
	faces := make([][]transform.Box, im.Pages())
	scale := lookScale(width, height, len(faces))
	if float64(min(width, height))*scale < minSide/2 {
		return faces, nil
	}
	for i := range faces {
		small, err := grey(s, im, transform.Box{Y: i * height, Width: width, Height: height}, scale)
		if err != nil {
			return nil, err
		}
		pixels, err := small.ToMemory()
		if err != nil {
			return nil, err
		}
		faces[i] = Find(pixels, small.Width(), small.Height())
		for j, b := range faces[i] {
			b = transform.Box{
				X: int(float64(b.X) / scale), Y: int(float64(b.Y) / scale),
				Width: int(float64(b.Width) / scale), Height: int(float64(b.Height) / scale),
			}
			faces[i][j], _ = b.Clamp(width, height) // it lies inside but for rounding
		}
	}
	return faces, nil
}

// lookScale returns how much frames are scaled before they are looked at.
func lookScale(width, height, frames int) float64 {
	return min(1, MaxSide/float64(max(width, height)), math.Sqrt(maxPixels/float64(width*height*frames)))
}

// grey returns a part of im as one band, scaled.
func grey(s *vips.Scope, im *vips.Image, part transform.Box, scale float64) (*vips.Image, error) {
	steps := []struct {
		operation string
		needed    bool
		args      vips.Args
	}{
		{"extract_area", true, vips.Args{"input": im, "left": part.X, "top": part.Y, "width": part.Width, "height": part.Height}},
		{"flatten", im.HasAlpha(), vips.Args{"background": []float64{255}}},
		{"colourspace", im.Bands() > 2, vips.Args{"space": "b-w"}},
		{"resize", scale < 1, vips.Args{"scale": scale, "kernel": "linear"}},
	}
	for i, step := range steps {
		if !step.needed {
			continue
		}
		if i > 0 {
			step.args["in"] = im
		}
		var err error
		if im, err = s.Call(step.operation, step.args); err != nil {
			return nil, err
		}
	}
	return im, nil
}
