package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/plan"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/transform"
)

var families = []Family{Upload, Process, Cloud, WWW, CDN}

// leak stands for what an error says that no stranger may read.
const leak = "/var/lib/stowgate/blobs/0001"

// TestKinds holds that every kind has an answer in every family, that the answer
// is an error, and that it does not tell what the error says.
func TestKinds(t *testing.T) {
	for _, kind := range fault.Kinds {
		if out, ok := outcomes[kind]; !ok || out.status < 400 || out.text == "" {
			t.Errorf("outcomes[%v] = %v: every kind needs a status and a text", kind, out)
		}
		for _, f := range families {
			w := httptest.NewRecorder()
			Fail(f)(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("open %s: %w", leak, kind))
			if strings.Contains(w.Body.String(), leak) {
				t.Errorf("family %d answers %v with %q, which tells what the error says", f, kind, w.Body)
			}
			if f < WWW && !json.Valid(w.Body.Bytes()) {
				t.Errorf("family %d answers %v with %q, want JSON", f, kind, w.Body)
			}
			if got := w.Header().Get("Cache-Control"); got != "private, no-store" {
				t.Errorf("family %d lets caches keep an error: %q", f, got)
			}
		}
	}
	if got := answerFor(Upload, errors.New("something")).status; got != 500 {
		t.Errorf("an error without a kind is answered with %d, want 500", got)
	}
}

// TestReasons holds that every reason of a denial has words of its own, in the
// frame of each host.
func TestReasons(t *testing.T) {
	seen := map[string]policy.Reason{}
	for _, reason := range policy.Reasons {
		text := refusals[reason]
		if other, ok := seen[text]; ok || text == "" {
			t.Errorf("refusals[%v] = %q, which says nothing or is that of %v", reason, text, other)
		}
		seen[text] = reason
	}
	denial := About("file H", fmt.Errorf("check: %w", &policy.Denial{Reason: policy.Expired, Detail: leak}))
	for _, tt := range []struct {
		family Family
		status int
		want   string
	}{
		{Upload, 403, "Invalid App policy"},
		{Process, 403, "invalid security policy: the policy has expired"},
		{Cloud, 401, "Invalid Policy"},
		{WWW, 403, "This action has been secured by the developer of this website. Error: the policy has expired"},
		{CDN, 403, "file H policy error: the policy has expired"},
	} {
		if got := answerFor(tt.family, denial); got != (outcome{tt.status, tt.want}) {
			t.Errorf("answerFor(%d, expired) = %v, want %d %q", tt.family, got, tt.status, tt.want)
		}
	}
}

func TestSpecialErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		family Family
		err    error
		want   outcome
	}{
		{"unknown app", Upload, ErrUnknownApp, outcome{403, "Invalid Application"}},
		{"unknown app on cdn", CDN, About("application K", ErrUnknownApp), outcome{403, "storage provider error: Invalid Application (idx 0)"}},
		{"bad parameter", Upload, params.Invalid("store:region"), outcome{400, "invalid params: store:region"}},
		{"a parameter twice", CDN, &taskurl.Repeated{Task: "resize", Param: "width"}, outcome{400, "parameter `width` for `resize` task is given twice"}},
		{"unknown task", CDN, &taskurl.UnknownTask{Name: "foo"}, outcome{400, "unknown task `foo`"}},
		{"bad parameter of a task", CDN, &plan.Error{Task: "resize", Param: "heigt"}, outcome{400, "invalid parameter `heigt` for `resize` task"}},
		{"image over a limit", CDN, fmt.Errorf("render: %w", &transform.Refusal{Why: "too many pixels", Kind: fault.TooLarge}), outcome{413, "too many pixels"}},
		{"no engine", CDN, Unsupported("resize"), outcome{400, "Unsupported conversion: resize is not available on this server"}},
		{"full", Upload, &policy.Denial{Reason: policy.QuotaReached, Detail: leak}, outcome{403, "the application has reached its storage quota"}},
		{"full on cloud", Cloud, &policy.Denial{Reason: policy.QuotaReached}, outcome{403, "the application has reached its storage quota"}},
		{"another type", WWW, About("application K", &policy.Denial{Reason: policy.TypeNotAllowed}), outcome{403, "the type of the file is not allowed by the application"}},
		{"busy", CDN, fault.Busy, outcome{429, "too many requests"}},
		{"busy where filestack-js would give up", Upload, fault.Busy, outcome{503, "too many requests"}},
	} {
		if got := answerFor(tt.family, tt.err); got != tt.want {
			t.Errorf("%s: answerFor = %v, want %v", tt.name, got, tt.want)
		}
	}
}
