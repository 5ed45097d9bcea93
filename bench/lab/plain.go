package lab

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// PlainCommand makes the program of the benchmarks call Plain with the two
// arguments that follow.
const PlainCommand = "serve-plain"

// Plain serves the files in root on a port by net/http alone, each opened anew
// as nginx does. It checks nothing: it is what a server on net/http cannot
// surpass.
func Plain(port, root string) error {
	return http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(filepath.Join(root, filepath.Base(r.URL.Path)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, f)
	}))
}

// StartPlain runs Plain in a process of its own.
func StartPlain(ctx context.Context, root string) (*Process, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, PlainCommand, strconv.Itoa(port), root)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &Process{Cmd: cmd, URL: fmt.Sprintf("http://127.0.0.1:%d/", port)}, AwaitPort(port)
}
