// Package address writes the addresses of stored files, for those who look after
// them: as the file is, as its reader sees it, and of what tasks make of it.
package address

import (
	"cmp"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/plan"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// A Book knows where files are.
type Book struct {
	CDN string // where they are delivered, like https://cdn.example.com
	API string // where the file API is, like https://www.example.com
}

// File returns the address of a file, or, with tasks, of what they make of it.
// The zero Credential adds none.
func (b Book) File(id asset.ID, tasks string, c policy.Credential) string {
	if tasks != "" {
		tasks += "/"
	}
	return b.CDN + "/" + tasks + string(id) + query(c, "")
}

// Download returns the address that browsers save a file from.
func (b Book) Download(id asset.ID, c policy.Credential) string {
	return b.CDN + "/" + string(id) + query(c, "dl")
}

// Page returns the address of the page that shows a file.
//
// Filestack documentation: "Document Viewer".
func (b Book) Page(id asset.ID, c policy.Credential) string { return b.File(id, "preview", c) }

// Forms yields all ways to write the address of a file, each with its name.
func (b Book) Forms(id asset.ID, c policy.Credential) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		task := ""
		if c != (policy.Credential{}) {
			task = "security=policy:" + url.QueryEscape(c.Policy) + ",signature:" + url.QueryEscape(c.Signature)
		}
		_ = yield("The file", b.File(id, "", c)) &&
			(task == "" || yield("The same, the policy as a task", b.File(id, task, policy.Credential{}))) &&
			yield("To save it", b.Download(id, c)) &&
			yield("A page that shows it", b.Page(id, c)) &&
			yield("What is known of it", b.File(id, "metadata", c)) &&
			yield("File API", b.API+"/api/file/"+string(id)+query(c, ""))
	}
}

func query(c policy.Credential, flag string) string {
	values := url.Values{}
	if c != (policy.Credential{}) {
		values.Set("policy", c.Policy)
		values.Set("signature", c.Signature)
	}
	if flag != "" {
		values.Set(flag, "true")
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// Tasks returns the tasks that a form asks for, as they stand in an address; ""
// if it asks for nothing. Its fields are crop (x,y,width,height), width, height,
// fit, rotate, format and quality, and tasks, which counts instead of them. The
// error is an *account.Refusal that says what about them makes no sense.
func (b Book) Tasks(fields map[string]string) (string, error) {
	text := strings.Trim(strings.TrimSpace(fields["tasks"]), "/")
	if text == "" {
		text = strings.Join(compose(fields), "/")
	}
	if text == "" {
		return "", nil
	}
	text = escape(text)
	if err := check(text); err != nil {
		return "", account.Refuse(fault.Invalid, "tasks", "%s", strings.ReplaceAll(err.Error(), "`", ""))
	}
	return text, nil
}

// compose writes the fields of a form as tasks, in the order in which they are
// of use.
func compose(fields map[string]string) (tasks []string) {
	add := func(task string, pairs ...string) {
		var params []string
		for i := 0; i < len(pairs); i += 2 {
			if value := strings.TrimSpace(pairs[i+1]); value != "" {
				params = append(params, pairs[i]+":"+value)
			}
		}
		if len(params) > 0 {
			tasks = append(tasks, task+"="+strings.Join(params, ","))
		}
	}
	if box := strings.TrimSpace(fields["crop"]); box != "" {
		add("crop", "dim", "["+strings.Join(strings.FieldsFunc(box, func(r rune) bool { return strings.ContainsRune(" ,;x", r) }), ",")+"]")
	}
	if width, height := fields["width"], fields["height"]; strings.TrimSpace(width+height) != "" {
		add("resize", "width", width, "height", height, "fit", fields["fit"])
	}
	add("rotate", "deg", fields["rotate"])
	add("output", "format", fields["format"], "quality", fields["quality"])
	return tasks
}

// example is a handle that tasks are read before.
const example = "AAAAAAAAAAAAAAAAAAAA"

// check returns nil if text is tasks that make something of one file. The error
// is worded for whoever wrote it.
func check(text string) error {
	chain, err := taskurl.Parse("/" + text + "/" + example)
	if err != nil {
		return worded(err)
	}
	if len(chain.Sources) != 1 || chain.Sources[0] != example || chain.Query != "" {
		return fmt.Errorf("tasks are written like resize=width:300/rotate=deg:90, and without the file")
	}
	if chain.Key != "" {
		return fmt.Errorf("there is no task %s", chain.Key)
	}
	for _, t := range chain.Tasks {
		if t.Name == "store" || t.Name == "security" || t.Name == "debug" {
			return fmt.Errorf("%s cannot be tried here", t.Name)
		}
		if t.Name == "preview" {
			return fmt.Errorf("preview is a page, and makes no picture")
		}
	}
	made, err := plan.Read(chain.Tasks, 1)
	if err != nil {
		return worded(err)
	}
	if made.Missing != "" {
		return fmt.Errorf("%s is not available on this server", made.Missing)
	}
	return nil
}

func worded(err error) error {
	_, text := answer.Of(answer.CDN, err)
	return fmt.Errorf("%s", cmp.Or(text, "this makes no sense"))
}

// escape returns text as it stands in a path: what it cannot hold is encoded,
// and what is encoded stays so.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c > ' ' && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}?#", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
