package transform

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

// TestCheckRanges holds every range at its two edges: what is accepted, and one
// step beyond it.
func TestCheckRanges(t *testing.T) {
	box := Box{0, 0, 1, 1}
	for name, tt := range map[string]struct {
		plan              func(v float64) Op
		low, high, beyond float64 // beyond is how far the next value out of range is
	}{
		"resize width":     {func(v float64) Op { return Resize{Width: int(v), Height: 1} }, 0, MaxSide, 1},
		"resize height":    {func(v float64) Op { return Resize{Width: 1, Height: int(v)} }, 0, MaxSide, 1},
		"resize one side":  {func(v float64) Op { return Resize{Width: int(v)} }, 1, MaxSide, 1},
		"align x":          {func(v float64) Op { return Resize{Width: 1, Align: Position{X: int(v)}} }, -1, 1, 1},
		"align y":          {func(v float64) Op { return Resize{Width: 1, Align: Position{Y: int(v)}} }, -1, 1, 1},
		"crop x":           {func(v float64) Op { return Crop{Box{int(v), 0, 1, 1}} }, 0, maxOffset, 1},
		"crop y":           {func(v float64) Op { return Crop{Box{0, int(v), 1, 1}} }, 0, maxOffset, 1},
		"crop width":       {func(v float64) Op { return Crop{Box{0, 0, int(v), 1}} }, 1, maxOffset, 1},
		"crop height":      {func(v float64) Op { return Crop{Box{0, 0, 1, int(v)}} }, 1, maxOffset, 1},
		"degrees":          {func(v float64) Op { return Rotate{Degrees: int(v)} }, 0, 359, 1},
		"smart crop":       {func(v float64) Op { return SmartCrop{Width: int(v)} }, 1, MaxSide, 1},
		"noise":            {func(v float64) Op { return Upscale{Noise: int(v)} }, 0, 3, 1},
		"smallest face":    {func(v float64) Op { return MarkFaces{Sizes: FaceSizes{Min: v}} }, 0, 10_000, 0.5},
		"largest face":     {func(v float64) Op { return MarkFaces{Sizes: FaceSizes{Max: v}} }, 0, 10_000, 0.5},
		"face width":       {func(v float64) Op { return CropFaces{Width: int(v)} }, 0, MaxSide, 1},
		"face height":      {func(v float64) Op { return CropFaces{Height: int(v)} }, 0, MaxSide, 1},
		"face buffer":      {func(v float64) Op { return CropFaces{Buffer: int(v)} }, 0, 10_000, 1},
		"face number":      {func(v float64) Op { return CropFaces{Which: []int{int(v)}} }, 1, MaxFaces, 1},
		"blocks":           {func(v float64) Op { return Obscure{Amount: v} }, 2, 100, 0.5},
		"blur of a part":   {func(v float64) Op { return Obscure{Blur: true, Amount: v} }, 0, 20, 0.5},
		"soft edge":        {func(v float64) Op { return Obscure{Blur: true, Soft: v} }, 0, 20, 0.5},
		"buffer":           {func(v float64) Op { return Obscure{Blur: true, Buffer: int(v)} }, 0, 10_000, 1},
		"boxes":            {func(v float64) Op { return Obscure{Blur: true, Boxes: repeat(box, int(v))} }, 0, MaxBoxes, 1},
		"overlay size":     {func(v float64) Op { return Overlay{Input: 1, Size: int(v)} }, 1, 500, 1},
		"overlay input":    {func(v float64) Op { return Overlay{Input: int(v), Size: 1} }, 1, MaxInputs - 1, 1},
		"overlay x":        {func(v float64) Op { return Overlay{Input: 1, Size: 1, Position: Position{X: int(v)}} }, -1, 1, 1},
		"collage input":    {func(v float64) Op { return Collage{Inputs: []int{int(v)}, Width: 1, Height: 1} }, 1, MaxInputs - 1, 1},
		"collage inputs":   {func(v float64) Op { return Collage{Inputs: repeat(1, int(v)), Width: 1, Height: 1} }, 1, MaxInputs - 1, 1},
		"collage width":    {func(v float64) Op { return Collage{Inputs: []int{1}, Width: int(v), Height: 1} }, 1, MaxSide, 1},
		"collage height":   {func(v float64) Op { return Collage{Inputs: []int{1}, Width: 1, Height: int(v)} }, 1, MaxSide, 1},
		"margin":           {func(v float64) Op { return Collage{Inputs: []int{1}, Width: 1, Height: 1, Margin: int(v)} }, 0, 100, 1},
		"frames":           {func(v float64) Op { return Animate{Inputs: int(v)} }, 1, MaxInputs, 1},
		"delay":            {func(v float64) Op { return Animate{Inputs: 1, Delay: int(v)} }, 0, 10_000, 1},
		"loop":             {func(v float64) Op { return Animate{Inputs: 1, Loop: int(v)} }, 0, 1_000, 1},
		"animation width":  {func(v float64) Op { return Animate{Inputs: 1, Width: int(v)} }, Largest, 1_800, 1},
		"animation height": {func(v float64) Op { return Animate{Inputs: 1, Height: int(v)} }, Largest, 1_800, 1},
		"animation align":  {func(v float64) Op { return Animate{Inputs: 1, Align: Position{Y: int(v)}} }, -1, 1, 1},
		"radius":           {func(v float64) Op { return RoundCorners{Radius: int(v)} }, 0, MaxSide, 1},
		"corner softness":  {func(v float64) Op { return RoundCorners{Soft: v} }, 0, 20, 0.5},
		"vignette":         {func(v float64) Op { return Vignette{Amount: int(v)} }, 0, 100, 1},
		"polaroid":         {func(v float64) Op { return Polaroid{Degrees: int(v)} }, 0, 359, 1},
		"least torn":       {func(v float64) Op { return TornEdges{Min: int(v), Max: MaxSide} }, 1, MaxSide, 1},
		"most torn":        {func(v float64) Op { return TornEdges{Min: 5, Max: int(v)} }, 5, MaxSide, 1},
		"shadow blur":      {func(v float64) Op { return Shadow{Blur: v} }, 0, 20, 0.5},
		"opacity":          {func(v float64) Op { return Shadow{Opacity: int(v)} }, 0, 100, 1},
		"shadow x":         {func(v float64) Op { return Shadow{X: int(v)} }, -1_000, 1_000, 1},
		"shadow y":         {func(v float64) Op { return Shadow{Y: int(v)} }, -1_000, 1_000, 1},
		"border":           {func(v float64) Op { return Border{Width: int(v)} }, 1, 1_000, 1},
		"sharpen":          {func(v float64) Op { return Sharpen{v} }, 0, 20, 0.5},
		"blur":             {func(v float64) Op { return Blur{v} }, 0, 20, 0.5},
		"threshold":        {func(v float64) Op { return Threshold{int(v)} }, 0, 100, 1},
		"sepia":            {func(v float64) Op { return Sepia{int(v)} }, 0, 100, 1},
		"pixelate":         {func(v float64) Op { return Pixelate{int(v)} }, 2, 100, 1},
		"oil paint":        {func(v float64) Op { return OilPaint{int(v)} }, 1, 10, 1},
		"brightness":       {func(v float64) Op { return Modulate{Brightness: int(v)} }, 0, 10_000, 1},
		"saturation":       {func(v float64) Op { return Modulate{Saturation: int(v)} }, 0, 10_000, 1},
		"hue":              {func(v float64) Op { return Modulate{Hue: int(v)} }, 0, 359, 1},
	} {
		for _, v := range []float64{tt.low, tt.high} {
			if err := one(tt.plan(v)).Check(); err != nil {
				t.Errorf("%s of %v: %v", name, v, err)
			}
		}
		out := []float64{tt.high + tt.beyond}
		if name != "boxes" { // of which there cannot be fewer than none
			out = append(out, tt.low-tt.beyond)
		}
		if tt.beyond < 1 {
			out = append(out, math.NaN())
		}
		for _, v := range out {
			var refusal *Refusal
			if err := one(tt.plan(v)).Check(); !errors.As(err, &refusal) {
				t.Errorf("%s of %v: Check = %v, want a refusal", name, v, err)
			}
		}
	}
}

func repeat[T any](v T, n int) (list []T) {
	for range n {
		list = append(list, v)
	}
	return list
}

func TestCheckRefuses(t *testing.T) {
	letters := &Letters{Size: 10}
	for name, p := range map[string]Plan{
		"no op":                        {Ops: []Op{nil}},
		"pointer to an op":             one(&Flip{}),
		"nothing to resize to":         one(Resize{}),
		"animate as the second":        one(Flip{}, Animate{Inputs: 1}),
		"faces out of order":           one(CropFaces{Which: []int{2, 1}}),
		"a face twice":                 one(CropFaces{Which: []int{1, 1}}),
		"boxes and faces":              one(Obscure{Blur: true, Boxes: []Box{{0, 0, 1, 1}}, Which: []int{1}}),
		"an empty box":                 one(Obscure{Blur: true, Boxes: []Box{{}}}),
		"more torn than least":         one(TornEdges{Min: 2, Max: 1}),
		"negative zero":                one(Blur{math.Copysign(0, -1)}),
		"infinite":                     one(Blur{math.Inf(1)}),
		"F7: an unknown fit":           one(Resize{Width: 1, Fit: "--help"}),
		"F7: an unknown kernel":        one(Resize{Width: 1, Kernel: "lanczos3"}),
		"F7: an unknown mode":          one(CropFaces{Mode: "[strip]"}),
		"F7: an unknown preset":        one(Enhance{Preset: "auto;ls"}),
		"F7: an unknown answer":        {Answer: "exif"},
		"F7: an unknown format":        {Output: Output{Format: "jpeg[Q=1]"}},
		"F7: an unknown space":         {Output: Output{Space: "/etc/passwd"}},
		"animation that is not larger": one(Animate{Inputs: 1, Fit: Max}),
		"negative page":                {Page: -1},
		"page over the limit":          {Page: 100_000},
		"negative density":             {Density: -1},
		"density over the limit":       {Density: 500.5},
		"density that is no number":    {Density: math.NaN()},
		"quality over the limit":       {Output: Output{Quality: 101}},
		"quality below the input's":    {Output: Output{Quality: -2}},
		"metadata kept and dropped":    {Output: Output{Strip: true, Metadata: true}},
		"letters for an image":         {Output: Output{ASCII: letters}},
		"no letters for ASCII":         {Answer: ASCII},
		"letters too small":            {Answer: ASCII, Output: Output{ASCII: &Letters{Size: 9}}},
		"letters too large":            {Answer: ASCII, Output: Output{ASCII: &Letters{Size: 101}}},
		"letters with a format":        {Answer: ASCII, Output: Output{ASCII: letters, Format: JPEG}},
		"size with a format":           {Answer: Size, Output: Output{Format: JPEG}},
		"faces without marks":          {Answer: Faces, Ops: []Op{Flip{}}},
		"faces of nothing":             {Answer: Faces},
		"region that is not the last":  {Answer: Region, Ops: []Op{SmartCrop{Width: 1}, Flip{}}},
	} {
		var refusal *Refusal
		if err := p.Check(); !errors.As(err, &refusal) || fault.Of(err) != fault.Invalid {
			t.Errorf("%s: Check = %v, want invalid", name, err)
		}
	}
}

func TestCheckAccepts(t *testing.T) {
	for name, p := range map[string]Plan{
		"nothing":              {},
		"animate as the first": one(Animate{Inputs: 2}, Flip{}),
		"last page":            {Page: 99_999, Density: 500},
		"quality":              {Output: Output{Quality: 100}},
		"quality of the input": {Output: Output{Quality: InputQuality}},
		"letters":              {Answer: ASCII, Output: Output{ASCII: &Letters{Size: 100}}},
		"faces":                {Answer: Faces, Ops: []Op{MarkFaces{}}},
		"region":               {Answer: Region, Ops: []Op{SmartCrop{Width: 1}}},
		"size":                 {Answer: Size, Ops: []Op{Flip{}}},
		"to be negotiated":     {Output: Output{Format: Auto}},
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: Check = %v", name, err)
		}
	}
}

// TestRefusalText holds that a refusal says what is wrong, and is of a kind.
func TestRefusalText(t *testing.T) {
	err := fmt.Errorf("render: %w", one(Resize{Width: MaxSide + 1}).Check())
	if want := "render: resize: width 10001 is not in the range 0 to 10000"; err.Error() != want || !errors.Is(err, fault.Invalid) {
		t.Errorf("Check = %q of kind %v, want %q", err, fault.Of(err), want)
	}
}
