package chain

import "github.com/stowgate/stowgate/internal/transform"

// formats are those that pictures are written in.
var formats = map[string]transform.Format{
	"jpeg": transform.JPEG, "png": transform.PNG, "webp": transform.WebP,
	"auto": transform.Auto, "preserve": transform.Same,
}

func readFormat(r *reader, p []string) bool {
	f, ok := formats[p[0]]
	r.format = f
	return ok
}

// levels are the qualities. How the last two adapt to the image is not public:
// here they are what comes closest for most photographs, the last for screens
// with small pixels, on which less shows.
var levels = map[string]transform.Level{
	"lightest": transform.Lightest, "lighter": transform.Lighter, "normal": transform.Normal,
	"better": transform.Better, "best": transform.Best,
	"smart": transform.Normal, "smart_retina": transform.Lighter,
}

func readQuality(r *reader, p []string) bool {
	level, ok := levels[p[0]]
	r.level = level
	return ok
}

func readProgressive(r *reader, p []string) bool {
	r.Plan.Output.Progressive = p[0] == "yes"
	return oneOf(p[0], "yes no")
}

func readStripMeta(r *reader, p []string) bool {
	o := &r.Plan.Output
	o.Metadata, o.Private = p[0] != "all", p[0] == "sensitive"
	return oneOf(p[0], "all none sensitive")
}

func readSRGB(r *reader, p []string) bool {
	if p[0] == "keep_profile" {
		r.Plan.Output.Space = transform.InputSpace
	}
	return oneOf(p[0], "fast icc keep_profile")
}

// maxICC is the largest size of a profile that can be asked for, in kilobytes.
const maxICC = 1_000_000

// readMaxICC changes nothing: a profile that is small enough would be kept, and
// here the colours are brought to sRGB all the same, which needs none.
func readMaxICC(_ *reader, p []string) bool {
	_, ok := whole(p[0], 0, maxICC)
	return ok
}

func readInline(r *reader, p []string) bool {
	r.Inline = p[0]
	return oneOf(p[0], "yes no")
}

func readRasterize(r *reader, _ []string) bool {
	r.raster = true
	return true
}

// asks makes the answer a record.
func (r *reader) asks(a Answer, about transform.Inquiry) bool {
	r.Plain, r.Answer, r.question = false, a, about
	return true
}

func readJSON(r *reader, _ []string) bool  { return r.asks(JSON, transform.Inquiry{Hash: true}) }
func readJSONP(r *reader, _ []string) bool { return r.asks(JSONP, transform.Inquiry{Hash: true}) }

// usualColors is how many main colours there are without a number.
const usualColors = 4

func readMainColors(r *reader, p []string) bool {
	n, ok := orWhole(p, 0, 1, transform.MaxColors, usualColors)
	return ok && r.asks(JSON, transform.Inquiry{Colors: n})
}
