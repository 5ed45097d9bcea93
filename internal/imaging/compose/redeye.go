package compose

import (
	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Where eyes are in a face, as fractions of its side from its centre. They are
// looked for in a square of eyeReach to each side.
const (
	eyeX     = 0.185
	eyeY     = -0.09
	eyeReach = 0.14
)

// RedEye takes the red out of pupils in faces, which face.In found in im.
// Without a face im is unchanged.
func RedEye(s *vips.Scope, im *vips.Image, faces [][]transform.Box) (*vips.Image, error) {
	if im.Bands() < 3 || len(faces) == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	out := c.Frames(im, func(i int, frame *vips.Image) *vips.Image {
		if i >= len(faces) {
			return frame
		}
		whole := frame
		for _, f := range faces[i] {
			for _, at := range []float64{-eyeX, eyeX} {
				side := float64(f.Width)
				x, y := float64(f.X)+side*(0.5+at), float64(f.Y)+float64(f.Height)/2+side*eyeY
				eye := transform.Box{X: int(x - side*eyeReach), Y: int(y - side*eyeReach), Width: int(2 * side * eyeReach), Height: int(2 * side * eyeReach)}
				if eye, ok := eye.Clamp(frame.Width(), frame.Height()); ok {
					frame = c.unred(frame, c.Crop(whole, eye), eye)
				}
			}
		}
		return frame
	})
	return out, c.Err()
}

// unred puts eye, a part of an image, back without a red pupil.
func (c steps) unred(im, eye *vips.Image, at transform.Box) *vips.Image {
	pixels := c.Pixels(eye)
	if c.Err() != nil {
		return im
	}
	bands := eye.Bands()
	pupil := redPupil(pixels, at.Width, at.Height, bands)
	if pupil == nil {
		return im
	}
	for i, m := range pupil {
		p := pixels[i*bands:][:3]
		if grey := (int(p[1]) + int(p[2])) / 2; int(p[0]) > grey {
			p[0] = byte(int(p[0]) + (grey-int(p[0]))*int(m)/255)
		}
	}
	part := c.Call("copy", c.Memory(pixels, at.Width, at.Height, bands), vips.Args{"interpretation": im.Interpretation()})
	return c.insert(im, part, at.X, at.Y)
}

// redPupil returns a mask of the red pupils in the picture of an eye, or nil.
//
// A pupil is a patch of red that does not reach the edge of the picture, is not
// much longer than wide, fills the box around it, and is from a sixteenth to a
// half as wide as the picture: skin, lips and paint are not.
func redPupil(pixels []byte, width, height, bands int) []byte {
	var count [256]int // of pixels, by how much red they have more than other colours
	for i := range width * height {
		count[excess(pixels[i*bands:])]++
	}
	common := 0
	for seen := count[0]; 2*seen < width*height; seen += count[common] {
		common++
	}
	red := make([]bool, width*height)
	for i := range red {
		r, g, b := int(pixels[i*bands]), int(pixels[i*bands+1]), int(pixels[i*bands+2])
		e := excess(pixels[i*bands:])
		// Red by itself and beside the skin, and no brown.
		red[i] = e >= 40 && 5*e >= 9*common && 5*r >= 7*max(g, b) && r-g >= 2*(g-b)
	}
	var mask []byte
	rim, side := 0, min(width, height)
	for i := range red {
		if !red[i] {
			continue
		}
		patch, b := flood(red, width, i)
		long, short := max(b.Width, b.Height), min(b.Width, b.Height)
		switch {
		case b.X == 0 || b.Y == 0 || b.X+b.Width == width || b.Y+b.Height == height:
		case long > 2*short, 2*long > side, 16*long < side, 2*len(patch) < b.Width*b.Height:
		default:
			if mask == nil {
				mask = make([]byte, len(red))
			}
			for _, at := range patch {
				mask[at] = 255
			}
			rim = max(rim, min(max(short/6, 1), 8))
		}
	}
	soften(mask, width, rim)
	return mask
}

// excess returns how much more red a pixel has than green and blue.
func excess(p []byte) int { return max(int(p[0])-max(int(p[1]), int(p[2])), 0) }

// flood takes the patch around the pixel start out of red, and returns its
// pixels and the box around them.
func flood(red []bool, width, start int) (patch []int, b transform.Box) {
	left, top, right, bottom := width, len(red), 0, 0
	patch = []int{start}
	red[start] = false
	for n := 0; n < len(patch); n++ {
		x, y := patch[n]%width, patch[n]/width
		left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
		for _, next := range [4]struct {
			to int
			ok bool
		}{
			{patch[n] - 1, x > 0}, {patch[n] + 1, x < width-1}, {patch[n] - width, y > 0}, {patch[n] + width, y < len(red)/width-1},
		} {
			if next.ok && red[next.to] {
				red[next.to] = false
				patch = append(patch, next.to)
			}
		}
	}
	return patch, transform.Box{X: left, Y: top, Width: right - left + 1, Height: bottom - top + 1}
}

// soften draws the edge of a mask out by so many pixels, fading: pupils have
// a rim that is less red.
func soften(mask []byte, width, by int) {
	for n := range by {
		was := append([]byte(nil), mask...)
		value := byte(255 * (by - n) / (by + 1))
		for i := range mask {
			if was[i] != 0 {
				continue
			}
			x := i % width
			if x > 0 && was[i-1] != 0 || x < width-1 && was[i+1] != 0 || i >= width && was[i-width] != 0 || i < len(mask)-width && was[i+width] != 0 {
				mask[i] = value
			}
		}
	}
}
