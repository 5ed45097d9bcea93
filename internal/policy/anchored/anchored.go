// Package anchored matches texts with regular expressions that hold from the
// beginning, at a cost that is bounded whatever the expression is.
package anchored

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/memo"
)

// Max is how many bytes a pattern may have.
const Max = 256

// maxSteps is how many instructions a pattern may compile to. Matching takes at
// most that many steps for each character of the text; without a bound, 256
// bytes of pattern can ask for tens of thousands.
const maxSteps = 1000

// A Pattern is an RE2 expression that a text must match from its beginning. The
// zero Pattern matches everything.
type Pattern struct {
	text  string
	whole bool // to the end as well
}

// compiled remembers compiled patterns: a policy is checked more often than made.
var compiled = memo.Cache[Pattern, *regexp.Regexp]{Limit: 128}

// Parse returns the pattern for the expression text, which whole makes
// match to the end as well. The error wraps fault.Invalid if text is empty,
// longer than Max, no RE2 expression, too costly to match, or wants '^'
// and '$' to match at line breaks.
//
// Filestack's documentation does not say whether expressions are anchored. At
// the start they are, as in the re.match of its Python server; the expression
// is one group there, so that no alternative escapes the anchor.
func Parse(text string, whole bool) (Pattern, error) {
	p := Pattern{text: text, whole: whole}
	if _, err := p.compile(); err != nil {
		return Pattern{}, fmt.Errorf("pattern %.*q: %w: %w", Max, text, err, fault.Invalid)
	}
	return p, nil
}

func (p Pattern) compile() (*regexp.Regexp, error) {
	if re, ok := compiled.Get(p); ok {
		return re, nil
	}
	if p.text == "" {
		return nil, fmt.Errorf("is empty")
	}
	if len(p.text) > Max {
		return nil, fmt.Errorf("has %d bytes, over the limit of %d", len(p.text), Max)
	}
	// By itself first: "a)|(b" is an expression only inside a group.
	tree, err := syntax.Parse(p.text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxSteps {
		return nil, fmt.Errorf("takes %d steps a character, over the limit of %d", len(prog.Inst), maxSteps)
	}
	for _, inst := range prog.Inst {
		if inst.Op == syntax.InstEmptyWidth && syntax.EmptyOp(inst.Arg)&(syntax.EmptyBeginLine|syntax.EmptyEndLine) != 0 {
			return nil, fmt.Errorf("matches line by line")
		}
	}
	re, err := regexp.Compile(p.anchored())
	if err != nil {
		return nil, err
	}
	compiled.Put(p, re)
	return re, nil
}

// anchored returns the expression that is matched.
func (p Pattern) anchored() string {
	if p.whole {
		return `\A(?:` + p.text + `)\z`
	}
	return `\A(?:` + p.text + `)`
}

// Match reports whether s matches, in time linear in its length.
func (p Pattern) Match(s string) bool {
	if p == (Pattern{}) {
		return true
	}
	re, err := p.compile()
	return err == nil && re.MatchString(s)
}

// String returns the expression as Parse was given it.
func (p Pattern) String() string { return p.text }

// MarshalText returns the anchored expression, and nothing for the zero Pattern.
func (p Pattern) MarshalText() ([]byte, error) {
	if p == (Pattern{}) {
		return nil, nil
	}
	return []byte(p.anchored()), nil
}

// UnmarshalText reads what MarshalText wrote. The error wraps fault.Invalid.
func (p *Pattern) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*p = Pattern{}
		return nil
	}
	inner, open := strings.CutPrefix(string(text), `\A(?:`)
	inner, whole := strings.CutSuffix(inner, `\z`)
	inner, closed := strings.CutSuffix(inner, `)`)
	if !open || !closed {
		return fmt.Errorf("pattern that is not anchored: %w", fault.Invalid)
	}
	var err error
	*p, err = Parse(inner, whole)
	return err
}
