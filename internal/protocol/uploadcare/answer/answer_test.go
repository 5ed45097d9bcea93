package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
)

var place = Place{CDN: "https://cdn.test", API: "https://api.test", Upload: "https://upload.test"}

func TestName(t *testing.T) {
	var names []struct{ Original, Name string }
	data, err := os.ReadFile("testdata/names.json")
	if err == nil {
		err = json.Unmarshal(data, &names)
	}
	if err != nil || len(names) < 20 {
		t.Fatalf("%d names, %v", len(names), err)
	}
	for _, n := range names {
		if got := Name(n.Original); got != n.Name {
			t.Errorf("Name(%q) = %q, want %q", n.Original, got, n.Name)
		}
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2018, 11, 26, 13, 49, 10, 477888999, time.FixedZone("", 3600))
	if got, want := Time(at), "2018-11-26T12:49:10.477888Z"; got != want {
		t.Errorf("Time = %s, want %s", got, want)
	}
	if got, want := Time(time.Unix(0, 0)), "1970-01-01T00:00:00.000000Z"; got != want {
		t.Errorf("Time = %s, want %s", got, want)
	}
	if got := TimeOrNull(time.Time{}); got != nil {
		t.Errorf("TimeOrNull of no time = %s", *got)
	}
}

func TestGroupID(t *testing.T) {
	id := uuid.MustParse("0d712319-b970-4602-850c-bae1ced521a6")
	g := asset.Group{ID: id, Size: 12}
	if got, n, err := ParseGroupID(GroupID(g)); got != id || n != 12 || err != nil {
		t.Errorf("ParseGroupID(%s) = %v, %d, %v", GroupID(g), got, n, err)
	}
	for _, bad := range []string{"", id.String(), id.String() + "~", id.String() + "~0", id.String() + "~01",
		id.String() + "~+1", id.String() + "~1001", "{" + id.String() + "}~1", strings.ReplaceAll(id.String(), "-", "") + "~1", "123ebb27-1fd6-46c6-a859-b9893"} {
		if _, _, err := ParseGroupID(bad); !errors.Is(err, fault.NotFound) {
			t.Errorf("ParseGroupID(%q): %v, want %v", bad, err, fault.NotFound)
		}
	}
	if _, n, err := ParseGroupID(id.String() + "~1000"); n != asset.MaxGroup || err != nil {
		t.Errorf("ParseGroupID of %d files = %d, %v", asset.MaxGroup, n, err)
	}
}

// photo is a file about which everything is known.
func photo() asset.Asset {
	lat, long := 55.5, 37.5
	return asset.Asset{
		UUID: uuid.MustParse("be3b4d5e-179d-460e-8a5d-69112ac86cbb"), Name: "IMG-0412_123.JPG", Type: "image/jpg", Detected: "image/jpeg",
		Content: blob.Content{Segments: []blob.Segment{{Size: 7}}}, Tags: map[string]string{"pet": "cat"}, Labels: []string{"b", "a"},
		Created: time.Unix(1, 0), Stored: time.Unix(2, 0),
		Picture: &asset.Picture{Format: "JPEG", Mode: "RGB", Width: 3, Height: 4, Frames: 1, Orientation: 6,
			DPI: &[2]int{72, 73}, Taken: "2018-08-20T08:59:50", Latitude: &lat, Longitude: &long},
	}
}

const (
	photoImage = `{"dpi":[72,73],"width":3,"format":"JPEG","height":4,"sequence":false,"color_mode":"RGB","orientation":6,` +
		`"geo_location":{"latitude":55.5,"longitude":37.5},"datetime_original":"2018-08-20T08:59:50"}`
	plainImage = `{"dpi":null,"width":3,"format":"GIF","height":4,"sequence":true,"color_mode":"P","orientation":null,` +
		`"geo_location":null,"datetime_original":null}`
)

func check(t *testing.T, name string, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil || string(text) != want {
		t.Errorf("%s:\n%s, %v\nwant\n%s", name, text, err, want)
	}
}

func TestInfo(t *testing.T) {
	const id = `"uuid":"be3b4d5e-179d-460e-8a5d-69112ac86cbb","file_id":"be3b4d5e-179d-460e-8a5d-69112ac86cbb",`
	a := photo()
	check(t, "photo", place.Info(a), `{"size":7,"total":7,"done":7,`+id+
		`"original_filename":"IMG-0412_123.JPG","filename":"IMG0412_123.JPG","mime_type":"image/jpg",`+
		`"is_image":true,"is_stored":true,"is_ready":true,"image_info":`+photoImage+`,"video_info":null,`+
		`"content_info":{"mime":{"mime":"image/jpeg","type":"image","subtype":"jpeg"},"image":`+photoImage+`},"metadata":{"pet":"cat"}}`)

	a.Picture, a.Stored, a.Tags = nil, time.Time{}, nil
	check(t, "not looked at", place.Member(a, ""), `{"size":7,"total":7,"done":7,`+id+
		`"original_filename":"IMG-0412_123.JPG","filename":"IMG0412_123.JPG","mime_type":"image/jpg",`+
		`"is_image":false,"is_stored":false,"is_ready":false,"image_info":null,"video_info":null,"content_info":null,"metadata":{},"default_effects":""}`)

	blind := place
	blind.Blind = true
	if info := blind.Info(a); !info.IsReady || info.IsImage || info.ContentInfo == nil {
		t.Errorf("where nothing looks: %+v", info)
	}
	a.Picture = &asset.Picture{}
	if info := place.Info(a); !info.IsReady || info.IsImage || info.ContentInfo.Image != nil {
		t.Errorf("an image that cannot be read: %+v", info)
	}
	a.Picture, a.Detected = nil, "text/plain"
	if info := place.Info(a); !info.IsReady || info.IsImage || info.ContentInfo.Mime.Subtype != "plain" {
		t.Errorf("a text: %+v", info)
	}
	a.Picture = &asset.Picture{Format: "GIF", Mode: "P", Width: 3, Height: 4, Frames: 2}
	check(t, "animation", place.Info(a).ImageInfo, plainImage)
}

func TestDescribed(t *testing.T) {
	a := photo()
	const end = `"original_filename":"IMG-0412_123.JPG","size":9,"url":"https://api.test/files/be3b4d5e-179d-460e-8a5d-69112ac86cbb/",` +
		`"uuid":"be3b4d5e-179d-460e-8a5d-69112ac86cbb","variations":null,`
	check(t, "stored", place.Described(a, 9, time.Time{}), `{"datetime_removed":null,"datetime_stored":"1970-01-01T00:00:02.000000Z",`+
		`"datetime_uploaded":"1970-01-01T00:00:01.000000Z","is_image":true,"is_ready":true,"mime_type":"image/jpg",`+
		`"original_file_url":"https://cdn.test/be3b4d5e-179d-460e-8a5d-69112ac86cbb/IMG0412_123.JPG",`+end+
		`"content_info":{"mime":{"mime":"image/jpeg","type":"image","subtype":"jpeg"},"image":`+photoImage+`},"metadata":{"pet":"cat"},"tags":["b","a"]}`)
	a.Picture, a.Labels, a.Tags = nil, nil, nil
	check(t, "removed", place.Described(a, 9, time.Unix(3, 0)), `{"datetime_removed":"1970-01-01T00:00:03.000000Z","datetime_stored":null,`+
		`"datetime_uploaded":"1970-01-01T00:00:01.000000Z","is_image":null,"is_ready":false,"mime_type":"image/jpg","original_file_url":null,`+end+
		`"content_info":null,"metadata":{},"tags":[]}`)
}

func TestGroup(t *testing.T) {
	g := asset.Group{ID: uuid.MustParse("0d712319-b970-4602-850c-bae1ced521a6"), Size: 1, Created: time.Unix(1, 0)}
	const head = `{"id":"0d712319-b970-4602-850c-bae1ced521a6~1","datetime_created":"1970-01-01T00:00:01.000000Z","datetime_stored":null,"files_count":1,` +
		`"cdn_url":"https://cdn.test/0d712319-b970-4602-850c-bae1ced521a6~1/","url":"https://api.test/groups/0d712319-b970-4602-850c-bae1ced521a6~1/"`
	check(t, "group", place.Group(g, nil), head+"}")
	check(t, "with a removed file", place.Group(g, []*Info{nil}), head+`,"files":[null]}`)
}

func TestErrorOf(t *testing.T) {
	for _, kind := range fault.Kinds {
		told := ErrorOf(fmt.Errorf("secret detail: %w", kind))
		if told.Code == "" || strings.Contains(told.Sentence, "secret") || strings.Contains(told.Sentence, "%!") {
			t.Errorf("%v is told as %+v", kind, told)
		}
	}
	for _, reason := range policy.Reasons {
		told := ErrorOf(fmt.Errorf("secret detail: %w", &policy.Denial{Reason: reason}))
		if reasons[reason] == "" || told.Code != reasons[reason] || strings.Contains(told.Sentence, "%!") {
			t.Errorf("%v is told as %+v", reason, told)
		}
	}
	err := Because(fmt.Errorf("path of ours: %w", fault.Unavailable), "FileIdInvalidError")
	if told := ErrorOf(err); told.Sentence != "file_id is invalid." || fault.Of(err) != fault.Invalid {
		t.Errorf("%v is told as %+v", err, told)
	}
	for code, w := range wordings {
		kind := fault.Of(&Error{Status: w.status})
		if (kind == fault.Internal) != (w.status == http.StatusInternalServerError) {
			t.Errorf("%s with status %d is of kind %v", code, w.status, kind)
		}
	}
}

func TestFail(t *testing.T) {
	err := Refuse("ProjectPublicKeyRequiredError", "pub_key")
	const inJSON = `{"error":{"status_code":403,"content":"pub_key is required.","error_code":"ProjectPublicKeyRequiredError"}}`
	const plain = "pub_key is required."
	for _, tt := range []struct {
		name, query, accept string
		err                 error
		want                string
	}{
		{"nothing said", "", "*/*", err, plain},
		{"header", "", "text/html, application/json;q=0.9", err, inJSON},
		{"query", "jsonerrors=1", "", err, inJSON},
		{"query without a value", "jsonerrors=", "application/json", err, plain},
		{"query against it", "jsonerrors=0", "application/json", err, plain},
		{"form", "", "", InForm(err, "true"), inJSON},
		{"form over query", "jsonerrors=1", "", InForm(err, "0"), plain},
	} {
		r := httptest.NewRequest("GET", "/info/?"+tt.query, nil)
		r.Header.Set("Accept", tt.accept)
		w := httptest.NewRecorder()
		Fail(w, r, tt.err)
		status, kind := http.StatusForbidden, "text/plain; charset=utf-8"
		if tt.want == inJSON {
			status, kind = http.StatusOK, "application/json"
		}
		if w.Body.String() != tt.want || w.Code != status || w.Header().Get("Content-Type") != kind {
			t.Errorf("%s: %d %s %s", tt.name, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

type later time.Duration

func (l later) Error() string             { return "busy" }
func (l later) Unwrap() error             { return fault.Busy }
func (l later) RetryAfter() time.Duration { return time.Duration(l) }

func TestFailBusy(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{{later(7 * time.Second), "7"}, {later(0), "1"}, {fault.Busy, "1"}} {
		w := httptest.NewRecorder()
		Fail(w, httptest.NewRequest("GET", "/?jsonerrors=1", nil), tt.err)
		if got := w.Header().Get("Retry-After"); w.Code != http.StatusOK || got != tt.want || !strings.Contains(w.Body.String(), `"RequestThrottledError"`) {
			t.Errorf("%v: %d, Retry-After %q, %s", tt.err, w.Code, got, w.Body)
		}
	}
}
