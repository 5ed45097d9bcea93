package codec

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/stowgate/stowgate/internal/fault"
)

// The limits of a drawing in SVG.
const (
	maxDrawing  = 10 << 20 // bytes
	maxElements = 100_000
	maxDepth    = 200
	maxBlur     = 1000 // units of the drawing
)

// CheckDrawing refuses an SVG image that is over a limit, that is not well
// formed, and that declares entities. What remains is drawn without reading
// anything else.
func CheckDrawing(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() > maxDrawing {
		return fmt.Errorf("a drawing of %d bytes, more than %d: %w", info.Size(), maxDrawing, fault.TooLarge)
	}
	d := xml.NewDecoder(io.NewSectionReader(file, 0, maxDrawing))
	d.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(r), nil
	}
	elements, depth := 0, 0
	used := newUses()
	for {
		token, err := d.RawToken()
		switch token := token.(type) {
		case xml.StartElement:
			elements, depth = elements+1, depth+1
			used.start(token)
			if blurs(token, maxBlur) {
				return fmt.Errorf("a blur of more than %d in a drawing: %w", maxBlur, fault.TooLarge)
			}
		case xml.EndElement:
			depth--
			used.end()
		case xml.Directive:
			// The usual one only names the public DTD. One with an internal
			// part, in brackets, can declare entities.
			if bytes.ContainsAny(token, "[%") {
				return fmt.Errorf("the drawing declares entities: %w", fault.Invalid)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if used.drawn(used.open[0]) > maxDrawn {
				return fmt.Errorf("more than %d elements to draw: %w", maxDrawn, fault.TooLarge)
			}
			return nil
		case err != nil:
			return fmt.Errorf("read the drawing: %w: %w", fault.Invalid, err)
		case elements > maxElements:
			return fmt.Errorf("more than %d elements in a drawing: %w", maxElements, fault.TooLarge)
		case depth > maxDepth:
			return fmt.Errorf("elements in a drawing deeper than %d: %w", maxDepth, fault.TooLarge)
		}
	}
}

// WriteDrawing writes a drawing that shows a PNG of so many pixels.
func WriteDrawing(w io.Writer, picture []byte, width, height int) error {
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`+
		`<image width="%[1]d" height="%[2]d" href="data:image/png;base64,`, width, height)
	if err != nil {
		return err
	}
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := encoder.Write(picture); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `"/></svg>`)
	return err
}

// blurs reports whether an element blurs by more than most, or by what is no
// number.
func blurs(t xml.StartElement, most float64) bool {
	for _, a := range t.Attr {
		if a.Name.Local != "stdDeviation" {
			continue
		}
		for _, text := range strings.FieldsFunc(a.Value, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }) {
			if n, err := strconv.ParseFloat(text, 64); err != nil || n > most {
				return true
			}
		}
	}
	return false
}
