package inspect

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
)

// A field is an EXIF tag with the raw bytes of its value.
type field struct {
	tag, kind uint16 // kinds: 1 byte, 2 text, 3 short, 4 long, 5 fraction, 7 anything
	value     string
}

var fieldSizes = map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}

// exifOf returns a JPEG that holds only fields.
func exifOf(t testing.TB, fields ...field) []byte {
	t.Helper()
	const start = 8 // of the directory
	dir := binary.LittleEndian.AppendUint16(nil, uint16(len(fields)))
	values := ""
	for _, f := range fields {
		dir = binary.LittleEndian.AppendUint16(dir, f.tag)
		dir = binary.LittleEndian.AppendUint16(dir, f.kind)
		dir = binary.LittleEndian.AppendUint32(dir, uint32(len(f.value)/fieldSizes[f.kind]))
		if len(f.value) <= 4 {
			dir = append(dir, (f.value + "\x00\x00\x00\x00")[:4]...)
			continue
		}
		dir = binary.LittleEndian.AppendUint32(dir, uint32(start+2+12*len(fields)+4+len(values)))
		values += f.value
	}
	block := "Exif\x00\x00II*\x00\x08\x00\x00\x00" + string(dir) + "\x00\x00\x00\x00" + values
	if len(block) > 65_000 {
		t.Fatalf("EXIF of %d bytes", len(block))
	}
	b := binary.BigEndian.AppendUint16([]byte("\xff\xd8\xff\xe1"), uint16(len(block)+2))
	return append(append(b, block...), 0xff, 0xd9)
}

func TestEXIF(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []field
		want   string
	}{
		{"none", nil, `{}`},
		{"text", []field{{0x010f, 2, "Maker\x00"}}, `{"Make":"Maker"}`},
		{"text of no encoding", []field{{0x010f, 2, "M\xffker\x00"}}, `{"Make":"M` + "\ufffd" + `ker"}`},
		{"number", []field{{0x0112, 3, "\x06\x00"}}, `{"Orientation":6}`},
		{"fraction", []field{{0x011a, 5, "\x91\x00\x00\x00\x02\x00\x00\x00"}}, `{"XResolution":72.5}`},
		{"fraction over nothing", []field{{0x011a, 5, "\x01\x00\x00\x00\x00\x00\x00\x00"}}, `{"XResolution":"undef"}`},
		{"infinite", []field{{0x9202, 5, "\xff\xff\xff\xff\x01\x00\x00\x00"}}, `{"ApertureValue":"undef"}`},
		{"list", []field{{0xe000, 3, "\x01\x00\x02\x00"}}, `{"UnknownTag_0xe000":[1,2]}`},
		{"binary", []field{{0xe000, 7, "\x01\x02\x03\x04\x05"}}, `{"UnknownTag_0xe000":""}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tags, err := EXIF(bytes.NewReader(exifOf(t, tt.fields...)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := json.Marshal(tags); string(got) != tt.want {
				t.Errorf("EXIF = %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for _, v := range []any{nil, math.NaN(), math.Inf(1), float32(math.Inf(-1)), []byte("x"), struct{}{}, []any{1, math.NaN()}} {
		if got := plain(v); got != nil {
			t.Errorf("plain(%v) = %v, want nil", v, got)
		}
	}
}

func TestEXIFValueLimit(t *testing.T) {
	for _, size := range []int{maxEXIFValue - 1, maxEXIFValue, maxEXIFValue + 1} {
		tags, err := EXIF(bytes.NewReader(exifOf(t, field{0x010f, 2, strings.Repeat("x", size)})))
		if want := size <= maxEXIFValue; err != nil || (tags["Make"] != nil) != want {
			t.Errorf("EXIF of a value of %d bytes has %v, %v, want it %v", size, slices.Collect(maps.Keys(tags)), err, want)
		}
	}
}

func TestEXIFTagLimit(t *testing.T) {
	for _, count := range []int{maxEXIFTags - 1, maxEXIFTags, maxEXIFTags + 1} {
		var fields []field
		for i := range count {
			fields = append(fields, field{0xe000 + uint16(i), 3, "\x01\x00"})
		}
		tags, err := EXIF(bytes.NewReader(exifOf(t, fields...)))
		if err != nil || len(tags) != min(count, maxEXIFTags) {
			t.Errorf("EXIF of %d tags has %d, %v", count, len(tags), err)
		}
	}
}

// Going through very many tiny segments ends.
func TestEXIFReadLimit(t *testing.T) {
	many := func(n int) []byte {
		return append([]byte("\xff\xd8"+strings.Repeat("\xff\xfe\x00\x02", n)), exifOf(t, field{0x010f, 2, "Maker\x00"})[2:]...)
	}
	if tags, err := EXIF(bytes.NewReader(many(1000))); err != nil || tags["Make"] != "Maker" {
		t.Errorf("EXIF after 1000 segments = %v, %v", tags, err)
	}
	if _, err := EXIF(bytes.NewReader(many(1_000_000))); fault.Of(err) != fault.TooLarge {
		t.Errorf("EXIF after a million segments: error = %v, want %v", err, fault.TooLarge)
	}
}

func TestEXIFErrors(t *testing.T) {
	for _, tt := range []struct {
		data string
		want fault.Kind
	}{
		{"", fault.Unsupported},
		{"hello", fault.Unsupported},
		{"GIF89a", fault.Unsupported},
		{"\xff\xd8\xff\xe0\x00\x00", fault.Invalid},
	} {
		if tags, err := EXIF(strings.NewReader(tt.data)); fault.Of(err) != tt.want {
			t.Errorf("EXIF of %q = %v, %v, want %v", tt.data, tags, err, tt.want)
		}
	}
}

func TestEXIFOrientation(t *testing.T) {
	for name, data := range files(t, corpora.Dir(t, "exif-orientation")) {
		tags, err := EXIF(bytes.NewReader(data))
		want := strings.TrimSuffix(name[strings.LastIndexByte(name, '_')+1:], ".jpg")
		if err != nil || fmt.Sprint(tags["Orientation"]) != want {
			t.Errorf("EXIF of %s = %v, %v, want orientation %s", name, tags, err, want)
		}
	}
}
