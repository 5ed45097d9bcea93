package codec

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// Strip copies an image of a media type without its metadata: with its pixels as
// they are encoded, its profile of colours, and how it is played. orientation is
// what the camera noted about which side is up, 1 to 8; a JPEG says it again. It
// returns the bytes written.
//
// The error wraps fault.Unsupported for what it cannot do, and fault.Invalid if
// the image is broken; something may have been written then.
func Strip(dst io.Writer, src *io.SectionReader, mediaType string, orientation int) (int64, error) {
	src = io.NewSectionReader(src, 0, src.Size()) // from its beginning
	s := stripper{r: bufio.NewReader(src), w: bufio.NewWriter(dst)}
	switch {
	case mediaType == "image/jpeg":
		s.jpeg(orientation)
	case orientation != 1:
		s.err = fmt.Errorf("%s that is not upright: %w", mediaType, fault.Unsupported)
	case mediaType == "image/png":
		s.png()
	case mediaType == "image/webp":
		s.webp(src)
	case mediaType == "image/gif":
		s.gif()
	case mediaType == "image/bmp", mediaType == "image/x-icon": // have none
		return io.Copy(dst, src)
	default:
		s.err = fmt.Errorf("%s: %w", mediaType, fault.Unsupported)
	}
	if s.err == nil {
		s.err = s.w.Flush()
	}
	if s.err != nil {
		return s.n, fmt.Errorf("drop metadata: %w", s.err)
	}
	return s.n, nil
}

// A stripper copies parts of a file until an error.
type stripper struct {
	r   *bufio.Reader
	w   *bufio.Writer
	n   int64 // bytes written
	err error
}

// take reads n bytes.
func (s *stripper) take(n int) []byte {
	b := make([]byte, n)
	if s.err == nil {
		if _, err := io.ReadFull(s.r, b); err != nil {
			s.err = fmt.Errorf("%w: %w", fault.Invalid, err)
		}
	}
	return b
}

func (s *stripper) put(parts ...[]byte) {
	for _, b := range parts {
		if s.err == nil {
			_, s.err = s.w.Write(b)
			s.n += int64(len(b))
		}
	}
}

// copy copies n bytes, or passes over them.
func (s *stripper) copy(n int64, keep bool) {
	if s.err != nil {
		return
	}
	var w io.Writer = s.w
	if keep {
		s.n += n
	} else {
		w = io.Discard
	}
	if _, err := io.CopyN(w, s.r, n); err != nil {
		s.err = fmt.Errorf("%w: %w", fault.Invalid, err)
	}
}

// noted begins EXIF data that says nothing but the orientation, a 16-bit number
// that ends it, with two bytes of padding and no further directory.
// Source: https://www.cipa.jp/std/documents/e/DC-008-2012_E.pdf, 4.6.2 and 4.6.4
const noted = "\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"

// jpeg copies a JPEG up to its end: what programs put behind it is lost.
// Source: ITU-T T.81, annex B
func (s *stripper) jpeg(orientation int) {
	s.put(s.take(2))
	if orientation != 1 {
		s.put([]byte(noted), []byte{byte(orientation), 0, 0, 0, 0, 0, 0})
	}
	for s.err == nil {
		mark := s.take(2)
		for mark[0] == 0xff && mark[1] == 0xff && s.err == nil {
			mark[1] = s.take(1)[0] // fill bytes
		}
		switch {
		case s.err != nil:
			return
		case mark[0] != 0xff || mark[1] < 0xc0 || mark[1] >= 0xd0 && mark[1] < 0xd9:
			s.err = fmt.Errorf("marker %x: %w", mark, fault.Invalid)
			return
		case mark[1] == 0xd9:
			s.put(mark)
			return
		}
		size := s.take(2)
		length := int(binary.BigEndian.Uint16(size)) - 2
		if length < 0 {
			s.err = fmt.Errorf("segment of %d bytes: %w", length, fault.Invalid)
			return
		}
		body := s.take(length)
		if drawsJPEG(mark[1], string(body)) {
			s.put(mark, size, body)
		}
		if mark[1] == 0xda {
			s.scan()
		}
	}
}

// drawsJPEG reports whether a segment says how the picture looks.
func drawsJPEG(marker byte, body string) bool {
	switch marker {
	case 0xe0:
		return strings.HasPrefix(body, "JFIF\x00") && len(body) == 14 // without a thumbnail
	case 0xe2:
		return strings.HasPrefix(body, "ICC_PROFILE\x00")
	case 0xee:
		return strings.HasPrefix(body, "Adobe")
	}
	return marker < 0xe0 // other programs' data, extensions, comments
}

// scan copies the data of a scan, up to the marker behind it.
func (s *stripper) scan() {
	for s.err == nil {
		if next, err := s.r.Peek(2); err == nil && next[0] == 0xff && next[1] != 0 && (next[1] < 0xd0 || next[1] > 0xd7) {
			return
		}
		b, err := s.r.ReadByte()
		if err != nil {
			s.err = fmt.Errorf("%w: %w", fault.Invalid, err)
			return
		}
		s.w.WriteByte(b) // an error of it comes again
		s.n++
	}
}

// png copies a PNG.
// Source: https://www.w3.org/TR/png-3/#5DataRep
func (s *stripper) png() {
	s.put(s.take(8))
	for s.err == nil {
		head := s.take(8)
		length, name := int64(binary.BigEndian.Uint32(head)), string(head[4:])
		const shows = "tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs acTL fcTL fdAT"
		keep := name[0]&0x20 == 0 || slices.Contains(strings.Fields(shows), name) // critical, or one of these
		if keep {
			s.put(head)
		}
		s.copy(length+4, keep)
		if name == "IEND" {
			return
		}
	}
}

// webp copies a WebP: once to learn its size, which it begins with, and once to
// write it.
// Source: RFC 9649, section 2.3
func (s *stripper) webp(src *io.SectionReader) {
	out := s.w
	for _, s.w = range []*bufio.Writer{bufio.NewWriter(io.Discard), out} {
		size := make([]byte, 4)
		binary.LittleEndian.PutUint32(size, uint32(max(0, s.n-8)))
		s.n = 0
		if _, err := src.Seek(0, io.SeekStart); err != nil {
			s.err = err
			return
		}
		s.r.Reset(src)
		head := s.take(12)
		s.put(head[:4], size, head[8:])
		for end := int64(binary.LittleEndian.Uint32(head[4:])) - 4; end >= 8 && s.err == nil; {
			chunk := s.take(8)
			length := int64(binary.LittleEndian.Uint32(chunk[4:]))
			length += length & 1
			end -= 8 + length
			name := string(chunk[:4])
			keep := slices.Contains([]string{"VP8 ", "VP8L", "VP8X", "ANIM", "ANMF", "ALPH", "ICCP"}, name)
			if keep {
				s.put(chunk)
			}
			if name == "VP8X" && length > 0 {
				flags := s.take(1)
				s.put([]byte{flags[0] &^ 0x0c}) // no EXIF, no XMP
				length--
			}
			s.copy(length, keep)
		}
	}
}

// gif copies a GIF.
// Source: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
func (s *stripper) gif() {
	head := s.take(13)
	s.put(head)
	s.palette(head[10])
	for s.err == nil {
		kind := s.take(1)
		switch kind[0] {
		case ';':
			s.put(kind)
			return
		case ',':
			place := s.take(9)
			s.put(kind, place)
			s.palette(place[8])
			s.put(s.take(1))
			s.blocks(true)
		case '!':
			label := s.take(2) // and the size of its first block
			first := s.take(int(label[1]))
			keep := label[0] == 0xf9 || label[0] == 0xff &&
				(bytes.HasPrefix(first, []byte("NETSCAPE")) || bytes.HasPrefix(first, []byte("ANIMEXTS")) || bytes.HasPrefix(first, []byte("ICCRGBG1")))
			if keep {
				s.put(kind, label, first)
			}
			if label[1] > 0 {
				s.blocks(keep)
			}
		default:
			s.err = fmt.Errorf("block %x: %w", kind, fault.Invalid)
		}
	}
}

// palette copies the colours that a byte of flags announces.
func (s *stripper) palette(flags byte) {
	if flags&0x80 != 0 {
		s.copy(3<<(flags&7+1), true)
	}
}

// blocks copies blocks up to one that is empty, or passes over them.
func (s *stripper) blocks(keep bool) {
	for s.err == nil {
		size := s.take(1)
		if keep {
			s.put(size)
		}
		if size[0] == 0 {
			return
		}
		s.copy(int64(size[0]), keep)
	}
}
