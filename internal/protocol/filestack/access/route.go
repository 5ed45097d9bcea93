package access

import (
	"net/http"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/server"
)

// Guarded returns a route whose handler runs only with the grant of its caller.
// read says who that is, and what the request asks for.
func Guarded[Args any](
	g *Gate, f answer.Family, method, pattern string,
	read func(*http.Request) (Caller, Args, error),
	serve func(http.ResponseWriter, *http.Request, policy.Grant, Args) error,
) server.Route {
	return GuardedWith(g, answer.Fail(f), method, pattern, read, serve)
}

// GuardedWith is Guarded with fail to answer what ended with an error.
func GuardedWith[Args any](
	g *Gate, fail func(http.ResponseWriter, *http.Request, error), method, pattern string,
	read func(*http.Request) (Caller, Args, error),
	serve func(http.ResponseWriter, *http.Request, policy.Grant, Args) error,
) server.Route {
	type call struct {
		grant  policy.Grant
		caller Caller
		args   Args
	}
	check := func(r *http.Request) (c call, err error) {
		if c.caller, c.args, err = read(r); err != nil {
			return c, err
		}
		c.caller.Origin = r.Header.Get("Origin")
		if c.grant, err = g.Authorize(r.Context(), c.caller); err != nil {
			err = answer.About(c.caller.Subject(), err)
		}
		return c, err
	}
	handle := func(w http.ResponseWriter, r *http.Request, c call) error {
		answer.Protect(w.Header())
		leave, err := server.EnterApp(r.Context(), c.grant.App)
		if err != nil {
			return answer.About(c.caller.Subject(), err)
		}
		defer leave()
		if err := serve(w, r, c.grant, c.args); err != nil {
			return answer.About(c.caller.Subject(), err)
		}
		return nil
	}
	return server.Guarded(method, pattern, check, handle, fail)
}

// Public returns a route that needs no credential, because of why.
func Public(f answer.Family, method, pattern, why string, serve func(http.ResponseWriter, *http.Request) error) server.Route {
	return server.Public(method, pattern, why, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer.Protect(w.Header())
		if err := serve(w, r); err != nil {
			answer.Fail(f)(w, r, err)
		}
	}))
}

// ReadBody reads a request whose parameters and credential are in its body.
func ReadBody(r *http.Request) (Caller, params.Set, error) {
	p, err := params.Read(r)
	if err != nil {
		return Caller{}, p, err
	}
	var c Caller
	c.Use(p)
	c.Use(p.Object("security"))
	c.UseBasic(r)
	return c, p, p.Err()
}

// ReadStep reads a request that goes on with an upload in parts.
func ReadStep(r *http.Request) (Caller, params.Set, error) {
	c, p, err := ReadBody(r)
	if err != nil {
		return c, p, err
	}
	if c.Session = p.Text("upload_id"); c.Session == "" {
		p.Reject("upload_id")
	}
	return c, p, p.Err()
}
