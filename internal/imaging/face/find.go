// Package face finds faces in pictures, and decides about the boxes around
// them: which count, how they are enlarged, what to cut out. What is done to
// the pixels is left to others.
package face

import (
	"cmp"
	_ "embed"
	"slices"
	"sync"

	pigo "github.com/esimov/pigo/core"

	"github.com/stowgate/stowgate/internal/transform"
)

// MaxSide is the longer side in pixels of the pictures that Find is made for,
// which takes about 0.2 µs for a pixel.
const MaxSide = 1000

const (
	// minSide is the side of the smallest face looked for, in pixels: the
	// cascade was trained on faces of 24.
	minSide = 24

	// minScore is the least score of a face. In photographs that this was chosen
	// with, faces looking at the camera had 16 and more, everything else up to 8.
	minScore = 12

	// maxFaces bounds how many faces are looked at closely, and so the time
	// that a picture made of faces can take.
	maxFaces = 200

	// maxOverlap is how much two faces may share of the area of both.
	maxOverlap = 0.2
)

//go:embed data/facefinder
var trained []byte

var cascade = sync.OnceValue(func() *pigo.Pigo {
	c, err := pigo.NewPigo().Unpack(trained)
	if err != nil {
		panic("face: embedded cascade: " + err.Error()) // it is part of the program
	}
	return c
})

// Find returns boxes around the upright faces in a grey picture of width by
// height bytes, in its pixels, the largest first. Equal pictures give equal
// boxes.
func Find(grey []byte, width, height int) []transform.Box {
	pad := min(width, height) / 4
	if pad == 0 || len(grey) != width*height {
		return nil
	}
	p := padded(grey, width, height, pad)
	inside := p.part(pad, pad, width, height)
	coarse := grid{shift: 0.1, scale: 1.1, from: minSide, to: min(width, height)}
	seen := inside.search(coarse)
	for i := range seen {
		seen[i].Col += pad
		seen[i].Row += pad
	}
	coarse.from, coarse.to = max(minSide, min(width, height)/3), min(p.Cols, p.Rows)
	seen = strongest(append(seen, p.search(coarse)...))

	faces := seen[:0]
	for _, d := range seen {
		if d = p.closely(d); d.Q >= minScore {
			faces = append(faces, d)
		}
	}
	var boxes []transform.Box
	for _, d := range strongest(faces) {
		b := square(d)
		b.X, b.Y = b.X-pad, b.Y-pad
		if b, ok := b.Clamp(width, height); ok {
			boxes = append(boxes, b)
		}
	}
	largestFirst(boxes)
	return boxes
}

// A view is a grey picture, or a part of one.
type view struct{ pigo.ImageParams }

// padded returns the picture with its edges drawn out by pad pixels, so that
// a face is found that reaches the edge or beyond.
func padded(grey []byte, width, height, pad int) view {
	w, h := width+2*pad, height+2*pad
	pixels := make([]byte, w*h)
	for y := range h {
		from := grey[min(max(y-pad, 0), height-1)*width:][:width]
		row := pixels[y*w:][:w]
		copy(row[pad:], from)
		for x := range pad {
			row[x], row[w-1-x] = from[0], from[width-1]
		}
	}
	return view{pigo.ImageParams{Pixels: pixels, Rows: h, Cols: w, Dim: w}}
}

// part returns a part of v, which must lie inside.
func (v view) part(x, y, width, height int) view {
	return view{pigo.ImageParams{Pixels: v.Pixels[y*v.Dim+x:], Rows: height, Cols: width, Dim: v.Dim}}
}

// A grid says where a face is looked for: at all places shift apart, as a
// fraction of the face's side, for each side of a row that grows by scale.
type grid struct {
	shift, scale float64
	from, to     int // the smallest and the largest side
}

// search returns where on the grid there seems to be a face.
func (v view) search(g grid) []pigo.Detection {
	return cascade().RunCascade(pigo.CascadeParams{
		MinSize: g.from, MaxSize: g.to, ShiftFactor: g.shift, ScaleFactor: g.scale, ImageParams: v.ImageParams,
	}, 0)
}

// closely looks at a face again, on a fine grid. It returns the mean of what
// it sees there; its score says how much that is, independent of the size.
func (v view) closely(d pigo.Detection) pigo.Detection {
	const (
		shift, scale = 0.025, 1.05
		normal       = 20 * shift * shift * (scale - 1) // of the score
	)
	m := d.Scale * 7 / 10
	x, y := max(d.Col-m, 0), max(d.Row-m, 0)
	around := v.part(x, y, min(d.Col+m, v.Cols)-x, min(d.Row+m, v.Rows)-y)
	var row, col, side, sum, score float64
	for _, e := range around.search(grid{shift: shift, scale: scale, from: max(d.Scale*8/10, minSide), to: d.Scale * 12 / 10}) {
		q, s := float64(e.Q), float64(e.Scale)
		row, col, side, sum = row+q*float64(e.Row), col+q*float64(e.Col), side+q*s, sum+q
		step := max(float64(int(shift*s)), 1) // as the search steps: in whole pixels
		grow := max(2, s*(scale-1))           // likewise
		score += q * step * step * grow / s / s / s
	}
	if sum == 0 {
		return pigo.Detection{}
	}
	return pigo.Detection{Row: y + int(row/sum), Col: x + int(col/sum), Scale: int(side / sum), Q: float32(score / normal)}
}

// strongest returns the detections with the best scores of which no two
// overlap much, the best first, and no more than maxFaces.
func strongest(all []pigo.Detection) []pigo.Detection {
	slices.SortFunc(all, func(a, b pigo.Detection) int {
		return cmp.Or(cmp.Compare(b.Q, a.Q), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Scale, b.Scale))
	})
	var kept []pigo.Detection
	for _, d := range all {
		if len(kept) == maxFaces {
			break
		}
		if !slices.ContainsFunc(kept, func(k pigo.Detection) bool { return overlap(square(k), square(d)) > maxOverlap }) {
			kept = append(kept, d)
		}
	}
	return kept
}

func square(d pigo.Detection) transform.Box {
	return transform.Box{X: d.Col - d.Scale/2, Y: d.Row - d.Scale/2, Width: d.Scale, Height: d.Scale}
}

// overlap returns what a and b share, as a fraction of the area of both.
func overlap(a, b transform.Box) float64 {
	w := min(a.X+a.Width, b.X+b.Width) - max(a.X, b.X)
	h := min(a.Y+a.Height, b.Y+b.Height) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return float64(w*h) / float64(a.Width*a.Height+b.Width*b.Height-w*h)
}
