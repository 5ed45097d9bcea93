package catalog

import (
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
)

func TestCacheable(t *testing.T) {
	for n, want := range map[int]bool{0: true, maxCachedSums - 1: true, maxCachedSums: true, maxCachedSums + 1: false} {
		a := asset.Asset{Content: blob.Content{Segments: []blob.Segment{{Sums: make([]uint32, n/2)}, {Sums: make([]uint32, n-n/2)}}}}
		if got := cacheable(a); got != want {
			t.Errorf("cacheable with %d sums = %t, want %t", n, got, want)
		}
	}
}
