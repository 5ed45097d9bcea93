package clients_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	_ "golang.org/x/image/webp"
)

// quadrants returns a picture of w × h in red, green, blue and, at the bottom
// right, white or nothing at all.
func quadrants(w, h int, transparent bool) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	last := color.NRGBA{255, 255, 255, 255}
	if transparent {
		last = color.NRGBA{}
	}
	for i, c := range []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, last} {
		at := image.Pt(i%2*w/2, i/2*h/2)
		draw.Draw(im, image.Rectangle{at, at.Add(image.Pt(w/2, h/2))}, image.NewUniform(c), image.Point{}, draw.Src)
	}
	return im
}

// pictures returns the files that links are about, by their names.
func pictures(t *testing.T) map[string][]byte {
	t.Helper()
	var jpg, alpha, animated bytes.Buffer
	frames := &gif.GIF{}
	for i := range 3 {
		p := image.NewPaletted(image.Rect(0, 0, 60, 40), color.Palette{color.Black, color.White, color.RGBA{255, 0, 0, 255}})
		draw.Draw(p, image.Rect(i*20, 0, i*20+20, 40), image.NewUniform(color.White), image.Point{}, draw.Src)
		frames.Image, frames.Delay = append(frames.Image, p), append(frames.Delay, 10)
	}
	for _, err := range []error{
		jpeg.Encode(&jpg, quadrants(400, 300, false), &jpeg.Options{Quality: 95}),
		png.Encode(&alpha, quadrants(200, 100, true)),
		gif.EncodeAll(&animated, frames),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return map[string][]byte{"photo.jpg": jpg.Bytes(), "alpha.png": alpha.Bytes(), "moving.gif": animated.Bytes()}
}

// A link is what a test asks the client for, and what the server must answer.
type link struct {
	source string // of pictures
	tasks  string // JSON
	kind   string // media type of the answer
	width  int    // pixels, each side within one; 0 means any
	height int
	text   string // of an answer that is no picture: all of it, or what it contains
}

// links has at least one link for every family of image tasks.
var links = []link{
	{"photo.jpg", `{"resize":{"width":200}}`, "image/jpeg", 200, 150, ""},
	{"photo.jpg", `{"resize":{"width":100,"height":100,"fit":"crop","align":["top","left"]}}`, "image/jpeg", 100, 100, ""},
	{"photo.jpg", `{"resize":{"width":1000,"height":1000,"fit":"max"}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"resize":{"width":50,"height":90,"fit":"scale"}}`, "image/jpeg", 50, 90, ""},
	{"photo.jpg", `{"resize":{"width":80,"height":80,"fit":"crop","align":"faces"}}`, "image/jpeg", 80, 80, ""},
	{"photo.jpg", `{"crop":{"dim":[10,20,120,90]}}`, "image/jpeg", 120, 90, ""},
	{"photo.jpg", `{"rotate":{"deg":90}}`, "image/jpeg", 300, 400, ""},
	{"photo.jpg", `{"rotate":{"deg":"exif","exif":true}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"flip":true,"flop":true}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"smart_crop":{"width":60,"height":70}}`, "image/jpeg", 60, 70, ""},
	{"photo.jpg", `{"detect_faces":{"export":true}}`, "application/json", 0, 0, "[]"},
	{"photo.jpg", `{"crop_faces":{"mode":"thumb","width":90,"height":90}}`, "image/jpeg", 90, 90, ""},
	{"photo.jpg", `{"pixelate_faces":{"faces":"all"}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"blur_faces":{"faces":"all"}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"watermark":{"file":"HANDLE","size":50,"position":["top","right"]}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"collage":{"files":["HANDLE","HANDLE"],"width":300,"height":200,"fit":"crop"}}`, "image/jpeg", 300, 200, ""},
	{"photo.jpg", `{"rounded_corners":{"radius":30},"output":{"format":"png"}}`, "image/png", 400, 300, ""},
	{"photo.jpg", `{"circle":true}`, "image/png", 300, 300, ""},
	{"photo.jpg", `{"vignette":{"amount":50}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"polaroid":{"rotate":10}}`, "image/png", 0, 0, ""},
	{"photo.jpg", `{"torn_edges":{"spread":[5,20]}}`, "image/png", 0, 0, ""},
	{"photo.jpg", `{"shadow":{"blur":5,"vector":[10,10]}}`, "image/png", 0, 0, ""},
	{"photo.jpg", `{"border":{"width":7,"color":"00FF00"}}`, "image/jpeg", 414, 314, ""},
	{"photo.jpg", `{"sharpen":{"amount":3}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"blur":{"amount":3}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"monochrome":true}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"blackwhite":{"threshold":40}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"sepia":{"tone":70}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"pixelate":{"amount":12}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"oil_paint":{"amount":4}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"negative":true}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"modulate":{"brightness":120,"hue":90,"saturation":150}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"partial_pixelate":{"objects":[[10,10,50,50]]}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"partial_blur":{"objects":[[10,10,50,50],[100,100,40,40]],"type":"oval"}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"redeye":true}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"enhance":{"preset":"vivid"}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"upscale":{"noise":"low"}}`, "image/jpeg", 800, 600, ""},
	{"photo.jpg", `{"ascii":{"colored":true,"size":10}}`, "text/html", 0, 0, "</html>"},
	{"photo.jpg", `{"output":{"format":"png"}}`, "image/png", 400, 300, ""},
	{"photo.jpg", `{"output":{"format":"webp","quality":60}}`, "image/webp", 400, 300, ""},
	{"photo.jpg", `{"output":{"format":"jpg","colorspace":"rgb","strip":true}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"pjpg":{"quality":70}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"quality":{"value":30}}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"compress":true}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"no_metadata":true}`, "image/jpeg", 400, 300, ""},
	{"photo.jpg", `{"auto_image":true}`, "image/webp", 400, 300, ""},
	{"photo.jpg", `{"resize":{"width":64},"cache":{"expiry":60}}`, "image/jpeg", 64, 48, ""},
	{"photo.jpg", `{"resize":{"width":63},"cache":false}`, "image/jpeg", 63, 47, ""},
	{"photo.jpg", `{"resize":{"width":100},"imagesize":true}`, "application/json", 0, 0, `{"height":75,"width":100}`},
	{"alpha.png", `{"resize":{"width":100}}`, "image/png", 100, 50, ""},
	{"alpha.png", `{"output":{"format":"jpg","background":"0000FF"}}`, "image/jpeg", 200, 100, ""},
	{"moving.gif", `{"resize":{"width":30}}`, "image/gif", 30, 20, ""},
	{"moving.gif", `{"output":{"format":"jpg"}}`, "image/jpeg", 60, 40, ""},
}

// TestImages has filestack-js make the URL of every kind of image task, and
// looks at what the server answers: for files of its own and for outside ones,
// with security on and off.
func TestImages(t *testing.T) {
	needNode(t)
	files := pictures(t)
	origin := newRemote(t, files)
	s := start(t, append(origin.args, "--listen=127.0.0.1:0")...)
	s.needImages(t)
	for _, security := range []string{"on", "off"} {
		a := s.app(t, security)
		arg := map[string]any{"apikey": a.Key, "secret": a.Secret, "urls": urls(s.URL)}
		var cred *credentials
		if security == "on" {
			policy := map[string]any{"expiry": time.Now().Add(time.Hour).Unix(), "call": []string{"pick", "store", "read", "convert"}}
			arg["policy"], cred = policy, a.sign(policy)
		}
		handles := map[string]string{}
		for name, data := range files {
			var stored struct{ Handle string }
			if _, text := s.store(t, a.Key, "", string(data), cred); json.Unmarshal([]byte(text), &stored) != nil || stored.Handle == "" {
				t.Fatalf("store %s: %s", name, text)
			}
			handles[name] = stored.Handle
		}
		for _, outside := range []bool{false, true} {
			for _, base64 := range []bool{false, true} {
				t.Run(fmt.Sprintf("security %s, outside %t, base64 %t", security, outside, base64), func(t *testing.T) {
					asked := make([]map[string]any, len(links))
					for i, l := range links {
						source := handles[l.source]
						if outside {
							source = origin.URL + "/" + l.source
						}
						tasks := strings.ReplaceAll(l.tasks, "HANDLE", handles["alpha.png"])
						asked[i] = map[string]any{"source": source, "tasks": json.RawMessage(tasks), "base64": base64}
					}
					arg["links"] = asked
					var urls []string
					runClient(t, arg, &urls, "node", "images.cjs")
					for i, l := range links {
						l.check(t, urls[i])
					}
				})
			}
		}
	}
}

// check fetches a link and looks at the answer.
func (l link) check(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "image/webp,*/*")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if res.StatusCode != http.StatusOK || kind != l.kind {
		t.Errorf("%s of %s: %d %s %.200q, want %s", l.tasks, l.source, res.StatusCode, kind, body, l.kind)
		return
	}
	if l.text != "" && !strings.Contains(string(body), l.text) {
		t.Errorf("%s of %s: %.200q, want %s", l.tasks, l.source, body, l.text)
	}
	if !strings.HasPrefix(kind, "image/") {
		return
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(body))
	if err != nil || l.width > 0 && (near(config.Width, l.width) != nil || near(config.Height, l.height) != nil) {
		t.Errorf("%s of %s: %d×%d, %v, want %d×%d", l.tasks, l.source, config.Width, config.Height, err, l.width, l.height)
	}
}

func near(got, want int) error {
	if got < want-1 || got > want+1 {
		return fmt.Errorf("%d, want %d", got, want)
	}
	return nil
}

// needImages skips the test if the server says that it has no engine for images.
func (s *server) needImages(t *testing.T) {
	t.Helper()
	var found struct {
		Images struct{ OK bool }
	}
	if err := json.Unmarshal(s.command(t, "doctor", "--json"), &found); err != nil {
		t.Fatal(err)
	}
	if !found.Images.OK {
		t.Skip("skipped: no libvips; see stowgate doctor")
	}
}
