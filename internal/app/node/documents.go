package node

import (
	"context"
	"log/slog"
	"os"

	"github.com/stowgate/stowgate/internal/delivery"
	"github.com/stowgate/stowgate/internal/document"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/worker"
)

// DocumentPool returns how the workers are started that draw documents.
func (i Images) DocumentPool(log *slog.Logger) worker.Config {
	c := document.WorkerConfig()
	c.Unconfined, c.Log = i.Unconfined, log
	return c
}

// A DocumentReport says what becomes of documents on this machine.
type DocumentReport struct {
	OK      bool   `json:"ok"`
	Problem string `json:"problem,omitempty"`
	Library string `json:"library"`
	Type    string `json:"type"` // that is read
}

// ExamineDocuments starts a worker to see whether it can draw.
func (i Images) ExamineDocuments(ctx context.Context) DocumentReport {
	r := DocumentReport{Library: document.Library(), Type: document.Type}
	pool, err := worker.Start(i.DocumentPool(nil))
	if err == nil {
		defer pool.Close()
		err = document.Engine{Pool: pool}.Try(ctx)
	}
	if r.OK = err == nil; !r.OK {
		r.Problem = err.Error()
	}
	return r
}

// A drawer lets delivery draw pages in workers.
type drawer struct {
	engine document.Engine
	limits cost.Limits
}

// Draw implements delivery.Drawer.
func (d drawer) Draw(ctx context.Context, app string, plan transform.Plan, in, out *os.File) (delivery.Rendered, error) {
	made, err := d.engine.Draw(ctx, app, plan, d.limits, in, out)
	return delivery.Rendered{Type: "image/png", Width: made.Width, Height: made.Height, Frames: 1, Bytes: made.Bytes}, err
}

// documents adds to c what draws documents, whose workers start when there are
// any.
func (n *Node) documents(c *delivery.Config) {
	pool, err := worker.Start(n.set.Images.DocumentPool(n.log))
	if err != nil {
		n.log.Error("documents are not drawn: see stowgate doctor", "err", err)
		return
	}
	n.closers = append(n.closers, func() error { pool.Close(); return nil })
	n.watchWorkers("document", "Documents", pool)
	c.Draw = drawer{document.Engine{Pool: pool}, n.set.Images.Limits}
	c.Pages = n.set.Images.Line
	c.Pages.Slots = pool.Status().Size
	c.Engine += " " + document.Version
}
