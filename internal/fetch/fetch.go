// Package fetch is how the service reaches URLs that strangers chose, for
// imports and webhooks, without reaching anything private: it vets the URL,
// every address of its host and every redirect, and bounds time and size. It
// knows nothing of assets, and makes no use of what it reads.
package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/stowgate/stowgate/internal/fault"
)

const (
	maxRedirects = 5
	maxHeader    = 16 << 10 // bytes of an answer's header
	maxBegin     = 1 << 10  // bytes that Post reads of a body
)

var errTimeout = errors.New("not in time")

// Config adjusts a Client. The zero Config is ready to use.
type Config struct {
	// Allow lists addresses that may be reached although they are not
	// public. It never opens those that serve a machine's credentials.
	Allow []netip.Prefix

	// Ports may be reached besides 80 and 443.
	Ports []uint16

	// OwnHosts are the names of this service, as "host" or "host:port" in
	// lower case. They are refused: an asset of ours is named by its ID.
	OwnHosts []string

	// Resolver finds addresses, like a *net.Resolver; nil means
	// net.DefaultResolver.
	Resolver resolver

	// ConnectTimeout bounds finding and connecting to one host. No failure
	// is told sooner, so that its reason cannot be read from the clock.
	// 0 means 5 s.
	ConnectTimeout time.Duration

	Timeout time.Duration // to the end of the header, over all redirects; 0 means 60 s
	MaxTime time.Duration // to the end of the body; 0 means 1 h
	Stall   time.Duration // a body that brings less than 1 KiB/s for so long is given up; 0 means 30 s
}

// A Client fetches. It may be used by several goroutines at once.
//
// It speaks HTTP/1.1 over a new connection for each request, so that no
// connection vetted for one host can serve another, and takes no proxy from
// the environment.
type Client struct {
	transport *http.Transport
	dialer    *dialer
	ports     []uint16
	ownHosts  []string

	connectTimeout, timeout, maxTime, stall time.Duration
}

// New returns a Client.
func New(cfg Config) *Client {
	c := &Client{
		ports:          append([]uint16{80, 443}, cfg.Ports...),
		ownHosts:       slices.Clone(cfg.OwnHosts),
		connectTimeout: cmp.Or(cfg.ConnectTimeout, 5*time.Second),
		timeout:        cmp.Or(cfg.Timeout, time.Minute),
		maxTime:        cmp.Or(cfg.MaxTime, time.Hour),
		stall:          cmp.Or(cfg.Stall, 30*time.Second),
	}
	c.dialer = newDialer(cmp.Or[resolver](cfg.Resolver, net.DefaultResolver), slices.Clone(cfg.Allow), c.connectTimeout)
	c.transport = &http.Transport{
		DialContext:            c.dialer.dial,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
	return c
}

// A Response is what a remote server answered. The caller closes Body.
type Response struct {
	Body io.ReadCloser
	Type string // media type it claims, without parameters; "" if none
	Name string // file name it suggests, or the last segment of URL; as it came
	Size int64  // bytes of Body it announced, or -1
	URL  string // where redirects ended
}

// Get fetches rawURL. It follows up to 5 redirects, but none from https to
// http, and sends header only as long as they stay at the first origin.
//
// Body is stored as it comes: Get asks for no compression, and undoes none. It
// fails with fault.TooLarge when there are more than maxSize bytes, and with
// fault.Unreachable when there are fewer than announced or they come too
// slowly.
//
// The error of Get wraps fault.TooLarge if more than maxSize bytes are
// announced, fault.Invalid for a host in OwnHosts and for a header that callers
// may not set, fault.Canceled once ctx has ended, and fault.Unreachable for
// everything else: a stranger must not learn why. What else it says is for the
// log, but for the status that a server answered with, which whoever may name any
// URL could ask for too: an error in the tree has a method StatusCode() int.
func (c *Client) Get(ctx context.Context, rawURL string, header map[string]string, maxSize int64) (*Response, error) {
	fields, err := fieldsOf(header)
	if err != nil {
		return nil, err
	}
	ctx, r := c.begin(ctx)
	resp, err := c.follow(ctx, r, rawURL, fields)
	if err != nil {
		return nil, r.end(err)
	}
	if resp.ContentLength > maxSize {
		resp.Body.Close()
		return nil, r.end(fmt.Errorf("body of %d bytes: %w", resp.ContentLength, fault.TooLarge))
	}
	r.watch.Stop()
	return &Response{
		Body: &body{
			src:      resp.Body,
			end:      r.end,
			watch:    r.watch,
			deadline: r.began.Add(c.maxTime),
			window:   c.stall,
			left:     max(maxSize, 0),
		},
		Type: mediaType(resp.Header.Get("Content-Type")),
		Name: fileName(resp),
		Size: resp.ContentLength,
		URL:  resp.Request.URL.String(),
	}, nil
}

// Post sends content to rawURL with header, and returns the status of the
// answer, whatever it is, and how its body begins if that is no success. It
// follows no redirect. Errors are those of Get.
func (c *Client) Post(ctx context.Context, rawURL string, header map[string]string, content []byte) (status int, begin []byte, err error) {
	fields, err := fieldsOf(header)
	if err != nil {
		return 0, nil, err
	}
	ctx, r := c.begin(ctx)
	u, err := c.parse(nil, rawURL)
	if err != nil {
		return 0, nil, r.end(err)
	}
	resp, err := c.send(ctx, http.MethodPost, u, fields, bytes.NewReader(content))
	if err != nil {
		return 0, nil, r.end(err)
	}
	if resp.StatusCode/100 != 2 {
		begin, _ = io.ReadAll(io.LimitReader(resp.Body, maxBegin)) // as far as it comes in time
	}
	resp.Body.Close()
	r.end(nil)
	return resp.StatusCode, begin, nil
}

// follow sends a GET request, and again for each redirect, until there is
// something to read.
func (c *Client) follow(ctx context.Context, r *run, rawURL string, fields http.Header) (*http.Response, error) {
	u, err := c.parse(nil, rawURL)
	if err != nil {
		return nil, err
	}
	for range 1 + maxRedirects {
		resp, err := c.send(ctx, http.MethodGet, u, fields, nil)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		resp.Body.Close()
		location := resp.Header.Get("Location")
		if !slices.Contains([]int{301, 302, 303, 307, 308}, resp.StatusCode) || location == "" {
			return nil, fmt.Errorf("%w from %s", statusError(resp.StatusCode), u.Host)
		}
		r.hop = time.Now()
		next, err := c.parse(u, location)
		if err != nil {
			return nil, fmt.Errorf("redirect from %s: %w", u.Host, err)
		}
		if u.Scheme == "https" && next.Scheme == "http" {
			return nil, fmt.Errorf("redirect from %s: to plain http", u.Host)
		}
		if !sameOrigin(u, next) {
			fields = nil // also after a way back: its path is another's choice
		}
		u = next
	}
	return nil, fmt.Errorf("over %d redirects", maxRedirects)
}

// A statusError is that a server answered with another status than 200. Callers
// find it by its method.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

// StatusCode returns the status.
func (e statusError) StatusCode() int { return int(e) }

// send makes one request. It is where everything leaves from.
func (c *Client) send(ctx context.Context, method string, u *url.URL, fields http.Header, content io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), content)
	if err != nil {
		return nil, errors.New("malformed request")
	}
	req.Header.Set("User-Agent", "Stowgate")
	req.Header.Set("Accept", "*/*")
	for name, values := range fields {
		req.Header[name] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", u.Host, err)
	}
	return resp, nil
}

// A run is one call: what it may take, and how it ends.
type run struct {
	watch *time.Timer // ends the call's context when it fires
	began time.Time   // the call
	hop   time.Time   // the request that runs now
	end   func(error) error
}

// begin starts the clock of a call, and returns the context that ends with it.
// The run's end must be called, with the error that the call ends with, if any;
// it returns the error to tell.
func (c *Client) begin(caller context.Context) (context.Context, *run) {
	ctx, cancel := context.WithCancelCause(caller)
	now := time.Now()
	r := &run{began: now, hop: now}
	r.watch = time.AfterFunc(c.timeout, func() { cancel(errTimeout) })
	r.end = func(err error) error {
		r.watch.Stop()
		cause := context.Cause(ctx)
		cancel(nil)
		switch kind := fault.Of(err); {
		case err == nil:
			return nil
		case caller.Err() != nil:
			return fmt.Errorf("fetch: %w", caller.Err())
		case kind == fault.TooLarge, kind == fault.Invalid:
			return fmt.Errorf("fetch: %w", err)
		case cause != nil:
			err = cause
		}
		select {
		case <-time.After(time.Until(r.hop.Add(c.connectTimeout))):
		case <-caller.Done():
			return fmt.Errorf("fetch: %w", caller.Err())
		}
		return fmt.Errorf("fetch: %w: %w", fault.Unreachable, err)
	}
	return ctx, r
}

// ownFields are those that the client or its transport set, and those that
// would change what an answer means.
var ownFields = []string{"Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "Keep-Alive",
	"Proxy-Authorization", "Proxy-Connection", "Range", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// fieldsOf returns header as it is sent. The error wraps fault.Invalid.
func fieldsOf(header map[string]string) (http.Header, error) {
	fields := make(http.Header, len(header))
	for name, value := range header {
		key := http.CanonicalHeaderKey(name)
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value) ||
			slices.Contains(ownFields, key) {
			return nil, fmt.Errorf("fetch with header %.40q: %w", name, fault.Invalid)
		}
		fields.Set(key, value)
	}
	return fields, nil
}

func mediaType(field string) string {
	bare, _, err := mime.ParseMediaType(field)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return ""
	}
	return bare
}

func fileName(resp *http.Response) string {
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
	if name := params["filename"]; err == nil && name != "" {
		return name
	}
	p := resp.Request.URL.Path
	return p[strings.LastIndexByte(p, '/')+1:]
}
