package fileblob

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/blob/blobtest"
)

// writeSize is how much a server hands to Write at a time.
const writeSize = 128 << 10

func store(ctx context.Context, s *Store, data []byte, size int) (blob.Key, error) {
	w, err := s.Create(ctx)
	if err != nil {
		return "", err
	}
	defer w.Close()
	for size > 0 {
		n, err := w.Write(data[:min(len(data), size)])
		if err != nil {
			return "", err
		}
		size -= n
	}
	return w.Commit()
}

// cpu returns what this process has used, in milliseconds.
func cpu() float64 {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}

func BenchmarkStore(b *testing.B) {
	for _, bb := range []struct{ size, writers int }{
		{10 << 10, 16}, {100 << 10, 1}, {100 << 10, 16}, {100 << 10, 64}, {8 << 20, 4}, {1 << 30, 1},
	} {
		b.Run(fmt.Sprintf("size=%d/writers=%d", bb.size, bb.writers), func(b *testing.B) {
			s := newStore(b)
			data := blobtest.Bytes(1, min(bb.size, writeSize))
			var failed atomic.Value
			b.SetBytes(int64(bb.size))
			b.SetParallelism(max(1, bb.writers/runtime.GOMAXPROCS(0)))
			start := cpu()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					key, err := store(b.Context(), s, data, bb.size)
					if err == nil && bb.size > 100<<20 {
						err = s.Remove(b.Context(), key)
					}
					if err != nil {
						failed.Store(err)
					}
				}
			})
			b.ReportMetric((cpu()-start)/float64(b.N), "cpu-ms/op")
			if err := failed.Load(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkVault(b *testing.B) {
	for _, size := range []int{100 << 10, 8 << 20} {
		for name, config := range map[string]blob.VaultConfig{"trusted": {}, "verified": {Trust: -1}} {
			b.Run(fmt.Sprintf("size=%d/%s", size, name), func(b *testing.B) {
				s := newStore(b)
				w, err := blob.CreateSegment(b.Context(), s)
				if err != nil {
					b.Fatal(err)
				}
				defer w.Close()
				w.Write(blobtest.Bytes(1, size))
				segment, err := w.Commit()
				if err != nil {
					b.Fatal(err)
				}
				v := blob.NewVault(s, config)
				c := blob.Content{Segments: []blob.Segment{segment}}
				b.SetBytes(int64(size))
				for b.Loop() {
					f, err := v.Open(b.Context(), c)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := f.WriteTo(discard{}); err != nil {
						b.Fatal(err)
					}
					f.Close()
				}
			})
		}
	}
}

// discard stands for a socket: what it is handed costs nothing here.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func (discard) ReadFrom(r io.Reader) (int64, error) { return r.(*io.LimitedReader).N, nil }
