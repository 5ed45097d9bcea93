package hook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/hook"
)

var place = answer.Place{CDN: "https://cdn.example.com", Container: "stowgate"}

const handle = "xK88QArxRiyVvFzo4p33"

func event(kind string, f asset.Fact) asset.Event {
	return asset.Event{ID: 6844, App: "APPKEY", Kind: kind, Time: time.Unix(1559199901, 999), Fact: f}
}

// Filestack documentation: "Webhooks", which shows each of these.
func TestBody(t *testing.T) {
	plain := asset.Fact{ID: handle, Name: `01 <1> "é".png`, Type: "image/png", Detected: "image/jpeg", Size: 158584}
	full := plain
	full.Container, full.Path, full.Client = "bucket", "in/", "URL"
	full.Tags, full.Workflows = map[string]string{"a": "b"}, []asset.Workflow{{ID: "w", Job: "j"}}
	for _, tt := range []struct {
		name, kind string
		f          asset.Fact
		want       string
	}{
		{"upload", asset.Uploaded, plain, `{"id":6844,"action":"fp.upload","timestamp":1559199901,"text":{"container":"stowgate",` +
			`"url":"https://cdn.example.com/` + handle + `","filename":"01 <1> \"é\".png","client":"Computer","key":"` + handle + `_01 <1> \"é\".png",` +
			`"type":"image/png","status":"Stored","size":158584}}`},
		{"upload with everything", asset.Uploaded, full, `{"id":6844,"action":"fp.upload","timestamp":1559199901,"text":{"container":"bucket",` +
			`"url":"https://cdn.example.com/` + handle + `","filename":"01 <1> \"é\".png","client":"URL","key":"in/` + handle + `_01 <1> \"é\".png",` +
			`"type":"image/png","status":"Stored","size":158584,"upload_tags":{"a":"b"},"workflows":{"w":{"jobid":"j"}}}}`},
		{"overwrite", asset.Overwritten, plain, `{"id":6844,"action":"fp.overwrite","timestamp":1559199901,"text":{"mimetype":"image/png",` +
			`"url":"https://cdn.example.com/` + handle + `","isWriteable":true,"filename":"01 <1> \"é\".png","client":"Computer","size":158584}}`},
		{"delete", asset.Deleted, full, `{"id":6844,"action":"fp.delete","timestamp":1559199901,"text":{"url":"https://cdn.example.com/` + handle + `"}}`},
		{"test", "test", asset.Fact{ID: handle, Name: "n", Type: "t/t", Size: 1}, `{"id":6844,"action":"fp.upload","timestamp":1559199901,"test":true,"text":{"container":"stowgate",` +
			`"url":"https://cdn.example.com/` + handle + `","filename":"n","client":"Computer","key":"` + handle + `_n","type":"t/t","status":"Stored","size":1}}`},
	} {
		got, err := hook.Body(place, event(tt.kind, tt.f))
		if err != nil || string(got) != tt.want {
			t.Errorf("Body, %s = %s, %v\nwant %s", tt.name, got, err, tt.want)
		}
	}
	if _, err := hook.Body(place, event("other", plain)); !errors.Is(err, fault.Unsupported) {
		t.Errorf("Body of an unknown kind: error = %v, want %v", err, fault.Unsupported)
	}
}

// N5: a payload has the documented members and no others; nothing of a fact gets
// out that is not named here.
func TestN5Members(t *testing.T) {
	f := asset.Fact{
		ID: "PLANTEDid01234567890", UUID: uuid.MustParse("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"), Name: "PLANTEDname", Type: "PLANTEDtype",
		Detected: "SECRETdetected", Size: 1, Width: 771, Height: 772, Version: 773, Location: "SECRETlocation", Container: "PLANTEDcontainer",
		Path: "PLANTEDpath/", Tags: map[string]string{"PLANTEDtag": "PLANTEDvalue"}, Alt: "SECRETalt",
		Workflows: []asset.Workflow{{ID: "PLANTEDworkflow", Job: "PLANTEDjob"}}, Client: "PLANTEDclient",
	}
	for kind, want := range map[string]string{
		asset.Uploaded:    "client container filename key size status type upload_tags url workflows",
		asset.Overwritten: "client filename isWriteable mimetype size url",
		asset.Deleted:     "url",
		"test":            "client container filename key size status type upload_tags url workflows",
	} {
		body, err := hook.Body(place, event(kind, f))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			ID        int64
			Action    string
			Timestamp int64
			Test      bool
			Text      map[string]any
		}
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		var members []string
		for _, name := range strings.Fields("client container filename isWriteable key mimetype size status type upload_tags url workflows") {
			if _, ok := got.Text[name]; ok {
				members = append(members, name)
				delete(got.Text, name)
			}
		}
		if text := strings.Join(members, " "); text != want || len(got.Text) != 0 {
			t.Errorf("%s: text has %s, and besides %v; want %s", kind, text, got.Text, want)
		}
		for _, bad := range []string{"SECRET", "policy=", "signature=", "APPKEY", "77", f.UUID.String()} {
			if strings.Contains(string(body), bad) {
				t.Errorf("%s: the payload holds %q: %s", kind, bad, body)
			}
		}
	}
}

// Source: filestack-js, src/lib/api/security.spec.ts, and filestack-python,
// tests/helpers_test.py.
func TestSign(t *testing.T) {
	for _, tt := range []struct{ secret, at, body, want string }{
		{"Y5cWb1rdRDSTSqEjF5pv", "1559199901", `{"id": 6844, "action": "fp.upload", "timestamp": 1559199901, "text": {"url": "http://cdn.filestackapi.dev/xK88QArxRiyVvFzo4p33", "client": "Computer", "data": {"filename": "01 (1).png", "type": "image/png", "size": 881855}}}`,
			"14495b54b246e1352bb69cd91c5c1bfe2221f2d0330414b3df8f5fb2903db730"},
		{"webhook-secret", "123456789999", `{"text": {"filename": "filename.jpg", "key": "kGaeljnga9wkysK6Z_filename.jpg"}}`,
			"57cbb25386c3d6ff758a7a75cf52ba02cf2b0a1a2d6d5dfb9c886553ca6011cb"},
	} {
		at, err := strconv.ParseInt(tt.at, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"FS-Timestamp": tt.at, "FS-Signature": tt.want}
		if got := hook.Sign(tt.secret, []byte(tt.body), time.Unix(at, 5)); !reflect.DeepEqual(got, want) {
			t.Errorf("Sign(%q, %q) = %v, want %v", tt.secret, tt.body, got, want)
		}
	}
}
