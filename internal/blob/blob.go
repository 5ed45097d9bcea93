// Package blob says where bytes live: the interface that storage drivers
// implement, the record of what was stored (Content), and the one way to read
// it back checked. It gives no names to people and knows no asset.
package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// A Key names a blob in its store. The store makes it: random, never derived
// from anything a client sent, at most 160 bytes of [a-zA-Z0-9/._+-], the first
// of them no '+'. A store made of several puts a name before it: see Join.
type Key string

// A Store keeps blobs: runs of bytes that are written once, never changed, and
// removed. Its methods may be called concurrently. blobtest holds a test for
// every sentence here.
type Store interface {
	// Create starts a blob. ctx holds for the Writer too: once it has ended,
	// Create fails, and Write and Commit may. The error wraps
	// fault.Unavailable when the store takes no writes (its disk is at its
	// reserve, or a sync failed).
	Create(ctx context.Context) (Writer, error)

	// Open returns size bytes of the blob from offset; size -1 means to its
	// end, which offset may be. The error wraps fault.NotFound if there is no
	// such blob, fault.Damaged if the blob ends before offset+size, and
	// fault.Invalid if offset is negative or size is below -1. Removing the
	// blob does not change what an open Reader reads: the same bytes, or an
	// error. The bytes are as stored, not verified: see Vault.
	Open(ctx context.Context, key Key, offset, size int64) (Reader, error)

	// Remove deletes the blob: Open and List know it no more. Removing what is
	// not there is no error.
	Remove(ctx context.Context, key Key) error

	// List yields every committed blob, in no set order. A blob that is
	// created or removed meanwhile may be missing. It ends at the first error.
	List(ctx context.Context) iter.Seq2[Info, error]
}

// A Writer receives the bytes of one blob. It is not safe for concurrent use.
type Writer interface {
	io.Writer

	// Commit makes the blob durable and readable and returns its key: when it
	// returns, the bytes survive a power cut. After an error, here or in Write,
	// nothing is stored. The error wraps fault.Invalid if nothing was written
	// (there is no empty blob) or the writer was committed or closed before,
	// and fault.Unavailable if the store cannot keep the bytes now.
	Commit() (Key, error)

	// Close releases the writer, discarding the blob if it was not committed.
	// It is safe to call more than once.
	Close() error
}

// A Reader is part of a blob, open for reading. Where a driver can hand bytes
// to a socket without copying them it also implements io.WriterTo.
type Reader interface {
	io.ReadCloser

	// Stamp identifies this state of the stored bytes: it changes when they are
	// edited behind the store's back. It is empty when the driver cannot tell.
	Stamp() string
}

// A RangeReader is a Reader that reaches any part of what it was opened for, so
// that bytes can be verified first and sent from where they lie afterwards.
// Offsets count from where Open began. Its stamp is not empty.
type RangeReader interface {
	Reader
	io.ReaderAt

	// WriteRangeTo writes n bytes from offset to w and returns how many it
	// wrote. It does not move what Read returns next. It is not safe for
	// concurrent use.
	WriteRangeTo(w io.Writer, offset, n int64) (int64, error)
}

// Info describes a stored blob.
type Info struct {
	Key      Key
	Size     int64     // bytes
	Modified time.Time // when it was committed
}

// A Direct store can take the parts of a blob straight from a client by signed
// URLs, so that the node never sees the bytes. Object stores implement it.
type Direct interface {
	// Begin reserves a key for a blob that arrives in parts.
	Begin(ctx context.Context) (Key, error)

	// SignPart returns where to send part number (1 to 10,000) of exactly size
	// bytes, with the header fields the request must carry, usable until expires.
	SignPart(ctx context.Context, key Key, number int, size int64, expires time.Time) (url string, header map[string]string, err error)

	// Finish joins the parts, in the order given, into the blob; their numbers
	// ascend. The error wraps fault.Conflict if one of them has not arrived as
	// described, and fault.NotFound if the key was not reserved or was given up.
	// Calling it again with the same parts returns nil. An unfinished blob is
	// neither opened nor listed.
	Finish(ctx context.Context, key Key, parts []DirectPart) error

	// Abort discards the parts. It does nothing to a finished blob.
	Abort(ctx context.Context, key Key) error
}

// A DirectPart is one part that a client sent straight to the store.
type DirectPart struct {
	Number int
	Size   int64  // bytes
	Tag    string // what the store answered the client with: its ETag
}

// A Health store knows when it must not be written to.
type Health interface {
	// Health returns nil, or why Create would fail with fault.Unavailable: in
	// one of them, if the store is made of several.
	Health() error
}
