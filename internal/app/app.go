// Package app is the program: it reads its settings, wires everything together,
// and runs its commands.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/stowgate/stowgate/internal/app/node"
	"github.com/stowgate/stowgate/internal/app/owner"
	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/app/setting"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// commands is the command line.
type commands struct {
	Config   string           `placeholder:"FILE" help:"YAML or JSON file of settings, named like the flags of serve. Flags and variables come before it." env:"STOWGATE_CONFIG"`
	Data     string           `placeholder:"DIR" help:"Folder that everything is kept in." default:"./stowgate-data" env:"STOWGATE_DATA"`
	Database string           `placeholder:"URL" help:"Where records are: sqlite:PATH. The default is catalog.db in the data folder." env:"STOWGATE_DATABASE"`
	Storage  string           `placeholder:"URL" help:"Where bytes are: a folder, or mem: for nothing that lasts. The default is blobs in the data folder." env:"STOWGATE_STORAGE"`
	Named    []string         `name:"storage-named" placeholder:"NAME=FOLDER" help:"More places for bytes, which apps choose with app set --keep-in NAME." env:"STOWGATE_STORAGE_NAMED"`
	JSON     bool             `name:"json" help:"Print JSON, for machines."`
	Version  kong.VersionFlag `help:"Print the version."`

	Serve   serveCommand   `cmd:"" help:"Serve uploads and deliveries."`
	App     owner.Apps     `cmd:"" help:"Manage apps: their keys, secrets and rules."`
	User    owner.Users    `cmd:"" help:"Manage the people who may sign in to the portal."`
	Token   owner.Tokens   `cmd:"" help:"Manage the tokens of the management API."`
	Webhook owner.Webhooks `cmd:"" help:"Manage webhooks: who is told what happens to files."`
	Sign    signCommand    `cmd:"" help:"Sign a policy with an app's secret."`
	Explain explainCommand `cmd:"" help:"Say why a policy, or a whole URL, is accepted or refused."`
	Check   checkCommand   `cmd:"" help:"Read every stored byte back and compare it with its checksum."`
	Doctor  doctorCommand  `cmd:"" help:"Say what works on this machine, and what is missing."`
	Worker  workerCommand  `cmd:"" hidden:"" help:"Internal: a confined process that servers start."`
}

// A session is what a command runs in.
type session struct {
	ctx    context.Context
	stdout io.Writer
	stderr io.Writer
	cli    *commands
	now    func() time.Time
}

// A usageError is a command line or setting that makes no sense.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exited carries an exit status out of the parser, which ends the process for
// --help and --version.
type exited int

// Run runs the command that args name and returns the exit status: 0 when it is
// done, 1 when it failed, 2 for wrong usage. A server runs until ctx ends.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if r := recover(); r != nil {
			code, ok := r.(exited)
			if !ok {
				panic(r)
			}
			status = int(code)
		}
	}()
	s := &session{ctx: ctx, stdout: stdout, stderr: stderr, cli: new(commands), now: time.Now}
	err := s.run(args)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, new(usageError)), errors.As(err, new(owner.UsageError)):
		status = exitUsage
	default:
		status = exitFailed
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "stowgate:", strings.TrimRight(line, "\n"))
	}
	return status
}

func (s *session) run(args []string) error {
	command, err := s.parse(args)
	if err != nil {
		return err
	}
	return command.Run(s, s.desk())
}

// parse reads the command line, the variables and the file into s.cli.
func (s *session) parse(args []string) (*kong.Context, error) {
	file, err := setting.Load(args, os.LookupEnv)
	if err != nil {
		return nil, usageError{err}
	}
	parser, err := kong.New(s.cli,
		kong.Name("stowgate"),
		kong.Description("Secure file upload and delivery, by Filestack's wire protocol. Start with: stowgate serve"),
		kong.Writers(s.stdout, s.stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Vars{"version": "stowgate " + version(), "identity_path": node.IdentityPath},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Resolvers(file),
	)
	if err != nil {
		return nil, usageError{err} // only settings in the file are not known before
	}
	command, err := parser.Parse(args)
	if err != nil {
		hint := "stowgate"
		var at *kong.ParseError
		if errors.As(err, &at) && at.Context.Command() != "" {
			hint += " " + strings.Fields(at.Context.Command())[0]
		}
		return nil, usageError{fmt.Errorf("%w\nsee %s --help", err, hint)}
	}
	return command, nil
}

// desk returns what the commands of owners run at.
func (s *session) desk() *owner.Desk {
	return &owner.Desk{Context: s.ctx, Out: s.stdout, JSON: s.cli.JSON, Now: s.now,
		Places: s.cli.places}
}

// places returns where the settings say that things are kept.
func (c *commands) places(r *setting.Reader) place.Places {
	return place.Read(r, c.Data, c.Database, c.Storage, c.Named)
}

// print writes v as JSON if the command line says so, and text otherwise.
func (s *session) print(v any, text string) error { return s.desk().Print(v, text) }

// version returns the version of this program as it was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = "development " + s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}
