package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"

	"github.com/stowgate/stowgate/internal/fault"
)

// The limits of icons.
const (
	maxIcons    = 256     // pictures in a file; more are not looked at
	maxIconSize = 4 << 20 // bytes of a picture
	maxIconSide = 1024    // pixels
)

// An icon is one of the pictures in an ICO file.
// Source: https://learn.microsoft.com/previous-versions/ms997538(v=msdn.10)
type icon struct {
	Width, Height, Colors, _ uint8 // 0 means 256
	Planes, Bits             uint16
	Size, Offset             uint32
}

const (
	iconHeader = 6  // bytes before the table of pictures
	iconEntry  = 16 // bytes of each entry
)

// IconStart is where the picture stands in an ICO file of one picture, in bytes.
const IconStart = iconHeader + iconEntry

// IconSide is how many pixels a side of an icon has at most.
const IconSide = 256

// IconHeader returns what stands before the PNG in an ICO file of one picture,
// which has width by height pixels and size bytes.
func IconHeader(width, height int, size int64) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, struct { // into memory
		Reserved, Type, Count uint16
		icon
	}{0, 1, 1, icon{Width: uint8(width), Height: uint8(height), Planes: 1, Bits: 32, Size: uint32(size), Offset: IconStart}})
	return b.Bytes()
}

// decodeIcon decodes the largest picture of an ICO file, the one with the most
// colours of those that are equally large.
func decodeIcon(r *io.SectionReader) (p Pixels, err error) {
	var header struct{ Reserved, Type, Count uint16 }
	if err := binary.Read(r, binary.LittleEndian, &header); err != nil {
		return p, err
	}
	icons := make([]icon, min(header.Count, maxIcons))
	if err := binary.Read(r, binary.LittleEndian, icons); err != nil {
		return p, err
	}
	side := func(b uint8) int { return int(b-1) + 1 }
	var best icon
	most := 0
	for _, i := range icons {
		if rank := side(i.Width)*side(i.Height)*64 + int(min(i.Bits, 32)); rank > most {
			best, most = i, rank
		}
	}
	if most == 0 || best.Size > maxIconSize {
		return p, fmt.Errorf("an icon of %d pictures, the largest of %d bytes: %w", len(icons), best.Size, fault.Invalid)
	}
	data := make([]byte, best.Size)
	if _, err := r.ReadAt(data, int64(best.Offset)); err != nil {
		return p, err
	}
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		config, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return p, err
		}
		if max(config.Width, config.Height) > maxIconSide {
			return p, fmt.Errorf("an icon of %d by %d pixels: %w", config.Width, config.Height, fault.TooLarge)
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			return p, err
		}
		return straight(picture), nil
	}
	return decodeDIB(data)
}

// straight returns the pixels of an image in RGB or, unless it is opaque, RGBA
// that is not premultiplied.
func straight(img image.Image) Pixels {
	b := img.Bounds()
	flat, ok := img.(*image.NRGBA)
	if !ok || flat.Stride != 4*b.Dx() {
		flat = image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(flat, flat.Bounds(), img, b.Min, draw.Src)
	}
	if !flat.Opaque() {
		return Pixels{b.Dx(), b.Dy(), 4, flat.Pix}
	}
	pixels := flat.Pix[:0]
	for i := 0; i < len(flat.Pix); i += 4 {
		pixels = append(pixels, flat.Pix[i:i+3]...)
	}
	return Pixels{b.Dx(), b.Dy(), 3, pixels}
}

// decodeDIB decodes a picture in an icon that is a BMP without a file header
// and with twice its height: below the colours comes a mask of bits, which are
// set where it is transparent.
func decodeDIB(data []byte) (p Pixels, err error) {
	b, err := readHeader(data, 0)
	if err != nil {
		return p, err
	}
	b.height /= 2
	if b.width <= 0 || b.height <= 0 || max(b.width, b.height) > maxIconSide || b.compression != plain {
		return p, fmt.Errorf("an icon of %d by %d pixels: %w", b.width, b.height, fault.Invalid)
	}
	if b.bits == 32 {
		b.masks[3] = 0xff000000
	}
	if p, err = b.decode(bytes.NewReader(data[b.start:])); err != nil {
		return p, err
	}
	if p.Bands == 4 {
		for i := 3; i < len(p.Bytes); i += 4 {
			if p.Bytes[i] != 0 {
				return p, nil // the fourth byte is opacity, unless it is 0 everywhere
			}
		}
	}
	out := Pixels{p.Width, p.Height, 4, make([]byte, 4*p.Width*p.Height)}
	mask, stride := data[min(b.start+b.stride()*b.height, len(data)):], (b.width+31)/32*4
	for y := range b.height {
		for x := range b.width {
			to := out.Bytes[4*(y*b.width+x):]
			if bit := (b.height-1-y)*stride + x/8; bit < len(mask) && mask[bit]&(0x80>>(x%8)) != 0 {
				continue
			}
			copy(to[:3], p.Bytes[p.Bands*(y*b.width+x):])
			to[3] = 255
		}
	}
	return out, nil
}
