// Package script serves the scripts that pages load from Filestack's host
// static, or from whichever host they were told: the picker, the script of the
// old API, custom elements and the viewer's script, which are Stowgate's own,
// and Filestack's published clients.
package script

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/server"
)

// types are the media types of what is served; nothing else is.
var types = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".map": "application/json",
	".ts":  "text/plain; charset=utf-8", // declarations, for the compiler of TypeScript
	".txt": "text/plain; charset=utf-8",
}

// What has a hash of its content in its name never changes. The others do when
// the server is updated, and are better old than missing: Filestack's loader
// does not tell a page that a script failed to load (filestack-js,
// @filestack/loader).
const (
	keepAlways  = "public, max-age=31536000, immutable"
	keepShortly = "public, max-age=300, stale-while-revalidate=3600, stale-if-error=604800"
)

var hashed = regexp.MustCompile(`-[A-Z0-9]{8}\.\w+$`)

// homes are the sub-domains that the scripts are on: where pages of each
// generation look for them (filestack-js, src/config.ts; filepicker-js).
var homes = []string{"static", "api", "www"}

// files are the scripts, as a build left them: each beside a copy for each of
// the codings.
type files struct {
	fs.FS
	tags sync.Map // entity tags by name
}

// Routes returns the table of all scripts in dist, which a build made: see
// web/build.mjs. Without a build it holds none, and the answers say so. hosts
// says whether the server has a host for each service, which the script of the
// old API cannot tell from the name of one.
func Routes(dist fs.FS, hosts bool) []server.Route {
	f := &files{FS: dist}
	own := func(r *http.Request) string { return r.PathValue("file") }
	old := "filepicker.js"
	if hosts {
		old = "filepicker-hosts.js"
	}
	legacy := func(*http.Request) string { return old }
	client := func(name string) func(*http.Request) string {
		return func(r *http.Request) string { return f.client(name, r.PathValue("range"), r.PathValue("file")) }
	}
	var table []server.Route
	on := func(pattern string, name func(*http.Request) string, at ...string) {
		table = append(table, server.Public(http.MethodGet, pattern, "scripts are the same for everybody", f.handler(name)).On(at...))
	}
	on("/picker/{version}/{file}", own, homes...)
	on("/stowgate/{file}", own, append([]string{"cdn", "process", "portal", ""}, homes...)...)
	on("/v1/filepicker.js", legacy, homes...)
	on("/filestack.js", legacy, homes...)
	on("/v2/{file}", func(r *http.Request) string {
		if strings.HasPrefix(r.PathValue("file"), "filepicker") && strings.HasSuffix(r.PathValue("file"), ".js") {
			return old // filepicker-2.4.18.min.js, filepicker_debug.js
		}
		return ""
	}, homes...)
	on("/filestack-js/{range}/{file}", client("filestack-js"), homes...)
	on("/adaptive/{range}/{file}", client("adaptive"), homes...)
	none := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", keepShortly)
		w.WriteHeader(http.StatusNoContent)
	}
	return append(table, server.Public(http.MethodGet, "/favicon.ico", "browsers ask for it, and there is none", http.HandlerFunc(none)))
}

// client returns the name of a file of a published client, in the version there
// is of the major version that a range begins with, such as 3 of 3.x.x.
func (f *files) client(name, versions, file string) string {
	major, _, _ := strings.Cut(versions, ".")
	if major == "" || strings.Trim(major, "0123456789") != "" {
		return ""
	}
	folders, err := fs.Glob(f, name+"-"+major+".*")
	if err != nil || len(folders) == 0 {
		return ""
	}
	return path.Join(folders[len(folders)-1], file)
}

// handler serves the file that name says.
func (f *files) handler(name func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := fs.Stat(f, "picker.js"); err != nil {
			http.Error(w, "This server was built without the scripts for browsers. Build it with scripts/build, which needs Node.js.", http.StatusNotFound)
			return
		}
		file := name(r)
		media, known := types[path.Ext(file)]
		if _, err := fs.Stat(f, file); err != nil || !known {
			http.Error(w, "there is no such script here", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", media)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("Vary", "Accept-Encoding")
		h.Set("Cache-Control", keepShortly)
		if hashed.MatchString(file) {
			h.Set("Cache-Control", keepAlways)
		}
		f.send(w, r, file)
	})
}

// codings are those that a build makes, the smallest first, with the endings of
// their files.
var codings = []struct{ name, ending string }{{"br", ".br"}, {"gzip", ".gz"}, {"", ""}}

// send answers with a file in the first coding that the client takes.
func (f *files) send(w http.ResponseWriter, r *http.Request, name string) {
	for _, coding := range codings {
		if coding.name != "" && !accepts(r.Header.Values("Accept-Encoding"), coding.name) {
			continue
		}
		body, tag, err := f.open(name + coding.ending)
		if err != nil {
			continue
		}
		defer body.Close()
		if coding.name != "" {
			w.Header().Set("Content-Encoding", coding.name)
		}
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, body)
		return
	}
	http.Error(w, "there is no such script here", http.StatusNotFound)
}

// open returns a file and its entity tag, which it computes once.
func (f *files) open(name string) (body seekable, tag string, err error) {
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, "", err
	}
	body, ok := file.(seekable)
	if !ok {
		return nil, "", errors.Join(fs.ErrInvalid, file.Close())
	}
	if tag, ok := f.tags.Load(name); ok {
		return body, tag.(string), nil
	}
	digest := sha256.New()
	if _, err = io.Copy(digest, body); err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, "", errors.Join(err, file.Close())
	}
	tag = `"` + base64.RawURLEncoding.EncodeToString(digest.Sum(nil)[:12]) + `"`
	f.tags.Store(name, tag)
	return body, tag, nil
}

// A seekable is a file whose ranges can be sent, as those of package embed are.
type seekable interface {
	io.ReadSeeker
	io.Closer
}

// accepts reports whether fields of Accept-Encoding allow a coding by its name.
func accepts(fields []string, coding string) bool {
	for item := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		name, weight, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			value, _ := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			return strings.Trim(value, "0.") != "" || value == ""
		}
	}
	return false
}
