package blob

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Several store is made of several, which have names: a blob is in one of
// them. Open, Remove and List are about the blobs of all. The name of the store
// that Create puts blobs into is empty: it is the default.
type Several interface {
	Store

	// In returns a store of the same blobs whose Create puts new ones into the
	// store called name. The error wraps fault.Unavailable if there is none.
	In(name string) (Store, error)
}

// In returns store, with a Create that puts blobs into the one called name of
// those that it is made of; an empty name is the default. The error wraps
// fault.Unavailable if there is none of that name.
func In(store Store, name string) (Store, error) {
	if s, ok := store.(Several); ok {
		return s.In(name)
	}
	if name != "" {
		return nil, fmt.Errorf("there is no storage %q: %w", name, fault.Unavailable)
	}
	return store, nil
}

// mark begins the keys of blobs that are in a named store. No driver makes a
// key that begins so.
const mark = "+"

// Join returns what a store made of several calls the blob that the one called
// name calls key. A key of the default, whose name is empty, stays as it is.
func Join(name string, key Key) Key {
	if name == "" {
		return key
	}
	return Key(mark+name+"/") + key
}

// Split takes apart what Join has joined. It reports false if k is no such key.
func (k Key) Split() (name string, key Key, ok bool) {
	rest, named := strings.CutPrefix(string(k), mark)
	if !named {
		return "", k, true
	}
	name, rest, ok = strings.Cut(rest, "/")
	return name, Key(rest), ok && name != ""
}

// maxName is the longest name of a store, in bytes: what a key has room for.
const maxName = 32

// DefaultName is what people call the store whose name is empty.
const DefaultName = "default"

// ParseName returns text if it can be the name of one store of several: 1 to 32
// of [a-z0-9-], but not DefaultName.
func ParseName(text string) (string, error) {
	if text == "" || len(text) > maxName || strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return "", errors.New("a name has 1 to 32 small letters, digits and -")
	}
	if text == DefaultName {
		return "", errors.New("default is what the storage without a name is called")
	}
	return text, nil
}
