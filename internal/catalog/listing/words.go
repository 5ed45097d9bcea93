package listing

import (
	"crypto/sha256"
	"encoding/base32"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/library"
)

// What a word says of a file.
const (
	family    = 'f' // of media types, like image
	mediaType = 't'
	container = 'c'
	client    = 'd'
	folder    = 'p' // the storage path, or one above it
	tag       = 'g' // its name
	value     = 'v' // of a tag, with its name
	label     = 'l'
	state     = 's' // temporary
	part      = 'n' // of the name
)

// partLen is how many characters a part of a name has. Parts with a character
// that is not ASCII may have fewer: in many scripts one or two are a word.
const partLen = 3

// maxParts is how many parts of a needle are looked for in the index at most:
// what they find is compared with all of it anyway.
const maxParts = 8

// maxNeedle is how many bytes a needle may have to be found in any name, which
// has 255 and may grow when the case of its letters is dropped.
const maxNeedle = 3 * 255

// maxFolders is how many folders of a storage path can be asked for.
const maxFolders = 16

var digits = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// word returns what stands for a text of some kind in the index. All have the
// same length, and those of two apps differ.
func word(app string, kind byte, text string) string {
	sum := sha256.Sum256([]byte(app + "\x00" + string(rune(kind)) + text))
	return string(rune(kind)) + digits.EncodeToString(sum[:8])
}

// fold returns text so that the case of its letters does not count.
func fold(text string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(strings.ToValidUTF8(text, "\uFFFD"))))
}

// wordsOf returns the words of an asset but for the parts of its name, sorted.
func wordsOf(a asset.Asset) []string {
	words := make(map[string]bool)
	add := func(kind byte, text string) {
		if text != "" {
			words[word(a.App, kind, text)] = true
		}
	}
	add(mediaType, a.Detected)
	if before, _, ok := strings.Cut(a.Detected, "/"); ok {
		add(family, before)
	}
	add(container, a.Container)
	add(client, a.Client)
	for name, text := range a.Tags {
		words[word(a.App, tag, name)] = true
		words[word(a.App, value, name+"\x00"+text)] = true
	}
	for _, text := range a.Labels {
		add(label, text)
	}
	if a.Stored.IsZero() {
		add(state, temporary)
	}
	path := strings.Trim(a.Path, "/")
	add(folder, path)
	for i, n := 0, 0; i < len(path) && n < maxFolders; i++ {
		if path[i] == '/' {
			add(folder, path[:i])
			n++
		}
	}
	return slices.Sorted(maps.Keys(words))
}

// temporary is the state of a file that is not permanent. That a file is has no
// word: nearly all are.
const temporary = "temporary"

// Conditions are those of a query other than name, sizes and times: which words
// exactly those files have that meet them.
type conditions struct {
	all  []string // sorted
	any  []string // if not empty, one of these
	none []string
}

func conditionsOf(app string, q library.Query) (c conditions) {
	add := func(to *[]string, kind byte, texts ...string) {
		for _, text := range texts {
			if text != "" {
				*to = append(*to, word(app, kind, text))
			}
		}
	}
	if of, ok := q.Family(); ok {
		add(&c.all, family, of)
	} else {
		add(&c.all, mediaType, q.Type)
	}
	add(&c.all, container, q.Container)
	add(&c.all, client, q.Client)
	add(&c.all, folder, strings.Trim(q.Folder, "/"))
	if q.Value != "" {
		add(&c.all, value, q.Tag+"\x00"+q.Value)
	} else {
		add(&c.all, tag, q.Tag)
	}
	add(&c.all, label, q.Labels.All...)
	add(&c.any, label, q.Labels.Any...)
	add(&c.none, label, q.Labels.None...)
	if q.Stored != nil && *q.Stored {
		add(&c.none, state, temporary)
	} else if q.Stored != nil {
		add(&c.all, state, temporary)
	}
	if len(c.any) == 1 {
		c.all, c.any = append(c.all, c.any...), nil
	}
	slices.Sort(c.all)
	c.all = slices.Compact(c.all)
	return c
}

// partsOf returns the words of all parts of a folded name.
func partsOf(app, folded string) []string {
	parts := make(map[string]bool)
	starts := runeStarts(folded)
	for i := range len(starts) - 1 {
		for n := 1; n <= partLen && i+n < len(starts); n++ {
			if text := folded[starts[i]:starts[i+n]]; n == partLen || !isASCII(text) {
				parts[word(app, part, text)] = true
			}
		}
	}
	return slices.Collect(maps.Keys(parts))
}

// partsFor returns words that every name has that holds needle, which is folded:
// none if there is no way to say.
func partsFor(app, needle string) []string {
	starts := runeStarts(needle)
	length := len(starts) - 1
	if length < partLen {
		if isASCII(needle) {
			return nil
		}
		return []string{word(app, part, needle)}
	}
	// Parts that overlap find little more, and each takes its time.
	var parts []string
	for i := 0; i < length && len(parts) < maxParts; i += partLen {
		from := min(i, length-partLen)
		parts = append(parts, word(app, part, needle[starts[from]:starts[from+partLen]]))
	}
	return parts
}

// runeStarts returns where each character of text starts, and where it ends.
func runeStarts(text string) []int {
	var starts []int
	for i := range text {
		starts = append(starts, i)
	}
	return append(starts, len(text))
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// pattern returns what LIKE ... ESCAPE '\' compares with, to find texts in
// another one after the other.
func pattern(texts ...string) string {
	p := "%"
	for _, text := range texts {
		p += escape.Replace(text) + "%"
	}
	return p
}

var escape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
