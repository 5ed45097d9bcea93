package cost

import (
	"strings"

	"github.com/stowgate/stowgate/internal/transform"
)

// The weights are seconds of one core, as they were measured with photographs
// of 12 megapixels, by libvips 8.18 on a core of 2023. They tell what can be
// done within the time that an image has from what cannot.

func megapixels(n int64) float64 { return float64(n) / 1e6 }

// Thorough is how many pixels a PNG may have for Compress to take the most time
// for the fewest bytes: two seconds for each million.
const Thorough = 4_000_000

// decoding returns the weight of a megapixel that is read.
func decoding(media string) float64 {
	switch media {
	case "image/jpeg", "image/tiff", "image/bmp":
		return 0.01
	case "image/avif", "image/heic", "image/heif", "image/svg+xml":
		return 0.06
	}
	return 0.02
}

// weight returns the weight of an op between two scenes.
func weight(op transform.Op, before, after scene) float64 {
	from, to := megapixels(before.pixels()), megapixels(after.pixels())
	faces := 0.5 * min(from, float64(before.frames)) // they are looked for in one megapixel
	switch op := op.(type) {
	case transform.Resize:
		w := 0.01*from + 0.025*to
		switch {
		case op.Faces || strings.Contains(string(op.Keep), "faces"):
			w += faces
		case op.Keep != "":
			w += 0.02 * from
		}
		return w
	case transform.SmartCrop:
		if op.Faces {
			return faces + 0.02*from
		}
		return 0.02 * from
	case transform.Extract:
		if op.Around == transform.Face {
			return faces + 0.02*max(from, to)
		}
		if op.Around == transform.Object {
			return 0.05 * max(from, to)
		}
		return 0.02 * max(from, to)
	case transform.BlurPart:
		if !op.Faces {
			faces = 0
		}
		return faces + 0.07*from
	case transform.Reframe:
		return 0.01*from + 0.025*to
	case transform.MarkFaces, transform.CropFaces, transform.RedEye:
		return faces + 0.02*from
	case transform.Obscure:
		if len(op.Boxes) > 0 {
			faces = 0
		}
		return faces + (0.02+0.001*min(op.Amount, 20))*from
	case transform.Rotate:
		if op.Degrees%90 != 0 {
			return 0.1 * from
		}
	default:
		if w := ofPixels(op); w > 0 {
			return w * from
		}
	}
	return 0.01 * max(from, to)
}

// ofPixels returns the weight of a megapixel that an op works on, or 0 if the
// op is no more than moving it.
func ofPixels(op transform.Op) float64 {
	switch op := op.(type) {
	case transform.Blur:
		return 0.01 + 0.0015*op.Sigma
	case transform.Sharpen:
		return 0.025 + 0.0015*op.Sigma
	case transform.OilPaint:
		return 0.1 + 0.015*float64(op.Radius)
	case transform.Upscale:
		switch {
		case op.Only:
			return 0.12
		case op.Artwork:
			return 0.65
		}
		return 0.4
	case transform.Enhance:
		switch op.Preset {
		case "beautify", "beautify_plus":
			return 0.23
		case "fix_dark", "fix_noise", "outdoor", "fireworks":
			return 0.14
		}
		return 0.03
	case transform.Polaroid:
		return 0.35
	case transform.TornEdges:
		return 0.07
	case transform.Shadow, transform.Vignette:
		return 0.05
	case transform.Circle, transform.Sepia, transform.Modulate:
		return 0.035
	case transform.RoundCorners, transform.Text:
		return 0.02
	case transform.Rect, transform.Trim:
		return 0.03
	case transform.CutCorners, transform.Adjust, transform.Look, transform.Soften, transform.Draw, transform.Zoom:
		return 0.07
	}
	return 0
}

// asking returns the weight of finding out what q asks about s.
func asking(q transform.Inquiry, s scene) float64 {
	w := 0.0
	if q.Hash || q.Colors > 0 {
		w += 0.03 * megapixels(s.pixels())
	}
	if q.Faces {
		w += 0.5*min(megapixels(s.pixels()), 1) + 0.02*megapixels(s.pixels())
	}
	return w
}

// writing returns the weight of writing an image of so many pixels, whose input
// was of a type.
func writing(o transform.Output, media string, pixels int64) float64 {
	format := o.Format
	if format == transform.Keep {
		format = map[string]transform.Format{"image/jpeg": transform.JPEG, "image/heic": transform.JPEG, "image/heif": transform.JPEG, "image/webp": transform.WebP, "image/avif": transform.AVIF, "image/gif": transform.GIF, "image/bmp": transform.BMP}[media]
	}
	w := 0.15 // PNG, and what holds one or is as long to deflate
	switch {
	case format == transform.GIF:
		w = 0.3 // of drawings 0.05, of photographs 0.6
	case format == transform.AVIF, format == transform.WebP, format == transform.Auto:
		w = 0.12
	case format == transform.BMP:
		w = 0.01
	case format == transform.JPEG && o.Compress:
		w = 0.19
	case format == transform.JPEG:
		w = 0.025
	case o.Compress && pixels <= Thorough:
		w = 2.1
	case o.Compress:
		w = 0.5
	case o.Palette:
		w = 0.9
	}
	return w * megapixels(pixels)
}
