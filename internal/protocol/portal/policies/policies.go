// Package policies is the portal's workbench for policies: they are built, put
// in words and signed, samples for servers are made of them, and what was
// refused is explained.
package policies

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// ReadURL returns what a URL asks for, in the words of the protocols that this
// server speaks: the app's key, if it says, and the policy and request.
type ReadURL func(text string) (key string, c policy.Credential, r policy.Request, err error)

// Pages are the pages of this package.
type Pages struct {
	*frame.Frame
	manage  *manage.Service
	readURL ReadURL
}

// New returns the pages.
func New(f *frame.Frame, manage *manage.Service, readURL ReadURL) *Pages {
	return &Pages{f, manage, readURL}
}

// Rows returns the table of the pages.
func (p *Pages) Rows() []frame.Row {
	const page = "/apps/{app}/policies"
	return []frame.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewApp, Do: p.page},
		{Method: http.MethodPost, Path: page, Act: account.SignPolicy, Do: p.sign},
		{Method: http.MethodPost, Path: page + "/meaning", Act: account.SignPolicy, Do: p.meaning},
		{Method: http.MethodPost, Path: page + "/explain", Act: account.ViewApp, Do: p.explain},
		{Method: http.MethodGet, Path: page + "/vectors.json", Act: account.ViewApp, Do: p.vectors},
	}
}

// defaultMinutes is how long a policy of the form counts at first.
const defaultMinutes = "15"

// A view is all that the page shows.
type view struct {
	Form     form
	Signed   *manage.Signed
	Document string // of what was signed
	Snippets []Snippet
	Calls    []string

	Question question
	Steps    []policy.Step
	Allowed  bool
}

// A form is a policy as it is typed: by fields, or as JSON where that is not empty.
type form struct {
	Call                                                          []string
	Minutes, Handle, Path, Container, URL, MinSize, MaxSize, JSON string
}

// Has says whether the policy lists a call.
func (f form) Has(call string) bool { return slices.Contains(f.Call, call) }

func formOf(v *frame.Visit) form {
	return form{Call: v.Values("call"), Minutes: v.Value("minutes"), Handle: v.Value("handle"), Path: v.Value("path"), Container: v.Value("container"),
		URL: v.Value("url"), MinSize: v.Value("min_size"), MaxSize: v.Value("max_size"), JSON: strings.TrimSpace(v.Value("json"))}
}

// document returns the policy, and for how long its signer wants it to count.
// The error is an *account.Refusal.
func (f form) document(now time.Time) (map[string]any, time.Duration, error) {
	minutes, err := strconv.ParseFloat(strings.TrimSpace(f.Minutes), 64)
	if err != nil || minutes <= 0 || minutes > 60*24*3650 {
		return nil, 0, account.Refuse(fault.Invalid, "minutes", "write for how many minutes it counts, like 15")
	}
	span := time.Duration(minutes * float64(time.Minute)).Truncate(time.Second)
	if f.JSON != "" {
		var d map[string]any
		reader := json.NewDecoder(strings.NewReader(f.JSON))
		reader.UseNumber()
		if err := reader.Decode(&d); err != nil || reader.More() {
			return nil, 0, account.Refuse(fault.Invalid, "json", `this is no JSON object like {"call":["read"]}`)
		}
		if _, given := d["expiry"]; !given {
			d["expiry"] = now.Add(span).Unix()
		}
		return d, span, nil
	}
	d := map[string]any{"expiry": now.Add(span).Unix()}
	if len(f.Call) > 0 {
		d["call"] = f.Call
	}
	for name, text := range map[string]string{"handle": f.Handle, "path": f.Path, "container": f.Container, "url": f.URL} {
		if text = strings.TrimSpace(text); text != "" {
			d[name] = text
		}
	}
	for _, size := range []struct{ field, name, text string }{{"min_size", "minSize", f.MinSize}, {"max_size", "maxSize", f.MaxSize}} {
		n, err := frame.ParseSize(size.text)
		if err != nil {
			return nil, 0, account.Refuse(fault.Invalid, size.field, "write a size like 5 MB, or leave it empty")
		}
		if n > 0 {
			d[size.name] = n
		}
	}
	return d, span, nil
}

func (p *Pages) page(ctx context.Context, v *frame.Visit) error {
	shown := p.view(form{Call: []string{"pick", "store"}, Minutes: defaultMinutes})
	shown.Question.Action, shown.Question.Handle = cmp.Or(v.Value("action"), shown.Question.Action), v.Value("handle") // of a refusal
	return p.Show(v, "policies", "Policies", shown)
}

func (p *Pages) view(f form) view {
	return view{Form: f, Calls: policy.Calls(), Question: question{Action: "read"}}
}

// signed signs what is typed.
func (p *Pages) signed(ctx context.Context, v *frame.Visit, f form) (view, error) {
	shown := p.view(f)
	document, span, err := f.document(p.Now())
	if err != nil {
		return shown, err
	}
	text, err := json.Marshal(document)
	if err != nil {
		return shown, err
	}
	signed, err := p.manage.SignPolicy(ctx, v.Actor, v.App.Key, string(text))
	if refusal := (*account.Refusal)(nil); errors.As(err, &refusal) && f.JSON != "" {
		refusal.Field = "json"
	}
	if err != nil {
		return shown, err
	}
	shown.Signed, shown.Document = &signed, string(text)
	shown.Snippets, err = Snippets(document, span, p.FilesURL, v.App.Key)
	return shown, err
}

func (p *Pages) sign(ctx context.Context, v *frame.Visit) error {
	shown, err := p.signed(ctx, v, formOf(v))
	if err != nil {
		if _, text := v.Refused(err); text != "" {
			return p.Again(v, "policies", "Policies", text, shown)
		}
		return err
	}
	return p.Show(v, "policies", "Policies", shown)
}

// meaning answers what is typed in words, for a page that shows them beside it.
func (p *Pages) meaning(ctx context.Context, v *frame.Visit) error {
	shown, err := p.signed(ctx, v, formOf(v))
	text := ""
	if err == nil {
		text = "It " + shown.Signed.Meaning + "."
	} else if _, text = frame.Refused(err); text == "" {
		return err
	}
	return p.Send(v, "text/plain; charset=utf-8", "", []byte(text))
}

// A question is what somebody wonders about.
type question struct{ URL, Policy, Signature, Action, Handle, Path, Size string }

// explain says of each condition whether it holds.
func (p *Pages) explain(ctx context.Context, v *frame.Visit) error {
	q := question{URL: strings.TrimSpace(v.Value("link")), Policy: strings.TrimSpace(v.Value("policy")), Signature: strings.TrimSpace(v.Value("signature")),
		Action: v.Value("action"), Handle: strings.TrimSpace(v.Value("handle")), Path: v.Value("path"), Size: v.Value("size")}
	shown := p.view(form{Call: []string{"pick", "store"}, Minutes: defaultMinutes})
	shown.Question = q
	c, r, err := p.request(v, &q)
	if err == nil {
		shown.Question = q
		shown.Steps, err = p.manage.ExplainPolicy(ctx, v.Actor, v.App.Key, c, r)
	}
	if err != nil {
		if _, text := v.Refused(err); text != "" {
			return p.Again(v, "policies", "Policies", text, shown)
		}
		return err
	}
	shown.Allowed = !slices.ContainsFunc(shown.Steps, func(s policy.Step) bool { return !s.OK })
	return p.Show(v, "policies", "Policies", shown)
}

// request returns what is asked, and fills in what a URL says.
func (p *Pages) request(v *frame.Visit, q *question) (policy.Credential, policy.Request, error) {
	r := policy.Request{Size: -1}
	var c policy.Credential
	if q.URL != "" {
		key, cred, asked, err := p.readURL(q.URL)
		switch {
		case err != nil:
			return c, r, account.Refuse(fault.Invalid, "link", "this is no URL: copy all of it, from https:// on")
		case key != "" && key != v.App.Key:
			return c, r, account.Refuse(fault.Invalid, "link", "this URL names another app, %s", key)
		}
		c, r = cred, asked
		if asked.Action != 0 {
			q.Action = asked.Action.String()
		}
		if asked.Asset != "" {
			q.Handle = string(asked.Asset)
		}
	}
	if q.Policy != "" || q.Signature != "" {
		c = policy.Credential{Policy: q.Policy, Signature: q.Signature}
	}
	q.Policy, q.Signature = c.Policy, c.Signature
	var err error
	if q.Action != "" {
		if r.Action, err = policy.ParseAction(q.Action); err != nil {
			return c, r, account.Refuse(fault.Invalid, "q-action", "there is no call %s", q.Action)
		}
	}
	if q.Handle != "" {
		r.Asset = asset.ID(q.Handle)
	}
	if q.Path != "" {
		if r.Path, err = policy.CanonicalPath(q.Path); err != nil {
			return c, r, account.Refuse(fault.Invalid, "q-path", "no file can be stored at this path")
		}
	}
	if q.Size != "" {
		if r.Size, err = frame.ParseSize(q.Size); err != nil {
			return c, r, account.Refuse(fault.Invalid, "q-size", "write a size like 5 MB, or leave it empty")
		}
	}
	return c, r, nil
}

// A vector is a policy with its signature, to test code that signs.
type vector struct {
	Secret    string `json:"secret"`
	Document  string `json:"document"` // the JSON that is signed
	Policy    string `json:"policy"`
	Signature string `json:"signature"`
}

// vectors answers policies that were signed with a secret that is no app's.
func (p *Pages) vectors(ctx context.Context, v *frame.Visit) error {
	const secret = "this-secret-is-for-tests-only"
	app := policy.App{Key: v.App.Key, Secrets: []policy.Secret{{Key: secret}}}
	var list []vector
	for _, document := range []string{
		`{"expiry":4102444800}`,
		`{"expiry":4102444800,"call":["pick","store"]}`,
		`{"expiry":4102444800,"call":["read","convert"],"handle":"KW9EJhYtS6y48Whm2S6D"}`,
		`{"expiry":4102444800,"call":["store"],"path":"/users/42/","container":"uploads","minSize":1,"maxSize":5242880}`,
		`{"expiry":4102444800,"call":["store"],"url":"https://example\\.com/.*","path":"/\u00fcber/\u65e5\u672c\u8a9e/"}`,
		`{"expiry":4102444800,"call":["read"],"path":"/\\?>>>~~~/"}`,
	} {
		c, _, err := policy.Sign(app, document, p.Now())
		if err != nil {
			return errors.Join(err, fault.Internal)
		}
		list = append(list, vector{secret, document, c.Policy, c.Signature})
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	return p.Send(v, "application/json", "stowgate-policy-vectors.json", append(text, '\n'))
}
