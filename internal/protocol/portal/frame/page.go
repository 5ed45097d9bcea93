package frame

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
)

// parse reads frame.html and parts.html, and each page in them.
func parse(pages fs.FS) (map[string]*template.Template, error) {
	frame, err := template.New("frame.html").Funcs(words).ParseFS(pages, "frame.html", "parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(pages, "*.html")
	if err != nil {
		return nil, err
	}
	looks := make(map[string]*template.Template)
	for _, name := range names {
		if name == "frame.html" || name == "parts.html" {
			continue
		}
		t, err := template.Must(frame.Clone()).ParseFS(pages, name)
		if err != nil {
			return nil, err
		}
		looks[strings.TrimSuffix(name, path.Ext(name))] = t
	}
	return looks, nil
}

// A sheet is what templates see. Data is the page's own.
type sheet struct {
	Title   string
	Section string // of the menu: the page's name
	Actor   account.Actor
	App     *manage.App // nil where the page is about none
	Notice  string      // what was done by the request before
	Problem string      // why a form was not accepted
	Root    string
	Data    any
}

// May says whether the actor may do what the act's name says, to the page's app.
func (s sheet) May(act string) bool {
	a, err := account.ParseAct(act)
	if err != nil {
		panic(err) // a template's mistake; a test opens every page
	}
	app := ""
	if s.App != nil {
		app = s.App.Key
	}
	return s.Actor.Check(a, app) == nil
}

// Show answers with a page. The title is without the product's name.
func (f *Frame) Show(v *Visit, page, title string, data any) error {
	return f.show(v, http.StatusOK, page, sheet{Title: title, Section: page, Data: data})
}

// Again answers with the page of a form that was not accepted, saying why. What
// was typed stays in the form.
func (f *Frame) Again(v *Visit, page, title, problem string, data any) error {
	return f.show(v, http.StatusUnprocessableEntity, page, sheet{Title: title, Section: page, Problem: problem, Data: data})
}

func (f *Frame) show(v *Visit, status int, page string, s sheet) error {
	t := f.looks[page]
	if t == nil {
		return fmt.Errorf("there is no page %s", page)
	}
	s.Actor, s.App, s.Root = v.Actor, v.App, Root
	s.Notice = v.takeNotice()
	var b bytes.Buffer
	if err := t.Execute(&b, s); err != nil {
		return fmt.Errorf("show page %s: %w", page, err)
	}
	body := tie(b.Bytes(), v.wrong)
	f.protect(v.w.Header())
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	v.w.Write(body) // or the reader has gone
	return nil
}

// protect sets the header of every answer: nothing of it is kept, framed, or
// told to others.
func (f *Frame) protect(h http.Header) {
	h.Set("Content-Security-Policy", f.rules)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "geolocation=(), payment=(), usb=()")
}
