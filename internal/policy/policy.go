package policy

import (
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy/anchored"
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

	Unsigned bool   // no credential was needed: it is what anybody may do
	Open     Action // what anybody may do, whatever else the grant says; see For
	Refusal  Denial // why the credential that came with it did not count; zero if none came

	Signer string // fingerprint of the secret that made its signature; empty for none
}

// Use identifies a grant that may be used a limited number of times. The zero
// Use has no limit and costs nothing.
type Use struct {
	Digest  [32]byte  // SHA-256 of the policy's text as it was signed
	Limit   int       // how many actions it allows; 0 means no limit
	Expires time.Time // when the record of its uses may be forgotten, and the badge ends
	By      Person    // who acts, if that one is to be in the audit log
	Badge   string    // says in the policy who acts, sealed by this server for its expiry; empty for nobody
}

// A Person is who acts by a role in the app, and not by a policy. The zero Person
// is nobody.
type Person struct {
	ID      string // as the audit log has it
	Name    string
	Address string // where the request came from
}

// A Pattern is an expression in a policy.
type Pattern = anchored.Pattern

// ParsePattern is anchored.Parse.
func ParsePattern(text string, whole bool) (Pattern, error) { return anchored.Parse(text, whole) }

// A Request is one action a caller wants, described for Check.
type Request struct {
	Action    Action   // one action, or several of which any suffices
	Asset     asset.ID // the asset acted on; empty for a new one
	Path      string   // storage path of a file to be stored, as CanonicalPath returns it
	Container string   // container of a file to be stored
	URL       string   // outside source of processing or import; empty for what a person picked
	Size      int64    // bytes of a file to be stored; negative means not known yet
}

// An App is a tenant as far as permission goes: its keys, its security switch
// and what it has taken back.
type App struct {
	Key      string // public API key
	Name     string
	Security bool // whether every request must carry a valid grant; see Options.OpenReads
	Disabled bool // whether everything is refused
	Created  time.Time
	Deleted  time.Time // when its owner deleted it, which for a while can be taken back; zero means not

	Secrets       []Secret          // live ones, newest first; at most MaxSecrets
	RevokedBefore time.Time         // policies signed before are refused; zero means none
	Revoked       map[[32]byte]bool // policies that are refused, by their Digest
	Options       Options

	// TokenSecrets are the keys of tokens in addresses, newest first; at most
	// MaxSecrets. Unlike Secrets they are the hexadecimal text of MinTokenSecret
	// bytes or more, and the bytes are the key.
	TokenSecrets []Secret
}

// MaxSecrets is how many secrets of an app are live at once: one, and the one
// that it replaces until every signer knows the new one.
const MaxSecrets = 2

// MinTokenSecret is how many bytes one of App.TokenSecrets has at least.
const MinTokenSecret = 32

// A Secret is a key that policies are signed with.
type Secret struct {
	Key     string    // never empty
	Created time.Time // a policy that verifies with it was signed after this
	Expires time.Time // from then on it verifies nothing; zero means it does not expire
}

// Options are an app's departures from the defaults.
type Options struct {
	WholePatterns bool          // path, container and url patterns must match to the end as well
	CallsAlias    bool          // read "calls", which Filestack's Java SDK writes, as "call"
	MaxSize       int64         // bytes of one file; 0 means the server's limit
	SignedImages  bool          // transforming needs a policy, also while security is off, and with OpenReads
	OpenReads     bool          // while security is on, who knows a file's name may read and transform it without a policy
	Temporary     bool          // a file is temporary if its caller leaves that to the app; see asset.TemporaryLifetime
	Origins       []string      // of pages that may use the app, like https://example.com; none means any
	Sources       []string      // hosts that anybody may bring files in from by their addresses, see package outside; none means none
	Types         []string      // media types of the files it takes, like image/png or image/*; none means any
	MaxFiles      int64         // that it stores; 0 means no bound
	MaxBytes      int64         // of all its files together; 0 means no bound
	Retention     time.Duration // after which a file is removed; 0 means never
	Storage       string        // that the bytes of new files go to; empty means the default
}
