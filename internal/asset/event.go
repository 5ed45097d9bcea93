package asset

import (
	"time"

	"github.com/google/uuid"
)

// What an event tells of.
const (
	Uploaded    = "upload"
	Overwritten = "overwrite"
	Deleted     = "delete"
	Kept        = "store"  // what was temporary is permanent now
	Changed     = "change" // of its tags and labels
)

// An Event tells that something has happened to an asset. It is recorded in the
// same transaction, so that there is one if, and only if, it has happened.
type Event struct {
	ID   int64 // ascending; never used twice
	App  string
	Kind string // one of the above
	Time time.Time
	Fact Fact
}

// A Fact is what an event says about its asset: what that was before it was
// deleted, or after anything else. It holds neither secrets nor links that could
// be.
type Fact struct {
	ID        ID                `json:"id"`
	UUID      uuid.UUID         `json:"uuid"`
	Name      string            `json:"name"`
	Type      string            `json:"type"`
	Detected  string            `json:"detected"`
	Size      int64             `json:"size"` // bytes
	Width     int               `json:"width,omitempty"`
	Height    int               `json:"height,omitempty"`
	Version   int64             `json:"version"`
	Location  string            `json:"location,omitempty"`
	Container string            `json:"container,omitempty"`
	Path      string            `json:"path,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	Alt       string            `json:"alt,omitempty"`
	Workflows []Workflow        `json:"workflows,omitempty"`
	Client    string            `json:"client,omitempty"`

	Labels   []string          `json:"labels,omitempty"`
	Previous map[string]string `json:"previous,omitempty"` // tags before a change; nil if there were none
	Picture  *Picture          `json:"picture,omitempty"`
	Created  time.Time         `json:"created,omitzero"` // zero in events of old
	Stored   time.Time         `json:"stored,omitzero"`
}

// FactOf returns what an event says about a.
func FactOf(a Asset) Fact {
	return Fact{
		ID: a.ID, UUID: a.UUID, Name: a.Name, Type: a.Type, Detected: a.Detected, Size: a.Content.Size(),
		Width: a.Width, Height: a.Height, Version: a.Version, Location: a.Location, Container: a.Container,
		Path: a.Path, Tags: a.Tags, Alt: a.Alt, Workflows: a.Workflows, Client: a.Client,
		Labels: a.Labels, Picture: a.Picture, Created: a.Created, Stored: a.Stored,
	}
}
