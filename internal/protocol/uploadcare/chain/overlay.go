package chain

import (
	"strings"

	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/transform"
)

// everything is how large an overlay may be without a size.
var everything = transform.Percent(100)

// readOverlay reads what is drawn over the image. Each of its parameters may be
// missing, and tells by its form which it is.
func readOverlay(r *reader, p []string) bool {
	op := transform.Draw{Width: everything, Height: everything, Opacity: 100}
	if p[0] != "self" {
		id, err := answer.ParseUUID(p[0])
		if err != nil {
			return false
		}
		op.Input = r.input(id)
	}
	p = p[1:]
	if len(p) > 0 {
		if w, h, ok := size(p[0]); ok {
			op.Width, op.Height, p = w, h, p[1:]
		}
	}
	if len(p) > 0 {
		if at, ok := spot(p[0]); ok {
			op.At, p = at, p[1:]
		}
	}
	if len(p) > 0 {
		opacity, ok := length(p[0], 0)
		if !ok || !opacity.Percent || opacity.N > 100 {
			return false
		}
		op.Opacity, p = opacity.N, p[1:]
	}
	return len(p) == 0 && r.add(op)
}

func readRect(r *reader, p []string) bool {
	c, ok := color(p[0])
	w, h, ok2 := size(p[1])
	at, ok3 := orSpot(p, 2, transform.Spot{})
	return ok && ok2 && ok3 && r.add(transform.Rect{Color: c, Width: w, Height: h, At: at})
}

// A font is how the next text is written.
type font struct {
	size         int
	color        transform.Color
	family       string
	bold, italic bool
}

// A backing is what is behind the next text.
type backing struct {
	mode    string
	color   transform.Color
	padding int
}

// Of texts: the size of letters without a font, the largest, and the most room
// around them, in pixels.
const (
	usualLetters = 10
	maxLetters   = 1000
	maxPadding   = 1000
)

// escapes are those of a text, in which a slash would end the parameter. Source:
// pyuploadcare, pyuploadcare/transformations/image.py.
var escapes = strings.NewReplacer("~~", "~", "~s", "/", "~n", "\n")

func readText(r *reader, p []string) bool {
	w, h, ok := size(p[0])
	at, ok2 := spot(p[1])
	f, b := r.font, r.backing
	if f == (font{}) {
		f = usualFont
	}
	op := transform.Text{
		Text: escapes.Replace(p[2]), Width: w, Height: h, At: at, Align: r.align,
		Size: f.size, Family: f.family, Bold: f.bold, Italic: f.italic, Color: f.color,
		Back: b.mode, Behind: b.color, Padding: b.padding,
	}
	r.font, r.align, r.backing = font{}, transform.Position{}, backing{}
	return ok && ok2 && r.add(op)
}

// usualFont is that of a text without one.
var usualFont = font{size: usualLetters, color: transform.Black}

// families are the typefaces by their names in URLs.
var families = map[string]string{
	"DejaVu": "sans", "DejaVuMono": "mono", "DejaVuSerif": "serif",
	"Noto": "noto", "NotoMono": "noto mono", "NotoSerif": "noto serif",
}

// readFont reads the parameters of a font, each known by its form. The first is
// the size if it is all digits, which a colour may be as well.
func readFont(r *reader, p []string) bool {
	f := usualFont
	for i, text := range p {
		n, isSize := whole(text, 1, maxLetters)
		c, isColor := color(text)
		family, isFamily := families[text]
		switch {
		case isSize && i == 0:
			f.size = n
		case isColor:
			f.color = c
		case isSize:
			f.size = n
		case isFamily:
			f.family = family
		case oneOf(text, "regular bold"):
			f.bold = text == "bold"
		case oneOf(text, "normal italic"):
			f.italic = text == "italic"
		default:
			return false
		}
	}
	r.font = f
	return true
}

func readTextAlign(r *reader, p []string) bool {
	x, ok := map[string]int{"left": -1, "center": 0, "right": 1}[p[0]]
	y, ok2 := 0, true
	if len(p) > 1 {
		y, ok2 = map[string]int{"top": -1, "center": 0, "bottom": 1}[p[1]]
	}
	r.align = transform.Position{X: x, Y: y}
	return ok && ok2
}

func readTextBox(r *reader, p []string) bool {
	if !oneOf(p[0], "none fit line fill") {
		return false
	}
	b, ok := backing{mode: p[0], color: transform.White}, true
	if len(p) > 1 {
		b.color, ok = color(p[1])
	}
	padding, ok2 := orWhole(p, 2, 0, maxPadding, 0)
	if b.padding = padding; b.mode == "none" {
		b = backing{}
	}
	r.backing = b
	return ok && ok2
}
