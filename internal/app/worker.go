package app

import (
	"github.com/stowgate/stowgate/internal/document"
	"github.com/stowgate/stowgate/internal/imaging"
)

// workerCommand is what a server runs in its workers.
type workerCommand struct {
	Imaging  imagingWorker  `cmd:"" help:"Transform images."`
	Document documentWorker `cmd:"" help:"Draw pages of documents."`
}

type (
	imagingWorker  struct{}
	documentWorker struct{}
)

// Run serves jobs until the server goes away.
func (imagingWorker) Run(*session) error { return imaging.Main() }

// Run serves jobs until the server goes away.
func (documentWorker) Run(*session) error { return document.Main() }
