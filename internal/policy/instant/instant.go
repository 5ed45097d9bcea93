// Package instant reads the times that credentials carry: whole seconds since
// 1970, in a year up to 9999. A larger number counts milliseconds by mistake.
package instant

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// maxDigits is how many digits a time may have, with zeros before it.
const maxDigits = 64

// tooLate is the first second of the year 10000.
const tooLate = 253402300800

var errForm = errors.New("is not in digits the seconds (not milliseconds) since 1970, in a year up to 9999")

// Of returns the time after so many seconds. The error completes a sentence that
// begins with what the time is called.
func Of(seconds int64) (time.Time, error) {
	if seconds < 0 || seconds >= tooLate {
		return time.Time{}, errForm
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// Parse is Of for a text, which holds decimal digits of ASCII and nothing else.
func Parse(text string) (time.Time, error) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || len(text) > maxDigits || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, errForm
	}
	return Of(seconds)
}
