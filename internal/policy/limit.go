package policy

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// CheckType returns nil if the app takes files of a media type, and otherwise a
// *Denial. It is the type that the bytes have, whatever a caller says of them.
func (app App) CheckType(mediaType string) error {
	for _, taken := range app.Options.Types {
		family, whole := strings.CutSuffix(taken, "*")
		if taken == mediaType || whole && strings.HasPrefix(mediaType, family) {
			return nil
		}
	}
	if len(app.Options.Types) == 0 {
		return nil
	}
	return deny(TypeNotAllowed, "app %s takes files of %s, and the bytes of this one are %s", app.Key, strings.Join(app.Options.Types, ", "), mediaType)
}

// ParseType reads one of Options.Types. The error wraps fault.Invalid.
func ParseType(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	family, kind, ok := strings.Cut(text, "/")
	if !ok || family == "" || kind == "" || strings.ContainsAny(family, "*/ ;") || kind != "*" && strings.ContainsAny(kind, "*/ ;") {
		return "", fmt.Errorf("%q is no media type like image/png or image/*: %w", text, fault.Invalid)
	}
	return text, nil
}

// CheckQuota returns nil if the app may store as many files and bytes, of which
// those of one file are new, and otherwise a *Denial that says how much it
// stores already.
func (app App) CheckQuota(files, bytes, size int64) error {
	switch o := app.Options; {
	case o.MaxFiles > 0 && files > o.MaxFiles:
		return deny(QuotaReached, "app %s stores %d of %d files", app.Key, files-1, o.MaxFiles)
	case o.MaxBytes > 0 && bytes > o.MaxBytes:
		return deny(QuotaReached, "app %s stores %d of %d bytes, and the file has %d", app.Key, bytes-size, o.MaxBytes, size)
	}
	return nil
}

// Limited reports whether there is a bound on what the app stores.
func (o Options) Limited() bool { return o.MaxFiles > 0 || o.MaxBytes > 0 }

// Fingerprint tells s from other secrets without giving it away.
func (s Secret) Fingerprint() string {
	digest := Digest("fingerprint of a secret\n" + s.Key)
	return hex.EncodeToString(digest[:4])
}
