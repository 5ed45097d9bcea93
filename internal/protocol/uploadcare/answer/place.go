package answer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
)

// A Place is where the server's APIs and files are, as clients are told. The
// addresses have no slash at the end.
type Place struct {
	CDN    string // files and groups are below it
	API    string // of the REST API
	Upload string // of the Upload API

	// Blind says that no engine here looks at pictures, so that files are ready
	// as they come.
	Blind bool
}

// File returns the address of a file on the CDN, under its sanitised name.
func (p Place) File(a asset.Asset) string { return p.CDN + "/" + a.UUID.String() + "/" + Name(a.Name) }

// Resource returns the address of a file in the REST API.
func (p Place) Resource(a asset.Asset) string { return p.API + "/files/" + a.UUID.String() + "/" }

// GroupID returns the ID that clients know a group by: how many files it has
// stands behind its UUID.
func GroupID(g asset.Group) string { return g.ID.String() + "~" + strconv.Itoa(g.Size) }

// ParseGroupID is the inverse of GroupID. The error wraps fault.NotFound,
// because no group can have such an ID.
func ParseGroupID(text string) (id uuid.UUID, members int, err error) {
	head, tail, _ := strings.Cut(text, "~")
	if id, err = ParseUUID(head); err != nil {
		return id, 0, err
	}
	members, err = strconv.Atoi(tail)
	if err != nil || members < 1 || members > asset.MaxGroup || strconv.Itoa(members) != tail {
		return id, 0, fmt.Errorf("group of %.10q files: %w", tail, fault.NotFound)
	}
	return id, members, nil
}

// UUIDLen is how many characters a UUID has.
const UUIDLen = 36

// ParseUUID reads a UUID of UUIDLen characters. The error wraps fault.NotFound,
// because nothing can have another name.
func ParseUUID(text string) (uuid.UUID, error) {
	if len(text) != UUIDLen { // uuid.Parse also takes other forms
		return uuid.UUID{}, fmt.Errorf("UUID of %d characters: %w", len(text), fault.NotFound)
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.UUID{}, fmt.Errorf("%w: %w", err, fault.NotFound)
	}
	return id, nil
}

// Time returns t as clients read it: in UTC, with six digits after the second.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// TimeOrNull returns Time, or nil for the zero time.
func TimeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := Time(t)
	return &text
}

// noStem is the name of a file of whose name nothing else can be kept. Source:
// answers recorded by uploadcare-ruby, spec/fixtures/vcr_cassettes.
const noStem = "noroot"

// Name returns a file name as addresses have it: of what is before the last
// dot, and of what is after it, only ASCII letters, digits and '_' stay.
// Source: the names in answers recorded by uploadcare-ruby and pyuploadcare.
func Name(original string) string {
	stem, ext := original, ""
	if dot := strings.LastIndexByte(original, '.'); dot >= 0 {
		stem, ext = original[:dot], plain(original[dot+1:])
	}
	if stem = plain(stem); stem == "" {
		stem = noStem
	}
	if ext == "" {
		return stem
	}
	return stem + "." + ext
}

// plain returns the letters, digits and '_' of s.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, s)
}
