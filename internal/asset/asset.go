// Package asset holds the nouns: what a stored file is and how it is named. It
// knows neither where the bytes live nor who may have them.
package asset

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
)

// idLen is the length of an ID. Official clients refuse any other.
const idLen = 20

const idAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// An ID is an asset's identity: 20 characters, and the first of its two public
// names (see [Asset.UUID] for the second). New ones are drawn from [A-Za-z0-9],
// which makes 119 random bits; ones taken over from a hosted account may also
// hold '-' and '_'.
type ID string

// NewID returns a fresh random ID.
func NewID() ID {
	// Bytes of 248 and more are dropped, so that every character is equally likely.
	const even = 256 - 256%len(idAlphabet)
	id := make([]byte, 0, idLen)
	var random [2 * idLen]byte
	for len(id) < idLen {
		rand.Read(random[:])
		for _, b := range random {
			if int(b) < even && len(id) < idLen {
				id = append(id, idAlphabet[int(b)%len(idAlphabet)])
			}
		}
	}
	return ID(id)
}

// ParseID returns s as an ID. The error wraps fault.NotFound, because no asset
// can have such a name.
func ParseID(s string) (ID, error) {
	if len(s) != idLen {
		return "", fmt.Errorf("asset ID of %d characters: %w", len(s), fault.NotFound)
	}
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '-' || c == '_') {
			return "", fmt.Errorf("asset ID with character %q: %w", c, fault.NotFound)
		}
	}
	return ID(s), nil
}

// An Asset is one stored file.
type Asset struct {
	ID   ID
	UUID uuid.UUID // the second public name; random, kept beside the ID
	App  string    // key of the app that owns it

	Name     string // what its owner calls it; never a path of ours
	Type     string // media type its owner gave it: a label
	Detected string // media type its bytes have: what rules and delivery go by
	Width    int    // pixels; 0 when it is no image or unknown
	Height   int

	Content blob.Content // the bytes: how many, their checksums, where they are
	Version int64        // grows with every overwrite; a new asset has 1

	Location  string // storage back end its owner asked for; "" means the default
	Container string // bucket its owner asked for
	Path      string // storage path its owner asked for, canonical; see policy.CanonicalPath
	Access    string // "public" or "private": the owner's wish for an outside bucket

	Tags      map[string]string // what its owner noted about it, by name
	Labels    []string          // words that it is found by, in the order given
	Alt       string
	Workflows []Workflow
	Source    string // URL it was imported from
	Client    string // what brought it: "Computer" or the kind of source

	Created  time.Time
	Modified time.Time // when the content last changed
	Stored   time.Time // when it was made permanent; zero means that it goes after TemporaryLifetime
	Picture  *Picture  // nil if it is no image, or was not looked at yet
}

// TemporaryLifetime is how long an asset is kept that its owner did not ask to
// store. Source: Uploadcare documentation, "Upload API", the parameter
// UPLOADCARE_STORE.
const TemporaryLifetime = 24 * time.Hour

// A Workflow is one that was asked for when the asset was stored, and the job
// recorded for it.
type Workflow struct {
	ID  string
	Job string
}
