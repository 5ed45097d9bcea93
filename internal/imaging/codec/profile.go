package codec

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// IsSRGB reports whether an ICC profile calls itself sRGB.
func IsSRGB(profile []byte) bool {
	return strings.HasPrefix(describe(profile), "sRGB") || describe(profile) == "c2"
}

// describe returns the description of an ICC profile, or "".
// Source: https://www.color.org/specification/ICC1v43_2010-12.pdf, 7.3 and 10.13
func describe(profile []byte) string {
	const header, entry = 128, 12
	at := func(p []byte, from, n int) []byte {
		if from < 0 || n < 0 || from > len(p) || n > len(p)-from {
			return nil
		}
		return p[from : from+n]
	}
	number := func(p []byte) int {
		if len(p) < 4 {
			return -1
		}
		return int(binary.BigEndian.Uint32(p))
	}
	for i := range min(number(at(profile, header, 4)), 100) {
		tag := at(profile, header+4+i*entry, entry)
		if !bytes.HasPrefix(tag, []byte("desc")) {
			continue
		}
		value := at(profile, number(tag[4:]), number(tag[8:]))
		switch {
		case bytes.HasPrefix(value, []byte("desc")): // version 2
			return strings.TrimRight(string(at(value, 12, number(at(value, 8, 4)))), "\x00")
		case bytes.HasPrefix(value, []byte("mluc")): // version 4: the first of its languages
			text := at(value, number(at(value, 24, 4)), number(at(value, 20, 4)))
			units := make([]uint16, len(text)/2)
			for i := range units {
				units[i] = binary.BigEndian.Uint16(text[2*i:])
			}
			return string(utf16.Decode(units))
		}
	}
	return ""
}
