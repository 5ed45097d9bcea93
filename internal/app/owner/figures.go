package owner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/figures"
	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/policy/outside"
)

// limits are the flags for what an app may store.
type limits struct {
	Types     *string `placeholder:"TYPE,..." help:"Media types of the files it takes, by their bytes, like image/* or application/pdf, with commas between them. any, the default, takes it back."`
	Sources   *string `placeholder:"HOST,..." help:"Hosts from which whoever asks by Uploadcare's addresses has files fetched and kept, like images.example.com or *.example.com, with commas between them. none, the default, takes it back."`
	MaxFiles  *string `placeholder:"NUMBER" help:"Of files that it stores; 0 means no bound."`
	MaxBytes  *string `placeholder:"SIZE" help:"Of all its files together; 0 means no bound."`
	Retention *string `placeholder:"TIME" help:"How long files are kept after they came, like 30d; 0 means for ever."`
	KeepIn    *string `placeholder:"NAME" help:"Storage that new files go to: one of --storage-named, or default. Files that are there stay where they are."`
}

// read adds to change what the flags ask for.
func (l limits) read(r *setting.Reader, change *manage.Change) {
	change.Types = optional(r, "types", l.Types, listOf("any", parseType))
	change.Sources = optional(r, "sources", l.Sources, listOf("none", parseSource))
	change.MaxBytes = optional(r, "max-bytes", l.MaxBytes, setting.Size)
	change.Retention = optional(r, "retention", l.Retention, setting.Duration)
	change.Storage = optional(r, "keep-in", l.KeepIn, parseStorage)
	change.MaxFiles = optional(r, "max-files", l.MaxFiles, func(text string) (int64, error) {
		n, err := setting.Count(text)
		return int64(max(n, 0)), err
	})
}

// parseStorage takes the name of a storage.
func parseStorage(text string) (string, error) {
	if text == blob.DefaultName {
		return "", nil
	}
	return blob.ParseName(text)
}

func parseType(text string) (string, error) {
	t, err := policy.ParseType(text)
	if err != nil {
		return "", errors.New("is no list of media types like image/*,application/pdf")
	}
	return t, nil
}

func parseSource(text string) (string, error) {
	host, err := outside.Parse(text)
	if err != nil {
		return "", errors.New("is no list of hosts like images.example.com,*.example.com")
	}
	return host, nil
}

// shownLimits are an app's limits as commands print them.
type shownLimits struct {
	Types     []string       `json:"types"`
	Sources   []string       `json:"sources"`
	MaxFiles  int64          `json:"max_files"`
	MaxBytes  int64          `json:"max_bytes"`
	Retention int64          `json:"retention"` // seconds
	Storage   string         `json:"storage"`
	Stored    *insight.Usage `json:"stored,omitempty"`
}

func showLimits(o policy.Options) shownLimits {
	return shownLimits{append([]string{}, o.Types...), append([]string{}, o.Sources...), o.MaxFiles, o.MaxBytes, int64(o.Retention / time.Second), cmp.Or(o.Storage, blob.DefaultName), nil}
}

func (l shownLimits) print(w *tabwriter.Writer) {
	if len(l.Types) > 0 {
		fmt.Fprintf(w, "files of\t%s\n", strings.Join(l.Types, ", "))
	}
	if len(l.Sources) > 0 {
		fmt.Fprintf(w, "fetches from\t%s\n", strings.Join(l.Sources, ", "))
	}
	if l.Stored != nil {
		fmt.Fprintf(w, "stored\t%s files, %s bytes\n", of(l.Stored.Files, l.MaxFiles), of(l.Stored.Bytes, l.MaxBytes))
	}
	if l.Retention > 0 {
		fmt.Fprintf(w, "retention\t%v\n", time.Duration(l.Retention)*time.Second)
	}
	if l.Storage != blob.DefaultName {
		fmt.Fprintf(w, "new files in\tthe storage %s\n", l.Storage)
	}
}

// of says how much there is of what may be.
func of(n, most int64) string {
	if most == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d of %d", n, most)
}

// addFigures adds what is stored, and when each secret was last used.
func (a *shownApp) addFigures(ctx context.Context, records *catalog.Catalog) error {
	view, err := insight.New(figures.New(records.Book()), insight.Config{}).View(operator, a.Key)
	if err != nil {
		return err
	}
	usage, err := view.Usage(ctx)
	if err != nil {
		return err
	}
	a.Stored = &usage
	uses, err := view.SecretUses(ctx)
	for i, secret := range a.Secrets {
		a.Secrets[i].Used = moment(uses[secret.Fingerprint])
	}
	return err
}
