package search

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/rest/call"
)

// readers read the members of a search.
var readers = map[string]func(*Search, json.RawMessage) error{
	"query":             (*Search).readQuery,
	"phrase":            (*Search).readPhrase,
	"exact":             (*Search).readExact,
	"datetime_uploaded": (*Search).readUploaded,
	"size":              (*Search).readSize,
	"is_image":          (*Search).readImage,
	"tags":              (*Search).readTags,
	"fuzziness":         (*Search).readFuzziness,
	"sort":              (*Search).readSort,
}

func (s *Search) readQuery(raw json.RawMessage) error {
	var plain string
	if err := json.Unmarshal(raw, &plain); err != nil {
		return call.Wrong("query", "Not a valid string.")
	}
	if utf8.RuneCountInString(plain) < minText {
		return call.Wrong("query", "Ensure this field has at least %d characters.", minText)
	}
	t := newText(plain)
	s.anywhere = &t
	return nil
}

func (s *Search) readPhrase(raw json.RawMessage) error {
	members, err := objectOf[string]("phrase", raw, "Not a valid string.")
	if err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(members)) {
		switch plain := members[field]; {
		case field != filename && field != media && field != metadata:
			return call.WrongIn("phrase", field, "Unknown field.")
		case utf8.RuneCountInString(plain) < minText:
			return call.WrongIn("phrase", field, "Ensure this field has at least %d characters.", minText)
		default:
			s.phrase[field] = newText(plain)
		}
	}
	return nil
}

func (s *Search) readExact(raw json.RawMessage) error {
	members, err := objectOf[[]string]("exact", raw, "Expected a list of strings.")
	if err != nil {
		return err
	}
	for _, field := range slices.Sorted(maps.Keys(members)) {
		values := members[field]
		tag, tagged := tagOf(field)
		switch {
		case field != filename && field != media && field != "uuid" && (!tagged || tag == ""):
			return call.WrongIn("exact", field, "Unknown field.")
		case len(values) == 0:
			return call.WrongIn("exact", field, "This list may not be empty.")
		case len(values) > library.MaxNamed:
			return call.WrongIn("exact", field, "Ensure this field has no more than %d elements.", library.MaxNamed)
		}
		if field == "uuid" {
			for i := range values {
				values[i] = strings.ToLower(values[i])
			}
		}
		s.exact[field] = values
	}
	return nil
}

// objectOf reads a member that is an object whose members are of one type, and
// has at least one.
func objectOf[T any](name string, raw json.RawMessage, otherwise string) (map[string]T, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) == 0 {
		return nil, call.Wrong(name, "Expected an object with at least one member.")
	}
	members := make(map[string]T)
	for field, part := range parts {
		var value *T
		if err := json.Unmarshal(part, &value); err != nil || value == nil {
			return nil, call.WrongIn(name, field, "%s", otherwise)
		}
		members[field] = *value
	}
	return members, nil
}

func (s *Search) readUploaded(raw json.RawMessage) error {
	dates, err := objectOf[string]("datetime_uploaded", raw, "Datetime has wrong format.")
	if err != nil {
		return err
	}
	numbers := make(map[string]int64)
	for name, date := range dates {
		t, err := call.ParseTime(date)
		if err != nil {
			return call.WrongIn("datetime_uploaded", name, "Datetime has wrong format.")
		}
		numbers[name] = t.UnixMicro()
	}
	s.uploaded, err = rangeOf("datetime_uploaded", numbers)
	return err
}

func (s *Search) readSize(raw json.RawMessage) error {
	numbers, err := objectOf[int64]("size", raw, "A valid integer is required.")
	if err != nil {
		return err
	}
	s.size, err = rangeOf("size", numbers)
	return err
}

// rangeOf makes a range of its bounds.
func rangeOf(field string, bounds map[string]int64) (r span, err error) {
	for name, n := range bounds {
		switch name {
		case "gt":
			n = max(n, n+1) // which the largest number has none after
			fallthrough
		case "gte":
			if r.from == nil || *r.from < n {
				r.from = &n
			}
		case "lt":
			n = min(n, n-1)
			fallthrough
		case "lte":
			if r.to == nil || *r.to > n {
				r.to = &n
			}
		default:
			return r, call.WrongIn(field, name, "Unknown field.")
		}
	}
	return r, nil
}

func (s *Search) readImage(raw json.RawMessage) error {
	if err := json.Unmarshal(raw, &s.image); err != nil || s.image == nil {
		return call.Wrong("is_image", "Must be a valid boolean.")
	}
	return nil
}

func (s *Search) readTags(raw json.RawMessage) error {
	lists, err := objectOf[[]string]("tags", raw, "Expected a list of strings.")
	if err != nil {
		return err
	}
	for name, list := range lists {
		labels, err := asset.NormalLabels(list)
		switch {
		case errors.Is(err, fault.TooLarge):
			return call.WrongIn("tags", name, "At most %d tags of up to %d characters are allowed.", asset.MaxLabels, asset.MaxLabel)
		case err != nil:
			return call.WrongIn("tags", name, "Tags may only contain a-z, 0-9, '-', '_' and '.'.")
		case len(labels) == 0:
			return call.WrongIn("tags", name, "This list may not be empty.")
		}
		switch name {
		case "any":
			s.labels.Any = labels
		case "all":
			s.labels.All = labels
		case "none":
			s.labels.None = labels
		default:
			return call.WrongIn("tags", name, "Unknown field.")
		}
	}
	if n := len(s.labels.Any) + len(s.labels.All) + len(s.labels.None); n > library.MaxWords {
		return call.Wrong("tags", "At most %d tags are allowed, and these are %d.", library.MaxWords, n)
	}
	return nil
}

// readFuzziness refuses what would find more than is looked for: there is no
// index here that could.
func (s *Search) readFuzziness(raw json.RawMessage) error {
	var fuzzy bool
	switch err := json.Unmarshal(raw, &fuzzy); {
	case err != nil:
		return call.Wrong("fuzziness", "Must be a valid boolean.")
	case fuzzy:
		return call.Wrong("fuzziness", "Fuzzy search is not available for this project.")
	}
	return nil
}

// orders are what files can be sorted by. All that are found have one score.
var orders = map[string]library.Order{"datetime_uploaded": library.ByCreated, "size": library.BySize, filename: library.ByName}

func (s *Search) readSort(raw json.RawMessage) error {
	var names []string
	var one string
	if json.Unmarshal(raw, &one) == nil {
		names = []string{one}
	} else if err := json.Unmarshal(raw, &names); err != nil {
		return call.Wrong("sort", "Expected a list of strings.")
	}
	if len(names) > maxSort {
		return call.Wrong("sort", "Ensure this field has no more than %d elements.", maxSort)
	}
	for _, name := range names {
		plain, descending := strings.CutPrefix(name, "-")
		by, known := orders[plain]
		switch {
		case known:
			s.sort = append(s.sort, key{by, descending})
		case plain != "score":
			return call.Wrong("sort", "%q is not a valid choice.", name)
		}
	}
	return nil
}
