package plan

import (
	"testing"

	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// BenchmarkRead reads a typical delivery URL, down to the key of its variant.
func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parsed, err := taskurl.Parse("/resize=width:300,height:200,fit:crop/auto_image/quality=value:80/" + handle)
		if err != nil {
			b.Fatal(err)
		}
		c, err := Read(parsed.Tasks, 1)
		if err != nil || c.Plain() || c.Plan.Canonical() == "" {
			b.Fatal(err)
		}
	}
}
