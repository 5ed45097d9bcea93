package management

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/protocol/management/call"
)

// A story makes every change that there is, with one token.
type story struct {
	*stand
	token, id string
	secrets   []string        // that answers have shown
	made      map[string]bool // rows that have succeeded
}

// change makes a request that succeeds and is in the audit log (M7), and returns
// what it answers.
func (s *story) change(row string, values map[string]string, body, action string) answer {
	s.t.Helper()
	method, path, _ := strings.Cut(row, " ")
	before := len(s.entries())
	a := s.send(method, address(path, values), s.token, body)
	if a.Code >= 300 {
		s.t.Fatalf("%s: %d %s", row, a.Code, a.text)
	}
	row, _, _ = strings.Cut(row, "?")
	s.made[row] = true
	after := s.entries()
	if len(after) == before || after[0].Actor != s.id || after[0].Action != action || after[0].Address == "" {
		s.t.Errorf("%s: %d entries more, the last is %+v; want %s by %s", row, len(after)-before, after[0], action, s.id)
	}
	return a
}

// secret takes note of what an answer shows this once.
func (s *story) secret(a answer) answer {
	var in struct{ Secret, Invitation string }
	a.into(s.t, &in)
	if in.Secret+in.Invitation == "" {
		s.t.Errorf("no secret in %s", a.text)
	}
	s.secrets = append(s.secrets, strings.TrimPrefix(in.Secret+in.Invitation, "http://portal.test/portal/invitation?token="))
	return a
}

// TestM7EveryChange makes every change of the table. Each is in the audit log,
// with the token; and what is secret is shown by the answer that makes it only
// (M5).
func TestM7EveryChange(t *testing.T) {
	s := &story{stand: newStand(t), made: make(map[string]bool)}
	s.token, s.id = s.stand.token("", "", account.Acts()...)
	app := map[string]string{"app": s.stand.app.Key}
	s.apps(app)
	s.policies(app)
	s.files(app)
	s.hooks(app)
	s.people(app)
	for _, row := range s.rows {
		name := row.Method + " " + row.Path
		reads := row.Method == http.MethodGet || strings.HasSuffix(row.Path, "/sign") || strings.HasSuffix(row.Path, "/explain")
		if !reads && !s.made[name] {
			t.Errorf("%s was not tried", name)
		}
	}
	s.reads()
}

func (s *story) apps(app map[string]string) {
	var made struct{ App struct{ Key string } }
	s.secret(s.change("POST /apps", nil, `{"name":"Another","security":true,"open_reads":true,"temporary":true,"max_size":1000,"storage":"archive"}`, "app.create")).into(s.t, &made)
	another := map[string]string{"app": made.App.Key}
	opened := func(want string) {
		s.t.Helper()
		if a := s.want(200, "GET", address("/apps/{app}", another), s.token, ""); !strings.Contains(a.text, want) {
			s.t.Errorf("the app is %s, want %s", a.text, want)
		}
	}
	opened(`"open_reads":true,"temporary":true`)
	s.change("PATCH /apps/{app}", another, `{"open_reads":false,"temporary":false}`, "app.change")
	opened(`"open_reads":false,"temporary":false`)
	s.change("DELETE /apps/{app}", another, "", "app.delete")
	s.want(409, "DELETE", "/apps/"+made.App.Key, s.token, "")
	s.change("POST /apps/{app}/restore", another, "", "app.restore")
	s.store(made.App.Key, "last.txt")
	s.want(409, "POST", "/apps/"+made.App.Key+"/remove", s.token, `{"files":false}`)
	s.change("POST /apps/{app}/remove", another, `{"files":true}`, "app.remove")
	s.want(404, "GET", "/apps/"+made.App.Key, s.token, "")
	s.change("PATCH /apps/{app}", app, `{"name":"Renamed","origins":["https://example.com"],"types":["text/*"],"sources":["images.example","*.cdn.example"],"max_size":1000,"max_files":100,
		"max_bytes":100000,"retention":86400,"signed_images":true,"whole_patterns":true,"calls_alias":true,"disabled":false,"storage":"archive"}`, "app.change")
	if a := s.want(200, "GET", address("/apps/{app}", app), s.token, ""); !strings.Contains(a.text, `"storage":"archive"`) || !strings.Contains(a.text, `"sources":["images.example","*.cdn.example"]`) {
		s.t.Errorf("an app that keeps new files in the archive, and has sources, is %s", a.text)
	}
	s.secret(s.change("POST /apps/{app}/secrets", app, `{"keep":3600}`, "secret.add"))
	s.want(409, "POST", address("/apps/{app}/secrets", app), s.token, `{"keep":3600}`)
	old := map[string]string{"app": app["app"], "fingerprint": s.stand.app.Secrets[0].Fingerprint}
	s.change("DELETE /apps/{app}/secrets/{fingerprint}", old, "", "secret.end")
	s.secret(s.change("POST /apps/{app}/secrets", app, `{"secret":"a secret that is taken over","drop_old":true}`, "secret.add"))
	var delivery struct {
		Secrets []struct{ Fingerprint string }
	}
	s.secret(s.change("POST /apps/{app}/delivery-secrets", app, `{}`, "delivery_secret.add")).into(s.t, &delivery)
	s.want(422, "POST", address("/apps/{app}/delivery-secrets", app), s.token, `{"secret":"ab"}`)
	old["fingerprint"] = delivery.Secrets[0].Fingerprint
	s.change("DELETE /apps/{app}/delivery-secrets/{fingerprint}", old, "", "delivery_secret.remove")
	s.want(404, "DELETE", address("/apps/{app}/delivery-secrets/{fingerprint}", old), s.token, "")
	s.secret(s.change("POST /apps/{app}/delivery-secrets", app, `{"secret":"`+strings.Repeat("0123456789ABCDEF", 4)+`"}`, "delivery_secret.add"))
}

func (s *story) policies(app map[string]string) {
	var signed struct{ Policy, Signature, Document, Meaning string }
	s.want(200, "POST", address("/apps/{app}/policies/sign", app), s.token, `{"document":{"call":["read"]},"lifetime":600}`).into(s.t, &signed)
	question := `{"policy":"` + signed.Policy + `","signature":"` + signed.Signature + `","call":"read","handle":"AAAAAAAAAAAAAAAAAAAA","size":3,"path":"/a/b","container":"c","source":"https://example.com/"}`
	explained := func(allowed bool) {
		s.t.Helper()
		a := s.want(200, "POST", address("/apps/{app}/policies/explain", app), s.token, question)
		if !strings.Contains(a.text, `"allowed":`+strconv.FormatBool(allowed)) {
			s.t.Errorf("explained as %s, want %v", a.text, allowed)
		}
	}
	proof := `{"security":true,"proof":{"policy":"` + signed.Policy + `","signature":"` + signed.Signature + `"}}`
	s.change("PATCH /apps/{app}", app, proof, "app.security")
	explained(true)
	s.change("POST /apps/{app}/policies/revoke", app, `{"policy":"`+signed.Policy+`"}`, "policy.revoke")
	explained(false)
	s.change("POST /apps/{app}/policies/allow", app, `{"policy":"`+signed.Policy+`"}`, "policy.revoke")
	s.change("POST /apps/{app}/policies/revoke", app, `{"signed_before":"2020-01-01T00:00:00Z"}`, "policy.revoke")
	s.change("POST /apps/{app}/policies/allow", app, `{"signed_before":true}`, "policy.revoke")
	explained(true)
}

func (s *story) files(app map[string]string) {
	var stored struct{ Handle, Name, Type, Path, Alt, SHA256 string }
	made := s.change("POST /apps/{app}/files?name=one.txt&path=/users/42/&alt=a+text", app, `some text`, "file.upload")
	made.into(s.t, &stored)
	one := map[string]string{"app": app["app"], "file": stored.Handle}
	if made.Code != 201 || made.Header().Get("Location") != call.Root+address("/apps/{app}/files/{file}", one) || stored.Name != "one.txt" ||
		stored.Path != "users/42/" || stored.Alt != "a text" || stored.SHA256 != "b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2" {
		s.t.Errorf("stored: %d %v %s", made.Code, made.Header(), made.text)
	}
	if text := s.change("PUT /apps/{app}/files/{file}/content", one, `other text`, "file.overwrite").text; !strings.Contains(text, `"version":2`) || !strings.Contains(text, `"size":10`) {
		s.t.Errorf("overwritten: %s", text)
	}
	s.change("PATCH /apps/{app}/files/{file}", one, `{"name":"two.txt","alt":"text","tags":{"a":"b"},"add_tags":{"c":"d"}}`, "file.label")
	list := func(query string) string {
		s.t.Helper()
		return s.want(200, "GET", address("/apps/{app}/files", app)+query, s.token, "").text
	}
	if text := list("?name=TWO&type=text/*&tag=a&value=b&min_size=1&max_size=100&order=size&descending=true&from=2020-01-01T00:00:00Z"); !strings.Contains(text, `"alt":"text"`) {
		s.t.Errorf("list: %s", text)
	}
	s.change("DELETE /apps/{app}/files/{file}", one, "", "file.trash")
	if text := list("?trash=true"); !strings.Contains(text, `"gone":`) || strings.Contains(list(""), one["file"]) {
		s.t.Errorf("trash: %s", text)
	}
	s.change("POST /apps/{app}/files/{file}/restore", one, "", "file.restore")
	s.change("POST /apps/{app}/files/bulk", app, `{"action":"tag","handles":["`+one["file"]+`"],"tag":"e","value":"f"}`, "file.label")
	if text := s.want(200, "GET", address("/apps/{app}/files/{file}", one), s.token, "").text; !strings.Contains(text, `"tags":{"a":"b","c":"d","e":"f"}`) || !strings.Contains(text, `"sha256":`) {
		s.t.Errorf("file: %s", text)
	}
	if text := s.want(200, "GET", address("/apps/{app}/files/count", app), s.token, "").text; !strings.Contains(text, `"count":1`) {
		s.t.Errorf("count: %s", text)
	}
	for _, action := range []string{"trash", "restore", "erase"} {
		s.change("POST /apps/{app}/files/bulk", app, `{"action":"`+action+`","handles":["`+one["file"]+`"]}`, "file."+action)
	}
	s.want(404, "GET", address("/apps/{app}/files/{file}", one), s.token, "")
	last := map[string]string{"app": app["app"], "file": string(s.store(app["app"], "last.txt"))}
	if a := s.want(204, "DELETE", address("/apps/{app}/files/{file}", last)+"?forever=true", s.token, ""); a.text != "" {
		s.t.Errorf("answer %q", a.text)
	}
}

func (s *story) hooks(app map[string]string) {
	var made struct{ Webhook struct{ ID string } }
	s.secret(s.change("POST /apps/{app}/webhooks", app, `{"url":"https://example.com/hook?token=x","events":["upload"],"format":"filestack"}`, "webhook.create")).into(s.t, &made)
	one := map[string]string{"app": app["app"], "webhook": made.Webhook.ID}
	const path = "/apps/{app}/webhooks/{webhook}"
	s.change("PATCH "+path, one, `{"events":[],"enabled":true}`, "webhook.change")
	s.secret(s.change("POST "+path+"/secret", one, `{"keep":60}`, "webhook.rotate"))
	var test struct{ Delivery int64 }
	s.change("POST "+path+"/test", one, "", "webhook.test").into(s.t, &test)
	one["delivery"], one["job"] = strconv.FormatInt(test.Delivery, 10), strconv.FormatInt(test.Delivery, 10)
	s.change("POST /jobs/{job}/cancel", one, "", "job.cancel")
	s.want(409, "POST", address("/jobs/{job}/cancel", one), s.token, "")
	if text := s.want(200, "GET", address(path+"/deliveries?state=dead", one), s.token, "").text; !strings.Contains(text, `"id":`+one["delivery"]) {
		s.t.Errorf("deliveries: %s", text)
	}
	s.change("POST "+path+"/redeliver", one, "", "webhook.redeliver")
	s.change("POST "+path+"/deliveries/{delivery}/redeliver", one, "", "webhook.redeliver")
	s.change("POST /jobs/{job}/retry", one, "", "job.retry")
	for _, row := range s.rows { // with something to show
		if row.Method == http.MethodGet && strings.ContainsAny(row.Path, "{") && !strings.Contains(row.Path, "{user}") && !strings.Contains(row.Path, "{file}") {
			s.want(200, "GET", address(row.Path, one), s.token, "")
		}
	}
	s.change("DELETE "+path, one, "", "webhook.remove")
}

func (s *story) people(app map[string]string) {
	member := map[string]string{"app": app["app"], "email": "none@example.com"}
	s.change("PUT /apps/{app}/members/{email}", member, `{"role":"viewer"}`, "role.set")
	s.want(409, "PUT", address("/apps/{app}/members/{email}", member), s.token, `{"role":"viewer"}`)
	s.change("DELETE /apps/{app}/members/{email}", member, "", "role.set")
	var made struct{ User struct{ ID string } }
	s.secret(s.change("POST /users", nil, `{"email":"new@example.com","name":"New","operator":true,"roles":{"`+app["app"]+`":"developer"}}`, "user.add")).into(s.t, &made)
	s.want(409, "POST", "/users", s.token, `{"email":"new@example.com","name":"New"}`)
	one := map[string]string{"user": made.User.ID}
	s.change("PATCH /users/{user}", one, `{"name":"Newer","email":"newer@example.com","operator":true,"disabled":false}`, "user.change")
	s.secret(s.change("POST /users/{user}/reset", one, "", "user.reset"))
	s.want(200, "GET", address("/users/{user}", one), s.token, "")
	s.want(200, "GET", "/users/newer@example.com", s.token, "")
	s.want(409, "PATCH", address("/users/{user}", one), s.token, `{"disabled":true}`) // the last operator
	s.change("PATCH /users/{user}", map[string]string{"user": s.users["owner"]}, `{"operator":true}`, "user.change")
	s.change("DELETE /users/{user}", one, "", "user.remove")
}

// reads asks for all that there is to read: no secret is in it.
func (s *story) reads() {
	if len(s.secrets) < 7 {
		s.t.Errorf("only %d secrets were shown", len(s.secrets))
	}
	for _, row := range s.rows {
		if row.Method != http.MethodGet {
			continue
		}
		text := s.send("GET", address(row.Path, map[string]string{"app": s.stand.app.Key, "user": s.users["owner"]}), s.token, "").text
		for _, secret := range append(s.secrets, s.token) {
			if strings.Contains(text, secret) {
				s.t.Errorf("GET %s shows a secret: %s", row.Path, text)
			}
		}
	}
}
