package codec

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"

	"golang.org/x/image/bmp"

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
func decodeIcon(r *io.SectionReader) (image.Image, error) {
	var header struct{ Reserved, Type, Count uint16 }
	if err := binary.Read(r, binary.LittleEndian, &header); err != nil {
		return nil, err
	}
	icons := make([]icon, min(header.Count, maxIcons))
	if err := binary.Read(r, binary.LittleEndian, icons); err != nil {
		return nil, err
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
		return nil, fmt.Errorf("an icon of %d pictures, the largest of %d bytes: %w", len(icons), best.Size, fault.Invalid)
	}
	data := make([]byte, best.Size)
	if _, err := r.ReadAt(data, int64(best.Offset)); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		config, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if max(config.Width, config.Height) > maxIconSide {
			return nil, fmt.Errorf("an icon of %d by %d pixels: %w", config.Width, config.Height, fault.TooLarge)
		}
		return png.Decode(bytes.NewReader(data))
	}
	return decodeDIB(data)
}

// decodeDIB decodes a picture in an icon that is a BMP without a file header
// and with twice its height: below the colours comes a mask of bits, which are
// set where it is transparent.
func decodeDIB(data []byte) (image.Image, error) {
	const header = 40
	if len(data) < header || binary.LittleEndian.Uint32(data) != header {
		return nil, fmt.Errorf("unknown bitmap header: %w", fault.Invalid)
	}
	width := int(int32(binary.LittleEndian.Uint32(data[4:])))
	height := int(int32(binary.LittleEndian.Uint32(data[8:]))) / 2
	bits := int(binary.LittleEndian.Uint16(data[14:]))
	if width <= 0 || height <= 0 || max(width, height) > maxIconSide {
		return nil, fmt.Errorf("an icon of %d by %d pixels: %w", width, height, fault.Invalid)
	}
	colors := int(binary.LittleEndian.Uint32(data[32:]))
	if colors == 0 && bits <= 8 {
		colors = 1 << bits
	}
	const fileHeader = 14
	start := header + 4*min(colors, 256)
	file := append([]byte("BM"), make([]byte, fileHeader-2)...)
	binary.LittleEndian.PutUint32(file[2:], uint32(fileHeader+len(data)))
	binary.LittleEndian.PutUint32(file[10:], uint32(fileHeader+start))
	file = append(file, data...)
	binary.LittleEndian.PutUint32(file[fileHeader+8:], uint32(height))
	picture, err := bmp.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Bounds(), picture, image.Point{}, draw.Src)
	pixels, stride := rows(data, start, width, height, bits)
	if bits == 32 {
		// The fourth byte is opacity, unless it is 0 everywhere.
		seen := false
		for y := range height {
			for x := range width {
				a := pixels[(height-1-y)*stride+4*x+3]
				out.Pix[out.PixOffset(x, y)+3] = a
				seen = seen || a > 0
			}
		}
		if seen {
			return out, nil
		}
	}
	mask, stride := rows(data, start+stride*height, width, height, 1)
	for y := range height {
		for x := range width {
			c := out.NRGBAAt(x, y)
			c.A = 255
			if mask != nil && mask[(height-1-y)*stride+x/8]&(0x80>>(x%8)) != 0 {
				c = color.NRGBA{}
			}
			out.SetNRGBA(x, y, c)
		}
	}
	return out, nil
}

// rows returns the part of a bitmap that holds rows of so many bits a pixel,
// each of which fills words of 32 bits, and nil if there is less.
func rows(data []byte, start, width, height, bits int) (part []byte, stride int) {
	stride = (width*bits + 31) / 32 * 4
	if start+stride*height > len(data) {
		return nil, stride
	}
	return data[start : start+stride*height], stride
}
