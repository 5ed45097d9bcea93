package compose

import (
	"math"
	"math/bits"
	"slices"

	"github.com/stowgate/stowgate/internal/transform"
)

// layout arranges images of these ratios (width by height), in their order, in
// rows like a justified gallery. It returns the size of the canvas and a box for
// each image.
//
// Of all ways to break the rows it takes the one that shows the images largest
// and most alike in size. With cut, the boxes fill width by height and have
// other ratios than their images. Otherwise they have the ratios of the images
// (to the nearest pixel), and the canvas is what they need, which is no larger.
// Without room for a pixel of each image, the margin is made smaller, and then
// all ratios are brought nearer to 1.
//
// It tries all 2^(n-1) ways for n images: milliseconds up to a dozen, a tenth of
// a second for the 20 of transform.MaxInputs.
func layout(ratios []float64, width, height, margin int, cut bool) (w, h int, cells []transform.Box) {
	ratios = slices.Clone(ratios)
	margin = min(margin, (min(width, height)-1)/2)
	for tries := 0; ; tries++ {
		var best rows
		score := math.Inf(-1)
		for breaks := range uint(1) << (len(ratios) - 1) {
			r := newRows(ratios, breaks, width, height, margin, cut)
			if s := r.score(); s > score || best.n == 0 {
				best, score = r, s
			}
		}
		switch {
		case score > math.Inf(-1), tries == maxTries, width*height < len(ratios):
			return best.cells(ratios, width, height, cut)
		case margin > 0:
			margin /= 2
		default:
			for i := range ratios {
				ratios[i] = math.Sqrt(ratios[i])
			}
		}
	}
}

// maxTries is how often a layout is tried again in other proportions: enough
// for the largest margin and the longest image.
const maxTries = 12

// rows are a way to break images into rows.
type rows struct {
	breaks  uint // bit i ends a row after image i
	n       int
	sums    [transform.MaxInputs]float64 // of the ratios of each row
	least   [transform.MaxInputs]float64 // the lowest ratio of each row
	counts  [transform.MaxInputs]int     // images of each row
	margin  float64
	width   float64 // of the canvas
	stretch float64 // how much higher than their ratio the boxes are
}

func newRows(ratios []float64, breaks uint, width, height, margin int, cut bool) rows {
	r := rows{breaks: breaks, n: bits.OnesCount(breaks) + 1, margin: float64(margin), width: float64(width), stretch: 1}
	row := 0
	for i, ratio := range ratios {
		if r.counts[row] == 0 || ratio < r.least[row] {
			r.least[row] = ratio
		}
		r.sums[row] += ratio
		r.counts[row]++
		row += int(breaks >> i & 1)
	}
	// Without margins between rows the canvas is as high as its width times
	// slope, less the margins between columns.
	slope, less := 0.0, 0.0
	for i := range r.n {
		slope += 1 / r.sums[i]
		less += r.margin * float64(r.counts[i]+1) / r.sums[i]
	}
	room := float64(height) - r.margin*float64(r.n+1)
	switch natural := r.width*slope - less; {
	case cut:
		r.stretch = room / natural
	case natural > room:
		r.width = (room + less) / slope
	}
	return r
}

// unit returns the height of a row, before it is stretched: what to multiply
// the ratio of an image by for its width.
func (r *rows) unit(row int) float64 {
	return (r.width - r.margin*float64(r.counts[row]+1)) / r.sums[row]
}

// score is higher the larger the images are, each counting the same, and minus
// infinity if one has no room. What is cut off makes an image smaller, and is a
// loss in itself.
func (r *rows) score() float64 {
	n, score := 0, 0.0
	for row := range r.n {
		unit := r.unit(row)
		if !(unit*r.least[row] >= 1 && unit*r.stretch >= 1) {
			return math.Inf(-1)
		}
		n += r.counts[row]
		score += 2 * float64(r.counts[row]) * math.Log(unit)
	}
	return score + float64(n)*(math.Log(r.stretch)-2*math.Abs(math.Log(r.stretch)))
}

// cells returns the size of the canvas, which is at most width by height, and
// where the images are. Each has at least one pixel.
func (r *rows) cells(ratios []float64, width, height int, cut bool) (w, h int, cells []transform.Box) {
	row, x, y := 0, r.margin, r.margin
	for i, ratio := range ratios {
		right, bottom := x+max(r.unit(row)*ratio, 0), y+max(r.unit(row)*r.stretch, 0)
		left, top := min(pixel(x), width-1), min(pixel(y), height-1)
		cells = append(cells, transform.Box{X: left, Y: top,
			Width: max(min(pixel(right), width)-left, 1), Height: max(min(pixel(bottom), height)-top, 1)})
		x = right + r.margin
		if r.breaks>>i&1 == 1 || i == len(ratios)-1 {
			row, x, y = row+1, r.margin, bottom+r.margin
		}
	}
	if cut {
		return width, height, cells
	}
	return max(min(pixel(r.width), width), 1), max(min(pixel(y), height), 1), cells
}

func pixel(v float64) int { return int(math.Round(v)) }
