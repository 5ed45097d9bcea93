package imaging

import (
	"testing"

	"github.com/stowgate/stowgate/internal/transform"
)

// An animation keeps its format where the one asked for is for still images.
func TestStill(t *testing.T) {
	plan := transform.Plan{Ops: []transform.Op{transform.Resize{Width: 32}}, Output: transform.Output{Format: transform.AVIF, Still: true}}
	if result, _ := ran(t, plan, gifOf(t, 64, 48, 3)); result.Type != "image/gif" || result.Frames != 3 || result.Width != 32 {
		t.Errorf("an animation as AVIF if it is still = %+v", result)
	}
	if result, _ := ran(t, plan, gifOf(t, 64, 48, 1)); result.Type != "image/avif" || result.Frames != 1 {
		t.Errorf("a still GIF as AVIF if it is still = %+v", result)
	}
}
