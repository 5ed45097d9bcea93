// Package upload takes bytes in: in one request, in parts, or from a URL. It
// checks the grant, counts and hashes while streaming, and makes an asset
// visible only when every byte of it is durable.
package upload

import (
	"time"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/policy"
)

// A Spec is what a caller says about a file it stores. Nothing in it is trusted.
type Spec struct {
	Name string // file name; cleaned by asset.CleanName
	Type string // media type; empty means what the bytes turn out to be
	Size int64  // declared size in bytes; negative means unknown

	Location  string
	Container string
	Path      string // storage path as the caller wrote it; made canonical here
	Access    string // "public" or "private"
	Base64    bool   // the body is base64 text to be decoded before it is stored

	Tags      map[string]string
	Alt       string
	Workflows []string
	Client    string // what brings it; empty means "Computer"
}

// A Session is an upload in parts that was begun and may be finished.
type Session struct {
	ID      string // 128 random bits as text: knowing it is the permission to go on
	App     string
	Grant   policy.Grant // as verified when the upload began
	Spec    Spec
	Created time.Time
	Touched time.Time // when a part last arrived
	Asset   asset.ID  // what it became; empty while unfinished
}

// A Part is a run of bytes that has arrived for a session, durable.
type Part struct {
	Number  int   // from 1
	Offset  int64 // of these bytes within the part; 0 for a part sent whole
	Chunked bool  // whether the part comes in chunks with offsets
	Segment blob.Segment
	Tag     string // what the caller was told identifies the bytes: lowercase hex
}

// A PartSpec is what a caller says about a part it is about to send.
type PartSpec struct {
	Number  int   // 1 to MaxParts
	Offset  int64 // within the part
	Chunked bool
	Size    int64  // exact bytes to come
	MD5     []byte // what they must hash to; nil means not declared
}

// A Finish is what a caller says when it completes a session. Zero fields leave
// what was said at the beginning.
type Finish struct {
	Spec  Spec       // Size negative means not repeated
	Parts []DonePart // parts the caller names; nil means those that arrived
}

// A DonePart is a part as the caller names it when completing.
type DonePart struct {
	Number int
	Tag    string // as it was told; quotes do not matter; empty means not named
}
