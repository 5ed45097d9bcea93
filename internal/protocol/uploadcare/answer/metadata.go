package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/library"
)

// CheckMetadata returns nil if a file can have a value of metadata by that key,
// and otherwise the error of the Upload API that says why not.
// Source: Uploadcare documentation, "Upload API", "File metadata".
func CheckMetadata(key, value string) *Error {
	switch {
	case key == "":
		return Refuse("FileMetadataKeyEmptyError")
	case utf8.RuneCountInString(key) > library.MaxTagName:
		return Refuse("FileMetadataKeyLengthTooBigError", key, library.MaxTagName)
	case strings.ContainsFunc(key, func(r rune) bool { return !isKey(r) }):
		return Refuse("FileMetadataKeyForbiddenError", key)
	case value == "":
		return Refuse("FileMetadataValueEmptyError", key)
	case utf8.RuneCountInString(value) > library.MaxTagValue:
		return Refuse("FileMetadataValueLengthTooBigError", key, library.MaxTagValue)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return Refuse("FileMetadataValueForbiddenError", key)
	}
	return nil
}

// isKey reports whether a key of metadata may have r.
func isKey(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.:", r)
}
