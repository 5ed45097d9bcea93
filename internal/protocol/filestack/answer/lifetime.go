package answer

import (
	"strconv"
	"time"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// How long an answer may be kept by caches, in seconds.
// Filestack documentation: "Delivery / CDN", "Processing API".
const (
	defaultExpiry = 30 * 24 * 60 * 60
	maxExpiry     = 365 * 24 * 60 * 60
)

// A Lifetime is how long an answer may be kept by caches, and what made it.
type Lifetime struct {
	Seconds int64
	Never   bool
}

// ReadLifetime reads the cache tasks of a chain.
func ReadLifetime(tasks []taskurl.Task) (Lifetime, error) {
	l := Lifetime{Seconds: defaultExpiry}
	for _, t := range tasks {
		if t.Name != "cache" {
			continue
		}
		_, off := t.Params["false"]
		l.Never = l.Never || off
		switch expiry := t.Text("expiry"); expiry {
		case "":
		case "max":
			l.Seconds = maxExpiry
		default:
			n, err := strconv.ParseInt(expiry, 10, 64)
			if err != nil || n < 1 || n > maxExpiry {
				return l, params.Invalid("cache:expiry")
			}
			l.Seconds = n
		}
	}
	return l, nil
}

// Header returns the Cache-Control field. What needed a credential is kept by
// nobody but its caller, and not beyond it.
func (l Lifetime) Header(g policy.Grant, now time.Time) string {
	seconds := l.Seconds
	switch {
	case l.Never:
		return "private, no-cache"
	case g.Unsigned:
		return "public, max-age=" + strconv.FormatInt(seconds, 10)
	case !g.Expires.IsZero():
		seconds = min(seconds, int64(g.Expires.Sub(now)/time.Second))
	}
	return "private, max-age=" + strconv.FormatInt(max(seconds, 0), 10)
}
