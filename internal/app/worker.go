package app

import "github.com/stowgate/stowgate/internal/imaging"

// workerCommand is what a server runs in its workers.
type workerCommand struct {
	Imaging struct{} `cmd:"" help:"Transform images."`
}

// Run serves jobs until the server goes away.
func (*workerCommand) Run(*session) error { return imaging.Main() }
