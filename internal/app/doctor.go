package app

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"

	sqlite "modernc.org/sqlite/lib"

	"github.com/stowgate/stowgate/internal/app/machine"
	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/app/setting"
)

type doctorCommand struct{}

// Help implements kong.HelpProvider.
func (doctorCommand) Help() string {
	return `Changes nothing. The exit status is 1 if the server cannot work here.

  stowgate doctor
  stowgate doctor --data /var/lib/stowgate --json`
}

func (c *doctorCommand) Run(s *session) error {
	r := new(setting.Reader)
	p := place.Read(r, s.cli.Data, s.cli.Database, s.cli.Storage)
	if err := r.Err(); err != nil {
		return usageError{err}
	}
	out := struct {
		Version  string            `json:"version"`
		Go       string            `json:"go"`
		System   string            `json:"system"`
		SQLite   string            `json:"sqlite"`
		Data     string            `json:"data"`
		Findings []machine.Finding `json:"findings"`
		Engines  []machine.Engine  `json:"engines"`
	}{Version: version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		SQLite: sqlite.SQLITE_VERSION, Data: p.Data, Findings: machine.Examine(p.Data), Engines: machine.Engines()}

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
