package rest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
)

// A request is one as a client has sent it; see testdata/requests.jsonl.
// Sources: @uploadcare/rest-client 6.21.0 with its clock at recorded;
// uploadcare-go v2.0.0; Uploadcare documentation: "REST API", authentication; and
// the date and the body as pyuploadcare writes them.
type request struct {
	Client, Method, URI, Body string
	Header                    map[string]string
}

func requests(t *testing.T) (all []request) {
	t.Helper()
	f, err := os.Open("testdata/requests.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for dec := json.NewDecoder(f); dec.More(); {
		var r request
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// at returns when the request says that it was sent.
func (r request) at(t *testing.T) time.Time {
	t.Helper()
	text := r.Header["X-Uploadcare-Date"] + r.Header["Date"]
	if text == "" { // shown with a secret, by rest-client
		return recorded
	}
	for _, layout := range []string{http.TimeFormat, "Mon, 02 Jan 2006, 15:04:05 GMT"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatalf("the request was sent at %q", text)
	return time.Time{}
}

// The files of the recorded requests.
const (
	firstUUID  = "85b5644f-e692-4855-9db0-8c5a83096e25"
	secondUUID = "22240276-2f06-41f8-9411-755c8ce926ed"
)

const (
	oneFile  = `"datetime_removed":null,"datetime_stored":null,"datetime_uploaded":"`
	notFound = `{"detail":"Not found."}`
)

// answers are what each recorded request is answered with: a status, and parts of
// the body.
var answers = map[string]struct {
	status int
	parts  string // with spaces between them
}{
	"listOfFiles":                   {200, `{"next":null,"previous":null,"total":2,"totals":{"removed":0,"stored":0,"unstored":2},"per_page":100,"results":[{"datetime_removed":null,`},
	"listOfFiles(options)":          {200, `{"next":null,"previous":null,"total":0,"totals":{"removed":0,"stored":0,"unstored":2},"per_page":1,"results":[]}`},
	"fileInfo":                      {200, oneFile + ` "uuid":"` + firstUUID + `" "metadata":{"pet":"cat"} "tags":["b"]}`},
	"fileInfo(include)":             {200, `"metadata":{"pet":"cat"},"appdata":{},"tags":["b"]}`},
	"fileInfo(simple auth)":         {200, `"uuid":"` + firstUUID + `"`},
	"storeFile":                     {200, `{"datetime_removed":null,"datetime_stored":"2026-`},
	"deleteFile":                    {200, `{"datetime_removed":"2026- "datetime_stored":null "original_file_url":null "is_ready":true`},
	"storeFiles":                    {200, `{"status":"ok","problems":{},"result":[{ "uuid":"` + firstUUID + `" "uuid":"` + secondUUID + `"`},
	"deleteFiles":                   {200, `{"status":"ok","problems":{},"result":[{"datetime_removed":"2026-`},
	"copyFileToLocalStorage":        {201, `{"type":"file","result":{"datetime_removed":null,"datetime_stored":"2026- "metadata":{"k":"v"}`},
	"copyFileToRemoteStorage":       {400, `{"detail":"Project has no storage with provided name."}`},
	"searchFiles":                   {200, `{"next":null,"previous":null,"total":1,"per_page":20,"results":[{ "highlight":{"original_filename":["my&nbsp;<em>vacation</em>.txt"]}}]}`},
	"getTags":                       {200, `{"tags":["b"]}`},
	"replaceTags":                   {200, `{"tags":["a"],"added":["a"],"deleted":["b"]}`},
	"updateTags":                    {200, `{"tags":["a"],"added":["a"],"deleted":["b"]}`},
	"getMetadata":                   {200, `{"pet":"cat"}`},
	"getMetadataValue":              {200, `"cat"`},
	"updateMetadata":                {200, `"dog"`},
	"updateMetadata(empty)":         {400, `{"detail":"`},
	"deleteMetadata":                {204, ``},
	"listOfGroups":                  {200, `{"next":null,"previous":null,"total":1,"per_page":3,"results":[{"id":"` + firstUUID + `~2", "files_count":2,"cdn_url":"https://ucarecdn.test/` + firstUUID + `~2/","url":"https://ucapi.test/groups/` + firstUUID + `~2/"}]}`},
	"groupInfo":                     {200, `"files":[{"datetime_removed":null, "default_effects":"resize/100x/"}`},
	"deleteGroup":                   {204, ``},
	"listOfWebhooks":                {200, `[]`},
	"createWebhook":                 {201, `"event":"file.uploaded","target_url":"https://example.com/h","is_active":true,"signing_secret":"s3cr3t","version":"0.7"}`},
	"updateWebhook":                 {404, notFound},
	"deleteWebhook":                 {204, ``},
	"convert(document)":             {400, `{"detail":"Document conversion feature is not available for this project."}`},
	"convert(video)":                {400, `{"detail":"Video conversion feature is not available for this project."}`},
	"conversionInfo":                {400, `{"detail":"Document conversion feature is not available for this project."}`},
	"conversionJobStatus(document)": {404, notFound},
	"conversionJobStatus(video)":    {404, notFound},
	"executeAddon(clamav)":          {403, `{"detail":"`},
	"addonExecutionStatus":          {200, `{"status":"unknown"}`},
	"conversion.Document":           {400, `{"detail":"Document conversion feature is not available for this project."}`},
	"conversion.DocumentStatus":     {404, notFound},
	"conversion.VideoStatus":        {404, notFound},
	"file.BatchStore":               {200, `{"status":"ok","problems":{},"result":[{"datetime_removed":null,"datetime_stored":"2026-`},
	"file.Delete":                   {200, `{"datetime_removed":"2026-`},
	"file.Info(include)":            {200, `"appdata":{}`},
	"file.Info(signed)":             {200, `"uuid":"` + firstUUID + `"`},
	"file.Info(simple)":             {200, `"uuid":"` + firstUUID + `"`},
	"file.List":                     {200, `"total":0 "per_page":1,"results":[]}`},
	"file.LocalCopy":                {201, `{"type":"file","result":{"datetime_removed":null,"datetime_stored":"2026-`},
	"file.RemoteCopy":               {400, `{"detail":"Project has no storage with provided name."}`},
	"file.Store":                    {200, `"datetime_stored":"2026-`},
	"group.Delete":                  {204, ``},
	"group.Info":                    {200, `"files_count":1 "files":[{"datetime_removed":null,`},
	"group.List":                    {200, `"total":1,"per_page":100,"results":[{"id":"` + firstUUID + `~1",`},
	"metadata.Delete":               {204, ``},
	"metadata.Set":                  {200, `"dog"`},
	"project.Info":                  {200, `{"collaborators":[],"name":"the app demopublickey","pub_key":"demopublickey","autostore_enabled":true}`},
	"webhook.Create":                {201, `"event":"file.uploaded","target_url":"https://example.com/h","is_active":true,"signing_secret":null,"version":"0.7"}`},
	"webhook.Delete":                {404, notFound},
	"documentation example":         {200, `"total":0 "results":[]}`},
	"pyuploadcare date format":      {200, `"pub_key":"demopublickey"`},
	"form-encoded webhook create":   {201, `"event":"file.uploaded","target_url":"https://example.com/h","is_active":true,"signing_secret":null,`},
}

// stage returns a stack with what the recorded requests are about.
func stage(t *testing.T, r request) *stack {
	t.Helper()
	s := newStackWith(t, setup{now: r.at(t)})
	s.now = s.now.Add(-time.Minute) // what is there was there before
	first := s.put(demoKey, file{name: "a.txt", body: "hello", uuid: firstUUID, tags: map[string]string{"pet": "cat"}, labels: []string{"b"}, temporary: true})
	s.now = s.now.Add(time.Second)
	second := s.put(demoKey, file{name: "my\u00a0vacation.txt", body: "sun", uuid: secondUUID, temporary: true})
	members := []asset.Member{{Asset: first.ID, Effects: "resize/100x/"}, {Asset: second.ID}}
	if strings.HasPrefix(r.Client, "uploadcare-go") { // whose group has one file
		members = members[:1]
	}
	_, err := s.groups.AddGroup(t.Context(), asset.Group{ID: uuid.MustParse(firstUUID), App: demoKey, Members: members, Created: s.now}, policy.Use{})
	s.must(err)
	s.now = r.at(t)
	return s
}

// TestReplay sends what clients have sent, with their own signatures.
func TestReplay(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range requests(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(r.Client, "rest-client "), "uploadcare-go ")
		seen[name] = true
		t.Run(r.Client, func(t *testing.T) {
			want, ok := answers[name]
			if !ok {
				t.Fatal("no answer is known")
			}
			s := stage(t, r)
			var header []string
			for field, value := range r.Header {
				header = append(header, field+": "+value)
			}
			w := s.send(r.Method, r.URI, r.Body, header...)
			body := w.Body.String()
			if w.Code != want.status {
				t.Fatalf("status %d, want %d: %s", w.Code, want.status, body)
			}
			for part := range strings.SplitSeq(want.parts, " ") {
				if part = strings.NewReplacer("&nbsp;", "\u00a0").Replace(part); !strings.Contains(strings.ReplaceAll(body, " ", ""), part) {
					t.Errorf("answer %s\nhas no %s", body, part)
				}
			}
			kind := accept
			if name == "addonExecutionStatus" {
				kind = "application/json"
			}
			switch got := w.Header()["Content-Type"]; {
			case want.status == http.StatusNoContent && (body != "" || got != nil):
				t.Errorf("an answer without a body is %q of type %q", body, got)
			case want.status != http.StatusNoContent && (len(got) != 1 || got[0] != kind):
				t.Errorf("Content-Type %q, want %q and nothing else", got, kind)
			}
		})
	}
	for name := range answers {
		if !seen[name] {
			t.Errorf("no request %q", name)
		}
	}
}
