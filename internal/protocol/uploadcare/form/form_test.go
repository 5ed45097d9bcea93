package form

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
)

const (
	urlencoded = "application/x-www-form-urlencoded"
	inParts    = "multipart/form-data; boundary=b"
)

func field(name, value string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
}

func file(name, filename, value string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; " + filename + "\r\nContent-Type: text/x\r\n\r\n" + value + "\r\n"
}

// read reads a request and its files, each as field, name, type and bytes.
func read(method, query, kind string, body io.Reader) (Set, []string, error) {
	r := httptest.NewRequest(method, "/base/?"+query, body)
	r.Header.Set("Content-Type", kind)
	var files []string
	set, err := Read(r, func(f File) error {
		data, err := io.ReadAll(f.Body)
		files = append(files, strings.Join([]string{f.Field, f.Name, f.Type, string(data)}, "|"))
		return err
	})
	return set, files, err
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, method, query, kind, body string
		fields                          []Field
		files                           []string
	}{
		{"nothing", "POST", "", "", "", nil, nil},
		{"query", "POST", "a=1&b=%26+x", "", "", []Field{{"a", "1"}, {"b", "& x"}}, nil},
		{"form", "POST", "", urlencoded, "a=1&&b", []Field{{"a", "1"}, {"b", ""}}, nil},
		{"body over query", "POST", "a=1&b=2", urlencoded, "c=3&a=4", []Field{{"c", "3"}, {"a", "4"}, {"b", "2"}}, nil},
		{"called JSON", "POST", "", "application/json", "a=1", []Field{{"a", "1"}}, nil},
		{"called nothing", "POST", "", "", "a=1", []Field{{"a", "1"}}, nil},
		{"body of a GET", "GET", "a=1", urlencoded, "a=2", []Field{{"a", "1"}}, nil},
		{"many", "POST", "", urlencoded, "files[]=1&files%5B%5D=2", []Field{{"files[]", "1"}, {"files[]", "2"}}, nil},
		{"parts", "POST", "", inParts, field("a", "1") + field("b", "\r\n") + "--b--", []Field{{"a", "1"}, {"b", "\r\n"}}, nil},
		{"file first", "POST", "", inParts, file("f", `filename="ä.txt"`, "hello") + field("a", "1") + "--b--",
			[]Field{{"a", "1"}}, []string{"f|ä.txt|text/x|hello"}},
		{"files", "POST", "", inParts, file("f", `filename="a"; filename*=UTF-8''%C3%A4`, "1") + field("a", "1") + file("g", `filename=""`, "") + "--b--",
			[]Field{{"a", "1"}}, []string{"f|ä|text/x|1", "g||text/x|"}},
	} {
		set, files, err := read(tt.method, tt.query, tt.kind, strings.NewReader(tt.body))
		if err != nil || !reflect.DeepEqual(set.fields, tt.fields) || !reflect.DeepEqual(files, tt.files) {
			t.Errorf("%s: %q, %q, %v; want %q, %q", tt.name, set.fields, files, err, tt.fields, tt.files)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	fields := func(n int) string {
		var pairs []string
		for i := range n {
			pairs = append(pairs, fmt.Sprintf("f%d=", i))
		}
		return strings.Join(pairs, "&")
	}
	parts := func(n int) (text string) {
		for i := range n {
			text += file(fmt.Sprintf("f%d", i), "filename=x", "")
		}
		return text + "--b--"
	}
	value := strings.Repeat("x", MaxBytes-2)
	for _, tt := range []struct{ name, query, kind, body, code string }{
		{"fields at the limit", "", urlencoded, fields(MaxFields), ""},
		{"one field over", "", urlencoded, fields(MaxFields + 1), "RequestFiledsNumberLimitExceededError"},
		{"bytes at the limit", "", inParts, field("ab", value) + "--b--", ""},
		{"one byte over", "", inParts, field("abc", value) + "--b--", "RequestSizeLimitExceededError"},
		{"one value over", "", inParts, field("a", value+"xxx") + "--b--", "RequestSizeLimitExceededError"},
		{"body over", "", urlencoded, "a=" + value + "x", "RequestSizeLimitExceededError"},
		{"files at the limit", "", inParts, parts(MaxFiles), ""},
		{"one file over", "", inParts, parts(MaxFiles + 1), "RequestFileNumberLimitExceededError"},

		{"B16: repeated in the query", "expire=1&expire=2", "", "", "PostRequestParserFailedError"},
		{"B16: repeated in the form", "", urlencoded, "signature=1&signature=1", "PostRequestParserFailedError"},
		{"B16: repeated in parts", "", inParts, field("expire", "1") + field("expire", "1") + "--b--", "PostRequestParserFailedError"},
		{"metadata repeated", "", urlencoded, "metadata[a]=1&metadata[a]=2", "FileMetadataKeyDuplicatedError"},
		{"file repeated", "", inParts, file("f", "filename=x", "") + file("f", "filename=y", "") + "--b--", "PostRequestParserFailedError"},
		{"null in a value", "a=%00", "", "", "NullCharactersForbiddenError"},
		{"null in a name", "", urlencoded, "%00=1", "NullCharactersForbiddenError"},
		{"null in a part", "", inParts, field("a", "\x00") + "--b--", "NullCharactersForbiddenError"},
		{"null in a file name", "", inParts, file("f", "filename*=UTF-8''a%00b", "") + "--b--", "NullCharactersForbiddenError"},
		{"bad escape", "a=%zz", "", "", "PostRequestParserFailedError"},
		{"no form", "", "application/json", `{"a":1}`, "PostRequestParserFailedError"},
		{"no boundary", "", "multipart/form-data", "--b--", "PostRequestParserFailedError"},
		{"boundary too long", "", "multipart/form-data; boundary=" + strings.Repeat("b", 71), "", "PostRequestParserFailedError"},
		{"no end", "", inParts, field("a", "1"), "PostRequestParserFailedError"},
		{"cut in a file", "", inParts, "--b\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\nhel", "PostRequestParserFailedError"},
		{"part without a name", "", inParts, "--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--", "PostRequestParserFailedError"},
	} {
		_, _, err := read("POST", tt.query, tt.kind, strings.NewReader(tt.body))
		if tt.code == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err == nil || answer.ErrorOf(err).Code != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
	r := httptest.NewRequest("POST", "/group/", strings.NewReader(file("f", "filename=x", "")+"--b--"))
	r.Header.Set("Content-Type", inParts)
	if _, err := Read(r, nil); err == nil || answer.ErrorOf(err).Code != "PostRequestParserFailedError" {
		t.Errorf("file where none is taken: %v", err)
	}
}

func TestReadLost(t *testing.T) {
	for _, kind := range []string{urlencoded, inParts} {
		lost := io.MultiReader(strings.NewReader(field("a", "1")), iotest.ErrReader(errors.New("connection reset")))
		if _, _, err := read("POST", "", kind, lost); fault.Of(err) != fault.Canceled && fault.Of(err) != fault.Invalid {
			t.Errorf("%s of a lost connection: %v", kind, err)
		}
	}
}

// TestTold tries that an error is told as the parameter says that was read
// before it, wherever it stood.
func TestTold(t *testing.T) {
	for _, tt := range []struct {
		name, query, kind, body string
		status                  int
	}{
		{"not at all", "", urlencoded, "a=1&a=1", http.StatusBadRequest},
		{"query", "jsonerrors=1", urlencoded, "a=1&a=1", http.StatusOK},
		{"form", "", urlencoded, "jsonerrors=1&a=1&a=1", http.StatusOK},
		{"part", "", inParts, field("jsonerrors", "1") + field("a", "1"), http.StatusOK},
		{"form over query", "jsonerrors=1", urlencoded, "jsonerrors=0&a=1&a=1", http.StatusBadRequest},
		{"behind it", "", urlencoded, "a=1&a=1&jsonerrors=1", http.StatusBadRequest},
	} {
		_, _, err := read("POST", tt.query, tt.kind, strings.NewReader(tt.body))
		w := httptest.NewRecorder()
		answer.Fail(w, httptest.NewRequest("POST", "/", nil), err)
		if w.Code != tt.status {
			t.Errorf("%s: %d %s, want %d", tt.name, w.Code, w.Body, tt.status)
		}
	}
}

func TestUnder(t *testing.T) {
	set, _, err := read("POST", "", urlencoded, strings.NewReader("metadata[a]=1&files[1]=x&files[0]=y&metadata[]=2&metadata[b=3&filesx]=1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Under("metadata"), []Field{{"a", "1"}, {"", "2"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("Under(metadata) = %q, want %q", got, want)
	}
	if got, want := set.Under("files"), []Field{{"1", "x"}, {"0", "y"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("Under(files) = %q, want %q", got, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("a=1", inParts, file("f", "filename=x", "1")+field("a", "1")+"--b--")
	f.Add("jsonerrors=1&a=%00", urlencoded, "a=1&b=2&a=3")
	f.Add("", "application/json", "files[]=1")
	f.Fuzz(func(t *testing.T, query, kind, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", kind)
		set, err := Read(r, func(f File) error {
			_, err := io.Copy(io.Discard, f.Body)
			return err
		})
		seen := map[string]bool{}
		for _, field := range set.fields {
			if seen[field.Name] && field.Name != Many || strings.ContainsRune(field.Name+field.Value, 0) {
				t.Errorf("parameter %q = %q", field.Name, field.Value)
			}
			seen[field.Name] = true
		}
		if err != nil && answer.ErrorOf(err).Status/100 != 4 {
			t.Errorf("Read: %v", err)
		}
	})
}
