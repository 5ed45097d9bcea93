package node

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/account/oidc"
	"github.com/stowgate/stowgate/internal/account/passkey"
	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/manage"
)

// People are those who manage apps, how they sign in, and what they change.
type People struct {
	Accounts *account.Service
	Manage   *manage.Service
	Passkeys *passkey.Service // nil if browsers make none for the portal's address
	Identity *oidc.Service    // nil if there is no provider
}

// Identity says who confirms identities, if anybody does.
type Identity struct {
	oidc.Config                // without what Open adds
	Allow       []netip.Prefix // private networks that the provider may be in
}

// IdentityPath is the page that a provider sends people back to.
const IdentityPath = "/portal/identity"

// people wires what is about them.
func (n *Node) people(records *catalog.Catalog, key [32]byte, now func() time.Time) (*People, error) {
	book := records.Book()
	kept := people.New(book)
	accounts := account.New(kept, account.Config{Now: now})
	p := &People{Accounts: accounts, Manage: manage.New(records, kept, ledger.New(book), manage.Config{Now: now, Storages: n.set.Names()})}
	origin := onHost(n.PublicURL, n.set.Domain, "portal")
	var err error
	p.Passkeys, err = passkey.New(accounts, kept, passkey.Config{Origin: origin, Name: "Stowgate", Key: place.Derive(key, "stowgate passkeys"), Now: now})
	if errors.Is(err, fault.Unsupported) {
		n.log.Debug("the portal offers no passkeys", "err", err)
		p.Passkeys, err = nil, nil
	}
	if err != nil || n.set.Identity.Issuer == "" {
		return p, err
	}
	c := n.set.Identity.Config
	c.RedirectURL, c.Key, c.Now = origin+IdentityPath, place.Derive(key, "stowgate identities"), now
	c.Fetch = fetch.New(fetch.Config{Allow: n.set.Identity.Allow, Ports: portOf(c.Issuer)})
	p.Identity, err = oidc.New(accounts, kept, c)
	return p, err
}

// portOf returns the port that a URL names, if it does.
func portOf(text string) []uint16 {
	u, err := url.Parse(text)
	if err != nil {
		return nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return nil
	}
	return []uint16{uint16(port)}
}
