package effect

import (
	"image"
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
)

// open returns a scope for the images of a test, which is skipped if there is
// no libvips.
func open(t testing.TB) *vips.Scope {
	t.Helper()
	if err := vips.Open(""); err != nil {
		t.Skipf("skipped: %v", err)
	}
	s := new(vips.Scope)
	t.Cleanup(s.Close)
	return s
}

// A picture is pixels in memory.
type picture struct {
	width, height, bands int
	pixels               []byte
}

// draw makes a picture of a function that returns the bands of a pixel.
func draw(width, height int, at func(x, y int) []byte) picture {
	p := picture{width: width, height: height, bands: len(at(0, 0))}
	for y := range height {
		for x := range width {
			p.pixels = append(p.pixels, at(x, y)...)
		}
	}
	return p
}

// at returns the bands of a pixel; negative places count from the end.
func (p picture) at(x, y int) []byte {
	if x < 0 {
		x += p.width
	}
	if y < 0 {
		y += p.height
	}
	return p.pixels[(y*p.width+x)*p.bands:][:p.bands]
}

// alpha returns the opacity of a pixel.
func (p picture) alpha(x, y int) int { return int(p.at(x, y)[p.bands-1]) }

// light returns how bright a pixel is, without regard to its opacity.
func (p picture) light(x, y int) float64 {
	v := p.at(x, y)
	if p.bands <= 2 {
		return float64(v[0])
	}
	return redLight*float64(v[0]) + greenLight*float64(v[1]) + blueLight*float64(v[2])
}

// mean returns the mean brightness of a rectangle, and its standard deviation.
func (p picture) mean(r image.Rectangle) (mean, deviation float64) {
	n := float64(r.Dx() * r.Dy())
	var sum, squares float64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			v := p.light(x, y)
			sum += v
			squares += v * v
		}
	}
	return sum / n, math.Sqrt(max(0, squares/n-sum/n*sum/n))
}

func (p picture) bounds() image.Rectangle { return image.Rect(0, 0, p.width, p.height) }

// distance returns the mean difference of two pictures of one size, of 255.
func (p picture) distance(q picture) float64 {
	if p.width != q.width || p.height != q.height || p.bands != q.bands {
		return 255
	}
	var sum float64
	for i, v := range p.pixels {
		sum += math.Abs(float64(v) - float64(q.pixels[i]))
	}
	return sum / float64(len(p.pixels))
}

// image returns p as an image of libvips.
func (p picture) image(t testing.TB, s *vips.Scope) *vips.Image {
	t.Helper()
	im, err := s.NewFromMemory(p.pixels, p.width, p.height, p.bands)
	if err != nil {
		t.Fatal(err)
	}
	space := "srgb"
	if p.bands <= 2 {
		space = "b-w"
	}
	im, err = s.Call("copy", vips.Args{"in": im, "interpretation": space})
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// frames returns p as an animation of frames of a height.
func (p picture) frames(t testing.TB, s *vips.Scope, height int) *vips.Image {
	t.Helper()
	im := p.image(t, s)
	im.Set(vips.PageHeightField, height)
	return im
}

// render computes an image, which must be of 8 bits in sRGB or grey.
func render(t testing.TB, im *vips.Image, err error) picture {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if im.Format() != "uchar" || im.Interpretation() != "srgb" && im.Interpretation() != "b-w" {
		t.Fatalf("the result is %s in %s", im.Format(), im.Interpretation())
	}
	pixels, err := im.ToMemory()
	if err != nil {
		t.Fatal(err)
	}
	p := picture{im.Width(), im.Height(), im.Bands(), pixels}
	if len(pixels) != p.width*p.height*p.bands {
		t.Fatalf("%d bytes for %d by %d of %d bands", len(pixels), p.width, p.height, p.bands)
	}
	return p
}
