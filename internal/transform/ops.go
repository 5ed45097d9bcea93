package transform

// A Fit is how an image is brought into a frame.
type Fit string

// The fits.
const (
	Clip  Fit = ""      // inside the frame with its own ratio, enlarged if need be
	Max   Fit = "max"   // as Clip, but never enlarged
	Cover Fit = "cover" // over the whole frame, what sticks out is cut off
	Scale Fit = "scale" // exactly the frame, distorted
)

// Resize scales an image. Width or Height may be 0 to follow from the ratio.
type Resize struct {
	Width  int      `json:"width,omitempty"`  // up to 10,000
	Height int      `json:"height,omitempty"` // up to 10,000
	Fit    Fit      `json:"fit,omitempty"`
	Align  Position `json:"align,omitzero"`   // what Cover keeps
	Faces  bool     `json:"faces,omitempty"`  // Cover keeps the faces instead
	Kernel string   `json:"kernel,omitempty"` // nearest, linear, cubic, mitchell or lanczos2; "" means lanczos3

	At    *Spot  `json:"at,omitempty"`    // what Cover keeps, in place of Align
	Keep  Search `json:"keep,omitempty"`  // Cover keeps what is found, or else what Align or At says
	Small Small  `json:"small,omitempty"` // what becomes of an image that is smaller than the frame
	Fill  *Color `json:"fill,omitempty"`  // with Pad; nil means transparent where the result can be, else white
}

// Small is what becomes of an image that is smaller than it is to be, or in
// one direction.
type Small string

// What becomes of a small image. Where it is not enlarged, Cover and Scale give
// a result that is as wide and as high as the frame and the image allow.
const (
	Enlarge Small = ""
	Leave   Small = "leave" // it is not enlarged
	Pad     Small = "pad"   // nor that, but put in the middle of what Enlarge gives the size of
)

// Crop keeps the part of a box that lies inside the image.
type Crop struct{ Box }

// Rotate turns an image clockwise on a canvas that grows with it.
type Rotate struct {
	Degrees    int    `json:"degrees"`              // 0 to 359
	Background *Color `json:"background,omitempty"` // in the corners; nil means transparent where the result can be, else white
}

// Orient obeys what the camera noted about which side is up.
type Orient struct {
	Ignore bool `json:"ignore,omitempty"` // forget the note and turn nothing
}

// Flip mirrors top and bottom.
type Flip struct{}

// Flop mirrors left and right.
type Flop struct{}

// SmartCrop cuts out the most interesting part at exactly a size. Width or
// Height may be 0 to follow from the ratio.
type SmartCrop struct {
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Faces  bool   `json:"faces,omitempty"` // faces are the most interesting
	Fill   *Color `json:"fill,omitempty"`  // nothing is cut off: the canvas is filled up with this colour
}

// Upscale doubles both sides, or with Only just removes noise.
type Upscale struct {
	Only    bool `json:"only,omitempty"`
	Noise   int  `json:"noise,omitempty"`   // 0 to 3: how much of it is removed
	Artwork bool `json:"artwork,omitempty"` // drawn rather than photographed: edges stay sharp
}

// FaceSizes rejects faces that are too small or large.
type FaceSizes struct {
	Min float64 `json:"min,omitempty"` // over 1: pixels of the shorter side; up to 1: how far below the median, as a fraction; 0 means any
	Max float64 `json:"max,omitempty"` // likewise above
}

// MarkFaces draws a numbered box around each face.
type MarkFaces struct {
	Sizes FaceSizes `json:"sizes,omitzero"`
	Color Color     `json:"color"`
}

// A FaceCrop is how CropFaces cuts.
type FaceCrop string

// The ways to cut out faces.
const (
	Thumb FaceCrop = ""     // the faces and a buffer, kept whole, in the ratio of Width and Height
	Tight FaceCrop = "crop" // the faces without a buffer
	Fill  FaceCrop = "fill" // as Thumb, but the size wins over showing whole faces
)

// CropFaces cuts out faces. Without a face it cuts out the centre, or nothing
// if no size is given.
type CropFaces struct {
	Mode   FaceCrop  `json:"mode,omitempty"`
	Width  int       `json:"width,omitempty"`
	Height int       `json:"height,omitempty"`
	Which  []int     `json:"which,omitempty"`  // numbers from 1, the largest face first, in ascending order; none means all
	Buffer int       `json:"buffer,omitempty"` // percent of a face's size around it
	Sizes  FaceSizes `json:"sizes,omitzero"`
}

// Obscure makes parts of an image unrecognisable: the boxes or, if there are
// none, faces.
type Obscure struct {
	Blur   bool      `json:"blur,omitempty"` // blurred rather than in large blocks
	Amount float64   `json:"amount"`         // pixels of a block, 2 to 100; strength of the blur, 0 to 20
	Soft   float64   `json:"soft,omitempty"` // 0 to 20: how far the edge is blended
	Oval   bool      `json:"oval,omitempty"`
	Boxes  []Box     `json:"boxes,omitempty"`
	Which  []int     `json:"which,omitempty"` // faces by number; none means all
	Buffer int       `json:"buffer,omitempty"`
	Sizes  FaceSizes `json:"sizes,omitzero"`
}

// Overlay draws another input over the image.
type Overlay struct {
	Input    int      `json:"input"`
	Size     int      `json:"size"` // percent of its own size, 1 to 500
	Position Position `json:"position,omitzero"`
}

// Collage arranges input 0 as it is by then, and all inputs named, in one image.
type Collage struct {
	Inputs []int `json:"inputs"`
	Width  int   `json:"width"`
	Height int   `json:"height"`
	Margin int   `json:"margin,omitempty"` // pixels between and around them, up to 100
	Color  Color `json:"color"`            // of the margin
	Cut    bool  `json:"cut,omitempty"`    // images are cut to fill the frame; otherwise they stay whole
	Orient bool  `json:"orient,omitempty"` // each is turned upright first
}

// Animate makes the first inputs frames of one animation, in their order. It
// must be the first op.
type Animate struct {
	Inputs     int      `json:"inputs"`           // how many of them
	Delay      int      `json:"delay"`            // milliseconds of a frame, up to 10,000
	Loop       int      `json:"loop,omitempty"`   // how often; 0 means for ever
	Width      int      `json:"width,omitempty"`  // up to 1,800; 0 means that of the first input; Largest that of the largest
	Height     int      `json:"height,omitempty"` // likewise
	Fit        Fit      `json:"fit,omitempty"`    // Clip, Scale or Cover
	Align      Position `json:"align,omitzero"`
	Background Color    `json:"background,omitzero"`
}

// Largest as a size of Animate is that of the largest input.
const Largest = -1

// RoundCorners makes the corners round.
type RoundCorners struct {
	Radius     int     `json:"radius,omitempty"` // pixels; 0 means half the shorter side
	Soft       float64 `json:"soft,omitempty"`   // 0 to 20
	Background *Color  `json:"background,omitempty"`
}

// Circle cuts the largest circle out of the middle.
type Circle struct {
	Background *Color `json:"background,omitempty"`
}

// Vignette fades towards the corners.
type Vignette struct {
	Amount     int    `json:"amount"` // 0 to 100 percent
	Linear     bool   `json:"linear,omitempty"`
	Background *Color `json:"background,omitempty"` // nil means black
}

// Polaroid puts the image in the frame of an instant photograph.
type Polaroid struct {
	Color      Color  `json:"color"` // of the frame
	Degrees    int    `json:"degrees,omitempty"`
	Background *Color `json:"background,omitempty"`
}

// TornEdges makes the edges look torn.
type TornEdges struct {
	Min        int    `json:"min"` // pixels that are torn away at least, 1 to 10,000
	Max        int    `json:"max"` // and at most
	Background *Color `json:"background,omitempty"`
}

// Shadow puts a shadow behind the image, on a canvas that grows with it.
type Shadow struct {
	Blur       float64 `json:"blur,omitempty"` // 0 to 20
	Opacity    int     `json:"opacity"`        // 0 to 100
	X          int     `json:"x,omitempty"`    // −1,000 to 1,000
	Y          int     `json:"y,omitempty"`
	Color      Color   `json:"color"`
	Background *Color  `json:"background,omitempty"`
}

// Border puts a frame around the image, which grows by it.
type Border struct {
	Width      int    `json:"width"` // 1 to 1,000
	Color      Color  `json:"color"`
	Background *Color `json:"background,omitempty"` // behind what is transparent in the image; nil leaves it
}

// Sharpen makes edges stronger.
type Sharpen struct {
	Sigma float64 `json:"sigma"` // 0 to 20; 0 changes nothing
}

// Blur is a Gaussian blur.
type Blur struct {
	Sigma float64 `json:"sigma"` // 0 to 20; 0 changes nothing
}

// Grey takes the colours away.
type Grey struct{}

// Threshold leaves black and white.
type Threshold struct {
	Percent int `json:"percent"` // of luminance, 0 to 100; brighter is white
}

// Sepia gives the colours of an old photograph.
type Sepia struct {
	Tone int `json:"tone"` // 0 to 100 percent
}

// Pixelate makes large blocks.
type Pixelate struct {
	Size int `json:"size"` // of a block in pixels, 2 to 100
}

// OilPaint makes it look like brush strokes.
type OilPaint struct {
	Radius int `json:"radius"` // of the brush, 1 to 10 pixels
}

// Negate inverts the colours.
type Negate struct{}

// Modulate changes colours. 100, 100 and 0 change nothing.
type Modulate struct {
	Brightness int `json:"brightness"`    // percent, 0 to 10,000
	Saturation int `json:"saturation"`    // percent, 0 to 10,000
	Hue        int `json:"hue,omitempty"` // degrees that hues are turned by, 0 to 359
}

// RedEye removes the red of a flash from eyes.
type RedEye struct{}

// Enhance corrects an image by itself.
type Enhance struct {
	Preset string `json:"preset,omitempty"` // "" (auto), vivid, beautify, beautify_plus, fix_dark, fix_noise, fix_tint, outdoor or fireworks
	Amount int    `json:"amount,omitempty"` // 1 to 100 percent of that; 0 means 100
}
