package node

import (
	"context"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal"
	"github.com/stowgate/stowgate/web"
)

// openPortal makes the pages for owners, and what they call. While there is no
// user, n.Setup lets whoever has it become the first.
func (n *Node) openPortal(ctx context.Context, records *catalog.Catalog, now func() time.Time) error {
	book := records.Book()
	kept := people.New(book)
	accounts := account.New(kept, account.Config{Now: now})
	managed := manage.New(records, kept, ledger.New(book), manage.Config{Now: now})
	config := portal.Config{PublicURL: onHost(n.PublicURL, n.set.Domain, "portal"), FilesURL: onHost(n.PublicURL, n.set.Domain, "cdn"), Now: now}
	n.PortalURL = config.PublicURL + "/portal"
	var err error
	if n.portal, err = portal.New(web.Pages(), portal.Services{Accounts: accounts, Manage: managed}, config); err != nil {
		return err
	}
	n.Setup, err = accounts.NewSetup(ctx)
	return err
}

// onHost returns where a sub-domain of the server is reached; the server itself
// if it has no domain.
func onHost(public, domain, sub string) string {
	scheme, host, _ := strings.Cut(public, "://")
	if domain == "" {
		return public
	}
	return scheme + "://" + sub + "." + host
}
