//go:build mutant

package upload

import (
	"context"
	"os"
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/policy"
)

// A mutant breaks a promise on purpose, the one that STOWGATE_MUTANT names, so
// that the tests of durability can show that they would see it.
var mutant = os.Getenv("STOWGATE_MUTANT")

// mutantGap is how long what must come first comes too late.
const mutantGap = 20 * time.Millisecond

type mutantRecords struct {
	Records
	blobs blob.Store
}

func mutateRecords(r Records, blobs blob.Store) Records { return mutantRecords{r, blobs} }

func (m mutantRecords) AddAsset(ctx context.Context, a asset.Asset, use policy.Use) error {
	if mutant == "answer-before-commit" {
		time.AfterFunc(mutantGap, func() { m.Records.AddAsset(ctx, a, use) })
		return nil
	}
	return m.Records.AddAsset(ctx, a, use)
}

func (m mutantRecords) ReplaceContent(ctx context.Context, a asset.Asset, use policy.Use) error {
	if old, err := m.Asset(ctx, a.ID); err == nil && mutant == "delete-before-commit" {
		for _, s := range old.Content.Segments {
			m.blobs.Remove(ctx, s.Key)
		}
		time.Sleep(mutantGap)
	}
	return m.Records.ReplaceContent(ctx, a, use)
}
