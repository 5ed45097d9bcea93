// Gallery shows private pictures. Whoever looks gets, for each picture, a link
// with a policy of its own: for that one file, to see it in small, for minutes.
// It keeps the pictures' handles in a file.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/stowgate/stowgate/sign"
)

// Where Stowgate is, and the app that files belong to: stowgate app create gallery
var (
	stowgate = cmp.Or(os.Getenv("STOWGATE_URL"), "http://127.0.0.1:8080")
	key      = os.Getenv("STOWGATE_KEY")
	secret   = os.Getenv("STOWGATE_SECRET")
)

// A Picture is one that was uploaded.
type Picture struct {
	Handle string `json:"handle"`
	Name   string `json:"filename"`
}

// A Gallery is the pictures there are, newest first.
type Gallery struct {
	file string

	mu       sync.Mutex
	pictures []Picture
}

// Open reads the gallery in file, which may not be there yet.
func Open(file string) (*Gallery, error) {
	g := &Gallery{file: file}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	return g, json.Unmarshal(text, &g.pictures)
}

// Add keeps a picture.
func (g *Gallery) Add(p Picture) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := append([]Picture{p}, g.pictures...)
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := os.WriteFile(g.file+".new", text, 0o600); err != nil {
		return err
	}
	if err := os.Rename(g.file+".new", g.file); err != nil {
		return err
	}
	g.pictures = next
	return nil
}

// Pictures returns all.
func (g *Gallery) Pictures() []Picture {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.pictures)
}

// query returns a policy for one picture, as the query of a link.
func (p Picture) query(calls ...string) (string, error) {
	signed, err := sign.Policy{Expires: time.Now().Add(10 * time.Minute), Call: calls, Handle: p.Handle}.Sign(secret)
	return url.Values{"policy": {signed.Policy}, "signature": {signed.Signature}}.Encode(), err
}

// Thumbnail is where a picture is seen in small.
func (p Picture) Thumbnail() (string, error) {
	q, err := p.query("read", "convert")
	return stowgate + "/resize=width:300,height:300,fit:crop/" + p.Handle + "?" + q, err
}

// Original is where it is seen whole.
func (p Picture) Original() (string, error) {
	q, err := p.query("read")
	return stowgate + "/" + p.Handle + "?" + q, err
}

// maxPicture is how many bytes one may have.
const maxPicture = 20 << 20

// upload stores a picture in Stowgate, with a policy for this one upload.
func upload(r *http.Request) (Picture, error) {
	file, header, err := r.FormFile("picture")
	if err != nil {
		return Picture{}, fmt.Errorf("choose a picture: %w", err)
	}
	defer file.Close()
	signed, err := sign.Policy{Expires: time.Now().Add(time.Minute), Call: []string{"store"}, MaxSize: maxPicture, Uses: 1}.Sign(secret)
	if err != nil {
		return Picture{}, err
	}
	q := url.Values{"key": {key}, "filename": {path.Base(header.Filename)}, "policy": {signed.Policy}, "signature": {signed.Signature}}
	answer, err := http.Post(stowgate+"/api/store/S3?"+q.Encode(), header.Header.Get("Content-Type"), file)
	if err != nil {
		return Picture{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return Picture{}, err
	}
	if answer.StatusCode != http.StatusOK {
		return Picture{}, fmt.Errorf("stowgate says %s: %s", answer.Status, bytes.TrimSpace(text))
	}
	var stored struct{ URL, Filename string }
	if err := json.Unmarshal(text, &stored); err != nil {
		return Picture{}, err
	}
	return Picture{path.Base(stored.URL), stored.Filename}, nil
}

func main() {
	if key == "" || secret == "" {
		fmt.Fprintln(os.Stderr, "set STOWGATE_KEY and STOWGATE_SECRET to what `stowgate app create gallery` prints")
		os.Exit(2)
	}
	gallery, err := Open(cmp.Or(os.Getenv("GALLERY"), "gallery.json"))
	if err != nil {
		log.Fatal(err)
	}
	page := template.Must(template.ParseFiles("page.html"))
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		if err := page.Execute(&b, gallery.Pictures()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // its links are for whoever looks now
		b.WriteTo(w)
	})
	http.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxPicture+1<<20)
		picture, err := upload(r)
		if err == nil {
			err = gallery.Add(picture)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.NewCrossOriginProtection().Handler(http.DefaultServeMux)))
}
