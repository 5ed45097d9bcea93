package app

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"

	sqlite "modernc.org/sqlite/lib"

	"github.com/stowgate/stowgate/internal/app/machine"
	"github.com/stowgate/stowgate/internal/app/node"
	"github.com/stowgate/stowgate/internal/app/setting"
)

type doctorCommand struct {
	Libvips string `placeholder:"FILE" env:"STOWGATE_LIBVIPS" help:"The library for images, as for serve."`
}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `Changes nothing. The exit status is 1 if the server cannot work here.

  stowgate doctor
  stowgate doctor --data /var/lib/stowgate --json`
}

func (c *doctorCommand) Run(s *session) error {
	r := new(setting.Reader)
	p := s.cli.places(r)
	if err := r.Err(); err != nil {
		return usageError{err}
	}
	images := node.Images{Library: c.Libvips}
	out := struct {
		Version   string              `json:"version"`
		Go        string              `json:"go"`
		System    string              `json:"system"`
		SQLite    string              `json:"sqlite"`
		Data      string              `json:"data"`
		Findings  []machine.Finding   `json:"findings"`
		Images    node.ImageReport    `json:"images"`
		Documents node.DocumentReport `json:"documents"`
		Engines   []machine.Engine    `json:"engines"`
	}{Version: version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		SQLite: sqlite.SQLITE_VERSION, Data: p.Data, Findings: append(machine.Examine(p.Data), p.Examine()...), Images: images.Examine(s.ctx), Documents: images.ExamineDocuments(s.ctx), Engines: machine.Engines()}

	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "stowgate\t%s, %s, %s\nSQLite\t%s, built in\n", out.Version, out.Go, out.System, out.SQLite)
	var broken []error
	for _, f := range out.Findings {
		mark := "ok"
		if !f.OK {
			mark = "no"
			if f.Needed {
				mark = "BAD"
				broken = append(broken, fmt.Errorf("%s: %s", f.Name, f.Detail))
			}
		}
		fmt.Fprintf(w, "%s\t%s: %s\n", f.Name, mark, f.Detail)
	}
	printImages(w, out.Images, c.Libvips)
	if d := out.Documents; d.OK {
		fmt.Fprintf(w, "documents\tok: %s\n  reads\tpdf\n", d.Library)
	} else {
		fmt.Fprintf(w, "documents\tno: %s\n", d.Problem)
	}
	fmt.Fprint(w, "\nNot in this version, whatever is installed:\n")
	for _, e := range out.Engines {
		where := "not installed"
		if e.Path != "" {
			where = e.Path
		}
		fmt.Fprintf(w, "  %s\t%s: %s\n", e.Feature, e.Program, where)
	}
	w.Flush()
	return errors.Join(s.print(out, b.String()), errors.Join(broken...))
}

// printImages says what becomes of images.
func printImages(w io.Writer, r node.ImageReport, library string) {
	switch {
	case r.OK:
		fmt.Fprintf(w, "images\tok: libvips %s, %s\n", r.Version, r.Library)
	case library != "" && strings.Contains(r.Problem, "no libvips"):
		fmt.Fprintf(w, "images\tno: libvips cannot be used from %s: name its file with --libvips, or leave that out to have it found\n", library)
	default:
		fmt.Fprintf(w, "images\tno: %s\n", r.Problem)
	}
	for _, does := range []struct {
		name   string
		writes bool
	}{{"reads and writes", true}, {"reads", false}} {
		var works, others []string
		for _, a := range r.Abilities {
			name := imageNames.Replace(a.Type)
			switch {
			case a.Writes != does.writes:
			case a.Problem == "":
				works = append(works, name)
			case r.Second.Library != "" && !r.Second.Lacks(a.Type):
				others = append(others, fmt.Sprintf("  reads %s\tok: by libvips %s, %s\n", name, r.Second.Version, r.Second.Library))
			default:
				others = append(others, fmt.Sprintf("  reads %s\tno: this libvips lacks it; that of Debian and Ubuntu (apt install libvips42) may have it\n", name))
			}
		}
		if len(works) > 0 {
			fmt.Fprintf(w, "  %s\t%s\n", does.name, strings.Join(works, ", "))
		}
		fmt.Fprint(w, strings.Join(others, ""))
	}
	for _, l := range r.Layers {
		mark, detail := "ok", l.Detail
		if !l.Holds {
			mark = "no"
			if r.OK {
				detail += "; images work all the same: what is needed holds"
			}
		}
		fmt.Fprintf(w, "  worker: %s\t%s: %s\n", l.Name, mark, detail)
	}
}

// imageNames makes names that people say of media types.
var imageNames = strings.NewReplacer("image/x-icon", "ico", "image/svg+xml", "svg", "image/", "")
