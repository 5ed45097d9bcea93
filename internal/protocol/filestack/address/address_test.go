package address

import (
	"maps"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

var book = Book{CDN: "https://cdn.example.com", API: "https://www.example.com"}

func TestTasks(t *testing.T) {
	for _, tt := range []struct {
		fields map[string]string
		want   string
	}{
		{nil, ""},
		{map[string]string{"fit": "max"}, ""},
		{map[string]string{"width": " 300 "}, "resize=width:300"},
		{map[string]string{"width": "300", "height": "200", "fit": "crop", "rotate": "90"}, "resize=width:300,height:200,fit:crop/rotate=deg:90"},
		{map[string]string{"crop": "1, 2, 30, 40", "format": "webp", "quality": "60"}, "crop=dim:[1,2,30,40]/output=format:webp,quality:60"},
		{map[string]string{"width": "300", "tasks": "/sepia/flip/"}, "sepia/flip"},
		{map[string]string{"tasks": `watermark=file:"https://example.com/a b?c#d"`}, `watermark=file:%22https://example.com/a%20b%3Fc%23d%22`},
	} {
		got, err := book.Tasks(tt.fields)
		if err != nil || got != tt.want {
			t.Errorf("Tasks(%v) = %q, %v; want %q", tt.fields, got, err, tt.want)
		}
		if chain, err := taskurl.Parse("/" + got + "/" + example); err != nil || len(chain.Sources) != 1 || chain.Sources[0] != example {
			t.Errorf("%q before a handle is read as %+v, %v", got, chain, err)
		}
	}
	for _, tt := range []struct{ tasks, want string }{
		{"resize", "missing parameter width for resize task"},
		{"resize=width:x", "invalid parameter width for resize task"},
		{"resize=wide:9", "resize"},
		{"nonsense=a:1", "unknown task nonsense"},
		{"store", "store cannot be tried here"},
		{"security=policy:a,signature:b", "security cannot be tried here"},
		{"preview", "preview is a page"},
		{example, "there is no task " + example},
		{"https://example.com/a.png", "without the file"},
		{"ABCDEFGHIJKLMNOPQRSTUz/resize=width:3", "there is no task ABCDEFGHIJKLMNOPQRSTUz"},
		{"output=format:pdf", "not available on this server"},
	} {
		_, err := book.Tasks(map[string]string{"tasks": tt.tasks})
		refusal, ok := err.(*account.Refusal)
		if !ok || refusal.Field != "tasks" || !strings.Contains(refusal.Why, tt.want) {
			t.Errorf("Tasks of %q: %v, want %q", tt.tasks, err, tt.want)
		}
	}
}

func TestForms(t *testing.T) {
	const id = asset.ID("aBcDeFgHiJkLmNoPqRsT")
	plain := maps.Collect(book.Forms(id, policy.Credential{}))
	if plain["The file"] != "https://cdn.example.com/"+string(id) || plain["File API"] != "https://www.example.com/api/file/"+string(id) || len(plain) != 5 {
		t.Errorf("without a policy: %v", plain)
	}
	signed := maps.Collect(book.Forms(id, policy.Credential{Policy: "a+/=", Signature: "ff"}))
	if got, want := signed["To save it"], "https://cdn.example.com/"+string(id)+"?dl=true&policy=a%2B%2F%3D&signature=ff"; got != want || len(signed) != 6 {
		t.Errorf("to save it: %q, want %q, of %d", got, want, len(signed))
	}
	target := strings.TrimPrefix(signed["The same, the policy as a task"], "https://cdn.example.com")
	chain, err := taskurl.Parse(target)
	if task, ok := chain.Find("security"); err != nil || !ok || task.Text("policy") != "a+/=" || task.Text("signature") != "ff" {
		t.Errorf("%s is read as %+v, %v", target, chain, err)
	}
	for range book.Forms(id, policy.Credential{}) {
		break // ends it
	}
}
