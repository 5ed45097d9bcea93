package node

import "github.com/stowgate/stowgate/internal/protocol/management"

// openManagement makes the API for programs that manage apps. The portal is open.
func (n *Node) openManagement() (err error) {
	n.manage, err = management.New(management.Services{
		Accounts: n.People.Accounts, Manage: n.People.Manage, Webhooks: n.Jobs.Hooks, Jobs: n.Jobs.Manage, Desk: n.Files, Uploads: n.uploads, Figures: n.insight, ReadURL: readURL,
	}, management.Config{PortalURL: n.PortalURL, Now: n.now})
	return err
}
