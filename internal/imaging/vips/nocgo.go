//go:build !cgo || !linux

package vips

import (
	"errors"
	"os"
	"unsafe"
)

// In a program that was built without cgo, Open always fails. The rest makes it
// compile, and is never reached with an image.

var errNoCgo = errors.New("this program was built without cgo")

func open(string) error                      { return errNoCgo }
func lastError() error                       { return errNoCgo }
func (s *Scope) run(string, []arg) error     { return errNoCgo }
func has(operation, argument string) bool    { return false }
func loaders() string                        { return "" }
func block(class string, blocked bool)       {}
func source(*os.File) unsafe.Pointer         { return nil }
func target(*os.File) unsafe.Pointer         { return nil }
func unref(unsafe.Pointer)                   {}
func kill(unsafe.Pointer)                    {}
func width(unsafe.Pointer) int               { return 0 }
func height(unsafe.Pointer) int              { return 0 }
func bands(unsafe.Pointer) int               { return 0 }
func hasAlpha(unsafe.Pointer) bool           { return false }
func resolution(unsafe.Pointer) float64      { return 0 }
func format(unsafe.Pointer) string           { return "" }
func interpretation(unsafe.Pointer) string   { return "" }
func toMemory(unsafe.Pointer) []byte         { return nil }
func compute(unsafe.Pointer) unsafe.Pointer  { return nil }
func fields(unsafe.Pointer) []string         { return nil }
func getInts(unsafe.Pointer, string) []int   { return nil }
func getText(unsafe.Pointer, string) string  { return "" }
func getBlob(unsafe.Pointer, string) []byte  { return nil }
func setInt(unsafe.Pointer, string, int)     {}
func setInts(unsafe.Pointer, string, []int)  {}
func setText(unsafe.Pointer, string, string) {}
func setBlob(unsafe.Pointer, string, []byte) {}
func remove(unsafe.Pointer, string) bool     { return false }
func matrix(int, []float64) unsafe.Pointer   { return nil }

func getInt(unsafe.Pointer, string) (int, bool)           { return 0, false }
func fromMemory(_ []byte, w, h, bands int) unsafe.Pointer { return nil }

// Settle does nothing here.
func Settle() {}

// Version returns the version of the library that Open opened.
func Version() string { return "" }

// Path returns the file of the library that Open opened.
func Path() string { return "" }
