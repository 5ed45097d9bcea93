package machine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExamine(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, data string
		ok         bool
		detail     string
	}{
		{"there", dir, true, dir},
		{"not there yet", filepath.Join(dir, "a", "b"), true, "is not there yet and will be made in " + dir},
		{"no folder", file, false, "choose another with --data"},
	} {
		found := Examine(tt.data)
		if f := found[0]; f.Name != "data folder" || !f.Needed || f.OK != tt.ok || !strings.Contains(f.Detail, tt.detail) {
			t.Errorf("%s: %+v, want ok %t, %q", tt.name, f, tt.ok, tt.detail)
		}
		if tt.ok && len(found) != 5 {
			t.Errorf("%s: %d findings, want 5", tt.name, len(found))
		}
		storage := ExamineStorage("the storage archive", tt.data, "--data")
		if storage.OK != tt.ok || !storage.Needed || !strings.Contains(storage.Detail, tt.detail) || strings.Contains(storage.Detail, ", free: ") != tt.ok {
			t.Errorf("%s: %+v, want ok %t, %q", tt.name, storage, tt.ok, tt.detail)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("%s: left behind %v", tt.name, left)
		}
	}
}

func TestEngines(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if err := os.WriteFile(filepath.Join(dir, "ffmpeg"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, e := range Engines() {
		want := ""
		if e.Program == "ffmpeg" {
			want = filepath.Join(dir, "ffmpeg")
		}
		if e.Path != want || e.Used {
			t.Errorf("engine %+v, want path %q and not used", e, want)
		}
	}
}
