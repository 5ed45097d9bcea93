package imaging

import (
	"cmp"
	"io"

	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/imaging/effect"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// The qualities that are usual, by the measure of each format.
const (
	jpegQuality = 90
	webpQuality = 80
	avifQuality = 60
)

// An encoder is what a format is and can hold.
type encoder struct {
	mediaType string
	alpha     bool // opacity
	frames    bool // more than one
	cmyk      bool
	note      bool // which side is up, and programs obey it
	metadata  bool
}

var encoders = map[transform.Format]encoder{
	transform.JPEG: {mediaType: "image/jpeg", cmyk: true, note: true, metadata: true},
	transform.PNG:  {mediaType: "image/png", alpha: true, metadata: true},
	transform.WebP: {mediaType: "image/webp", alpha: true, frames: true, metadata: true},
	transform.AVIF: {mediaType: "image/avif", alpha: true, metadata: true},
	transform.GIF:  {mediaType: "image/gif", alpha: true, frames: true},
	transform.TIFF: {mediaType: "image/tiff", alpha: true, cmyk: true, note: true, metadata: true},
	transform.BMP:  {mediaType: "image/bmp"},
	transform.ICO:  {mediaType: "image/x-icon", alpha: true},
	transform.SVG:  {mediaType: "image/svg+xml", alpha: true},
}

// save encodes the image.
func (j *job) save() (Result, error) {
	format, err := j.chosen()
	if err != nil {
		return Result{}, err
	}
	orientation, whole := j.Image.Orientation(), j.whole()
	if err := j.ready(format); err != nil {
		return Result{}, err
	}
	result := Result{Type: encoders[format].mediaType, Width: j.Image.Width(), Height: j.Image.PageHeight(), Frames: j.Image.Pages()}
	if most := j.plan.Output.MaxSide; most > 0 && max(result.Width, result.Height) > most {
		return Result{}, cost.TooWide(result.Width, result.Height, most)
	}
	if err := j.encode(format); err != nil {
		return Result{}, err
	}
	if result.Bytes, err = j.out.Seek(0, io.SeekEnd); err != nil {
		return Result{}, err
	}
	if !whole || result.Type != j.inputs[0].Type {
		return result, nil
	}
	return j.smaller(result, orientation)
}

// whole reports whether the plan does nothing but drop metadata or bytes, so
// that the input as it is encoded may do as well.
func (j *job) whole() bool {
	out := j.plan.Output
	return (out.Smaller || out.Strip) && !out.Private && len(j.plan.Ops) == 0 && j.plan.Page == 0 && out.Space != transform.CMYK &&
		!out.Progressive && (out.Space == transform.InputSpace || j.Image.Interpretation() != "cmyk")
}

// smaller answers with the result or, if that is smaller, the input: without
// metadata if that is wanted and can be done, or as it is if Smaller allows.
func (j *job) smaller(result Result, orientation int) (Result, error) {
	in, out := j.inputs[0], j.plan.Output
	info, err := in.File.Stat()
	if err != nil {
		return Result{}, err
	}
	source := io.NewSectionReader(in.File, 0, info.Size())
	if n, err := codec.Strip(io.Discard, source, in.Type, orientation); err == nil && !out.Metadata && n < result.Bytes {
		if err := j.empty(); err != nil {
			return Result{}, err
		}
		_, err = codec.Strip(j.out, source, in.Type, orientation)
		return Result{in.Type, in.header.Width, in.header.Height, in.header.Frames, n}, err
	}
	if out.Smaller && result.Bytes >= info.Size() {
		return j.original()
	}
	return result, nil
}

// ready gives the image the form that a format holds.
func (j *job) ready(f transform.Format) error {
	out, can := j.plan.Output, encoders[f]
	if n := j.Image.Pages(); n > 1 && !can.frames {
		if err := j.Extract(transform.Box{Width: j.Image.Width(), Height: j.Image.PageHeight()}); err != nil {
			return err
		}
	}
	if f == transform.ICO {
		w, h, _ := transform.Resize{Width: codec.IconSide, Height: codec.IconSide, Fit: transform.Max}.Window(j.Size())
		if err := j.Scale(w, h, ""); err != nil {
			return err
		}
	}
	if err := j.space(f); err != nil {
		return err
	}
	if j.Image.HasAlpha() && !can.alpha {
		background := transform.White
		if out.Background != nil {
			background = *out.Background
		}
		var err error
		if j.Image, err = effect.Flatten(&j.scope, j.Image, background); err != nil {
			return err
		}
	}
	if !can.note || out.Strip {
		if err := j.Upright(); err != nil {
			return err
		}
	}
	return j.prune(can.metadata && out.Metadata)
}

// space brings the image to the colour space to write.
func (j *job) space(f transform.Format) error {
	switch can, space := encoders[f], j.plan.Output.Space; {
	case space == transform.InputSpace && j.Managed() && can.metadata:
		return j.Restore(can.cmyk)
	case space == transform.InputSpace && j.fits(f):
		return nil
	case space == transform.CMYK && can.cmyk:
		if !j.Managed() && j.Image.Interpretation() == "cmyk" {
			return nil
		}
		if err := j.Manage(); err != nil {
			return err
		}
		return j.ToCMYK()
	}
	return j.Manage()
}

// fits reports whether a format holds the image's colours as they are.
func (j *job) fits(f transform.Format) bool {
	switch space := j.Image.Interpretation(); space {
	case "srgb", "b-w":
		return j.Image.Format() == "uchar" && encoders[f].metadata // holds a profile as well
	case "cmyk":
		return encoders[f].cmyk && !j.Image.HasAlpha()
	case "rgb16", "grey16":
		return isOneOf(f, transform.PNG, transform.TIFF)
	}
	return false
}

// kept lists the metadata that always stays. All else may tell who took a
// picture, when and where.
var kept = []string{vips.ProfileField, vips.OrientationField, vips.PagesField, vips.PageHeightField, vips.DelayField, vips.LoopField}

// prune removes metadata from the image.
func (j *job) prune(all bool) (err error) {
	private := j.plan.Output.Private
	if all && !private {
		return nil
	}
	if j.Image, err = j.Image.Copy(); err != nil {
		return err
	}
	for _, name := range j.Image.Fields() {
		if all && codec.Tells(name) || !all && !isOneOf(name, kept...) {
			j.Image.Remove(name) // what every image has stays all the same
		}
	}
	return nil
}

// encode writes the image.
func (j *job) encode(f transform.Format) error {
	out := j.plan.Output
	args := vips.Args{"keep": "icc"}
	if encoders[f].metadata && out.Metadata || j.Image.Orientation() != 1 {
		args["keep"] = "all"
	}
	switch f {
	case transform.JPEG:
		args["Q"], args["optimize_coding"], args["interlace"] = j.quality(f, jpegQuality), true, out.Progressive
		if out.Compress {
			// Some of these do nothing in a library without mozjpeg.
			args["interlace"], args["trellis_quant"], args["overshoot_deringing"], args["optimize_scans"] = true, true, true, true
		}
		return j.write("jpegsave_target", args)
	case transform.WebP:
		args["Q"] = j.quality(f, webpQuality)
		return j.write("webpsave_target", args)
	case transform.AVIF:
		// The fastest effort takes a third of the time of the next one, for 3
		// to 4 percent more bytes.
		args["compression"], args["Q"], args["effort"], args["bitdepth"] = "av1", j.quality(f, avifQuality), 0, 8
		return j.write("heifsave_target", args)
	case transform.GIF:
		// A fifth closer than the least effort, and takes 1.4 times as long.
		args["effort"] = 4
		return j.write("gifsave_target", args)
	case transform.TIFF:
		args["compression"], args["predictor"] = "deflate", "horizontal"
		return j.write("tiffsave_target", args)
	case transform.BMP:
		return j.saveBMP()
	case transform.ICO:
		return j.saveICO()
	case transform.SVG:
		return j.saveSVG()
	}
	return j.savePNG(args)
}

func (j *job) write(saver string, args vips.Args) error {
	return j.scope.Save(saver, j.Image, j.out, args)
}

// savePNG writes a PNG with the filters that suit photographs or, where that
// is shorter and time may be spent on it, with those that suit drawings.
func (j *job) savePNG(args vips.Args) error {
	out := j.plan.Output
	args["filter"] = "all"
	if out.Palette {
		args["palette"], args["filter"], args["Q"] = true, "none", cmp.Or(max(out.Quality, 0), 100)
	}
	if !out.Compress {
		return j.write("pngsave_target", args)
	}
	if int64(j.Image.Width())*int64(j.Image.Height()) <= cost.Thorough {
		args["compression"] = 9
	}
	if err := j.Compute(); err != nil { // it is written up to three times
		return err
	}
	best, most := "", int64(0)
	for _, filter := range []string{"all", "none"} {
		args["filter"] = filter
		if err := j.write("pngsave_target", args); err != nil {
			return err
		}
		size, err := j.out.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if best == "" || size < most {
			best, most = filter, size
		}
		if filter == "none" && best == filter {
			return nil
		}
		if err := j.empty(); err != nil {
			return err
		}
	}
	args["filter"] = best
	return j.write("pngsave_target", args)
}

// saveSVG writes a drawing that shows the image.
func (j *job) saveSVG() error {
	width, height := j.Image.Width(), j.Image.Height()
	if err := j.savePNG(vips.Args{"keep": "none"}); err != nil {
		return err
	}
	size, err := j.out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	picture := make([]byte, size)
	if _, err := j.out.ReadAt(picture, 0); err != nil {
		return err
	}
	if err := j.empty(); err != nil {
		return err
	}
	return codec.WriteDrawing(j.out, picture, width, height)
}

// saveBMP writes a BMP of an image that is opaque.
func (j *job) saveBMP() error {
	if err := j.RGB(); err != nil {
		return err
	}
	pixels, err := j.Image.ToMemory()
	if err != nil {
		return err
	}
	return codec.WriteBMP(j.out, codec.Pixels{Width: j.Image.Width(), Height: j.Image.Height(), Bands: 3, Bytes: pixels})
}

// saveICO writes an icon.
func (j *job) saveICO() error {
	if _, err := j.out.Seek(codec.IconStart, io.SeekStart); err != nil {
		return err
	}
	if err := j.write("pngsave_target", vips.Args{"keep": "none"}); err != nil {
		return err
	}
	end, err := j.out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	_, err = j.out.WriteAt(codec.IconHeader(j.Image.Width(), j.Image.Height(), end-codec.IconStart), 0)
	return err
}
