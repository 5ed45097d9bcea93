// Package multipart takes multipart bodies apart as a stream. It is strict where
// readers differ, so that no body means two things: lines end in CRLF, header
// lines are not folded, no header repeats, the end of the body is marked, and a
// part within a part is just bytes.
package multipart

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// MaxHeader is how many bytes the header of a part may have, and what comes
// before the first part.
const MaxHeader = 16 << 10

// bufferSize is how much of a body is looked at at once. It is more than a
// header may have, so that every line of one fits.
const bufferSize = 2 * MaxHeader

// lead is put before a body, which begins with a delimiter that lacks it.
const lead = "\r\n"

// A Reader reads the parts of one body, in their order: Next goes to the next
// part, and Read gives its bytes. It is not safe for concurrent use.
type Reader struct {
	body  *bufio.Reader
	delim []byte // CRLF, two hyphens, boundary
	ready int    // buffered bytes known to belong to the part
	atEnd bool   // whether the next bytes are a delimiter
}

// NewReader returns a Reader of body, before its first part.
func NewReader(body io.Reader, boundary string) *Reader {
	whole := io.MultiReader(strings.NewReader(lead), body)
	return &Reader{body: bufio.NewReaderSize(whole, bufferSize), delim: []byte("\r\n--" + boundary)}
}

// Read gives bytes of the current part, and io.EOF at its delimiter. The error
// wraps fault.Invalid if the body ends before one.
func (p *Reader) Read(dst []byte) (int, error) {
	for p.ready == 0 && !p.atEnd {
		if err := p.look(); err != nil {
			return 0, err
		}
	}
	if p.ready == 0 {
		return 0, io.EOF
	}
	n, err := p.body.Read(dst[:min(len(dst), p.ready)])
	p.ready -= n
	return n, err
}

// look finds out how many of the next bytes belong to the part.
func (p *Reader) look() error {
	need := max(p.body.Buffered(), len(p.delim)+2)
	buf, err := p.body.Peek(need)
	if len(buf) < len(p.delim)+2 {
		if err == nil || err == io.EOF {
			return fmt.Errorf("form ends without its last boundary: %w", fault.Invalid)
		}
		return fmt.Errorf("read form: %w", err)
	}
	i := bytes.Index(buf, p.delim)
	switch {
	case i < 0:
		p.ready = len(buf) - len(p.delim) + 1
	case i > 0:
		p.ready = i
	default:
		after := string(buf[len(p.delim) : len(p.delim)+2])
		if p.atEnd = after == "\r\n" || after == "--"; !p.atEnd {
			p.ready = len(p.delim)
		}
	}
	return nil
}

// Next goes to the next part and returns its header, with names in lower case.
// After the last part it returns io.EOF. It skips up to MaxHeader bytes of what
// was not read. The error wraps fault.Invalid or fault.TooLarge.
func (p *Reader) Next() (map[string]string, error) {
	skipped, err := io.Copy(io.Discard, io.LimitReader(p, MaxHeader+int64(len(lead))+1))
	if err != nil {
		return nil, err
	}
	if skipped > MaxHeader+int64(len(lead)) {
		return nil, fmt.Errorf("more than %d bytes before a part: %w", MaxHeader, fault.TooLarge)
	}
	var after [2]byte
	p.body.Discard(len(p.delim))
	io.ReadFull(p.body, after[:]) // look has seen them
	if string(after[:]) == "--" {
		return nil, io.EOF
	}
	p.atEnd = false
	head := map[string]string{}
	for size := 0; ; {
		line, err := p.body.ReadSlice('\n')
		if size += len(line); size > MaxHeader || errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("part header has more than %d bytes: %w", MaxHeader, fault.TooLarge)
		}
		if err == io.EOF {
			return nil, fmt.Errorf("form ends within a header: %w", fault.Invalid)
		}
		if err != nil {
			return nil, fmt.Errorf("read part header: %w", err)
		}
		text, ok := strings.CutSuffix(string(line), "\r\n")
		if ok && text == "" {
			return head, nil
		}
		name, value, colon := strings.Cut(text, ":")
		name = strings.ToLower(name)
		_, repeated := head[name]
		if !ok || !colon || repeated || !isToken(name) || strings.ContainsFunc(value, isControl) {
			return nil, fmt.Errorf("part header line makes no sense: %w", fault.Invalid)
		}
		head[name] = strings.TrimSpace(value)
	}
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
