package node

import (
	"context"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/address"
	"github.com/stowgate/stowgate/internal/protocol/portal"
	"github.com/stowgate/stowgate/internal/protocol/portal/files"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	pages "github.com/stowgate/stowgate/internal/protocol/portal/people"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare"
	"github.com/stowgate/stowgate/web"
)

// openPortal makes the pages for owners, and what they call. While there is no
// user, n.Setup lets whoever has it become the first.
func (n *Node) openPortal(ctx context.Context, now func() time.Time) error {
	config := portal.Config{PublicURL: onHost(n.PublicURL, n.set.Domain, "portal"), FilesURL: onHost(n.PublicURL, n.set.Domain, "cdn"), Now: now}
	care, err := uploadcare.PlaceOf(n.PublicURL, n.set.Domain)
	if err != nil {
		return err
	}
	config.Uploadcare = frame.Uploadcare{Upload: care.Upload, REST: care.API, CDN: care.CDN}
	if n.set.Domain != "" {
		_, config.Domain, _ = strings.Cut(n.PublicURL, "://")
	}
	n.PortalURL = config.PublicURL + "/portal"
	if n.portal, err = portal.New(web.Pages(), portal.Services{Services: pages.Services{
		Accounts: n.People.Accounts, Manage: n.People.Manage, Passkeys: n.People.Passkeys, Identities: n.People.Identity,
	}, Files: files.Services{
		Manage: n.People.Manage, Desk: n.Files, Uploads: n.uploads,
		Addresses: address.Book{CDN: config.FilesURL, API: onHost(n.PublicURL, n.set.Domain, "www")},
	}, ReadURL: readURL, Hooks: n.Jobs.Hooks, Jobs: n.Jobs.Manage, Insight: n.insight}, config); err != nil {
		return err
	}
	n.Setup, err = n.People.Accounts.NewSetup(ctx)
	return err
}

// readURL returns what a URL of any protocol asks for.
func readURL(text string) (string, policy.Credential, policy.Request, error) {
	q, err := access.ReadURL(text)
	return q.Key, q.Cred, q.Request, err
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
