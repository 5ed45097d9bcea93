package compose

import (
	"fmt"
	"strings"

	"github.com/stowgate/stowgate/internal/imaging/chain"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/place"
)

// families are the fonts of the families of a Text. Where one is not there, the
// system has another in its place.
var families = map[string]string{
	"": "DejaVu Sans", "sans": "DejaVu Sans", "mono": "DejaVu Sans Mono", "serif": "DejaVu Serif",
	"noto": "Noto Sans", "noto mono": "Noto Sans Mono", "noto serif": "Noto Serif",
}

// Text writes in a box on each frame of im.
func Text(s *vips.Scope, im *vips.Image, op transform.Text) (*vips.Image, error) {
	c := steps{chain.New(s, im)}
	box := place.Area(op.Width, op.Height, op.At, im.Width(), im.PageHeight())
	padding := op.Padding
	if op.Back == "" {
		padding = 0
	}
	room := transform.Box{X: box.X + padding, Y: box.Y + padding, Width: box.Width - 2*padding, Height: box.Height - 2*padding}
	if room.Width < 1 || room.Height < 1 {
		return im, nil
	}
	ink := c.write(op, room.Width)
	if c.Err() != nil {
		return nil, c.Err()
	}
	at := transform.Box{Width: ink.Width(), Height: min(ink.Height(), room.Height)}
	ink = c.Crop(ink, at)
	at.X, at.Y = op.Align.In(room.Width-at.Width, room.Height-at.Height)
	at.X, at.Y = at.X+room.X, at.Y+room.Y

	behind := newMask(im.Width(), im.PageHeight(), box)
	switch op.Back {
	case "fill":
		behind.fill(box, op.Behind.A)
	case "fit":
		behind.fill(grown(at, padding), op.Behind.A)
	case "line":
		for _, line := range c.lines(op, ink) {
			line.X, line.Y = line.X+at.X, line.Y+at.Y
			behind.fill(grown(line, padding), op.Behind.A)
		}
	}
	out := c.RGB(im)
	if op.Back != "" && len(behind.pixels) > 0 {
		out = c.Frames(out, func(_ int, frame *vips.Image) *vips.Image { return c.paint(frame, behind, op.Behind) })
	}
	return c.over(out, ink, at)
}

// grown returns a box with so many pixels around it.
func grown(b transform.Box, by int) transform.Box {
	return transform.Box{X: b.X - by, Y: b.Y - by, Width: b.Width + 2*by, Height: b.Height + 2*by}
}

// lines returns where the lines of a text are in what was written of it.
func (c steps) lines(op transform.Text, ink *vips.Image) []transform.Box {
	one, two := op, op
	one.Text, two.Text = "X", "X\nX"
	pitch := c.write(two, op.Size).Height() - c.write(one, op.Size).Height()
	first, _ := ink.Int("yoffset") // how far below the top of its line the ink begins
	pixels := c.Pixels(c.Bands(ink, 3, 1))
	if c.Err() != nil || pitch < 1 {
		return nil
	}
	var lines []transform.Box
	width, height := ink.Width(), ink.Height()
	for top := -first; top < height; top += pitch {
		left, right := width, 0
		for y := max(top, 0); y < min(top+pitch, height); y++ {
			for x, v := range pixels[y*width:][:width] {
				if v > 0 {
					left, right = min(left, x), max(right, x+1)
				}
			}
		}
		if right > left {
			lines = append(lines, transform.Box{X: left, Y: top, Width: right - left, Height: pitch})
		}
	}
	return lines
}

// write returns a text in colours, with opacity and as large as it is in lines
// of at most width pixels, if no word and letter is longer.
func (c steps) write(op transform.Text, width int) *vips.Image {
	style := ""
	if op.Bold {
		style += " Bold"
	}
	if op.Italic {
		style += " Italic"
	}
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(op.Text)
	attributes := fmt.Sprintf(`foreground="#%02x%02x%02x"`, op.Color.R, op.Color.G, op.Color.B)
	if op.Color.A < 255 {
		attributes += fmt.Sprintf(` fgalpha="%d"`, max(1, 257*int(op.Color.A))) // 0 is not allowed there
	}
	return c.Call("text", nil, vips.Args{
		"text": "<span " + attributes + ">" + text + "</span>", "rgba": true,
		"font": fmt.Sprintf("%s%s %d", families[op.Family], style, op.Size), "dpi": 72, // so that points are pixels
		"width": width, "wrap?": "word-char", "align": []string{"low", "centre", "high"}[op.Align.X+1],
	})
}
