package node

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/sweep"
	"github.com/stowgate/stowgate/sign"
)

// The apps of every stand: two with security on, and one with OpenReads. The
// secret of each is made of its key, as is the key of its tokens.
const (
	ours   = "AOURS"
	theirs = "ATHEIRS"
	shown  = "ASHOWN"
)

func secretOf(app string) string      { return "SECRET" + app + strings.Repeat("X", 30) }
func tokenSecretOf(app string) string { return hex.EncodeToString([]byte(secretOf(app))) }

var operator = account.Server().Entry("test", "", "", nil)

// A stand is a node at work with these apps, that keeps its bytes in memory, and
// a host that it may import from.
type stand struct {
	*Node
	t      *testing.T
	data   string
	origin *httptest.Server
	book   *watch

	mu  sync.Mutex
	got []heard // what came to the host
}

// A heard is a request that came to the host of a stand.
type heard struct {
	path, body string
	header     http.Header
}

// newStand returns a stand whose server has a domain, or none.
func newStand(t *testing.T, domain string) *stand {
	t.Helper()
	s := &stand{t: t, data: t.TempDir()}
	l, err := net.Listen("tcp", "127.0.0.2:0") // no address of the node's own
	s.must(err)
	s.origin = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, heard{r.URL.Path, string(body), r.Header})
		io.WriteString(w, "from outside")
	}))
	s.origin.Listener.Close()
	s.origin.Listener = l
	s.origin.Start()
	t.Cleanup(s.origin.Close)
	n, _, end := serveWith(t, Settings{
		Places: place.Places{Data: s.data, Database: filepath.Join(s.data, "catalog.db")},
		Server: server.Config{Listen: "127.0.0.1:0"}, SweepInterval: time.Hour, Sweep: sweep.Config{Trash: time.Hour}, Images: Images{Off: true}, Domain: domain,
		Fetch: fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, Ports: []uint16{netip.MustParseAddrPort(l.Addr().String()).Port()}, Resolver: resolver{}},
	})
	t.Cleanup(end)
	s.Node = n
	s.book = s.watch()
	for _, key := range []string{ours, theirs, shown} {
		s.must(n.removing.CreateApp(t.Context(), operator, policy.App{
			Key: key, Name: key, Security: true, Created: time.Now().Add(-time.Hour), Options: policy.Options{OpenReads: key == shown, Sources: []string{outside}},
			Secrets: []policy.Secret{{Key: secretOf(key), Created: time.Now().Add(-time.Hour)},
				{Key: "ENDED" + secretOf(key), Created: time.Now().Add(-2 * time.Hour), Expires: time.Now().Add(-time.Minute)}},
			TokenSecrets: []policy.Secret{{Key: tokenSecretOf(key), Created: time.Now().Add(-time.Hour)}},
		}))
	}
	return s
}

// outside is the name of the host that a stand may import from, which our app
// lists.
const outside = "outside.test"

// A resolver knows that name alone.
type resolver struct{}

// LookupNetIP implements the resolver of package fetch.
func (resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host != outside {
		return nil, errors.New("no such host")
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
}

func (s *stand) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// change changes an app.
func (s *stand) change(key string, edit func(*policy.App)) {
	s.t.Helper()
	_, err := s.removing.UpdateApp(s.t.Context(), operator, key, func(app *policy.App) error {
		edit(app)
		return nil
	})
	s.must(err)
}

// A request is one that a test sends. Its target goes out as it is written.
type request struct {
	method, target, body string
	header               []string // "Name: value"
	host                 string   // empty means as the node is reached from this machine
}

// A reply is what came back.
type reply struct {
	status int
	body   string
	header http.Header
}

func (a reply) String() string { return fmt.Sprintf("%d %.300q", a.status, a.body) }

// send sends r.
func (s *stand) send(r request) reply {
	s.t.Helper()
	plain, _ := s.LocalURLs()
	out, err := http.NewRequestWithContext(s.t.Context(), r.method, plain, strings.NewReader(r.body))
	s.must(err)
	out.URL.Opaque = r.target
	if strings.HasPrefix(r.target, "//") {
		out.URL.Opaque = plain + r.target
	}
	out.Host = r.host
	for _, line := range r.header {
		name, value, _ := strings.Cut(line, ": ")
		out.Header.Set(name, value)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(out)
	s.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	s.must(err)
	return reply{res.StatusCode, string(body), res.Header}
}

// want sends r, and reads the JSON of its answer into v, unless that is nil. The
// test ends if the status is another.
func (s *stand) want(r request, status int, v any) reply {
	s.t.Helper()
	a := s.send(r)
	if a.status != status {
		s.t.Fatalf("%s %s = %v, want %d", r.method, r.target, a, status)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(a.body), v); err != nil {
			s.t.Fatalf("%s %s = %v: %v", r.method, r.target, a, err)
		}
	}
	return a
}

// A caller names an app, and signs what it sends.
type caller struct {
	name   string
	app    string        // whose public key it names
	secret string        // that it signs with; empty means that it shows no credential
	token  string        // that it signs addresses with; empty means as secret
	life   time.Duration // of what it signs
}

// owner returns who has an app.
func owner(app string) caller {
	return caller{"owner", app, secretOf(app), tokenSecretOf(app), time.Hour}
}

func digest(kind func() hash.Hash, key []byte, text string) []byte {
	mac := hmac.New(kind, key)
	io.WriteString(mac, text)
	return mac.Sum(nil)
}

// policy returns a policy of Filestack's for every call, and its signature.
func (c caller) policy() (text, signature string) {
	if c.secret == "" {
		return "", ""
	}
	signed, err := sign.Policy{Expires: time.Now().Add(c.life), Call: sign.Calls()}.Sign(c.secret)
	if err != nil {
		panic(err)
	}
	return signed.Policy, signed.Signature
}

// query returns them as a query, and others that a request has.
func (c caller) query(pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	if text, signature := c.policy(); text != "" {
		q.Set("policy", text)
		q.Set("signature", signature)
	}
	return q.Encode()
}

// signed returns the fields of Uploadcare's signed uploads.
// Uploadcare documentation: "Signed uploads with a signature".
func (c caller) signed() []string {
	if c.secret == "" {
		return nil
	}
	expire := strconv.FormatInt(time.Now().Add(c.life).Unix(), 10)
	return []string{"signature", hex.EncodeToString(digest(sha256.New, []byte(c.secret), expire)), "expire", expire}
}

// bearer returns the header field of a token for uploads.
// Uploadcare documentation: "Upload API", bearer tokens.
func (c caller) bearer() string {
	if c.secret == "" {
		return "Authorization: Bearer"
	}
	encode, expires := base64.RawURLEncoding.EncodeToString, time.Now().Add(c.life).Unix()
	text := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil, `{"iat":%d,"exp":%d}`, expires-7200, expires))
	key := sha256.Sum256([]byte(c.secret))
	return "Authorization: Bearer " + text + "." + encode(digest(sha256.New, key[:], text))
}

// rest returns a signed request of the REST API.
// Uploadcare documentation: "REST API", authentication.
func (c caller) rest(method, target, body string) request {
	r := request{method: method, target: target, body: body, header: []string{"Accept: application/vnd.uploadcare-v0.7+json", "Content-Type: application/json"}}
	if c.secret == "" {
		return r
	}
	date := time.Now().Add(min(0, c.life)).UTC().Format(http.TimeFormat)
	sum := md5.Sum([]byte(body))
	text := strings.Join([]string{method, hex.EncodeToString(sum[:]), "application/json", date, target}, "\n")
	r.header = append(r.header, "X-Uploadcare-Date: "+date, "Authorization: Uploadcare "+c.app+":"+hex.EncodeToString(digest(sha1.New, []byte(c.secret), text)))
	return r
}

// simple returns a request of the REST API that shows the secret, or one that has
// ended.
func (c caller) simple(method, target, body string) request {
	r := caller{}.rest(method, target, body)
	switch {
	case c.life < 0:
		r.header = append(r.header, "Authorization: Uploadcare.Simple "+c.app+":ENDED"+c.secret)
	case c.secret != "":
		r.header = append(r.header, "Authorization: Uploadcare.Simple "+c.app+":"+c.secret)
	}
	return r
}

// address returns a request of the CDN with a token.
// Uploadcare documentation: "Signed URLs".
func (c caller) address(path string) request {
	if c.secret == "" {
		return request{method: "GET", target: path}
	}
	key := []byte(c.secret)
	if c.token != "" {
		key, _ = hex.DecodeString(c.token)
	}
	text := fmt.Sprintf("exp=%d~acl=%s", time.Now().Add(c.life).Unix(), path)
	return request{method: "GET", target: path + "?token=" + text + "~hmac=" + hex.EncodeToString(digest(sha256.New, key, text))}
}

// posted returns a form as Uploadcare's clients send it. A field called "file" is
// one, whose name is a.txt.
func posted(path string, fields ...string) request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		part, err := w.CreateFormField(fields[i])
		if fields[i] == "file" {
			part, err = w.CreateFormFile("file", "a.txt")
		}
		if err != nil {
			panic(err)
		}
		io.WriteString(part, fields[i+1])
	}
	w.Close()
	return request{method: "POST", target: path, body: b.String(), header: []string{"Content-Type: " + w.FormDataContentType()}}
}

// upload returns a request that stores a file by Uploadcare's Upload API.
func (c caller) upload(content string, fields ...string) request {
	return posted("/base/", append(append([]string{"file", content, "UPLOADCARE_PUB_KEY", c.app}, c.signed()...), fields...)...)
}

// store returns a request that stores a file by Filestack's store API.
func (c caller) store(name, content string) request {
	return request{method: "POST", target: "/api/store/S3?" + c.query("key", c.app, "filename", name), body: content, header: []string{"Content-Type: text/plain"}}
}

// uploaded stores a file through Uploadcare, and returns its UUID.
func (s *stand) uploaded(app, content string, fields ...string) string {
	s.t.Helper()
	var made struct{ File string }
	r := owner(app).upload(content, fields...)
	if s.set.Domain != "" {
		r.host = "ucupload." + s.set.Domain
	}
	s.want(r, 200, &made)
	return made.File
}

// stored stores a file through Filestack, and returns its handle.
func (s *stand) stored(app, name, content string) string {
	s.t.Helper()
	var made struct{ URL string }
	r := owner(app).store(name, content)
	if s.set.Domain != "" {
		r.host = "www." + s.set.Domain
	}
	s.want(r, 200, &made)
	return made.URL[strings.LastIndex(made.URL, "/")+1:]
}

// names returns both names of a file that has either.
func (s *stand) names(either string) (handle, uuid string) {
	s.t.Helper()
	for _, app := range []string{ours, theirs, shown} {
		for _, a := range s.assets(app) {
			if string(a.ID) == either || a.UUID.String() == either {
				return string(a.ID), a.UUID.String()
			}
		}
	}
	s.t.Fatalf("no file is called %s", either)
	return "", ""
}
