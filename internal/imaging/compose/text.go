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

	behind := transform.Box{}
	switch op.Back {
	case "fill":
		behind = box
	case "fit":
		behind = transform.Box{X: at.X - padding, Y: at.Y - padding, Width: at.Width + 2*padding, Height: at.Height + 2*padding}
	}
	out, err := c.RGB(im), error(nil)
	if seen, ok := behind.Clamp(im.Width(), im.PageHeight()); ok && op.Behind.A > 0 {
		if out, err = c.over(out, c.Constant(c.WithAlpha(out), seen.Width, seen.Height, op.Behind), seen); err != nil {
			return nil, err
		}
	}
	return c.over(out, ink, at)
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
	if op.Back == "line" && op.Behind.A > 0 {
		attributes += fmt.Sprintf(` background="#%02x%02x%02x" bgalpha="%d"`, op.Behind.R, op.Behind.G, op.Behind.B, 257*int(op.Behind.A))
	}
	if op.Color.A < 255 {
		attributes += fmt.Sprintf(` fgalpha="%d"`, max(1, 257*int(op.Color.A))) // 0 is not allowed there
	}
	return c.Call("text", nil, vips.Args{
		"text": "<span " + attributes + ">" + text + "</span>", "rgba": true,
		"font": fmt.Sprintf("%s%s %d", families[op.Family], style, op.Size), "dpi": 72, // so that points are pixels
		"width": width, "wrap?": "word-char", "align": []string{"low", "centre", "high"}[op.Align.X+1],
	})
}
