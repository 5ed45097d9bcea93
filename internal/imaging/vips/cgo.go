//go:build cgo && linux

package vips

// #cgo CFLAGS: -std=c11 -O2
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "vips.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unsafe"
)

func open(path string) error {
	c := C.CString(path)
	defer C.free(unsafe.Pointer(c))
	var why *C.char
	if C.stow_open(c, &why) != 0 {
		return errors.New(text(why))
	}
	return nil
}

// text returns what C allocated as text, and frees it.
func text(c *C.char) string {
	defer C.free(unsafe.Pointer(c))
	return C.GoString(c)
}

// maxError is how much of what the library says is kept, in bytes: the end,
// which is the nearest to the cause. A broken file can make it say a lot.
const maxError = 500

// lastError returns what the library says went wrong, and makes it forget.
func lastError() error {
	said := strings.TrimSpace(text(C.stow_error()))
	if len(said) > maxError {
		said = "…" + said[len(said)-maxError:]
	}
	return errors.New(strings.ToValidUTF8(strings.ReplaceAll(said, "\n", "; "), "\ufffd"))
}

// Settle gives back memory that this process needed only until now: what the
// library freed, and the parts of programs that ran before.
func Settle() { C.stow_settle() }

// Version returns the version of the library that Open opened.
func Version() string { return C.GoString(C.stow_version()) }

// Path returns the file of the library that Open opened.
func Path() string { return text(C.stow_path()) }

func loaders() string { return text(C.stow_loaders()) }

func block(class string, blocked bool) {
	c := C.CString(class)
	defer C.free(unsafe.Pointer(c))
	var b C.int
	if blocked {
		b = 1
	}
	C.stow_block(c, b)
}

func has(operation, argument string) bool {
	op := C.CString(operation)
	defer C.free(unsafe.Pointer(op))
	var a *C.char
	if argument != "" {
		a = C.CString(argument)
		defer C.free(unsafe.Pointer(a))
	}
	return C.stow_has(op, a) != 0
}

// A memory frees what one call allocates in C.
type memory struct{ allocated, objects []unsafe.Pointer }

func (m *memory) alloc(size uintptr) unsafe.Pointer {
	p := C.calloc(1, C.size_t(max(size, 1)))
	m.allocated = append(m.allocated, p)
	return p
}

func (m *memory) text(s string) *C.char {
	c := C.CString(s)
	m.allocated = append(m.allocated, unsafe.Pointer(c))
	return c
}

func (m *memory) free() {
	for _, p := range m.objects {
		unref(p)
	}
	for _, p := range m.allocated {
		C.free(p)
	}
}

// list returns a copy of values in C.
func list[T any](m *memory, values []T) unsafe.Pointer {
	var zero T
	p := m.alloc(uintptr(len(values)) * unsafe.Sizeof(zero))
	copy(unsafe.Slice((*T)(p), len(values)), values)
	return p
}

func int32s(values []int) []int32 {
	out := make([]int32, len(values))
	for i, v := range values {
		out[i] = int32(v)
	}
	return out
}

// run runs an operation, and fills the results that args ask for.
func (s *Scope) run(operation string, args []arg) error {
	var mem memory
	defer mem.free()
	in := unsafe.Slice((*C.stow_arg)(list(&mem, make([]C.stow_arg, len(args)))), len(args))
	for i, a := range args {
		in[i].name = mem.text(a.name)
		if a.optional {
			in[i].optional = 1
		}
		if err := encode(&mem, &in[i], a.value); err != nil {
			return fmt.Errorf("argument %s: %w", a.name, err)
		}
	}
	if C.stow_call(mem.text(operation), unsafe.SliceData(in), C.int(len(in))) != 0 {
		return lastError()
	}
	for i, a := range args {
		s.decode(&in[i], a.value)
	}
	return nil
}

var errNoImage = errors.New("no image, or one of a closed scope")

// encode writes one argument for C.
func encode(mem *memory, c *C.stow_arg, value any) error {
	switch v := value.(type) {
	case int:
		c.kind, c.i = C.STOW_INT, C.int64_t(v)
	case bool:
		c.kind = C.STOW_BOOL
		if v {
			c.i = 1
		}
	case float64:
		c.kind, c.d = C.STOW_DOUBLE, C.double(v)
	case string:
		c.kind, c.p = C.STOW_TEXT, unsafe.Pointer(mem.text(v))
	case object:
		c.kind, c.p = C.STOW_OBJECT, unsafe.Pointer(v)
	case *Image:
		if v == nil || v.ref == nil {
			return errNoImage
		}
		c.kind, c.p = C.STOW_OBJECT, v.ref
	case []*Image:
		c.kind, c.i = C.STOW_IMAGES, C.int64_t(len(v))
		refs := make([]unsafe.Pointer, len(v))
		for i, img := range v {
			if img == nil || img.ref == nil {
				return errNoImage
			}
			refs[i] = img.ref
		}
		c.p = list(mem, refs)
	case []int:
		c.kind, c.i, c.p = C.STOW_INTS, C.int64_t(len(v)), list(mem, int32s(v))
	case []float64:
		c.kind, c.i = C.STOW_DOUBLES, C.int64_t(len(v))
		c.p = list(mem, v)
	case []byte:
		c.kind, c.i = C.STOW_BLOB, C.int64_t(len(v))
		c.p = list(mem, v)
	case Interpolate:
		p := C.stow_interpolate(mem.text(string(v)))
		if p == nil {
			return lastError()
		}
		mem.objects = append(mem.objects, p)
		c.kind, c.p = C.STOW_OBJECT, p
	case **Image:
		c.kind = C.STOW_OUT_IMAGE
	case *float64, *int:
		c.kind = C.STOW_OUT_NUMBER
	case *[]float64:
		c.kind = C.STOW_OUT_NUMBERS
	default:
		return fmt.Errorf("type %T", value)
	}
	return nil
}

// decode keeps one result of an operation.
func (s *Scope) decode(c *C.stow_arg, value any) {
	switch v := value.(type) {
	case **Image:
		if c.p != nil {
			*v = s.own(c.p)
		}
	case *float64:
		*v = float64(c.d)
	case *int:
		*v = int(c.d)
	case *[]float64:
		if c.p != nil {
			*v = slices.Clone(unsafe.Slice((*float64)(c.p), int(c.i)))
			C.free(c.p)
		}
	}
}

func source(file *os.File) unsafe.Pointer { return C.stow_source(C.int(file.Fd())) }
func target(file *os.File) unsafe.Pointer { return C.stow_target(C.int(file.Fd())) }
func unref(object unsafe.Pointer)         { C.stow_unref(object) }

func fromMemory(pixels []byte, width, height, bands int) unsafe.Pointer {
	format := C.CString("uchar")
	defer C.free(unsafe.Pointer(format))
	return unsafe.Pointer(C.stow_from_memory(unsafe.Pointer(unsafe.SliceData(pixels)), C.size_t(len(pixels)),
		C.int(width), C.int(height), C.int(bands), format))
}

func matrix(width int, values []float64) unsafe.Pointer {
	return unsafe.Pointer(C.stow_matrix(C.int(width), C.int(len(values)/width), (*C.double)(unsafe.SliceData(values))))
}

func toMemory(img unsafe.Pointer) []byte {
	var size C.size_t
	p := C.stow_to_memory(ref(img), &size)
	if p == nil {
		return nil
	}
	defer C.stow_free(p)
	return slices.Clone(unsafe.Slice((*byte)(p), int(size)))
}

func compute(img unsafe.Pointer) unsafe.Pointer { return unsafe.Pointer(C.stow_compute(ref(img))) }

func ref(img unsafe.Pointer) *C.VipsImage { return (*C.VipsImage)(img) }

func kill(img unsafe.Pointer)                  { C.stow_kill(ref(img)) }
func width(img unsafe.Pointer) int             { return int(C.stow_width(ref(img))) }
func height(img unsafe.Pointer) int            { return int(C.stow_height(ref(img))) }
func bands(img unsafe.Pointer) int             { return int(C.stow_bands(ref(img))) }
func hasAlpha(img unsafe.Pointer) bool         { return C.stow_has_alpha(ref(img)) != 0 }
func resolution(img unsafe.Pointer) float64    { return float64(C.stow_xres(ref(img))) }
func format(img unsafe.Pointer) string         { return C.GoString(C.stow_format(ref(img))) }
func interpretation(img unsafe.Pointer) string { return C.GoString(C.stow_interpretation(ref(img))) }

func getInt(img unsafe.Pointer, name string) (int, bool) {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	var v C.int
	ok := C.stow_get_int(ref(img), c, &v) == 0
	return int(v), ok
}

func getInts(img unsafe.Pointer, name string) []int {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	var values *C.int
	var n C.int
	if C.stow_get_ints(ref(img), c, &values, &n) != 0 {
		return nil
	}
	out := make([]int, int(n))
	for i, v := range unsafe.Slice(values, int(n)) {
		out[i] = int(v)
	}
	return out
}

func getText(img unsafe.Pointer, name string) string {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	v := C.stow_get_text(ref(img), c)
	if v == nil {
		return ""
	}
	defer C.stow_free(unsafe.Pointer(v))
	return C.GoString(v)
}

func getBlob(img unsafe.Pointer, name string) []byte {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	var data unsafe.Pointer
	var size C.size_t
	if C.stow_get_blob(ref(img), c, &data, &size) != 0 {
		return nil
	}
	return slices.Clone(unsafe.Slice((*byte)(data), int(size)))
}

func fields(img unsafe.Pointer) []string {
	first := C.stow_fields(ref(img))
	defer C.stow_free_list(first)
	var names []string
	for p := first; *p != nil; p = (**C.char)(unsafe.Add(unsafe.Pointer(p), unsafe.Sizeof(*p))) {
		names = append(names, C.GoString(*p))
	}
	return names
}

func setInt(img unsafe.Pointer, name string, v int) {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	C.stow_set_int(ref(img), c, C.int(v))
}

func setInts(img unsafe.Pointer, name string, v []int) {
	var mem memory
	defer mem.free()
	C.stow_set_ints(ref(img), mem.text(name), (*C.int)(list(&mem, int32s(v))), C.int(len(v)))
}

func setText(img unsafe.Pointer, name, v string) {
	var mem memory
	defer mem.free()
	C.stow_set_text(ref(img), mem.text(name), mem.text(v))
}

func setBlob(img unsafe.Pointer, name string, v []byte) {
	var mem memory
	defer mem.free()
	C.stow_set_blob(ref(img), mem.text(name), list(&mem, v), C.size_t(len(v)))
}

func remove(img unsafe.Pointer, name string) bool {
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return C.stow_remove(ref(img), c) == 0
}
