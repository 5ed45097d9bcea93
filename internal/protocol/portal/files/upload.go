package files

import (
	"context"
	"fmt"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/upload"
)

// uploadSpan is how long the picker of an upload page may be used.
const uploadSpan = time.Hour

// An uploader is what the upload page shows.
type uploader struct {
	Signed  manage.Signed
	Refusal string // why there is no picker
	Domain  string // of the hosts that files are sent to; empty for none
	Files   string // path of the list of files
	Path    string // where the file is to be stored, as it is typed
}

func (p *Pages) uploader(ctx context.Context, v *frame.Visit) (uploader, error) {
	shown := uploader{Domain: p.Domain, Files: v.Link("/files")}
	var err error
	shown.Signed, err = p.Manage.SignUpload(ctx, v.Actor, v.App.Key, uploadSpan)
	if _, shown.Refusal = frame.Refused(err); shown.Refusal != "" {
		err = nil
	}
	return shown, err
}

func (p *Pages) uploadPage(ctx context.Context, v *frame.Visit) error {
	shown, err := p.uploader(ctx, v)
	if err != nil {
		return err
	}
	return p.Show(v, "files-new", "Upload", shown)
}

// upload stores the file of a form, as it arrives.
func (p *Pages) upload(ctx context.Context, v *frame.Visit) error {
	form, err := incoming(v)
	var a asset.Asset
	if err == nil {
		var g policy.Grant
		if g, err = p.Manage.FileGrant(ctx, v.Actor, v.App.Key); err == nil {
			a, err = p.Uploads.Put(ctx, g, upload.Spec{Name: form.File.Name, Type: form.File.Type, Size: -1, Path: form.Value("path")}, form.File)
		}
	}
	if err == nil {
		return v.Done(link(v, a.ID), "Uploaded.")
	}
	text := words(v, err)
	if text == "" {
		return err
	}
	shown, err := p.uploader(ctx, v)
	if err != nil {
		return err
	}
	if form != nil {
		shown.Path = form.Value("path")
		drain(form.File)
	}
	return p.Again(v, "files-new", "Upload", "Nothing was stored. "+text, shown)
}

// overwrite stores the file of a form in the place of another.
func (p *Pages) overwrite(ctx context.Context, v *frame.Visit) error {
	f, err := p.file(ctx, v)
	if err != nil {
		return err
	}
	form, err := incoming(v)
	var a asset.Asset
	if err == nil {
		var g policy.Grant
		if g, err = p.Manage.FileGrant(ctx, v.Actor, v.App.Key); err == nil {
			a, err = p.Uploads.Replace(ctx, g, f.ID, upload.Spec{Size: -1}, form.File)
		}
	}
	if err == nil {
		return v.Done(link(v, f.ID), fmt.Sprintf("The file is overwritten. This is version %d.", a.Version))
	}
	text := words(v, err)
	if text == "" {
		return err
	}
	if form != nil {
		drain(form.File)
	}
	return p.again(ctx, v, f, "Nothing was overwritten. "+text, func(*one) {})
}

// incoming returns the form of a request that carries a file, up to its bytes.
// The error is an *account.Refusal if there is none in it.
func incoming(v *frame.Visit) (*server.Form, error) {
	form, err := v.Form()
	if err != nil {
		return nil, err
	}
	if form.File == nil || form.File.Name == "" {
		return nil, account.Refuse(fault.Invalid, "file", "choose a file")
	}
	return form, nil
}
