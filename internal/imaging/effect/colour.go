package effect

import (
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// How much each colour counts for brightness, of 1.
// Source: https://www.itu.int/rec/R-REC-BT.709
const (
	redLight   = 0.2126
	greenLight = 0.7152
	blueLight  = 0.0722
)

// Grey takes the colours away: the image has one band for brightness.
func Grey(s *vips.Scope, im *vips.Image, _ transform.Grey) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	return c.done(c.grey(im))
}

// Threshold makes what is brighter than a part of full brightness white, and
// the rest black.
func Threshold(s *vips.Scope, im *vips.Image, op transform.Threshold) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	light, alpha := c.split(c.grey(im))
	light = c.Call("relational_const", light, vips.Args{"relational": "more", "c": []float64{255 * float64(op.Percent) / 100}})
	return c.done(c.rejoin(light, alpha))
}

// sepia is the usual matrix of the effect.
// Source: https://www.w3.org/TR/filter-effects-1/#sepiaEquivalent
var sepia = [9]float64{0.393, 0.769, 0.189, 0.349, 0.686, 0.168, 0.272, 0.534, 0.131}

// Sepia gives im the colours of an old photograph.
func Sepia(s *vips.Scope, im *vips.Image, op transform.Sepia) (*vips.Image, error) {
	if op.Tone == 0 {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	return c.done(c.recomb(c.RGB(im), blend(sepia, float64(op.Tone)/100)))
}

// Negate inverts the colours, and keeps the opacity.
func Negate(s *vips.Scope, im *vips.Image, _ transform.Negate) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	colour, alpha := c.split(im)
	return c.done(c.rejoin(c.Call("invert", colour, nil), alpha))
}

// Modulate changes brightness and saturation by a factor, and turns hues: each
// as the CSS filter of that name does.
// Source: https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement
func Modulate(s *vips.Scope, im *vips.Image, op transform.Modulate) (*vips.Image, error) {
	turned := op.Saturation != 100 || op.Hue%360 != 0
	if op.Brightness == 100 && (!turned || im.Bands() <= 2) {
		return im, nil
	}
	c := steps{chain.New(s, im)}
	brightness := float64(op.Brightness) / 100
	if im.Bands() <= 2 {
		return c.done(c.onColour(im, func(colour *vips.Image) *vips.Image { return c.linear(colour, brightness, 0) }))
	}
	m := product(hueMatrix(float64(op.Hue)), saturationMatrix(float64(op.Saturation)/100))
	for i := range m {
		m[i] *= brightness
	}
	return c.done(c.recomb(im, m))
}

// onColour gives im to f without its opacity, which it keeps.
func (c steps) onColour(im *vips.Image, f func(colour *vips.Image) *vips.Image) *vips.Image {
	colour, alpha := c.split(im)
	return c.rejoin(f(colour), alpha)
}

var unit = [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}

// blend returns a matrix between that which changes nothing and m.
func blend(m [9]float64, amount float64) [9]float64 {
	for i := range m {
		m[i] = unit[i] + amount*(m[i]-unit[i])
	}
	return m
}

func product(a, b [9]float64) (p [9]float64) {
	for i := range p {
		row, column := i/3*3, i%3
		p[i] = a[row]*b[column] + a[row+1]*b[column+3] + a[row+2]*b[column+6]
	}
	return p
}

// saturationMatrix keeps brightness, and multiplies the distance to grey.
func saturationMatrix(factor float64) [9]float64 {
	light := [9]float64{redLight, greenLight, blueLight, redLight, greenLight, blueLight, redLight, greenLight, blueLight}
	return blend(light, 1-factor)
}

// hueMatrix turns colours about the axis of grey, and keeps brightness.
func hueMatrix(degrees float64) [9]float64 {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	const r, g, b = redLight, greenLight, blueLight
	return [9]float64{
		r + cos*(1-r) - sin*r, g - cos*g - sin*g, b - cos*b + sin*(1-b),
		r - cos*r + sin*0.143, g + cos*(1-g) + sin*0.140, b - cos*b - sin*0.283,
		r - cos*r - sin*(1-r), g - cos*g + sin*g, b + cos*(1-b) + sin*b,
	}
}
