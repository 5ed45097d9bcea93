package app

import (
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/app/node"
	"github.com/stowgate/stowgate/internal/imaging"
	"github.com/stowgate/stowgate/internal/worker"
)

func TestPrintImages(t *testing.T) {
	works := node.ImageReport{OK: true, Layers: []worker.Layer{{Name: "namespaces", Detail: "none"}, {Name: "seccomp", Holds: true, Detail: "104 calls"}}}
	works.Library, works.Version = "/lib/a.so", "8.18.7"
	works.Abilities = []imaging.AbilitySummary{{Type: "image/x-icon", Writes: true}, {Type: "image/png", Writes: true}, {Type: "image/svg+xml"}, {Type: "image/heic", Problem: "no codec"}}
	second := works
	second.Second = imaging.Description{Library: "/lib/b.so", Version: "8.14.1"}
	broken := node.ImageReport{Problem: "start worker: no libvips: unsupported"}
	names := "images\tok: libvips 8.18.7, /lib/a.so\n  reads and writes\tico, png\n  reads\tsvg\n  reads heic\t"
	confined := "  worker: namespaces\tno: none; images work all the same: what is needed holds\n  worker: seccomp\tok: 104 calls\n"
	for _, tt := range []struct {
		name, library string
		report        node.ImageReport
		want          string
	}{
		{"one library", "", works, names + "no: this libvips lacks it; that of Debian and Ubuntu (apt install libvips42) may have it\n" + confined},
		{"two libraries", "", second, names + "ok: by libvips 8.14.1, /lib/b.so\n" + confined},
		{"none", "", broken, "images\tno: start worker: no libvips: unsupported\n"},
		{"a wrong one", "/wrong.so", broken, "images\tno: libvips cannot be used from /wrong.so: name its file with --libvips, or leave that out to have it found\n"},
	} {
		var b strings.Builder
		if printImages(&b, tt.report, tt.library); b.String() != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, b.String(), tt.want)
		}
	}
}
