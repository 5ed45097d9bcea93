package hook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/answer"
	"github.com/stowgate/stowgate/internal/protocol/uploadcare/hook"
	"github.com/stowgate/stowgate/internal/webhook"
)

var place = answer.Place{CDN: "https://ucarecdn.example.com", API: "https://ucapi.example.com"}

const (
	id      = "f5c4ee6e-f41a-4ff2-a86e-a3e92bcc334d"
	created = "2022-09-27T15:26:04.789882Z"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

func subscriber() webhook.Hook {
	return webhook.Hook{ID: "hook_A", App: "PUBLICKEY", URL: "https://example.com/hook", Format: "uploadcare", Enabled: true, Created: at(created),
		Secrets: []webhook.Secret{{Key: "SECRETkey"}}}
}

func event(kind string, f asset.Fact) asset.Event {
	return asset.Event{ID: 6844, App: "PUBLICKEY", Kind: kind, Time: at("2022-09-27T16:00:00Z"), Fact: f}
}

func picture() asset.Fact {
	orientation := asset.Picture{Format: "JPEG", Mode: "RGB", Width: 500, Height: 400, Orientation: 6}
	return asset.Fact{
		ID: "xK88QArxRiyVvFzo4p33", UUID: uuid.MustParse(id), Name: `IMG <3> "é".jpg`, Type: "image/jpeg", Detected: "image/jpeg", Size: 642,
		Tags: map[string]string{"pet": "cat"}, Labels: []string{"summer"}, Picture: &orientation, Created: at("2022-09-27T15:59:59.000001Z"), Stored: at("2022-09-27T15:59:59.5Z"),
	}
}

// Uploadcare documentation: "Webhook notifications"; a payload that was received,
// shown in "What's the webhook structure?" of its community.
func TestBody(t *testing.T) {
	const (
		front = `{"initiator":{"type":"api","detail":{"request_id":null,"addon_name":null}},"hook":{"id":`
		hook1 = `,"project_id":1231859823,"project_pub_key":"PUBLICKEY","target":"https://example.com/hook","event":"`
		hook2 = `","is_active":true,"version":"0.7","created_at":"` + created + `","updated_at":"` + created + `"},"data":{"datetime_removed":`
		info  = `"content_info":{"mime":{"mime":"image/jpeg","type":"image","subtype":"jpeg"},"image":{"dpi":null,"width":500,"format":"JPEG","height":400,` +
			`"sequence":false,"color_mode":"RGB","orientation":6,"geo_location":null,"datetime_original":null}},`
		name = `IMG3.jpg`
		file = `"file":"https://ucarecdn.example.com/` + id + `/` + name + `"`
		rest = `"url":"https://ucapi.example.com/files/` + id + `/","uuid":"` + id + `","variations":null,` + info +
			`"metadata":{"pet":"cat"},"appdata":{},"tags":["summer"]},` + file
		uploaded = `"datetime_uploaded":"2022-09-27T15:59:59.000001Z","is_image":true,"is_ready":true,"mime_type":"image/jpeg","original_file_url":`
		live     = `null,"datetime_stored":"2022-09-27T15:59:59.500000Z",` + uploaded +
			`"https://ucarecdn.example.com/` + id + `/` + name + `","original_filename":"IMG <3> \"é\".jpg","size":642,` + rest
		dead = `"2022-09-27T16:00:00.000000Z","datetime_stored":null,` + uploaded + `null,"original_filename":"IMG <3> \"é\".jpg","size":642,` + rest
	)
	changed, labelled, first := picture(), picture(), picture()
	changed.Previous = map[string]string{"pet": "dog"}
	labelled.Previous = labelled.Tags
	for _, tt := range []struct {
		name, kind string
		f          asset.Fact
		word, want string
	}{
		{"upload", asset.Uploaded, picture(), "file.uploaded", live + `}`},
		{"store", asset.Kept, picture(), "file.stored", live + `}`},
		{"delete", asset.Deleted, picture(), "file.deleted", dead + `}`},
		{"metadata", asset.Changed, changed, "file.info_updated", live + `,"previous_values":{"metadata":{"pet":"dog"}}}`},
		{"first metadata", asset.Changed, first, "file.info_updated", live + `,"previous_values":{"metadata":null}}`},
		{"tags only", asset.Changed, labelled, "file.info_updated", live + `,"previous_values":{}}`},
	} {
		number, err := json.Marshal(hook.Number("hook_A", tt.kind))
		if err != nil {
			t.Fatal(err)
		}
		want := front + string(number) + hook1 + tt.word + hook2 + tt.want
		got, err := hook.Body(place, subscriber(), event(tt.kind, tt.f))
		if err != nil || string(got) != want {
			t.Errorf("Body, %s = %s, %v\nwant %s", tt.name, got, err, want)
		}
	}
	for _, kind := range []string{asset.Overwritten, "other"} {
		if _, err := hook.Body(place, subscriber(), event(kind, picture())); !errors.Is(err, fault.Unsupported) {
			t.Errorf("Body of %s: error = %v, want %v", kind, err, fault.Unsupported)
		}
	}
}

// A test looks like an upload of now, and is told apart.
func TestTest(t *testing.T) {
	body, err := hook.Body(place, subscriber(), event(webhook.Test, webhook.TestFact))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Test bool
		Hook struct {
			ID    int64
			Event string
		}
		Data struct {
			Uploaded string `json:"datetime_uploaded"`
			UUID     string
		}
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Test || got.Hook.Event != "file.uploaded" || got.Hook.ID != hook.Number("hook_A", asset.Uploaded) ||
		got.Data.Uploaded != "2022-09-27T16:00:00.000000Z" || got.Data.UUID != (uuid.UUID{}).String() {
		t.Errorf("a test says %+v: %s", got, body)
	}
}

// N5: nothing of a fact gets out that Uploadcare does not document, and nothing
// of a hook's secrets.
func TestN5Members(t *testing.T) {
	f := picture()
	f.Location, f.Container, f.Path, f.Alt, f.Client = "SECRETlocation", "SECRETcontainer", "SECRETpath/", "SECRETalt", "SECRETclient"
	f.Workflows = []asset.Workflow{{ID: "SECRETworkflow", Job: "SECRETjob"}}
	f.Version = 773
	for kind := range hook.Format(place).Words {
		body, err := hook.Body(place, subscriber(), event(kind, f))
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"SECRET", "signature", "token", "773", string(f.ID)} {
			if bytes.Contains(body, []byte(bad)) {
				t.Errorf("%s: the payload holds %q: %s", kind, bad, body)
			}
		}
		var got map[string]json.RawMessage
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		want := []string{"data", "file", "hook", "initiator"}
		if kind == asset.Changed {
			want = append(want, "previous_values")
		}
		var members []string
		for name := range got {
			members = append(members, name)
		}
		slices.Sort(members)
		if !slices.Equal(members, want) {
			t.Errorf("%s: members are %v, want %v", kind, members, want)
		}
	}
}

func TestWords(t *testing.T) {
	f := hook.Format(place)
	if got, want := f.Kinds(), []string{asset.Uploaded, asset.Deleted, asset.Kept, asset.Changed}; !slices.Equal(got, want) {
		t.Errorf("it tells of %v, want %v", got, want)
	}
	for kind, word := range f.Words {
		if got := hook.KindOf(word); got != kind || !strings.HasPrefix(word, "file.") {
			t.Errorf("KindOf(%s) = %q, want %q", word, got, kind)
		}
	}
	if got := hook.KindOf("file.infected"); got != "" {
		t.Errorf("KindOf(file.infected) = %q", got)
	}
}

// A number never changes, fits where clients have 32 bits, and is another one
// for another name or kind.
func TestNumber(t *testing.T) {
	seen := map[int64]bool{}
	for _, name := range []string{"", "hook_A", "hook_B"} {
		for _, kind := range append(slices.Clone(webhook.Events), "") {
			n := hook.Number(name, kind)
			if n < 1 || n >= 1<<31 || seen[n] {
				t.Errorf("Number(%q, %q) = %d, and before %v", name, kind, n, seen)
			}
			seen[n] = true
		}
	}
	if got := hook.Number("PUBLICKEY", ""); got != 1231859823 {
		t.Errorf("Number(PUBLICKEY) = %d", got)
	}
}

// Source: uploadcare-ruby, spec/uploadcare/webhook_signature_verifier_spec.rb; the
// second was computed with another implementation of HMAC.
func TestSign(t *testing.T) {
	for _, tt := range []struct{ secret, body, want string }{
		{"12345X", `{"payload_hash":"1844671900","data":{"uuid":"f08d7c8a-2971-42e0-ab01-780d9039b40b","image_info":{"color_mode":"RGB","format":"JPEG","height":168,"width":300,"orientation":null,"dpi":null,"geo_location":null,"datetime_original":null,"sequence":false},"video_info":null,"content_info":{"mime":{"mime":"image/jpeg","type":"image","subtype":"jpeg"},"video":null,"image":{"color_mode":"RGB","format":"JPEG","height":168,"width":300,"orientation":null,"dpi":null,"geo_location":null,"datetime_original":null,"sequence":false}},"mime_type":"image/jpeg","original_filename":"download.jpeg","size":10603,"is_image":true,"is_ready":true,"datetime_removed":null,"datetime_stored":null,"datetime_uploaded":null,"original_file_url":"https://ucarecdn.com/f08d7c8a-2971-42e0-ab01-780d9039b40b/download.jpeg","url":"","source":null,"variations":null,"rekognition_info":null},"hook":{"id":889783,"project_id":123681,"target":"https://6f48-188-232-175-230.ngrok.io/posts","event":"file.uploaded","is_active":true,"created_at":"2021-11-18T06:17:42.730459Z","updated_at":"2021-11-18T06:17:42.730459Z"},"file":"https://ucarecdn.com/f08d7c8a-2971-42e0-ab01-780d9039b40b/download.jpeg"}`,
			"v1=9b31c7dd83fdbf4a2e12b19d7f2b9d87d547672a325b9492457292db4f513c70"},
		{"7kMVZivndx0ErgvhRKAr", `{}`, "v1=f5e051f7effd887c40f1261d21b0ceca135108701752ad42df3d284f71aba6a1"},
	} {
		want := map[string]string{"X-Uc-Signature": tt.want}
		if got := hook.Format(place).Sign(tt.secret, []byte(tt.body), time.Now()); !reflect.DeepEqual(got, want) {
			t.Errorf("Sign(%q, %q) = %v, want %v", tt.secret, tt.body, got, want)
		}
	}
}
