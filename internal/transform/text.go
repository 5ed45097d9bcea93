package transform

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
)

// MaxText is how long the canonical text of a plan may be, in bytes.
const MaxText = 64 << 10

// kinds are the types of the ops by their name in the canonical text.
var kinds = func() map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for _, op := range []Op{
		Resize{}, Crop{}, Rotate{}, Orient{}, Flip{}, Flop{}, SmartCrop{}, Upscale{},
		MarkFaces{}, CropFaces{}, Obscure{}, Overlay{}, Collage{}, Animate{},
		RoundCorners{}, Circle{}, Vignette{}, Polaroid{}, TornEdges{}, Shadow{}, Border{},
		Sharpen{}, Blur{}, Grey{}, Threshold{}, Sepia{}, Pixelate{}, OilPaint{},
		Negate{}, Modulate{}, RedEye{}, Enhance{},
		Extract{}, Reframe{}, Trim{}, CutCorners{}, Zoom{}, Adjust{}, Look{}, Soften{},
		BlurPart{}, Draw{}, Rect{}, Text{},
	} {
		m[op.kind()] = reflect.TypeOf(op)
	}
	return m
}()

// Name returns the name of op in the canonical text.
func Name(op Op) string { return op.kind() }

// isKind reports whether op is one of the ops, and not a pointer to one.
func isKind(op Op) bool {
	t := reflect.TypeOf(op)
	return t.Kind() == reflect.Struct && kinds[op.kind()] == t
}

// A document is the JSON form of a plan.
type document struct {
	Page    int               `json:"page,omitempty"`
	Density float64           `json:"density,omitempty"`
	Ops     []json.RawMessage `json:"ops,omitempty"`
	Answer  Answer            `json:"answer,omitempty"`
	Output  Output            `json:"output,omitzero"`
}

// Canonical returns p as text: JSON with an object for each op, which "op"
// names, and without the arguments that are at their zero value. Equal plans
// have equal texts, and different plans different ones. It panics if p does not
// pass Check because a number is not finite or a step is no op.
func (p Plan) Canonical() string {
	text := append(make([]byte, 0, 128), '{')
	member := func(name string, value any) {
		text = append(append(append(append(text, '"'), name...), `":`...), marshal(value)...)
		text = append(text, ',')
	}
	if p.Page != 0 {
		member("page", p.Page)
	}
	if p.Density != 0 {
		member("density", p.Density)
	}
	if len(p.Ops) > 0 {
		text = append(text, `"ops":[`...)
		for _, op := range p.Ops {
			text = append(append(append(text, `{"op":"`...), op.kind()...), `",`...)
			text = append(text, marshal(op)[1:]...)
			text = append(end(text[:len(text)-1], '}'), ',')
		}
		text = append(end(text, ']'), ',')
	}
	if p.Answer != Image {
		member("answer", p.Answer)
	}
	if p.Output != (Output{}) {
		member("output", p.Output)
	}
	return string(end(text, '}'))
}

// end puts mark in place of a last comma in text, or behind it.
func end(text []byte, mark byte) []byte { return append(bytes.TrimSuffix(text, []byte{','}), mark) }

func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("transform: text of a plan that was not checked: %v", err))
	}
	return text
}

// Parse reads a text that Canonical wrote, and refuses any other, such as the
// same JSON with a space in it. The plan has passed Check. An error is a
// *Refusal.
func Parse(text string) (Plan, error) {
	if len(text) > MaxText {
		return Plan{}, TooLarge("a plan of %d bytes, more than %d", len(text), MaxText)
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return Plan{}, Invalid("the text of the plan: %v", err)
	}
	p := Plan{Page: d.Page, Density: d.Density, Answer: d.Answer, Output: d.Output}
	for _, raw := range d.Ops {
		var named struct{ Op string }
		if err := json.Unmarshal(raw, &named); err != nil {
			return Plan{}, Invalid("a step is no object")
		}
		t, ok := kinds[named.Op]
		if !ok {
			return Plan{}, Invalid("operation %q is not known", named.Op)
		}
		op := reflect.New(t)
		if err := json.Unmarshal(raw, op.Interface()); err != nil {
			return Plan{}, Invalid("%s: %v", named.Op, err)
		}
		p.Ops = append(p.Ops, op.Elem().Interface().(Op))
	}
	if err := p.Check(); err != nil {
		return Plan{}, err
	}
	// What the decoder overlooks (members that are unknown, repeated or in
	// another letter case, zero values, spaces) shows here.
	if p.Canonical() != text {
		return Plan{}, Invalid("the text of the plan is not canonical")
	}
	return p, nil
}

// MarshalText returns c as eight hexadecimal digits: red, green, blue, opacity.
func (c Color) MarshalText() ([]byte, error) {
	return hex.AppendEncode(nil, []byte{c.R, c.G, c.B, c.A}), nil
}

// UnmarshalText reads what MarshalText wrote.
func (c *Color) UnmarshalText(text []byte) error {
	var b [4]byte
	if len(text) != 2*len(b) {
		return Invalid("colour %q has not eight digits", text)
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return Invalid("colour %q: %v", text, err)
	}
	*c = Color{b[0], b[1], b[2], b[3]}
	return nil
}
