package filestack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/plan"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/transform"
)

// run answers with what the tasks of j make of its sources: an image, what
// there is to tell about it, or what was stored of it.
func (a *API) run(w http.ResponseWriter, r *http.Request, g policy.Grant, j job) error {
	began := a.config.Now()
	chain, err := a.plan(g, j)
	if slices.ContainsFunc(j.tasks, func(t taskurl.Task) bool { return t.Name == "debug" && !t.Off() }) {
		return a.debug(w, r, j, began, err)
	}
	if err != nil {
		return err
	}
	if j.stores() && j.copies() {
		file, err := a.take(r.Context(), g, j.srcs[0], j.spec)
		if err != nil {
			return err
		}
		return answer.JSON(w, http.StatusOK, a.place.Stored(file))
	}
	if chain.Plain() && j.srcs[0].Asset == "" {
		return answer.Unsupported("delivery of an outside file")
	}
	cache, err := answer.ReadLifetime(j.tasks)
	if err != nil {
		return err
	}
	order, err := a.order(g, j, chain, cache, r.Header.Get("Accept"))
	if err != nil {
		return err
	}
	sender := g
	if j.stores() {
		sender.Use = policy.Use{} // storing counts
	}
	if chain.Plain() && !j.stores() {
		err := a.original(w, r, g, j, server.FileOptions{Name: chain.Name, Download: j.download, CacheControl: cache.Header(g, a.config.Now())})
		if err == nil || chain.Fallback == "" || !replaceable(err) {
			return err
		}
	}
	v, err := a.delivery.Transform(r.Context(), sender, order)
	if err != nil && chain.Fallback != "" && replaceable(err) {
		v, err = a.fallback(r.Context(), g, chain, err)
		cache.Seconds = cmp.Or(int64(chain.FallbackCache), cache.Seconds)
	}
	if err != nil {
		return unreadable(err)
	}
	defer v.Close()
	switch {
	case j.stores():
		return a.keep(w, r, g, j, v)
	case chain.Metadata:
		return answer.JSON(w, http.StatusOK, describe(v))
	}
	if chain.Plan.Output.Format == transform.Auto {
		w.Header().Add("Vary", "Accept")
	}
	// A drawing that was not made here is the source, which was no larger.
	made := v.Asset.Type != "image/svg+xml" || chain.Plan.Output.Format == transform.SVG
	return server.ServeFile(w, r, server.File{Asset: v.Asset, Content: v}, server.FileOptions{
		Name: chain.Name, Download: j.download, CacheControl: cache.Header(g, a.config.Now()), Generated: made,
	})
}

// original answers with the source of j as it is.
func (a *API) original(w http.ResponseWriter, r *http.Request, g policy.Grant, j job, o server.FileOptions) error {
	file, err := a.delivery.Open(r.Context(), g, j.srcs[0].Asset)
	if err != nil {
		return err
	}
	defer file.Close()
	return server.ServeFile(w, r, server.File{Asset: file.Asset, Content: file}, o)
}

// readConvert reads a request of the older conversion API, whose query says
// what is done to the handle in its path. A POST stores the result.
func (a *API) readConvert(r *http.Request) (access.Caller, job, error) {
	c, file, err := readFile(r)
	if err != nil {
		return c, job{}, err
	}
	c.Strict = false
	j := job{tasks: plan.Convert(file.query), srcs: []access.Source{{Asset: file.id}}}
	if r.Method == http.MethodPost && !j.stores() {
		j.tasks = append(j.tasks, taskurl.Task{Name: "store"})
	}
	if j.stores() {
		options := taskOptions(params.New(""), j.tasks)
		if j.spec, err = params.Store(options, options); err != nil {
			return c, j, err
		}
	}
	return c, j, file.query.Err()
}

// plan returns what the tasks of j mean. That they make no sense, or that
// something is missing for them, is told to those who may convert only.
func (a *API) plan(g policy.Grant, j job) (plan.Chain, error) {
	if len(j.srcs) > 0 && !j.copies() {
		want := policy.Request{Action: policy.Convert, Asset: j.srcs[0].Asset, Size: -1}
		if remote := j.srcs[0].Remote.URL; want.Asset == "" {
			var err error
			if want.URL, err = policy.CanonicalURL(remote); err != nil {
				return plan.Chain{}, err
			}
		}
		if err := g.Check(want, a.config.Now()); err != nil {
			return plan.Chain{}, err
		}
	}
	if j.said != nil && j.said.known {
		return j.said.plan, nil
	}
	chain, err := plan.Read(j.tasks, len(j.srcs))
	switch {
	case err != nil:
	case chain.Missing != "":
		err = answer.Unsupported(chain.Missing)
	case !j.copies() && !a.delivery.Transforms():
		err = answer.Unsupported(taskURI(j.tasks))
	case j.said != nil:
		a.remember(*j.said, chain)
	}
	return chain, err
}

// order returns what delivery is asked for.
func (a *API) order(g policy.Grant, j job, chain plan.Chain, cache answer.Lifetime, accept string) (delivery.Order, error) {
	o := delivery.Order{Plan: chain.Plan, MaxAge: time.Duration(cache.Seconds) * time.Second, NoCache: cache.Never}
	if o.Plan.Output.Format == transform.Auto {
		o.Plan.Output.Format = transform.Negotiate(accept, a.config.Formats...)
	}
	for _, src := range j.srcs {
		o.Inputs = append(o.Inputs, input(src))
	}
	for _, text := range chain.Files {
		src, err := a.gate.Source(text, &access.Caller{Key: g.App})
		if err != nil {
			return o, err
		}
		o.Inputs = append(o.Inputs, input(src))
	}
	return o, nil
}

func input(src access.Source) delivery.Input {
	if src.Asset != "" {
		return delivery.Input{Asset: src.Asset}
	}
	return delivery.Input{URL: src.Remote.URL, Header: src.Remote.Header}
}

// replaceable reports whether a fallback is served instead of an error: the
// source cannot be had, or is no image.
func replaceable(err error) bool {
	switch fault.Of(err) {
	case fault.NotFound, fault.Unreachable, fault.Invalid, fault.TooLarge, fault.Unsupported, fault.Damaged:
		return true
	}
	return false
}

// fallback returns the file that a chain names for when its source cannot be
// had, or cause if the caller may not have that either.
func (a *API) fallback(ctx context.Context, g policy.Grant, chain plan.Chain, cause error) (*delivery.Variant, error) {
	c := access.Caller{}
	src, err := a.gate.Source(fallbackOf(chain.Fallback), &c)
	if err != nil {
		return nil, err
	}
	if c.Cred != (policy.Credential{}) {
		if c.Key = ""; c.Asset == "" {
			c.Key = g.App
		}
		if g, err = a.gate.Authorize(ctx, c); err != nil {
			return nil, cause
		}
	}
	v, err := a.delivery.Transform(ctx, g, delivery.Order{Inputs: []delivery.Input{input(src)}})
	if err != nil {
		return nil, cause
	}
	return v, nil
}

// errTooMuch is that an image went over a limit while it was worked on.
var errTooMuch = &transform.Refusal{Kind: fault.TooLarge,
	Why: "this takes more time or memory than an image may: make it smaller first, with a resize before the other steps"}

// unreadable returns err, or what it is called if the file is no image or too
// much of one.
func unreadable(err error) error {
	var input *delivery.InputError
	var refusal *transform.Refusal
	if errors.As(err, &input) || errors.As(err, &refusal) {
		return err
	}
	switch fault.Of(err) {
	case fault.Invalid:
		return fmt.Errorf("%w: %w", answer.ErrUnreadable, err)
	case fault.TooLarge:
		return fmt.Errorf("%w: %w", errTooMuch, err)
	}
	return err
}

// keep stores the result of a job, and answers as for any file that is stored.
func (a *API) keep(w http.ResponseWriter, r *http.Request, g policy.Grant, j job, v *delivery.Variant) error {
	spec := j.spec
	spec.Type, spec.Size = v.Asset.Type, v.Size()
	if spec.Name == "" {
		spec.Name = v.Asset.Name
	}
	file, err := a.uploads.Put(r.Context(), g, spec, v)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, a.place.Stored(file))
}

// describe returns what the task metadata tells about a result.
func describe(v *delivery.Variant) map[string]any {
	return map[string]any{
		"filename": v.Asset.Name, "mimetype": v.Asset.Type, "size": v.Size(), "writeable": false,
		"width": answer.Pixels(v.Asset.Width), "height": answer.Pixels(v.Asset.Height),
		"uploaded": float64(v.Asset.Modified.UnixMicro()) / 1000,
	}
}

// debug answers with what a job means instead of running it. err is why it
// means nothing.
// Filestack documentation: "Transformation Debug Mode".
func (a *API) debug(w http.ResponseWriter, r *http.Request, j job, began time.Time, err error) error {
	var denial *policy.Denial
	if errors.As(err, &denial) {
		return err
	}
	type step struct {
		Name   string                   `json:"name"`
		Params map[string]taskurl.Value `json:"params,omitempty"`
	}
	chain := []step{}
	for _, t := range j.tasks {
		if t.Name != "security" && t.Name != "debug" {
			chain = append(chain, step{t.Name, t.Params})
		}
	}
	status := map[string]any{"message": "OK", "http_code": http.StatusOK}
	body := map[string]any{"debug": true, "status": status, "chain": chain, "task_uri": taskURI(j.tasks),
		"start_time": began.UTC().Format(time.RFC3339Nano)}
	if err != nil {
		code, text := answer.Of(answer.CDN, err)
		status["message"], status["http_code"], body["chain"] = "validation error: "+text, code, nil
	}
	if len(j.srcs) > 0 {
		src := map[string]any{"url": j.srcs[0].Remote.URL, "mimetype": nil, "size": nil}
		if id := j.srcs[0].Asset; id != "" {
			src["url"] = a.place.Link(id)
		}
		body["source"] = src
	}
	body["processing_time"] = strconv.FormatFloat(float64(a.config.Now().Sub(began).Microseconds())/1000, 'f', 2, 64) + "ms"
	return answer.JSON(w, http.StatusOK, body)
}

// taskURI returns the names of the tasks as a path, without their credentials.
func taskURI(tasks []taskurl.Task) string {
	var names []string
	for _, t := range tasks {
		names = append(names, t.Name)
	}
	return strings.Join(names, "/")
}
