package imaging

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
	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/transform"
)

// The limits of icons.
const (
	maxIcons    = 256     // pictures in a file; more are not looked at
	maxIconSize = 4 << 20 // bytes of a picture
	maxIconSide = 1024    // pixels
)

// openBitmap decodes a BMP or ICO, which the library does not read.
func (j *job) openBitmap(in *input) error {
	file := io.NewSectionReader(in.File, 0, 1<<62)
	var picture image.Image
	var err error
	if in.Type == "image/bmp" {
		if err := j.bound(in.Input); err != nil {
			return err
		}
		picture, err = bmp.Decode(file)
	} else {
		picture, err = decodeIcon(file)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", fault.Invalid, err)
	}
	bounds := picture.Bounds()
	in.header.Width, in.header.Height, in.header.Frames = bounds.Dx(), bounds.Dy(), 1
	pixels, bands := straight(picture)
	if in.image, err = j.scope.NewFromMemory(pixels, bounds.Dx(), bounds.Dy(), bands); err != nil {
		return err
	}
	in.image, err = j.scope.Call("copy", vips.Args{"in": in.image, "interpretation": "srgb"})
	return err
}

// straight returns the pixels of an image in RGB or, unless it is opaque, RGBA
// that is not premultiplied.
func straight(img image.Image) (pixels []byte, bands int) {
	b := img.Bounds()
	flat, ok := img.(*image.NRGBA)
	if !ok || flat.Stride != 4*b.Dx() {
		flat = image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(flat, flat.Bounds(), img, b.Min, draw.Src)
	}
	if !flat.Opaque() {
		return flat.Pix, 4
	}
	pixels = flat.Pix[:0]
	for i := 0; i < len(flat.Pix); i += 4 {
		pixels = append(pixels, flat.Pix[i:i+3]...)
	}
	return pixels, 3
}

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
	if inspect.Detect(data) == "image/png" {
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

// saveBMP writes the image, which is opaque, as 24 bits a pixel.
// Source: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
func (j *job) saveBMP() error {
	const header = 14 + 40
	if err := j.inColour(transform.Color{R: 1, A: 255}); err != nil {
		return err
	}
	width, height := j.image.Width(), j.image.Height()
	pixels, err := j.image.ToMemory()
	if err != nil {
		return err
	}
	stride := (3*width + 3) / 4 * 4
	b := make([]byte, 0, header)
	b = append(b, "BM"...)
	for _, v := range []uint32{uint32(header + stride*height), 0, header, 40, uint32(width), uint32(height), 1 | 24<<16, 0,
		uint32(stride * height), 2835, 2835, 0, 0} { // 72 dots per inch
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	if _, err := j.out.Write(b); err != nil {
		return err
	}
	row := make([]byte, stride)
	for y := height - 1; y >= 0; y-- {
		for x := range width {
			p := pixels[3*(y*width+x):]
			row[3*x], row[3*x+1], row[3*x+2] = p[2], p[1], p[0]
		}
		if _, err := j.out.Write(row); err != nil {
			return err
		}
	}
	return nil
}

// saveICO writes the image as an icon of one picture, which is a PNG. The image
// has at most 256 pixels on a side.
func (j *job) saveICO() error {
	if _, err := j.out.Write(make([]byte, iconHeader+iconEntry)); err != nil {
		return err
	}
	if err := j.scope.Save("pngsave_target", j.image, j.out, vips.Args{"keep": "none"}); err != nil {
		return err
	}
	size, err := j.out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	err = binary.Write(&b, binary.LittleEndian, struct {
		Reserved, Type, Count uint16
		icon
	}{0, 1, 1, icon{Width: uint8(j.image.Width()), Height: uint8(j.image.Height()), Planes: 1, Bits: 32,
		Size: uint32(size - iconHeader - iconEntry), Offset: iconHeader + iconEntry}})
	if err != nil {
		return err
	}
	_, err = j.out.WriteAt(b.Bytes(), 0)
	return err
}
