package transform

import (
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

var neutral = Plan{}

// one returns a plan of the ops.
func one(ops ...Op) Plan { return Plan{Ops: ops} }

func TestCanonical(t *testing.T) {
	for _, tt := range []struct {
		plan Plan
		want string
	}{
		{neutral, `{}`},
		{one(Flip{}), `{"ops":[{"op":"flip"}]}`},
		{one(Resize{Width: 200}), `{"ops":[{"op":"resize","width":200}]}`},
		{one(Crop{Box{1, 2, 3, 4}}), `{"ops":[{"op":"crop","x":1,"y":2,"width":3,"height":4}]}`},
		{one(Resize{Height: 9, Fit: Cover, Align: Position{-1, 1}}), `{"ops":[{"op":"resize","height":9,"fit":"cover","align":{"x":-1,"y":1}}]}`},
		{one(Circle{&Color{1, 2, 0xab, 0xff}}), `{"ops":[{"op":"circle","background":"0102abff"}]}`},
		{one(Circle{new(Color)}), `{"ops":[{"op":"circle","background":"00000000"}]}`},
		{Plan{Page: 3, Density: 72.5, Output: Output{Format: JPEG, Quality: InputQuality}}, `{"page":3,"density":72.5,"output":{"format":"jpeg","quality":-1}}`},
		{Plan{Answer: Size}, `{"answer":"size"}`},
	} {
		if got := tt.plan.Canonical(); got != tt.want {
			t.Errorf("Canonical of %+v = %s, want %s", tt.plan, got, tt.want)
		}
		if got, err := Parse(tt.want); err != nil || !reflect.DeepEqual(got, tt.plan) {
			t.Errorf("Parse(%s) = %+v, %v, want %+v", tt.want, got, err, tt.plan)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	long := `{"ops":[` + strings.Repeat(`{"op":"obscure","amount":10,"boxes":[`+strings.Repeat(`{"x":100000,"y":100000,"width":100000,"height":100000},`, MaxBoxes-1)+
		`{"x":1,"y":1,"width":1,"height":1}]},`, 28) + `{"op":"flip"}]}`
	if len(long) <= MaxText {
		t.Fatalf("the long text has only %d bytes", len(long))
	}
	for _, tt := range []struct {
		name, text string
		want       error
	}{
		{"nothing", "", fault.Invalid},
		{"no object", "[]", fault.Invalid},
		{"space", `{"page": 1}`, fault.Invalid},
		{"two documents", `{}{}`, fault.Invalid},
		{"unknown member", `{"pages":1}`, fault.Invalid},
		{"letter case", `{"Page":1}`, fault.Invalid},
		{"default written out", `{"page":0}`, fault.Invalid},
		{"repeated member", `{"page":1,"page":1}`, fault.Invalid},
		{"escaped text", `{"answer":"siz\u0065"}`, fault.Invalid},
		{"unknown op", `{"ops":[{"op":"explode"}]}`, fault.Invalid},
		{"op without a name", `{"ops":[{}]}`, fault.Invalid},
		{"op of another type", `{"ops":["flip"]}`, fault.Invalid},
		{"unknown argument", `{"ops":[{"op":"flip","width":1}]}`, fault.Invalid},
		{"argument out of range", `{"ops":[{"op":"resize","width":10001}]}`, fault.Invalid},
		{"fraction", `{"ops":[{"op":"resize","width":1.5}]}`, fault.Invalid},
		{"colour in capitals", `{"ops":[{"op":"circle","background":"FFFFFFFF"}]}`, fault.Invalid},
		{"short colour", `{"ops":[{"op":"circle","background":"ffffff"}]}`, fault.Invalid},
		{"colour of no digits", `{"ops":[{"op":"circle","background":"gggggggg"}]}`, fault.Invalid},
		{"negative zero", `{"ops":[{"op":"blur","sigma":-0}]}`, fault.Invalid},
		{"text over the limit", long, fault.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var refusal *Refusal
			if p, err := Parse(tt.text); !errors.Is(err, tt.want) || !errors.As(err, &refusal) {
				t.Errorf("Parse = %+v, %v, want %v", p, err, tt.want)
			}
		})
	}
}

// TestCanonicalRoundTrip makes random plans, of which all that pass Check come
// back from their text, and differ from each other as their texts do.
func TestCanonicalRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts, passed := map[string]Plan{}, map[string]int{}
	for range 60_000 {
		p := randomPlan(r)
		if p.Check() != nil {
			continue
		}
		text := p.Canonical()
		got, err := Parse(text)
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Fatalf("Parse(%s) = %+v, %v, want %+v", text, got, err, p)
		}
		if other, ok := texts[text]; ok && !reflect.DeepEqual(other, p) {
			t.Fatalf("plans %+v and %+v have the same text %s", other, p, text)
		}
		texts[text] = p
		for _, op := range p.Ops {
			passed[op.kind()]++
		}
	}
	for kind := range kinds {
		if passed[kind] == 0 {
			t.Errorf("no random %s passed Check", kind)
		}
	}
}

// randomPlan returns a plan, most of whose arguments are in range.
func randomPlan(r *rand.Rand) Plan {
	var p Plan
	fill(r, reflect.ValueOf(&p).Elem())
	names := slices.Sorted(maps.Keys(kinds))
	p.Answer, p.Output.ASCII, p.Output.Info = Image, nil, nil
	p.Output.Metadata = p.Output.Metadata && !p.Output.Strip
	p.Ops = nil
	for range r.IntN(3) {
		op := reflect.New(kinds[names[r.IntN(len(names))]]).Elem()
		fill(r, op)
		p.Ops = append(p.Ops, op.Interface().(Op))
	}
	return p
}

// words are texts that some argument may have.
var words = []string{"", "max", "cover", "scale", "crop", "fill", "cubic", "vivid", "jpeg", "webp", "cmyk", "nonsense", "face", "faces points", "pad", "adaris", "best", "serif"}

func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if r.IntN(3) == 0 {
				continue
			}
			if v.Field(i).Type() == reflect.TypeFor[Position]() {
				v.Field(i).Set(reflect.ValueOf(Position{r.IntN(3) - 1, r.IntN(3) - 1}))
			} else {
				fill(r, v.Field(i))
			}
		}
	case reflect.Int:
		v.SetInt(int64(r.IntN([]int{1, 4, 12}[r.IntN(3)])))
	case reflect.Uint8:
		v.SetUint(uint64(r.IntN(256)))
	case reflect.Float64:
		v.SetFloat(float64(r.IntN(20)) * []float64{0, 1, 0.1}[r.IntN(3)])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.String:
		if r.IntN(2) == 0 {
			v.SetString(words[r.IntN(len(words))])
		}
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Slice:
		if n := r.IntN(3); n > 0 && v.Type().Elem().Kind() != reflect.Interface {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(r, v.Index(i))
			}
		}
	}
}

// FuzzParse holds that a text is canonical or refused.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"page":1,"density":72.5,"ops":[{"op":"orient"},{"op":"resize","width":200,"fit":"cover","align":{"x":-1}}],"output":{"format":"auto","smaller":true}}`,
		`{"ops":[{"op":"mark_faces","color":"00000000"}],"answer":"faces"}`, `{"answer":"ascii","output":{"ascii":{"background":"ffffffff","foreground":"000000ff","size":10}}}`,
		`{"ops":[{"op":"collage","inputs":[1,2],"width":1,"height":1,"color":"00000000"},{"op":"obscure","amount":2,"boxes":[{"x":0,"y":0,"width":1,"height":1}]}]}`,
		`{"ops":[{"op":"extract","width":"50%","height":"-1","at":{"x":"0%"}},{"op":"look","name":"gavin","amount":-5}]}`, `{"ops":[{"op":"blur","sigma":1e-7}]}`, `{"ops":[null]}`, `null`, `{"ops":[{"op":"flip"},]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if k := fault.Of(err); k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("Parse(%q): %v has kind %v", text, err, k)
			}
			return
		}
		if err := p.Check(); err != nil {
			t.Errorf("Parse(%q) does not pass Check: %v", text, err)
		}
		if got := p.Canonical(); got != text {
			t.Errorf("Parse(%q).Canonical() = %q", text, got)
		}
	})
}

func TestDraws(t *testing.T) {
	for _, tt := range []struct {
		plan Plan
		want bool
	}{
		{Plan{}, false}, {Plan{Output: Output{Compress: true, Quality: 50, Strip: true}}, false},
		{Plan{Output: Output{Format: WebP, Still: true}}, false}, {Plan{Page: 1}, true}, {Plan{Density: 72}, true}, {one(Flip{}), true}, {Plan{Answer: Size}, true}, {Plan{Output: Output{Format: JPEG}}, true},
	} {
		if got := tt.plan.Draws(); got != tt.want {
			t.Errorf("Draws of %s = %v, want %v", tt.plan.Canonical(), got, tt.want)
		}
	}
}
