// Package transform says what is to be done to an image: a Plan of Ops with
// typed, ranged arguments. It touches no pixels and knows no vendor's words.
package transform

// A Plan is a list of operations on an image, and how the result is answered.
// Its canonical text, see Canonical, tells two plans apart.
//
// A plan is for one or more inputs. The ops work on input 0; some bring in
// others by their number. What the camera noted about which side is up changes
// no coordinates until an Orient obeys it; if none does, the note is passed on
// with the image, or obeyed at the end where it cannot be.
type Plan struct {
	Page    int     `json:"page,omitempty"`    // of input 0 to begin with, from 1; 0 means all frames of an animation, the first page otherwise
	Density float64 `json:"density,omitempty"` // dots per inch to draw a vector image at; 0 means 72
	Ops     []Op    `json:"-"`
	Answer  Answer  `json:"answer,omitempty"`
	Output  Output  `json:"output"`
}

// Draws reports whether p asks for a picture of what is none, such as a
// document: it says more than how what is an image already is encoded.
func (p Plan) Draws() bool {
	return p.Page > 0 || p.Density > 0 || len(p.Ops) > 0 || p.Answer != Image || p.Output.Format != Keep && !p.Output.Still
}

// An Op is one operation on the image that the one before it left: one of the
// struct types of ops.go, by value.
type Op interface {
	kind() string // its name in the canonical text
	check() error // why an argument is out of range; wraps fault.Invalid
}

// An Answer is what a plan ends in.
type Answer string

// The answers. All but Image are JSON or, for ASCII, HTML.
const (
	Image  Answer = ""       // the image, encoded as Output says
	Size   Answer = "size"   // {"height":1593,"width":2832}
	Faces  Answer = "faces"  // what a last MarkFaces would mark: [{"x":…,"y":…,"width":…,"height":…}, …], the largest first
	Region Answer = "region" // what a last SmartCrop would keep: {"x":…,"y":…,"width":…,"height":…}
	ASCII  Answer = "ascii"  // characters in place of pixels, an HTML document
	Info   Answer = "info"   // a Report
)

// A Format is a way to encode an image.
type Format string

// The formats that images are written in.
const (
	Keep Format = ""     // as the input, or what comes closest where that cannot be written or cannot hold the result
	Auto Format = "auto" // must be replaced by Negotiate before a plan is run
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	AVIF Format = "avif"
	GIF  Format = "gif"
	TIFF Format = "tiff"
	BMP  Format = "bmp"
	ICO  Format = "ico"
	SVG  Format = "svg" // a drawing that holds the pixels as a PNG

	Fitting Format = "fitting" // PNG for what is not opaque or has few colours, else JPEG
	Same    Format = "same"    // that of the input if that is JPEG or PNG, else what is Fitting
)

// An Output is how the result of a plan is encoded. The zero Output keeps the
// input's format at its usual quality.
type Output struct {
	Format      Format     `json:"format,omitempty"`
	Still       bool       `json:"still,omitempty"`       // Format is for a still image: an animation is kept in its own
	Quality     int        `json:"quality,omitempty"`     // 1 to 100; 0 means the format's usual one; InputQuality means that of the input
	Progressive bool       `json:"progressive,omitempty"` // JPEG in several scans
	Compress    bool       `json:"compress,omitempty"`    // spend time on a smaller file of the same pixels; JPEG and PNG
	Palette     bool       `json:"palette,omitempty"`     // PNG of at most 256 colours
	Smaller     bool       `json:"smaller,omitempty"`     // answer with input 0 as it is encoded if the result is of its type and not smaller
	Strip       bool       `json:"strip,omitempty"`       // drop all metadata but the colour profile; without ops, likewise
	Metadata    bool       `json:"metadata,omitempty"`    // keep camera data, which is otherwise dropped
	Space       ColorSpace `json:"space,omitempty"`
	Background  *Color     `json:"background,omitempty"` // behind what is transparent, if the format has no transparency; nil means white
	ASCII       *Letters   `json:"ascii,omitempty"`      // for the answer ASCII

	Private bool     `json:"private,omitempty"`  // with Metadata: without what tells where a picture was taken, by whom and with which very camera
	Level   Level    `json:"level,omitempty"`    // in place of Quality, by the measure of the format that is written
	Large   Format   `json:"large,omitempty"`    // WebP or Fitting: in place of AVIF for a result of over 2,000,000 pixels
	MaxSide int      `json:"max_side,omitempty"` // a result with more pixels on a side is refused; 0 means that of Limits
	Vector  bool     `json:"vector,omitempty"`   // a vector image stays one: only what changes its size or cuts it is done, and it is framed anew
	Info    *Inquiry `json:"info,omitempty"`     // for the answer Info
}

// A Level is a quality in a word.
type Level string

// The levels, from the fewest bytes to the most.
const (
	Usual    Level = "" // as Quality says
	Lightest Level = "lightest"
	Lighter  Level = "lighter"
	Normal   Level = "normal"
	Better   Level = "better"
	Best     Level = "best"
)

// InputQuality as Output.Quality keeps the quality that a JPEG was saved with.
const InputQuality = -1

// A ColorSpace is what the numbers of a pixel mean.
type ColorSpace string

// The colour spaces to write in.
const (
	SRGB       ColorSpace = ""
	CMYK       ColorSpace = "cmyk"  // JPEG and TIFF; others are written in sRGB
	InputSpace ColorSpace = "input" // that of the input, with its profile
)

// Letters is how an image is drawn with characters.
type Letters struct {
	Background Color `json:"background"`
	Foreground Color `json:"foreground"` // of the characters, unless Colored
	Colored    bool  `json:"colored,omitempty"`
	Size       int   `json:"size"`              // 10 to 100 percent of the full width
	Reverse    bool  `json:"reverse,omitempty"` // dark characters stand for bright pixels
}

// A Color is not premultiplied. The zero Color is transparent.
type Color struct{ R, G, B, A uint8 }

// Some colours.
var (
	White = Color{255, 255, 255, 255}
	Black = Color{0, 0, 0, 255}
)

// A Position is where something stands in an area: −1, 0 or 1 for left, centre
// and right, and for top, middle and bottom.
type Position struct {
	X int `json:"x,omitempty"`
	Y int `json:"y,omitempty"`
}

// A Box is a rectangle of whole pixels, from the top left corner.
type Box struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}
