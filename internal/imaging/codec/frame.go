package codec

import (
	"encoding/base64"
	"fmt"
	"io"
)

// A Frame is what is seen of a drawing: Width by Height pixels of an area in
// which the drawing is scaled by Across and Down, and begins at X and Y.
type Frame struct {
	Width, Height int
	Across, Down  float64
	X, Y          float64
}

// Scale makes what is seen larger or smaller. The size of the frame stays.
func (f *Frame) Scale(across, down float64) {
	f.Across, f.Down = f.Across*across, f.Down*down
	f.X, f.Y = f.X*across, f.Y*down
}

// Cut leaves a part, which may reach beyond the frame.
func (f *Frame) Cut(x, y, width, height int) {
	f.X, f.Y = f.X-float64(x), f.Y-float64(y)
	f.Width, f.Height = width, height
}

// FrameDrawing writes a drawing that shows another one, of width by height
// pixels, in a frame. The other is a picture in it: no script in there runs.
func FrameDrawing(w io.Writer, drawing io.Reader, width, height int, f Frame) error {
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`+
		`<svg x="%[3]g" y="%[4]g" width="%[5]g" height="%[6]g" viewBox="0 0 %[7]d %[8]d" preserveAspectRatio="none">`+
		`<image width="%[7]d" height="%[8]d" preserveAspectRatio="none" href="data:image/svg+xml;base64,`,
		f.Width, f.Height, f.X, f.Y, f.Across*float64(width), f.Down*float64(height), width, height)
	if err != nil {
		return err
	}
	encoder := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.Copy(encoder, drawing); err != nil {
		return err
	}
	if err := encoder.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `"/></svg></svg>`)
	return err
}
