package call

import (
	"context"
	"net/http"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/server"
)

// Root is the path that all of the API is below.
const Root = "/manage/v1"

// host is the sub-domain of the API, where the server has a domain: the
// portal's, and not that of files.
const host = "portal"

// A Row is one thing that programs may ask for.
type Row struct {
	Method string
	Path   string // below Root; {app} is the key of the app it is about

	// Act is what it needs, for the app in its path or for none. Where Any is
	// set it needs the scope, for whichever apps there are; where Own is set it
	// is about the token alone.
	Act      account.Act
	Any, Own bool

	Query  []string // names of the parameters that it takes
	Status int      // of a success; 0 means 200, or 204 without an answer

	Do func(context.Context, *Call) (answer any, err error)
}

// A Gate lets calls in.
type Gate struct {
	accounts *account.Service
	manage   *manage.Service
}

// NewGate returns a gate for the tokens that accounts knows.
func NewGate(accounts *account.Service, manage *manage.Service) *Gate { return &Gate{accounts, manage} }

// Routes returns the routes of a table, and of what is public besides it.
func (g *Gate) Routes(rows []Row, public ...server.Route) []server.Route {
	var routes []server.Route
	methods := make(map[string][]string)
	for _, row := range rows {
		handle := func(w http.ResponseWriter, r *http.Request, c *Call) error { return c.answer(w, row) }
		check := func(r *http.Request) (*Call, error) { return g.admit(r, row) }
		routes = append(routes, server.Guarded(row.Method, Root+row.Path, check, handle, fail))
		methods[row.Path] = append(methods[row.Path], row.Method)
	}
	routes = append(routes, public...)
	for _, row := range rows {
		if allow := methods[row.Path]; allow != nil {
			delete(methods, row.Path)
			routes = append(routes, server.Public("", Root+row.Path, "says which methods there are", otherMethod(allow)))
		}
	}
	routes = append(routes, server.Public("", Root+"/{rest...}", "says that there is nothing", http.HandlerFunc(nowhere)))
	for i := range routes {
		routes[i] = routes[i].On(host)
	}
	return routes
}
