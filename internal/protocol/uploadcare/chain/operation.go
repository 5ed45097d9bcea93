// Package chain turns the operations of Uploadcare's URLs into a plan, with
// their forms, ranges, defaults and order. It leaves to others which file they
// are about, and how the result is sent.
package chain

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/transform"
)

// An Operation is one operation of a URL, decoded.
type Operation struct {
	Name   string
	Params []string
}

// String returns the operation as it is written in a URL, but decoded.
func (o Operation) String() string { return strings.Join(append([]string{o.Name}, o.Params...), "/") }

// delimiter stands before each operation.
const delimiter = "-"

// Parse reads operations as they are written: "resize/x800/-/flip/", with or
// without a delimiter before the first. An error is a *transform.Refusal.
func Parse(text string) ([]Operation, error) {
	return Operations(Segments(text))
}

// Segments returns the segments of a path, each decoded. Those that are empty
// mean nothing: they come from joining a base and a path.
func Segments(path string) []string {
	var list []string
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" {
			list = append(list, unescape(segment))
		}
	}
	return list
}

// Operations reads operations from decoded segments. An error is a
// *transform.Refusal.
func Operations(segments []string) ([]Operation, error) {
	if len(segments) > 0 && segments[0] == delimiter {
		segments = segments[1:]
		if len(segments) == 0 {
			return nil, transform.Invalid("an operation is missing after the last -/")
		}
	}
	var ops []Operation
	begins := true
	for _, s := range segments {
		switch {
		case s == delimiter && begins:
			return nil, transform.Invalid("an operation is missing between two -/")
		case s == delimiter:
			begins = true
		case begins:
			ops, begins = append(ops, Operation{Name: s}), false
		default:
			last := &ops[len(ops)-1]
			last.Params = append(last.Params, s)
		}
	}
	if begins && len(ops) > 0 {
		return nil, transform.Invalid("an operation is missing after the last -/")
	}
	return ops, nil
}

// unescape decodes what is escaped in a segment. A percent sign that escapes
// nothing stands for itself: older builders of URLs do not escape it.
func unescape(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(segment); i++ {
		if segment[i] == '%' && i+2 < len(segment) {
			if text, err := url.PathUnescape(segment[i : i+3]); err == nil {
				b.WriteString(text)
				i += 2
				continue
			}
		}
		b.WriteByte(segment[i])
	}
	return b.String()
}

// Reference reads how a request names a file: by its UUID, or by a path or URL
// with it. Effects is the text of the operations after it, without the first
// delimiter, and empty if there are none. The error wraps fault.NotFound,
// because no file can have such a name.
//
// Source: uploadcare-js-api-clients, packages/api-emulator/test/group.test.ts.
func Reference(text string) (id uuid.UUID, effects string, err error) {
	path := text
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		if scheme != "https" && scheme != "http" {
			return id, "", fmt.Errorf("file of scheme %.10q: %w", scheme, fault.NotFound)
		}
		_, path, _ = strings.Cut(rest, "/")
	}
	path, _, _ = strings.Cut(path, "?")
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if id, err = answer.ParseUUID(name); err != nil {
		return id, "", err
	}
	effects, ok := strings.CutPrefix(rest, delimiter+"/")
	switch {
	case ok:
		return id, effects, nil
	case !strings.Contains(rest, "/"): // the name that it is saved under
		return id, "", nil
	}
	return id, "", fmt.Errorf("%.40q behind the name of a file: %w", rest, fault.NotFound)
}
