package delivery

import (
	"context"
	"fmt"
	"os"

	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/transform"
)

// document is the media type of the files whose pages are drawn.
const document = "application/pdf"

// A Drawer draws pages of documents. Its error is one that a Renderer may have.
type Drawer interface {
	// Draw draws the page of a PDF that plan begins with, on white and as large
	// as plan needs it, and writes a picture to out, from its beginning. It
	// neither closes nor keeps a file. It ends soon after ctx.
	Draw(ctx context.Context, app string, plan transform.Plan, document, out *os.File) (Rendered, error)
}

// draw puts a picture of a page in the place of each document: the first page,
// but for input 0 the one that the plan begins with. It returns the plan for
// what is there then. A plan that only says how an image is to be encoded asks
// for no picture, and leaves the document to the renderer, which knows none.
func (j *job) draw(ctx context.Context, sources []*source) (transform.Plan, error) {
	s, plan, drawn := j.service, j.order.Plan, false
	for i, src := range sources {
		page := transform.Plan{}
		if i == 0 {
			page = plan
		}
		if src.kind != document || s.config.Draw == nil || i == 0 && !plan.Draws() {
			continue
		}
		if err := s.drawPage(ctx, j.grant.App, page, src); err != nil {
			return plan, fmt.Errorf("draw input %d: %w", i, err)
		}
		if drawn = true; i == 0 {
			plan.Page, plan.Density = 0, 0
		}
	}
	if !drawn {
		return plan, nil
	}
	return plan, s.afford(plan, sources)
}

// drawPage makes src a picture of itself.
func (s *Service) drawPage(ctx context.Context, app string, plan transform.Plan, src *source) error {
	leave, err := s.pages.Enter(ctx, app)
	if err != nil {
		return err
	}
	defer leave()
	if err := s.fill(ctx, src); err != nil {
		return err
	}
	out, err := s.shelf.Temp()
	if err != nil {
		return err
	}
	defer out.Close()
	made, err := s.config.Draw.Draw(ctx, app, plan, src.file, out)
	if err != nil {
		return err
	}
	picture, err := shelf.Reopen(out)
	if err != nil {
		return err
	}
	src.file.Close() // it was only read
	src.file, src.kind, src.size, src.width, src.height = picture, made.Type, made.Bytes, made.Width, made.Height
	return nil
}
