package imaging

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"github.com/stowgate/stowgate/internal/imaging/vips"
)

// manage brings the image to what effects work on and most formats hold: sRGB
// or grey of 8 bits, with or without opacity.
func (j *job) manage() error {
	if j.managed {
		return nil
	}
	j.profile, j.source = j.image.Blob(vips.ProfileField), j.image.Interpretation()
	image, err := j.plainBands(j.image)
	if err != nil {
		return err
	}
	grey := isOneOf(j.source, "b-w", "grey16")
	fallback := "srgb"
	if j.source == "cmyk" {
		fallback = "cmyk"
	}
	if j.source == "cmyk" || j.profile != nil && !isSRGB(j.profile) {
		converted, err := j.scope.Call("icc_transform", vips.Args{"in": image, "output_profile": "srgb",
			"embedded": true, "input_profile": fallback, "intent": "relative", "black_point_compensation": true, "depth": 8})
		if err == nil {
			image = converted
		} // a profile that does not fit the image is as good as none
	}
	space := "srgb"
	if grey {
		space = "b-w"
	}
	if image.Interpretation() != space {
		if image, err = j.scope.Call("colourspace", vips.Args{"in": image, "space": space}); err != nil {
			return err
		}
	}
	if image.Format() != "uchar" {
		if image, err = j.scope.Call("cast", vips.Args{"in": image, "format": "uchar"}); err != nil {
			return err
		}
	}
	if j.profile != nil {
		if image, err = image.Copy(); err != nil {
			return err
		}
		image.Remove(vips.ProfileField)
	}
	j.image, j.managed = image, true
	return nil
}

// plainBands drops bands beyond colour and opacity, which some TIFF files have.
func (j *job) plainBands(image *vips.Image) (*vips.Image, error) {
	most := 4
	switch image.Interpretation() {
	case "cmyk":
		most = 5
	case "b-w", "grey16":
		most = 2
	}
	if image.Bands() <= most {
		return image, nil
	}
	return j.scope.Call("extract_band", vips.Args{"in": image, "band": 0, "n": most})
}

// restore undoes manage as far as it can be undone, for an output in the colour
// space of the input.
func (j *job) restore() error {
	if !j.managed || j.profile == nil || isOneOf(j.source, "b-w", "grey16") {
		return nil
	}
	lab, err := j.scope.Call("icc_import", vips.Args{"in": j.image, "input_profile": "srgb", "pcs": "lab"})
	if err != nil {
		return err
	}
	if lab, err = lab.Copy(); err != nil {
		return err
	}
	lab.Set(vips.ProfileField, j.profile)
	back, err := j.scope.Call("icc_export", vips.Args{"in": lab, "pcs": "lab", "depth": 8})
	if err != nil {
		return nil // a profile that does not fit the image was not used before either
	}
	j.image = back
	return nil
}

// toCMYK separates the image for print.
func (j *job) toCMYK() (err error) {
	j.image, err = j.scope.Call("icc_transform", vips.Args{"in": j.image, "output_profile": "cmyk",
		"input_profile": "srgb", "embedded": false, "intent": "relative", "depth": 8})
	return err
}

// isSRGB reports whether an ICC profile calls itself sRGB.
func isSRGB(profile []byte) bool {
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
