package insight

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A member is one of an object, whose order counts.
type member struct {
	name  string
	value any // a string, a json.Number, a bool, nil, a []any or a []member
}

// words says what a transformation does, from the canonical text of its plan, as in
// "Resize (width 300), then rotate (angle 90), written as webp". The text may have
// been cut at its end. What is no plan stays as it is.
func words(text string) string {
	cut, whole := strings.CutSuffix(text, "…")
	reader := json.NewDecoder(strings.NewReader(cut))
	reader.UseNumber()
	value, _ := read(reader) // as far as it goes
	plan, ok := value.([]member)
	if !ok {
		return text
	}
	var parts, steps []string
	for _, m := range plan {
		switch list, _ := m.value.([]any); m.name {
		case "ops":
			for _, op := range list {
				if said := step(op); said != "" {
					steps = append(steps, said)
				}
			}
			parts = append(parts, strings.Join(steps, ", then "))
		case "page":
			parts = append(parts, "of "+argument(m))
		case "density":
			parts = append(parts, fmt.Sprintf("drawn at %v dots per inch", m.value))
		case "answer":
			parts = append(parts, fmt.Sprintf("tell its %v", m.value))
		case "output":
			parts = append(parts, output(m.value))
		default:
			parts = append(parts, argument(m))
		}
	}
	said := strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
	if said == "" {
		said = "as it is"
	}
	if whole {
		said += " …"
	}
	return strings.ToUpper(said[:1]) + said[1:]
}

// step says what one op does.
func step(op any) string {
	members, _ := op.([]member)
	if len(members) == 0 {
		return ""
	}
	return spaced(fmt.Sprint(members[0].value)) + in(members[1:])
}

// output says how the result is written.
func output(value any) string {
	members, _ := value.([]member)
	said := "written"
	members = slices.DeleteFunc(members, func(m member) bool {
		if m.name == "format" {
			said += fmt.Sprintf(" as %v", m.value)
		}
		return m.name == "format"
	})
	if said == "written" && len(members) == 0 {
		return ""
	}
	return said + in(members)
}

// in says what stands in an object, in brackets.
func in(members []member) string {
	var said []string
	for _, m := range members {
		said = append(said, argument(m))
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ", ") + ")"
}

func argument(m member) string {
	name := spaced(m.name)
	switch value := m.value.(type) {
	case bool:
		if !value {
			name = "not " + name
		}
		return name
	case []any:
		return fmt.Sprintf("%d %s", len(value), name)
	case []member:
		return name + in(value)
	case string:
		return name + " " + color(value)
	case json.Number:
		if m.name == "quality" && value == "-1" {
			return "quality of the source"
		}
	}
	return fmt.Sprintf("%s %v", name, m.value)
}

func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// color writes a colour as pages do; any other text stays as it is.
func color(text string) string {
	if _, err := strconv.ParseUint(text, 16, 32); err != nil || len(text) != 8 {
		return text
	}
	if rgb, opaque := strings.CutSuffix(text, "ff"); opaque {
		return "#" + rgb
	}
	return "#" + text
}

// read reads a value. After an error it returns what came before.
func read(reader *json.Decoder) (any, error) {
	token, err := reader.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for reader.More() {
			value, err := read(reader)
			if value != nil {
				list = append(list, value)
			}
			if err != nil {
				return list, err
			}
		}
		_, err = reader.Token()
		return list, err
	case json.Delim('{'):
		members := []member{}
		for reader.More() {
			name, err := reader.Token()
			if err != nil {
				return members, err
			}
			value, err := read(reader)
			if value != nil {
				members = append(members, member{fmt.Sprint(name), value})
			}
			if err != nil {
				return members, err
			}
		}
		_, err = reader.Token()
		return members, err
	}
	return token, nil
}
