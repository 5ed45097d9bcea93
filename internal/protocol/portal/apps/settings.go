package apps

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/manage"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// settingsRows are what an owner sets, and deletion.
func (p *Pages) settingsRows() []frame.Row {
	const page = "/apps/{app}/settings"
	return []frame.Row{
		{Method: http.MethodGet, Path: page, Act: account.ViewApp, Do: p.settingsPage},
		{Method: http.MethodPost, Path: page, Act: account.ChangeApp, Do: p.changeSettings},
		{Method: http.MethodPost, Path: "/apps/{app}/disable", Act: account.ChangeApp, Do: p.disable},
		{Method: http.MethodPost, Path: "/apps/{app}/delete", Act: account.DeleteApp, Do: p.deleteApp},
		{Method: http.MethodPost, Path: "/apps/{app}/restore", Act: account.DeleteApp, Do: p.restoreApp},
	}
}

// A settingsForm holds the fields as they are typed: numbers with their units.
type settingsForm struct {
	Version, Name, MaxSize, MaxFiles, MaxBytes, Retention string
	Origins, Types, Sources                               string // one a line
	SignedImages, WholePatterns, CallsAlias               bool
	OpenReads, Temporary                                  bool
	Storage                                               string
	Storages                                              []string // to choose from, besides the default
	Field, Wrong                                          string
}

// WrongIn says why a field was not accepted.
func (f settingsForm) WrongIn(name string) string {
	if f.Field == name {
		return f.Wrong
	}
	return ""
}

// settingsOf returns the form of an app that may choose among storages.
func settingsOf(a *manage.App, storages []string) settingsForm {
	o := a.Options
	f := settingsForm{Version: a.Version, Name: a.Name, Origins: strings.Join(o.Origins, "\n"), Types: strings.Join(o.Types, "\n"), Sources: strings.Join(o.Sources, "\n"),
		SignedImages: o.SignedImages, WholePatterns: o.WholePatterns, CallsAlias: o.CallsAlias,
		OpenReads: o.OpenReads, Temporary: o.Temporary, Storage: o.Storage, Storages: storages}
	f.MaxSize, f.MaxBytes = frame.Size(o.MaxSize), frame.Size(o.MaxBytes)
	if o.MaxFiles > 0 {
		f.MaxFiles = strconv.FormatInt(o.MaxFiles, 10)
	}
	if o.Retention > 0 {
		f.Retention = strconv.FormatInt(int64(o.Retention/(24*time.Hour)), 10)
	}
	return f
}

func (p *Pages) settingsPage(ctx context.Context, v *frame.Visit) error {
	return p.Show(v, "settings", "Settings", settingsOf(v.App, p.manage.Storages()))
}

func (p *Pages) changeSettings(ctx context.Context, v *frame.Visit) error {
	form := settingsForm{Version: v.Value("version"), Name: v.Value("name"), MaxSize: v.Value("max_size"), MaxFiles: v.Value("max_files"),
		MaxBytes: v.Value("max_bytes"), Retention: v.Value("retention"), Origins: v.Value("origins"), Types: v.Value("types"), Sources: v.Value("sources"),
		SignedImages: v.Checked("signed_images"), WholePatterns: v.Checked("whole_patterns"), CallsAlias: v.Checked("calls_alias"),
		OpenReads: v.Checked("open_reads"), Temporary: v.Checked("temporary"),
		Storage: v.Value("storage"), Storages: p.manage.Storages()}
	change, err := form.change()
	if err == nil {
		_, err = p.manage.ChangeApp(ctx, v.Actor, v.App.Key, change)
	}
	if err != nil {
		field, text := frame.Refused(err)
		if text == "" {
			return err
		}
		if form.Field, form.Wrong = field, text; field != "" {
			text = "Nothing was saved: see below."
		}
		return p.Again(v, "settings", "Settings", text, form)
	}
	return v.Done(v.Link("/settings"), "Saved.")
}

// change returns what the form asks for. The error is an *account.Refusal.
func (f settingsForm) change() (manage.Change, error) {
	origins, types, sources := strings.Fields(f.Origins), strings.Fields(f.Types), strings.Fields(f.Sources)
	c := manage.Change{Version: f.Version, Name: &f.Name, Origins: &origins, Types: &types, Sources: &sources,
		SignedImages: &f.SignedImages, WholePatterns: &f.WholePatterns, CallsAlias: &f.CallsAlias,
		OpenReads: &f.OpenReads, Temporary: &f.Temporary}
	if len(f.Storages) > 0 {
		c.Storage = &f.Storage
	}
	for name, one := range map[string]struct {
		text string
		into **int64
	}{"max_size": {f.MaxSize, &c.MaxSize}, "max_bytes": {f.MaxBytes, &c.MaxBytes}} {
		n, err := frame.ParseSize(one.text)
		if err != nil {
			return c, account.Refuse(fault.Invalid, name, "write a size like 20 MB, or leave it empty")
		}
		*one.into = &n
	}
	files, err := count(f.MaxFiles)
	if err != nil {
		return c, account.Refuse(fault.Invalid, "max_files", "write a number, or leave it empty")
	}
	days, err := count(f.Retention)
	if err != nil || days > 36500 {
		return c, account.Refuse(fault.Invalid, "retention", "write a number of days up to 36500, or leave it empty")
	}
	keep := time.Duration(days) * 24 * time.Hour
	c.MaxFiles, c.Retention = &files, &keep
	return c, nil
}

func count(text string) (int64, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}

// disable refuses everything for a while, or takes that back.
func (p *Pages) disable(ctx context.Context, v *frame.Visit) error {
	off := v.Value("disabled") == "on"
	if _, err := p.manage.ChangeApp(ctx, v.Actor, v.App.Key, manage.Change{Disabled: &off}); err != nil {
		return err
	}
	if off {
		return v.Done(v.Link("/settings"), "The app is disabled: everything is refused.")
	}
	return v.Done(v.Link("/settings"), "The app answers again.")
}

func (p *Pages) deleteApp(ctx context.Context, v *frame.Visit) error {
	if strings.TrimSpace(v.Value("confirm")) != v.App.Name {
		form := settingsOf(v.App, p.manage.Storages())
		form.Field, form.Wrong = "confirm", "This is not the app's name."
		return p.Again(v, "settings", "Settings", "Nothing was deleted: write the app's name to confirm.", form)
	}
	if _, err := p.manage.DeleteApp(ctx, v.Actor, v.App.Key); err != nil {
		return err
	}
	return v.Done(frame.Root+"/", "The app is deleted. Until it is gone for good, you can take that back on its page.")
}

func (p *Pages) restoreApp(ctx context.Context, v *frame.Visit) error {
	if _, err := p.manage.RestoreApp(ctx, v.Actor, v.App.Key); err != nil {
		return err
	}
	return v.Done(v.Link(""), "The app is back.")
}
