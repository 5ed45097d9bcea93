package blob

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// VaultConfig adjusts a Vault. The zero VaultConfig is ready to use.
type VaultConfig struct {
	// Trust is how long a chunk that was verified is handed out unread while
	// the stamp of its blob stays. 0 means an hour, negative means never.
	Trust time.Duration

	// Memory is about how many bytes the record of verified chunks takes.
	// 0 means 16 MiB.
	Memory int

	// Buffers is how many files at once may hold a buffer of ChunkSize. Only
	// files on stores without RangeReader need one. 0 means 128.
	Buffers int

	Now func() time.Time // nil means time.Now
}

// verifySize is how many bytes are read at a time to verify a chunk that is
// then sent from where it lies.
const verifySize = 64 << 10

// A Vault is the one way to read contents back: no byte leaves it before the
// chunk it is in was verified. Its methods may be called concurrently.
type Vault struct {
	store   Store
	trust   *trust
	small   sync.Pool   // of *[verifySize]byte
	buffers chan []byte // nil stands for one that was not needed so far
}

// NewVault returns a vault of what is in store.
func NewVault(store Store, c VaultConfig) *Vault {
	if c.Trust == 0 {
		c.Trust = time.Hour
	}
	if c.Memory == 0 {
		c.Memory = 16 << 20
	}
	if c.Buffers == 0 {
		c.Buffers = 128
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	v := &Vault{
		store:   store,
		trust:   &trust{age: c.Trust, limit: c.Memory, now: c.Now, entries: make(map[Key]*list.Element)},
		buffers: make(chan []byte, c.Buffers),
	}
	v.small.New = func() any { return new([verifySize]byte) }
	for range c.Buffers {
		v.buffers <- nil
	}
	return v
}

// Open returns the bytes of c. It reads nothing yet: call [File.Verify] before
// an answer that cannot be taken back. ctx holds for the File. The error wraps
// fault.Damaged if c is no description of anything.
func (v *Vault) Open(ctx context.Context, c Content) (*File, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("open content: %w: %w", fault.Damaged, err)
	}
	f := &File{ctx: ctx, vault: v, segments: c.Segments, starts: make([]int64, len(c.Segments))}
	for i, s := range c.Segments {
		f.starts[i] = f.size
		f.size += s.Size
	}
	return f, nil
}

// VerifyAll reads every byte of c, trusting nothing that was verified before.
// The error wraps fault.Damaged if a checksum or a length is not as recorded,
// and fault.NotFound if a blob is missing.
func (v *Vault) VerifyAll(ctx context.Context, c Content) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("verify content: %w: %w", fault.Damaged, err)
	}
	digest := sha256.New()
	for _, s := range c.Segments {
		if err := v.verifySegment(ctx, s, digest); err != nil {
			return fmt.Errorf("verify blob %s: %w", s.Key, err)
		}
	}
	if [32]byte(digest.Sum(nil)) != c.SHA256 && (len(c.Segments) > 0 || c.SHA256 != [32]byte{}) {
		return fmt.Errorf("verify content: SHA-256 differs: %w", fault.Damaged)
	}
	return nil
}

// verifySegment reads the blob of s to its end, also into digest.
func (v *Vault) verifySegment(ctx context.Context, s Segment, digest io.Writer) error {
	r, err := v.store.Open(ctx, s.Key, 0, -1)
	if err != nil {
		return err
	}
	defer r.Close()
	for i, want := range s.Sums {
		if err := ctx.Err(); err != nil {
			return err
		}
		chunk := io.LimitReader(r, min(ChunkSize, s.Size-int64(i)*ChunkSize))
		if err := v.sum(io.TeeReader(chunk, digest), i, want); err != nil {
			return err
		}
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return fmt.Errorf("does not end after %d bytes (%v): %w", s.Size, err, fault.Damaged)
	}
	return nil
}

// sum reads chunk to its end and compares its checksum.
func (v *Vault) sum(chunk io.Reader, number int, want uint32) error {
	buf := v.small.Get().(*[verifySize]byte)
	defer v.small.Put(buf)
	var got uint32
	for {
		n, err := chunk.Read(buf[:])
		got = crc32.Update(got, castagnoli, buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if got != want {
		return fmt.Errorf("chunk %d has CRC-32C %08x, want %08x: %w", number, got, want, fault.Damaged)
	}
	return nil
}
