package fetch

import (
	"fmt"
	"net/http"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// Limits of what an HTTP client made by HTTP takes from one answer.
const (
	maxAnswer  = 1 << 20 // bytes
	answerTime = 15 * time.Second
)

// HTTP returns a client for libraries that speak a protocol over HTTP, with a
// server that the operator has named. URLs and addresses are vetted as for Get.
// It follows no redirects, and takes at most 1 MiB and 15 seconds for an answer.
func (c *Client) HTTP() *http.Client {
	return &http.Client{
		Transport:     vetted{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       answerTime,
	}
}

// A vetted transport is a client's, for requests made elsewhere.
type vetted struct{ *Client }

// RoundTrip implements http.RoundTripper.
func (v vetted) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := v.parse(nil, r.URL.String())
	if err != nil {
		return nil, fmt.Errorf("fetch: %w: %w", fault.Unreachable, err)
	}
	r = r.Clone(r.Context())
	r.URL = u
	r.Header.Set("User-Agent", "Stowgate")
	r.Header.Set("Accept-Encoding", "identity")
	resp, err := v.transport.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w: %w", fault.Unreachable, err)
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}
