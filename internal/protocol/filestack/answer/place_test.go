package answer

import (
	"testing"

	"github.com/stowgate/stowgate/internal/asset"
)

func TestStored(t *testing.T) {
	p := Place{CDN: "https://cdn.example.com", Container: "stowgate"}
	for _, tt := range []struct {
		path, container        string
		wantKey, wantContainer string
	}{
		{"", "", "H_n.txt", "stowgate"},
		{"/", "", "H_n.txt", "stowgate"},
		{"a/b/", "own", "a/b/H_n.txt", "own"},
		{"/a/b.txt", "own", "a/b.txt", "own"},
	} {
		file := asset.Asset{ID: "H", Name: "n.txt", Path: tt.path, Container: tt.container}
		s, m := p.Stored(file), p.Metadata(file)
		if s.Key != tt.wantKey || s.Container != tt.wantContainer || s.URL != "https://cdn.example.com/H" {
			t.Errorf("path %q: Stored = %+v, want key %q in %q", tt.path, s, tt.wantKey, tt.wantContainer)
		}
		if m["key"] != tt.wantKey || m["path"] != tt.wantKey || m["container"] != tt.wantContainer {
			t.Errorf("path %q: Metadata = %v, want key %q in %q", tt.path, m, tt.wantKey, tt.wantContainer)
		}
		if m["width"] != nil || m["source_url"] != nil {
			t.Errorf("Metadata = %v, want nil for what is not known", m)
		}
	}
}
