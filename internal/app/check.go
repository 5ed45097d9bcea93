package app

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/app/scrub"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/catalog/figures"
)

type checkCommand struct {
	Repair bool   `help:"Remove orphans, and count anew what apps store. Damaged bytes, and records whose bytes are missing, stay: a backup may bring the bytes back."`
	Grace  string `placeholder:"TIME" default:"1h" help:"How old bytes without a record must be to count as orphans (default ${default}). 0s only when no server runs."`
}

// Help implements kong.HelpProvider.
func (checkCommand) Help() string {
	return `Works beside a running server. It lists files whose bytes differ from their checksums or are
not there, orphans, which are bytes that no file refers to, and apps of which other sums are on
record than their files have. The exit status is 1 if bytes are damaged or missing, or sums wrong.

  stowgate check
  stowgate check --repair --json`
}

func (c *checkCommand) Run(s *session) error {
	r := new(setting.Reader)
	p := s.cli.places(r)
	grace := setting.Read(r, "grace", c.Grace, setting.Duration)
	if err := r.Err(); err != nil {
		return usageError{err}
	}
	if p.Blobs == "" {
		return usageError{errors.New("--storage=mem: keeps nothing that could be checked")}
	}
	before := s.now().Add(-grace)
	records, key, err := p.OpenCatalog(s.ctx, s.now)
	if err != nil {
		return err
	}
	defer records.Close()
	store, closeBlobs, err := p.OpenBlobs(s.ctx, records, key, fileblob.Config{})
	if err != nil {
		return err
	}
	defer closeBlobs()

	told := s.now()
	out, err := scrub.Check(s.ctx, records, store, before, func(r scrub.Report) {
		if now := s.now(); now.Sub(told) >= time.Second {
			told = now
			fmt.Fprintf(s.stderr, "stowgate: checked %d files, %d MB\n", r.Assets, r.Bytes/1e6)
		}
	})
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if c.Repair {
		if err := scrub.Repair(s.ctx, store, &out); err != nil {
			return err
		}
	}
	kept := figures.New(records.Book())
	wrong, err := kept.Verify(s.ctx)
	if err == nil && c.Repair && len(wrong) > 0 {
		err = kept.Repair(s.ctx)
	}
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	all := struct {
		scrub.Report
		Usage []figures.Wrong `json:"usage,omitempty"` // of apps for which other sums are on record
	}{out, wrong}
	if err := s.print(all, checkText(out, c.Repair)+usageText(wrong, c.Repair)); err != nil {
		return err
	}
	if bad := len(out.Damaged) + len(out.Missing); bad > 0 {
		err = fmt.Errorf("%d files are damaged or missing: restore %s from a backup, then check again", bad, p.Folders())
	}
	if len(wrong) > 0 && !c.Repair {
		err = errors.Join(err, errors.New("other sums are on record than apps store: stowgate check --repair counts anew"))
	}
	return err
}

func checkText(r scrub.Report, repaired bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "read: %d files, %d blobs, %d bytes\n", r.Assets, r.Blobs, r.Bytes)
	for _, list := range []struct {
		word   string
		assets []scrub.Asset
	}{{"damaged", r.Damaged}, {"missing", r.Missing}} {
		for _, a := range list.assets {
			fmt.Fprintf(&b, "%s  %s of app %s, %q: %s\n", list.word, a.Handle, a.App, a.Name, a.Why)
		}
	}
	for _, o := range r.Orphans {
		fmt.Fprintf(&b, "orphan   %s, %d bytes, of %s\n", o.Key, o.Size, o.Modified.Format(time.RFC3339))
	}
	switch {
	case repaired:
		fmt.Fprintf(&b, "%d orphans removed\n", r.Repaired)
	case len(r.Orphans) > 0:
		b.WriteString("Remove orphans with: stowgate check --repair\n")
	}
	if len(r.Damaged)+len(r.Missing) == 0 {
		b.WriteString("All bytes are as they were stored.\n")
	}
	return b.String()
}

func usageText(wrong []figures.Wrong, repaired bool) string {
	var b strings.Builder
	for _, w := range wrong {
		fmt.Fprintf(&b, "usage    of app %s: %d files of %d bytes on record, where there are %d of %d\n",
			w.App, w.Kept.Files, w.Kept.Bytes, w.Counted.Files, w.Counted.Bytes)
	}
	if repaired && len(wrong) > 0 {
		fmt.Fprintf(&b, "%d apps counted anew\n", len(wrong))
	}
	return b.String()
}
