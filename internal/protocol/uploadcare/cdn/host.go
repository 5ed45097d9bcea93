package cdn

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// relist is how long at least after a look at all apps there is no other. A new
// app has no host for so long at most.
const relist = 5 * time.Second

// A directory tells which app a host is of. It knows the names of all apps, and
// looks for new ones only when it is asked for a name that it does not know.
type directory struct {
	apps apps
	now  func() time.Time

	mu   sync.Mutex
	keys map[string]string // by label; empty for a label of two apps
	seen time.Time         // when keys was read
}

// key returns the API key of the app that has a label, in lower case. The error
// wraps fault.NotFound if there is none.
func (d *directory) key(ctx context.Context, label string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := d.keys[label]
	if now := d.now(); key == "" && (d.keys == nil || now.Sub(d.seen) >= relist) {
		keys, err := d.apps.AppKeys(ctx)
		if err != nil {
			return "", err
		}
		d.keys, d.seen = labels(keys), now
		key = d.keys[label]
	}
	if key == "" {
		return "", fmt.Errorf("no app is called %q by a host: %w", label, fault.NotFound)
	}
	return key, nil
}

// labels returns the keys by what hosts call them: themselves in lower case, as
// hosts know no other, and the prefix. Of keys that differ in nothing but case
// each has only its prefix.
func labels(keys []string) map[string]string {
	all := make(map[string]string, 2*len(keys))
	for _, key := range keys {
		for _, label := range []string{strings.ToLower(key), prefix(key)} {
			if other, taken := all[label]; taken && other != key {
				all[label] = ""
			} else {
				all[label] = key
			}
		}
	}
	return all
}

// prefix returns what clients call the host of an app by: 10 digits to the base
// 36 of the SHA-256 of its key. Source: @uploadcare/cname-prefix.
func prefix(key string) string {
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%.10s", new(big.Int).SetBytes(sum[:]).Text(36))
}

// label returns what a host calls its app by: the name before the zone, or before
// the label s in it; empty if it calls none.
func (a *API) label(host string) string {
	name, ok := strings.CutSuffix(bare(host), "."+a.config.Zone)
	name = strings.TrimSuffix(name, ".s")
	if !ok || a.config.Zone == "" || strings.Contains(name, ".") {
		return ""
	}
	return name
}

// isSigned reports whether a host is one on which every request needs a token:
// below the label s. Uploadcare documentation: "Signed URLs".
func (a *API) isSigned(host string) bool {
	return a.config.Zone != "" && strings.HasSuffix(bare(host), ".s."+a.config.Zone)
}

// bare returns a host in lower case, without its port.
func bare(host string) string {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	return strings.TrimSuffix(host, ".")
}
