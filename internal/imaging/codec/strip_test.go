package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

// planted is data with metadata of each type, and the types.
func planted(t testing.TB) map[string][]byte {
	t.Helper()
	encode := func(write func(io.Writer) error) []byte {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	img := gradient(40, 30)
	j := encode(func(w io.Writer) error { return jpeg.Encode(w, img, nil) })
	p := encode(func(w io.Writer) error { return png.Encode(w, img) })
	g := encode(func(w io.Writer) error { return gif.Encode(w, img, nil) })
	webp := "WEBPVP8X\x0a\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00EXIF\x07\x00\x00\x00PLANTED\x00VP8L\x02\x00\x00\x00\x2f\x00"
	return map[string][]byte{
		"image/jpeg": append(append([]byte("\xff\xd8\xff\xfe\x00\x09PLANTED\xff\xe1\x00\x09PLANTED"), j[2:]...), "PLANTED"...),
		"image/png":  append(append(append([]byte{}, p[:33]...), "\x00\x00\x00\x07tEXtPLANTED\x00\x00\x00\x00"...), append(p[33:len(p):len(p)], "PLANTED"...)...),
		"image/gif":  append(append(append([]byte{}, g[:len(g)-1]...), "\x21\xfe\x07PLANTED\x00\x21\xff\x0bXMP DataXMP\x07PLANTED\x00;"...), "PLANTED"...),
		"image/webp": append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(webp))), webp...),
	}
}

// What is dropped is metadata only.
func TestStrip(t *testing.T) {
	for kind, data := range planted(t) {
		var out bytes.Buffer
		n, err := Strip(&out, section(data), kind, 1)
		if err != nil || n != int64(out.Len()) || bytes.Contains(out.Bytes(), []byte("PLANTED")) {
			t.Errorf("%s: %d bytes became %d, %d told, %v: %q", kind, len(data), out.Len(), n, err, out.Bytes()[:40])
		}
		switch kind {
		case "image/jpeg":
			_, err = jpeg.Decode(&out)
		case "image/png":
			_, err = png.Decode(&out)
		case "image/gif":
			_, err = gif.Decode(&out)
		case "image/webp":
			if b := out.Bytes(); len(b) != 12+18+10 || binary.LittleEndian.Uint32(b[4:]) != uint32(len(b)-8) || b[20] != 0 {
				t.Errorf("%s became %q", kind, b)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if _, err := Strip(io.Discard, section(data[:len(data)/2]), kind, 1); !errors.Is(err, fault.Invalid) {
			t.Errorf("half of %s: %v, want invalid", kind, err)
		}
		if _, err := Strip(io.Discard, section(data), kind, 6); kind != "image/jpeg" && !errors.Is(err, fault.Unsupported) {
			t.Errorf("%s on its side: %v, want unsupported", kind, err)
		}
	}
	if _, err := Strip(io.Discard, section(nil), "image/tiff", 1); !errors.Is(err, fault.Unsupported) {
		t.Errorf("a TIFF: %v, want unsupported", err)
	}
}

// FuzzStrip holds that any bytes end in an error or in no more bytes than went in.
func FuzzStrip(f *testing.F) {
	for kind, data := range planted(f) {
		f.Add(kind, data)
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		n, err := Strip(io.Discard, section(data), kind, 1)
		if err == nil && n > int64(len(data)) {
			t.Errorf("%d bytes of %s became %d", len(data), kind, n)
		}
	})
}
