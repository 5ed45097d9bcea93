package chain

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
)

// Gauss is a Gaussian blur of an image without opacity or premultiplied, in any
// format. Sigma is in pixels. Areas of one colour keep it.
func (c *Chain) Gauss(im *vips.Image, sigma float64) *vips.Image {
	mask, scale := bell(sigma)
	m := c.Matrix(len(mask), mask...)
	if c.err == nil {
		m.Set("scale", scale)
	}
	precision := "integer"
	if im.Format() != "uchar" {
		precision = "float"
	}
	return c.Call("convsep", im, vips.Args{"mask": m, "precision": precision})
}

// Reach is how many times its sigma a Gaussian reaches.
const Reach = 3

// bell returns a Gaussian in whole numbers, and their sum. That is the power of
// 2 which makes the largest a number of 6 bits: what the library's fast
// convolution of bytes calculates with, so that it rounds nothing, and areas of
// one colour keep it. Its own gaussblur changes them by up to 8 of 255.
func bell(sigma float64) (mask []float64, scale int) {
	reach := int(math.Ceil(Reach * sigma))
	real := make([]float64, reach+1) // from the middle outwards
	sum := 0.0
	for i := range real {
		real[i] = math.Exp(-float64(i*i) / (2 * sigma * sigma))
		sum += 2 * real[i]
	}
	sum -= real[0]
	scale = 1 << (6 - int(math.Ceil(-math.Log2(sum))))
	// From the outside in, so that what is rounded away in one place is made
	// up for in the next.
	whole := make([]float64, reach+1)
	var have, want float64
	for i := reach; i > 0; i-- {
		want += real[i] / sum * float64(scale)
		whole[i] = math.Round(want - have)
		have += whole[i]
	}
	whole[0] = float64(scale) - 2*have
	for reach > 0 && whole[reach] == 0 {
		reach--
	}
	for i := -reach; i <= reach; i++ {
		mask = append(mask, whole[max(i, -i)])
	}
	return mask, scale
}
