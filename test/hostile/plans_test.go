package hostile_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Plans that ask for too much are refused before any worker hears of them.
func TestF4HostilePlans(t *testing.T) {
	s := start(t)
	a := s.app(t, "plans", "off")
	handle := s.mustStore(t, a, "photo.jpg", encodeJPEG(t, quarters(400, 300)), "")
	many := func(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text, n), ",") }
	jobs := s.metric(t, "stowgate_image_jobs_total")
	for name, tasks := range map[string]string{
		"too many steps":          many(31, "flip/"),
		"too many tasks":          many(300, "flip/"),
		"too many pixels":         "resize=width:10000,height:10000,fit:scale/",
		"too many after cropping": "crop=dim:[0,0,10,10]/resize=width:9000,height:9000,fit:crop/",
		"too wide":                "resize=width:10001/",
		"upscaled again":          many(8, "upscale/"),
		"borders":                 many(12, "border=width:1000/"),
		"a huge collage":          "collage=files:[" + many(2, handle+",") + "],width:10000,height:10000/",
		"a collage of many":       "collage=files:[" + many(25, handle+",") + "],width:500,height:500/",
		"slow":                    "resize=width:6000,height:6000,fit:scale/" + many(28, "oil_paint=amount:10/"),
		"huge brush":              "oil_paint=amount:101/",
		"huge blur":               "blur=amount:21/",
		"negative":                "resize=width:-1/",
		"beyond numbers":          "resize=width:1e300/",
		"huge shadow":             "shadow=vector:[99999,99999]/",
		"many boxes":              "partial_blur=objects:[" + many(51, "[1,1,2,2],") + "]/",
	} {
		for way, r := range map[string]reply{
			"handle": s.get("/" + tasks + handle),
			"debug":  s.get("/debug/" + tasks + handle),
		} {
			if way == "handle" && r.status != http.StatusBadRequest && r.status != http.StatusRequestEntityTooLarge ||
				way == "debug" && r.status >= http.StatusInternalServerError {
				t.Errorf("%s, %s: %v", name, way, r)
			}
		}
	}
	if r := s.get("/animate=delay:100/[" + many(21, handle+",") + "]"); r.status != http.StatusBadRequest && r.status != http.StatusRequestEntityTooLarge {
		t.Errorf("many frames: %v", r)
	}
	if n := s.metric(t, "stowgate_image_jobs_total") - jobs; n != 0 {
		t.Errorf("%d jobs, want none", n)
	}
	if r := s.get("/" + many(30, "flip/") + handle); r.status != http.StatusOK {
		t.Errorf("30 steps: %v", r)
	}
}

// tasks are names with the parameters they know.
var tasks = map[string]string{
	"resize": "width height fit align filter", "crop": "dim x y width height", "rotate": "deg exif background", "flip": "", "flop": "",
	"smart_crop": "width height mode fill_color coords", "upscale": "upscale noise style", "detect_faces": "minsize maxsize color export",
	"crop_faces": "mode width height faces buffer", "pixelate_faces": "faces amount blur type", "blur_faces": "faces amount blur type",
	"watermark": "file size position", "collage": "files width height margin color fit autorotate", "animate": "delay loop width height fit background",
	"rounded_corners": "radius blur background", "circle": "background", "vignette": "amount blurmode background", "polaroid": "color rotate background",
	"torn_edges": "spread background", "shadow": "blur opacity vector color background", "border": "width color background",
	"sharpen": "amount", "blur": "amount", "monochrome": "", "blackwhite": "threshold", "sepia": "tone", "pixelate": "amount",
	"oil_paint": "amount", "negative": "", "redeye": "", "partial_pixelate": "objects amount", "partial_blur": "objects amount type",
	"modulate": "brightness hue saturation", "enhance": "preset", "ascii": "background foreground colored size reverse", "imagesize": "", "metadata": "",
	"output": "format quality page density compress strip colorspace background secure", "pjpg": "quality metadata", "auto_image": "",
	"no_metadata": "", "quality": "value", "compress": "metadata", "cache": "expiry false", "fallback": "handle cache", "content": "filename type",
	"store": "filename path location", "security": "policy signature", "debug": "", "tags": "", "zip": "", "preview": "css", "minify_js": "targets",
	"video_convert": "preset", "urlscreenshot": "agent", "qr": "", "unknown": "x", "": "a",
}

// values are what parameters are given: right ones, and what would be an
// option, a command, a path, a format or a header elsewhere.
var values = []string{
	"0", "1", "2", "10", "50", "100", "200", "999", "10000", "-1", "0.5", "1e3", "1e999", "NaN", "Inf", "0x10", "00", "true", "false", "max", "auto", "exif",
	"crop", "clip", "scale", "faces", "top", "[top,left]", "center", "red", "FF0000", "FF000080", "none", "jpg", "png", "webp", "avif", "gif", "tiff", "svg",
	"bmp", "ico", "pjpg", "pdf", "mp4", "all", "[1,2]", "[10,10,50,50]", "[[10,10,50,50]]", "[[[[[[", "]]]]", "[]", "[,]", `"a,b"`, `"`, "HANDLE", "[HANDLE,HANDLE]",
	"--help", "-o /tmp/rce", "-write", "@/etc/passwd", "$(touch /tmp/rce)", "`id`", "|id", ";id", "&&id", "%s%s%s%n", "%n", "{0}", "../../../../etc/passwd",
	"file:///etc/passwd", "text:/etc/passwd", "label:@/etc/passwd", "msl:/tmp/x", "ephemeral:/tmp/x", "https://127.0.0.1:1/", "http://169.254.169.254/",
	"x.png[page=1]", "x.png[access=random]", "[memory]", "\x00", "\r\nX-Injected: 1", "\xff\xfe", "é", "\u202e", strings.Repeat("9", 400), strings.Repeat("[", 200),
	"<script>alert(1)</script>", "' or 1=1 --", "src://alias/../x", "wf://x", "b64://aGk=", "%2e%2e%2f", "%", "%zz", "+", " ", "",
}

// randomPath returns a URL of random tasks on the asset called handle.
func randomPath(r *rand.Rand, names []string, handle, key string) string {
	var b strings.Builder
	if r.IntN(8) == 0 {
		b.WriteString("/" + key)
	}
	for range 1 + r.IntN(5) {
		name := names[r.IntN(len(names))]
		b.WriteString("/" + name)
		for i, param := range strings.Fields(tasks[name]) {
			if r.IntN(2) == 0 {
				continue
			}
			value := strings.ReplaceAll(values[r.IntN(len(values))], "HANDLE", handle)
			switch r.IntN(4) {
			case 0:
				value = `"` + value + `"`
			case 1:
				value += values[r.IntN(len(values))]
			}
			if r.IntN(3) > 0 || strings.Trim(value, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ[],.-") != "" {
				value = url.PathEscape(value)
			}
			fmt.Fprintf(&b, "%c%s:%s", "=,"[min(i, 1)], param, value)
		}
	}
	return b.String() + "/" + handle
}

// Random tasks with random arguments are answered, whatever they say.
func TestF7RandomPlans(t *testing.T) {
	lasts := 20 * time.Second
	if soak {
		lasts = 10 * time.Minute
	}
	c := plant(t)
	s := start(t)
	a := s.app(t, "fuzz", "off")
	handles := []string{
		s.mustStore(t, a, "photo.jpg", encodeJPEG(t, quarters(120, 80)), ""),
		s.mustStore(t, a, "photo.png", encodePNG(t, quarters(64, 64)), ""),
		s.mustStore(t, a, "drawing.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="50" height="40"><circle r="20"/></svg>`), ""),
		s.mustStore(t, a, "a.txt", []byte("no image\n"), ""),
	}
	var names []string
	for name := range tasks {
		names = append(names, name)
	}
	seed := uint64(time.Now().UnixNano())
	var asked, made atomic.Int64
	var done sync.WaitGroup
	end := time.Now().Add(lasts)
	for n := range callers {
		done.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			for time.Now().Before(end) && !t.Failed() {
				path := randomPath(r, names, handles[r.IntN(len(handles))], a.Key)
				answer := s.get(path)
				asked.Add(1)
				if answer.status == http.StatusOK {
					made.Add(1)
				}
				if answer.status == 0 || answer.status >= http.StatusInternalServerError || answer.header.Get("X-Injected") != "" {
					t.Errorf("seed %d: GET %s: %v", seed, path, answer)
				}
				if what := sing(answer.body); what != "" {
					t.Errorf("GET %s: it holds %s", path, what)
				}
			}
		})
	}
	done.Wait()
	s.alive(t)
	if n := s.metric(t, "stowgate_image_crashes_total"); n != 0 {
		t.Errorf("%d workers crashed", n)
	}
	if made.Load() < 20 {
		t.Errorf("only %d of %d plans made anything", made.Load(), asked.Load())
	}
	t.Logf("%d plans, %d of them made something; the canaries are at %s", asked.Load(), made.Load(), c.address)
}
