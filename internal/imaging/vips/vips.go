// Package vips runs operations of libvips, which it opens at run time: the
// library is needed neither to build nor, until Open, to run.
//
// It is used only inside workers: the library decodes bytes of strangers. What
// to do with images is left to others.
package vips

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/stowgate/stowgate/internal/fault"
)

var opened struct {
	sync.Mutex
	done bool
}

// Open opens libvips for this process: the library in the file at path or, if
// that is empty, the first one found of $STOWGATE_LIBVIPS, the lib folder beside
// the executable, tools/libvips of the source tree (in a build that was not
// trimmed, such as a test), and the system's. Once it has succeeded, Open does
// nothing.
//
// The library is set up for jobs of strangers, one at a time: no threads, no
// caches, and all loaders blocked until Allow. The error wraps
// fault.Unsupported.
func Open(path string) error {
	opened.Lock()
	defer opened.Unlock()
	if opened.done {
		return nil
	}
	paths := []string{path}
	if path == "" {
		paths = candidates()
	}
	var tried []error
	for _, p := range paths {
		if err := open(p); err != nil {
			tried = append(tried, fmt.Errorf("open %s: %w", p, err))
			continue
		}
		block("VipsForeignLoad", true)
		block("VipsSystem", true) // runs programs
		opened.done = true
		return nil
	}
	return fmt.Errorf("%w: no libvips: %w", fault.Unsupported, errors.Join(tried...))
}

// Find returns the file that Open opens for path: the same or, if that is "",
// the first one that is there. It is a bare name if that is left to the system.
func Find(path string) string {
	if path != "" {
		return path
	}
	for _, p := range candidates() {
		if _, err := os.Stat(p); err == nil || !strings.Contains(p, "/") {
			return p
		}
	}
	return ""
}

// candidates returns where a library may be, the best first.
func candidates() []string {
	if path := os.Getenv("STOWGATE_LIBVIPS"); path != "" {
		return []string{path}
	}
	var paths []string
	if self, err := os.Executable(); err == nil {
		paths = glob(filepath.Join(filepath.Dir(self), "lib"))
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		arch := strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
		paths = append(paths, glob(filepath.Join(filepath.Dir(file),
			"../../../tools/libvips/node_modules/@img/sharp-libvips-linux-"+arch, "lib"))...)
	}
	return append(paths, "libvips.so.42")
}

func glob(folder string) []string {
	found, _ := filepath.Glob(filepath.Join(folder, "libvips-cpp.so.*")) // the pattern is well formed
	return found
}

// A Loader is an operation of libvips that reads images.
type Loader struct {
	Class   string // as Allow takes it, like VipsForeignLoadJpegSource
	Name    string // as Load takes it, like jpegload_source
	Blocked bool
}

// Loaders returns the loaders that the library was built with.
func Loaders() []Loader {
	var table []Loader
	for line := range strings.Lines(loaders()) {
		if f := strings.Fields(line); len(f) == 3 {
			table = append(table, Loader{Class: f[0], Name: f[1], Blocked: f[2] == "1"})
		}
	}
	return table
}

// Allow lets loaders of these classes be used from now on. Classes that the
// library lacks are passed over.
func Allow(classes ...string) {
	for _, c := range classes {
		block(c, false)
	}
}

// Args are the arguments of an operation by name, as the documentation of
// libvips names them. Their values are of the types int, bool, float64, string
// (also for the nickname of an enum's value), *Image, []int, []float64,
// []*Image, []byte and Interpolate. A pointer asks for a result of that name:
// **Image, *int, *float64 or *[]float64.
//
// An argument whose name ends in "?" is left out where the library's version
// of the operation has none of that name.
type Args map[string]any

// Interpolate is an argument that names an interpolator, like "bicubic".
type Interpolate string

// A Scope owns the images that are made through it. The zero Scope is ready to
// use. Only Kill may be called while another of its methods runs.
type Scope struct {
	mu     sync.Mutex
	images []*Image
	killed bool
}

// An Image is an image of libvips: usually not pixels, but how to make them. It
// is valid until its scope is closed.
type Image struct {
	scope *Scope
	ref   unsafe.Pointer
}

// Close frees the images of s, which can be used again.
func (s *Scope) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, img := range slices.Backward(s.images) {
		unref(img.ref)
		img.ref = nil
	}
	s.images = nil
}

// Mark returns a mark for Release.
func (s *Scope) Mark() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.images)
}

// Release frees the images of s that were made after a mark, but for keep and
// what that is made from. They are not valid any more.
func (s *Scope) Release(mark int, keep *Image) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.images[:min(mark, len(s.images))]
	for _, img := range s.images[len(kept):] {
		if img == keep {
			kept = append(kept, img)
			continue
		}
		unref(img.ref)
		img.ref = nil
	}
	clear(s.images[len(kept):])
	s.images = kept
}

// Kill makes the running and all later operations of s fail soon.
func (s *Scope) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed = true
	for _, img := range s.images {
		kill(img.ref)
	}
}

// own returns an image that s owns from now on.
func (s *Scope) own(ref unsafe.Pointer) *Image {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.killed {
		kill(ref)
	}
	img := &Image{scope: s, ref: ref}
	s.images = append(s.images, img)
	return img
}

// Call runs an operation, and returns its result "out" if that is an image and
// not asked for by args. The error says in the library's words what went wrong.
func (s *Scope) Call(operation string, args Args) (*Image, error) {
	if s.isKilled() {
		return nil, fmt.Errorf("%s: killed", operation)
	}
	var out *Image
	list := make([]arg, 0, len(args)+1)
	if _, ok := args["out"]; !ok {
		list = append(list, arg{name: "out", value: &out, optional: true})
	}
	for name, value := range args {
		name, optional := strings.CutSuffix(name, "?")
		list = append(list, arg{name, value, optional})
	}
	if err := s.run(operation, list); err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	return out, nil
}

// An arg is one of Args.
type arg struct {
	name     string
	value    any
	optional bool
}

func (s *Scope) isKilled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.killed
}

// Load reads an image from file, from its start, with a loader such as
// "jpegload_source". Pixels may be read until the scope is closed.
func (s *Scope) Load(loader string, file *os.File, args Args) (*Image, error) {
	src := source(file)
	if src == nil {
		return nil, fmt.Errorf("%s: %w", loader, lastError())
	}
	defer unref(src)
	return s.Call(loader, with(args, "source", object(src)))
}

// Save encodes img into file, at its current offset, with a saver such as
// "jpegsave_target". The argument "keep" is "all", "icc" or "none", and means
// the same in libraries that have only "strip", except that "icc" there keeps
// all of an image that has a colour profile.
func (s *Scope) Save(saver string, img *Image, file *os.File, args Args) error {
	dst := target(file)
	if dst == nil {
		return fmt.Errorf("%s: %w", saver, lastError())
	}
	defer unref(dst)
	args = with(with(args, "in", img), "target", object(dst))
	if keep, ok := args["keep"]; ok && !HasArgument(saver, "keep") {
		delete(args, "keep")
		args["strip"] = keep == "none" || keep == "icc" && img.Blob(ProfileField) == nil
	}
	_, err := s.Call(saver, args)
	return err
}

// An object is an argument that is no image.
type object unsafe.Pointer

func with(args Args, name string, value any) Args {
	more := Args{name: value}
	for k, v := range args {
		more[k] = v
	}
	return more
}

// HasOperation reports whether the library was built with an operation.
func HasOperation(name string) bool { return has(name, "") }

// HasArgument reports whether an operation has an argument.
func HasArgument(operation, name string) bool { return has(operation, name) }
