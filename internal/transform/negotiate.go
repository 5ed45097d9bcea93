package transform

import (
	"slices"
	"strconv"
	"strings"
)

// Negotiate returns what Auto means for the Accept header field of a request:
// the most wanted of AVIF and WebP that is named there and available, AVIF of
// two that are wanted alike, or Keep. Wildcards name nothing: browsers send them
// whatever they can show.
func Negotiate(accept string, available ...Format) Format {
	best, most := Keep, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(item, ";")
		media := strings.ToLower(strings.TrimSpace(name))
		f, known := strings.CutPrefix(media, "image/")
		format := Format(f)
		if !known || format != WebP && format != AVIF || !slices.Contains(available, format) {
			continue
		}
		if q := quality(params); q > most || q == most && q > 0 && format == AVIF {
			best, most = format, q
		}
	}
	return best
}

// quality reads the weight among the parameters of a media type: 1 if there is
// none, and 0 if it makes no sense.
func quality(params string) float64 {
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil || !(q > 0 && q <= 1) {
				return 0
			}
			return q
		}
	}
	return 1
}
