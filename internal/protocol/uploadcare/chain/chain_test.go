package chain

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/transform"
)

// read reads operations as they are written.
func read(text string) (Chain, error) {
	ops, err := Parse(text)
	if err != nil {
		return Chain{}, err
	}
	return Read(ops)
}

func TestAcceptedForms(t *testing.T) {
	for _, form := range lines(t, "accepted.txt") {
		text := form + "/-/preview/"
		if ends(form) {
			text = "preview/-/" + form
		}
		c, err := read(text)
		if err != nil {
			t.Errorf("Read(%q) error = %v", text, err)
			continue
		}
		if c.Plain {
			t.Errorf("Read(%q) asks for nothing", text)
		}
		if got := c.Plan.Inputs(); got != 1+len(c.Files) {
			t.Errorf("Read(%q) needs %d inputs and names %d files", text, got, len(c.Files))
		}
	}
}

func ends(form string) bool {
	name, _, _ := strings.Cut(form, "/")
	return forms[name].ends
}

func TestRefusedForms(t *testing.T) {
	own := []string{
		"nonsense", "preview/800", "preview/0x0", "preview/x", "preview/1x1/center", "resize", "resize/x", "resize/320", "resize/-1x2", "resize/+1x2",
		"resize/1x2x3", "resize/50px50p", "smart_resize/320x", "scale_crop", "scale_crop/10x", "scale_crop/10x10/center/smart",
		"scale_crop/10x10/smart/center/center", "crop", "crop/center", "crop/4x4/center/center", "crop/4x4/diagonal", "crop/face/10x10",
		"crop/face/10px10", "crop/head", "crop/1:0", "crop/4:3:2", "trim/101", "trim/1/x", "border_radius", "border_radius/1,", "border_radius/-1",
		"border_radius/1/2/3", "setfill", "setfill/9f", "setfill/99ff9", "autorotate", "autorotate/maybe", "rotate", "rotate/91", "rotate/3690", "flip/1",
		"mirror/x", "brightness", "brightness/1.5", "brightness/", "gamma/1001", "warmth/-101", "filter", "filter/Iothari", "blur/x", "blur/1/2/3", "blur/-1",
		"blur_region", "blur_region/1x1", "blur_region/1x1/center/5001", "blur_region/faces/1/2", "blur_region/faces/5001", "sharp/-1",
		"overlay", "overlay/other", "overlay/self/10x10/center/40", "overlay/self/10x10/center/101p", "overlay/self/center/10x10", "overlay/self/40p/center",
		"rect/9f9", "rect/9f9/1", "rect/x/1x1", "text/1x1/center", "text/1/center/a", "text/1x1/a/b", "font", "font/heavy", "font/0", "font/1001",
		"text_align", "text_align/top", "text_align/left/left", "text_box", "text_box/round", "text_box/fit/red", "text_box/fit/fff/1001",
		"format", "format/jpg", "format/JPEG", "quality", "progressive", "progressive/1", "strip_meta/some", "srgb", "srgb/slow", "max_icc_size/-1",
		"inline", "inline/1", "rasterize/1", "json/1", "main_colors/0", "main_colors/257", "effect",
		"json/-/preview", "jsonp/-/json", "main_colors/-/format/jpeg",
	}
	for _, form := range slices.Concat(lines(t, "refused.txt"), own) {
		_, err := read(form)
		var refusal *transform.Refusal
		if !errors.As(err, &refusal) || !errors.Is(err, fault.Invalid) {
			t.Errorf("Read(%q) error = %v, want a refusal", form, err)
			continue
		}
		if name, _, _ := strings.Cut(form, "/"); !strings.Contains(refusal.Why, name) {
			t.Errorf("Read(%q) is refused without naming it: %s", form, refusal.Why)
		}
	}
}

func TestSentences(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"brightness/101", `"brightness/101" is not possible: brightness takes a whole number from -100 to 100`},
		{"effect/none", `"none" is not known: no operation is called "none"`},
		{"flip/x", `"flip/x" is not possible: flip takes no parameter`},
		{"nonsense/1", `"nonsense/1" is not known: no operation is called "nonsense"`},
		{"json/-/preview", "json must be the last operation"},
		{"preview/3001x10", `"3001x10" is too large: a result has at most 3000 pixels on a side, and 5000 if format/jpeg is in the chain`},
		{"filter/" + strings.Repeat("x", 200), `"filter/` + strings.Repeat("x", 73) + `…" is not possible: filter takes the name of a filter, then perhaps a whole number from -100 to 200`},
	} {
		if _, err := read(tt.text); err == nil || err.Error() != tt.want {
			t.Errorf("Read(%q) error = %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestSizeLimits(t *testing.T) {
	for _, tt := range []struct {
		text string
		ok   bool
	}{
		{"resize/3000x3000", true}, {"resize/3001x", false}, {"resize/x3001", false},
		{"format/jpeg/-/resize/5000x", true}, {"resize/x5000/-/format/jpeg", true}, {"resize/5001x/-/format/jpeg", false},
		{"preview/5000x5000/-/format/png", false}, {"scale_crop/3001x1", false}, {"smart_resize/1x3001", false},
	} {
		c, err := read(tt.text)
		if (err == nil) != tt.ok {
			t.Errorf("Read(%q) error = %v, want ok = %t", tt.text, err, tt.ok)
		}
		want := MaxSide
		if strings.Contains(tt.text, "format/jpeg") {
			want = MaxSideJPEG
		}
		if err == nil && c.Plan.Output.MaxSide != want {
			t.Errorf("Read(%q) limits the result to %d pixels, want %d", tt.text, c.Plan.Output.MaxSide, want)
		}
	}
}

// ops returns the canonical text of what is done to the image.
func ops(t *testing.T, text string) string {
	t.Helper()
	c, err := read(text)
	if err != nil {
		t.Errorf("Read(%q) error = %v", text, err)
		return ""
	}
	p := transform.Plan{Ops: c.Plan.Ops}
	return strings.TrimSuffix(strings.TrimPrefix(p.Canonical(), `{"ops":[{"op":"orient"}`), "]}")
}

func TestOps(t *testing.T) {
	const preview = `,{"op":"resize","width":2048,"height":2048,"fit":"max"}`
	for _, tt := range []struct{ text, want string }{
		{"preview", preview},
		{"preview/10x20", `,{"op":"resize","width":10,"height":20,"fit":"max"}`},
		{"resize/10x20", `,{"op":"resize","width":10,"height":20,"fit":"scale"}`},
		{"resize/x20", `,{"op":"resize","height":20,"fit":"scale"}`},
		{"stretch/off/-/resize/10x", `,{"op":"resize","width":10,"fit":"scale","small":"leave"}`},
		{"setfill/123456/-/stretch/fill/-/resize/10x/-/resize/9x", `,{"op":"resize","width":10,"fit":"scale","small":"pad","fill":"123456ff"},{"op":"resize","width":9,"fit":"scale"}`},
		{"stretch/fill/-/resize/10x/-/setfill/123", `,{"op":"resize","width":10,"fit":"scale","small":"pad","fill":"112233ff"}`},
		{"stretch/fill/-/resize/10x", `,{"op":"resize","width":10,"fit":"scale","small":"pad","fill":"ffffffff"}`},
		{"stretch/off/-/stretch/on/-/resize/10x", `,{"op":"resize","width":10,"fit":"scale"}`},
		{"smart_resize/10x20", `,{"op":"reframe","width":10,"height":20}`},
		{"scale_crop/10x20", `,{"op":"resize","width":10,"height":20,"fit":"cover","at":{}}`},
		{"scale_crop/10x20/center", `,{"op":"resize","width":10,"height":20,"fit":"cover","at":{"x":"50%","y":"50%"}}`},
		{"scale_crop/10x20/smart", `,{"op":"resize","width":10,"height":20,"fit":"cover","at":{"x":"50%","y":"50%"},"keep":"faces objects points"}`},
		{"scale_crop/10x20/smart_objects_faces/30p,-5", `,{"op":"resize","width":10,"height":20,"fit":"cover","at":{"x":"30%","y":"-5"},"keep":"objects faces"}`},
		{"crop/10x20p/-/preview", `,{"op":"extract","width":"10","height":"20%","fill":"ffffffff"}` + preview},
		{"crop/10x20/right/-/preview", `,{"op":"extract","width":"10","height":"20","at":{"x":"100%","y":"50%"},"fill":"ffffffff"}` + preview},
		{"crop/4:3/-/preview", `,{"op":"extract","ratio":{"across":4,"down":3},"at":{"x":"50%","y":"50%"},"fill":"ffffffff"}` + preview},
		{"crop/4:3/top/-/preview", `,{"op":"extract","ratio":{"across":4,"down":3},"at":{"x":"50%"},"fill":"ffffffff"}` + preview},
		{"crop/face/-/preview", `,{"op":"extract","around":"face","at":{"x":"50%","y":"50%"},"fill":"ffffffff"}` + preview},
		{"crop/face/left/-/preview", `,{"op":"extract","around":"face","at":{"y":"50%"},"fill":"ffffffff"}` + preview},
		{"crop/image/150px120p/bottom/-/preview", `,{"op":"extract","width":"150%","height":"120%","around":"object","at":{"x":"50%","y":"100%"},"fill":"ffffffff"}` + preview},
		{"trim/-/preview", `,{"op":"trim","tolerance":10}` + preview},
		{"trim/0/5p/-/preview", `,{"op":"trim","padding":"5%"}` + preview},
		{"border_radius/1,2/-/preview", `,{"op":"cut_corners","across":["1","2","1","2"]}` + preview},
		{"border_radius/1,2,3p/4/-/preview", `,{"op":"cut_corners","across":["1","2","3%","2"],"down":["4","4","4","4"]}` + preview},
		{"zoom_objects/42/-/preview", `,{"op":"zoom","percent":42}` + preview},
		{"rotate/90/-/preview", `,{"op":"rotate","degrees":270}` + preview},
		{"rotate/-90/-/preview", `,{"op":"rotate","degrees":90}` + preview},
		{"rotate/360/-/preview", preview},
		{"flip/-/mirror/-/preview", `,{"op":"flip"},{"op":"flop"}` + preview},
		{"effect/flip/-/preview", `,{"op":"flip"}` + preview},
		{"brightness/5/-/exposure/0/-/gamma/100/-/preview", `,{"op":"adjust","brightness":5}` + preview},
		{"gamma/0/-/preview", `,{"op":"adjust","gamma":1}` + preview},
		{"exposure/-500/-/preview", `,{"op":"adjust","exposure":-500}` + preview},
		{"contrast/1/-/saturation/2/-/vibrance/3/-/warmth/4/-/preview", `,{"op":"adjust","contrast":1},{"op":"adjust","saturation":2},{"op":"adjust","vibrance":3},{"op":"adjust","warmth":4}` + preview},
		{"enhance/-/preview", `,{"op":"enhance","amount":50}` + preview},
		{"enhance/0/-/filter/lavra/0/-/blur/0/-/blur_region/faces/0/-/sharp/0/-/preview", preview},
		{"grayscale/-/invert/-/preview", `,{"op":"grey"},{"op":"negate"}` + preview},
		{"filter/lavra/-/preview", `,{"op":"look","name":"lavra","amount":100}` + preview},
		{"blur/-/preview", `,{"op":"soften","strength":10,"amount":100}` + preview},
		{"blur/20/-150/-/preview", `,{"op":"soften","strength":20,"amount":-150}` + preview},
		{"blur_region/faces/-/preview", `,{"op":"blur_part","faces":true,"strength":10}` + preview},
		{"blur_region/10x20p/-5,6p/7/-/preview", `,{"op":"blur_part","width":"10","height":"20%","at":{"x":"-5","y":"6%"},"strength":7}` + preview},
		{"sharp/-/preview", `,{"op":"sharpen","sigma":1}` + preview},
		{"overlay/self/-/preview", `,{"op":"draw","width":"100%","height":"100%","opacity":100}` + preview},
		{"overlay/self/10x5p/center/40p/-/preview", `,{"op":"draw","width":"10","height":"5%","at":{"x":"50%","y":"50%"},"opacity":40}` + preview},
		{"overlay/self/50px50p/20p/-/preview", `,{"op":"draw","width":"50%","height":"50%","opacity":20}` + preview},
		{"overlay/self/20p/-/preview", `,{"op":"draw","width":"100%","height":"100%","opacity":20}` + preview},
		{"rect/9f98/1x1/-/preview", ""},
		{"rect/9f9/1x2/-/preview", `,{"op":"rect","color":"99ff99ff","width":"1","height":"2"}` + preview},
		{"text/80px20p/bottom/a~sb~~c~nd/-/preview", `,{"op":"text","text":"a/b~c\nd","width":"80%","height":"20%","at":{"x":"50%","y":"100%"},"size":10,"color":"000000ff"}` + preview},
		{"font/24/fff/bold/italic/NotoMono/-/text_align/left/bottom/-/text_box/line/000/3/-/text/1x1/0,0/a/-/text/1x1/0,0/b/-/preview",
			`,{"op":"text","text":"a","width":"1","height":"1","align":{"x":-1,"y":1},"size":24,"family":"noto mono","bold":true,"italic":true,"color":"ffffffff","back":"line","behind":"000000ff","padding":3},` +
				`{"op":"text","text":"b","width":"1","height":"1","size":10,"color":"000000ff"}` + preview},
		{"font/123/456/-/text/1x1/0,0/a/-/preview", `,{"op":"text","text":"a","width":"1","height":"1","size":123,"color":"445566ff"}` + preview},
		{"font/fff/-/text_box/none/-/text/1x1/0,0/a/-/preview", `,{"op":"text","text":"a","width":"1","height":"1","size":10,"color":"ffffffff"}` + preview},

		// Of several that work on the whole the last counts, where it stands.
		{"preview/1x1/-/flip/-/preview/2x2", `,{"op":"flip"},{"op":"resize","width":2,"height":2,"fit":"max"}`},
		{"rotate/90/-/rotate/180/-/preview", `,{"op":"rotate","degrees":180}` + preview},
		{"resize/1x/-/resize/2x", `,{"op":"resize","width":1,"fit":"scale"},{"op":"resize","width":2,"fit":"scale"}`},
		{"@clib/uc-blocks/0.1.0/uc-img/-/preview/-/@clib/a", preview},
	} {
		if strings.HasPrefix(tt.text, "rect/9f98/") {
			if _, err := read(tt.text); err == nil {
				t.Errorf("Read(%q) takes four digits for a colour", tt.text)
			}
			continue
		}
		if got := ops(t, tt.text); got != tt.want {
			t.Errorf("Read(%q)\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
}

func TestAutorotateNo(t *testing.T) {
	c, err := read("preview/-/autorotate/no")
	if err != nil || c.Plan.Ops[0] != (transform.Orient{Ignore: true}) {
		t.Errorf("Read = %+v, %v", c, err)
	}
}

// Without an operation that asks for a picture or a record, the file goes out as
// it is.
func TestPlain(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "flip": true, "crop/10x10": true, "format/png/-/quality/best": true, "inline/no": true, "@clib/a/b": true,
		"overlay/b18b5179-b9f6-4fdc-9920-5539f938fc44": true, "stretch/off": true, "rasterize": true,
		"preview": false, "resize/1x": false, "smart_resize/1x1": false, "scale_crop/1x1": false, "json": false, "jsonp": false, "main_colors": false,
	} {
		c, err := read(text)
		if err != nil || c.Plain != want {
			t.Errorf("Read(%q) = %+v, %v, want plain = %t", text, c, err, want)
		}
		if c.Plain && (len(c.Files) > 0 || c.Plan.Canonical() != "{}") {
			t.Errorf("Read(%q) has a plan", text)
		}
	}
}

func TestRecords(t *testing.T) {
	for _, tt := range []struct {
		text   string
		answer Answer
		asked  transform.Inquiry
		base   string
	}{
		{"json", JSON, transform.Inquiry{Hash: true}, ""},
		{"preview/-/flip/-/jsonp", JSONP, transform.Inquiry{Hash: true}, "preview flip"},
		{"crop/1x1/-/main_colors", JSON, transform.Inquiry{Colors: 4}, "crop/1x1"},
		{"main_colors/256", JSON, transform.Inquiry{Colors: 256}, ""},
	} {
		c, err := read(tt.text)
		if err != nil {
			t.Errorf("Read(%q) error = %v", tt.text, err)
			continue
		}
		var base []string
		for _, op := range c.Base {
			base = append(base, op.String())
		}
		if c.Answer != tt.answer || c.Plan.Answer != transform.Info || *c.Plan.Output.Info != tt.asked || strings.Join(base, " ") != tt.base {
			t.Errorf("Read(%q) = %+v", tt.text, c)
		}
	}
}

func TestNegotiation(t *testing.T) {
	both := []transform.Format{transform.AVIF, transform.WebP, transform.JPEG}
	for _, tt := range []struct {
		text, accept  string
		available     []transform.Format
		format, large transform.Format
		varies        bool
	}{
		{"preview", "image/avif,image/webp,*/*", both, transform.AVIF, transform.WebP, true},
		{"preview", "image/avif;q=0.5,image/webp;q=0.9", both, transform.AVIF, transform.WebP, true},
		{"preview", "image/avif", both, transform.AVIF, transform.Fitting, true},
		{"preview", "image/avif;q=0,image/webp", both, transform.WebP, "", true},
		{"preview", "image/avif,image/webp", []transform.Format{transform.WebP}, transform.WebP, "", true},
		{"preview", "image/avif,image/webp", nil, transform.Fitting, "", true},
		{"preview/-/format/auto", "*/*", both, transform.Fitting, "", true},
		{"preview/-/format/jpeg", "image/avif", both, transform.JPEG, "", false},
		{"preview/-/format/preserve", "image/avif", both, transform.Same, "", false},
		{"preview/-/format/png/-/format/webp", "", nil, transform.WebP, "", false},
	} {
		c, err := read(tt.text)
		if err != nil {
			t.Fatal(err)
		}
		plan, varies := c.For(tt.accept, tt.available...)
		if o := plan.Output; o.Format != tt.format || o.Large != tt.large || varies != tt.varies || plan.Check() != nil {
			t.Errorf("%q for %q: %+v, %t, want %q, %q, %t", tt.text, tt.accept, o, varies, tt.format, tt.large, tt.varies)
		}
	}
}

func TestOutput(t *testing.T) {
	usual := transform.Output{Format: transform.Auto, Level: transform.Normal, MaxSide: MaxSide, Vector: true}
	red := transform.Color{R: 255, A: 255}
	for text, change := range map[string]func(o *transform.Output){
		"inline/no":                 func(*transform.Output) {},
		"quality/best":              func(o *transform.Output) { o.Level = transform.Best },
		"quality/smart_retina":      func(o *transform.Output) { o.Level = transform.Lighter },
		"progressive/yes":           func(o *transform.Output) { o.Progressive = true },
		"strip_meta/all":            func(*transform.Output) {},
		"strip_meta/none":           func(o *transform.Output) { o.Metadata = true },
		"strip_meta/sensitive":      func(o *transform.Output) { o.Metadata, o.Private = true, true },
		"srgb/keep_profile":         func(o *transform.Output) { o.Space = transform.InputSpace },
		"srgb/icc":                  func(*transform.Output) {},
		"max_icc_size/20":           func(*transform.Output) {},
		"rasterize":                 func(o *transform.Output) { o.Vector = false },
		"setfill/f00":               func(o *transform.Output) { o.Background = &red },
		"setfill/0f0/-/setfill/f00": func(o *transform.Output) { o.Background = &red },
	} {
		want := usual
		change(&want)
		c, err := read("preview/-/" + text)
		if err != nil {
			t.Errorf("Read(%q) error = %v", text, err)
			continue
		}
		if got, want := (transform.Plan{Output: c.Plan.Output}).Canonical(), (transform.Plan{Output: want}).Canonical(); got != want {
			t.Errorf("Read(%q) output = %s, want %s", text, got, want)
		}
		if c.Plan.Page != 1 {
			t.Errorf("Read(%q) works on more than the first frame", text)
		}
	}
}

func TestSteps(t *testing.T) {
	most := strings.Repeat("resize/1x/-/", transform.MaxSteps-1) // beside the orientation
	if _, err := read(most); err == nil {
		t.Error("an operation is missing after the last delimiter")
	}
	if _, err := read(strings.TrimSuffix(most, "-/")); err != nil {
		t.Errorf("as many operations as may be: %v", err)
	}
	if _, err := read(most + "resize/1x"); !errors.Is(err, fault.TooLarge) {
		t.Errorf("one more: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, form := range slices.Concat(lines(f, "accepted.txt"), lines(f, "refused.txt")) {
		f.Add(form + "/-/preview")
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := read(text)
		if err != nil {
			if kind := fault.Of(err); kind != fault.Invalid && kind != fault.TooLarge {
				t.Errorf("Read(%q) error has kind %v", text, kind)
			}
			return
		}
		plan, _ := c.For("image/avif,image/webp", transform.AVIF, transform.WebP)
		if err := plan.Check(); err != nil {
			t.Errorf("Read(%q) makes a plan that is refused: %v", text, err)
		}
		if again, err := transform.Parse(plan.Canonical()); err != nil || again.Canonical() != plan.Canonical() {
			t.Errorf("Read(%q) makes a plan that does not survive: %v", text, err)
		}
	})
}
