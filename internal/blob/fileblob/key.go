package fileblob

import (
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/stowgate/stowgate/internal/blob"
)

// A blob lies in FOLDER/NAME, or as record N of FOLDER/NAME.pack. Its key is
// that path, with "+N" after it for a record. No other text gets near a path.
const (
	packSuffix   = ".pack"
	folderDigits = 6  // at least; more when a million folders were filled
	nameLen      = 26 // of rand.Text: at least 128 random bits in [A-Z2-7]
)

func randomName() string { return rand.Text() }

// A location is a parsed key.
type location struct {
	path   string // within the store's folder
	packed bool
	index  int // of the record in its pack
}

// parseKey reports false for every text that this package did not make as a key.
func parseKey(key blob.Key) (location, bool) {
	path, number, packed := strings.Cut(string(key), "+")
	folder, name, _ := strings.Cut(path, "/")
	pack, ok := parseName(name)
	if !ok || pack != packed || folderNumber(folder) == 0 {
		return location{}, false
	}
	l := location{path: path, packed: packed}
	if packed {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= maxRecords || strconv.Itoa(n) != number {
			return location{}, false
		}
		l.index = n
	}
	return l, true
}

// parseName reports whether name is one of a file of ours, and of a pack.
func parseName(name string) (pack, ok bool) {
	name, pack = strings.CutSuffix(name, packSuffix)
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

// folderNumber returns the number of the folder called name, or 0 if it is
// none of ours.
func folderNumber(name string) int {
	n, err := strconv.Atoi(name)
	if err != nil || n <= 0 || folderName(n) != name {
		return 0
	}
	return n
}

func folderName(number int) string {
	s := strconv.Itoa(number)
	return strings.Repeat("0", max(0, folderDigits-len(s))) + s
}

func recordKey(path string, index int) blob.Key {
	return blob.Key(path + "+" + strconv.Itoa(index))
}
