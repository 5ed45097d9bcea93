//go:build mutant

package fileblob

import "os"

// newSystem breaks a promise on purpose, the one that STOWGATE_MUTANT names, so
// that the tests of durability can show that they would see it.
func newSystem() system {
	sys := kernel()
	nothing := func(*os.File) error { return nil }
	switch os.Getenv("STOWGATE_MUTANT") {
	case "no-fsync":
		sys.syncFile = nothing
	case "no-folder-fsync":
		sys.syncFolder = nothing
	case "link-before-fsync":
		late := sys.syncFile
		sys.syncFile = nothing
		sys.link = func(f, tmp, dir *os.File, name string) error {
			if err := link(f, tmp, dir, name); err != nil {
				return err
			}
			return late(f)
		}
	}
	return sys
}
