// Package plan turns Filestack's tasks into a plan, with their ranges, defaults
// and order. It leaves to others what a task says about the answer rather than
// the image: credentials, caching, debugging, storing.
package plan

import (
	"fmt"
	"slices"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/transform"
)

// A Chain is what a list of tasks asks for.
type Chain struct {
	// Plan has passed Check. Its inputs are the sources of the URL, and then
	// Files. Its format is transform.Auto if Accept decides.
	Plan transform.Plan

	// Files are the further inputs as they are written: handles, URLs, aliases.
	Files []string

	// Metadata says that the answer is about the file which the plan makes.
	Metadata bool

	// Missing names what this server would need for the chain and has not. If it
	// is not empty there is no plan.
	Missing string

	Fallback      string // what is served if a source cannot be read, as it is written, or ""
	FallbackCache int    // for how many seconds that is kept, or 0
	Name          string // of the file in the answer, or ""
}

// Plain reports whether the answer is the source as it is.
func (c Chain) Plain() bool {
	p := c.Plan
	return c.Missing == "" && !c.Metadata && len(p.Ops) == 0 && p.Page == 0 && p.Density == 0 &&
		p.Answer == transform.Image && p.Output == transform.Output{}
}

// Read reads the tasks of a chain that stands before so many sources. Tasks
// that concern neither the image nor its encoding are passed over; those that
// are switched off are left out. An error is an *Error about a parameter, or a
// *transform.Refusal about the chain.
func Read(tasks []taskurl.Task, sources int) (Chain, error) {
	r := reader{sources: sources}
	var asked [12]string // as many as most tasks have parameters
	for _, t := range tasks {
		if t.Off() {
			continue
		}
		read, ok := readers[t.Name]
		if !ok {
			r.lacks(t.Name)
			continue
		}
		if t.Index != "" && t.Index != "1" {
			return Chain{}, refuse("`%s` has one result", t.Name)
		}
		a := args{task: t, asked: asked[:0]}
		read(&r, &a)
		if err := a.finish(); err != nil {
			return Chain{}, err
		}
		if r.err != nil {
			return Chain{}, r.err
		}
	}
	if r.finish(); r.err != nil {
		return Chain{}, r.err
	}
	if r.Missing != "" {
		r.Plan = transform.Plan{}
		return r.Chain, nil
	}
	return r.Chain, r.Plan.Check()
}

// A reader collects what tasks say, from left to right.
type reader struct {
	Chain
	sources  int
	animates bool   // the sources are frames
	ended    string // the task whose answer is no image: none may change the image after it
	saves    bool   // quality or compress asked for a smaller file
	jpeg     bool   // pjpg decides the quality, if nothing else does
	auto     bool   // Accept decides the format, if nothing else does
	err      error
}

func refuse(format string, args ...any) error {
	return &transform.Refusal{Why: fmt.Sprintf(format, args...), Kind: fault.Invalid}
}

// lacks says that the chain needs what this server has not.
func (r *reader) lacks(what string) {
	if r.Missing == "" {
		r.Missing = what
	}
}

// add appends an op to the plan.
func (r *reader) add(a *args, op transform.Op) {
	r.goOn(a)
	r.Plan.Ops = append(r.Plan.Ops, op)
}

// goOn refuses a task that works on an image which is none any more.
func (r *reader) goOn(a *args) {
	if r.ended != "" && r.err == nil {
		r.err = refuse("`%s` cannot follow `%s`", a.task.Name, r.ended)
	}
}

// end makes a the last task that works on the image.
func (r *reader) end(a *args, answer transform.Answer) {
	r.goOn(a)
	r.ended, r.Plan.Answer = a.task.Name, answer
}

// input returns the number of a further input.
func (r *reader) input(file string) int {
	i := slices.Index(r.Files, file)
	if i < 0 {
		i = len(r.Files)
		r.Files = append(r.Files, file)
	}
	return r.sources + i
}

// format sets the format of the result. What an earlier task said about
// another format does not count any more.
func (r *reader) format(f transform.Format, progressive bool) {
	r.Plan.Output.Format, r.Plan.Output.Progressive, r.jpeg = f, progressive, false
}

// finish decides what only the whole chain tells.
func (r *reader) finish() {
	p, o := &r.Plan, &r.Plan.Output
	switch {
	case r.Missing != "":
	case r.sources == 0:
		r.err = refuse("there is no file to work on")
	case r.sources > 1 && !r.animates:
		r.err = refuse("several images need an `animate` task; a `collage` of one image names the others in `files`")
	}
	if r.jpeg && o.Quality == 0 {
		o.Quality = progressiveQuality
	}
	if r.auto && o.Format == transform.Keep {
		o.Format, o.Still = transform.Auto, true
	}
	o.Metadata = o.Metadata && !o.Strip // asked to drop it and to keep it: drop it
	if len(p.Ops) == 0 && o.Format == transform.Keep && p.Page == 0 {
		o.Smaller = (r.saves || o.Compress) && !o.Strip
		if o.Quality == 0 && (o.Compress || o.Strip) {
			o.Quality = transform.InputQuality // at another one the file might grow
		}
	}
	if p.Answer != transform.Image {
		*o = transform.Output{ASCII: o.ASCII}
	}
}
