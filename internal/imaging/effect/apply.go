package effect

import (
	"fmt"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Apply does any op that this package has a function for. The error wraps
// fault.Unsupported for others.
func Apply(s *vips.Scope, im *vips.Image, op transform.Op) (*vips.Image, error) {
	switch op := op.(type) {
	case transform.Rotate:
		return Rotate(s, im, op)
	case transform.Flip:
		return Flip(s, im, op)
	case transform.Flop:
		return Flop(s, im, op)
	case transform.Upscale:
		return Upscale(s, im, op)
	case transform.RoundCorners:
		return RoundCorners(s, im, op)
	case transform.Circle:
		return Circle(s, im, op)
	case transform.Vignette:
		return Vignette(s, im, op)
	case transform.Polaroid:
		return Polaroid(s, im, op)
	case transform.TornEdges:
		return TornEdges(s, im, op)
	case transform.Shadow:
		return Shadow(s, im, op)
	case transform.Border:
		return Border(s, im, op)
	case transform.Sharpen:
		return Sharpen(s, im, op)
	case transform.Blur:
		return Blur(s, im, op)
	case transform.Grey:
		return Grey(s, im, op)
	case transform.Threshold:
		return Threshold(s, im, op)
	case transform.Sepia:
		return Sepia(s, im, op)
	case transform.Pixelate:
		return Pixelate(s, im, op)
	case transform.OilPaint:
		return OilPaint(s, im, op)
	case transform.Negate:
		return Negate(s, im, op)
	case transform.Modulate:
		return Modulate(s, im, op)
	case transform.Enhance:
		return Enhance(s, im, op)
	case transform.Adjust:
		return Adjust(s, im, op)
	case transform.Look:
		return Look(s, im, op)
	case transform.Soften:
		return Soften(s, im, op)
	case transform.CutCorners:
		return CutCorners(s, im, op)
	}
	return nil, fmt.Errorf("operation %T: %w", op, fault.Unsupported)
}
