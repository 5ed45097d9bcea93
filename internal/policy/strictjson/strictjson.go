// Package strictjson reads JSON that a signature is about: what two readers may
// understand differently is refused.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Limits of what is read.
const (
	MaxSize  = 8 << 10 // bytes
	maxDepth = 16      // objects and lists inside each other, the outermost counted
)

// Parse returns the one value that text holds, as encoding/json would put
// it into an any, with numbers as json.Number. Unlike encoding/json it refuses
// whatever two readers may understand differently: repeated keys at any depth,
// halves of surrogate pairs, and bytes that are not UTF-8.
func Parse(text []byte) (any, error) {
	switch {
	case len(text) > MaxSize:
		return nil, fmt.Errorf("the JSON has %d bytes, over the limit of %d", len(text), MaxSize)
	case !utf8.Valid(text):
		return nil, errors.New("the JSON is not UTF-8")
	case !json.Valid(text):
		return nil, errors.New("the text is not one JSON value")
	case loneSurrogate(text):
		return nil, errors.New("the JSON has half of a surrogate pair")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	return parseValue(dec, 0)
}

// parseValue reads the next value of valid JSON, which depth others are around.
func parseValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	delim, nested := token.(json.Delim)
	if err != nil || !nested {
		return token, err
	}
	if depth == maxDepth {
		return nil, fmt.Errorf("the JSON is more than %d levels deep", maxDepth)
	}
	list, object := []any{}, map[string]any{}
	for dec.More() {
		var key string
		if delim == '{' {
			token, err := dec.Token()
			if err != nil {
				return nil, err
			}
			key, _ = token.(string)
			if _, twice := object[key]; twice {
				return nil, fmt.Errorf("the key %q is there twice", key)
			}
		}
		value, err := parseValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		if delim == '{' {
			object[key] = value
		} else {
			list = append(list, value)
		}
	}
	_, err = dec.Token() // the closing one
	if delim == '{' {
		return object, err
	}
	return list, err
}

// loneSurrogate reports whether valid JSON escapes half of a surrogate pair,
// which encoding/json would replace silently.
func loneSurrogate(text []byte) bool {
	unit := func(at int) uint64 { // of the escape at, or 0
		if at+6 > len(text) || text[at] != '\\' || text[at+1] != 'u' {
			return 0
		}
		u, _ := strconv.ParseUint(string(text[at+2:at+6]), 16, 16)
		return u
	}
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		switch unit(i) >> 10 {
		case 0xd800 >> 10:
			if unit(i+6)>>10 != 0xdc00>>10 {
				return true
			}
			i += 11
		case 0xdc00 >> 10:
			return true
		default:
			i++ // whatever is escaped, it begins no escape
		}
	}
	return false
}
