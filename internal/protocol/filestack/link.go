package filestack

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/server"
)

// How long an answer may be kept by caches, in seconds.
// Filestack documentation: "Delivery / CDN", "Processing API".
const (
	defaultExpiry = 30 * 24 * 60 * 60
	maxExpiry     = 365 * 24 * 60 * 60
)

type linkArgs struct {
	job
	file fileArgs
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

// readLink reads a delivery URL.
func (a *API) readLink(r *http.Request) (caller, linkArgs, error) {
	chain, err := taskurl.Parse(target(r))
	if err != nil {
		return caller{}, linkArgs{}, err
	}
	c := caller{key: chain.Key}
	args := linkArgs{job: job{tasks: chain.Tasks, many: len(chain.Sources) != 1}}
	if err := c.useTasks(chain.Tasks); err != nil {
		return c, args, err
	}
	args.file = fileArgs{suffix: chain.Suffix, query: params.ParseQuery(chain.Query)}
	c.use(args.file.query)
	if len(chain.Sources) > 0 {
		if args.src, err = a.source(chain.Sources[0], &c); err != nil {
			return c, args, err
		}
	}
	if c.asset == "" && c.key == "" {
		return c, args, fmt.Errorf("neither a handle nor an API key: %w", fault.NotFound)
	}
	args.file.id = args.src.asset
	if args.stores() {
		options := taskOptions(params.New(""), chain.Tasks)
		if args.spec, err = params.Store(options, options); err != nil {
			return c, args, err
		}
	}
	return c, args, args.file.query.Err()
}

// follow answers a delivery URL: the original, its metadata, or a copy.
func (a *API) follow(w http.ResponseWriter, r *http.Request, g policy.Grant, args linkArgs) error {
	switch todo := slices.DeleteFunc(slices.Clone(args.tasks), manner); {
	case len(todo) == 1 && todo[0].Name == "metadata" && args.src.asset != "":
		return a.metadata(w, r, g, args.file)
	case len(todo) == 0 && args.src.asset != "" && !args.many:
		return a.deliver(w, r, g, args.file, args.tasks)
	}
	return a.process(w, r, g, args.job)
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
	cacheControl, err := a.cacheControl(g, cache == "false", tasks)
	if err != nil {
		return err
	}
	file, err := a.delivery.Open(r.Context(), g, args.id)
	if err != nil {
		return err
	}
	defer file.Close()
	return server.ServeFile(w, r, server.File{Asset: file.Asset, Content: file}, server.FileOptions{
		Name: name, Download: download, CacheControl: cacheControl,
	})
}

// cacheControl returns for how long, and by whom, an answer may be kept. What
// needed a credential is kept by nobody but its caller, and not beyond it.
func (a *API) cacheControl(g policy.Grant, never bool, tasks []taskurl.Task) (string, error) {
	seconds := int64(defaultExpiry)
	for _, t := range tasks {
		if t.Name != "cache" {
			continue
		}
		_, off := t.Params["false"]
		never = never || off
		switch expiry := t.Text("expiry"); expiry {
		case "":
		case "max":
			seconds = maxExpiry
		default:
			n, err := strconv.ParseInt(expiry, 10, 64)
			if err != nil || n < 1 || n > maxExpiry {
				return "", params.Invalid("cache:expiry")
			}
			seconds = n
		}
	}
	if never {
		return "private, no-cache", nil
	}
	if g.Unsigned {
		return "public, max-age=" + strconv.FormatInt(seconds, 10), nil
	}
	if !g.Expires.IsZero() {
		seconds = min(seconds, int64(g.Expires.Sub(a.config.Now())/time.Second))
	}
	return "private, max-age=" + strconv.FormatInt(max(seconds, 0), 10), nil
}
