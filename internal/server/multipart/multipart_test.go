package multipart

import (
	"errors"
	"fmt"
	"io"
	stdmultipart "mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
	"go.yaml.in/yaml/v3"
)

// readAll returns the headers and bytes of all parts.
func readAll(body io.Reader, boundary string) (heads []map[string]string, parts []string, err error) {
	r := NewReader(body, boundary)
	for {
		head, err := r.Next()
		if err == io.EOF {
			return heads, parts, nil
		}
		if err != nil {
			return heads, parts, err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return heads, parts, err
		}
		heads, parts = append(heads, head), append(parts, string(data))
	}
}

func TestReader(t *testing.T) {
	part := func(header, data string) string { return "--b\r\n" + header + "\r\n\r\n" + data + "\r\n" }
	padded := func(n int) string { // a header of n bytes with its empty line
		return "A: " + strings.Repeat("x", n-len("A: \r\n\r\n"))
	}
	for _, tt := range []struct {
		name, body string
		want       []string
		err        error
	}{
		{"two parts", part("A: 1", "x") + part("A: 2", "y\r\nz") + "--b--\r\n", []string{"x", "y\r\nz"}, nil},
		{"no part", "--b--", nil, nil},
		{"empty part", part("A: 1", "") + "--b--", []string{""}, nil},
		{"preamble", "hello\r\n" + part("A: 1", "x") + "--b--", []string{"x"}, nil},
		{"epilogue", part("A: 1", "x") + "--b--\r\nmore\r\n--b\r\n", []string{"x"}, nil},
		{"almost a boundary", part("A: 1", "\r\n--bx\r\n--b-\r\n--b\r--b\n") + "--b--", []string{"\r\n--bx\r\n--b-\r\n--b\r--b\n"}, nil},
		{"boundary in line", part("A: 1", "x--b--") + "--b--", []string{"x--b--"}, nil},
		{"nested", part("Content-Type: multipart/mixed; boundary=in", "--in\r\nA: 2\r\n\r\ny\r\n--in--") + "--b--", []string{"--in\r\nA: 2\r\n\r\ny\r\n--in--"}, nil},

		{"header at limit", part(padded(MaxHeader), "x") + "--b--", []string{"x"}, nil},
		{"header one over", part(padded(MaxHeader+1), "x") + "--b--", nil, fault.TooLarge},
		{"header line without end", "--b\r\nA: " + strings.Repeat("x", 3*MaxHeader), nil, fault.TooLarge},
		{"preamble at limit", strings.Repeat("p", MaxHeader) + "\r\n" + part("A: 1", "x") + "--b--", []string{"x"}, nil},
		{"preamble one over", strings.Repeat("p", MaxHeader+1) + "\r\n" + part("A: 1", "x") + "--b--", nil, fault.TooLarge},
		{"preamble without end", strings.Repeat("p", 1<<20), nil, fault.TooLarge},

		{"empty", "", nil, fault.Invalid},
		{"no end", part("A: 1", "x"), nil, fault.Invalid},
		{"end cut", part("A: 1", "x") + "--b-", nil, fault.Invalid},
		{"cut in header", "--b\r\nA: 1\r\n", nil, fault.Invalid},
		{"folded", part("A: 1\r\n 2", "x") + "--b--", nil, fault.Invalid},
		{"folded by tab", part("A: 1\r\n\t: 2", "x") + "--b--", nil, fault.Invalid},
		{"header twice", part("A: 1\r\na: 2", "x") + "--b--", nil, fault.Invalid},
		{"no colon", part("A 1", "x") + "--b--", nil, fault.Invalid},
		{"no name", part(": 1", "x") + "--b--", nil, fault.Invalid},
		{"space in name", part("A : 1", "x") + "--b--", nil, fault.Invalid},
		{"CR in name", part("A\rB: 1", "x") + "--b--", nil, fault.Invalid},
		{"NUL in value", part("A: \x00", "x") + "--b--", nil, fault.Invalid},
		{"bare LF", "--b\nA: 1\n\nx\n--b--", nil, fault.Invalid},
		{"bare LF in header", "--b\r\nA: 1\n\r\nx\r\n--b--", nil, fault.Invalid},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader,
			"halves": iotest.HalfReader, "data and error": iotest.DataErrReader,
		} {
			t.Run(tt.name+" "+how, func(t *testing.T) {
				_, parts, err := readAll(reader(strings.NewReader(tt.body)), "b")
				if !errors.Is(err, tt.err) {
					t.Fatalf("read: %v, want %v", err, tt.err)
				}
				if err == nil && fmt.Sprintf("%q", parts) != fmt.Sprintf("%q", tt.want) {
					t.Errorf("parts = %q, want %q", parts, tt.want)
				}
			})
		}
	}
}

// TestLostConnection: what the connection says is what is returned.
func TestLostConnection(t *testing.T) {
	lost := errors.New("lost")
	body := io.MultiReader(strings.NewReader("--b\r\nA: 1\r\n\r\nhalf"), iotest.ErrReader(lost))
	if _, _, err := readAll(body, "b"); !errors.Is(err, lost) {
		t.Errorf("read of a lost connection = %v, want %v", err, lost)
	}
}

// TestC2Cases reads the bodies of another project as that project expects them.
func TestC2Cases(t *testing.T) {
	dir := corpora.Dir(t, "multipart-cases")
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d cases: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			var want struct {
				Boundary string
				Expected any
			}
			text, err := os.ReadFile(name)
			if err == nil {
				err = yaml.Unmarshal(text, &want)
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := os.Open(strings.TrimSuffix(name, ".yaml") + ".http")
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			heads, parts, err := readAll(body, want.Boundary)
			list, ok := want.Expected.([]any)
			if strings.HasPrefix(filepath.Base(name), "bad_initial_boundary") {
				list, ok = nil, true // a first line that is no boundary is a preamble here
			}
			if !ok { // a map that says at which byte it fails
				if !errors.Is(err, fault.Invalid) {
					t.Errorf("read: %v, want %v", err, fault.Invalid)
				}
				return
			}
			if err != nil || len(parts) != len(list) {
				t.Fatalf("read %d parts, %v; want %d", len(parts), err, len(list))
			}
			for i, part := range list {
				part := part.(map[string]any)
				data, _ := part["data"].(string)
				if !strings.Contains(heads[i]["content-disposition"], fmt.Sprint(part["name"])) {
					t.Errorf("part %d has header %v, want name %v", i, heads[i], part["name"])
				}
				if heads[i]["content-transfer-encoding"] == "" && parts[i] != data {
					t.Errorf("part %d = %q, want %q", i, parts[i], data)
				}
			}
		})
	}
}

// FuzzReader compares with the standard library: what this reader takes, that
// one reads the same way.
func FuzzReader(f *testing.F) {
	f.Add("--b\r\nA: 1\r\n\r\nx\r\n--b\r\nA: 2\r\n\r\n\r\n--b--")
	f.Add("pre\r\n--b\r\nA: 1\r\nB: 2\r\n\r\n--b\rx\r\n--b--\r\n")
	if dir := os.Getenv("STOWGATE_SHARED"); dir != "" {
		names, _ := filepath.Glob(filepath.Join(dir, "corpora/multipart-fuzz/*"))
		for _, name := range names {
			data, _ := os.ReadFile(name)
			f.Add(strings.ReplaceAll(string(data), "dfhjksd23f43242f43fv4b4g2g2g23vf2", "b"))
		}
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, parts, err := readAll(strings.NewReader(body), "b")
		_, again, errAgain := readAll(iotest.OneByteReader(strings.NewReader(body)), "b")
		if fmt.Sprint(parts, err) != fmt.Sprint(again, errAgain) {
			t.Fatalf("whole: %q, %v; by bytes: %q, %v", parts, err, again, errAgain)
		}
		if err != nil || !plain(body) {
			return
		}
		std := stdmultipart.NewReader(strings.NewReader(body), "b")
		for i, want := range parts {
			p, err := std.NextRawPart()
			if err != nil {
				t.Fatalf("part %d: the standard library says %v", i, err)
			}
			got, err := io.ReadAll(p)
			if err != nil || string(got) != want {
				t.Fatalf("part %d = %q; the standard library has %q, %v", i, want, got, err)
			}
		}
		if _, err := std.NextRawPart(); err != io.EOF {
			t.Fatalf("after %d parts the standard library says %v", len(parts), err)
		}
	})
}

// plain says whether body has nothing that the standard library reads more
// loosely: a preamble, lines that end in LF alone, boundaries that something
// follows, and parts that end before they begin.
func plain(body string) bool {
	if !strings.HasPrefix(body, "--b") || strings.Contains(strings.ReplaceAll(body, "\r\n", ""), "\n") ||
		strings.Contains(body, "\r\n\r\n--b") {
		return false
	}
	for _, after := range strings.Split(body, "--b")[1:] {
		if !strings.HasPrefix(after, "\r\n") && !strings.HasPrefix(after, "--\r\n") && after != "--" {
			return false
		}
	}
	return true
}
