package filestack

import (
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
)

// A stored is what is told about a file that was stored, by whichever route.
// Type and Mimetype are the same: clients read one or the other.
type stored struct {
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
	Tags      map[string]string      `json:"upload_tags,omitempty"`
	Workflows map[string]workflowJob `json:"workflows,omitempty"`
}

type workflowJob struct {
	ID string `json:"jobid"`
}

func (a *API) stored(file asset.Asset) stored {
	s := stored{
		Handle: file.ID, URL: a.link(file.ID), Filename: file.Name, Size: file.Content.Size(),
		Type: file.Type, Mimetype: file.Type, Status: "Stored",
		Container: a.container(file), Key: storageKey(file.Path, string(file.ID), file.Name),
		Width: file.Width, Height: file.Height, Client: file.Client, Tags: file.Tags,
	}
	for _, w := range file.Workflows {
		if s.Workflows == nil {
			s.Workflows = map[string]workflowJob{}
		}
		s.Workflows[w.ID] = workflowJob{w.Job}
	}
	return s
}

// link returns the address of an asset. There is nothing between host and
// handle, because filestack-java and others cut the handle from there.
func (a *API) link(id asset.ID) string { return a.cdn + "/" + string(id) }

func (a *API) container(file asset.Asset) string {
	if file.Container != "" {
		return file.Container
	}
	return a.config.Container
}

// storageKey is where Filestack would keep the file: the path it was given, and
// its handle before its name where that path is a folder.
// Filestack documentation: "Store a File with the REST API".
func storageKey(path, handle, name string) string {
	path = strings.TrimPrefix(path, "/")
	if path == "" || strings.HasSuffix(path, "/") {
		return path + handle + "_" + name
	}
	return path
}
