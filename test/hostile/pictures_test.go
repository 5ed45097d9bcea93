package hostile_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"
)

// encodeJPEG returns im as a JPEG, with segments behind its first marker.
func encodeJPEG(t *testing.T, im image.Image, segments ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(b.Bytes()[:2])
	for _, s := range segments {
		data = append(data, s...)
	}
	return append(data, b.Bytes()[2:]...)
}

func encodePNG(t *testing.T, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// segment returns a segment of a JPEG.
func segment(marker byte, data string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
}

// exif returns a segment that notes which side is up, and has a description.
func exif(orientation int, text string) []byte {
	text += "\x00"
	b := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x02")
	entry := func(tag, kind uint16, count, value uint32) {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, kind)
		b = binary.BigEndian.AppendUint32(b, count)
		b = binary.BigEndian.AppendUint32(b, value)
	}
	entry(0x010e, 2, uint32(len(text)), 8+2+2*12+4) // ImageDescription, an ASCII text
	entry(0x0112, 3, 1, uint32(orientation)<<16)    // Orientation, a SHORT
	return segment(0xe1, string(b)+"\x00\x00\x00\x00"+text)
}

// noted returns the orientation that a JPEG notes, or 1.
func noted(data []byte) int {
	at := bytes.Index(data, []byte("Exif\x00\x00"))
	if at < 0 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	tag := []byte{0x12, 0x01, 3, 0, 1, 0, 0, 0}
	if data[at+6] == 'M' {
		order, tag = binary.BigEndian, []byte{0x01, 0x12, 0, 3, 0, 0, 0, 1}
	}
	if entry := bytes.Index(data[at:], tag); entry >= 0 {
		return int(order.Uint16(data[at+entry+len(tag):]))
	}
	return 1
}

// show returns how an image is shown whose camera noted an orientation.
// Source: https://www.cipa.jp/std/documents/download_e.html?CIPA_DC-008-2024-E, Orientation
func show(im image.Image, orientation int) image.Image {
	b := im.Bounds()
	w, h := b.Dx(), b.Dy()
	if orientation >= 5 {
		b = image.Rect(0, 0, h, w)
	}
	shown := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			from := [...]image.Point{1: {x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y},
				{y, x}, {y, h - 1 - x}, {w - 1 - y, h - 1 - x}, {w - 1 - y, x}}[orientation]
			shown.Set(x, y, im.At(im.Bounds().Min.X+from.X, im.Bounds().Min.Y+from.Y))
		}
	}
	return shown
}

// quarters returns a picture in red, green, blue and, at the bottom right, white.
func quarters(w, h int) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			im.Set(x, y, []color.NRGBA{{220, 30, 30, 255}, {30, 220, 30, 255}, {30, 30, 220, 255}, {250, 250, 250, 255}}[x*2/w+y*2/h*2])
		}
	}
	return im
}

// noise returns a picture that takes time.
func noise(w, h int) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i+4 <= len(im.Pix); i += 4 {
		binary.LittleEndian.PutUint32(im.Pix[i:], r.Uint32()|0xff000000)
	}
	return im
}

// plain returns a picture of one colour.
func plain(w, h int, c color.Color) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		im.Set(i%w, i/w, c)
	}
	return im
}

// difference returns by how much two images of the same size differ, on average
// of all pixels and colours, from 0 to 255; images of other sizes by 255.
func difference(a, b image.Image) float64 {
	size := a.Bounds().Size()
	if b.Bounds().Size() != size {
		return 255
	}
	sum := 0.0
	for y := range size.Y {
		for x := range size.X {
			r, g, bl, al := a.At(a.Bounds().Min.X+x, a.Bounds().Min.Y+y).RGBA()
			r2, g2, bl2, al2 := b.At(b.Bounds().Min.X+x, b.Bounds().Min.Y+y).RGBA()
			for _, pair := range [][2]uint32{{r, r2}, {g, g2}, {bl, bl2}, {al, al2}} {
				sum += float64(max(pair[0], pair[1])-min(pair[0], pair[1])) / 257
			}
		}
	}
	return sum / float64(4*size.X*size.Y)
}
