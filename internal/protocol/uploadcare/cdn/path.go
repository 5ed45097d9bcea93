package cdn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/chain"
	"github.com/stowgate/stowgate/internal/transform"
)

// A kind is what a path is about.
type kind uint8

const (
	ofFile    kind = iota // a file, or what operations make of it
	ofGroup               // the page of a group
	ofElement             // a file of a group
	ofArchive             // all files of a group
	ofProxy               // an outside file
)

// A target is what the path and query of a URL say.
// Uploadcare documentation: "URL API".
type target struct {
	kind    kind
	id      uuid.UUID // of the file or group
	count   int       // of a group's files, as its name says
	nth     int       // of an element, from 0
	archive string    // its format
	special string    // video, document, gif2video or detect_faces; empty for most
	ops     []chain.Operation
	name    string // that the client gives the file; empty for none
	source  string // URL of an outside file

	tokens []string // as they are written
}

// specials are the segments that stand between a file and its operations.
var specials = map[string]bool{"video": true, "document": true, "gif2video": true, "adaptive_video": true, detectFaces: true}

// detectFaces asks for the faces in an image.
const detectFaces = "detect_faces"

// isOurs reports whether the first segment of a path names a file or group. It
// and isProxied are asked about other protocols' paths too, most of which cost
// them nothing.
func isOurs(escaped string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(escaped, "/"), "/")
	if strings.Contains(first, "%") {
		first = strings.Join(chain.Segments(first), "")
	}
	name, _, _ := strings.Cut(first, "~")
	if len(name) != answer.UUIDLen {
		return false
	}
	_, err := answer.ParseUUID(name)
	return err == nil
}

// isProxied reports whether a path ends in the URL of an outside file, with
// nothing but operations before it.
func isProxied(escaped string) bool {
	first := strings.TrimLeft(escaped, "/")
	if !strings.HasPrefix(first, "-/") && !sourceAt(first) {
		return false
	}
	_, ok := sourceIn(escaped)
	return ok
}

// parsePath reads the target of a request: a path, as it is escaped, with its
// query. The error wraps fault.NotFound, or is a *transform.Refusal with a
// sentence.
func parsePath(uri string) (target, error) {
	if isProxied(uri) {
		at, _ := sourceIn(uri)
		ops, err := chain.Parse(uri[:at])
		scheme, rest, _ := strings.Cut(uri[at:], ":")
		return target{kind: ofProxy, ops: ops, source: scheme + "://" + strings.TrimLeft(rest, "/")}, err
	}
	escaped, query, _ := strings.Cut(uri, "?")
	p := target{tokens: tokensIn(query)}
	segments := chain.Segments(escaped)
	if len(segments) == 0 {
		return p, fmt.Errorf("an empty path: %w", fault.NotFound)
	}
	rest := segments[1:]
	var err error
	if strings.Contains(segments[0], "~") {
		if p.id, p.count, err = answer.ParseGroupID(segments[0]); err != nil {
			return p, err
		}
		if rest, err = p.intoGroup(rest); err != nil || p.kind == ofGroup {
			return p, err
		}
	} else if p.id, err = answer.ParseUUID(segments[0]); err != nil {
		return p, err
	}
	if len(rest) > 0 && !strings.HasSuffix(escaped, "/") {
		rest, p.name = rest[:len(rest)-1], rest[len(rest)-1]
	}
	if p.kind == ofFile && len(rest) > 0 && specials[rest[0]] {
		rest, p.special = rest[1:], rest[0]
	}
	if len(rest) == 0 {
		return p, nil
	}
	if rest[0] != "-" || p.kind == ofArchive {
		return p, transform.Invalid("%q is no operation: operations are written -/name/parameter/, and the last one ends with a slash", rest[0])
	}
	p.ops, err = chain.Operations(rest)
	return p, err
}

// parseWhole reads a number of decimal digits alone.
func parseWhole(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && text[0] != '+' && text[0] != '-'
}

// intoGroup reads which part of a group is meant, and returns the segments
// after that.
func (p *target) intoGroup(rest []string) ([]string, error) {
	switch {
	case len(rest) == 0:
		p.kind = ofGroup
		return nil, nil
	case rest[0] == "nth" && len(rest) > 1:
		n, ok := parseWhole(rest[1])
		if p.kind, p.nth = ofElement, n; !ok {
			return nil, fmt.Errorf("element %q of a group: %w", rest[1], fault.NotFound)
		}
		return rest[2:], nil
	case rest[0] == "archive" && len(rest) > 1:
		if p.kind, p.archive = ofArchive, rest[1]; p.archive != "zip" && p.archive != "tar" {
			return nil, transform.Invalid("archive %q is not known: it is zip or tar", rest[1])
		}
		return rest[2:], nil
	}
	return nil, transform.Invalid("%q is not part of a group: a group has nth/N/ and archive/zip/ or archive/tar/, and no operations of its own", rest[0])
}

// tokensIn returns the tokens in a query, as they are written: what is signed
// are those bytes.
func tokensIn(query string) []string {
	var list []string
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); name == "token" {
			list = append(list, value)
		}
	}
	return list
}

// sourceIn returns where the URL of an outside file begins in a target.
func sourceIn(uri string) (int, bool) {
	path, _, _ := strings.Cut(uri, "?")
	for i := range path {
		if (i == 0 || path[i-1] == '/') && sourceAt(path[i:]) {
			return i, true
		}
	}
	return 0, false
}

// sourceAt reports whether text begins like an outside URL. Of its two slashes
// one may be lost: whatever cleans paths on the way takes it for an empty
// segment.
func sourceAt(text string) bool {
	return begins(text, "http:/") || begins(text, "https:/")
}

// begins reports whether text begins with start, whatever the case of letters.
func begins(text, start string) bool {
	return len(text) >= len(start) && strings.EqualFold(text[:len(start)], start)
}
