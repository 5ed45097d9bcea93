package node

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// metered counts what is stored, and tells which asset has other bytes now.
type metered struct {
	upload.Records
	replaced     func(asset.ID)
	files, bytes prometheus.Counter
}

func newMetered(records upload.Records, registry prometheus.Registerer, replaced func(asset.ID)) metered {
	m := metered{
		Records: records, replaced: replaced,
		files: prometheus.NewCounter(prometheus.CounterOpts{Name: "stowgate_files_stored_total", Help: "Files stored or replaced."}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "stowgate_bytes_stored_total", Help: "Bytes of files stored or replaced."}),
	}
	registry.MustRegister(m.files, m.bytes)
	return m
}

func (m metered) count(a asset.Asset, err error) {
	if err == nil {
		m.files.Inc()
		m.bytes.Add(float64(a.Content.Size()))
	}
}

// AddAsset implements upload.Records.
func (m metered) AddAsset(ctx context.Context, a asset.Asset, use policy.Use) error {
	err := m.Records.AddAsset(ctx, a, use)
	m.count(a, err)
	return err
}

// ReplaceContent implements upload.Records.
func (m metered) ReplaceContent(ctx context.Context, a asset.Asset, use policy.Use) error {
	err := m.Records.ReplaceContent(ctx, a, use)
	if err == nil {
		m.replaced(a.ID)
	}
	m.count(a, err)
	return err
}

// A remover tells which asset is gone.
type remover struct {
	*catalog.Catalog
	removed func(asset.ID)
}

// RemoveAsset removes an asset.
func (r remover) RemoveAsset(ctx context.Context, app string, id asset.ID, use policy.Use) error {
	err := r.Catalog.RemoveAsset(ctx, app, id, use)
	if err == nil {
		r.removed(id)
	}
	return err
}

// RemoveTemporary removes a temporary asset.
func (r remover) RemoveTemporary(ctx context.Context, id asset.ID) error {
	err := r.Catalog.RemoveTemporary(ctx, id)
	if err == nil {
		r.removed(id)
	}
	return err
}

// FinishSession implements upload.Records. One that was finished before counts
// no more.
func (m metered) FinishSession(ctx context.Context, session string, a asset.Asset, unused []blob.Key) (asset.Asset, error) {
	finished, err := m.Records.FinishSession(ctx, session, a, unused)
	if finished.ID == a.ID {
		m.count(a, err)
	}
	return finished, err
}
