package chain

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// open returns a chain that starts with a picture of bytes, which is sRGB or
// grey. The test is skipped if there is no libvips.
func open(t *testing.T, pixels []byte, width, height, bands int) *Chain {
	t.Helper()
	if err := vips.Open(""); err != nil {
		t.Skipf("skipped: %v", err)
	}
	s := new(vips.Scope)
	t.Cleanup(s.Close)
	c := New(s, nil)
	space := "srgb"
	if bands <= 2 {
		space = "b-w"
	}
	c.start = c.Call("copy", c.Memory(pixels, width, height, bands), vips.Args{"interpretation": space})
	if c.err != nil {
		t.Fatal(c.err)
	}
	return c
}

func want(t *testing.T, c *Chain, what string, im *vips.Image, pixels ...byte) {
	t.Helper()
	if got := c.Pixels(im); c.Err() != nil || !bytes.Equal(got, pixels) {
		t.Errorf("%s = %v, error %v; want %v", what, got, c.Err(), pixels)
	}
}

// After an error nothing is done, and the first error stays.
func TestError(t *testing.T) {
	lost := errors.New("lost")
	for _, tt := range []struct {
		name string
		end  func(c *Chain) *vips.Image
		want error // nil for any
	}{
		{"operation", func(c *Chain) *vips.Image { return c.Crop(c.Start(), transform.Box{X: 5, Width: 1, Height: 1}) }, nil},
		{"memory", func(c *Chain) *vips.Image { return c.Memory([]byte{1}, 2, 2, 1) }, nil},
		{"matrix", func(c *Chain) *vips.Image { return c.Matrix(2, 1) }, nil},
		{"frame", func(c *Chain) *vips.Image {
			strip := c.Call("copy", c.Start(), nil)
			strip.Set(vips.PageHeightField, 1)
			return c.Frames(strip, func(i int, frame *vips.Image) *vips.Image {
				if i > 0 {
					t.Errorf("frame %d is made after an error", i)
				}
				c.Fail(lost)
				return frame
			})
		}, lost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, []byte{1, 2}, 1, 2, 1)
			if got := tt.end(c); got != c.Start() {
				t.Errorf("the image after an error is %p, want the first one, %p", got, c.Start())
			}
			err := c.Err()
			if err == nil || tt.want != nil && err != tt.want {
				t.Fatalf("error = %v, want %v", err, tt.want)
			}
			c.Fail(errors.New("later"))
			for name, im := range map[string]*vips.Image{
				"Call": c.Call("invert", c.Start(), nil), "Memory": c.Memory([]byte{1}, 1, 1, 1), "Matrix": c.Matrix(1, 1),
			} {
				if im != c.Start() {
					t.Errorf("%s made an image after an error", name)
				}
			}
			if p := c.Pixels(c.Start()); p != nil || c.Err() != err {
				t.Errorf("pixels = %v, error = %v; want none, %v", p, c.Err(), err)
			}
		})
	}
}

func TestFrames(t *testing.T) {
	c := open(t, []byte{1, 2, 3, 4, 5, 6}, 1, 6, 1)
	strip := c.Call("copy", c.Start(), nil)
	strip.Set(vips.PageHeightField, 2)
	var numbers []int
	out := c.Frames(strip, func(i int, frame *vips.Image) *vips.Image {
		numbers = append(numbers, i)
		if frame.Pages() != 1 || frame.Height() != 2 {
			t.Errorf("frame %d: %d frames, %d high; want one of 2", i, frame.Pages(), frame.Height())
		}
		return c.Place(c.Call("flip", frame, vips.Args{"direction": "vertical"}), 0, 0, 1, 3, []float64{9})
	})
	want(t, c, "strip", out, 2, 1, 9, 4, 3, 9, 6, 5, 9)
	if !slices.Equal(numbers, []int{0, 1, 2}) || out.Pages() != 3 {
		t.Errorf("frames %v were made into %d", numbers, out.Pages())
	}
	if still := c.Frames(c.Start(), func(_ int, frame *vips.Image) *vips.Image { return frame }); still != c.Start() {
		t.Error("the one frame of an image is not the image")
	}
}

// A part of a strip is not looked at as frames.
func TestCrop(t *testing.T) {
	c := open(t, []byte{1, 2, 3, 4, 5, 6}, 1, 6, 1)
	strip := c.Call("copy", c.Start(), nil)
	strip.Set(vips.PageHeightField, 2)
	part := c.Crop(strip, transform.Box{Y: 1, Width: 1, Height: 4})
	want(t, c, "part", part, 2, 3, 4, 5)
	if part.Pages() != 1 {
		t.Errorf("a part has %d frames, want 1", part.Pages())
	}
	if c.Crop(strip, transform.Box{Width: 1, Height: 6}) != strip {
		t.Error("the whole image is not the image itself")
	}
}

func TestBehind(t *testing.T) {
	veil := transform.Color{R: 200, G: 200, B: 200, A: 128}
	for _, tt := range []struct {
		name   string
		bands  int
		pixel  []byte
		colour *transform.Color
		want   []byte
	}{
		{"nothing", 4, []byte{1, 2, 3, 0}, nil, []byte{1, 2, 3, 0}},
		{"what is transparent", 4, []byte{1, 2, 3, 0}, &transform.Color{R: 9}, []byte{1, 2, 3, 0}},
		{"a colour", 4, []byte{1, 2, 3, 0}, &transform.Color{R: 9, A: 255}, []byte{9, 0, 0}},
		{"a colour, grey", 2, []byte{7, 0}, &transform.Color{R: 9, A: 255}, []byte{9, 0, 0}},
		{"a grey, grey", 2, []byte{7, 0}, &transform.White, []byte{255}},
		{"a veil", 4, []byte{1, 2, 3, 0}, &veil, []byte{200, 200, 200, 128}},
		{"a veil, grey", 2, []byte{7, 255}, &veil, []byte{7, 255}},
		{"an opaque image", 3, []byte{1, 2, 3}, &veil, []byte{1, 2, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, tt.pixel, 1, 1, tt.bands)
			want(t, c, "pixel", c.Behind(c.Start(), tt.colour), tt.want...)
		})
	}
}

// What is left of a block at the right and below has the mean of what is there.
func TestBlocks(t *testing.T) {
	c := open(t, []byte{
		0, 20, 50,
		40, 60, 50,
		7, 7, 90}, 3, 3, 1)
	want(t, c, "blocks of 2", c.Blocks(c.Start(), 2), 30, 30, 50, 30, 30, 50, 7, 7, 90)
	want(t, c, "blocks of 1", c.Blocks(c.Start(), 1), 0, 20, 50, 40, 60, 50, 7, 7, 90)
}

// What is transparent does not bleed into what is not.
func TestPremultiplied(t *testing.T) {
	c := open(t, []byte{255, 0, 0, 0, 10, 20, 30, 255}, 2, 1, 4)
	out := c.Premultiplied(c.Start(), func(flat *vips.Image) *vips.Image { return c.Blocks(flat, 2) })
	if p := c.Pixels(out); c.Err() != nil || p[0] > 11 || p[1] < 19 || p[1] > 21 || p[3] < 127 || p[3] > 128 {
		t.Errorf("mean = %v, error %v; want 10 20 30 with half the opacity", p, c.Err())
	}
}

// A blur leaves areas of one colour as they are.
func TestGauss(t *testing.T) {
	for _, sigma := range []float64{0.01, 0.3, 1, 5, 20} {
		c := open(t, bytes.Repeat([]byte{180}, 40*40), 40, 40, 1)
		for i, v := range c.Pixels(c.Gauss(c.Start(), sigma)) {
			if math.Abs(float64(v)-180) > 2 { // 0 with the newest library
				t.Fatalf("sigma %v: pixel %d of an area of 180 became %d", sigma, i, v)
			}
		}
		if c.Err() != nil {
			t.Errorf("sigma %v: %v", sigma, c.Err())
		}
	}
}

// A mask sums up to its scale, rises to its middle, and has no gap.
func TestBell(t *testing.T) {
	for sigma := 0.01; sigma <= 60; sigma *= 1.07 {
		mask, scale := bell(sigma)
		sum, middle := 0.0, len(mask)/2
		for i, v := range mask {
			sum += v
			if v != mask[len(mask)-1-i] || v > mask[middle]+1 || v < 0 || v == 0 && len(mask) > 1 && (i == 0 || i == len(mask)-1) {
				t.Fatalf("sigma %v: mask %v", sigma, mask)
			}
		}
		if sum != float64(scale) || mask[middle] > 65 || len(mask) > 2*int(math.Ceil(Reach*sigma))+1 {
			t.Errorf("sigma %v: sum %v of scale %d, %d values, the largest %v", sigma, sum, scale, len(mask), mask[middle])
		}
	}
}
