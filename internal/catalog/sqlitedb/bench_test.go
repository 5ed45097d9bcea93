package sqlitedb_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog/catalogtest"
	"github.com/stowgate/stowgate/internal/policy"
)

func BenchmarkAddAsset(b *testing.B) {
	c := open(b, filepath.Join(b.TempDir(), "catalog.db"))
	must(b, c.CreateApp(b.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if err := c.AddAsset(b.Context(), catalogtest.NewAsset("app"), policy.Use{}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "assets/s")
}

// BenchmarkSync is what a commit costs at least: one write and one sync.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	must(b, err)
	defer f.Close()
	page := make([]byte, 4096)
	for i := range b.N {
		_, err := f.WriteAt(page, int64(i%1000)*4096)
		must(b, err)
		must(b, f.Sync())
	}
}

func BenchmarkAsset(b *testing.B) {
	c := open(b, filepath.Join(b.TempDir(), "catalog.db"))
	must(b, c.CreateApp(b.Context(), account.Server().Entry("test", "", "", nil), policy.App{Key: "app"}))
	a := catalogtest.NewAsset("app")
	must(b, c.AddAsset(b.Context(), a, policy.Use{}))
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Asset(b.Context(), a.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("missing", func(b *testing.B) {
		for b.Loop() {
			c.Asset(b.Context(), "00000000000000000000")
		}
	})
}
