package instant

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1893456600": 1893456600, "253402300799": 253402300799,
		strings.Repeat("0", maxDigits-1) + "7": 7,
	} {
		if got, err := Parse(text); err != nil || !got.Equal(time.Unix(want, 0)) || got.Location() != time.UTC {
			t.Errorf("Parse(%q) = %v, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " 1", "1 ", "+1", "-1", "1.0", "1e3", "0x1", "1_0", "١", "253402300800", "9223372036854775808",
		strings.Repeat("0", maxDigits) + "7",
	} {
		if got, err := Parse(text); err == nil || !got.IsZero() {
			t.Errorf("Parse(%q) = %v, %v, want an error", text, got, err)
		}
	}
}

func TestOf(t *testing.T) {
	for seconds, ok := range map[int64]bool{-1: false, 0: true, 253402300799: true, 253402300800: false} {
		if got, err := Of(seconds); (err == nil) != ok || ok && got.Unix() != seconds {
			t.Errorf("Of(%d) = %v, %v", seconds, got, err)
		}
	}
}
