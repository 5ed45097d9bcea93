package setting

import (
	"fmt"
	"testing"
	"time"
)

func check[T comparable](t *testing.T, name string, parse func(string) (T, error), good map[string]T, bad ...string) {
	t.Helper()
	for text, want := range good {
		if got, err := parse(text); got != want || err != nil {
			t.Errorf("%s(%q) = %v, %v; want %v", name, text, got, err, want)
		}
	}
	for _, text := range bad {
		if got, err := parse(text); err == nil {
			t.Errorf("%s(%q) = %v, want an error", name, text, got)
		}
	}
}

func TestParsers(t *testing.T) {
	check(t, "Address", Address, map[string]string{
		"": "", "off": "", ":8080": ":8080", "127.0.0.1:0": "127.0.0.1:0", "[::1]:65535": "[::1]:65535", "host:1": "host:1",
	}, "8080", "127.0.0.1", "h:http", "h:65536", "h:-1", "::1:80:x")
	check(t, "Origin", Origin, map[string]string{
		"https://files.example.com": "https://files.example.com", "http://H:80/": "http://h:80",
	}, "", "files.example.com", "ftp://h", "https://h/path", "https://h?x", "https://h#x", "https://u@h", "https://")
	check(t, "Host", Host, map[string]string{"Files.example.com": "files.example.com", "localhost": "localhost"},
		"", "a..b", "a b", "h:80", "https://h", ".h", "h.", "ü.example")
	check(t, "Size", Size, map[string]int64{
		"0": 0, "1000": 1000, "10MB": 10e6, "10 mb": 10e6, "5GiB": 5 << 30, "1.5KiB": 1536, "1b": 1, "2TB": 2e12, "8tib": 8 << 40,
	}, "", "-1", "x", "1.5b", "MB", "9223372036854775808", "NaN", "1e400")
	check(t, "Duration", Duration, map[string]time.Duration{
		"0s": 0, "0": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "7d": 7 * 24 * time.Hour,
	}, "", "5", "-1s", "d", "-1d", "99999d", "week")
	check(t, "Count", Count, map[string]int{"0": -1, "1": 1, "2147483647": 1<<31 - 1}, "", "-1", "2147483648", "x")
	check(t, "Port", Port, map[string]uint16{"1": 1, "65535": 65535}, "", "0", "65536", "-1", "http")
	check(t, "OneOf", OneOf("a", "b"), map[string]string{"a": "a", "b": "b"}, "", "A", "c")
	check(t, "Positive", Positive(Size), map[string]int64{"1": 1}, "0", "-1", "x")
	for text, want := range map[string]string{"10.1.2.3": "10.1.2.3/32", "10.1.2.3/8": "10.0.0.0/8", "::1": "::1/128"} {
		if got, err := Prefix(text); fmt.Sprint(got) != want || err != nil {
			t.Errorf("Prefix(%q) = %v, %v; want %s", text, got, err, want)
		}
	}
	if _, err := Prefix("10.0.0.0/33"); err == nil {
		t.Error("Prefix of 33 bits is taken")
	}
}
