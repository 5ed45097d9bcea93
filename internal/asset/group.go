package asset

import (
	"time"

	"github.com/google/uuid"
)

// MaxGroup is how many assets a group may have. Source: Uploadcare
// documentation, "Groups".
const MaxGroup = 1000

// MaxEffects is how many bytes the effects of a member may have.
const MaxEffects = 2048

// A Group is a list of an app's assets under a name of its own. It never
// changes; deleting it deletes none of them.
type Group struct {
	ID      uuid.UUID // random
	App     string
	Members []Member // 1 to MaxGroup
	Size    int      // how many Members; also where these are left out
	Created time.Time
}

// A Member is an asset of a group.
type Member struct {
	Asset   ID     `json:"asset"`             // may be of one that was removed since
	Effects string `json:"effects,omitempty"` // text of operations that go with it here, as its owner wrote it; empty for none
}
