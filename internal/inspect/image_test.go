package inspect

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
)

// encoded returns what encode makes of a picture of 7 by 5 pixels.
func encoded(t testing.TB, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := encode(&buf, image.NewPaletted(image.Rect(0, 0, 7, 5), palette.Plan9)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func jpegOf(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }
func gifOf(w io.Writer, m image.Image) error  { return gif.Encode(w, m, nil) }

// bmpOf returns the header of a BMP of 7 pixels by height.
func bmpOf(size uint32, height int32) []byte {
	b := append([]byte("BM"), make([]byte, 12)...)
	b = binary.LittleEndian.AppendUint32(b, size)
	if size == 12 {
		b = binary.LittleEndian.AppendUint16(b, 7)
		return append(binary.LittleEndian.AppendUint16(b, uint16(height)), 1, 0, 24, 0)
	}
	b = binary.LittleEndian.AppendUint32(b, 7)
	b = binary.LittleEndian.AppendUint32(b, uint32(height))
	return append(b, make([]byte, size-12)...)
}

// tiffOf returns a TIFF of 7 by 5 pixels whose directory is at offset.
func tiffOf(offset uint32) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("II*\x00"), offset)
	b = append(b, make([]byte, offset-8)...)
	b = append(b, 2, 0)
	for _, tag := range [][2]uint16{{256, 7}, {257, 5}} {
		b = binary.LittleEndian.AppendUint16(b, tag[0])
		b = append(b, 3, 0, 1, 0, 0, 0)
		b = binary.LittleEndian.AppendUint16(b, tag[1])
		b = append(b, 0, 0)
	}
	return append(b, 0, 0, 0, 0)
}

const webpOf = "RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x04\x00\x00"

func TestDimensions(t *testing.T) {
	for _, tt := range []struct {
		name, mediaType string
		data            []byte
		want            error // nil: 7 by 5 pixels
	}{
		{"JPEG", "image/jpeg", encoded(t, jpegOf), nil},
		{"PNG", "image/png", encoded(t, png.Encode), nil},
		{"APNG", "image/apng", encoded(t, png.Encode), nil},
		{"GIF", "image/gif", encoded(t, gifOf), nil},
		{"WebP", "image/webp", []byte(webpOf), nil},
		{"TIFF", "image/tiff", tiffOf(8), nil},
		{"TIFF, directory at the end", "image/tiff", tiffOf(3 * maxHeader), nil},
		{"BMP", "image/bmp", bmpOf(40, 5), nil},
		{"BMP from the top", "image/bmp", bmpOf(124, -5), nil},
		{"BMP of OS/2", "image/bmp", bmpOf(12, 5), nil},
		{"BMP without rows", "image/bmp", bmpOf(40, 0), fault.Invalid},
		{"BMP with a strange header", "image/bmp", bmpOf(128, 5), fault.Invalid},
		{"BMP, lowest height", "image/bmp", bmpOf(40, -1<<31), fault.Invalid},
		{"empty", "image/png", nil, fault.Invalid},
		{"cut", "image/png", encoded(t, png.Encode)[:20], fault.Invalid},
		{"other type", "image/png", encoded(t, gifOf), fault.Invalid},
		{"no picture", "text/plain", []byte("hello"), fault.Unsupported},
		{"SVG", "image/svg+xml", []byte("<svg/>"), fault.Unsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			width, height, err := Dimensions(tt.mediaType, bytes.NewReader(tt.data))
			if !errors.Is(err, tt.want) || tt.want != nil && fault.Of(err) != tt.want {
				t.Fatalf("Dimensions error = %v, want %v", err, tt.want)
			}
			if err == nil && (width != 7 || height != 5) {
				t.Errorf("Dimensions = %d, %d, want 7, 5", width, height)
			}
		})
	}
}

// A header may end at the limit, and not after it.
func TestDimensionsLimit(t *testing.T) {
	whole := encoded(t, jpegOf)
	frame := bytes.Index(whole, []byte{0xff, 0xc0})
	frameLen := 2 + int(binary.BigEndian.Uint16(whole[frame+2:]))
	app := []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00") // spares looking on for a colour space
	for _, tt := range []struct {
		end  int
		want error
	}{{maxHeader - 1, nil}, {maxHeader, nil}, {maxHeader + 1, fault.TooLarge}} {
		data := slices.Clone(app)
		for room := tt.end - frameLen - len(data); room > 0; room = tt.end - frameLen - len(data) {
			n := min(room-2, 60_000)
			if left := room - 2 - n; left > 0 && left < 4 {
				n -= 4
			}
			data = append(data, 0xff, 0xfe)
			data = binary.BigEndian.AppendUint16(data, uint16(n))
			data = append(data, make([]byte, n-2)...)
		}
		data = append(data, whole[frame:]...)
		_, _, err := Dimensions("image/jpeg", bytes.NewReader(data))
		if !errors.Is(err, tt.want) {
			t.Errorf("Dimensions of a header of %d bytes: error = %v, want %v", tt.end, err, tt.want)
		}
	}
}

func TestBoundedReader(t *testing.T) {
	const limit = 10 * readCost
	for _, tt := range []struct {
		name       string
		size, most int // of the file, of one read
		want       error
	}{
		{"one below the limit", limit - 1, limit, nil},
		{"one over", limit + 1, limit, fault.TooLarge},
		{"few small reads", 9, 1, nil}, // and one that finds the end
		{"many small reads", 10, 1, fault.TooLarge},
	} {
		r := &boundedReader{ReadSeeker: bytes.NewReader(make([]byte, tt.size)), left: limit}
		_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, tt.most))
		if !errors.Is(err, tt.want) || !errors.Is(r.err, tt.want) {
			t.Errorf("%s: error = %v, kept %v, want %v", tt.name, err, r.err, tt.want)
		}
	}
	r := &boundedReader{ReadSeeker: bytes.NewReader(make([]byte, limit)), left: limit}
	if n, err := io.ReadFull(r, make([]byte, limit)); err != nil {
		t.Errorf("at the limit: read %d, %v", n, err)
	}
}

var errLost = errors.New("lost")

func TestReaderFails(t *testing.T) {
	src := struct {
		io.Reader
		io.Seeker
	}{iotest.ErrReader(errLost), bytes.NewReader(nil)}
	for mediaType := range headers {
		if _, _, err := Dimensions(mediaType, src); !errors.Is(err, errLost) || errors.Is(err, fault.Invalid) {
			t.Errorf("Dimensions of %s error = %v, want %v", mediaType, err, errLost)
		}
	}
	if _, err := EXIF(src); !errors.Is(err, errLost) || errors.Is(err, fault.Invalid) {
		t.Errorf("EXIF error = %v, want %v", err, errLost)
	}
}

// A counter counts what is read.
type counter struct {
	io.ReadSeeker
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.ReadSeeker.Read(p)
	c.n += n
	return n, err
}

// checkImage reports what Dimensions and EXIF promise of any bytes at all.
func checkImage(t *testing.T, name, mediaType string, data []byte) {
	t.Helper()
	src := &counter{ReadSeeker: bytes.NewReader(data)}
	width, height, err := Dimensions(mediaType, src)
	switch {
	case err == nil && (width <= 0 || height <= 0):
		t.Errorf("Dimensions of %s = %d, %d", name, width, height)
	case err != nil && (width != 0 || height != 0 || fault.Of(err) == fault.Internal):
		t.Errorf("Dimensions of %s = %d, %d, %v", name, width, height, err)
	case src.n > maxHeader:
		t.Errorf("Dimensions of %s read %d bytes", name, src.n)
	}
	src = &counter{ReadSeeker: bytes.NewReader(data)}
	tags, err := EXIF(src)
	if err != nil && (tags != nil || fault.Of(err) == fault.Internal) {
		t.Errorf("EXIF of %s = %v, %v", name, tags, err)
	}
	if _, err := json.Marshal(tags); err != nil {
		t.Errorf("EXIF of %s is no JSON: %v", name, err)
	}
	if len(tags) > maxEXIFTags || src.n > maxEXIFRead+HeadLen {
		t.Errorf("EXIF of %s has %d tags after %d bytes", name, len(tags), src.n)
	}
}

func TestF3HostileImages(t *testing.T) {
	const mostMemory = 8 << 20 // bytes to allocate for one image
	for _, folder := range []string{"image-bombs", "image-edge", "jpeg-fuzz", "png-fuzz", "png-suite", "png-artificial",
		"gif-fuzz", "gif-artificial", "webp-fuzz", "webp-valid", "tiff-fuzz", "tiff-valid", "bmp-ico", "avif",
		"exif-orientation", "metadata-probes", "decoder-probes", "polyglots"} {
		t.Run(folder, func(t *testing.T) {
			for name, data := range files(t, corpora.Dir(t, folder)) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				checkImage(t, name, Detect(data), data)
				runtime.ReadMemStats(&after)
				if used := after.TotalAlloc - before.TotalAlloc; used > mostMemory {
					t.Errorf("%s took %d bytes of memory", name, used)
				}
			}
		})
	}
}

func TestDimensionsOfCorpora(t *testing.T) {
	for _, tt := range []struct {
		folder, name  string
		width, height int
	}{
		{"avif", "white_1x1.avif", 1, 1},
		{"avif", "draw_points_idat.avif", 33, 11},
		{"avif", "sofa_grid1x5_420_dimg_repeat.avif", 1024, 770},
		{"exif-orientation", "Landscape_6.jpg", 450, 600}, // as stored
		{"tiff-valid", "palette-1c-4b.tiff", 157, 151},
		{"png-suite", "basi4a16.png", 32, 32},
		{"image-bombs", "header-lies-65535.png", 65535, 65535},
		{"image-bombs", "gif-screen-65535.gif", 65535, 65535},
		{"image-bombs", "tiff-2e31.tif", 1<<31 - 1, 1<<31 - 1},
		{"image-bombs", "zero-width.png", 0, 0},
		{"image-bombs", "jpeg-0x0.jpg", 0, 0},
	} {
		data := files(t, corpora.Dir(t, tt.folder))[tt.name]
		width, height, err := Dimensions(Detect(data), bytes.NewReader(data))
		if width != tt.width || height != tt.height || (err == nil) != (tt.width > 0) {
			t.Errorf("Dimensions of %s = %d, %d, %v, want %d, %d", tt.name, width, height, err, tt.width, tt.height)
		}
	}
}

func FuzzDimensions(f *testing.F) {
	for _, data := range [][]byte{encoded(f, jpegOf), encoded(f, png.Encode), encoded(f, gifOf),
		[]byte(webpOf), tiffOf(8), bmpOf(40, 5), exifOf(f, field{0x010f, 2, "Maker\x00"})} {
		f.Add(data)
	}
	f.Add([]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1\x00\x00\x00\x08meta"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for mediaType := range headers {
			checkImage(t, mediaType, mediaType, data)
		}
	})
}
