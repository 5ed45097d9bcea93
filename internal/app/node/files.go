package node

import (
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/listing"
	"github.com/stowgate/stowgate/internal/library"
)

// desk returns where people work on the files of their apps.
func (n *Node) desk() *library.Desk {
	records := n.removing.Catalog
	books := struct {
		*catalog.Catalog
		*listing.Listing
	}{records, listing.New(records.Book(), listing.DefaultBounds)}
	return library.NewDesk(books, library.DeskConfig{Keep: n.set.Sweep.Trash, Removed: n.removing.removed, Now: n.now})
}
