package management

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/manage"
)

// TestContent stores and overwrites files within what an app takes, and no others.
func TestContent(t *testing.T) {
	s := newStand(t)
	types, size, files := []string{"text/*"}, int64(10), int64(2)
	_, err := s.Manage.ChangeApp(t.Context(), s.operator, s.app.Key, manage.Change{Types: &types, MaxSize: &size, MaxFiles: &files})
	s.check(err)
	token, _ := s.token("developer", "", account.ChangeFiles)
	page := "/apps/" + s.app.Key + "/files"
	theirs := "/files/" + string(s.store(s.foe.Key, "theirs.txt"))
	const ten = "0123456789"
	var made struct{ Handle, Type, Detected string }
	a := s.want(http.StatusCreated, "POST", page+"?name=a.csv", token, ten, "Content-Type", "text/csv")
	a.into(t, &made)
	if made.Type != "text/csv" || made.Detected != "text/plain" {
		t.Errorf("stored as %+v", made)
	}
	one := page + "/" + made.Handle
	s.want(http.StatusOK, "PUT", one+"/content", token, "9876543210")
	for _, tt := range []struct {
		name, method, path, body, media string
		status                          int
		says                            string
	}{
		{"no name", "POST", page, ten, "text/plain", 422, `"field":"name"`},
		{"a path that makes no sense", "POST", page + "?name=a&path=../b", ten, "text/plain", 422, `"field":"path"`},
		{"one byte over", "POST", page + "?name=a", ten + "x", "text/plain", 413, "over a limit"},
		{"one byte over in its place", "PUT", one + "/content", ten + "x", "text/plain", 413, "over a limit"},
		{"another type than is said", "POST", page + "?name=a", "GIF89a", "text/plain", 403, "text/*"},
		{"another type in its place", "PUT", one + "/content", "GIF89a", "text/plain", 403, "text/*"},
		{"what curl says of everything", "POST", page + "?name=a", ten, "application/x-www-form-urlencoded", 415, "as it is"},
		{"a form", "PUT", one + "/content", ten, "multipart/form-data; boundary=x", 415, "as it is"},
		{"another app's", "PUT", "/apps/" + s.app.Key + theirs + "/content", ten, "text/plain", 404, ""},
		{"of another app", "PUT", "/apps/" + s.foe.Key + theirs + "/content", ten, "text/plain", 404, ""},
		{"into another app", "POST", "/apps/" + s.foe.Key + "/files?name=a", ten, "text/plain", 404, ""},
		{"the last that it may store", "POST", page + "?name=b", "b", "", 201, `"size":1`},
		{"one more", "POST", page + "?name=c", ten, "text/plain", 403, "2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if a := s.send(tt.method, tt.path, token, tt.body, "Content-Type", tt.media); a.Code != tt.status || !strings.Contains(a.text, tt.says) {
				t.Errorf("%s %s: %d %s, want %d with %s", tt.method, tt.path, a.Code, a.text, tt.status, tt.says)
			}
		})
	}
	reader, _ := s.token("viewer", "", account.ViewFiles)
	if text := s.want(http.StatusOK, "GET", one, reader, "").text; !strings.Contains(text, `"version":2`) {
		t.Errorf("after all that was refused it is %s", text)
	}
	off := true
	_, err = s.Manage.ChangeApp(t.Context(), s.operator, s.app.Key, manage.Change{Disabled: &off})
	s.check(err)
	s.want(http.StatusConflict, "PUT", one+"/content", token, ten)
}

// TestRemoveApp removes apps for good: for owners only after it could be restored.
func TestRemoveApp(t *testing.T) {
	s := newStand(t)
	owner, _ := s.token("owner", "", account.DeleteApp)
	s.store(s.app.Key, "last.txt")
	path := "/apps/" + s.app.Key
	s.want(http.StatusConflict, "POST", path+"/remove", owner, `{"files":true}`)
	s.want(http.StatusOK, "DELETE", path, owner, "")
	if a := s.want(http.StatusConflict, "POST", path+"/remove", owner, `{}`); !strings.Contains(a.text, "has files") {
		t.Errorf("removed with files: %s", a.text)
	}
	s.want(http.StatusOK, "POST", path+"/restore", owner, "") // which a refusal leaves possible
	s.want(http.StatusOK, "DELETE", path, owner, "")
	s.want(http.StatusNoContent, "POST", path+"/remove", owner, `{"files":true}`)
	s.want(http.StatusNotFound, "POST", path+"/restore", owner, "")
	operator, _ := s.token("", "", account.DeleteApp)
	s.want(http.StatusNoContent, "POST", "/apps/"+s.foe.Key+"/remove", operator, `{}`)
}
