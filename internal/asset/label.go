package asset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// The limits of labels. Source: Uploadcare documentation, "File tags".
const (
	MaxLabels = 50  // of an asset
	MaxLabel  = 100 // bytes of one, which are all ASCII
)

// NormalLabels returns labels as they are kept: without space around them, in
// lower case, without empty ones, and of equal ones the first, in the order
// given. It is nil for none. The error wraps fault.TooLarge for more than
// MaxLabels or a label of more than MaxLabel bytes, and fault.Invalid for one
// with a character other than a to z, digits, '-', '_' and '.'.
func NormalLabels(labels []string) ([]string, error) {
	var normal []string
	for _, label := range labels {
		label = strings.ToLower(strings.TrimSpace(label))
		if label == "" || slices.Contains(normal, label) {
			continue
		}
		if i := strings.IndexFunc(label, func(r rune) bool { return !isLabel(r) }); i >= 0 {
			return nil, fmt.Errorf("label %q: its character at %d: %w", label, i, fault.Invalid)
		}
		if len(label) > MaxLabel {
			return nil, fmt.Errorf("a label of %d characters, more than %d: %w", len(label), MaxLabel, fault.TooLarge)
		}
		if len(normal) == MaxLabels {
			return nil, fmt.Errorf("more than %d labels: %w", MaxLabels, fault.TooLarge)
		}
		normal = append(normal, label)
	}
	return normal, nil
}

func isLabel(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.'
}
