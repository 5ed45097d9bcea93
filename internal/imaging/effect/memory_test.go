package effect

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// peak returns the most memory that this process had since it was last called,
// in MiB.
func peak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Skip("skipped: this system does not tell peaks of memory")
	}
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skipf("skipped: %v", err)
	}
	kib, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}

// Effects work on some rows at a time: what they keep does not grow with the height.
func TestMemory(t *testing.T) {
	const growth = 250 // MiB, on an image as wide as can be
	for _, op := range []transform.Op{
		transform.Blur{Sigma: 20}, transform.OilPaint{Radius: 10}, transform.Upscale{Only: true, Noise: 3},
		transform.Shadow{Blur: 20, Opacity: 50, Color: white}, transform.Enhance{Preset: "outdoor"},
	} {
		t.Run(fmt.Sprintf("%T%+v", op, op), func(t *testing.T) {
			s := open(t)
			im, err := s.Call("zoom", vips.Args{"input": scene(100, 12, 3).image(t, s), "xfac": 100, "yfac": 100})
			if err != nil {
				t.Fatal(err)
			}
			peak(t)
			before := peak(t)
			im, err = Apply(s, im, op)
			if err != nil {
				t.Fatal(err)
			}
			var mean float64
			if _, err := s.Call("avg", vips.Args{"in": im, "out": &mean}); err != nil {
				t.Fatal(err)
			}
			if grew := peak(t) - before; grew > growth {
				t.Errorf("memory grew by %d MiB, want at most %d", grew, growth)
			}
		})
	}
}
