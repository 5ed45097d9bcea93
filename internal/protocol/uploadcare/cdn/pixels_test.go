package cdn

import (
	"bytes"
	"image"
	"image/color"
	"testing"
)

// letters are the colours of picture, and those that operations here bring in.
var letters = map[color.NRGBA]byte{
	{255, 0, 0, 255}: 'r', {0, 255, 0, 255}: 'g', {0, 0, 255, 255}: 'b', {255, 255, 0, 255}: 'y',
	{255, 255, 255, 255}: 'w', {0, 0, 0, 255}: 'k', {255, 0, 255, 255}: 'm', {}: '-',
}

// corners returns the size of an image and the colours near its corners, in
// reading order: '?' for one that is near none of letters.
func corners(img image.Image) string {
	b := img.Bounds()
	name := func(x, y int) byte {
		c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
		if c.A < 16 {
			return '-'
		}
		far := func(a, b byte) bool { return max(a, b)-min(a, b) > 24 }
		for known, letter := range letters {
			if letter != '-' && !far(c.R, known.R) && !far(c.G, known.G) && !far(c.B, known.B) {
				return letter
			}
		}
		return '?'
	}
	w, h := b.Dx(), b.Dy()
	seen := []byte{name(1, 1), name(w-2, 1), name(1, h-2), name(w-2, h-2)}
	return itoa(w) + "x" + itoa(h) + " " + string(seen)
}

// Operations put things where Uploadcare's documentation says, and have its
// defaults. The source is red and green above blue and yellow.
func TestPixels(t *testing.T) {
	s := newStack(t)
	base := s.put(t, openKey, "base.png", pngOf(t, picture(80, 40)))
	side := s.put(t, openKey, "side.jpg", turned(jpegOf(t, picture(80, 40)), 6))
	for ops, want := range map[string]string{
		"preview/40x40":              "40x20 rgby",
		"preview":                    "80x40 rgby",
		"resize/160x":                "160x80 rgby",
		"resize/40x40":               "40x40 rgby",
		"stretch/off/-/resize/160x":  "80x40 rgby",
		"stretch/fill/-/resize/160x": "160x80 wwww",
		"setfill/f0f/-/stretch/fill/-/resize/160x80": "160x80 mmmm",
		"scale_crop/20x20":                           "20x20 rrbb",
		"scale_crop/20x20/center":                    "20x20 rgby",
		"scale_crop/20x20/right":                     "20x20 ggyy",
		"scale_crop/20x20/100p,0":                    "20x20 ggyy",
		"crop/20x10/-/preview":                       "20x10 rrrr",
		"crop/50px50p/100p,0p/-/preview":             "40x20 gggg",
		"crop/50px50p/40,20/-/preview":               "40x20 yyyy",
		"crop/40x20/center/-/preview":                "40x20 rgby",
		"crop/40x20/-20,-10/-/preview":               "40x20 wwwr",
		"setfill/000/-/crop/40x20/-20,-10/-/preview": "40x20 kkkr",
		"crop/1:1/-/preview":                         "40x40 rgby",
		"crop/1:1/left/-/preview":                    "40x40 rrbb",
		"rotate/90/-/preview":                        "40x80 gyrb",
		"rotate/270/-/preview":                       "40x80 bryg",
		"flip/-/preview":                             "80x40 byrg",
		"mirror/-/preview":                           "80x40 gryb",
		"effect/mirror/-/preview":                    "80x40 gryb",
		"border_radius/50p/-/preview":                "80x40 ----",
		"border_radius/20,0/-/preview":               "80x40 -gb-",
		"rect/f0f/50px100p/right/-/preview":          "80x40 rmbm",
		"rect/f0f/10x10/-/preview":                   "80x40 mgby",
		"overlay/self/50px50p/100p,100p/-/preview":   "80x40 rgby",
		"saturation/0/-/preview":                     "80x40 rgby",
		"resize/40x/-/crop/20x10/-/resize/4x":        "4x2 rrrr",
		"stretch/off/-/scale_crop/160x20/center":     "80x20 rgby",
	} {
		w := s.get(t, at(base, "-/"+ops+"/-/format/png/"))
		img, _, err := image.Decode(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Errorf("%s: %v, %d, %.300s", ops, err, w.Code, w.Body)
			continue
		}
		if got := corners(img); got != want {
			t.Errorf("%s = %s, want %s", ops, got, want)
		}
	}
	for ops, want := range map[string]string{ // 6: what is left belongs to the top
		"preview":                                   "40x80 bryg",
		"autorotate/no/-/preview":                   "80x40 rgby",
		"crop/20x20/-/preview":                      "20x20 bbbb",
		"border_radius/50p/-/preview":               "40x80 wwww",
		"setfill/0f0/-/border_radius/50p/-/preview": "40x80 gggg",
	} {
		w := s.get(t, at(side, "-/"+ops+"/-/format/jpeg/-/quality/best/"))
		img, _, err := image.Decode(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Errorf("%s: %v, %d, %.300s", ops, err, w.Code, w.Body)
			continue
		}
		if got := corners(img); got != want {
			t.Errorf("%s on its side = %s, want %s", ops, got, want)
		}
	}
}
