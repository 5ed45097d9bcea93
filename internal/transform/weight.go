package transform

// The weights are guesses, in seconds of one core for a million pixels. They
// need not be exact: they tell a thumbnail from a plan that would occupy a
// worker for a minute.

func megapixels(n int64) float64 { return float64(n) / 1e6 }

// decoding returns the weight of reading an image.
func decoding(media string) float64 {
	switch media {
	case "image/jpeg", "image/tiff", "image/bmp":
		return 0.01
	case "image/avif", "image/heic", "image/heif", "image/svg+xml":
		return 0.06
	}
	return 0.02
}

// weight returns the weight of an op.
func weight(op Op) float64 {
	switch op := op.(type) {
	case Blur:
		return 0.01 + 0.002*op.Sigma
	case Sharpen:
		return 0.02 + 0.002*op.Sigma
	case Obscure:
		return 0.1 + 0.002*op.Amount
	case OilPaint:
		return 0.01 * float64(op.Radius*op.Radius)
	case Resize:
		if op.Faces {
			return 0.1
		}
		return 0.01
	case MarkFaces, CropFaces, SmartCrop, RedEye, Enhance, Upscale:
		return 0.1
	case Polaroid, TornEdges, Shadow, Rotate, Modulate:
		return 0.05
	}
	return 0.01
}

// weight returns the weight of writing an image whose input was of a type.
func (o Output) weight(media string) float64 {
	w := 0.02
	switch o.Format {
	case AVIF, Auto:
		w = 0.4
	case WebP, GIF:
		w = 0.2
	case PNG, ICO, SVG:
		w = 0.1
	case Keep:
		w = 0.02
		if media != "image/jpeg" {
			w = 0.2
		}
	}
	if o.Compress {
		w *= 4
	}
	return w
}
