package plan

import (
	"strings"

	"github.com/stowgate/stowgate/internal/transform"
)

// formats are the values of output=format that make an image.
var formats = map[string]transform.Format{
	"jpg": transform.JPEG, "jpeg": transform.JPEG, "pjpg": transform.JPEG, "png": transform.PNG, "webp": transform.WebP,
	"avif": transform.AVIF, "gif": transform.GIF, "tiff": transform.TIFF, "tif": transform.TIFF, "bmp": transform.BMP,
	"ico": transform.ICO, "svg": transform.SVG,
}

// documents are those that need an engine for documents.
const documents = "pdf txt html doc docx odt xls xlsx ods ppt pptx odp"

// readOutput reads how the result is encoded. What is not given stays as an
// earlier task left it.
func readOutput(r *reader, a *args) {
	o := &r.Plan.Output
	name := strings.ToLower(a.text("format"))
	switch format, ok := formats[name]; {
	case name == "":
	case ok:
		r.format(format, name == "pjpg")
	case strings.Contains(" "+documents+" ", " "+name+" "):
		r.lacks("output to " + name)
	default:
		a.fail("format", false)
	}
	r.Plan.Page = a.whole("page", 1, 99_999, r.Plan.Page)
	r.Plan.Density = a.number("density", 1, 500, r.Plan.Density)
	if strings.EqualFold(a.text("quality"), "input") {
		o.Quality = transform.InputQuality
	} else {
		o.Quality = a.whole("quality", 1, 100, o.Quality)
	}
	o.Compress = a.flag("compress") || o.Compress
	o.Strip = a.flag("strip") || o.Strip
	if a.has("colorspace") {
		o.Space = map[string]transform.ColorSpace{"cmyk": transform.CMYK, "input": transform.InputSpace}[a.choice("colorspace", "rgb cmyk input")]
	}
	if c := a.color("background"); c != nil {
		o.Background = c
	}
	if a.flag("docinfo") {
		r.lacks("output with docinfo")
	}
	// What follows is about documents. A drawing that goes through a plan
	// becomes pixels, so it is secure either way.
	a.flag("secure")
	a.choice("pageformat", "a4 a2 a3 a5 b4 b5 letter legal tabloid")
	a.choice("pageorientation", "portrait landscape")
}

func readPJPG(r *reader, a *args) {
	r.format(transform.JPEG, true)
	r.jpeg = !a.has("quality")
	if !r.jpeg {
		r.Plan.Output.Quality = a.whole("quality", 0, 100, 0)
		if r.Plan.Output.Quality == 0 {
			r.Plan.Output.Quality = transform.InputQuality
		}
	}
	r.metadata(a.flag("metadata"))
}
