package upload

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload/buffer"
)

// receive streams body into a blob, hashing it on the way. It refuses more bytes
// than r allows, and types that it does not.
func (s *Service) receive(ctx context.Context, body io.Reader, spec Spec, r rules) (*incoming, error) {
	if spec.Base64 {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	digest := sha256.New()
	in, err := s.write(ctx, body, r, digest)
	if err != nil {
		return nil, err
	}
	digest.Sum(in.sha256[:0])
	return in, nil
}

// checkReceived compares what came with what was allowed and declared.
func checkReceived(g policy.Grant, spec Spec, size int64) error {
	if size < g.MinSize {
		return &policy.Denial{Reason: policy.TooSmall, Detail: fmt.Sprintf("the file has %d bytes, and the policy asks for at least %d", size, g.MinSize)}
	}
	if spec.Size >= 0 && size != spec.Size && !spec.Base64 {
		return fmt.Errorf("%d bytes came where %d were declared: %w", size, spec.Size, fault.Mismatch)
	}
	return nil
}

// An incoming is a body that was read to its end into a blob that is not yet committed.
type incoming struct {
	writer   *blob.SegmentWriter
	size     int64
	detected string   // type that its first bytes have
	sha256   [32]byte // set by receive
}

func (in *incoming) Close() { in.writer.Close() }

// commit makes the bytes durable, if they are what g asks for and spec declares.
func (in *incoming) commit(g policy.Grant, spec Spec) (blob.Content, error) {
	if err := checkReceived(g, spec, in.size); err != nil {
		return blob.Content{}, err
	}
	content := blob.Content{SHA256: in.sha256}
	if in.size > 0 {
		segment, err := in.writer.Commit()
		if err != nil {
			return blob.Content{}, err
		}
		content.Segments = []blob.Segment{segment}
	}
	return content, nil
}

// write streams body into a new blob, as r allows, where its app keeps files. If
// digest is not nil the bytes are also fed to it, beside the reading and writing.
func (s *Service) write(ctx context.Context, body io.Reader, r rules, digest hash.Hash) (in *incoming, err error) {
	into, err := blob.In(s.blobs, r.app.Options.Storage)
	if err != nil {
		return nil, err
	}
	w, err := blob.CreateSegment(ctx, into)
	if err != nil {
		return nil, err
	}
	in = &incoming{writer: w}
	beside := buffer.Hasher{Hash: digest}
	defer func() {
		beside.Finish()
		if err != nil {
			w.Close()
		}
	}()
	large := false
	for least := inspect.HeadLen; ; least = 1 {
		buf := buffer.Take(large)
		n, end := fill(body, buf.B, least)
		// Wait small, drain large: a sender that stalls is waited for with a small
		// buffer, one that fills it gets a large one until it pauses.
		large = n == len(buf.B)
		if in.size += int64(n); in.size > r.most {
			buf.Release()
			return nil, r.over
		}
		if least > 1 {
			in.detected = inspect.Detect(buf.B[:n])
			if err := r.app.CheckType(in.detected); err != nil {
				buf.Release()
				return nil, err
			}
		}
		_, failed := w.Write(buf.B[:n])
		beside.Take(buf, n)
		switch {
		case failed != nil:
			return nil, fmt.Errorf("write blob: %w", failed)
		case end == io.EOF:
			return in, nil
		case end != nil:
			return nil, bodyError(end)
		}
	}
}

// fill reads into buf until at least that many bytes are there, and returns the
// error of r as it is: an end is io.EOF, whatever came before it.
func fill(r io.Reader, buf []byte, least int) (n int, err error) {
	for n < min(least, len(buf)) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	return n, err
}

// bodyError gives an error of reading a request's body its kind.
func bodyError(err error) error {
	var corrupt base64.CorruptInputError
	switch {
	case errors.As(err, &corrupt):
		return fmt.Errorf("body is not base64: %w: %w", err, fault.Invalid)
	case fault.Of(err) != fault.Internal:
		return fmt.Errorf("read body: %w", err)
	}
	return fmt.Errorf("read body: %w: %w", err, fault.Canceled)
}
