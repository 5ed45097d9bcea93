package hostile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/stowgate/stowgate/internal/corpora"
)

// folders are those of the corpora that hold images and documents, or what is named so.
var folders = strings.Fields(`avif bmp-ico decoder-probes exif-orientation gif-artificial gif-fuzz image-bombs image-edge jpeg-fuzz jxl
	magick-probes metadata-probes pdf-fuzz pdf-hostile pdf-own png-artificial png-fuzz png-suite polyglots svg-own svg-ssrf
	svg-structure tiff-fuzz tiff-valid webp-fuzz webp-valid`)

// oneIn is which part of a folder of many is used when there is little time.
const (
	many  = 30
	oneIn = 8
)

// callers is how many ask the server at once.
const callers = 4

// What an answer may take: a job's time, the queue's patience, and what a busy
// machine adds.
const mostTime = 10*time.Second + 10*time.Second + 10*time.Second

// What processes may hold. That of a worker is without its files, the library,
// and with what it can take until the server looks at it again.
const (
	mostServer = 256 << 20
	mostWorker = 512<<20 + 64<<20
)

// A sample is a file of the corpora, or one that was pointed at the canaries.
type sample struct {
	name  string // FOLDER/FILE
	data  []byte
	aimed bool
}

// samples returns the files of a folder.
func samples(t *testing.T, folder string) (all []sample) {
	t.Helper()
	dir := corpora.Dir(t, folder)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sample{name: folder + "/" + e.Name(), data: data})
	}
	if len(all) == 0 {
		t.Errorf("no files in %s", dir)
	}
	return all
}

// An origin is an outside host that serves samples. It is 127.0.0.2, because a
// server does not import from itself by any of its ports.
type origin struct {
	URL   string
	args  []string // settings that let a server import from it
	files sync.Map // path to bytes, or to an http.Handler
}

func newOrigin(t *testing.T) *origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	o := new(origin)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := o.files.Load(r.URL.Path)
		if !ok {
			http.NotFound(w, r)
			return
		}
		if h, ok := data.(http.Handler); ok {
			h.ServeHTTP(w, r)
			return
		}
		w.Write(data.([]byte))
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	o.URL, o.args = s.URL, []string{"--fetch-allow=127.0.0.2", "--fetch-port=" + port}
	return o
}

// each calls visit with every sample, several at a time.
func each(list []sample, visit func(sample)) {
	work := make(chan sample)
	var done sync.WaitGroup
	for range callers {
		done.Go(func() {
			for one := range work {
				visit(one)
			}
		})
	}
	for _, one := range list {
		work <- one
	}
	close(work)
	done.Wait()
}

// A visit asks a server to do something with every sample.
type visit struct {
	*server
	app    app
	origin *origin
	number atomic.Int64

	mu       sync.Mutex
	statuses map[int]int
	slowest  time.Duration
	slow     string
}

// Every image of the corpora, by every route: each gets an answer of the
// documented ones in time, nothing goes out, no file of the machine comes in,
// and the server lives, as do its limits.
func TestF2CorporaByEveryRoute(t *testing.T) {
	c, o := plant(t), newOrigin(t)
	s := start(t, o.args...)
	v := &visit{server: s, app: s.app(t, "corpora", "off"), origin: o, statuses: map[int]int{}}
	stop := s.watchMemory(t)
	var list []sample
	for _, folder := range folders {
		all := samples(t, folder)
		for i, one := range all {
			if soak || i%oneIn == 0 || len(all) < many {
				list = append(list, one)
			}
			for n, data := range c.aim(one.data) {
				list = append(list, sample{fmt.Sprintf("%s-aimed-%d", one.name, n), data, true})
			}
		}
	}
	each(list, func(one sample) {
		v.visit(t, one)
		s.alive(t)
	})
	stop()
	s.alive(t)
	t.Logf("%d files, answers %v, slowest %v: %s; %d jobs, %d crashes, %d timeouts, %d out of memory", len(list), v.statuses, v.slowest, v.slow,
		s.metric(t, "stowgate_image_jobs_total"), s.metric(t, "stowgate_image_crashes_total"),
		s.metric(t, "stowgate_image_timeouts_total"), s.metric(t, "stowgate_image_memory_kills_total"))
}

// effects is a chain of tasks that looks for faces, draws, and changes the canvas.
const effects = "/resize=width:64,height:48,fit:crop,align:faces/pixelate_faces/detect_faces/sepia/vignette/blur=amount:3" +
	"/rounded_corners=radius:8/shadow/rotate=deg:30/border/output=format:png/"

// visit sends a sample by every route.
func (v *visit) visit(t *testing.T, one sample) {
	handle, err := v.store(v.app, one.name, one.data, "")
	if err != nil {
		t.Errorf("%s: %v", one.name, err)
		return
	}
	n := v.number.Add(1)
	path := fmt.Sprintf("/%d/%s", n, filepath.Base(strings.ReplaceAll(one.name, "%", "-")))
	v.origin.files.Store(path, one.data)
	formats := []string{"png", "webp", "jpg"}
	if !soak {
		formats = formats[n%3 : n%3+1]
	}
	var replies []reply
	ask := func(method, path string, body string) reply {
		r := v.patient(one.name, method, path, body)
		v.judge(t, one, method+" "+path+" "+body, r)
		replies = append(replies, r)
		return r
	}
	if one.aimed {
		ask("GET", "/output=format:png/"+handle, "")
		ask("GET", "/output=format:svg/"+handle, "")
		return
	}
	ask("GET", "/resize=width:100/"+handle, "")
	for _, format := range formats {
		ask("GET", "/output=format:"+format+"/"+handle, "")
	}
	ask("GET", "/imagesize/"+handle, "")
	ask("GET", effects+handle, "")
	ask("GET", "/"+v.app.Key+"/resize=width:90/"+v.origin.URL+path, "")
	r := ask("POST", "/process", fmt.Sprintf(`{"apikey":%q,"sources":[%q],"tasks":[{"name":"resize","params":{"width":50}},{"name":"store","params":{}}]}`,
		v.app.Key, handle))
	var stored struct{ URL string }
	if r.status == http.StatusOK && json.Unmarshal(r.body, &stored) == nil && stored.URL != "" {
		ask("GET", stored.URL[strings.LastIndex(stored.URL, "/"):], "")
	}
	if isRefused(one.name) {
		for _, r := range replies {
			if r.status != http.StatusBadRequest {
				t.Errorf("%s: %v, want 400", one.name, r)
			}
		}
	}
}

// isRefused reports whether a sample is of a type that no decoder may see.
func isRefused(name string) bool {
	folder, file, _ := strings.Cut(name, "/")
	return folder == "decoder-probes" || folder == "magick-probes" || strings.HasSuffix(file, ".avi")
}

// patient asks again when the server is busy.
func (v *visit) patient(name, method, path, body string) reply {
	for {
		r := v.do(method, path, []byte(body), "Content-Type", "application/json")
		v.mu.Lock()
		v.statuses[r.status]++
		if r.took > v.slowest {
			v.slowest, v.slow = r.took, name+" "+path
		}
		v.mu.Unlock()
		if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" {
			return r
		}
		time.Sleep(time.Second)
	}
}

// judge fails the test if an answer is none of those that there may be.
func (v *visit) judge(t *testing.T, one sample, request string, r reply) {
	fail := func(format string, args ...any) {
		t.Errorf("%s: %s: %s: %v", one.name, request, fmt.Sprintf(format, args...), r)
	}
	if r.took > mostTime {
		fail("took %v", r.took)
	}
	if one.aimed {
		if what := sing(r.body); what != "" {
			fail("it holds %s", what)
		}
	}
	kind, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	switch r.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		if len(r.body) < 9 || len(r.body) > 400 || bytes.Contains(r.body, []byte("internal")) || bytes.Contains(r.body, []byte("vips")) {
			fail("no clear text")
		}
		return
	case http.StatusOK:
	default:
		fail("no answer of the documented ones")
		return
	}
	if r.header.Get("X-Content-Type-Options") != "nosniff" {
		fail("no nosniff")
	}
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff":
		if _, _, err := decode(r.body); err != nil {
			fail("%v", err)
		}
	case "image/svg+xml", "image/avif", "image/x-icon", "image/vnd.microsoft.icon":
	case "application/json":
		var answer map[string]any
		if err := json.Unmarshal(r.body, &answer); err != nil {
			fail("%v", err)
		}
	default:
		fail("type %s", kind)
	}
}

// decode decodes an image with decoders that are not the server's.
func decode(data []byte) (image.Image, string, error) {
	im, format, err := image.Decode(bytes.NewReader(data))
	if err != nil && strings.Contains(err.Error(), "webp: invalid format") && bytes.Contains(data[:min(64, len(data))], []byte("ANIM")) {
		return nil, "webp", nil // moving ones are not for this decoder
	}
	switch im := im.(type) {
	case *image.YCbCr:
		if format == "webp" {
			widen(im)
		}
	case *image.NYCbCrA:
		widen(&im.YCbCr)
	}
	return im, format, err
}

// widen turns colours of WebP, of which black is 16 and white is 235, into those
// that the decoder calls them.
// Source: https://www.rfc-editor.org/rfc/rfc6386#section-9.2
func widen(im *image.YCbCr) {
	stretch := func(plane []byte, middle, zero, span int) {
		for i, v := range plane {
			plane[i] = byte(min(max(((int(v)-zero)*255+span/2)/span+middle, 0), 255))
		}
	}
	stretch(im.Y, 0, 16, 219)
	stretch(im.Cb, 128, 128, 224)
	stretch(im.Cr, 128, 128, 224)
}

// watchMemory looks at the memory of the server and of its workers until stop is
// called, which fails the test if it was too much.
func (s *server) watchMemory(t *testing.T) (stop func()) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	peak := map[int]int{}
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(20 * time.Millisecond):
			}
			for _, pid := range append(s.workers(), s.cmd.Process.Pid) {
				peak[pid] = max(peak[pid], held(pid))
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		most := 0
		for pid, bytes := range peak {
			limit := mostServer
			if pid != s.cmd.Process.Pid {
				limit, most = mostWorker, max(most, bytes)
			}
			if bytes > limit {
				t.Errorf("process %d (the server is %d) held %d MiB", pid, s.cmd.Process.Pid, bytes>>20)
			}
		}
		if len(peak) < 2 {
			t.Errorf("only %d processes were seen", len(peak))
		}
		t.Logf("the server held %d MiB at most, any of %d workers %d MiB", peak[s.cmd.Process.Pid]>>20, len(peak)-1, most>>20)
	}
}

// held returns the most memory that a process has held that is not a file's, in
// bytes, or 0 if it is gone.
func held(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	field := func(name string) int {
		_, after, ok := strings.Cut(string(status), "\n"+name+":")
		if !ok {
			return 0
		}
		kb, _ := strconv.Atoi(strings.Fields(after)[0])
		return kb << 10
	}
	return field("VmHWM") - field("RssFile")
}
