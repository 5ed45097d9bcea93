package blob

// ChunkSize is how many bytes of a segment one checksum covers: what has to be
// read to check a single byte of a range.
const ChunkSize = 1 << 20

// A Segment is a whole blob as it was written, with a CRC-32C (Castagnoli) of
// each ChunkSize bytes.
type Segment struct {
	Key  Key
	Size int64    // bytes, at least 1
	Sums []uint32 // one for each started ChunkSize bytes
}

// Content is what an asset's bytes are and where: the segments in their order,
// and the SHA-256 of them all. The zero Content is the empty file.
type Content struct {
	Segments []Segment
	SHA256   [32]byte
}

// Size returns the number of bytes.
func (c Content) Size() int64 {
	var n int64
	for _, s := range c.Segments {
		n += s.Size
	}
	return n
}
