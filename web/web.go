// Package web holds what browsers load: scripts, styles and languages, made
// from the TypeScript beside it by scripts/build, and the templates of pages. A
// program that was compiled without that step has no scripts and styles, and
// says so when one is asked for.
package web

import (
	"embed"
	"io/fs"
)

var (
	//go:embed all:dist
	dist embed.FS
	//go:embed portal/*.html
	pages embed.FS
)

// Files returns the bundles, such as picker.js, by name.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}

// Pages returns the templates of the portal's pages, such as frame.html, by name.
func Pages() fs.FS {
	files, err := fs.Sub(pages, "portal")
	if err != nil {
		panic(err) // the name is a constant
	}
	return files
}
