package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/transform"
)

// An Error is about a parameter of a task that makes no sense, or is missing.
// It wraps fault.Invalid, and its text is what the hosted service answers.
// Filestack documentation: "Transformation Debug Mode".
type Error struct {
	Task, Param string
	Missing     bool
}

func (e *Error) Error() string {
	problem := "invalid"
	if e.Missing {
		problem = "missing"
	}
	return fmt.Sprintf("%s parameter `%s` for `%s` task", problem, e.Param, e.Task)
}

// Unwrap returns fault.Invalid.
func (e *Error) Unwrap() error { return fault.Invalid }

// args are the parameters of one task. The first that makes no sense is
// remembered, and so are the names that were asked for: all others are unknown.
type args struct {
	task  taskurl.Task
	asked []string
	err   error
}

func (a *args) fail(name string, missing bool) {
	if a.err == nil {
		a.err = &Error{Task: a.task.Name, Param: name, Missing: missing}
	}
}

// finish returns the first error. A parameter that nothing asked for is one.
func (a *args) finish() error {
	unknown := ""
	for name := range a.task.Params {
		if !slices.Contains(a.asked, name) && a.has(name) && (unknown == "" || name < unknown) {
			unknown = name
		}
	}
	if e, ok := a.err.(*Error); unknown != "" && (!ok || e.Missing) {
		return &Error{Task: a.task.Name, Param: unknown} // most likely the missing one, misspelt
	}
	return a.err
}

// has reports whether a parameter is given. An empty one is not.
func (a *args) has(name string) bool {
	v := a.task.Params[name]
	a.asked = append(a.asked, name)
	return v.Text != "" || len(v.List) > 0
}

// require says that a task makes no sense without a parameter.
func (a *args) require(name string) {
	if !a.has(name) {
		a.fail(name, true)
	}
}

// list returns the items of a list, which may have lost its brackets, or of a
// single value.
func (a *args) list(name string) []taskurl.Value {
	if !a.has(name) {
		return nil
	}
	v := a.task.Params[name]
	if v.List != nil {
		return v.List
	}
	var items []taskurl.Value
	for text := range strings.SplitSeq(v.Text, ",") {
		items = append(items, taskurl.Value{Text: text})
	}
	return items
}

// texts returns the items of a list of texts, or a single text.
func (a *args) texts(name string) []string {
	if !a.has(name) {
		return nil
	}
	v := a.task.Params[name]
	if v.List == nil {
		return []string{v.Text}
	}
	var texts []string
	for _, item := range v.List {
		if item.Text == "" {
			a.fail(name, false)
		}
		texts = append(texts, item.Text)
	}
	return texts
}

// text returns a text, or "".
func (a *args) text(name string) string {
	if !a.has(name) {
		return ""
	}
	v := a.task.Params[name]
	if v.List != nil {
		a.fail(name, false)
	}
	return v.Text
}

// number returns a number in a range, or missing.
func (a *args) number(name string, low, high, missing float64) float64 {
	if !a.has(name) {
		return missing
	}
	n, ok := number(a.task.Params[name], low, high)
	if !ok {
		a.fail(name, false)
	}
	return n
}

// whole returns a whole number in a range, or missing. Fractions are rounded:
// clients accept them where pixels are meant.
func (a *args) whole(name string, low, high, missing int) int {
	return int(math.Round(a.number(name, float64(low), float64(high), float64(missing))))
}

// number reads a number in a range, without the spellings that only Go knows.
func number(v taskurl.Value, low, high float64) (float64, bool) {
	if v.List != nil || strings.Trim(v.Text, "0123456789+-.eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	if err != nil || n < low || n > high {
		return 0, false
	}
	return n + 0, true // not the negative zero
}

// wholes returns a list of whole numbers of which item i is in the range
// ranges[i], or nil if it is not given.
func (a *args) wholes(name string, ranges ...[2]int) []int {
	if !a.has(name) {
		return nil
	}
	list, ok := wholes(a.list(name), ranges)
	if !ok {
		a.fail(name, false)
		return nil
	}
	return list
}

func wholes(items []taskurl.Value, ranges [][2]int) ([]int, bool) {
	if len(items) != len(ranges) {
		return nil, false
	}
	var list []int
	for i, item := range items {
		n, ok := number(item, float64(ranges[i][0]), float64(ranges[i][1]))
		if !ok {
			return nil, false
		}
		list = append(list, int(math.Round(n)))
	}
	return list, true
}

// flag returns a truth value, or false.
func (a *args) flag(name string) bool { return a.choice(name, "false true 0 1") == "true" }

// choice returns one of the words that options lists, in any letter case, or
// the first of them. The digits stand for truth values.
func (a *args) choice(name, options string) string {
	text := strings.ToLower(a.text(name))
	known := false
	for word := range strings.SplitSeq(options, " ") {
		if text == "" {
			return word
		}
		known = known || word == text
	}
	switch {
	case !known:
		a.fail(name, false)
	case text == "1":
		return "true"
	}
	return text
}

// color returns a colour, or nil.
func (a *args) color(name string) *transform.Color {
	if !a.has(name) {
		return nil
	}
	c, ok := parseColor(a.text(name))
	if !ok {
		a.fail(name, false)
	}
	return &c
}

// colorOr returns a colour, or missing.
func (a *args) colorOr(name string, missing transform.Color) transform.Color {
	if c := a.color(name); c != nil {
		return *c
	}
	return missing
}

var places = map[string]transform.Position{
	"top": {Y: -1}, "bottom": {Y: 1}, "left": {X: -1}, "right": {X: 1}, "middle": {}, "center": {},
}

// position returns a place, given by a word or by one for each axis. The centre
// is the default.
func (a *args) position(name string) (p transform.Position) {
	words := a.list(name)
	if len(words) > 2 {
		a.fail(name, false)
	}
	for _, word := range words {
		one, ok := places[strings.ToLower(word.Text)]
		if !ok || one.X != 0 && p.X != 0 || one.Y != 0 && p.Y != 0 {
			a.fail(name, false)
		}
		p.X, p.Y = p.X+one.X, p.Y+one.Y
	}
	return p
}

// faces returns the numbers of faces in ascending order: nil for all.
func (a *args) faces(name string, missing ...int) []int {
	if !a.has(name) {
		return missing
	}
	var which []int
	for _, item := range a.list(name) {
		if strings.EqualFold(item.Text, "all") {
			return nil
		}
		n, ok := number(item, 1, transform.MaxFaces)
		if !ok {
			a.fail(name, false)
		}
		which = append(which, int(math.Round(n)))
	}
	slices.Sort(which)
	return slices.Compact(which)
}

// sizes returns which faces are too small or too large. Filestack
// documentation: "Facial Detection".
func (a *args) sizes() transform.FaceSizes {
	return transform.FaceSizes{Min: a.number("minsize", 0, 10_000, 0.35), Max: a.number("maxsize", 0, 10_000, 0.35)}
}

// boxes returns a list of boxes.
func (a *args) boxes(name string) (boxes []transform.Box) {
	a.require(name)
	for _, item := range a.list(name) {
		n, ok := wholes(item.List, [][2]int{{0, 10_000}, {0, 10_000}, {1, 10_000}, {1, 10_000}})
		if !ok || len(boxes) == transform.MaxBoxes {
			a.fail(name, false)
			return nil
		}
		boxes = append(boxes, transform.Box{X: n[0], Y: n[1], Width: n[2], Height: n[3]})
	}
	return boxes
}
