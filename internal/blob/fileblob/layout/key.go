// Package layout says how blobs lie in a folder: what folders, files and keys
// are called, and what stands in the header of a pack. It touches no file.
package layout

import (
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/blob"
)

// PackSuffix ends the name of a pack.
const PackSuffix = ".pack"

// A blob lies in FOLDER/NAME, or as record N of FOLDER/NAME.pack. Its key is
// that path, with "+N" after it for a record. No other text gets near a path.
const (
	folderDigits = 6  // at least; more when a million folders were filled
	nameLen      = 26 // of rand.Text: at least 128 random bits in [A-Z2-7]
)

// NewName returns a name for a file that no other has.
func NewName() string { return rand.Text() }

// A Location is a parsed key.
type Location struct {
	Path   string // within the store's folder
	Packed bool
	Index  int // of the record in its pack
}

// ParseKey reports false for every text that a store did not make as a key.
func ParseKey(key blob.Key) (Location, bool) {
	path, number, packed := strings.Cut(string(key), "+")
	folder, name, _ := strings.Cut(path, "/")
	pack, ok := ParseName(name)
	if !ok || pack != packed || FolderNumber(folder) == 0 {
		return Location{}, false
	}
	l := Location{Path: path, Packed: packed}
	if packed {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= MaxRecords || strconv.Itoa(n) != number {
			return Location{}, false
		}
		l.Index = n
	}
	return l, true
}

// RecordKey returns the key of a record of the pack at path.
func RecordKey(path string, index int) blob.Key {
	return blob.Key(path + "+" + strconv.Itoa(index))
}

// ParseName reports whether name is one of a file of ours, and of a pack.
func ParseName(name string) (pack, ok bool) {
	name, pack = strings.CutSuffix(name, PackSuffix)
	if len(name) != nameLen {
		return false, false
	}
	for i := range len(name) {
		if c := name[i]; !('A' <= c && c <= 'Z' || '2' <= c && c <= '7') {
			return false, false
		}
	}
	return pack, true
}

// FolderNumber returns the number, from 1, of the folder called name, or 0 if
// it is none of ours.
func FolderNumber(name string) int {
	n, err := strconv.Atoi(name)
	if err != nil || n <= 0 || FolderName(n) != name {
		return 0
	}
	return n
}

// FolderName returns what the folder with the given number, from 1, is called.
func FolderName(number int) string {
	s := strconv.Itoa(number)
	return strings.Repeat("0", max(0, folderDigits-len(s))) + s
}
