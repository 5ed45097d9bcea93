package imaging

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/worker"
)

// Version is that of what plans look like when they were run. It is raised when
// one is to look otherwise, so that what was kept is made again.
const Version = "1"

// libraryVariable tells a worker which file to open as libvips.
const libraryVariable = "STOWGATE_LIBVIPS"

// WorkerConfig returns what workers need that run Main, with libvips in the file
// library, or in the best one that is found if that is "".
func WorkerConfig(library string) worker.Config {
	library = vips.Find(library)
	c := worker.Config{Name: "imaging", Env: []string{libraryVariable + "=" + library}}
	paths := []string{"/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig"}
	if strings.Contains(library, "/") {
		paths = append(paths, filepath.Dir(library))
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err == nil {
			c.ReadPaths = append(c.ReadPaths, path)
		}
	}
	return c
}

// Main is the life of a worker for an Engine.
func Main() error {
	var about []byte // found out before the process is confined
	handler := func(ctx context.Context, request []byte, files []*os.File) ([]byte, error) {
		if string(request) == describe {
			return about, nil
		}
		return Handler(ctx, request, files)
	}
	return worker.Main(handler, func() error {
		abilities, err := Prepare(os.Getenv(libraryVariable))
		if err == nil {
			about, err = introduce(abilities)
		}
		debug.FreeOSMemory()
		vips.Settle()
		return err
	})
}

// describe is the request of Describe.
const describe = "describe"

// A Description says what an engine is and can do.
type Description struct {
	Library   string           `json:"library"` // file
	Version   string           `json:"version"` // of the library
	Abilities []AbilitySummary `json:"abilities"`
}

// An AbilitySummary is an Ability in words.
type AbilitySummary struct {
	Type    string `json:"type"`
	Writes  bool   `json:"writes"`
	Problem string `json:"problem,omitempty"` // "" if it works
}

// Formats returns those that the engine writes.
func (d Description) Formats() []transform.Format {
	var all []transform.Format
	for format, e := range encoders {
		for _, a := range d.Abilities {
			if a.Writes && a.Type == e.mediaType && a.Problem == "" {
				all = append(all, format)
			}
		}
	}
	return all
}

// Lacks reports whether the engine is known not to read a media type.
func (d Description) Lacks(mediaType string) bool {
	return slices.ContainsFunc(d.Abilities, func(a AbilitySummary) bool { return a.Type == mediaType && a.Problem != "" })
}

// Describe asks a worker what it is and can do.
func (e Engine) Describe(ctx context.Context) (d Description, err error) {
	body, err := e.Pool.Do(ctx, worker.Job{Request: []byte(describe)})
	if err == nil {
		err = json.Unmarshal(body, &d)
	}
	if err != nil {
		return d, fmt.Errorf("ask a worker what it can do: %w", err)
	}
	return d, nil
}

// introduce is what a worker answers to Describe.
func introduce(abilities []Ability) ([]byte, error) {
	d := Description{}
	d.Library, d.Version = Library()
	for _, a := range abilities {
		s := AbilitySummary{Type: a.Type, Writes: a.Writes}
		if a.Err != nil {
			s.Problem = a.Err.Error()
		}
		d.Abilities = append(d.Abilities, s)
	}
	return json.Marshal(d)
}
