// Package inspect says what bytes really are. Their owner's word for it, a
// name or a declared type, is never asked: rules and delivery go by what this
// package finds. It decodes no pixels.
package inspect

import (
	"bytes"
	"mime"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// HeadLen is how many leading bytes of a file Detect looks at. It is the limit
// that the detection library has built in: given fewer bytes, it takes them for
// the whole file.
const HeadLen = 4096

// space is what may stand before a tag.
const space = "\t\n\f\r "

// Unknown is the type of bytes that nothing is known about, and of none at all.
const Unknown = "application/octet-stream"

// Detect returns the media type of a file that begins with head, without
// parameters. Bytes after HeadLen are ignored; a file that is longer must be
// given with at least so many.
//
// What a browser might take for active content is classified as such, even if
// something harmless is in there as well: whatever begins like markup, in any
// encoding, is some markup; whatever holds a PDF header near its beginning is a
// PDF. "text/plain" is text in that no byte of it is binary data.
func Detect(head []byte) string {
	if len(head) == 0 {
		return Unknown
	}
	head = head[:min(len(head), HeadLen)]
	found, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if tag := markup(head); tag != nil && (found == "text/html" || found == "application/pdf" || !Active(found)) {
		return kindOfMarkup(tag)
	}
	return found
}

// markup returns head from its first tag on, in lower case and without zero
// bytes, which is enough of a conversion from UTF-16. It returns nil if head
// does not begin with a tag.
// Source: https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type
func markup(head []byte) []byte {
	head = bytes.ReplaceAll(head, []byte{0}, nil)
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	head = bytes.TrimLeft(head, space)
	if len(head) < 2 || head[0] != '<' {
		return nil
	}
	head = bytes.ToLower(head)
	if c := head[1]; 'a' <= c && c <= 'z' || strings.IndexByte("!?/", c) >= 0 {
		return head
	}
	return nil
}

// kindOfMarkup returns the type of markup of which the library said no more
// than that it is some.
func kindOfMarkup(tag []byte) string {
	root := tag
	for _, prolog := range []struct{ begin, end string }{{"<?xml", "?>"}, {"<!--", "-->"}} {
		if _, after, ok := bytes.Cut(root, []byte(prolog.end)); ok && bytes.HasPrefix(root, []byte(prolog.begin)) {
			root = bytes.TrimLeft(after, space)
		}
	}
	switch {
	case bytes.HasPrefix(root, []byte("<svg")), bytes.HasPrefix(root, []byte("<!doctype svg")):
		return "image/svg+xml"
	case bytes.HasPrefix(tag, []byte("<?xml")):
		return "text/xml"
	}
	return "text/html"
}

// active lists the types that run code or load other content where they are
// opened, besides all that end in "+xml".
var active = set(
	"text/html", "text/xml", "application/xml", "application/xml-dtd", "application/xml-external-parsed-entity",
	"text/xml-external-parsed-entity", "text/xsl", "text/x-component", "text/x-php", "text/cache-manifest",
	"text/javascript", "text/ecmascript", "text/jscript", "text/livescript", "text/x-javascript", "text/x-ecmascript",
	"text/javascript1.0", "text/javascript1.1", "text/javascript1.2", "text/javascript1.3", "text/javascript1.4",
	"text/javascript1.5", "application/javascript", "application/ecmascript", "application/x-javascript",
	"application/x-ecmascript", "text/vbscript", "application/wasm", "application/pdf", "application/x-pdf",
	"application/x-shockwave-flash", "application/vnd.adobe.flash.movie", "application/x-silverlight-app",
	"application/java-archive", "application/x-java-applet", "application/x-java-jnlp-file",
	"application/x-chrome-extension", "application/x-xpinstall", "application/hta", "application/vnd.ms-htmlhelp",
	"message/rfc822", "multipart/related", "multipart/x-mixed-replace", "application/x-mimearchive",
	"application/speculationrules+json", "application/importmap+json",
)

// inline lists the types that delivery may show in place.
var inline = set(
	"text/plain",
	"image/apng", "image/avif", "image/bmp", "image/gif", "image/heic", "image/heif", "image/jpeg", "image/jxl",
	"image/png", "image/tiff", "image/vnd.microsoft.icon", "image/webp", "image/x-icon",
	"audio/aac", "audio/flac", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav", "audio/webm", "audio/x-m4a",
	"video/3gpp", "video/3gpp2", "video/matroska", "video/mp4", "video/mpeg", "video/ogg", "video/quicktime",
	"video/webm", "video/x-m4v", "video/x-matroska",
)

func set(types ...string) map[string]bool {
	m := make(map[string]bool, len(types))
	for _, t := range types {
		m[t] = true
	}
	return m
}

// Active reports whether a browser may run what has the given media type, with
// or without parameters. What is no media type counts as active.
func Active(mediaType string) bool {
	bare, ok := bareType(mediaType)
	return !ok || active[bare] || strings.HasSuffix(bare, "+xml")
}

// Inline reports whether delivery may show the given media type in place. All
// others are for downloading only.
func Inline(mediaType string) bool {
	bare, ok := bareType(mediaType)
	return ok && inline[bare]
}

// bareType returns mediaType in lower case and without parameters, and whether
// it is one.
func bareType(mediaType string) (string, bool) {
	if isBare(mediaType) {
		return mediaType, true
	}
	bare, _, err := mime.ParseMediaType(mediaType)
	if err != nil || !strings.Contains(bare, "/") {
		return "", false
	}
	return bare, true
}

// isBare reports whether t is as bareType returns it, for most that are: types
// are asked for with every delivery.
func isBare(t string) bool {
	slash := false
	for i := range len(t) {
		switch c := t[i]; {
		case c == '/' && !slash && 0 < i && i < len(t)-1:
			slash = true
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '+', c == '.':
		default:
			return false
		}
	}
	return slash
}
