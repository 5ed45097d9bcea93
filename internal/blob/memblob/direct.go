package memblob

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// maxPart is the highest part number, as on the object stores it stands for.
const maxPart = 10_000

// A Direct is a Store that also takes parts straight from clients, as object
// stores do. Something that serves HTTP at Base must hand it what arrives; see
// blobtest.NewDirect.
type Direct struct {
	Store
	Base string // URL below which parts are sent, without a slash at its end

	mu      sync.Mutex
	uploads map[blob.Key]*upload
	signed  map[string]signature
}

// An upload is a blob that arrives in parts, or did.
type upload struct {
	parts    map[int]part
	finished []blob.DirectPart // what it was joined from; nil while it is not
}

type part struct {
	data []byte
	tag  string
}

// A signature is what one signed URL allows.
type signature struct {
	key     blob.Key
	number  int
	size    int64
	expires time.Time
}

// Begin implements blob.Direct.
func (d *Direct) Begin(ctx context.Context) (blob.Key, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("begin blob: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.uploads == nil {
		d.uploads, d.signed = make(map[blob.Key]*upload), make(map[string]signature)
	}
	key := blob.Key(rand.Text())
	d.uploads[key] = &upload{parts: make(map[int]part)}
	return key, nil
}

// SignPart implements blob.Direct.
func (d *Direct) SignPart(ctx context.Context, key blob.Key, number int, size int64, expires time.Time) (url string, header map[string]string, err error) {
	if number < 1 || number > maxPart || size < 1 {
		return "", nil, fmt.Errorf("sign part %d of %d bytes: %w", number, size, fault.Invalid)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.uploads[key]; !ok {
		return "", nil, fmt.Errorf("sign part of %s: %w", key, fault.NotFound)
	}
	token := rand.Text()
	d.signed[token] = signature{key, number, size, expires}
	return d.Base + "/" + token, map[string]string{"Content-Type": "application/octet-stream"}, nil
}

// Receive takes what a client sent to Base/token with the named media type, and
// returns the part's ETag. The error wraps fault.Denied if that is not what was
// signed.
func (d *Direct) Receive(token, mediaType string, body io.Reader) (tag string, err error) {
	d.mu.Lock()
	s, ok := d.signed[token]
	d.mu.Unlock()
	if !ok || mediaType != "application/octet-stream" || !time.Now().Before(s.expires) {
		return "", fmt.Errorf("receive part: %w", fault.Denied)
	}
	data, err := io.ReadAll(io.LimitReader(body, s.size+1)) // one more, to see a body that is too long
	if err != nil {
		return "", fmt.Errorf("receive part: %w", err)
	}
	if int64(len(data)) != s.size {
		return "", fmt.Errorf("receive part: signed for %d bytes: %w", s.size, fault.Denied)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.uploads[s.key]
	if !ok || u.finished != nil {
		return "", fmt.Errorf("receive part of %s: %w", s.key, fault.Denied)
	}
	digest := md5.Sum(data)
	tag = `"` + hex.EncodeToString(digest[:]) + `"`
	u.parts[s.number] = part{data, tag}
	return tag, nil
}

// Finish implements blob.Direct.
func (d *Direct) Finish(ctx context.Context, key blob.Key, parts []blob.DirectPart) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("finish blob %s: %w", key, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.uploads[key]
	switch {
	case !ok:
		return fmt.Errorf("finish blob %s: %w", key, fault.NotFound)
	case u.finished != nil && slices.Equal(u.finished, parts):
		return nil
	case u.finished != nil:
		return fmt.Errorf("finish blob %s: it has other parts: %w", key, fault.Conflict)
	case len(parts) == 0:
		return fmt.Errorf("finish blob %s: no parts: %w", key, fault.Invalid)
	}
	var data bytes.Buffer
	for i, p := range parts {
		if i > 0 && p.Number <= parts[i-1].Number {
			return fmt.Errorf("finish blob %s: part %d after %d: %w", key, p.Number, parts[i-1].Number, fault.Invalid)
		}
		arrived, ok := u.parts[p.Number]
		if !ok || p.Tag != arrived.tag || p.Size != int64(len(arrived.data)) {
			return fmt.Errorf("finish blob %s: part %d is not as described: %w", key, p.Number, fault.Conflict)
		}
		data.Write(arrived.data)
	}
	d.put(key, data.Bytes())
	u.parts, u.finished = nil, slices.Clone(parts)
	return nil
}

// Abort implements blob.Direct.
func (d *Direct) Abort(ctx context.Context, key blob.Key) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("abort blob %s: %w", key, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if u, ok := d.uploads[key]; ok && u.finished == nil {
		delete(d.uploads, key)
	}
	return nil
}
