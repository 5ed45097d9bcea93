// Package scrub reads everything that is stored back and says what is wrong: at
// once (Check), or slowly beside a server (Scrubber).
package scrub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/sweep"
)

// A Report is what a check found.
type Report struct {
	Assets   int     `json:"assets"`
	Blobs    int     `json:"blobs"`
	Bytes    int64   `json:"bytes"`
	Damaged  []Asset `json:"damaged"`
	Missing  []Asset `json:"missing"`
	Orphans  []Blob  `json:"orphans"`
	Repaired int     `json:"repaired"` // orphans that were removed
}

// An Asset is one that cannot be read as it was stored.
type Asset struct {
	Handle asset.ID `json:"handle"`
	App    string   `json:"app"`
	Name   string   `json:"name"`
	Why    string   `json:"why"`
}

// A Blob is one that no record knows.
type Blob struct {
	Key      blob.Key  `json:"key"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

// Check reads every asset's bytes, trusting nothing, and lists the blobs that
// were written before a time and that no record knows. It may run beside a
// server, and calls progress now and then.
func Check(ctx context.Context, records *catalog.Catalog, store blob.Store, before time.Time, progress func(Report)) (Report, error) {
	out := Report{Damaged: []Asset{}, Missing: []Asset{}, Orphans: []Blob{}}
	vault := blob.NewVault(store, blob.VaultConfig{Trust: -1})
	err := records.EachAsset(ctx, "", func(a asset.Asset) error {
		err := verify(ctx, records, vault, a)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errChanged):
			return nil
		}
		out.Assets++
		out.Blobs += len(a.Content.Segments)
		out.Bytes += a.Content.Size()
		switch {
		case errors.Is(err, fault.NotFound):
			out.Missing = append(out.Missing, Asset{a.ID, a.App, a.Name, err.Error()})
		case err != nil:
			out.Damaged = append(out.Damaged, Asset{a.ID, a.App, a.Name, err.Error()})
		}
		progress(out)
		return nil
	})
	if err != nil {
		return out, err
	}
	err = sweep.New(store, records, sweep.Config{}).Orphans(ctx, before, func(info blob.Info) error {
		out.Orphans = append(out.Orphans, Blob{info.Key, info.Size, info.Modified.UTC()})
		return nil
	})
	return out, err
}

// errChanged says that there is nothing to say about an asset.
var errChanged = errors.New("replaced or removed while it was read")

// verify reads a's bytes, trusting nothing. The error wraps fault.NotFound if
// they are missing; any other but errChanged means that they are not as they
// were stored, or that ctx has ended.
func verify(ctx context.Context, records *catalog.Catalog, vault *blob.Vault, a asset.Asset) error {
	err := vault.VerifyAll(ctx, a.Content)
	if err != nil && ctx.Err() == nil && changed(ctx, records, a) {
		return errChanged
	}
	return err
}

// changed says whether a was replaced or removed while its bytes were read.
func changed(ctx context.Context, records *catalog.Catalog, a asset.Asset) bool {
	now, err := records.Asset(ctx, a.ID)
	return errors.Is(err, fault.NotFound) || err == nil && now.Version != a.Version
}

// maxLonely is how many orphans are removed from a server without files.
const maxLonely = 1000

// Repair removes the orphans of r and counts them there. It removes none, and
// fails with fault.Conflict, if there are many and nothing else: then it is more
// likely that the database belongs to other bytes.
func Repair(ctx context.Context, store blob.Store, r *Report) error {
	if r.Blobs == 0 && len(r.Orphans) > maxLonely {
		return fmt.Errorf("no file refers to any of %d blobs, so that these are probably not the database and the storage of one server; nothing was removed: %w",
			len(r.Orphans), fault.Conflict)
	}
	for _, o := range r.Orphans {
		if err := store.Remove(ctx, o.Key); err != nil {
			return fmt.Errorf("remove orphan: %w", err)
		}
		r.Repaired++
	}
	return nil
}
