package cdn

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"regexp"
	"strings"
	"testing"
)

// turned returns a JPEG with a note that says which side is up.
func turned(data []byte, orientation byte) []byte {
	note := []byte("\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00_\x00\x00\x00\x00\x00\x00\x00")
	note[28] = orientation
	return append(append(append([]byte{}, data[:2]...), note...), data[2:]...)
}

// object reads the answer to a request for a record.
func object(t *testing.T, s *stack, uri string) map[string]any {
	t.Helper()
	w := s.get(t, uri)
	h := w.Header()
	if w.Code != 200 || h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "public, max-age=86400" || !regexp.MustCompile(`^"[0-9a-f]{40}"$`).MatchString(h.Get("Etag")) ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("GET %s = %d, %v, %s", uri, w.Code, h, w.Body)
	}
	if w := s.get(t, uri, "If-None-Match: "+h.Get("Etag")); w.Code != 304 {
		t.Errorf("GET %s with its tag = %d", uri, w.Code)
	}
	if w := s.send(t, "HEAD", uri); w.Code != 200 || w.Body.Len() > 0 {
		t.Errorf("HEAD %s = %d, %d bytes", uri, w.Code, w.Body.Len())
	}
	var v map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("GET %s: %v in %s", uri, err, w.Body)
	}
	return v
}

func TestRecordOfOriginal(t *testing.T) {
	s := newStack(t)
	photo := s.put(t, openKey, "a.jpg", jpegOf(t, picture(40, 20)))
	side := s.put(t, openKey, "b.jpg", turned(jpegOf(t, picture(40, 20)), 6))
	v := object(t, s, at(photo, "-/json/"))
	for name, want := range map[string]any{
		"id": photo.UUID.String(), "width": 40.0, "height": 20.0, "format": "JPEG", "sequence": false, "color_mode": "RGB",
		"orientation": nil, "geo_location": nil, "datetime_original": nil,
	} {
		if got, ok := v[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if _, ok := v["dpi"]; !ok {
		t.Error("dpi is missing")
	}
	if hash, _ := v["hash"].(string); !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(hash) {
		t.Errorf("hash is %v", v["hash"])
	}
	if blur, _ := v["blurhash"].(string); len(blur) < 6 {
		t.Errorf("blurhash is %v", v["blurhash"])
	}
	for _, name := range []string{"main_colors", "faces", "original"} {
		if v[name] != nil {
			t.Errorf("%s is there, and was not asked for", name)
		}
	}
	// Of one that lies on its side, width and height are as operations see it.
	if v := object(t, s, at(side, "-/json/")); v["width"] != 20.0 || v["height"] != 40.0 || v["orientation"] != 6.0 {
		t.Errorf("on its side: %v", v)
	}
}

// Of an animation the record says so, and pictures are of its first frame.
func TestAnimations(t *testing.T) {
	s := newStack(t)
	frame := func(c color.Color) *image.Paletted {
		return image.NewPaletted(image.Rect(0, 0, 30, 10), color.Palette{c})
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame(color.White), frame(color.Black)}, Delay: []int{10, 10}}); err != nil {
		t.Fatal(err)
	}
	file := s.put(t, openKey, "a.gif", b.Bytes())
	if v := object(t, s, at(file, "-/json/")); v["sequence"] != true || v["format"] != "GIF" || v["width"] != 30.0 || v["height"] != 10.0 {
		t.Errorf("the record is %v", v)
	}
	w := s.get(t, at(file, "-/preview/-/format/png/"))
	img, err := png.Decode(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := corners(img); got != "30x10 wwww" {
		t.Errorf("the picture is %s", got)
	}
}

func TestRecordOfResult(t *testing.T) {
	s := newStack(t)
	photo := s.put(t, openKey, "a.jpg", turned(jpegOf(t, picture(40, 20)), 6))
	v := object(t, s, at(photo, "-/@clib/a/b/-/resize/10x/-/crop/5x6/-/main_colors/2/"))
	original, _ := v["original"].(map[string]any)
	if v["id"] != at(photo, "-/resize/10x/-/crop/5x6/") || v["width"] != 5.0 || v["height"] != 6.0 || v["format"] != nil ||
		original["id"] != photo.UUID.String() || original["width"] != 20.0 || original["height"] != 40.0 || original["format"] != "JPEG" || original["orientation"] != 6.0 {
		t.Errorf("the record is %v", v)
	}
	if colors, _ := v["main_colors"].([]any); len(colors) == 0 || len(colors) > 2 || len(colors[0].([]any)) != 3 {
		t.Errorf("main colours are %v", v["main_colors"])
	}
	if v := object(t, s, at(photo, "-/main_colors/")); v["id"] != photo.UUID.String() || len(v["main_colors"].([]any)) != 4 || v["hash"] != nil {
		t.Errorf("the main colours of the original are %v", v)
	}
}

func TestScript(t *testing.T) {
	s := newStack(t)
	photo := s.put(t, openKey, "a.jpg", jpegOf(t, picture(40, 20)))
	for uri, id := range map[string]string{at(photo, "-/jsonp/"): photo.UUID.String(), at(photo, "-/preview/-/jsonp/"): at(photo, "-/preview/")} {
		w := s.get(t, uri)
		text, ok := strings.CutPrefix(w.Body.String(), `uploadcare_callback("`+id+`", `)
		text, ok2 := strings.CutSuffix(text, ");")
		if !ok || !ok2 || !json.Valid([]byte(text)) || w.Header().Get("Content-Type") != "application/javascript; charset=utf-8" {
			t.Errorf("GET %s = %d, %v, %s", uri, w.Code, w.Header(), w.Body)
		}
	}
}

func TestFaces(t *testing.T) {
	s := newStack(t)
	photo := s.put(t, openKey, "a.jpg", jpegOf(t, picture(40, 20)))
	for _, rest := range []string{"detect_faces/", "detect_faces//"} {
		v := object(t, s, at(photo, rest))
		faces, ok := v["faces"].([]any)
		if !ok || len(faces) != 0 || v["width"] != 40.0 || v["height"] != 20.0 || v["format"] != "JPEG" || v["id"] != photo.UUID.String() || v["hash"] != nil {
			t.Errorf("GET %s = %v", rest, v)
		}
	}
}
