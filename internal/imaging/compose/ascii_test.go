package compose

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stowgate/stowgate/internal/transform"
)

// parse reads a document strictly, and returns the text of its pre element and
// the style of each character in it.
func parse(t *testing.T, doc []byte) (lines []string, colours []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(string(doc), "<!DOCTYPE html>")))
	var path []string
	var text strings.Builder
	style := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v in %.300s", err, doc)
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			style = ""
			if token.Name.Local == "span" {
				style = token.Attr[0].Value
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			style = ""
		case xml.CharData:
			if strings.HasPrefix(strings.Join(path, " "), "html body pre") {
				text.Write(token)
				for range utf8.RuneCount(token) {
					colours = append(colours, style)
				}
			}
		}
	}
	if !strings.HasPrefix(string(doc), "<!DOCTYPE html>") || !strings.Contains(string(doc), "<title>") {
		t.Errorf("no whole document: %.200s", doc)
	}
	return strings.Split(strings.TrimRight(strings.TrimPrefix(text.String(), "\n"), "\n"), "\n"), colours
}

func TestASCII(t *testing.T) {
	s := open(t)
	letters := transform.Letters{Background: transform.White, Foreground: transform.Black, Size: 100}
	ramped := draw(400, 100, func(x, _ int) []byte { return []byte{byte(x * 255 / 399)} })
	doc, err := ASCII(s, ramped.image(t, s), letters)
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := parse(t, doc)
	if len(lines) != 25 || len(lines[0]) != 200 {
		t.Fatalf("%d lines of %d characters, want 25 of 200", len(lines), len(lines[0]))
	}
	for i := 1; i < 200; i++ {
		if strings.IndexByte(ramp, lines[12][i]) < strings.IndexByte(ramp, lines[12][i-1]) {
			t.Fatalf("the line is not from dark to bright: %q", lines[12])
		}
	}
	if lines[0][0] != ramp[0] || lines[0][199] != ' ' {
		t.Errorf("the line goes from %q to %q", lines[0][0], lines[0][199])
	}
	for _, want := range []string{"background: rgba(255,255,255,1.000)", "color: rgba(0,0,0,1.000)"} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("%q is missing in %.300s", want, doc)
		}
	}

	t.Run("reversed", func(t *testing.T) {
		letters := letters
		letters.Reverse = true
		doc, err := ASCII(s, ramped.image(t, s), letters)
		if err != nil {
			t.Fatal(err)
		}
		if lines, _ := parse(t, doc); lines[0][0] != ' ' || lines[0][199] != ramp[0] {
			t.Errorf("the line goes from %q to %q", lines[0][0], lines[0][199])
		}
	})
	t.Run("coloured", func(t *testing.T) {
		letters := letters
		letters.Colored = true
		halves := draw(100, 50, func(x, _ int) []byte {
			if x < 50 {
				return []byte{255, 0, 0}
			}
			return []byte{0, 0, 255}
		})
		doc, err := ASCII(s, halves.image(t, s), letters)
		if err != nil {
			t.Fatal(err)
		}
		lines, colours := parse(t, doc)
		if len(lines) != 25 || len(lines[0]) != 100 {
			t.Fatalf("%d lines of %d characters", len(lines), len(lines[0]))
		}
		colours = colours[1:] // of the line break after <pre>
		if colours[10] != "color:#f00" || colours[90] != "color:#00f" {
			t.Errorf("colours %q and %q", colours[10], colours[90])
		}
	})
	t.Run("transparent", func(t *testing.T) {
		doc, err := ASCII(s, flat(40, 40, 0, 0, 0, 0).image(t, s), letters)
		if err != nil {
			t.Fatal(err)
		}
		if lines, _ := parse(t, doc); strings.TrimSpace(strings.Join(lines, "")) != "" {
			t.Errorf("ink where the white background shows: %q", lines)
		}
	})
	t.Run("the first frame", func(t *testing.T) {
		doc, err := ASCII(s, draw(40, 80, func(_, y int) []byte { return []byte{byte(y / 40 * 255)} }).frames(t, s, 40), letters)
		if err != nil {
			t.Fatal(err)
		}
		if lines, _ := parse(t, doc); len(lines) != 20 || lines[19] != strings.Repeat("@", 40) {
			t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
		}
	})
}

func TestASCIIGrid(t *testing.T) {
	for _, tt := range []struct{ w, h, share, columns, lines int }{
		{400, 200, 100, 200, 50},
		{4000, 2000, 100, 200, 50},
		{4000, 2000, 50, 100, 25},
		{4000, 2000, 10, 20, 5},
		{100, 50, 100, 100, 25},
		{15, 10, 100, 15, 5},
		{1, 1, 10, 1, 1},
		{16_384, 1, 100, 200, 1},
		{1000, 2000, 100, 200, 200},
		{1000, 4000, 100, 141, 283},
		{1, 16_384, 100, 1, 8192},
		{10, 100_000, 100, 2, 14142},
	} {
		columns, lines := grid(tt.w, tt.h, tt.share)
		if columns != tt.columns || lines != tt.lines {
			t.Errorf("grid(%d, %d, %d) = %d, %d, want %d, %d", tt.w, tt.h, tt.share, columns, lines, tt.columns, tt.lines)
		}
		if columns*lines > maxCells || columns > maxColumns {
			t.Errorf("grid(%d, %d, %d) has %d characters", tt.w, tt.h, tt.share, columns*lines)
		}
	}
}
