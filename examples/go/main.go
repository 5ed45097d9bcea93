// Go is a small shop's server whose customers upload pictures: a page that the
// server fills in, and the same by a JSON endpoint, for pages that ask for their
// policy. The app's secret never leaves this program.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/stowgate/stowgate/sign"
)

// Where Stowgate is, and the app that files belong to: stowgate app create shop
var (
	stowgate = cmp.Or(os.Getenv("STOWGATE_URL"), "http://127.0.0.1:8080")
	key      = os.Getenv("STOWGATE_KEY")
	secret   = os.Getenv("STOWGATE_SECRET")
)

// Credentials are what a page needs to upload and to show what it uploaded.
type Credentials struct {
	Base   string `json:"base"`
	APIKey string `json:"apikey"`
	sign.Signed
}

// credentials signs a policy for whoever asks. Here a real server looks who that
// is, and refuses strangers.
func credentials() (Credentials, error) {
	signed, err := sign.Policy{
		Expires: time.Now().Add(15 * time.Minute),
		Call:    []string{"pick", "store", "read", "convert"},
		Path:    "/customers/",
		MaxSize: 20 << 20,
	}.Sign(secret)
	return Credentials{stowgate, key, signed}, err
}

func main() {
	if key == "" || secret == "" {
		fmt.Fprintln(os.Stderr, "set STOWGATE_KEY and STOWGATE_SECRET to what `stowgate app create shop` prints")
		os.Exit(2)
	}
	page := template.Must(template.ParseFiles("page.html"))
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		c, err := credentials()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		if err := page.Execute(w, c); err != nil {
			log.Print(err)
		}
	})
	http.HandleFunc("GET /get-filestack-credentials", func(w http.ResponseWriter, r *http.Request) {
		c, err := credentials()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		json.NewEncoder(w).Encode(c)
	})
	http.Handle("GET /static/", http.StripPrefix("/static/", http.FileServer(http.Dir("static"))))
	listener, err := net.Listen("tcp", cmp.Or(os.Getenv("LISTEN"), "127.0.0.1:8000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, nil))
}
