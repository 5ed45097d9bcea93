package imaging

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/canvas"
	"github.com/stowgate/stowgate/internal/imaging/codec"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// A decoder is how images of a type are read.
type decoder struct {
	loader string // operation of the library; "" for those read here
	class  string // of the loader
	pages  bool   // the loader has arguments that choose pages
	format transform.Format
}

// decoders is the list of all types that are read. What is not in it never
// comes near a decoder.
var decoders = map[string]decoder{
	"image/jpeg":          {"jpegload_source", "VipsForeignLoadJpegSource", false, transform.JPEG},
	"image/png":           {"pngload_source", "VipsForeignLoadPngSource", false, transform.PNG},
	"image/apng":          {"pngload_source", "VipsForeignLoadPngSource", false, transform.PNG},
	"image/webp":          {"webpload_source", "VipsForeignLoadWebpSource", true, transform.WebP},
	"image/gif":           {"gifload_source", "VipsForeignLoadNsgifSource", true, transform.GIF},
	"image/tiff":          {"tiffload_source", "VipsForeignLoadTiffSource", true, transform.TIFF},
	"image/avif":          {"heifload_source", "VipsForeignLoadHeifSource", true, transform.AVIF},
	"image/heic":          {"heifload_source", "VipsForeignLoadHeifSource", true, transform.JPEG},
	"image/heif":          {"heifload_source", "VipsForeignLoadHeifSource", true, transform.JPEG},
	"image/heic-sequence": {"heifload_source", "VipsForeignLoadHeifSource", true, transform.JPEG},
	"image/heif-sequence": {"heifload_source", "VipsForeignLoadHeifSource", true, transform.JPEG},
	"image/svg+xml":       {"svgload_source", "VipsForeignLoadSvgSource", false, transform.PNG},
	"image/bmp":           {format: transform.BMP},
	"image/x-icon":        {format: transform.ICO},
}

// An input is an Input whose header was read.
type input struct {
	Input
	decoder
	header cost.Header
	image  *vips.Image // its first page, or the one the plan begins with
}

// open reads the header of an image, first with a small reader of our own.
func (j *job) open(in Input) (*input, error) {
	decoder, ok := decoders[in.Type]
	if !ok {
		return nil, fmt.Errorf("images of type %.80q cannot be read: %w", in.Type, fault.Unsupported)
	}
	head := make([]byte, inspect.HeadLen)
	n, err := in.File.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if found := inspect.Detect(head[:n]); found != in.Type {
		return nil, fmt.Errorf("the image is of type %s, not %s: %w", found, in.Type, fault.Invalid)
	}
	opened := &input{Input: in, decoder: decoder, header: cost.Header{Type: in.Type}}
	if in.Type == "image/svg+xml" {
		if err := codec.CheckDrawing(in.File); err != nil {
			return nil, err
		}
	} else if err := j.bound(in); err != nil {
		return nil, err
	}
	opened.header.Frames = 1
	if decoder.loader == "" {
		return opened, j.decode(opened)
	}
	if opened.image, err = j.load(opened, nil); err != nil {
		return nil, err
	}
	if pages, ok := opened.image.Int(vips.PagesField); ok && decoder.pages {
		opened.header.Frames = max(1, pages)
	}
	if page := j.plan.Page; page > 1 && len(j.inputs) == 0 && page <= opened.header.Frames {
		if opened.image, err = j.load(opened, vips.Args{"page": page - 1}); err != nil {
			return nil, err
		}
	}
	opened.header.Width, opened.header.Height = opened.image.Width(), opened.image.PageHeight()
	opened.header.Turned = opened.image.Orientation() >= 5
	return opened, nil
}

// decode decodes a BMP or ICO, which the library does not read.
func (j *job) decode(in *input) error {
	p, err := codec.Decode(in.Type, io.NewSectionReader(in.File, 0, math.MaxInt64))
	if err != nil {
		return err
	}
	in.header.Width, in.header.Height = p.Width, p.Height
	if in.image, err = j.scope.NewFromMemory(p.Bytes, p.Width, p.Height, p.Bands); err != nil {
		return err
	}
	in.image, err = j.scope.Call("copy", vips.Args{"in": in.image, "interpretation": "srgb"})
	return err
}

// bound refuses an image that says itself that it is too large, before the
// library sees it.
func (j *job) bound(in Input) error {
	width, height, err := inspect.Dimensions(in.Type, io.NewSectionReader(in.File, 0, math.MaxInt64))
	if errors.Is(err, fault.Unsupported) || errors.Is(err, fault.Invalid) {
		return nil // the library knows more kinds of headers
	}
	if err != nil {
		return err
	}
	// A plan that asks only for the size checks only the input.
	_, err = cost.Of(transform.Plan{Answer: transform.Size}, j.limits, cost.Header{Type: in.Type, Width: width, Height: height})
	return err
}

// load reads the header of an image. Its pixels are read later, in order.
func (j *job) load(in *input, args vips.Args) (*vips.Image, error) {
	all := vips.Args{"access": "sequential"}
	maps.Copy(all, args)
	image, err := j.scope.Load(in.loader, in.File, all)
	if err != nil && in.loader == "heifload_source" {
		// Newer libraries come without decoders for some of what is in HEIF.
		return nil, fmt.Errorf("libvips %s cannot read it: %w: %w", vips.Version(), fault.Unsupported, err)
	}
	return image, err
}

// use makes an input the image to work on: frames of it, from the first or the
// plan's page on. It will be scaled to width by height, if these are not 0,
// and may be decoded at any size between that and its own.
func (j *job) use(in *input, frames, width, height int) error {
	j.Canvas = canvas.New(&j.scope, in.image, in.loader != "")
	if in.loader != "" {
		in.image = nil
	}
	args := vips.Args{}
	if frames > 1 {
		args["n"] = frames
	}
	if in.header.Type == "image/svg+xml" {
		args["scale"] = j.drawing(in, width, height)
	} else if width > 0 {
		shrink := math.Min(float64(in.header.Width)/float64(width), float64(in.header.Height)/float64(height))
		left := 2.0 // as in vips_thumbnail
		if q := j.plan.Output.Quality; q > 0 && q <= 85 && j.format(false, 1) == transform.JPEG {
			left = 1.25 // loses little beside what that encoder does
		}
		args = shrunk(in, args, shrink, left)
	}
	if len(args) == 0 && j.Image != nil || in.loader == "" {
		return nil
	}
	if j.plan.Page > 1 && in == j.inputs[0] {
		args["page"] = j.plan.Page - 1
	}
	image, err := j.load(in, args)
	if err != nil {
		return err
	}
	if args["thumbnail"] == true && (image.Width() < width || image.Height() < height) {
		delete(args, "thumbnail")
		if image, err = j.load(in, args); err != nil {
			return err
		}
	}
	j.Image = image
	if width > 0 {
		j.Full = transform.Box{Width: in.header.Width, Height: in.header.Height}
	}
	return nil
}

// shrunk adds to args what makes a decoder give an image that is smaller by up
// to a factor of shrink, in less time. Decoders of JPEG average over whole
// pixels, which leaves jagged edges: a better filter gets the rest, a factor of
// left or more.
func shrunk(in *input, args vips.Args, shrink, left float64) vips.Args {
	factor := 8
	for float64(factor)*left > shrink {
		factor /= 2
	}
	switch {
	case in.loader == "jpegload_source" && factor > 1:
		args["shrink"] = factor
	case in.loader == "webpload_source" && shrink > 1:
		args["scale"] = 1 / shrink
	case in.loader == "heifload_source" && shrink > 1:
		args["thumbnail"] = true
	}
	return args
}

// drawing returns the scale to draw a vector image with.
func (j *job) drawing(in *input, width, height int) float64 {
	scale := cmp.Or(j.plan.Density, 72) / 72
	if in == j.inputs[0] && width > 0 {
		scale = math.Max(float64(width)/float64(in.header.Width), float64(height)/float64(in.header.Height))
	}
	return scale
}
