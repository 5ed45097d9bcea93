package server

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/server/multipart"
)

// Bounds of a form, besides multipart.MaxHeader. A body over one of them is
// refused with fault.TooLarge.
const (
	MaxFormParts  = 100
	MaxFormFields = 64 << 10 // bytes of all names and values that are not files
)

// A Form reads a form as a stream: first the fields before its file, then the
// file, then the fields after it. Reading a repeated field, a second file, or a
// part that is not form data fails with fault.Invalid.
type Form struct {
	File *FormFile // nil if the form has none

	values map[string]string
	fields int // bytes of them
	count  int // parts so far
	parts  *multipart.Reader
}

// A FormFile is the file of a form. Its bytes are read once.
type FormFile struct {
	Field string // name of the field
	Name  string // as the client sent it: not clean
	Type  string // media type the client sent; may be empty

	form *Form
	err  error // what ended it: io.EOF if the whole form was in order
}

// ReadForm reads the form in r's body up to the bytes of its file, or whole if
// it has none. Besides multipart/form-data it takes urlencoded forms, which
// have no file. The error wraps fault.Invalid or fault.TooLarge; for another
// media type it wraps fault.Unsupported.
func ReadForm(r *http.Request) (*Form, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("content type of form: %w: %w", err, fault.Unsupported)
	}
	f := &Form{values: map[string]string{}}
	switch media {
	case "multipart/form-data":
		err = f.readMultipart(r.Body, params["boundary"])
	case "application/x-www-form-urlencoded":
		err = f.readURLEncoded(r.Body)
	default:
		err = fmt.Errorf("form of type %q: %w", media, fault.Unsupported)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Value returns the field called name, or "" if there was none so far: fields
// behind the file are here once it was read to its end.
func (f *Form) Value(name string) string { return f.values[name] }

// Values returns all fields that were read so far.
func (f *Form) Values() map[string]string { return maps.Clone(f.values) }

// Finish reads and drops what is left of the form. It returns nil if the form
// was whole and in order.
func (f *Form) Finish() error {
	if f.File == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, f.File)
	return err
}

// Read gives the bytes of the file. It returns io.EOF only after the rest of
// the form was read and found whole, so that who stores a file when its reader
// ends never stores part of one.
func (f *FormFile) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.form.parts.Read(p)
	if err == io.EOF {
		if after := f.form.readFields(); after != nil {
			err = after
		}
	}
	f.err = err
	return n, err
}

func (f *Form) readMultipart(body io.Reader, boundary string) error {
	if len(boundary) == 0 || len(boundary) > 70 { // RFC 2046, section 5.1.1
		return fmt.Errorf("form boundary of %d characters: %w", len(boundary), fault.Invalid)
	}
	f.parts = multipart.NewReader(body, boundary)
	return f.readFields()
}

// readFields reads parts up to and with the header of the file, or to the end.
func (f *Form) readFields() error {
	for {
		head, err := f.parts.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if f.count++; f.count > MaxFormParts {
			return fmt.Errorf("form has more than %d parts: %w", MaxFormParts, fault.TooLarge)
		}
		part, err := multipart.Describe(head)
		name := part.Field
		switch {
		case err != nil:
			return err
		case part.File && f.File != nil:
			return fmt.Errorf("form has more than one file: %w", fault.Invalid)
		case part.File:
			err := f.claim(name, "")
			f.File = &FormFile{Field: name, Name: part.Name, Type: part.Type, form: f}
			return err
		}
		value, err := io.ReadAll(io.LimitReader(f.parts, MaxFormFields+1))
		if err != nil {
			return err
		}
		if err := f.claim(name, string(value)); err != nil {
			return err
		}
		f.values[name] = string(value)
	}
}

// claim counts a field, whose name must be new.
func (f *Form) claim(name, value string) error {
	_, repeated := f.values[name]
	if repeated || f.File != nil && f.File.Field == name {
		return fmt.Errorf("form field %q is repeated: %w", name, fault.Invalid)
	}
	if f.fields += len(name) + len(value); f.fields > MaxFormFields {
		return fmt.Errorf("form fields have more than %d bytes: %w", MaxFormFields, fault.TooLarge)
	}
	return nil
}

func (f *Form) readURLEncoded(body io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(body, MaxFormFields+1))
	if err != nil {
		return fmt.Errorf("read form: %w", err)
	}
	if len(text) > MaxFormFields {
		return fmt.Errorf("form fields have more than %d bytes: %w", MaxFormFields, fault.TooLarge)
	}
	values, err := url.ParseQuery(string(text))
	if err != nil {
		return fmt.Errorf("read form: %w: %w", err, fault.Invalid)
	}
	for name, all := range values {
		if len(all) > 1 {
			return fmt.Errorf("form field %q is repeated: %w", name, fault.Invalid)
		}
		f.values[name] = all[0]
	}
	return nil
}
