package compose

import (
	"bytes"
	"fmt"
	"html"
	"math"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

const (
	// maxColumns is the width of a drawing at its full size, in characters.
	maxColumns = 200

	// maxCells is how many characters a drawing may have. Only pictures that are
	// much higher than wide come there; they are drawn narrower.
	maxCells = 40_000

	// cellRatio is the width of a character by the height of a line.
	cellRatio = 0.5
)

// ramp is characters by how much ink they have, the most first.
const ramp = `@%#*+=-:. `

// ASCII draws an image, or the first frame of an animation, with characters:
// the darker a pixel is, the more ink has its character. It returns a whole
// HTML document.
func ASCII(s *vips.Scope, im *vips.Image, op transform.Letters) ([]byte, error) {
	c := steps{chain.New(s, im)}
	im = c.still(im)
	columns, lines := grid(im.Width(), im.Height(), op.Size)
	ground := op.Background
	ground.A = 255
	pixels := c.Pixels(c.onto(c.scale(im, columns, lines), ground))
	if c.Err() != nil {
		return nil, c.Err()
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><title>Image</title><style>
body { margin: 0; background: %s; color: %s }
pre { margin: 0; font: 10px/1 monospace; letter-spacing: -0.1em }
</style></head><body><pre>
`, css(op.Background), css(op.Foreground))
	for ; len(pixels) > 0; pixels = pixels[3*columns:] {
		writeLine(&b, pixels[:3*columns], op)
		b.WriteByte('\n')
	}
	b.WriteString("</pre></body></html>\n")
	return b.Bytes(), nil
}

// grid returns how many characters a picture of w by h pixels is drawn with:
// no more columns than it has pixels, and a share of maxColumns in percent.
func grid(w, h, share int) (columns, lines int) {
	wide := min(float64(percent(maxColumns, share)), float64(w))
	high := wide * float64(h) / float64(w) * cellRatio
	if wide*high > maxCells {
		k := math.Sqrt(maxCells / (wide * high))
		wide, high = wide*k, high*k
	}
	columns = max(1, int(wide))
	return columns, min(max(1, int(math.Round(high))), maxCells/columns)
}

// writeLine writes the characters for a row of pixels in sRGB.
func writeLine(b *bytes.Buffer, row []byte, op transform.Letters) {
	var last transform.Color
	open := false
	for ; len(row) > 0; row = row[3:] {
		light := (299*int(row[0]) + 587*int(row[1]) + 114*int(row[2])) / 1000
		if op.Reverse {
			light = 255 - light
		}
		if op.Colored {
			// Sixteen steps are enough for a character, and make longer runs.
			v := transform.Color{R: row[0] &^ 15, G: row[1] &^ 15, B: row[2] &^ 15, A: 255}
			if !open || v != last {
				if open {
					b.WriteString("</span>")
				}
				fmt.Fprintf(b, `<span style="color:#%x%x%x">`, row[0]>>4, row[1]>>4, row[2]>>4)
				last, open = v, true
			}
		}
		b.WriteString(html.EscapeString(ramp[light*len(ramp)/256:][:1]))
	}
	if open {
		b.WriteString("</span>")
	}
}

func css(v transform.Color) string {
	return fmt.Sprintf("rgba(%d,%d,%d,%.3f)", v.R, v.G, v.B, float64(v.A)/255)
}
