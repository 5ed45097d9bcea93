package transform

import "slices"

// Extract cuts out a part that may reach beyond the image, by a size or by a
// ratio, from the image or around what stands out in it. Without a size and a
// ratio it is just what stands out. If that is not found, the whole image takes
// its place.
type Extract struct {
	Width  Length  `json:"width,omitzero"` // a percentage is one of what Around names; both or none
	Height Length  `json:"height,omitzero"`
	Ratio  Ratio   `json:"ratio,omitzero"` // in place of a size: the largest such part of the image, or the smallest that shows all of what stands out
	Around Subject `json:"around,omitempty"`
	At     Spot    `json:"at,omitzero"`    // of the part in the image; with Around, where that stands in the part
	Fill   *Color  `json:"fill,omitempty"` // beyond the image; nil means transparent where the result can be, else white
}

// Reframe brings an image to exactly a size without cutting or distorting it:
// it fits inside, and is continued in the colours of its edges.
type Reframe struct {
	Width  int `json:"width"` // 1 to 10,000
	Height int `json:"height"`
}

// Trim cuts off a border of one colour, that of the corner at the top left. An
// image of that colour throughout stays as it is.
type Trim struct {
	Tolerance int    `json:"tolerance,omitempty"` // how far from that colour the border may be, 0 to 100 percent
	Padding   Length `json:"padding,omitzero"`    // of the border that stays; a percentage is one of the side of what is left
}

// CutCorners gives each corner a radius of its own, clockwise from the top left.
// Percentages are of the width, and of the height for Down. Radii that meet are
// made smaller, all by the same factor.
type CutCorners struct {
	Across     [4]Length  `json:"across"`
	Down       *[4]Length `json:"down,omitempty"` // nil means as Across
	Background *Color     `json:"background,omitempty"`
}

// Zoom enlarges what stands out, on a background of the image's edges, until it
// takes a part of the image, whose size stays. It makes nothing smaller.
type Zoom struct {
	Percent int `json:"percent"` // of the width or height, whichever is reached first; 1 to 100
}

// Adjust changes the tones of an image. What is 0 changes nothing; the rest is
// done in the order of the fields.
type Adjust struct {
	Brightness int `json:"brightness,omitempty"` // −100 to 100: so much is added to each channel, of 255
	Exposure   int `json:"exposure,omitempty"`   // −500 to 500: hundredths of a stop
	Gamma      int `json:"gamma,omitempty"`      // 1 to 1,000: percent; 100 changes nothing either, more makes brighter
	Contrast   int `json:"contrast,omitempty"`   // −100 to 500: percent more
	Saturation int `json:"saturation,omitempty"` // −100 to 500: percent more
	Vibrance   int `json:"vibrance,omitempty"`   // −100 to 500: percent more saturation where there is little
	Warmth     int `json:"warmth,omitempty"`     // −100 to 100: blue to yellow
}

// Look gives the colours of one of the looks that Looks lists.
type Look struct {
	Name   string `json:"name"`
	Amount int    `json:"amount"` // −100 to 200 percent; 0 changes nothing
}

// Soften blends an image with its Gaussian blur, or away from it: a negative
// amount is an unsharp mask.
type Soften struct {
	Strength int `json:"strength"` // sigma in pixels, 0 to 5,000; 0 changes nothing
	Amount   int `json:"amount"`   // −200 to 100 percent; 100 is the blur itself
}

// BlurPart blurs a box, or the faces. A box that lies outside changes nothing.
type BlurPart struct {
	Faces    bool   `json:"faces,omitempty"`
	Width    Length `json:"width,omitzero"` // percentages are of the image
	Height   Length `json:"height,omitzero"`
	At       Spot   `json:"at,omitzero"`
	Strength int    `json:"strength"` // sigma in pixels, 0 to 5,000
}

// Draw draws an input over the image: as large as it fits into a box, with its
// own ratio, and so placed in the image. Input 0 is drawn as it came.
type Draw struct {
	Input   int    `json:"input,omitempty"`
	Width   Length `json:"width"` // of the box; a percentage is one of the image
	Height  Length `json:"height"`
	At      Spot   `json:"at,omitzero"` // of the drawn input in the image
	Opacity int    `json:"opacity"`     // 0 to 100 percent
}

// Rect draws a box of one colour.
type Rect struct {
	Color  Color  `json:"color"`
	Width  Length `json:"width"` // percentages are of the image
	Height Length `json:"height"`
	At     Spot   `json:"at,omitzero"`
}

// Text writes in a box, in lines that are broken to fit its width. What is
// higher than the box is cut off.
type Text struct {
	Text    string   `json:"text"`  // up to 1,000 bytes of UTF-8, and up to 10,000 divided by Size; a line feed breaks a line
	Width   Length   `json:"width"` // of the box; percentages are of the image
	Height  Length   `json:"height"`
	At      Spot     `json:"at,omitzero"`      // of the box
	Align   Position `json:"align,omitzero"`   // of the text in the box
	Size    int      `json:"size"`             // of the letters, 1 to 1,000 pixels
	Family  string   `json:"family,omitempty"` // sans, mono, serif, noto, noto mono or noto serif; "" means sans
	Bold    bool     `json:"bold,omitempty"`
	Italic  bool     `json:"italic,omitempty"`
	Color   Color    `json:"color"`
	Back    string   `json:"back,omitempty"`    // where Behind shows: fit (around all lines), line (around each) or fill (the whole box); "" means nowhere
	Behind  Color    `json:"behind,omitzero"`   // with Back
	Padding int      `json:"padding,omitempty"` // pixels around what Back says, 0 to 1,000
}

// maxWriting is how many bytes a Text may have, and maxInk how many pixels if
// they stand in one column: the square of that is what a text may take.
const (
	maxWriting = 1_000
	maxInk     = 10_000
)

// looks are the names of the looks.
var looks = []string{
	"adaris", "briaril", "calarel", "carris", "cynarel", "cyren", "elmet", "elonni", "enzana", "erydark",
	"fenralan", "ferand", "galen", "gavin", "gethriel", "iorill", "iothari", "iselva", "jadis", "lavra",
	"misiara", "namala", "nerion", "nethari", "pamaya", "sarnar", "sedis", "sewen", "sorahel", "sorlen",
	"tarian", "thellassan", "varriel", "varven", "vevera", "virkas", "yedis", "yllara", "zatvel", "zevcen",
}

// Looks returns the names of the looks, in alphabetical order.
func Looks() []string { return slices.Clone(looks) }

// checkSides checks the size of a box.
func checkSides(width, height Length) error {
	return first(width.Check("width", 1), height.Check("height", 1))
}

func (Extract) kind() string { return "extract" }
func (o Extract) check() error {
	sized := o.Width != Length{} || o.Height != Length{}
	err := first(
		o.Ratio.check(), o.At.Check(),
		oneOf("subject", o.Around, WholeImage, Face, Object),
		needs(!sized || o.Ratio == Ratio{}, "either a size or a ratio"),
		needs(sized || o.Ratio != Ratio{} || o.Around != WholeImage, "the size is missing"),
	)
	if err == nil && sized {
		err = checkSides(o.Width, o.Height)
	}
	return err
}

func (Reframe) kind() string { return "reframe" }
func (o Reframe) check() error {
	return first(within("width", o.Width, 1, MaxSide), within("height", o.Height, 1, MaxSide))
}

func (Trim) kind() string { return "trim" }
func (o Trim) check() error {
	return first(within("tolerance", o.Tolerance, 0, 100), o.Padding.Check("padding", 0))
}

func (CutCorners) kind() string { return "cut_corners" }
func (o CutCorners) check() error {
	radii := o.Across[:]
	if o.Down != nil {
		radii = slices.Concat(radii, o.Down[:])
	}
	for _, r := range radii {
		if err := r.Check("radius", 0); err != nil {
			return err
		}
	}
	return nil
}

func (Zoom) kind() string   { return "zoom" }
func (o Zoom) check() error { return within("percent", o.Percent, 1, 100) }

func (Adjust) kind() string { return "adjust" }
func (o Adjust) check() error {
	return first(
		within("brightness", o.Brightness, -100, 100), within("exposure", o.Exposure, -500, 500),
		within("gamma", o.Gamma, 0, 1_000), within("contrast", o.Contrast, -100, 500),
		within("saturation", o.Saturation, -100, 500), within("vibrance", o.Vibrance, -100, 500),
		within("warmth", o.Warmth, -100, 100),
	)
}

func (Look) kind() string { return "look" }
func (o Look) check() error {
	return first(oneOf("look", o.Name, looks...), within("amount", o.Amount, -100, 200))
}

// maxStrength is the strongest blur, in pixels.
const maxStrength = 5_000

func (Soften) kind() string { return "soften" }
func (o Soften) check() error {
	return first(within("strength", o.Strength, 0, maxStrength), within("amount", o.Amount, -200, 100))
}

func (BlurPart) kind() string { return "blur_part" }
func (o BlurPart) check() error {
	if o.Faces {
		return first(
			needs(o == BlurPart{Faces: true, Strength: o.Strength}, "either a box or faces"),
			within("strength", o.Strength, 0, maxStrength),
		)
	}
	return first(checkSides(o.Width, o.Height), o.At.Check(), within("strength", o.Strength, 0, maxStrength))
}

func (Draw) kind() string { return "draw" }
func (o Draw) check() error {
	return first(
		within("input", o.Input, 0, MaxInputs-1), checkSides(o.Width, o.Height), o.At.Check(),
		within("opacity", o.Opacity, 0, 100),
	)
}

func (Rect) kind() string   { return "rect" }
func (o Rect) check() error { return first(checkSides(o.Width, o.Height), o.At.Check()) }

func (Text) kind() string { return "text" }
func (o Text) check() error {
	return first(
		needs(o.Text != "", "the text is missing"), within("bytes", len(o.Text), 0, maxWriting),
		needs(len(o.Text)*o.Size <= maxInk, "the text is too long for letters of that size"),
		needs(isWritable(o.Text), "the text is not UTF-8 without control characters"),
		checkSides(o.Width, o.Height), o.At.Check(), o.Align.check(),
		within("size", o.Size, 1, 1_000), within("padding", o.Padding, 0, 1_000),
		oneOf("family", o.Family, "", "sans", "mono", "serif", "noto", "noto mono", "noto serif"),
		oneOf("back", o.Back, "", "fit", "line", "fill"),
	)
}
