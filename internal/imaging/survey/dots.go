package survey

import (
	"encoding/binary"
	"io"
	"math"
)

// maxParts is how many parts of a file are looked at before its pixels.
const maxParts = 200

// dots returns how many dots make an inch, across and down, or nil if the file
// does not say.
func (s Source) dots(tags map[string]any) *[2]int {
	r := io.NewSectionReader(s.File, 0, math.MaxInt64)
	var across, down float64 // of a metre
	switch s.Type {
	case "image/jpeg":
		across, down = jfif(r)
	case "image/png", "image/apng":
		across, down = physical(r)
	case "image/bmp":
		var b [8]byte
		if _, err := r.ReadAt(b[:], 38); err == nil {
			across, down = float64(int32(binary.LittleEndian.Uint32(b[:]))), float64(int32(binary.LittleEndian.Uint32(b[4:])))
		}
	}
	dpi := [2]int{inch(across), inch(down)}
	if dpi[0] < 1 || dpi[1] < 1 {
		dpi = byTags(tags)
	}
	if dpi[0] < 1 || dpi[1] < 1 {
		return nil
	}
	return &dpi
}

const metre = 1 / 0.0254 // in inches

// inch returns dots of an inch from those of a metre.
func inch(v float64) int {
	if !(v > 0 && v < 1e9) {
		return 0
	}
	return int(math.Round(v / metre))
}

// byTags returns what EXIF says: dots of an inch unless those of a centimetre
// are meant.
func byTags(tags map[string]any) (dpi [2]int) {
	unit := metre
	if n, ok := tags["ResolutionUnit"].(uint16); ok && n == 3 {
		unit = 100
	}
	for i, name := range []string{"XResolution", "YResolution"} {
		v, _ := tags[name].(float64)
		dpi[i] = inch(v * unit)
	}
	return dpi
}

// jfif returns the density that the first part of a JPEG says.
// Source: https://www.w3.org/Graphics/JPEG/jfif3.pdf
func jfif(r io.ReaderAt) (across, down float64) {
	at := int64(2)
	for range maxParts {
		var b [16]byte
		if n, _ := r.ReadAt(b[:], at); n < len(b) || b[0] != 0xff || b[1] == 0xda {
			return 0, 0
		}
		if b[1] == 0xe0 && string(b[4:9]) == "JFIF\x00" {
			unit := map[byte]float64{1: metre, 2: 100}[b[11]]
			return unit * float64(binary.BigEndian.Uint16(b[12:])), unit * float64(binary.BigEndian.Uint16(b[14:]))
		}
		at += 2 + int64(binary.BigEndian.Uint16(b[2:]))
	}
	return 0, 0
}

// physical returns the density that a PNG says before its pixels.
// Source: https://www.w3.org/TR/png-3/#11pHYs
func physical(r io.ReaderAt) (across, down float64) {
	at := int64(8)
	for range maxParts {
		var b [17]byte
		if n, _ := r.ReadAt(b[:], at); n < 8 || string(b[4:8]) == "IDAT" {
			return 0, 0
		}
		if string(b[4:8]) == "pHYs" {
			if b[16] != 1 {
				return 0, 0 // a ratio only
			}
			return float64(binary.BigEndian.Uint32(b[8:])), float64(binary.BigEndian.Uint32(b[12:]))
		}
		at += 12 + int64(binary.BigEndian.Uint32(b[:]))
	}
	return 0, 0
}
