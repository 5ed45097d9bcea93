package transform

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform/length"
)

// TestRetouchRanges holds every range at its two edges: what is accepted, and
// one step beyond it.
func TestRetouchRanges(t *testing.T) {
	side := func(v int) Extract { return Extract{Width: Pixels(v), Height: Pixels(1)} }
	for name, tt := range map[string]struct {
		plan      func(v int) Op
		low, high int
	}{
		"pixels of a side":     {func(v int) Op { return side(v) }, 1, length.MaxPixels},
		"percent of a side":    {func(v int) Op { return Rect{Width: Percent(v), Height: Pixels(1)} }, 1, length.MaxPercent},
		"pixels of a place":    {func(v int) Op { o := side(1); o.At.X = Pixels(v); return o }, -length.MaxPixels, length.MaxPixels},
		"percent of a place":   {func(v int) Op { o := side(1); o.At.Y = Percent(v); return o }, -length.MaxPercent, length.MaxPercent},
		"ratio":                {func(v int) Op { return Extract{Ratio: Ratio{v, 1}} }, 1, MaxSide},
		"ratio down":           {func(v int) Op { return Extract{Ratio: Ratio{1, v}} }, 1, MaxSide},
		"place of a cover":     {func(v int) Op { return Resize{Width: 1, Height: 1, Fit: Cover, At: &Spot{Y: Pixels(v)}} }, -length.MaxPixels, length.MaxPixels},
		"reframe width":        {func(v int) Op { return Reframe{v, 1} }, 1, MaxSide},
		"reframe height":       {func(v int) Op { return Reframe{1, v} }, 1, MaxSide},
		"tolerance":            {func(v int) Op { return Trim{Tolerance: v} }, 0, 100},
		"padding":              {func(v int) Op { return Trim{Padding: Pixels(v)} }, 0, length.MaxPixels},
		"radius":               {func(v int) Op { return CutCorners{Across: [4]Length{3: Pixels(v)}} }, 0, length.MaxPixels},
		"radius down":          {func(v int) Op { return CutCorners{Down: &[4]Length{2: Percent(v)}} }, 0, length.MaxPercent},
		"zoom":                 {func(v int) Op { return Zoom{v} }, 1, 100},
		"brightness":           {func(v int) Op { return Adjust{Brightness: v} }, -100, 100},
		"exposure":             {func(v int) Op { return Adjust{Exposure: v} }, -500, 500},
		"gamma":                {func(v int) Op { return Adjust{Gamma: v} }, 0, 1_000},
		"contrast":             {func(v int) Op { return Adjust{Contrast: v} }, -100, 500},
		"saturation":           {func(v int) Op { return Adjust{Saturation: v} }, -100, 500},
		"vibrance":             {func(v int) Op { return Adjust{Vibrance: v} }, -100, 500},
		"warmth":               {func(v int) Op { return Adjust{Warmth: v} }, -100, 100},
		"look":                 {func(v int) Op { return Look{"gavin", v} }, -100, 200},
		"enhance":              {func(v int) Op { return Enhance{Amount: v} }, 0, 100},
		"strength":             {func(v int) Op { return Soften{v, 100} }, 0, 5_000},
		"amount":               {func(v int) Op { return Soften{10, v} }, -200, 100},
		"strength of a part":   {func(v int) Op { return BlurPart{Width: Pixels(1), Height: Pixels(1), Strength: v} }, 0, 5_000},
		"strength of faces":    {func(v int) Op { return BlurPart{Faces: true, Strength: v} }, 0, 5_000},
		"drawn input":          {func(v int) Op { return Draw{Input: v, Width: Pixels(1), Height: Pixels(1)} }, 0, MaxInputs - 1},
		"opacity":              {func(v int) Op { return Draw{Width: Pixels(1), Height: Pixels(1), Opacity: v} }, 0, 100},
		"letters":              {func(v int) Op { return writing(strings.Repeat("x", v), 1) }, 1, maxWriting},
		"letters of that size": {func(v int) Op { return writing(strings.Repeat("x", v), 100) }, 1, 100},
		"size of letters":      {func(v int) Op { return writing("x", v) }, 1, 1_000},
		"padding of a text":    {func(v int) Op { o := writing("x", 1); o.Padding = v; return o }, 0, 1_000},
	} {
		for _, v := range []int{tt.low, tt.high} {
			if err := one(tt.plan(v)).Check(); err != nil {
				t.Errorf("%s of %v: %v", name, v, err)
			}
		}
		for _, v := range []int{tt.low - 1, tt.high + 1} {
			if strings.HasPrefix(name, "letters") && v < 0 {
				continue
			}
			var refusal *Refusal
			if err := one(tt.plan(v)).Check(); !errors.As(err, &refusal) {
				t.Errorf("%s of %v: Check = %v, want a refusal", name, v, err)
			}
		}
	}
}

// writing returns a text of a size.
func writing(text string, size int) Text {
	return Text{Text: text, Size: size, Width: Pixels(1), Height: Pixels(1)}
}

func TestRetouchRefuses(t *testing.T) {
	cover := Resize{Width: 1, Height: 1, Fit: Cover}
	with := func(change func(*Resize)) Plan { r := cover; change(&r); return one(r) }
	output := func(o Output) Plan { return Plan{Output: o} }
	for name, p := range map[string]Plan{
		"no size to cut":           one(Extract{}),
		"half a size":              one(Extract{Width: Pixels(1)}),
		"size and ratio":           one(Extract{Width: Pixels(1), Height: Pixels(1), Ratio: Ratio{1, 1}}),
		"half a ratio":             one(Extract{Ratio: Ratio{Across: 1}}),
		"an unknown subject":       one(Extract{Around: "dog"}),
		"part of the image itself": one(Extract{Around: WholeImage}),
		"an unknown search":        with(func(r *Resize) { r.Keep = "dogs" }),
		"a search twice":           with(func(r *Resize) { r.Keep = "faces faces" }),
		"a search of nothing":      with(func(r *Resize) { r.Keep = " " }),
		"search and faces":         with(func(r *Resize) { r.Keep, r.Faces = "faces", true }),
		"search without a cover":   one(Resize{Width: 1, Keep: "faces"}),
		"place without a cover":    one(Resize{Width: 1, At: new(Spot)}),
		"place twice":              with(func(r *Resize) { r.At, r.Align = new(Spot), Position{X: 1} }),
		"an unknown small":         with(func(r *Resize) { r.Small = "on" }),
		"fill without padding":     with(func(r *Resize) { r.Fill = &White }),
		"max that leaves":          one(Resize{Width: 1, Fit: Max, Small: Leave}),
		"F7: an unknown look":      one(Look{"../etc/passwd", 100}),
		"box and faces":            one(BlurPart{Faces: true, Width: Pixels(1), Height: Pixels(1)}),
		"neither box nor faces":    one(BlurPart{Strength: 1}),
		"F7: an unknown family":    one(Text{Text: "x", Size: 1, Width: Pixels(1), Height: Pixels(1), Family: "sans, /etc/passwd 20"}),
		"an unknown back":          one(Text{Text: "x", Size: 1, Width: Pixels(1), Height: Pixels(1), Back: "all"}),
		"text with a zero":         one(writing("x\x00", 1)),
		"text with a tab":          one(writing("x\ty", 1)),
		"text that is not UTF-8":   one(writing("\xff", 1)),
		"level and quality":        output(Output{Level: Best, Quality: 1}),
		"an unknown level":         output(Output{Level: "ultra"}),
		"private without metadata": output(Output{Private: true}),
		"JPEG in place of AVIF":    output(Output{Format: AVIF, Large: JPEG}),
		"WebP in place of JPEG":    output(Output{Format: JPEG, Large: WebP}),
		"side over the limit":      output(Output{MaxSide: MaxSide + 1}),
		"questions about an image": output(Output{Info: new(Inquiry)}),
		"info with a format":       {Answer: Info, Output: Output{Format: JPEG}},
		"too many colours":         {Answer: Info, Output: Output{Info: &Inquiry{Colors: MaxColors + 1}}},
		"fewer than no colours":    {Answer: Info, Output: Output{Info: &Inquiry{Colors: -1}}},
		"size with questions":      {Answer: Size, Output: Output{Info: new(Inquiry)}},
	} {
		var refusal *Refusal
		if err := p.Check(); !errors.As(err, &refusal) || fault.Of(err) != fault.Invalid {
			t.Errorf("%s: Check = %v, want invalid", name, err)
		}
	}
	for name, p := range map[string]Plan{
		"a face":            one(Extract{Around: Face}),
		"every search":      with(func(r *Resize) { r.Keep, r.At = "points objects faces", new(Spot) }),
		"info":              {Answer: Info},
		"info with colours": {Answer: Info, Output: Output{Info: &Inquiry{Hash: true, Colors: MaxColors, Faces: true}}},
		"WebP or AVIF":      output(Output{Format: AVIF, Large: WebP, Level: Lightest, MaxSide: MaxSide, Vector: true}),
		"without who":       output(Output{Metadata: true, Private: true}),
		"two lines":         one(writing("x\ny", 1)),
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: Check = %v", name, err)
		}
	}
	if n := one(Draw{Input: 3, Width: Pixels(1), Height: Pixels(1)}).Inputs(); n != 4 {
		t.Errorf("drawing input 3 needs %d inputs", n)
	}
	if looks := Looks(); !slices.IsSorted(looks) || len(slices.Compact(looks)) != 40 {
		t.Errorf("looks = %v", looks)
	}
}

// What plans said before is said as it was, and lengths are short.
func TestCanonicalLengths(t *testing.T) {
	for _, tt := range []struct {
		plan Plan
		want string
	}{
		{one(Extract{Width: Percent(50), Height: Pixels(20), At: Spot{X: Pixels(-3)}}), `{"ops":[{"op":"extract","width":"50%","height":"20","at":{"x":"-3"}}]}`},
		{one(Extract{Around: Face, At: Middle}), `{"ops":[{"op":"extract","around":"face","at":{"x":"50%","y":"50%"}}]}`},
		{one(CutCorners{Across: [4]Length{Percent(50)}}), `{"ops":[{"op":"cut_corners","across":["50%","0","0","0"]}]}`},
		{one(Enhance{}), `{"ops":[{"op":"enhance"}]}`},
		{one(Resize{Width: 1, Small: Pad, Fill: &White}), `{"ops":[{"op":"resize","width":1,"small":"pad","fill":"ffffffff"}]}`},
		{Plan{Answer: Info, Output: Output{Info: &Inquiry{Colors: 4}}}, `{"answer":"info","output":{"info":{"colors":4}}}`},
	} {
		if got := tt.plan.Canonical(); got != tt.want {
			t.Errorf("Canonical of %+v = %s, want %s", tt.plan, got, tt.want)
		}
	}
	for _, text := range []string{`"050%"`, `"+5"`, `"5 %"`, `"%"`, `""`, `"-0"`, `"5%%"`, `5`, `"5.5"`} {
		plan := `{"ops":[{"op":"extract","width":` + text + `,"height":"1"}]}`
		if p, err := Parse(plan); fault.Of(err) != fault.Invalid {
			t.Errorf("Parse(%s) = %+v, %v", plan, p, err)
		}
	}
}
