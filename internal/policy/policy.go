// Package policy decides what a caller may do. A credential is verified into a
// Grant, and every action in the system is allowed by Grant.Check and by
// nothing else. It does no I/O, and takes the time as an argument.
package policy

import (
	"time"

	"github.com/stowgate/stowgate/internal/asset"
)

// An Action is something a grant can allow. Several are joined with |.
type Action uint16

// The actions. EXIF is never implied by a policy that lists no calls.
const (
	Pick        Action = 1 << iota // upload as a user of a page does
	Store                          // put a file into storage
	Read                           // get an asset's bytes
	Stat                           // get an asset's metadata
	Write                          // overwrite an asset with sent bytes
	WriteURL                       // overwrite an asset from a URL
	Convert                        // transform
	Remove                         // delete an asset
	EXIF                           // get what a camera wrote into a picture
	RunWorkflow                    // start workflows
)

// A Grant is what a caller may do, once its credential was verified. The zero
// Grant allows nothing.
type Grant struct {
	App     string    // key of the app whose things it is about
	Actions Action    // what it allows
	Expires time.Time // from this instant on it allows nothing; zero means it does not expire
	Asset   asset.ID  // if set, the one asset it allows actions on

	MinSize   int64   // bytes of a stored file
	MaxSize   int64   // bytes of a stored file; math.MaxInt64 means no bound
	Path      Pattern // what the storage path of a stored file must match
	Container Pattern // what the container of a stored file must match
	URL       Pattern // what an outside source must match

	Use Use // how often it may be used
}

// Use identifies a grant that may be used a limited number of times. The zero
// Use has no limit and costs nothing.
type Use struct {
	Digest  [32]byte  // SHA-256 of the policy's text as it was signed
	Limit   int       // how many actions it allows; 0 means no limit
	Expires time.Time // when the record of its uses may be forgotten
}

// A Request is one action a caller wants, described for Check.
type Request struct {
	Action    Action   // one action, or several of which any suffices
	Asset     asset.ID // the asset acted on; empty for a new one
	Path      string   // canonical storage path of a file to be stored
	Container string   // container of a file to be stored
	URL       string   // outside source
	Size      int64    // bytes of a file to be stored; negative means not known yet
}

// An App is a tenant as far as permission goes: its keys, its security switch
// and what it has taken back.
type App struct {
	Key      string // public API key
	Name     string
	Security bool // whether every request must carry a valid grant
	Disabled bool // whether everything is refused
	Created  time.Time

	Secrets       []Secret          // live ones, newest first; at most MaxSecrets
	RevokedBefore time.Time         // policies signed before are refused; zero means none
	Revoked       map[[32]byte]bool // digests of single policies that are refused
	Options       Options
}

// MaxSecrets is how many secrets of an app are live at once: one, and the one
// that it replaces until every signer knows the new one.
const MaxSecrets = 2

// A Secret is a key that policies are signed with.
type Secret struct {
	Key     string    // never empty
	Created time.Time // a policy that verifies with it was signed after this
	Expires time.Time // from then on it verifies nothing; zero means it does not expire
}

// Options are an app's departures from the defaults.
type Options struct {
	WholePatterns bool  // path, container and url patterns must match to the end as well
	CallsAlias    bool  // read "calls", which Filestack's Java SDK writes, as "call"
	MaxSize       int64 // bytes of one file; 0 means the server's limit
}
