package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/corpora"
	"github.com/stowgate/stowgate/internal/fault"
)

// post returns a request with a form.
func post(contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

const formType = "multipart/form-data; boundary=b"

func field(name, value string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func file(name, filename, data string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + filename + "\"\r\n" +
		"Content-Type: image/png\r\n\r\n" + data + "\r\n"
}

const end = "--b--\r\n"

// read reads a whole form as one who stores its file does.
func read(r *http.Request) (f *Form, data string, err error) {
	f, err = ReadForm(r)
	if err != nil || f.File == nil {
		return f, "", err
	}
	all, err := io.ReadAll(f.File)
	return f, string(all), err
}

func TestReadForm(t *testing.T) {
	many := strings.Repeat("x", 10)
	fields := func(n int) (s string) {
		for i := range n {
			s += field(fmt.Sprintf("f%d", i), many)
		}
		return s
	}
	for _, tt := range []struct {
		name, body string
		values     string
		file       string
		err        error
	}{
		{"fields", field("a", "1") + field("b", "") + end, "map[a:1 b:]", "", nil},
		{"file", file("f", "n.png", "data") + end, "map[]", "data", nil},
		{"field before and after", field("a", "1") + file("f", "n.png", "data") + field("z", "2") + end, "map[a:1 z:2]", "data", nil},
		{"empty file", file("f", "", "") + end, "map[]", "", nil},
		{"no part", end, "map[]", "", nil},

		{"parts at limit", fields(MaxFormParts-1) + file("f", "n", "x") + end, "", "x", nil},
		{"parts one over", fields(MaxFormParts) + file("f", "n", "x") + end, "", "", fault.TooLarge},
		{"parts one over after the file", file("f", "n", "x") + fields(MaxFormParts) + end, "", "", fault.TooLarge},
		{"fields at limit", field("a", strings.Repeat("x", MaxFormFields-1)) + end, "", "", nil},
		{"fields one over", field("a", strings.Repeat("x", MaxFormFields)) + end, "", "", fault.TooLarge},
		{"fields one over together", field("a", "1") + field("b", strings.Repeat("x", MaxFormFields-2)) + end, "", "", fault.TooLarge},
		{"field without end", field("a", strings.Repeat("x", 1<<20)), "", "", fault.TooLarge},

		{"field twice", field("a", "1") + field("a", "1") + end, "", "", fault.Invalid},
		{"field twice around the file", field("a", "1") + file("f", "n", "x") + field("a", "2") + end, "", "", fault.Invalid},
		{"field named like the file", file("f", "n", "x") + field("f", "2") + end, "", "", fault.Invalid},
		{"file named like a field", field("f", "2") + file("f", "n", "x") + end, "", "", fault.Invalid},
		{"two files", file("f", "n", "x") + file("g", "n", "x") + end, "", "", fault.Invalid},
		{"no end", file("f", "n", "x"), "", "", fault.Invalid},
		{"no end after fields", file("f", "n", "x") + field("a", "1"), "", "", fault.Invalid},
		{"no name", "--b\r\nContent-Disposition: form-data; filename=\"x\"\r\n\r\nx\r\n" + end, "", "", fault.Invalid},
		{"filename twice", "--b\r\nContent-Disposition: form-data; name=f; filename=a; filename=b\r\n\r\nx\r\n" + end, "", "", fault.Invalid},
		{"no disposition", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" + end, "", "", fault.Invalid},
		{"attachment", "--b\r\nContent-Disposition: attachment; name=f\r\n\r\nx\r\n" + end, "", "", fault.Invalid},
		{"encoded part", "--b\r\nContent-Disposition: form-data; name=f\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n" + end, "", "", fault.Invalid},
		{"Java's encoding", "--b\r\nContent-Disposition: form-data; name=f\r\nContent-Transfer-Encoding: binary\r\nContent-Length: 1\r\n\r\nx\r\n" + end, "map[f:x]", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, data, err := read(post(formType, tt.body))
			if !errors.Is(err, tt.err) {
				t.Fatalf("read: %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			if data != tt.file {
				t.Errorf("file = %q, want %q", data, tt.file)
			}
			if got := fmt.Sprint(f.Values()); tt.values != "" && got != tt.values {
				t.Errorf("values = %s, want %s", got, tt.values)
			}
			if err := f.Finish(); err != nil {
				t.Errorf("Finish: %v", err)
			}
		})
	}
}

// TestC3FieldAfterFile: what comes behind the file is not there before it.
func TestC3FieldAfterFile(t *testing.T) {
	f, err := ReadForm(post(formType, field("a", "1")+file("f", "n.png", "x")+field("z", "2")+end))
	if err != nil {
		t.Fatal(err)
	}
	if f.Value("a") != "1" || f.Value("z") != "" {
		t.Errorf("before the file: a = %q, z = %q; want 1 and nothing", f.Value("a"), f.Value("z"))
	}
	if f.File.Name != "n.png" || f.File.Type != "image/png" || f.File.Field != "f" {
		t.Errorf("file = %+v", f.File)
	}
	if err := f.Finish(); err != nil || f.Value("z") != "2" {
		t.Errorf("Finish: %v; then z = %q, want 2", err, f.Value("z"))
	}
	if n, err := f.File.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read after the end = %d, %v, want io.EOF", n, err)
	}
}

func TestReadFormTypes(t *testing.T) {
	for _, tt := range []struct {
		contentType, body string
		err               error
	}{
		{"application/x-www-form-urlencoded", "a=1&b=%20x", nil},
		{"application/x-www-form-urlencoded", "a=1&a=2", fault.Invalid},
		{"application/x-www-form-urlencoded", "a=%zz", fault.Invalid},
		{"application/x-www-form-urlencoded", "a=" + strings.Repeat("x", MaxFormFields-2), nil},
		{"application/x-www-form-urlencoded", "a=" + strings.Repeat("x", MaxFormFields-1), fault.TooLarge},
		{"application/json", "{}", fault.Unsupported},
		{"", "", fault.Unsupported},
		{"multipart/form-data", end, fault.Invalid},
		{"multipart/form-data; boundary=" + strings.Repeat("b", 71), "", fault.Invalid},
		{"multipart/mixed; boundary=b", end, fault.Unsupported},
	} {
		if _, err := ReadForm(post(tt.contentType, tt.body)); !errors.Is(err, tt.err) {
			t.Errorf("ReadForm(%q, %.20q) = %v, want %v", tt.contentType, tt.body, err, tt.err)
		}
	}
}

// TestC2Own reads the bodies of testdata/multipart. Those whose expected outcome
// begins with 400 and offers no other are refused.
func TestC2Own(t *testing.T) {
	index, err := os.Open("testdata/multipart/index.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	cases := 0
	for lines := bufio.NewScanner(index); lines.Scan(); cases++ {
		var tt struct {
			File, Expect string
			ContentType  string `json:"content_type"`
		}
		if err := json.Unmarshal(lines.Bytes(), &tt); err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile(filepath.Join("testdata/multipart", tt.File))
		if tt.File == "preamble-2MiB.body" { // too large to keep
			body, err = []byte(strings.Repeat("p", 2<<20)+"\r\n------stowA--\r\n"), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := read(post(tt.ContentType, string(body)))
		refused := fault.Of(err) == fault.Invalid || fault.Of(err) == fault.TooLarge
		switch {
		case tt.File == "empty-body.body": // for the protocol to refuse
			if err == nil && f.File != nil {
				t.Errorf("%s has a file", tt.File)
			}
		case strings.HasPrefix(tt.Expect, "400") && !strings.HasPrefix(tt.Expect, "400 or cut"):
			if !refused {
				t.Errorf("%s: %v, want %s", tt.File, err, tt.Expect)
			}
		case err != nil:
			t.Errorf("%s: %v, want %s", tt.File, err, tt.Expect)
		case tt.File == "nested-mixed.body":
			if f.File != nil || !strings.Contains(f.Value("fileUpload"), "--in--") {
				t.Errorf("%s: file %v, values %v; want the inner parts as a text", tt.File, f.File, f.Values())
			}
		}
	}
	if cases < 14 {
		t.Errorf("read %d cases, want 14 and more", cases)
	}
}

// TestC2Fuzz reads mutated bodies: they are refused for
// a reason, but for four that are whole after all.
func TestC2Fuzz(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(corpora.Dir(t, "multipart-fuzz"), "*"))
	if err != nil || len(names) < 50 {
		t.Fatalf("found %d bodies: %v", len(names), err)
	}
	whole := 0
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = read(post("multipart/form-data; boundary=dfhjksd23f43242f43fv4b4g2g2g23vf2", string(body)))
		if err == nil {
			whole++
		} else if kind := fault.Of(err); kind != fault.Invalid && kind != fault.TooLarge {
			t.Errorf("%s: %v, want it refused or read", filepath.Base(name), err)
		}
	}
	if whole > 4 {
		t.Errorf("%d bodies are whole forms, want 4", whole)
	}
}

func FuzzReadForm(f *testing.F) {
	f.Add(field("a", "1") + file("f", "n.png", "data") + field("z", "2") + end)
	f.Fuzz(func(t *testing.T, body string) {
		form, _, err := read(post(formType, body))
		if err != nil {
			return
		}
		size := 0
		for name, value := range form.Values() {
			size += len(name) + len(value)
		}
		if size > MaxFormFields || len(form.Values()) > MaxFormParts {
			t.Errorf("form has %d fields of %d bytes", len(form.Values()), size)
		}
		if !strings.Contains(body, "--b--") {
			t.Errorf("form without an end is taken: %q", body)
		}
	})
}
