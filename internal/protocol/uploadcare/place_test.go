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
