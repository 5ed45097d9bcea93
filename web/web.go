// Package web holds what browsers load: scripts, styles and languages, made
// from the TypeScript beside it by scripts/build. A program that was compiled
// without that step has no such files, and says so when one is asked for.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the bundles, such as picker.js, by name.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}
