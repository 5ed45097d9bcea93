package imaging

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/imaging/vips"
	"github.com/stowgate/stowgate/internal/transform"
)

// Prepare makes this process ready for Run: it opens libvips in the file lib,
// or wherever it is found if that is "", lets it use the loaders of our list and
// no other, and runs a tiny job of each format, so that whatever is opened late
// is open when the process is confined. It returns what came of those jobs.
//
// The error wraps fault.Unsupported if there is no library, or one that cannot
// read and write JPEG and PNG.
func Prepare(lib string) ([]Ability, error) {
	if err := vips.Open(lib); err != nil {
		return nil, err
	}
	for _, d := range decoders {
		if d.class != "" {
			vips.Allow(d.class)
		}
	}
	all := Abilities()
	for _, a := range all {
		if a.Err != nil && isOneOf(a.Type, "image/jpeg", "image/png") {
			return nil, a.Err
		}
	}
	return all, nil
}

// Library returns the file and version of the library that Prepare opened.
func Library() (path, version string) { return vips.Path(), vips.Version() }

// An Ability is a type of image, and whether it can be processed here.
type Ability struct {
	Type   string // media type
	Writes bool   // it is a type that results can have; otherwise one that is only read
	Err    error  // why that does not work; nil if it does
}

// probe is a HEIC image of 16 by 16 pixels. It was made for this.
//
//go:embed probe.heic
var probe []byte

// Abilities tries out each type of image. Prepare must have been called.
func Abilities() []Ability {
	var all []Ability
	var dots bytes.Buffer
	if err := png.Encode(&dots, image.NewNRGBA(image.Rect(0, 0, 16, 16))); err != nil {
		panic(err) // it is written to memory
	}
	for _, format := range slices.Sorted(maps.Keys(encoders)) {
		if format == transform.SVG {
			continue
		}
		all = append(all, Ability{encoders[format].mediaType, true, try(dots.Bytes(), "image/png", format, transform.SRGB)})
	}
	all = append(all,
		Ability{"image/svg+xml", false, try(drawing, "image/svg+xml", transform.SVG, transform.CMYK)},
		Ability{"image/heic", false, try(probe, "image/heic", transform.JPEG, transform.SRGB)})
	return all
}

// drawing has something of all that makes a renderer open its parts.
var drawing = []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="9" height="9" fill="#c33" opacity="0.5"/>` +
	`<text x="1" y="12" font-size="9">a</text></svg>`)

// try turns an image into another format, and that into a JPEG in space.
func try(data []byte, mediaType string, format transform.Format, space transform.ColorSpace) error {
	first, err := scratch(data)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := scratch(nil)
	if err != nil {
		return err
	}
	defer second.Close()
	third, err := scratch(nil)
	if err != nil {
		return err
	}
	defer third.Close()
	there := transform.Plan{Output: transform.Output{Format: format}, Ops: []transform.Op{
		transform.Resize{Width: 8, Height: 8}, transform.Rotate{Degrees: 45}, transform.Blur{Sigma: 1}}}
	result, err := Run(context.Background(), Request{Plan: there, Inputs: []Input{{mediaType, first}}}, second)
	if err != nil {
		return fmt.Errorf("%s to %s: %w", mediaType, format, err)
	}
	back := transform.Plan{Output: transform.Output{Format: transform.JPEG, Space: space}}
	if _, err := Run(context.Background(), Request{Plan: back, Inputs: []Input{{result.Type, second}}}, third); err != nil {
		return fmt.Errorf("%s to JPEG: %w", format, err)
	}
	return nil
}

// scratch returns a file in memory that holds data.
func scratch(data []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("image", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	file := os.NewFile(uintptr(fd), "memory")
	if _, err := file.WriteAt(data, 0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
