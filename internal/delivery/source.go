package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/inspect"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/queue"
)

// fetchers bounds how many orders at once fetch outside files, and hold them:
// each at most Config.MaxSource bytes of disk, and of each file while it comes.
var fetchers = queue.Config{Slots: 32, SlotsPerOwner: 16}

// fetchesAtOnce is how many outside files one order fetches at once.
const fetchesAtOnce = 4

// An input is an Input that the grant allows: an asset, or the canonical URL of
// an outside file.
type input struct {
	asset  asset.Asset
	url    string
	header map[string]string
}

// admit checks the grant for each input, and counts one use.
func (s *Service) admit(ctx context.Context, g policy.Grant, wanted []Input) ([]input, error) {
	inputs := make([]input, len(wanted))
	for i, want := range wanted {
		if i == 1 {
			g = side(g)
		}
		var err error
		if want.URL == "" {
			inputs[i].asset, err = s.finder.Get(ctx, g, want.Asset, policy.Convert)
		} else {
			inputs[i], err = s.admitURL(ctx, g, want)
		}
		if err != nil {
			return nil, &InputError{i, err}
		}
	}
	return inputs, nil
}

func (s *Service) admitURL(ctx context.Context, g policy.Grant, want Input) (input, error) {
	url, err := policy.CanonicalURL(want.URL)
	if err != nil {
		return input{}, err
	}
	in := input{url: url, header: want.Header}
	return in, s.finder.Allow(ctx, g, policy.Request{Action: policy.Convert, URL: url, Size: -1})
}

// side returns the grant for the inputs beside the first: a policy's handle
// restricts only that one.
func side(g policy.Grant) policy.Grant {
	g.Asset, g.Use = "", policy.Use{}
	return g
}

// A source is an input that can be worked on.
type source struct {
	asset         asset.Asset // if it is one
	kind          string      // media type of its bytes
	size          int64       // bytes
	width, height int         // pixels; 0 if that is not known
	file          *os.File
}

// Close releases the bytes. The nil source has none.
func (src *source) Close() error {
	if src == nil || src.file == nil {
		return nil
	}
	return src.file.Close()
}

// replace makes out a copy of src.
func (src *source) replace(out *os.File) error {
	err := out.Truncate(0)
	if err == nil {
		_, err = out.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(out, io.NewSectionReader(src.file, 0, src.size))
	}
	return err
}

// sources are those of one order.
type sources struct {
	list  []*source
	leave func()
}

// Close releases them.
func (all *sources) Close() {
	for _, src := range all.list {
		src.Close()
	}
	all.leave()
}

// gather looks at all inputs, and fetches those that are not ours.
func (s *Service) gather(ctx context.Context, app string, inputs []input) (_ *sources, err error) {
	all := &sources{leave: func() {}}
	if slices.ContainsFunc(inputs, func(in input) bool { return in.url != "" }) {
		if all.leave, err = s.fetchers.Enter(ctx, app); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			all.Close()
		}
	}()
	if all.list, err = s.openAll(ctx, app, inputs); err != nil {
		return nil, err
	}
	left := s.config.MaxSource
	for i, src := range all.list {
		if left -= src.size; left < 0 {
			return nil, &InputError{i, fmt.Errorf("inputs over the limit of %d bytes: %w", s.config.MaxSource, fault.TooLarge)}
		}
	}
	return all, nil
}

// openAll opens every input. The caller closes what is there also after an
// error, which is that of the first input to fail.
func (s *Service) openAll(ctx context.Context, app string, inputs []input) ([]*source, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	list := make([]*source, len(inputs))
	open := func(i int) {
		var err error
		if list[i], err = s.open(ctx, app, inputs[i]); err != nil {
			stop(&InputError{i, err})
		}
	}
	var fetching sync.WaitGroup
	places := make(chan struct{}, fetchesAtOnce)
	for i, in := range inputs {
		if in.url == "" {
			open(i)
			continue
		}
		places <- struct{}{}
		fetching.Go(func() {
			open(i)
			<-places
		})
	}
	fetching.Wait()
	return list, context.Cause(ctx)
}

// open returns what is known of an input before it is worked on.
func (s *Service) open(ctx context.Context, app string, in input) (*source, error) {
	if in.url != "" {
		return s.fetch(ctx, app, in)
	}
	a := in.asset
	src := &source{asset: a, kind: a.Detected, size: a.Content.Size(), width: a.Width, height: a.Height}
	if src.width > 0 {
		return src, nil
	}
	f, err := s.vault.Open(ctx, a.Content)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return src, src.measure(f)
}

// measure finds out the dimensions of src, whose bytes r reads. That it cannot
// is no error, unless the bytes cannot be read.
func (src *source) measure(r io.ReadSeeker) (err error) {
	src.width, src.height, err = inspect.Dimensions(src.kind, r)
	switch fault.Of(err) {
	case fault.Unsupported, fault.Invalid, fault.TooLarge:
		return nil
	}
	return err
}

// fetch returns an outside file. Who wants the same one for the same app at the
// same time shares the bytes.
func (s *Service) fetch(ctx context.Context, app string, in input) (own *source, err error) {
	if s.config.Fetch == nil {
		return nil, fmt.Errorf("outside files are switched off: %w", fault.Unsupported)
	}
	name, err := json.Marshal([]any{app, in.url, in.header})
	if err != nil {
		return nil, err
	}
	download := func(ctx context.Context) (*source, error) { return s.download(ctx, in) }
	err = s.fetched.Do(ctx, string(name), download, func(shared *source) error {
		file, err := shelf.Reopen(shared.file)
		if err == nil {
			own = new(*shared)
			own.file = file
		}
		return err
	})
	return own, err
}

// download fetches an outside file into one of ours.
func (s *Service) download(ctx context.Context, in input) (*source, error) {
	body, err := s.config.Fetch(ctx, in.url, in.header, s.config.MaxSource)
	if err != nil {
		return nil, fmt.Errorf("fetch input: %w", err)
	}
	defer body.Close()
	return s.receive(body)
}

// receive writes body into a file of ours.
func (s *Service) receive(body io.Reader) (_ *source, err error) {
	src := new(source)
	if src.file, err = s.shelf.Temp(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			src.Close()
		}
	}()
	if src.size, err = io.Copy(src.file, body); err != nil {
		return nil, fmt.Errorf("receive input: %w", err)
	}
	src.kind = detect(src.file)
	return src, src.measure(io.NewSectionReader(src.file, 0, src.size))
}

// fill gives src its file: a copy of exactly the bytes of its asset, each
// verified before. A stored file itself is never handed to a renderer, because
// others may be in it, and who owns a file can harm it through any descriptor.
func (s *Service) fill(ctx context.Context, src *source) error {
	if src.file != nil {
		return nil
	}
	f, err := s.vault.Open(ctx, src.asset.Content)
	if err != nil {
		return fmt.Errorf("open asset %s: %w", src.asset.ID, err)
	}
	defer f.Close()
	out, err := s.shelf.Temp()
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := f.WriteTo(out); err != nil {
		return fmt.Errorf("copy asset %s: %w", src.asset.ID, err)
	}
	src.file, err = shelf.Reopen(out)
	return err
}

// detect returns the media type that the bytes of f have.
func detect(f *os.File) string {
	head := make([]byte, inspect.HeadLen)
	n, _ := f.ReadAt(head, 0) // a file that cannot be read fails when it is read
	return inspect.Detect(head[:n])
}
