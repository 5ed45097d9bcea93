package durability_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A content is what a client sends as a file. It is made anew from its number
// whenever it is needed.
type content struct {
	number uint64
	size   int
	sum    [sha256.Size]byte
}

func newContent(number uint64, size int) content {
	c := content{number: number, size: size}
	c.sum = sha256.Sum256(c.bytes())
	return c
}

func (c content) bytes() []byte {
	b := make([]byte, c.size)
	var key [32]byte
	copy(key[:], fmt.Sprint("content ", c.number))
	rand.NewChaCha8(key).Read(b)
	return b
}

// errNoAnswer says that no whole answer came: nobody knows what was done.
var errNoAnswer = errors.New("no answer")

// A refusal is an answer that is no success.
type refusal struct {
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %.200s", r.status, r.body) }

// refused reports whether err is an answer with one of the statuses.
func refused(err error, statuses ...int) bool {
	var r *refusal
	if !errors.As(err, &r) {
		return false
	}
	for _, s := range statuses {
		if r.status == s {
			return true
		}
	}
	return false
}

// A client talks to a node in Filestack's words.
// Source: Filestack documentation, File API and Multipart upload.
type client struct {
	node *node
	http *http.Client
}

// clientTimeout is how long a client waits for one answer.
const clientTimeout = 30 * time.Second

func newClient(n *node) *client {
	return &client{n, &http.Client{Timeout: clientTimeout, Transport: &http.Transport{DisableCompression: true}}}
}

// do sends a request and returns the body of a success.
func (c *client) do(method, url string, body io.Reader, header ...string) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, body)
	if err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", errNoAnswer, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %v", errNoAnswer, err)
	}
	if c.node.dark.Load() {
		return nil, nil, fmt.Errorf("%w: the power is off", errNoAnswer)
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		return nil, nil, &refusal{res.StatusCode, string(b)}
	}
	return res.Header, b, nil
}

// stored reads the handle from the answer to an upload.
func stored(body []byte, err error) (handle string, _ error) {
	if err != nil {
		return "", err
	}
	var a struct{ Handle, URL string }
	if err := json.Unmarshal(body, &a); err != nil {
		return "", fmt.Errorf("answer %q: %w", body, err)
	}
	if a.Handle == "" {
		a.Handle = a.URL[strings.LastIndex(a.URL, "/")+1:]
	}
	if len(a.Handle) != 20 {
		return "", fmt.Errorf("answer %q has no handle", body)
	}
	return a.Handle, nil
}

func (c *client) storeURL(name string) string {
	q := url.Values{"key": {c.node.key}, "filename": {name}}
	return c.node.base + "/api/store/S3?" + q.Encode() + "&" + c.node.sign.Encode()
}

func (c *client) fileURL(handle string) string {
	return c.node.base + "/api/file/" + handle + "?key=" + c.node.key + "&" + c.node.sign.Encode()
}

// putRaw stores f in one request with a plain body.
func (c *client) putRaw(name string, f content) (handle string, err error) {
	_, body, err := c.do("POST", c.storeURL(name), bytes.NewReader(f.bytes()), "Content-Type", "application/octet-stream")
	return stored(body, err)
}

// putForm stores f as a browser's form does.
func (c *client) putForm(name string, f content) (handle string, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("fileUpload", name)
	if err != nil {
		return "", err
	}
	part.Write(f.bytes())
	form.Close()
	_, body, err := c.do("POST", c.storeURL(name), &b, "Content-Type", form.FormDataContentType())
	return stored(body, err)
}

// importFrom stores what is at source.
func (c *client) importFrom(name, source string) (handle string, err error) {
	form := url.Values{"url": {source}}
	_, body, err := c.do("POST", c.storeURL(name), strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	return stored(body, err)
}

// putCut declares f and hangs up in the middle: nothing may come of it.
func (c *client) putCut(name string, f content) error {
	body := io.MultiReader(bytes.NewReader(f.bytes()[:f.size/2]), failing{})
	req, err := http.NewRequest("POST", c.storeURL(name), body)
	if err != nil {
		return err
	}
	req.ContentLength = int64(f.size)
	res, err := c.http.Do(req)
	if err == nil {
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return fmt.Errorf("half of %s was accepted", name)
		}
	}
	return nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("hung up") }

// overwrite replaces the bytes of a file.
func (c *client) overwrite(handle string, f content) error {
	_, _, err := c.do("POST", c.fileURL(handle), bytes.NewReader(f.bytes()))
	return err
}

// remove deletes a file.
func (c *client) remove(handle string) error {
	_, _, err := c.do("DELETE", c.fileURL(handle), nil)
	return err
}

// read returns what a file holds.
func (c *client) read(handle string) ([]byte, error) {
	_, body, err := c.do("GET", c.node.base+"/"+handle+"?"+c.node.sign.Encode(), nil)
	return body, err
}

// readRange returns n bytes of a file from an offset.
func (c *client) readRange(handle string, from, n int) ([]byte, error) {
	_, body, err := c.do("GET", c.node.base+"/"+handle+"?"+c.node.sign.Encode(), nil, "Range", fmt.Sprintf("bytes=%d-%d", from, from+n-1))
	return body, err
}

// A session is an upload in parts.
type session struct {
	name     string
	content  content
	partSize int
	chunks   int // pieces that each part is sent in; 0 means whole
	uri      string
	region   string
	id       string
	tags     map[int]string // of the parts that were acknowledged
	asked    bool           // whether complete was sent
	handle   string         // once it was acknowledged
}

// parts returns how many parts the file has.
func (s *session) parts() int { return max(1, (s.content.size+s.partSize-1)/s.partSize) }

// part returns the bytes of a part, counted from 1.
func (s *session) part(number int) []byte {
	b := s.content.bytes()
	return b[(number-1)*s.partSize : min(len(b), number*s.partSize)]
}

// call sends one of the multipart requests and decodes the answer into out.
func (c *client) call(what string, fields map[string]any, out any) error {
	fields["apikey"] = c.node.key
	fields["policy"], fields["signature"] = c.node.sign.Get("policy"), c.node.sign.Get("signature")
	fields["store"] = map[string]any{"location": "s3"}
	b, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	_, body, err := c.do("POST", c.node.base+"/multipart/"+what, bytes.NewReader(b), "Content-Type", "application/json")
	if err != nil {
		return err
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("answer %q: %w", body, err)
	}
	return nil
}

// begin starts an upload in parts.
func (c *client) begin(s *session) error {
	var a struct {
		URI, Region string
		ID          string `json:"upload_id"`
	}
	fields := map[string]any{"filename": s.name, "mimetype": "application/octet-stream", "size": s.content.size}
	if s.chunks > 0 {
		fields["fii"] = true
	}
	if err := c.call("start", fields, &a); err != nil {
		return err
	}
	s.uri, s.region, s.id = a.URI, a.Region, a.ID
	s.tags = map[int]string{}
	return nil
}

func (s *session) fields() map[string]any {
	return map[string]any{"uri": s.uri, "region": s.region, "upload_id": s.id}
}

// sendPart sends one part, whole or in chunks, and returns its tag.
func (c *client) sendPart(s *session, number int) (tag string, err error) {
	data := s.part(number)
	if s.chunks == 0 {
		return c.sendPiece(s, number, -1, data)
	}
	size := (len(data) + s.chunks - 1) / s.chunks
	for from := 0; from < len(data); from += size {
		if _, err := c.sendPiece(s, number, from, data[from:min(from+size, len(data))]); err != nil {
			return "", err
		}
	}
	fields := s.fields()
	fields["part"], fields["size"], fields["fii"] = number, s.content.size, true
	return "", c.call("commit", fields, nil)
}

// sendPiece asks where to send data and sends it there. An offset of -1 says
// that it is a whole part.
func (c *client) sendPiece(s *session, number, offset int, data []byte) (tag string, err error) {
	to, header, err := c.ticket(s, number, offset, data)
	if err != nil {
		return "", err
	}
	return c.sendTo(to, header, data)
}

// ticket asks where to send a piece.
func (c *client) ticket(s *session, number, offset int, data []byte) (to string, header []string, err error) {
	sum := md5.Sum(data)
	fields := s.fields()
	fields["part"], fields["size"], fields["md5"] = number, len(data), base64.StdEncoding.EncodeToString(sum[:])
	if offset >= 0 {
		fields["offset"], fields["fii"] = offset, true
	}
	var a struct {
		URL     string
		Headers map[string]string
	}
	if err := c.call("upload", fields, &a); err != nil {
		return "", nil, err
	}
	for k, v := range a.Headers {
		header = append(header, k, v)
	}
	return a.URL, header, nil
}

// sendTo sends a piece to where ticket said, or to where the server has gone since.
func (c *client) sendTo(to string, header []string, data []byte) (tag string, err error) {
	u, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	u.Host = c.node.host()
	h, _, err := c.do("PUT", u.String(), bytes.NewReader(data), header...)
	if err != nil {
		return "", err
	}
	if h.Get("ETag") == "" {
		return "", errors.New("the answer to a part has no ETag")
	}
	return h.Get("ETag"), nil
}

// complete finishes an upload in parts.
func (c *client) complete(s *session) (handle string, err error) {
	fields := s.fields()
	fields["filename"], fields["size"], fields["mimetype"] = s.name, s.content.size, "application/octet-stream"
	if s.chunks > 0 {
		fields["fii"] = true
	} else if s.tags != nil {
		parts := []map[string]any{}
		for number := 1; number <= s.parts(); number++ {
			if tag, ok := s.tags[number]; ok {
				parts = append(parts, map[string]any{"part_number": number, "etag": tag})
			}
		}
		fields["parts"] = parts
	}
	var raw json.RawMessage
	if err := c.call("complete", fields, &raw); err != nil {
		return "", err
	}
	return stored(raw, nil)
}
