package node

import (
	"context"
	"time"

	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/groups"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/library"
)

// openLibrary opens what protocols and people find files in.
func (n *Node) openLibrary() {
	records := n.removing.Catalog
	n.listing = listing.New(records.Book(), listing.DefaultBounds)
	books := struct {
		*catalog.Catalog
		*listing.Listing
	}{records, n.listing}
	n.Files = library.NewDesk(books, library.DeskConfig{Keep: n.set.Sweep.Trash, Removed: n.removing.removed, Now: n.now})
	n.library = library.NewManaged(n.removing, library.Managed{
		Files: books, Groups: groups.New(records.Book()), Keep: n.set.Sweep.Trash, Removed: n.removing.removed,
	}, n.now)
}

// fillEvery is how often new files are listed, if nobody looks at the list
// before; after a failure it takes longer.
const (
	fillEvery  = time.Second
	fillFailed = time.Minute
)

// fill lists new files until ctx ends.
func (n *Node) fill(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		wait.Reset(fillEvery)
		if _, err := n.listing.Fill(ctx); err != nil && ctx.Err() == nil {
			n.log.Error("cannot list new files", "err", err)
			wait.Reset(fillFailed)
		}
	}
}
