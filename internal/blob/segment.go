package blob

import (
	"context"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A SegmentWriter writes one blob and sums its chunks on the way. It is not
// safe for concurrent use.
type SegmentWriter struct {
	w    Writer
	size int64
	sums []uint32 // the last one is of a chunk that may go on
}

// CreateSegment starts a blob in store. The error is that of Store.Create.
func CreateSegment(ctx context.Context, store Store) (*SegmentWriter, error) {
	w, err := store.Create(ctx)
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	return &SegmentWriter{w: w}, nil
}

// Write adds p to the blob. Writes of 4 KiB and more are kept cheap.
func (s *SegmentWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	for sum := p[:n]; len(sum) > 0; {
		if s.size%ChunkSize == 0 {
			s.sums = append(s.sums, 0)
		}
		piece := sum[:min(int64(len(sum)), ChunkSize-s.size%ChunkSize)]
		last := &s.sums[len(s.sums)-1]
		*last = crc32.Update(*last, castagnoli, piece)
		s.size += int64(len(piece))
		sum = sum[len(piece):]
	}
	return n, err
}

// Size returns the number of bytes written so far.
func (s *SegmentWriter) Size() int64 { return s.size }

// Commit makes the blob durable and describes it. The error is that of
// Writer.Commit.
func (s *SegmentWriter) Commit() (Segment, error) {
	key, err := s.w.Commit()
	if err != nil {
		return Segment{}, fmt.Errorf("commit blob: %w", err)
	}
	return Segment{Key: key, Size: s.size, Sums: s.sums}, nil
}

// Close discards the blob unless it was committed. It is safe to call more
// than once.
func (s *SegmentWriter) Close() error { return s.w.Close() }
