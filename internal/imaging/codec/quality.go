package codec

import (
	"encoding/binary"
	"io"
)

// luminance is the sum of the quantisation table that quality 50 stands for.
// Source: ITU-T T.81, table K.1
const luminance = 3688

// maxSegments is how many segments of a JPEG are looked at for its tables.
const maxSegments = 200

// Quality returns the quality that a JPEG was saved with, from 1 to 100, or 0 if
// that is not known. It goes by the first table, which the Independent JPEG
// Group's library scales by the quality.
func Quality(file io.ReaderAt) int {
	r := io.NewSectionReader(file, 2, 1<<40)
	for range maxSegments {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xff || head[1] == 0xda {
			return 0
		}
		length := int(binary.BigEndian.Uint16(head[2:])) - 2
		if length < 0 {
			return 0
		}
		segment := make([]byte, length)
		if _, err := io.ReadFull(r, segment); err != nil {
			return 0
		}
		if head[1] != 0xdb || length < 65 || segment[0] != 0 {
			continue
		}
		sum := 0
		for _, v := range segment[1:65] {
			sum += int(v)
		}
		return scaledQuality(sum)
	}
	return 0
}

// scaledQuality returns the quality that makes a table with this sum.
func scaledQuality(sum int) int {
	percent := 100 * float64(sum) / luminance
	if percent <= 100 {
		return min(100, int(100-percent/2+0.5))
	}
	return max(1, int(5000/percent+0.5))
}
