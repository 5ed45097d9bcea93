package filestack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/plan"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/protocol/filestack/viewer"
	"github.com/stowgate/stowgate/internal/server"
)

type linkArgs struct {
	job
	file fileArgs
	cred policy.Credential // for what the viewer's page loads
}

// target returns the path and query of a request as they came over the wire.
// What net/url makes of them has lost which slashes were escaped.
func target(r *http.Request) string {
	t := r.RequestURI
	if !strings.HasPrefix(t, "/") { // a request to a proxy names the host too
		if _, rest, ok := strings.Cut(t, "://"); ok {
			_, rest, _ = strings.Cut(rest, "/")
			t = "/" + rest
		}
	}
	return t
}

// Bounds of what is remembered of delivery URLs: how many, and how long.
const (
	maxReadings   = 512
	maxReadTarget = 1 << 10 // bytes
	maxReadTasks  = 8
)

// A reading is what a delivery URL says. It is shared, and so never changed.
type reading struct {
	target string
	link   taskurl.Chain
	plan   plan.Chain // of the link's tasks, if it is known already
	known  bool
}

// parse reads a request target, unless what it says is remembered.
func (a *API) parse(target string) (*reading, error) {
	if said, ok := a.readings.Get(target); ok {
		return said, nil
	}
	link, err := taskurl.Parse(target)
	return &reading{target: target, link: link}, err
}

// remember keeps what a URL says, with its plan, when an allowed caller sent it.
func (a *API) remember(said reading, p plan.Chain) {
	if len(said.target) <= maxReadTarget && len(said.link.Tasks) <= maxReadTasks {
		said.plan, said.known = p, true
		a.readings.Put(said.target, &said)
	}
}

// readLink reads a delivery URL.
func (a *API) readLink(r *http.Request) (access.Caller, linkArgs, error) {
	said, err := a.parse(target(r))
	if err != nil {
		return access.Caller{}, linkArgs{}, err
	}
	chain := said.link
	server.NoteAction(r.Context(), actionOf(chain.Tasks))
	c := access.Caller{Key: chain.Key}
	args := linkArgs{job: job{tasks: chain.Tasks, said: said}}
	if err := c.UseTasks(chain.Tasks); err != nil {
		return c, args, err
	}
	args.file = fileArgs{suffix: chain.Suffix, query: params.ParseQuery(chain.Query)}
	c.Use(args.file.query)
	args.job.download = args.file.query.Flag("dl")
	if err := a.addSources(&args.job, &c, chain.Sources); err != nil {
		return c, args, err
	}
	if err := a.preferFallback(r.Context(), &c, chain); err != nil {
		return c, args, err
	}
	switch {
	case c.Asset != "" || c.Key != "":
	case len(args.srcs) > 0 && strings.Contains(args.srcs[0].Remote.URL, "://"):
		return c, args, answer.ErrUnknownApp // an outside file is for apps only
	default:
		return c, args, fmt.Errorf("neither a handle nor an API key: %w", fault.NotFound)
	}
	if args.cred = c.Cred; len(args.srcs) == 1 {
		args.file.id = args.srcs[0].Asset
	}
	if args.stores() {
		options := taskOptions(params.New(""), chain.Tasks)
		if args.spec, err = params.Store(options, options); err != nil {
			return c, args, err
		}
	}
	return c, args, args.file.query.Err()
}

// preferFallback makes a request about its fallback where its own file is gone,
// so that the caller is let in to get that.
func (a *API) preferFallback(ctx context.Context, c *access.Caller, chain taskurl.Chain) error {
	task, ok := chain.Find("fallback")
	if !ok || c.Asset == "" {
		return nil
	}
	if _, err := a.library.Owner(ctx, c.Asset); !errors.Is(err, fault.NotFound) {
		return err
	}
	c.Asset = ""
	if c.Key != "" {
		return nil
	}
	_, err := a.gate.Source(fallbackOf(task.Text("handle")), c)
	return err
}

// fallbackOf returns a fallback as it is written without the quotes that
// filestack-ruby puts around it.
func fallbackOf(text string) string { return strings.Trim(text, "'") }

// actionOf returns what a delivery URL with these tasks counts as.
func actionOf(tasks []taskurl.Task) string {
	name := "read"
	for _, t := range tasks {
		switch {
		case access.Manner(t):
		case name == "read" && t.Name == "metadata":
			name = "stat"
		case t.Name != "preview":
			return "convert"
		}
	}
	return name
}

// follow answers a delivery URL: the original, its metadata, or what tasks make
// of it.
func (a *API) follow(w http.ResponseWriter, r *http.Request, g policy.Grant, args linkArgs) error {
	switch todo := slices.DeleteFunc(slices.Clone(args.tasks), access.Manner); {
	case args.file.id == "":
	case len(todo) == 1 && todo[0].Name == "metadata":
		return a.metadata(w, r, g, args.file)
	case len(todo) == 1 && todo[0].Name == "preview":
		return a.viewer.Show(w, r, g, viewer.Request{Asset: args.file.id, CSS: todo[0].Text("css"), Cred: args.cred})
	case len(todo) == 0:
		return a.deliver(w, r, g, args.file, args.tasks)
	}
	return a.run(w, r, g, args.job)
}

// failLink answers a delivery URL that ended with an error: those who look at
// the viewer's page read it.
func (a *API) failLink(w http.ResponseWriter, r *http.Request, err error) {
	if said, bad := a.parse(target(r)); bad == nil {
		if _, ok := said.link.Find("preview"); ok {
			a.viewer.Refuse(w, r, err)
			return
		}
	}
	answer.Fail(answer.CDN)(w, r, err)
}

// preview answers GET /api/preview/{handle}, the older address of the viewer.
func (a *API) preview(w http.ResponseWriter, r *http.Request, g policy.Grant, args fileArgs) error {
	cred := policy.Credential{Policy: args.query.Text("policy"), Signature: args.query.Text("signature")}
	return a.viewer.Show(w, r, g, viewer.Request{Asset: args.id, CSS: args.query.Text("css"), Cred: cred})
}

// deliver answers with the bytes of an asset.
func (a *API) deliver(w http.ResponseWriter, r *http.Request, g policy.Grant, args fileArgs, tasks []taskurl.Task) error {
	download := args.query.Flag("dl")
	cache := args.query.Text("cache")
	name := args.query.Text("filename")
	if name == "" && strings.Contains(args.suffix, ".") {
		name = args.suffix
	}
	if err := args.query.Err(); err != nil {
		return err
	}
	keep, err := answer.ReadLifetime(tasks)
	if err != nil {
		return err
	}
	keep.Never = keep.Never || cache == "false"
	file, err := a.delivery.Open(r.Context(), g, args.id)
	if err != nil {
		return err
	}
	defer file.Close()
	return server.ServeFile(w, r, server.File{Asset: file.Asset, Content: file}, server.FileOptions{
		Name: name, Download: download, CacheControl: keep.Header(g, a.config.Now()),
	})
}
