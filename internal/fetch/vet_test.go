package fetch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestI6Vet(t *testing.T) {
	for _, tt := range []struct {
		url  string
		want error
		took time.Duration
	}{
		{"http://a.example/x", nil, 0},
		{"https://" + public + "/", nil, 0},
		{"http://192.168.1.10/1.jpg", fault.Denied, 0},
		{"http://192.168.1.10:8080/1.jpg", fault.Denied, 0},
		{"http://[::1]/", fault.Denied, 0},
		{"http://169.254.169.254/", fault.Denied, 0},
		{"http://localhost/", fault.Denied, 0},
		{"http://127.1/", fault.Denied, 0},
		{"http://own.example/", fault.Denied, 0},
		{"http://in.example/", fault.NotFound, vetTime},
		{"http://mixed.example/", fault.NotFound, vetTime},
		{"http://nowhere.example/", fault.NotFound, vetTime},
		{"http://a..example/", fault.Invalid, 0},
		{"http://a.example:22/", fault.Unsupported, 0},
		{"http://me@a.example/", fault.Unsupported, 0},
		{"ftp://a.example/", fault.Unsupported, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := &network{answers: map[string][][]string{
				"a.example": {{public}}, "own.example": {{public}}, "in.example": {{"10.0.0.1"}}, "mixed.example": {{public, "10.0.0.1"}},
			}}
			c := n.client(t, Config{OwnHosts: []string{"own.example"}})
			c.connectTimeout = 5 * time.Second
			start := time.Now()
			err := c.Vet(t.Context(), tt.url)
			if !errors.Is(err, tt.want) || err != nil && fault.Of(err) != tt.want {
				t.Errorf("Vet(%s) = %v, want %v", tt.url, err, tt.want)
			}
			if took := time.Since(start); took != tt.took {
				t.Errorf("Vet(%s) took %v, want %v", tt.url, took, tt.took)
			}
			if len(n.dials) > 0 {
				t.Errorf("Vet(%s) has dialled %v", tt.url, n.dials)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := (&network{}).client(t, Config{})
	if err := c.Vet(ctx, "http://a.example/"); fault.Of(err) != fault.Canceled {
		t.Errorf("Vet when nobody waits: %v, want %v", err, fault.Canceled)
	}
}

func TestStatusCode(t *testing.T) {
	c := atPublic(answer("", "HTTP/1.1 404 Not Found")).client(t, Config{})
	_, err := c.Get(t.Context(), "http://a.example/", nil, 5)
	var status interface{ StatusCode() int }
	if !errors.As(err, &status) || status.StatusCode() != 404 || fault.Of(err) != fault.Unreachable {
		t.Errorf("Get of what is not there: %v", err)
	}
	_, err = atPublic(nil).client(t, Config{}).Get(t.Context(), "http://10.0.0.1/", nil, 5)
	if errors.As(err, &status) {
		t.Errorf("Get of a forbidden address has a status: %v", err)
	}
}
