package effect

import (
	"math"
	"slices"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// tornShare is how much of the shorter side may be torn away from each edge,
// so that something is left of the smallest image.
const tornShare = 0.45

// TornEdges tears away the edges of im, as deep as the arguments allow. The
// same image is always torn in the same way.
func TornEdges(s *vips.Scope, im *vips.Image, op transform.TornEdges) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	w, h := im.Width(), im.PageHeight()
	most := tornShare * float64(min(w, h)-1)
	low, high := min(float64(min(op.Min, op.Max)), most), min(float64(max(op.Min, op.Max)), most)

	xy := c.Call("xyz", nil, vips.Args{"width": w, "height": h})
	x, y := c.Bands(xy, 0, 1), c.Bands(xy, 1, 1)
	var mask *vips.Image
	for i, edge := range []*vips.Image{
		c.subtract(y, c.across(tear(1, w, low, high), w, h)),
		c.subtract(c.linear(y, -1, float64(h-1)), c.across(tear(2, w, low, high), w, h)),
		c.subtract(x, c.down(tear(3, h, low, high), w, h)),
		c.subtract(c.linear(x, -1, float64(w-1)), c.down(tear(4, h, low, high), w, h)),
	} {
		edge = c.Bytes(c.linear(edge, 255, 255)) // how much of a pixel is past the tear
		if i == 0 {
			mask = edge
			continue
		}
		mask = c.Bytes(c.linear(c.multiply(mask, edge), 1.0/255, 0))
	}
	return c.done(c.Behind(c.maskFrames(im, mask), op.Background))
}

// across returns an image with the same values in each row.
func (c steps) across(values []float64, width, height int) *vips.Image {
	return c.Place(c.row(values, width, 1), 0, 0, width, height, nil)
}

// down returns an image with the same values in each column.
func (c steps) down(values []float64, width, height int) *vips.Image {
	return c.Place(c.row(values, 1, height), 0, 0, width, height, nil)
}

// row returns an image of values from 0 to 65,535 in steps of 1/256.
func (c steps) row(values []float64, width, height int) *vips.Image {
	pixels := make([]byte, 0, 3*len(values))
	for _, v := range values {
		n := int(v * 256)
		pixels = append(pixels, byte(n>>16), byte(n>>8), byte(n))
	}
	return c.Call("recomb", c.Memory(pixels, width, height, 3), vips.Args{"m": c.Matrix(3, 256, 1, 1.0/256)})
}

// tear returns n depths from low to high that wander as the edge of torn paper
// does: in waves, on these smaller ones, and so on down to single pixels.
func tear(edge uint32, n int, low, high float64) []float64 {
	depth := make([]float64, n)
	weight := 1.0
	for wave := max(6*high, 32); wave >= 2; wave /= 2 {
		edge += 0x9e3779b9
		for i := range depth {
			at := float64(i) / wave
			whole := math.Floor(at)
			t := at - whole
			t = t * t * (3 - 2*t)
			depth[i] += weight * ((1-t)*noise(edge, uint32(whole)) + t*noise(edge, uint32(whole)+1))
		}
		weight *= 0.6
	}
	least, most := slices.Min(depth), slices.Max(depth)
	for i, d := range depth {
		if most > least {
			d = (d - least) / (most - least)
		}
		depth[i] = low + d*(high-low)
	}
	return depth
}

// noise returns a number from 0 to 1 that is always the same for its arguments.
func noise(seed, i uint32) float64 {
	h := seed ^ i*0x85ebca6b
	h = (h ^ h>>16) * 0x7feb352d
	h = (h ^ h>>15) * 0x846ca68b
	h ^= h >> 16
	return float64(h) / math.MaxUint32
}
