package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// CutCorners makes each corner round by radii of its own.
func CutCorners(s *vips.Scope, im *vips.Image, op transform.CutCorners) (*vips.Image, error) {
	radii := place.Corners(op, im.Width(), im.PageHeight())
	if radii == [4]place.Radius{} {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	return c.done(c.Behind(c.maskFrames(im, c.cut(im.Width(), im.PageHeight(), radii)), op.Background))
}

// cut returns a mask of a size: 255, and 0 outside of round corners.
func (c steps) cut(width, height int, radii [4]place.Radius) *vips.Image {
	mask := c.Place(c.Memory([]byte{255}, 1, 1, 1), 0, 0, width, height, nil)
	for i, r := range radii {
		if r == (place.Radius{}) {
			continue
		}
		w, h := min(int(math.Ceil(r.Across)), width), min(int(math.Ceil(r.Down)), height)
		right, bottom := i == 1 || i == 2, i >= 2
		x, y := 0, 0
		if right {
			x = width - w
		}
		if bottom {
			y = height - h
		}
		corner := c.Memory(quarter(r, w, h, right, bottom), w, h, 1)
		mask = c.Call("insert", nil, vips.Args{"main": mask, "sub": corner, "x": x, "y": y})
	}
	return mask
}

// quarter returns how much of each pixel lies inside a quarter of an ellipse,
// which is that at the top left unless right or bottom, of 255.
func quarter(r place.Radius, width, height int, right, bottom bool) []byte {
	mask := make([]byte, 0, width*height)
	for y := range height {
		v := r.Down - 0.5 - float64(y) // from the centre
		if bottom {
			v = r.Down + 0.5 - float64(height-y)
		}
		for x := range width {
			u := r.Across - 0.5 - float64(x)
			if right {
				u = r.Across + 0.5 - float64(width-x)
			}
			mask = append(mask, covered(u/r.Across, v/r.Down, r))
		}
	}
	return mask
}

// covered returns how much of a pixel lies inside an ellipse. Its middle is at
// u and v, as parts of the radii.
func covered(u, v float64, r place.Radius) byte {
	u, v = max(u, 0), max(v, 0)
	away := math.Hypot(u, v)
	if away == 0 {
		return 255
	}
	steep := math.Hypot(u/r.Across, v/r.Down) / away // of away, for each pixel
	return byte(255*min(max((1-away)/steep+0.5, 0), 1) + 0.5)
}
