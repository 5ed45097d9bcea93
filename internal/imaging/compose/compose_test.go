package compose

import (
	"image"
	"image/color"
	_ "image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
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

// flat makes a picture of one colour.
func flat(width, height int, bands ...byte) picture {
	return draw(width, height, func(x, y int) []byte { return bands })
}

// busy makes a picture in which no two pixels beside each other are alike.
func busy(width, height, bands int) picture {
	return draw(width, height, func(x, y int) []byte {
		return []byte{byte(x*37 + y*91), byte(x*59 + y*13), byte(x*101 + y*7), 255}[4-max(bands, 3):][:bands]
	})
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

// is reports whether a pixel has these bands, give or take two.
func (p picture) is(x, y int, want ...byte) bool {
	got := p.at(x, y)
	for i := range want {
		if d := int(got[i]) - int(want[i]); d < -2 || d > 2 {
			return false
		}
	}
	return len(got) == len(want)
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
	if im, err = s.Call("copy", vips.Args{"in": im, "interpretation": space}); err != nil {
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

// render computes an image, which must be of 8 bits in sRGB or grey. With
// $STOWGATE_LOOK it leaves it as a PNG in that folder.
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
	if dir := os.Getenv("STOWGATE_LOOK"); dir != "" {
		p.save(t, filepath.Join(dir, strings.NewReplacer("/", "-").Replace(t.Name())+".png"))
	}
	return p
}

func (p picture) save(t testing.TB, name string) {
	out := image.NewNRGBA(image.Rect(0, 0, p.width, p.height))
	for y := range p.height {
		for x := range p.width {
			v := p.at(x, y)
			c := color.NRGBA{v[0], v[0], v[0], 255}
			if p.bands > 2 {
				c.G, c.B = v[1], v[2]
			}
			if p.bands%2 == 0 {
				c.A = v[p.bands-1]
			}
			out.Set(x, y, c)
		}
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, out); err != nil {
		t.Fatal(err)
	}
}

// wantSize checks the size and the bands of a picture.
func (p picture) wantSize(t testing.TB, width, height, bands int) {
	t.Helper()
	if p.width != width || p.height != height || p.bands != bands {
		t.Errorf("the result is %d by %d of %d bands, want %d by %d of %d", p.width, p.height, p.bands, width, height, bands)
	}
}

// wantSame checks that p is q outside of boxes.
func (p picture) wantSame(t testing.TB, q picture, but ...transform.Box) {
	t.Helper()
	p.wantSize(t, q.width, q.height, q.bands)
	if t.Failed() {
		return
	}
	for y := range p.height {
	pixels:
		for x := range p.width {
			for _, b := range but {
				if x >= b.X && x < b.X+b.Width && y >= b.Y && y < b.Y+b.Height {
					continue pixels
				}
			}
			if string(p.at(x, y)) != string(q.at(x, y)) {
				t.Errorf("%d, %d is %v, was %v", x, y, p.at(x, y), q.at(x, y))
				return
			}
		}
	}
}

func box(x, y, w, h int) transform.Box { return transform.Box{X: x, Y: y, Width: w, Height: h} }

// astronaut returns a photograph, and where the face in it is found.
func astronaut(t testing.TB, s *vips.Scope) (picture, [][]transform.Box) {
	t.Helper()
	f, err := os.Open("../face/testdata/astronaut.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	im, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	p := draw(im.Bounds().Dx(), im.Bounds().Dy(), func(x, y int) []byte {
		r, g, b, _ := im.At(x, y).RGBA()
		return []byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}
	})
	faces, err := face.In(s, p.image(t, s))
	if err != nil || len(faces) != 1 || len(faces[0]) != 1 {
		t.Fatalf("found %v, %v, want one face", faces, err)
	}
	return p, faces
}

var (
	red   = transform.Color{R: 255, A: 255}
	green = transform.Color{G: 255, A: 255}
	blue  = transform.Color{B: 255, A: 255}
)
