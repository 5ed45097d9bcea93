package answer

import (
	"encoding/hex"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
)

// A Place is where assets are, as clients are told.
type Place struct {
	CDN       string // the address they are below, without a slash at the end
	Container string // the name of the storage of those that name none
}

// Stored is what is told about a file that was stored, by whichever route.
// Type and Mimetype are the same: clients read one or the other.
type Stored struct {
	Handle    asset.ID               `json:"handle"`
	URL       string                 `json:"url"`
	Filename  string                 `json:"filename"`
	Size      int64                  `json:"size"`
	Type      string                 `json:"type"`
	Mimetype  string                 `json:"mimetype"`
	Status    string                 `json:"status"`
	Container string                 `json:"container"`
	Key       string                 `json:"key"`
	Width     int                    `json:"width,omitempty"`
	Height    int                    `json:"height,omitempty"`
	Client    string                 `json:"client,omitempty"`
	SHA256    string                 `json:"sha256"` // in hexadecimal; Stowgate's own
	Tags      map[string]string      `json:"upload_tags,omitempty"`
	Workflows map[string]workflowJob `json:"workflows,omitempty"`
}

type workflowJob struct {
	ID string `json:"jobid"`
}

// Stored words what is told about file once it is stored.
func (p Place) Stored(file asset.Asset) Stored {
	s := Stored{
		Handle: file.ID, URL: p.Link(file.ID), Filename: file.Name, Size: file.Content.Size(),
		Type: file.Type, Mimetype: file.Type, Status: "Stored",
		Container: p.ContainerOf(file), Key: StorageKey(file),
		Width: file.Width, Height: file.Height, Client: file.Client, Tags: file.Tags,
		SHA256: hex.EncodeToString(file.Content.SHA256[:]),
	}
	for _, w := range file.Workflows {
		if s.Workflows == nil {
			s.Workflows = map[string]workflowJob{}
		}
		s.Workflows[w.ID] = workflowJob{w.Job}
	}
	return s
}

// Metadata words what is recorded of file, by the names of the fields that a
// client may ask for. What is not known is nil.
func (p Place) Metadata(file asset.Asset) map[string]any {
	key := StorageKey(file)
	var source any
	if file.Source != "" {
		source = file.Source
	}
	return map[string]any{
		"size": file.Content.Size(), "mimetype": file.Type, "filename": file.Name,
		"width": Pixels(file.Width), "height": Pixels(file.Height),
		"uploaded":  float64(file.Created.UnixMicro()) / 1000,
		"writeable": true, "writable": true, "cloud": nil,
		"source_url": source, "sourceurl": nil,
		"location": "S3", "path": key, "key": key, "container": p.ContainerOf(file),
	}
}

// Link returns the address of an asset. There is nothing between host and
// handle, because filestack-java and others cut the handle from there.
func (p Place) Link(id asset.ID) string { return p.CDN + "/" + string(id) }

// ContainerOf returns the name of the storage of file.
func (p Place) ContainerOf(file asset.Asset) string {
	if file.Container != "" {
		return file.Container
	}
	return p.Container
}

// Pixels returns n, or nil when it is not known.
func Pixels(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// StorageKey returns where Filestack would keep file: the path it was given, and
// its handle before its name where that path is a folder.
// Filestack documentation: "Store a File with the REST API".
func StorageKey(file asset.Asset) string {
	path := strings.TrimPrefix(file.Path, "/")
	if path == "" || strings.HasSuffix(path, "/") {
		return path + string(file.ID) + "_" + file.Name
	}
	return path
}
