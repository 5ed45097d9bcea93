// Package reference describes the management API: openapi.yaml, which is written
// by hand, and a page for people that is made of it.
package reference

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/stowgate/stowgate/internal/protocol/management/call"
	"github.com/stowgate/stowgate/internal/server"
)

//go:embed openapi.yaml
var description []byte

//go:embed reference.html
var reference string

// A document is the description of the API, in each form.
type document struct {
	yaml, json, page []byte
}

// readDocument reads the description that is built in.
func readDocument() (d document, err error) {
	d.yaml = description
	var all map[string]any
	if err := yaml.Unmarshal(description, &all); err != nil {
		return d, err
	}
	if d.json, err = json.Marshal(all); err != nil {
		return d, err
	}
	d.page, err = referencePage()
	return d, err
}

// A schema is a type of values, as the description has it.
type schema struct {
	Ref                  string `yaml:"$ref"`
	Type, Description    string
	Required             []string
	Properties           map[string]schema
	Items                *schema
	Enum                 []string
	AdditionalProperties any `yaml:"additionalProperties"`
}

// Name returns the name of the schema that s refers to, or "".
func (s schema) Name() string {
	if s.Ref == "" {
		return ""
	}
	return path.Base(s.Ref)
}

// Has says whether a property must be there.
func (s schema) Has(property string) bool { return slices.Contains(s.Required, property) }

// A parameter is one of a path, query or header.
type parameter struct {
	Ref                   string `yaml:"$ref"`
	Name, In, Description string
	Schema                schema
}

// An operation is what a method of a path does.
type operation struct {
	Method, Path         string
	ID                   string `yaml:"operationId"`
	Summary, Description string
	Tags                 []string
	Security             []map[string][]string
	Parameters           []parameter
	Body                 struct {
		Content map[string]struct{ Schema schema }
	} `yaml:"requestBody"`
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema schema }
	}
}

// Takes returns the name of the schema of the body, or "".
func (o operation) Takes() string { return o.Body.Content["application/json"].Schema.Name() }

// Answers returns the statuses of successes, and what they answer with.
func (o operation) Answers() map[string]string {
	answers := make(map[string]string)
	for status, r := range o.Responses {
		if status[0] == '2' {
			answers[status] = r.Content["application/json"].Schema.Name()
		}
	}
	return answers
}

// referencePage makes the page for people.
func referencePage() ([]byte, error) {
	var all struct {
		Info  struct{ Title, Description string }
		Tags  []struct{ Name, Description string }
		Paths map[string]struct {
			Get, Post, Put, Patch, Delete *operation
		}
		Components struct {
			Schemas    map[string]schema
			Parameters map[string]parameter
		}
	}
	if err := yaml.Unmarshal(description, &all); err != nil {
		return nil, err
	}
	sections := make(map[string][]operation)
	for name, item := range all.Paths {
		for i, o := range []*operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if o == nil {
				continue
			}
			o.Method, o.Path = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}[i], name
			for i, p := range o.Parameters {
				o.Parameters[i] = all.Components.Parameters[path.Base(p.Ref)]
			}
			sections[o.Tags[0]] = append(sections[o.Tags[0]], *o)
		}
	}
	for _, section := range sections {
		slices.SortStableFunc(section, func(a, b operation) int { return cmp.Compare(a.Path, b.Path) })
	}
	t, err := template.New("reference").Parse(reference)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = t.Execute(&page, map[string]any{"All": all, "Sections": sections, "Problems": call.Problems(), "Root": call.Root})
	return page.Bytes(), err
}

// Routes serve the description, which anybody may read.
func Routes() ([]server.Route, error) {
	d, err := readDocument()
	if err != nil {
		return nil, err
	}
	serve := func(path, media string, body []byte) server.Route {
		return server.Public(http.MethodGet, call.Root+path, "describes the API, and nothing that is in it", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			call.Protect(w.Header())
			w.Header().Set("Content-Type", media)
			w.Write(body) // or the reader has gone
		}))
	}
	return []server.Route{
		serve("/openapi.yaml", "application/yaml", d.yaml),
		serve("/openapi.json", "application/json", d.json),
		serve("/", "text/html; charset=utf-8", d.page),
		server.Public(http.MethodGet, call.Root, "leads to the description", http.RedirectHandler(call.Root+"/", http.StatusSeeOther)),
	}, nil
}
