package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/vips"
)

// sampleSide is the size that an image is brought to before it is measured.
const sampleSide = 256

// tones is what was measured of an image.
type tones struct {
	light  [256]int   // pixels by brightness
	pixels int        // that count; transparent ones do not
	cast   [3]float64 // of red, green and blue: the factor that would make light neutral
}

// measure looks at a small copy of im, which it computes.
func (c steps) measure(im *vips.Image) tones {
	small := c.Call("shrink", c.RGB(im), vips.Args{
		"hshrink": max(1, float64(im.Width())/sampleSide), "vshrink": max(1, float64(im.Height())/sampleSide)})
	return tonesOf(c.Pixels(small), small.Bands())
}

// tonesOf measures pixels of 3 bands, or of 4 with opacity.
func tonesOf(pixels []byte, bands int) tones {
	t := tones{cast: [3]float64{1, 1, 1}}
	var sums [3]float64
	var weights float64
	for ; len(pixels) >= bands; pixels = pixels[bands:] {
		if bands == 4 && pixels[3] < 128 {
			continue
		}
		r, g, b := float64(pixels[0]), float64(pixels[1]), float64(pixels[2])
		t.light[int(redLight*r+greenLight*g+blueLight*b+0.5)]++
		t.pixels++
		weight := math.Pow(min(r, g, b)/max(r, g, b, 1), 3) // what is colourful says little of the light
		weights += weight
		for i, v := range [3]float64{r, g, b} {
			sums[i] += weight * math.Pow(v/255, norm)
		}
	}
	if min(sums[0], sums[1], sums[2]) <= 0 {
		return t
	}
	var mean [3]float64
	for i, sum := range sums {
		mean[i] = math.Pow(sum/weights, 1.0/norm)
	}
	grey := redLight*mean[0] + greenLight*mean[1] + blueLight*mean[2]
	for i := range t.cast {
		t.cast[i] = min(max(grey/mean[i], 1/maxCast), maxCast)
	}
	return t
}

// The colour of light is estimated by the assumption that the Minkowski mean of
// this norm is grey, between the mean (1) and the brightest pixel (infinity).
// Source: Finlayson and Trezzi, Shades of Gray and Colour Constancy, 2004.
const norm = 6

// maxCast bounds the correction of a colour: beyond it, the picture is meant so.
const maxCast = 1.8

// at returns the brightness, of 1, below which a part of all pixels is.
func (t tones) at(part float64) float64 {
	left := part * float64(t.pixels)
	for v, n := range t.light {
		if left -= float64(n); left < 0 {
			return float64(v) / 255
		}
	}
	return 1
}

// A curve maps a brightness of 0 to 1 to another.
type curve func(float64) float64

// stretched makes t use the whole range, by a part of what it lacks. An image
// without contrast is left alone, and none gets more than twice what it has.
func (t tones) stretched(part float64) curve {
	black, white := t.at(0.004), t.at(0.996)
	if white-black < 1.0/16 {
		return func(v float64) float64 { return v }
	}
	black, white = part*black, 1-part*(1-white)
	if lack := 0.5 - (white - black); lack > 0 {
		black, white = max(0, black-lack/2), min(1, white+lack/2)
	}
	return func(v float64) float64 { return (v - black) / (white - black) }
}

// centred brings what is now the median m to a good brightness, by a power
// within bounds.
func centred(m, part, least, most float64) curve {
	m = min(max(m, 0.01), 0.99)
	power := math.Pow(math.Log(goodMedian)/math.Log(m), part)
	power = min(max(power, least), most)
	return func(v float64) float64 { return math.Pow(max(v, 0), power) }
}

// goodMedian is the median of a well exposed picture.
const goodMedian = 0.42

// bent makes dark darker and bright brighter.
func bent(part float64) curve {
	return func(v float64) float64 {
		v = min(max(v, 0), 1)
		return v + part*(v*v*(3-2*v)-v)
	}
}

// curves returns im with a curve on each colour.
func (c steps) curves(im *vips.Image, colour func(band int, v float64) float64) *vips.Image {
	n := im.Bands()
	table := make([]byte, 0, 256*n)
	for v := range 256 {
		for band := range n {
			if band == n-1 && im.HasAlpha() {
				table = append(table, byte(v))
				continue
			}
			table = append(table, byte(255*min(max(colour(band, float64(v)/255), 0), 1)+0.5))
		}
	}
	mapped := c.Call("maplut", im, vips.Args{"lut": c.Memory(table, 256, 1, n)})
	return c.Call("copy", mapped, vips.Args{"interpretation": im.Interpretation()})
}
