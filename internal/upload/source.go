package upload

import (
	"context"
	"fmt"
	"io"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

// A Source is a remote file to import.
type Source struct {
	URL    string
	Header map[string]string // sent with the request, to the URL's own host only

	// Watch, if set, is read instead of the file's body. The size is the one that
	// the far end declares, negative if it declares none.
	Watch func(body io.Reader, size int64) io.Reader

	Fetch Fetch // opens it in place of Config.Fetch; nil means that
}

// A Remote is a file that a Fetch has opened.
type Remote struct {
	Body io.ReadCloser // ends with an error that wraps fault.TooLarge over the limit
	Name string        // what the far end calls it; may be empty
	Type string        // media type it declares; may be empty
	Size int64         // bytes it declares; negative means unknown
	URL  string        // where redirects ended; may be empty
}

// Fetch opens the file at a URL without reaching a private address. It reads at
// most limit bytes. Every failure of the far end wraps fault.Unreachable.
type Fetch func(ctx context.Context, url string, header map[string]string, limit int64) (*Remote, error)

// Import stores the file that source names as a new asset described by spec;
// an empty name or type is filled in from what the far end says. The errors are
// those of Put, and fault.Unreachable if the file could not be fetched.
func (s *Service) Import(ctx context.Context, g policy.Grant, spec Spec, source Source) (asset.Asset, error) {
	url, err := policy.CanonicalURL(source.URL)
	if err != nil {
		return asset.Asset{}, err
	}
	if err := s.Imports(ctx, g, url, spec); err != nil {
		return asset.Asset{}, err // before anything is fetched
	}
	g = g.For(storing)
	remote, err := s.open(ctx, g, source)
	if err != nil {
		return asset.Asset{}, err
	}
	defer remote.Body.Close()
	if spec.Name == "" {
		spec.Name = remote.Name
	}
	if spec.Type == "" {
		spec.Type = remote.Type
	}
	if spec.Client == "" {
		spec.Client = "URL"
	}
	spec.Size = remote.Size
	return s.put(ctx, g, spec, url, remote.Body)
}

// Imports returns nil if Import of what spec describes, from a canonical URL, is
// allowed as far as can be told before anything is fetched.
func (s *Service) Imports(ctx context.Context, g policy.Grant, url string, spec Spec) error {
	spec.Size = -1
	_, _, err := s.admit(ctx, g.For(storing), spec, url, s.config.MaxPut)
	return err
}

// ReplaceFrom overwrites the content of asset id with the file that source
// names. The errors are those of Replace, and fault.Unreachable.
func (s *Service) ReplaceFrom(ctx context.Context, g policy.Grant, id asset.ID, source Source) (asset.Asset, error) {
	url, err := policy.CanonicalURL(source.URL)
	if err != nil {
		return asset.Asset{}, err
	}
	// One page of the vendor's says that write suffices for a URL too.
	want := policy.Request{Action: policy.WriteURL | policy.Write, Asset: id, URL: url, Size: -1}
	if _, err := s.own(ctx, g, id); err != nil {
		return asset.Asset{}, err
	}
	if err := g.Check(want, s.config.Now()); err != nil {
		return asset.Asset{}, err
	}
	remote, err := s.open(ctx, g, source)
	if err != nil {
		return asset.Asset{}, err
	}
	defer remote.Body.Close()
	want.Size = remote.Size
	return s.replace(ctx, g, id, Spec{Size: remote.Size}, want, remote.Body)
}

// open fetches source up to what g allows.
func (s *Service) open(ctx context.Context, g policy.Grant, source Source) (*Remote, error) {
	fetch := source.Fetch
	if fetch == nil {
		fetch = s.config.Fetch
	}
	if fetch == nil {
		return nil, fmt.Errorf("imports from URLs are switched off: %w", fault.Unsupported)
	}
	r := rules{most: s.config.MaxPut}.within(g)
	remote, err := fetch(ctx, source.URL, source.Header, r.most)
	if err != nil {
		return nil, fmt.Errorf("fetch source: %w", err)
	}
	if source.Watch != nil {
		remote.Body = struct {
			io.Reader
			io.Closer
		}{source.Watch(remote.Body, remote.Size), remote.Body}
	}
	return remote, nil
}
