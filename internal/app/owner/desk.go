// Package owner holds the commands with which an owner manages apps, people and
// tokens on the server's machine, also beside a server that runs.
package owner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/catalog"
	"github.com/stowgate/stowgate/internal/catalog/ledger"
	"github.com/stowgate/stowgate/internal/catalog/people"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
)

// A Desk is what the commands run at.
type Desk struct {
	Context context.Context // of the command
	Out     io.Writer
	JSON    bool // print JSON, for machines
	Now     func() time.Time

	Places func(*setting.Reader) place.Places // where the settings say that things are kept
}

// A UsageError is a command line that makes no sense.
type UsageError struct{ error }

func (e UsageError) Unwrap() error { return e.error }

// Print writes v as JSON if that is wanted, and text otherwise.
func (d *Desk) Print(v any, text string) error {
	if !d.JSON {
		_, err := io.WriteString(d.Out, text)
		return err
	}
	enc := json.NewEncoder(d.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// WithCatalog calls do with the catalog open.
func (d *Desk) WithCatalog(do func(context.Context, *catalog.Catalog) error) error {
	r := new(setting.Reader)
	p := d.Places(r)
	if err := r.Err(); err != nil {
		return UsageError{err}
	}
	c, _, err := p.OpenCatalog(d.Context, d.Now)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(d.Context, c)
}

// withManager calls do with what commands change through.
func (d *Desk) withManager(do func(context.Context, *manage.Service) error) error {
	return d.WithCatalog(func(ctx context.Context, records *catalog.Catalog) error {
		return do(ctx, d.manager(records))
	})
}

func (d *Desk) manager(records *catalog.Catalog) *manage.Service {
	book := records.Book()
	places := d.Places(new(setting.Reader)) // what is wrong with them was told before
	return manage.New(records, people.New(book), ledger.New(book), manage.Config{Now: d.Now, Storages: places.Names()})
}

// operator is who commands act as.
var operator = account.CommandLine()

// NoSuchApp says what to do when an app is not there.
func NoSuchApp(key string, err error) error {
	if errors.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no app with the key %q: stowgate app list shows all; is --data right?: %w", key, fault.NotFound)
	}
	return err
}
