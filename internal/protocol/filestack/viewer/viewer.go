// Package viewer shows a stored file as a page: pictures, text, sound, moving
// pictures and documents in their place, and what cannot be shown by its name
// and a way to download it. The page loads the file by the address that its
// reader came with, so that it shows nothing that this reader could not have.
package viewer

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/library"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/server"
)

// A Viewer shows files.
type Viewer struct {
	Gate     *access.Gate
	Library  *library.Service
	Place    answer.Place
	Converts func() bool // says whether pictures can be made into others
	Portal   string      // origin of the pages for owners, which may always frame it; "" if that is where it is itself
}

// A Request is what a page is asked for.
type Request struct {
	Asset asset.ID
	CSS   string            // address of a style sheet of the caller's, or ""
	Cred  policy.Credential // what the page loads the file with
}

// A page is what the template shows.
type page struct {
	Name, About string
	Kind        string // see kindOf
	Alt         string // what the owner says that a picture shows
	Source      string // address of what is shown
	Download    string
	Size        int64 // bytes of Source
	CSS         string

	Heading, Message, Request string // of a page that is none

	Text  text // of the reader's language
	Nonce string
	Style template.CSS
}

// toPicture are the tasks that make something every browser shows.
const toPicture = "resize=width:4096,height:4096,fit:max/output=format:webp/"

//go:embed page.html
var markup string

//go:embed viewer.css
var style string

var pages = template.Must(template.New("page").Parse(markup))

// Show answers with a page about a file. It needs a grant that allows both to
// read and to transform it, and counts as one use; what the page then loads
// counts for itself.
//
// Filestack documentation: "Document Viewer".
func (v *Viewer) Show(w http.ResponseWriter, r *http.Request, g policy.Grant, what Request) error {
	sheet, err := styleSheet(what.CSS)
	if err != nil {
		return err
	}
	if err := g.Check(policy.Request{Action: policy.Read, Asset: what.Asset, Size: -1}, v.Gate.Now()); err != nil {
		return err
	}
	file, err := v.Library.Get(r.Context(), g, what.Asset, policy.Convert)
	if err != nil {
		return err
	}
	app, err := v.Gate.Apps.App(r.Context(), g.App)
	if err != nil {
		return err
	}
	p := page{
		Text: textFor(r.Header.Get("Accept-Language")),
		Name: file.Name, Alt: file.Alt, Kind: kindOf(file.Detected, v.Converts()), Size: file.Content.Size(), CSS: sheet,
		Source: v.source(what, "", false), Download: v.source(what, "", true),
	}
	if p.Kind == converted {
		p.Kind, p.Source = picture, v.source(what, toPicture, false)
	}
	p.About = about(p.Text, p.Kind, file)
	v.write(w, http.StatusOK, p, app.Options.Origins)
	return nil
}

// Refuse answers with a page that says why a file is not shown. It is not told
// whose origins may frame it, because that is not known of every file.
func (v *Viewer) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	server.NoteError(r.Context(), err)
	status, _ := answer.Of(answer.CDN, err)
	said := textFor(r.Header.Get("Accept-Language"))
	p := page{Text: said, Name: said.T("File"), Heading: said.T("This file cannot be shown"), Request: server.RequestID(r.Context())}
	var denial *policy.Denial
	switch {
	case errors.As(err, &denial):
		p.Message = said.T(refusals[denial.Reason])
	case status == http.StatusForbidden:
		p.Message = said.T("The address does not allow it. Ask whoever gave it to you for another one.")
	case status == http.StatusNotFound:
		p.Message = said.T("There is no such file. It may have been deleted, or the address is not complete.")
	case status >= http.StatusInternalServerError || status == http.StatusTooManyRequests:
		p.Message = said.T("The server could not do this now. Try again in a minute.")
	default:
		p.Message = said.T("The address makes no sense to this server. Ask whoever gave it to you for another one.")
	}
	v.write(w, status, p, nil)
}

// refusals tell a reader why, and what to do: keys of a text.
var refusals = map[policy.Reason]string{
	policy.AppDisabled:         "The owner of this file has switched off access to it.",
	policy.NoCredentials:       "It needs a policy and a signature, and the address carries none. Ask for the complete address.",
	policy.BadSignature:        "The signature in the address does not fit. Ask for the complete address.",
	policy.BadPolicy:           "The policy in the address cannot be read. Ask for another address.",
	policy.Expired:             "The address has expired. Ask for a new one.",
	policy.Revoked:             "The address was taken back. Ask for a new one.",
	policy.CallNotAllowed:      "The address allows something else. To show a file, its policy must list the calls read and convert.",
	policy.OtherAsset:          "The address is for another file.",
	policy.PathNotAllowed:      "The policy in the address is for other files.",
	policy.ContainerNotAllowed: "The policy in the address is for other files.",
	policy.URLNotAllowed:       "The policy in the address is for other files.",
	policy.TooSmall:            "The policy in the address is for other files.",
	policy.TooLarge:            "The policy in the address is for other files.",
	policy.UsedUp:              "The address was used as often as it allows. Ask for a new one.",
	policy.OriginNotAllowed:    "Pages of this site may not use the file.",
}

// source returns the address of what tasks make of the file, with the caller's
// credential; download is for saving it.
func (v *Viewer) source(what Request, tasks string, download bool) string {
	query := url.Values{}
	if what.Cred != (policy.Credential{}) {
		query.Set("policy", what.Cred.Policy)
		query.Set("signature", what.Cred.Signature)
	}
	if download {
		query.Set("dl", "true")
	}
	link := v.Place.CDN + "/" + tasks + string(what.Asset)
	if len(query) > 0 {
		link += "?" + query.Encode()
	}
	return link
}

// styleSheet returns the one spelling of a caller's style sheet, which must be
// on the web.
func styleSheet(css string) (string, error) {
	if css == "" {
		return "", nil
	}
	canonical, err := policy.CanonicalURL(css)
	if err != nil {
		return "", errors.Join(params.Invalid("css"), err)
	}
	return canonical, nil
}

// write answers with p, which pages of the origins may frame; none means any.
func (v *Viewer) write(w http.ResponseWriter, status int, p page, origins []string) {
	p.Nonce, p.Style = rand.Text(), template.CSS(style)
	h := w.Header()
	answer.Protect(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Text.Lang)
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", v.policy(p, origins))
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Robots-Tag", "noindex")
	var b bytes.Buffer
	if err := pages.Execute(&b, p); err != nil {
		panic(err) // a template that runs on any text
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// policy returns what the page may load: its own script and style, the file,
// and what a style sheet of the caller's brings.
func (v *Viewer) policy(p page, origins []string) string {
	own, sheets, within := "'nonce-"+p.Nonce+"'", "", ""
	styles := own
	if u, err := url.Parse(p.CSS); err == nil && p.CSS != "" {
		sheets = " " + u.Scheme + "://" + u.Host
	}
	if p.Kind == markupPage { // its frame inherits this policy, and has styles and pictures within it
		styles, within = "'unsafe-inline'", " data:"
	}
	frames := "*"
	if len(origins) > 0 {
		frames = strings.TrimSpace("'self' "+v.Portal) + " " + strings.Join(origins, " ")
	}
	files := v.Place.CDN
	return "default-src 'none'; script-src " + own + "; style-src " + styles + sheets + "; img-src " + files + sheets + within +
		"; font-src" + orNone(sheets) + "; media-src " + files + "; connect-src " + files + "; frame-src blob:; object-src blob:; " +
		"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors " + frames
}

func orNone(sources string) string {
	if sources == "" {
		return " 'none'"
	}
	return sources
}

// sizes are the units of a file's size: keys of a text.
var sizes = []string{"{n} B", "{n} kB", "{n} MB", "{n} GB", "{n} TB"}

// about says in a line what a file is, in the words of t.
func about(t text, kind string, file asset.Asset) string {
	n, unit, format := float64(file.Content.Size()), 0, "%.3g"
	for n >= 999.5 && unit < len(sizes)-1 {
		n, unit = n/1000, unit+1
	}
	if unit == 0 || n >= 99.5 {
		format = "%.0f"
	}
	facts := []string{t.T(words[kind])}
	if file.Width > 0 && file.Height > 0 {
		facts = append(facts, fmt.Sprintf("%d × %d", file.Width, file.Height))
	}
	size := strings.Replace(fmt.Sprintf(format, n), ".", t.T("."), 1)
	return strings.Join(append(facts, t.T(sizes[unit], "n", size)), " · ")
}
