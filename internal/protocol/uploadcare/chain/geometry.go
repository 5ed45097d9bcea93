package chain

import (
	"strings"

	"github.com/stowgate/stowgate/internal/transform"
)

// previewSide is how large a preview is without a size.
const previewSide = 2048

func readPreview(r *reader, p []string) (ok bool) {
	r.Plain = false
	op := transform.Resize{Width: previewSide, Height: previewSide, Fit: transform.Max}
	if len(p) > 0 {
		op.Width, op.Height, ok = r.frame(p[0], false)
		if !ok {
			return false
		}
	}
	return r.add(op)
}

func readResize(r *reader, p []string) bool {
	r.Plain = false
	w, h, ok := r.frame(p[0], true)
	return ok && r.scale(transform.Resize{Width: w, Height: h, Fit: transform.Scale})
}

// scale adds an op with what a stretch before it says.
func (r *reader) scale(op transform.Resize) bool {
	op.Small, r.small = r.small, transform.Enlarge
	if op.Small == transform.Pad {
		op.Fill = r.padding()
	}
	return r.add(op)
}

func readStretch(r *reader, p []string) bool {
	small, ok := map[string]transform.Small{"on": transform.Enlarge, "off": transform.Leave, "fill": transform.Pad}[p[0]]
	r.small = small
	return ok
}

func readSmartResize(r *reader, p []string) bool {
	r.Plain = false
	w, h, ok := r.frame(p[0], false)
	return ok && r.add(transform.Reframe{Width: w, Height: h})
}

// searches are the words for what scale_crop keeps.
var searches = map[string]transform.Search{
	"smart":                      "faces objects points",
	"smart_faces_objects_points": "faces objects points",
	"smart_faces_objects":        "faces objects",
	"smart_faces_points":         "faces points",
	"smart_objects_faces_points": "objects faces points",
	"smart_objects_faces":        "objects faces",
	"smart_objects_points":       "objects points",
	"smart_points":               "points",
	"smart_objects":              "objects",
	"smart_faces":                "faces",
}

func readScaleCrop(r *reader, p []string) bool {
	r.Plain = false
	w, h, ok := r.frame(p[0], false)
	op := transform.Resize{Width: w, Height: h, Fit: transform.Cover}
	at := transform.Spot{} // as in a crop
	if p = p[1:]; len(p) > 0 && searches[p[0]] != "" {
		op.Keep, at, p = searches[p[0]], transform.Middle, p[1:]
	}
	at, placed := orSpot(p, 0, at)
	op.At = &at
	return ok && placed && len(p) < 2 && r.scale(op)
}

// subjects are the words for what a crop is made around.
var subjects = map[string]transform.Subject{"face": transform.Face, "image": transform.Object}

func readCrop(r *reader, p []string) (ok bool) {
	op := transform.Extract{Fill: r.padding()}
	middle := false
	if op.Around = subjects[p[0]]; op.Around != transform.WholeImage {
		middle, p = true, p[1:]
	}
	if len(p) > 0 {
		var sized bool
		if op.Ratio, ok = ratio(p[0]); ok {
			middle, p = true, p[1:]
		} else if op.Width, op.Height, sized = size(p[0]); sized {
			p = p[1:]
		}
	}
	switch sized := op.Width != (transform.Length{}); {
	case op.Around == transform.WholeImage && !sized && !ok:
		return false
	case op.Around != transform.WholeImage && sized && !(op.Width.Percent && op.Height.Percent):
		return false
	}
	if middle {
		op.At = transform.Middle
	}
	op.At, ok = orSpot(p, 0, op.At)
	return ok && len(p) < 2 && r.add(op)
}

// usualTolerance is how many percent a border's colour may vary: by about as
// much as a JPEG makes it.
const usualTolerance = 10

func readTrim(r *reader, p []string) bool {
	op := transform.Trim{}
	tolerance, ok := orWhole(p, 0, 0, 100, usualTolerance)
	if op.Tolerance = tolerance; ok && len(p) > 1 {
		op.Padding, ok = length(p[1], 0)
	}
	return ok && r.add(op)
}

func readBorderRadius(r *reader, p []string) bool {
	op := transform.CutCorners{}
	across, ok := corners(p[0])
	if op.Across = across; ok && len(p) > 1 {
		op.Down = new([4]transform.Length)
		*op.Down, ok = corners(p[1])
	}
	return ok && r.add(op)
}

// corners reads one to four radii in the order of CSS: clockwise from the top
// left, and each that is missing is that of the corner across.
func corners(s string) (radii [4]transform.Length, ok bool) {
	list := strings.Split(s, ",")
	if len(list) > len(radii) {
		return radii, false
	}
	for i, text := range list {
		if radii[i], ok = length(text, 0); !ok {
			return radii, false
		}
	}
	for i := len(list); i < len(radii); i++ {
		radii[i] = radii[[...]int{0, 0, 0, 1}[i]]
	}
	return radii, true
}

func readSetFill(r *reader, p []string) bool {
	if len(p) != 1 {
		return false
	}
	c, ok := color(p[0])
	if ok {
		r.fill = &c
	}
	return ok
}

func readZoom(r *reader, p []string) bool {
	n, ok := whole(p[0], 1, 100)
	return ok && r.add(transform.Zoom{Percent: n})
}

func readAutorotate(r *reader, p []string) bool {
	r.upside = p[0] == "no"
	return oneOf(p[0], "yes no")
}

// maxTurn is the largest angle of a rotation in degrees.
const maxTurn = 3600

func readRotate(r *reader, p []string) bool {
	angle, ok := whole(p[0], -maxTurn, maxTurn)
	if !ok || angle%90 != 0 {
		return false
	}
	if clockwise := (maxTurn - angle) % 360; clockwise != 0 {
		r.add(transform.Rotate{Degrees: clockwise})
	}
	return true
}

func readFlip(r *reader, _ []string) bool   { return r.add(transform.Flip{}) }
func readMirror(r *reader, _ []string) bool { return r.add(transform.Flop{}) }
