package hostile_test

import (
	"bytes"
	"fmt"
	"image"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// damaged are the files of folders of valid images that are refused, and why.
var damaged = map[string]string{
	"png-suite/xc1n0g08.png": "colour type 1", "png-suite/xdtn0g01.png": "no pixels", "png-suite/xlfn0g04.png": "line ends",
	"gif-artificial/pixel-data-none.gif": "no pixels",
}

// rare are the files that not every version of the library reads, and why.
var rare = map[string]string{
	"png-suite/xhdn0g08.png":                                  "a wrong checksum of the header, which some forgive",
	"avif/color_grid_alpha_grid_tile_shared_in_dimg.avif":     "shared tiles",
	"avif/draw_points_idat_progressive_metasize0.avif":        "a size of 0 for the rest of the file",
	"avif/pyramid_pymd.avif":                                  "a pyramid",
	"tiff-valid/test_float64_predictor2_le_lzw.tif":           "doubles with a predictor",
	"tiff-valid/ojpeg_zackthecat_subsamp22_single_strip.tiff": "the older JPEG in TIFF",
	"tiff-valid/testfax3_bug54_1dnoEOL.tif":                   "lines without ends",
	"tiff-valid/testfax3_bug_513.tiff":                        "lines that are too long",
}

// sizes are those of images that the other decoder does not read, from their headers.
var sizes = map[string]image.Point{
	"avif/abc_color_irot_alpha_irot.avif":            {X: 256, Y: 512},
	"avif/color_grid_alpha_grid_gainmap_nogrid.avif": {X: 512, Y: 600},
	"avif/cosmos1650_yuv444_10bpc_p3pq.avif":         {X: 1024, Y: 428},
	"avif/sofa_grid1x5_420_dimg_repeat.avif":         {X: 1024, Y: 770},
	"avif/weld_sato_12B_8B_q0.avif":                  {X: 1024, Y: 684},
	"avif/white_1x1.avif":                            {X: 1, Y: 1},
}

// Valid images are what another decoder makes of them, and those that are
// damaged are refused.
func TestF2ValidImages(t *testing.T) {
	s := start(t)
	a := s.app(t, "valid", "off")
	for _, folder := range strings.Fields("png-suite webp-valid avif tiff-valid gif-artificial") {
		t.Run(folder, func(t *testing.T) {
			compared := 0
			for _, one := range samples(t, folder) {
				handle := s.mustStore(t, a, one.name, one.data, "")
				whole := s.get("/output=format:png/" + handle)
				if damaged[one.name] != "" {
					if whole.status != http.StatusBadRequest {
						t.Errorf("%s: %v, want 400: %s", one.name, whole, damaged[one.name])
					}
					continue
				}
				if rare[one.name] != "" && whole.status == http.StatusBadRequest {
					continue
				}
				got, _, err := decode(whole.body)
				if whole.status != http.StatusOK || err != nil {
					t.Errorf("%s: %v, %v", one.name, whole, err)
					continue
				}
				size := got.Bounds().Size()
				if want, known := sizes[one.name]; known && size != want {
					t.Errorf("%s: %v, want %v", one.name, size, want)
				}
				width := max(1, size.X/2)
				half := s.get(fmt.Sprintf("/resize=width:%d/output=format:png/%s", width, handle))
				config, _, err := image.DecodeConfig(bytes.NewReader(half.body))
				if high := float64(size.Y*width) / float64(size.X); half.status != http.StatusOK || err != nil ||
					config.Width != width || abs(float64(config.Height)-max(1, high)) > 1 {
					t.Errorf("%s: half of %v: %d × %d, %v: %v", one.name, size, config.Width, config.Height, err, half)
				}
				want, _, err := decode(one.data)
				if err != nil || want == nil || folder == "gif-artificial" && want.Bounds() != got.Bounds() {
					continue // that decoder knows less, or shows one frame alone
				}
				// Decoders may blow up the colours of lossy images in other ways.
				if d := difference(got, want); d > 3 || d > 0.6 && folder != "webp-valid" {
					t.Errorf("%s differs by %.1f from what another decoder reads: %v and %v", one.name, d, size, want.Bounds().Size())
				}
				compared++
			}
			t.Logf("%d compared", compared)
		})
	}
}

func abs(x float64) float64 { return max(x, -x) }

// Whatever the camera noted: the image is upright when a task obeys the note,
// when it is shown as the answer notes, and in a format that has no notes.
func TestF6Orientation(t *testing.T) {
	s := start(t)
	a := s.app(t, "orientation", "off")
	want := quarters(120, 80)
	for orientation := 1; orientation <= 8; orientation++ {
		stored := show(want, [...]int{0, 1, 2, 3, 4, 5, 8, 7, 6}[orientation])
		handle := s.mustStore(t, a, "photo.jpg", encodeJPEG(t, stored, exif(orientation, token)), "")
		width := 60
		if orientation >= 5 {
			width = 40 // tasks see the image as it is stored
		}
		for _, tasks := range []string{
			"/rotate=deg:exif/resize=width:60", "/rotate=deg:exif/resize=width:60/output=format:png",
			fmt.Sprintf("/resize=width:%d", width), fmt.Sprintf("/resize=width:%d/output=format:png", width),
			fmt.Sprintf("/resize=width:%d/output=format:webp", width),
			fmt.Sprintf("/resize=width:%d/no_metadata", width), fmt.Sprintf("/resize=width:%d/compress", width),
		} {
			r := s.get(tasks + "/" + handle)
			im, format, err := decode(r.body)
			if err != nil {
				t.Errorf("orientation %d, %s: %v", orientation, tasks, r)
				continue
			}
			note := 1
			if format != "png" {
				note = noted(r.body)
			}
			if strings.HasPrefix(tasks, "/rotate") && note != 1 {
				t.Errorf("orientation %d, %s: the answer notes %d", orientation, tasks, note)
			}
			if d := difference(show(im, note), quarters(60, 40)); d > 8 {
				t.Errorf("orientation %d, %s: %v noted %d, it differs by %.0f", orientation, tasks, im.Bounds().Size(), note, d)
			}
		}
	}
	scenes := map[string]image.Image{}
	for _, one := range samples(t, "exif-orientation") {
		r := s.get("/rotate=deg:exif/resize=width:60/output=format:png/" + s.mustStore(t, a, one.name, one.data, ""))
		im, _, err := decode(r.body)
		if err != nil {
			t.Errorf("%s: %v", one.name, r)
			continue
		}
		scene, _, _ := strings.Cut(one.name, "_")
		if scenes[scene] == nil {
			scenes[scene] = im
		}
		if d := difference(im, scenes[scene]); d > 8 {
			t.Errorf("%s: %v, it differs by %.0f from another of the scene", one.name, im.Bounds().Size(), d)
		}
	}
}

// What is hidden beside the pixels is not in what is made of them.
func TestF6MetadataGone(t *testing.T) {
	s := start(t)
	a := s.app(t, "metadata", "off")
	list := []sample{{name: "photo.jpg", data: encodeJPEG(t, quarters(120, 80), exif(6, token), segment(0xfe, token),
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x>"+token+"</x>"))}}
	list = append(list, samples(t, "metadata-probes")...)
	hidden := [][]byte{[]byte(token), []byte("<?php"), []byte("<?="), []byte("system("), []byte("<script"), []byte("eval(")}
	found := 0
	for _, one := range list {
		for _, text := range hidden {
			if bytes.Contains(one.data, text) {
				found++
			}
		}
		handle := s.mustStore(t, a, one.name, one.data, "")
		for _, tasks := range []string{"/resize=width:20", "/output=format:png", "/output=format:jpg", "/output=format:webp", "/output=format:gif",
			"/compress", "/no_metadata", "/quality=value:60", "/output=format:svg"} {
			r := s.get(tasks + "/" + handle)
			if r.status != http.StatusOK && r.status != http.StatusBadRequest {
				t.Errorf("%s, %s: %v", one.name, tasks, r)
			}
			for _, text := range hidden {
				// The pixels of some were chosen so that they spell something when
				// they are packed. They do until they are changed.
				same := strings.Contains(one.name, "resize_bypass") && !strings.HasPrefix(tasks, "/resize")
				if bytes.Contains(r.body, text) && !same {
					t.Errorf("%s, %s: the answer holds %q", one.name, tasks, text)
				}
			}
			if kind := r.header.Get("Content-Type"); strings.Contains(kind, "html") {
				t.Errorf("%s, %s: type %s", one.name, tasks, kind)
			}
		}
	}
	if found < 4 {
		t.Errorf("the files hold %d of what is looked for", found)
	}
}

// What is missing of an image is the same each time: nothing is left over from
// whatever a worker did before.
func TestF5TruncatedTwice(t *testing.T) {
	s := start(t, "--image-workers=1")
	a := s.app(t, "truncated", "off")
	photo := encodeJPEG(t, noise(200, 150))
	other := s.mustStore(t, a, "pink.png", encodePNG(t, plain(400, 400, pink)), "")
	list := []sample{{name: "photo.jpg", data: photo[:len(photo)/2]}}
	picture := encodePNG(t, noise(200, 150))
	list = append(list, sample{name: "picture.png", data: picture[:len(picture)/2]})
	for _, folder := range []string{"jpeg-fuzz", "png-fuzz", "gif-fuzz", "webp-fuzz", "tiff-fuzz"} {
		list = append(list, samples(t, folder)[:8]...)
	}
	made := 0
	for _, one := range list {
		handle := s.mustStore(t, a, one.name, one.data, "")
		first := s.get("/cache=false/output=format:png/" + handle)
		s.get("/cache=false/blur=amount:1/" + other)
		second := s.get("/cache=false/output=format:png/" + handle)
		if first.status != second.status || !bytes.Equal(first.body, second.body) {
			t.Errorf("%s: %v, and then %v", one.name, first, second)
		}
		if first.status == http.StatusOK {
			made++
		}
	}
	if made < 3 {
		t.Errorf("%d of %d images were read", made, len(list))
	}
}

// A byte that has changed on the disk is not made into an image.
func TestK7DamagedSource(t *testing.T) {
	s := start(t)
	a := s.app(t, "damaged", "off")
	data := encodePNG(t, noise(300, 300))
	handle := s.mustStore(t, a, "a.png", data, "")
	flipped := ""
	flip := func(path string) error {
		text, err := os.ReadFile(path)
		if at := bytes.Index(text, data[1000:1500]); err == nil && at >= 0 {
			text[at+500] ^= 1
			flipped = path
			return os.WriteFile(path, text, 0o600)
		}
		return err
	}
	err := filepath.WalkDir(filepath.Join(s.data, "blobs"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return flip(path)
	})
	if err != nil || flipped == "" {
		t.Fatalf("%q flipped, %v", flipped, err)
	}
	defer flip(flipped) // back
	for _, path := range []string{"/resize=width:50/" + handle, "/imagesize/" + handle, "/output=format:webp/" + handle} {
		if r := s.get(path); r.status != http.StatusInternalServerError || bytes.Contains(r.body, []byte("blob")) {
			t.Errorf("%s: %v, want 500", path, r)
		}
	}
}
