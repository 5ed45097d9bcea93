package document

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
	"github.com/stowgate/stowgate/internal/transform/cost"
)

// memoryPages is how much memory the library may have for one document, in
// pages of 64 KiB: 640 MiB, which is a picture of 100 megapixels and 240 MiB.
const memoryPages = 10 << 10

// white is a colour of the library: opacity, red, green, blue.
const white = 0xffffffff

// A library draws pages. Each document gets an instance of its own, with fresh
// memory: nothing is left of the one before, whatever that did.
type library struct{ instances pdfium.Pool }

// Library returns the name and version of what draws, which is built in.
func Library() string {
	name := "PDFium, as WebAssembly"
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, m := range build.Deps {
			if m.Path == "github.com/klippa-app/go-pdfium" {
				name += ", of go-pdfium " + m.Version
			}
		}
	}
	return name
}

// openLibrary translates the library to machine code.
func openLibrary() (library, error) {
	instances, err := webassembly.Init(webassembly.Config{
		MaxTotal: 1, RuntimeConfig: wazero.NewRuntimeConfigCompiler().WithMemoryLimitPages(memoryPages),
		FSConfig: wazero.NewFSConfig(), // no files
		Stdout:   os.Stderr,
	})
	if err != nil {
		return library{}, fmt.Errorf("open PDFium: %w: %w", fault.Unsupported, err)
	}
	return library{instances}, nil
}

// draw does the work of Engine.Draw.
func (lib library) draw(plan transform.Plan, l cost.Limits, in, out *os.File) (Picture, error) {
	pdf, err := lib.instances.GetInstance(time.Minute)
	if err != nil {
		return Picture{}, fmt.Errorf("instance of PDFium: %w", err)
	}
	defer pdf.Close() // with all that it opened
	size, err := in.Seek(0, io.SeekEnd)
	if err != nil {
		return Picture{}, err
	}
	if size == 0 {
		return Picture{}, fmt.Errorf("empty document: %w", fault.Invalid)
	}
	opened, err := pdf.OpenDocument(&requests.OpenDocument{FileReader: io.NewSectionReader(in, 0, size), FileReaderSize: size})
	if err != nil {
		return Picture{}, classify("open document", err)
	}
	page, width, height, err := turnTo(pdf, opened.Document, plan, l)
	if err != nil {
		return Picture{}, err
	}
	im, err := paint(pdf, page, width, height)
	if err != nil {
		return Picture{}, err
	}
	n, err := encode(out, im)
	return Picture{Width: width, Height: height, Bytes: n}, err
}

// turnTo opens the page that plan begins with, and returns how large it is drawn.
func turnTo(pdf pdfium.Pdfium, document references.FPDF_DOCUMENT, plan transform.Plan, l cost.Limits) (page requests.Page, width, height int, err error) {
	count, err := pdf.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: document})
	if err != nil {
		return page, 0, 0, classify("count pages", err)
	}
	if count.PageCount < 1 {
		return page, 0, 0, fmt.Errorf("document without pages: %w", fault.Invalid)
	}
	index := min(max(plan.Page, 1), count.PageCount) - 1 // one beyond the last is refused below
	loaded, err := pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: document, Index: index})
	if err != nil {
		return page, 0, 0, classify("open page", err)
	}
	page.ByReference = &loaded.Page
	w, err := pdf.FPDF_GetPageWidthF(&requests.FPDF_GetPageWidthF{Page: page})
	if err != nil {
		return page, 0, 0, classify("measure page", err)
	}
	h, err := pdf.FPDF_GetPageHeightF(&requests.FPDF_GetPageHeightF{Page: page})
	if err != nil {
		return page, 0, 0, classify("measure page", err)
	}
	width, height, err = cost.DrawPage(plan, l, count.PageCount, float64(w.PageWidth), float64(h.PageHeight))
	return page, width, height, err
}

// paint draws a page with its annotations. The picture is in the memory of pdf.
func paint(pdf pdfium.Pdfium, page requests.Page, width, height int) (*image.RGBA, error) {
	made, err := pdf.FPDFBitmap_Create(&requests.FPDFBitmap_Create{Width: width, Height: height})
	if err != nil {
		return nil, classify("make picture", err)
	}
	_, err = pdf.FPDFBitmap_FillRect(&requests.FPDFBitmap_FillRect{Bitmap: made.Bitmap, Width: width, Height: height, Color: white})
	if err != nil {
		return nil, classify("make picture", err)
	}
	_, err = pdf.FPDF_RenderPageBitmap(&requests.FPDF_RenderPageBitmap{Bitmap: made.Bitmap, Page: page, SizeX: width, SizeY: height,
		Flags: enums.FPDF_RENDER_FLAG_ANNOT | enums.FPDF_RENDER_FLAG_REVERSE_BYTE_ORDER})
	if err != nil {
		return nil, classify("draw", err)
	}
	pixels, err := pdf.FPDFBitmap_GetBuffer(&requests.FPDFBitmap_GetBuffer{Bitmap: made.Bitmap})
	if err != nil {
		return nil, classify("look at picture", err)
	}
	if len(pixels.Buffer) != 4*width*height {
		return nil, fmt.Errorf("no memory for %d × %d pixels: %w", width, height, fault.TooLarge)
	}
	for i := 3; i < len(pixels.Buffer); i += 4 {
		pixels.Buffer[i] = 255 // it means nothing to the library
	}
	return &image.RGBA{Pix: pixels.Buffer, Stride: 4 * width, Rect: image.Rect(0, 0, width, height)}, nil
}

// encode writes a picture that is read once, and soon.
func encode(out *os.File, im image.Image) (int64, error) {
	w := bufio.NewWriterSize(out, 1<<20)
	encoder := png.Encoder{CompressionLevel: png.NoCompression}
	if err := encoder.Encode(w, im); err != nil {
		return 0, fmt.Errorf("write picture: %w", err)
	}
	if err := w.Flush(); err != nil {
		return 0, fmt.Errorf("write picture: %w", err)
	}
	return out.Seek(0, io.SeekCurrent)
}

// complaints are the errors of the library about a document. All others are
// that it could not go on.
var complaints = []error{pdferrors.ErrUnknown, pdferrors.ErrFile, pdferrors.ErrFormat, pdferrors.ErrPage, pdferrors.ErrSuccess, pdferrors.ErrUnexpected}

// classify gives an error of the library its kind.
func classify(act string, err error) error {
	switch {
	case errors.Is(err, pdferrors.ErrPassword):
		return &transform.Refusal{Why: "the document needs a password", Kind: fault.Invalid}
	case errors.Is(err, pdferrors.ErrSecurity):
		return fmt.Errorf("%s: %w: %w", act, fault.Unsupported, err)
	case slices.ContainsFunc(complaints, func(known error) bool { return errors.Is(err, known) }):
		return fmt.Errorf("%s: %w: %w", act, fault.Invalid, err)
	}
	return fmt.Errorf("%s: the library cannot go on: %w: %w", act, fault.Unsupported, err)
}
