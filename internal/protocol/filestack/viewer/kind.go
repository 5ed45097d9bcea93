package viewer

import (
	"slices"
	"strings"
)

// What a page makes of a file. The script of the page goes by these words.
const (
	picture    = "image"
	converted  = "converted" // a picture that browsers cannot show: made into one that they can
	sound      = "audio"
	movie      = "video"
	plain      = "text"
	markupPage = "html"
	pdf        = "pdf"
	office     = "office"
	nothing    = "none"
)

// words are what readers call them: keys of a text.
var words = map[string]string{
	picture: "Picture", sound: "Sound", movie: "Video", plain: "Text", markupPage: "Web page", pdf: "PDF document",
	office: "Office document", nothing: "File",
}

// shown are the pictures that every browser shows by itself.
var shown = []string{"image/jpeg", "image/png", "image/apng", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml",
	"image/x-icon", "image/vnd.microsoft.icon"}

// convertible are those that are made into others.
var convertible = []string{"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence", "image/tiff", "image/jxl"}

// documents are the beginnings of types of office programs.
var documents = []string{"application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument",
	"application/msword", "application/vnd.ms-", "application/x-ole-storage", "text/rtf", "application/rtf"}

// textTypes are types of text that do not say so.
var textTypes = []string{"application/json", "application/geo+json", "application/x-ndjson", "application/javascript",
	"application/xml", "application/x-subrip", "application/x-sh"}

// kindOf returns what a page makes of a file whose bytes have a media type.
// converts says whether pictures can be made into others.
func kindOf(detected string, converts bool) string {
	switch {
	case slices.Contains(shown, detected):
		return picture
	case slices.Contains(convertible, detected) && converts:
		return converted
	case strings.HasPrefix(detected, "audio/"):
		return sound
	case strings.HasPrefix(detected, "video/"):
		return movie
	case detected == "application/pdf":
		return pdf
	case detected == "text/html":
		return markupPage
	case slices.ContainsFunc(documents, func(begin string) bool { return strings.HasPrefix(detected, begin) }):
		return office
	case strings.HasPrefix(detected, "text/"), slices.Contains(textTypes, detected), strings.HasSuffix(detected, "+xml"), strings.HasSuffix(detected, "+json"):
		return plain
	}
	return nothing
}
