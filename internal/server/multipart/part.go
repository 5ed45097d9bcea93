package multipart

import (
	"fmt"
	"mime"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Part is what the header of a part of a form says it is.
type Part struct {
	Field string // its name; never empty
	File  bool   // whether it is a file, and no field's value
	Name  string // of the file, as the client sent it: not clean
	Type  string // media type of the file, as the client sent it; may be empty
}

// Describe reads a header that Next returned as that of a part of a form. The
// error wraps fault.Invalid.
func Describe(head map[string]string) (Part, error) {
	kind, params, err := mime.ParseMediaType(head["content-disposition"])
	if err != nil || kind != "form-data" {
		return Part{}, fmt.Errorf("part is no form data (%v): %w", err, fault.Invalid)
	}
	switch strings.ToLower(head["content-transfer-encoding"]) {
	case "", "7bit", "8bit", "binary":
	default:
		return Part{}, fmt.Errorf("part with an encoding: %w", fault.Invalid)
	}
	p := Part{Field: params["name"]}
	if p.Field == "" {
		return Part{}, fmt.Errorf("part without a name: %w", fault.Invalid)
	}
	if p.Name, p.File = params["filename"]; p.File {
		p.Type = head["content-type"]
	}
	return p, nil
}
