package images

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stowgate/stowgate/bench/lab"
)

// The contenders, as they are printed.
const (
	ours     = "stowgate"
	bareName = "bare libvips"
	imgproxy = "imgproxy"
	imagor   = "imagor"
)

// servePeer starts a peer that listens on port, with more variables.
func servePeer(ctx context.Context, port int, environment []string, program string, args ...string) (*lab.Process, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &lab.Process{Cmd: cmd, Children: true, URL: fmt.Sprintf("http://127.0.0.1:%d", port)}
	return p, lab.AwaitPort(port)
}

// startImgproxy starts imgproxy with the settings of its own image, but with
// the effort for AVIF that Stowgate takes, all frames, and time to answer.
func startImgproxy(ctx context.Context, s setting) (*imageServer, error) {
	port, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	p, err := servePeer(ctx, port, []string{
		"MALLOC_ARENA_MAX=2", fmt.Sprintf("IMGPROXY_BIND=127.0.0.1:%d", port), "IMGPROXY_LOCAL_FILESYSTEM_ROOT=" + filepath.Join(s.Dir, "copies"),
		"IMGPROXY_AVIF_SPEED=9", "IMGPROXY_MAX_ANIMATION_FRAMES=100", "IMGPROXY_TIMEOUT=300", "IMGPROXY_WRITE_RESPONSE_TIMEOUT=300", "IMGPROXY_LOG_LEVEL=error",
	}, s.imgproxy)
	if err != nil {
		return nil, err
	}
	return &imageServer{Process: p, address: func(sc scenario, i int) string {
		size := fmt.Sprintf("rs:fit:%d:0", sc.width)
		if sc.height > 0 {
			size = fmt.Sprintf("rs:fill:%d:%d/g:ce", sc.width, sc.height)
		}
		if sc.quality > 0 {
			size += fmt.Sprintf("/q:%d", sc.quality)
		}
		return fmt.Sprintf("%s/insecure/%s/plain/local:///%s@%s", p.URL, size, filepath.Base(s.copy(sc.source, i)), sc.format)
	}}, nil
}

// startImagor starts imagor with the settings of its own image, but with the
// vector code of the library, the effort for AVIF that Stowgate takes, and time
// to answer.
func startImagor(ctx context.Context, s setting) (*imageServer, error) {
	port, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	p, err := servePeer(ctx, port, []string{"MALLOC_ARENA_MAX=2"}, s.imagor,
		"-bind", fmt.Sprintf("127.0.0.1:%d", port), "-imagor-unsafe", "-file-loader-base-dir", filepath.Join(s.Dir, "copies"),
		"-vips-vector", "1", "-vips-avif-speed", "9", "-vips-strip-metadata", "-imagor-request-timeout", "300s")
	if err != nil {
		return nil, err
	}
	return &imageServer{Process: p, address: func(sc scenario, i int) string {
		filters := fmt.Sprintf("format(%s)", strings.Replace(sc.format, "jpg", "jpeg", 1))
		if sc.quality > 0 {
			filters += fmt.Sprintf(":quality(%d)", sc.quality)
		}
		return fmt.Sprintf("%s/unsafe/%dx%d/filters:%s/%s", p.URL, sc.width, sc.height, filters, filepath.Base(s.copy(sc.source, i)))
	}}, nil
}

// A shop is a Stowgate whose data folder holds all copies of the sources.
type shop struct {
	folder  string
	handles map[string][]string // by source
}

// stock stores the sources.
func stock(ctx context.Context, s setting) (*shop, error) {
	b := &shop{folder: "images", handles: map[string][]string{}}
	w, err := lab.StartStowgate(ctx, s.Setting, b.folder)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	for _, source := range sources {
		body, err := os.ReadFile(s.copy(source, 0))
		if err != nil {
			return nil, err
		}
		handles := make([]string, s.copies())
		if err := lab.Each(len(handles), 8, func(i int) (err error) {
			handles[i], err = store(ctx, w, w.Open.APIKey, source, body, "")
			return err
		}); err != nil {
			return nil, err
		}
		b.handles[source] = handles
	}
	return b, nil
}

// store uploads body to w and returns its handle. query is added to the URL's.
func store(ctx context.Context, w *lab.Stowgate, key, name string, body []byte, query string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", fmt.Sprintf("%s/api/store/S3?key=%s&filename=%s%s", w.URL, key, name, query), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	var stored struct{ Handle string }
	_, err = lab.Do(req, http.StatusOK, &stored)
	return stored.Handle, err
}

// tasks returns the path of what makes sc, before the handle.
func (sc scenario) tasks() string {
	resize, output := fmt.Sprintf("resize=width:%d", sc.width), "output=format:"+sc.format
	if sc.height > 0 {
		resize += fmt.Sprintf(",height:%d,fit:crop", sc.height)
	}
	if sc.quality > 0 {
		output += fmt.Sprintf(",quality:%d", sc.quality)
	}
	return resize + "/" + output
}

// open serves the shop.
func (b *shop) open(ctx context.Context, s setting, args ...string) (*imageServer, error) {
	w, err := lab.ServeStowgate(ctx, s.Setting, b.folder, append(args, "--log-level", "warn")...)
	if err != nil {
		return nil, err
	}
	w.Children = true
	return &imageServer{Process: w.Process, address: func(sc scenario, i int) string {
		return fmt.Sprintf("%s/cache=false/%s/%s", w.URL, sc.tasks(), b.handles[sc.source][i%s.copies()])
	}}, nil
}
