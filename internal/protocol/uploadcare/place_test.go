package uploadcare

import (
	"testing"

	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
)

func TestPlaceOf(t *testing.T) {
	for _, tt := range []struct {
		url, domain string
		want        answer.Place
	}{
		{"http://127.0.0.1:8080", "", answer.Place{CDN: "http://127.0.0.1:8080", API: "http://127.0.0.1:8080", Upload: "http://127.0.0.1:8080"}},
		{"https://files.example.com:8443/", "Files.example.com", answer.Place{
			CDN: "https://ucarecdn.files.example.com:8443", API: "https://ucapi.files.example.com:8443", Upload: "https://ucupload.files.example.com:8443"}},
		{"https://files.example.com/below", "", answer.Place{}},
		{"ftp://files.example.com", "", answer.Place{}},
	} {
		got, err := PlaceOf(tt.url, tt.domain)
		if got != tt.want || (err == nil) != (tt.want != answer.Place{}) {
			t.Errorf("PlaceOf(%q, %q) = %+v, %v, want %+v", tt.url, tt.domain, got, err, tt.want)
		}
	}
}

// TestZoneOf holds below which host apps have hosts of their own.
func TestZoneOf(t *testing.T) {
	for cdn, want := range map[string]string{
		"http://127.0.0.1:8080": "localhost", "http://[::1]:8080": "localhost", "http://localhost:8080": "localhost", "https://192.0.2.1": "",
		"https://ucarecdn.files.example.com:8443": "ucarecdn.files.example.com",
	} {
		if got := zoneOf(answer.Place{CDN: cdn}); got != want {
			t.Errorf("zoneOf(%s) = %q, want %q", cdn, got, want)
		}
	}
}
