package management

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"go.yaml.in/yaml/v3"

	"github.com/stowgate/stowgate/internal/server"
)

//go:embed openapi.yaml
var description []byte

// A document is the description of the API.
type document struct {
	yaml, json []byte
}

// readDocument reads the description that is built in.
func readDocument() (d document, err error) {
	d.yaml = description
	var all map[string]any
	if err = yaml.Unmarshal(description, &all); err == nil {
		d.json, err = json.Marshal(all)
	}
	return d, err
}

// documentRoutes serve the description, which anybody may read.
func (a *API) documentRoutes() []server.Route {
	serve := func(path, media string, body []byte) server.Route {
		return server.Public(http.MethodGet, Root+path, "describes the API, and nothing that is in it", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			protect(w.Header())
			w.Header().Set("Content-Type", media)
			w.Write(body) // or the reader has gone
		})).On(host)
	}
	return []server.Route{
		serve("/openapi.yaml", "application/yaml", a.document.yaml),
		serve("/openapi.json", "application/json", a.document.json),
	}
}
