package chain

import (
	"slices"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/transform"
)

// The most pixels on a side of a result: of most, and of a JPEG that the chain
// asks for. Uploadcare documentation: "Resize, crop, rotation".
const (
	MaxSide     = 3000
	MaxSideJPEG = 5000
)

// An Answer is what a chain ends in.
type Answer uint8

// The answers.
const (
	Picture Answer = iota // what the operations make of the image
	JSON                  // a record of that
	JSONP                 // the same as a script
)

// A Chain is what the operations of a URL ask for.
type Chain struct {
	// Plan has passed Check. Its inputs are the file and then Files. Its format
	// is transform.Auto if the request decides; see For.
	Plan   transform.Plan
	Files  []uuid.UUID // that are drawn over the image
	Answer Answer

	// Plain says that the answer is the file as it is: no operation asks for a
	// picture or a record. That something does is what other operations need to
	// count at all (Uploadcare documentation: "URL API", cdn-url).
	Plain bool

	// Image says that an operation is about an image, so that the file must be
	// one, also if the answer is plain.
	Image bool

	// Inline is yes if the file is to be shown in place, no if it is to be saved,
	// and empty if that depends on what it is.
	Inline string

	// Base is the operations without a last one that asks for a record.
	Base []Operation
}

// Read returns what operations ask for. An error is a *transform.Refusal with a
// sentence for who wrote them.
func Read(ops []Operation) (Chain, error) {
	ops, err := counting(ops)
	if err != nil {
		return Chain{}, err
	}
	r := reader{limit: MaxSide, level: transform.Normal, format: transform.Auto}
	r.Plain, r.Base = true, ops
	for _, op := range ops {
		if op.Name == "format" && slices.Equal(op.Params, []string{"jpeg"}) {
			r.limit = MaxSideJPEG // wherever it stands
		}
		if op.Name == "setfill" {
			forms[op.Name].read(&r, op.Params) // likewise
		}
	}
	for i, op := range ops {
		form := forms[op.Name]
		if form.ends && i < len(ops)-1 {
			return Chain{}, transform.Invalid("%s must be the last operation", op.Name)
		}
		if n := len(op.Params); n < form.least || n > form.most || !form.read(&r, op.Params) {
			return Chain{}, transform.Invalid("%s is not possible: %s takes %s", quote(op), op.Name, form.takes)
		}
		if r.err != nil {
			return Chain{}, r.err
		}
		if form.ends {
			r.Base = ops[:i]
		}
		r.Image = r.Image || op.Name != "inline"
	}
	return r.finish()
}

// counting returns the operations that count, by the names that this package
// knows: without those that tell of the client, and of one that is given several
// times and works on the whole, the last.
func counting(all []Operation) ([]Operation, error) {
	ops := make([]Operation, 0, len(all))
	for _, op := range all {
		if op.Name[0] == '@' {
			continue // Source: file-uploader, src/utils/cdn-utils.ts, @clib
		}
		if op.Name == "effect" && len(op.Params) > 0 { // the oldest spelling
			op = Operation{op.Params[0], op.Params[1:]}
		}
		form, ok := forms[op.Name]
		if !ok {
			return nil, transform.Invalid("%s is not known: no operation is called %.40q", quote(op), op.Name)
		}
		if !form.stacks {
			ops = slices.DeleteFunc(ops, func(earlier Operation) bool { return earlier.Name == op.Name })
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// A reader collects what operations say, from left to right.
type reader struct {
	Chain
	ops    []transform.Op
	err    error
	limit  int // pixels on a side that may be asked for
	format transform.Format
	level  transform.Level

	fill     *transform.Color
	upside   bool            // what the camera noted is not obeyed
	small    transform.Small // for the next operation that scales
	font     font            // for the next text
	align    transform.Position
	backing  backing
	raster   bool // a vector image becomes pixels
	question transform.Inquiry
}

// add appends an op to the plan.
func (r *reader) add(op transform.Op) bool {
	r.ops = append(r.ops, op)
	return true
}

// input returns the number of a further input.
func (r *reader) input(id uuid.UUID) int {
	i := slices.Index(r.Files, id)
	if i < 0 {
		i = len(r.Files)
		r.Files = append(r.Files, id)
	}
	return i + 1
}

// padding returns the colour that is put beyond the image: white unless the
// chain says.
func (r *reader) padding() *transform.Color {
	if r.fill == nil {
		return &transform.White
	}
	return r.fill
}

// finish makes the plan of what was collected.
func (r *reader) finish() (Chain, error) {
	p := &r.Plan
	if r.Plain {
		r.Plan, r.Files = transform.Plan{}, nil
		return r.Chain, nil
	}
	p.Page, p.Ops = 1, append([]transform.Op{transform.Orient{Ignore: r.upside}}, r.ops...)
	if r.Answer != Picture {
		p.Answer, p.Output = transform.Info, transform.Output{Info: &r.question}
		return r.Chain, p.Check()
	}
	p.Output.Format, p.Output.Level = r.format, r.level
	p.Output.MaxSide, p.Output.Background, p.Output.Vector = r.limit, r.fill, !r.raster
	return r.Chain, p.Check()
}

// For returns the plan for a request with an Accept header field, if pictures
// can be written in the formats available. Varies reports whether another field
// could make another plan.
//
// Uploadcare documentation: "Image compression", format auto.
func (c Chain) For(accept string, available ...transform.Format) (plan transform.Plan, varies bool) {
	plan = c.Plan
	o := &plan.Output
	if o.Format != transform.Auto {
		return plan, false
	}
	can := func(f transform.Format) bool {
		return slices.Contains(available, f) && transform.Negotiate(accept, f) == f
	}
	o.Format = transform.Fitting
	if can(transform.WebP) {
		o.Format = transform.WebP
	}
	if can(transform.AVIF) {
		o.Format, o.Large = transform.AVIF, o.Format
	}
	return plan, true
}

// quote returns an operation as an error names it.
func quote(op Operation) string {
	const most = 80 // bytes
	text := op.String()
	if len(text) > most {
		text = text[:most] + "…"
	}
	return `"` + text + `"`
}
