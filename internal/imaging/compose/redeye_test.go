package compose

import (
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/face"
	"github.com/stowgate/stowgate/internal/transform"
)

// disc returns p with a disc of a colour.
func (p picture) disc(cx, cy, radius float64, colour ...byte) picture {
	return draw(p.width, p.height, func(x, y int) []byte {
		if math.Hypot(float64(x)-cx, float64(y)-cy) <= radius {
			return append(colour[:3:3], p.at(x, y)[3:]...)
		}
		return p.at(x, y)
	})
}

// The pupils in ../face/testdata/astronaut.jpg.
var pupils = [2][2]float64{{202, 99}, {244, 99}}

func TestRedEye(t *testing.T) {
	s := open(t)
	p, faces := astronaut(t, s)
	flash := p.disc(pupils[0][0], pupils[0][1], 3.5, 210, 40, 50).disc(pupils[1][0], pupils[1][1], 3.5, 180, 20, 20)
	flash = flash.disc(30, 480, 4, 210, 40, 50) // as red, but no eye
	im, err := RedEye(s, flash.image(t, s), faces)
	got := render(t, im, err)
	eyes := make([]transform.Box, 2)
	for i, e := range pupils {
		eyes[i] = box(int(e[0])-6, int(e[1])-6, 13, 13)
		for y := -2; y <= 2; y++ {
			for x := -2; x <= 2; x++ {
				if v := got.at(int(e[0])+x, int(e[1])+y); int(v[0]) > int(v[1])+30 {
					t.Errorf("pupil %d is still %v", i, v)
				}
			}
		}
	}
	got.wantSame(t, flash, eyes...)

	t.Run("with opacity", func(t *testing.T) {
		clear := draw(p.width, p.height, func(x, y int) []byte { return append(flash.at(x, y)[:3:3], 200) })
		im, err := RedEye(s, clear.image(t, s), faces)
		got := render(t, im, err)
		got.wantSame(t, clear, eyes...)
		if v := got.at(int(pupils[0][0]), int(pupils[0][1])); v[0] > 100 || v[3] != 200 {
			t.Errorf("the pupil is %v", v)
		}
	})
	t.Run("eyes that are not red", func(t *testing.T) {
		im, err := RedEye(s, p.image(t, s), faces)
		render(t, im, err).wantSame(t, p)
	})
	t.Run("large", func(t *testing.T) {
		large, err := s.Call("resize", map[string]any{"in": flash.image(t, s), "scale": 1.9})
		if err != nil {
			t.Fatal(err)
		}
		found, err := face.In(s, large)
		if err != nil || len(found[0]) != 1 {
			t.Fatalf("found %v, %v", found, err)
		}
		im, err := RedEye(s, large, found)
		got := render(t, im, err)
		if v := got.at(int(1.9*pupils[1][0]), int(1.9*pupils[1][1])); int(v[0]) > int(v[1])+30 {
			t.Errorf("the pupil is still %v", v)
		}
	})
	t.Run("grey", func(t *testing.T) {
		grey := busy(200, 200, 1)
		im, err := RedEye(s, grey.image(t, s), [][]transform.Box{{box(20, 20, 150, 150)}})
		render(t, im, err).wantSame(t, grey)
	})
}

func TestRedPupil(t *testing.T) {
	skin := flat(60, 60, 200, 150, 130)
	for _, tt := range []struct {
		name string
		eye  picture
		want bool
	}{
		{"a pupil", skin.disc(30, 30, 8, 200, 30, 40), true},
		{"a small pupil", skin.disc(25, 33, 2.5, 200, 30, 40), true},
		{"with a glint", skin.disc(30, 30, 8, 200, 30, 40).disc(28, 28, 2, 255, 255, 255), true},
		{"a speck", skin.disc(25, 33, 1, 200, 30, 40), false},
		{"skin", skin, false},
		{"dark skin", flat(60, 60, 110, 60, 40), false},
		{"red all over", flat(60, 60, 200, 30, 40), false},
		{"more than half of it", skin.disc(30, 30, 17, 200, 30, 40), false},
		{"at the edge", skin.disc(3, 30, 8, 200, 30, 40), false},
		{"a line", draw(60, 60, func(x, y int) []byte {
			if y/4 == 7 && x > 15 && x < 40 {
				return []byte{200, 30, 40}
			}
			return skin.at(x, y)
		}), false},
		{"a thin ring", skin.disc(30, 30, 12, 200, 30, 40).disc(30, 30, 11, 200, 150, 130), false},
		{"a faint pupil", skin.disc(30, 30, 8, 200, 104, 95), true},
		{"in dark skin", flat(60, 60, 110, 60, 40).disc(30, 30, 8, 200, 80, 70), true},
		{"light brown in pale skin", flat(60, 60, 230, 205, 190).disc(30, 30, 8, 130, 80, 50), false},
		{"brown", skin.disc(30, 30, 8, 90, 55, 30), false},
		{"blue", skin.disc(30, 30, 8, 40, 30, 200), false},
	} {
		mask := redPupil(tt.eye.pixels, 60, 60, 3)
		if got := mask != nil; got != tt.want {
			t.Errorf("%s: found %v, want %v", tt.name, got, tt.want)
		}
	}
}
