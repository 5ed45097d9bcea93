package plan

import (
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/transform"
)

// Filestack's defaults where the vocabulary of plans has none, or another one.
const (
	progressiveQuality = 85
	faceBuffer         = 50 // percent
	cornerRadius       = 10 // pixels
	maxBrush           = 10 // pixels: a larger one takes long and shows little more
)

var snow = transform.Color{R: 255, G: 250, B: 250, A: 255}

// readers read the tasks that this server can do, or that are done elsewhere.
// Filestack documentation: the page of each task, and the schema in
// filestack-js, src/schema/transforms.schema.ts. Where ranges differ the wider
// one counts.
var readers = map[string]func(*reader, *args){
	// Geometry.
	"resize":     readResize,
	"crop":       readCrop,
	"rotate":     readRotate,
	"flip":       func(r *reader, a *args) { r.add(a, transform.Flip{}) },
	"flop":       func(r *reader, a *args) { r.add(a, transform.Flop{}) },
	"smart_crop": readSmartCrop,
	"upscale":    readUpscale,

	// Faces.
	"detect_faces":   readDetectFaces,
	"crop_faces":     readCropFaces,
	"pixelate_faces": readFaces(transform.Obscure{}, 2, 100),
	"blur_faces":     readFaces(transform.Obscure{Blur: true}, 0, 10),

	// Several images.
	"watermark": func(r *reader, a *args) {
		a.require("file")
		files := a.texts("file")
		// A size of 0 is in the schema, but 1 is the least that can be seen.
		op := transform.Overlay{Size: max(1, a.whole("size", 0, 500, 100)), Position: a.position("position")}
		if len(files) != 1 {
			a.fail("file", false)
			return
		}
		op.Input = r.input(files[0])
		r.add(a, op)
	},
	"collage": readCollage,
	"animate": readAnimate,

	// Borders and shapes.
	"rounded_corners": readCorners,
	"circle":          func(r *reader, a *args) { r.add(a, transform.Circle{Background: a.color("background")}) },
	"vignette": func(r *reader, a *args) {
		r.add(a, transform.Vignette{
			Amount: a.whole("amount", 0, 100, 20), Linear: a.choice("blurmode", "gaussian linear") == "linear",
			Background: a.color("background"),
		})
	},
	"polaroid": func(r *reader, a *args) {
		r.add(a, transform.Polaroid{Color: a.colorOr("color", snow), Degrees: a.whole("rotate", 0, 359, 45), Background: a.color("background")})
	},
	"torn_edges": func(r *reader, a *args) {
		op := transform.TornEdges{Min: 1, Max: 10, Background: a.color("background")}
		if s := a.wholes("spread", [2]int{1, 10_000}, [2]int{1, 10_000}); s != nil {
			op.Min, op.Max = min(s[0], s[1]), max(s[0], s[1])
		}
		r.add(a, op)
	},
	"shadow": func(r *reader, a *args) {
		op := transform.Shadow{
			Blur: a.number("blur", 0, 20, 4), Opacity: a.whole("opacity", 0, 100, 60), X: 4, Y: 4,
			Color: a.colorOr("color", transform.Black), Background: a.color("background"),
		}
		if v := a.wholes("vector", [2]int{-1_000, 1_000}, [2]int{-1_000, 1_000}); v != nil {
			op.X, op.Y = v[0], v[1]
		}
		r.add(a, op)
	},
	"border": func(r *reader, a *args) {
		r.add(a, transform.Border{
			Width: max(1, a.whole("width", 0, 1_000, 2)), Color: a.colorOr("color", transform.Black), Background: a.color("background"),
		})
	},

	// Filters. One that changes nothing is no step.
	"sharpen": func(r *reader, a *args) {
		if sigma := a.number("amount", 0, 20, 2); sigma > 0 {
			r.add(a, transform.Sharpen{Sigma: sigma})
		}
	},
	"blur": func(r *reader, a *args) {
		if sigma := a.number("amount", 0, 20, 2); sigma > 0 {
			r.add(a, transform.Blur{Sigma: sigma})
		}
	},
	"monochrome": func(r *reader, a *args) { r.add(a, transform.Grey{}) },
	"blackwhite": func(r *reader, a *args) { r.add(a, transform.Threshold{Percent: a.whole("threshold", 0, 100, 50)}) },
	"sepia":      func(r *reader, a *args) { r.add(a, transform.Sepia{Tone: a.whole("tone", 0, 100, 80)}) },
	"pixelate":   func(r *reader, a *args) { r.add(a, transform.Pixelate{Size: a.whole("amount", 2, 100, 2)}) },
	"oil_paint": func(r *reader, a *args) {
		r.add(a, transform.OilPaint{Radius: min(a.whole("amount", 1, 100, 2), maxBrush)})
	},
	"negative":         func(r *reader, a *args) { r.add(a, transform.Negate{}) },
	"redeye":           func(r *reader, a *args) { r.add(a, transform.RedEye{}) },
	"partial_pixelate": readObjects(transform.Obscure{}, 2, 100),
	"partial_blur":     readObjects(transform.Obscure{Blur: true}, 0, 20),
	"modulate": func(r *reader, a *args) {
		op := transform.Modulate{
			Brightness: a.whole("brightness", 0, 10_000, 100), Saturation: a.whole("saturation", 0, 10_000, 100), Hue: a.whole("hue", 0, 359, 0),
		}
		if op != (transform.Modulate{Brightness: 100, Saturation: 100}) {
			r.add(a, op)
		}
	},
	"enhance": func(r *reader, a *args) {
		preset := a.choice("preset", "auto vivid beautify beautify_plus fix_dark fix_noise fix_tint outdoor fireworks")
		r.add(a, transform.Enhance{Preset: strings.TrimPrefix(preset, "auto")})
	},

	// Answers that are no image.
	"ascii":     readASCII,
	"imagesize": func(r *reader, a *args) { r.end(a, transform.Size) },
	"metadata": func(r *reader, a *args) {
		r.end(a, transform.Image)
		r.Metadata = true
	},

	// Encoding, which is done at the end wherever these stand.
	"output":      readOutput,
	"pjpg":        readPJPG,
	"auto_image":  func(r *reader, a *args) { r.auto = true },
	"no_metadata": func(r *reader, a *args) { r.Plan.Output.Strip = true },
	"quality": func(r *reader, a *args) {
		a.require("value")
		r.Plan.Output.Quality, r.saves = a.whole("value", 1, 100, 0), true
	},
	"compress": func(r *reader, a *args) {
		r.Plan.Output.Compress, r.saves = true, true
		r.metadata(a.flag("metadata"))
	},

	// What concerns the answer, and is obeyed elsewhere but for this.
	"security": pass,
	"cache":    pass,
	"debug":    pass,
	"store":    pass,
	"fallback": func(r *reader, a *args) {
		a.require("handle")
		r.Fallback, r.FallbackCache = a.text("handle"), a.whole("cache", 1, 31_536_000, 0)
	},
	"content": func(r *reader, a *args) {
		r.Name = a.text("filename")
		a.text("type") // the type is what the bytes are
	},
}

// pass accepts every parameter.
func pass(_ *reader, a *args) {
	for name := range a.task.Params {
		a.asked = append(a.asked, name)
	}
}

// metadata says whether a task that encodes the image keeps its metadata.
func (r *reader) metadata(keep bool) {
	if keep {
		r.Plan.Output.Metadata = true
	} else {
		r.Plan.Output.Strip = true
	}
}

var fits = map[string]transform.Fit{"max": transform.Max, "crop": transform.Cover, "scale": transform.Scale}

func readResize(r *reader, a *args) {
	op := transform.Resize{
		Width: a.whole("width", 0, transform.MaxSide, 0), Height: a.whole("height", 0, transform.MaxSide, 0),
		Fit: fits[a.choice("fit", "clip crop scale max")],
	}
	if op.Width == 0 && op.Height == 0 {
		a.fail("width", true)
	}
	if align := a.texts("align"); len(align) == 1 && strings.EqualFold(align[0], "faces") {
		op.Faces = true
	} else {
		op.Align = a.position("align")
	}
	switch kernel := strings.ToLower(a.text("filter")); kernel { // others are unknown to us, and are no error
	case "nearest", "cubic", "mitchell", "lanczos2":
		op.Kernel = kernel
	case "triangle":
		op.Kernel = "linear"
	}
	if op.Fit != transform.Max && (op.Width == 0 || op.Height == 0) {
		op.Fit = transform.Clip // the other side follows
	}
	if op.Fit != transform.Cover {
		op.Faces, op.Align = false, transform.Position{}
	}
	r.add(a, op)
}

func readCrop(r *reader, a *args) {
	at, side := [2]int{0, 100_000}, [2]int{1, 100_000}
	b := a.wholes("dim", at, at, side, side)
	x, y := a.whole("x", at[0], at[1], 0), a.whole("y", at[0], at[1], 0)
	// filestack-go writes the four numbers by name.
	if a.has("width") || a.has("height") {
		a.require("width")
		a.require("height")
		b = []int{x, y, a.whole("width", side[0], side[1], 0), a.whole("height", side[0], side[1], 0)}
	} else if b == nil {
		a.fail("dim", true)
		return
	}
	r.add(a, transform.Crop{Box: transform.Box{X: b[0], Y: b[1], Width: b[2], Height: b[3]}})
}

// readRotate reads a turn by an angle, or by what the camera noted. That note is
// forgotten with exif:false, which filestack-php always sends.
func readRotate(r *reader, a *args) {
	background := a.color("background")
	note := a.choice("exif", "none false true 0 1")
	deg := a.text("deg")
	switch {
	case strings.EqualFold(deg, "exif"):
		r.add(a, transform.Orient{})
		return
	case deg == "" && note == "none":
		a.fail("deg", true)
	case note == "false" || note == "0":
		r.add(a, transform.Orient{Ignore: true})
	}
	op := transform.Rotate{Degrees: a.whole("deg", 0, 359, 0)}
	if op.Degrees%90 != 0 {
		op.Background = background
	}
	if op.Degrees != 0 {
		r.add(a, op)
	}
}

func readSmartCrop(r *reader, a *args) {
	op := transform.SmartCrop{
		Width: a.whole("width", 0, transform.MaxSide, 0), Height: a.whole("height", 0, transform.MaxSide, 0),
		Fill: a.color("fill_color"),
	}
	if op.Width == 0 && op.Height == 0 {
		a.fail("width", true)
	}
	switch a.choice("mode", "auto face object fit") {
	case "face":
		op.Faces = true
	case "object":
		a.require("object")
		r.lacks("smart_crop with mode object")
	}
	a.text("object")
	r.add(a, op)
	if a.flag("coords") {
		r.end(a, transform.Region)
	}
}

func readUpscale(r *reader, a *args) {
	op := transform.Upscale{
		Only:    a.choice("upscale", "true false 0 1") != "true",
		Noise:   slices.Index([]string{"none", "low", "medium", "high"}, a.choice("noise", "none low medium high")),
		Artwork: a.choice("style", "photo artwork") == "artwork",
	}
	if !op.Only || op.Noise > 0 {
		r.add(a, op)
	}
}

func readDetectFaces(r *reader, a *args) {
	op := transform.MarkFaces{Sizes: a.sizes(), Color: a.colorOr("color", transform.Black)}
	if !a.flag("export") {
		r.add(a, op)
		return
	}
	op.Color = transform.Color{} // nothing is drawn
	r.add(a, op)
	r.end(a, transform.Faces)
}

func readCropFaces(r *reader, a *args) {
	op := transform.CropFaces{
		Mode:  map[string]transform.FaceCrop{"crop": transform.Tight, "fill": transform.Fill}[a.choice("mode", "thumb crop fill")],
		Width: a.whole("width", 1, transform.MaxSide, 0), Height: a.whole("height", 1, transform.MaxSide, 0),
		Which: a.faces("faces", 1), Buffer: a.whole("buffer", 0, 10_000, faceBuffer), Sizes: a.sizes(),
	}
	if op.Mode == transform.Tight {
		op.Buffer = 0
	}
	r.add(a, op)
}

// readObscured reads what all tasks that obscure have in common.
func readObscured(a *args, op transform.Obscure, low, high float64) transform.Obscure {
	op.Amount = a.number("amount", low, high, 10)
	op.Soft = a.number("blur", 0, 20, 4)
	op.Oval = a.choice("type", "rect oval") == "oval"
	return op
}

func readFaces(op transform.Obscure, low, high float64) func(*reader, *args) {
	return func(r *reader, a *args) {
		op := readObscured(a, op, low, high)
		op.Which, op.Buffer, op.Sizes = a.faces("faces"), a.whole("buffer", 0, 10_000, 0), a.sizes()
		r.add(a, op)
	}
}

func readObjects(op transform.Obscure, low, high float64) func(*reader, *args) {
	return func(r *reader, a *args) {
		op := readObscured(a, op, low, high)
		op.Boxes = a.boxes("objects")
		r.add(a, op)
	}
}

func readCollage(r *reader, a *args) {
	a.require("files")
	a.require("width")
	a.require("height")
	op := transform.Collage{
		Width: a.whole("width", 1, transform.MaxSide, 0), Height: a.whole("height", 1, transform.MaxSide, 0),
		Margin: a.whole("margin", 1, 100, 10), Color: a.colorOr("color", transform.White),
		Cut: a.choice("fit", "auto crop") == "crop", Orient: a.flag("autorotate"),
	}
	for _, file := range a.texts("files") {
		op.Inputs = append(op.Inputs, r.input(file))
	}
	r.add(a, op)
}

func readAnimate(r *reader, a *args) {
	side := func(name string) int {
		if strings.EqualFold(a.text(name), "max") {
			return transform.Largest
		}
		return a.whole(name, 1, 1_800, 0)
	}
	op := transform.Animate{
		Inputs: r.sources, Delay: a.whole("delay", 0, 10_000, 1_000), Loop: a.whole("loop", 0, 1_000, 0),
		Width: side("width"), Height: side("height"), Fit: fits[a.choice("fit", "clip scale crop")],
		Align: a.position("align"), Background: a.colorOr("background", transform.Color{}),
	}
	if len(r.Plan.Ops) > 0 && r.err == nil {
		r.err = refuse("`animate` must come before other image tasks")
	}
	r.add(a, op)
	r.animates = true
	r.format(transform.GIF, false)
}

func readCorners(r *reader, a *args) {
	op := transform.RoundCorners{Soft: a.number("blur", 0, 20, 0.3), Background: a.color("background")}
	if !strings.EqualFold(a.text("radius"), "max") {
		op.Radius = a.whole("radius", 1, transform.MaxSide, cornerRadius)
	}
	r.add(a, op)
}

func readASCII(r *reader, a *args) {
	letters := transform.Letters{
		Background: a.colorOr("background", transform.White), Foreground: a.colorOr("foreground", transform.Black),
		Colored: a.flag("colored"), Size: a.whole("size", 10, 100, 100), Reverse: a.flag("reverse"),
	}
	if letters.Colored {
		letters.Foreground = transform.Color{}
	}
	r.end(a, transform.ASCII)
	r.Plan.Output.ASCII = &letters
}
