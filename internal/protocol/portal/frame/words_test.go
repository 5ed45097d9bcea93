package frame

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int64 // -1 means an error
		back string
	}{
		{"", 0, ""}, {"20 MB", 20e6, "20 MB"}, {"20mb", 20e6, "20 MB"}, {"64 KiB", 65536, "64 KiB"}, {"5 GiB", 5 << 30, "5 GiB"},
		{"1234", 1234, "1234"}, {"12b", 12, "12"}, {"1000", 1000, "1 kB"}, {"9223372036854775807", 1<<63 - 1, "9223372036854775807"},
		{"-1", -1, ""}, {"many", -1, ""}, {"9223372036854775808", -1, ""}, {"9223372036855 MB", -1, ""}, {"1.5 MB", -1, ""},
	} {
		n, err := ParseSize(tt.text)
		if (err != nil) != (tt.want < 0) || err == nil && n != tt.want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", tt.text, n, err, tt.want)
		}
		if err == nil && Size(n) != tt.back {
			t.Errorf("Size(%d) = %q, want %q", n, Size(n), tt.back)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 9949: "9.9 kB", 12345: "12 kB", 999_499: "999 kB", 999_500: "1.0 MB", 5e9: "5.0 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u2009000", -1234567: "-1\u2009234\u2009567"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "under 1\u00a0ms", 1e6: "1\u00a0ms", 999_999_999: "999\u00a0ms", 1e9: "1.0\u00a0s", 59_999e6: "59.9\u00a0s", 60e9: "1m0s"} {
		if got := Span(d); got != want {
			t.Errorf("Span(%d) = %q, want %q", d, got, want)
		}
	}
}
