package node

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// With a domain, each API answers on its host, and on none of the other
// protocol's; without one, all are told apart by their paths.
func TestHosts(t *testing.T) {
	own := owner(shown)
	s, all := newStand(t, "files.test"), newStand(t, "")
	started := posted("/multipart/start/", append(own.signed(), "UPLOADCARE_PUB_KEY", shown, "filename", "a.bin", "size", "12000000", "content_type", "a/b")...)
	slashless := started
	slashless.target = "/multipart/start"
	var uuid [2]string
	var handle [2]string
	for i, s := range []*stand{s, all} {
		uuid[i] = s.uploaded(shown, content)
		handle[i], _ = s.names(uuid[i])
	}
	care := []string{"ucupload", "ucapi", "ucarecdn", "*.ucarecdn", "*.s.ucarecdn"}
	stack := []string{"upload", "process", "cloud", "www", "cdn", "static", "", "portal"}
	for _, tt := range []struct {
		name  string
		ask   func(i int) request
		hosts string // on which it is answered
		says  string // what is in the answer then
	}{
		{"upload", func(int) request { return own.upload("x") }, "ucupload", `"file"`},
		{"info", func(i int) request { return signedQuery("/info/", "file_id", uuid[i])(subject{}, own) }, "ucupload", `"original_filename"`},
		{"multipart/start/", func(int) request { return started }, "ucupload", `"parts"`},
		{"files/", func(int) request { return own.rest("GET", "/files/", "") }, "ucapi", `"results"`},
		{"project/", func(int) request { return own.rest("GET", "/project/", "") }, "ucapi", `"pub_key"`},
		{"a UUID", func(i int) request { return request{method: "GET", target: "/" + uuid[i] + "/"} }, "ucarecdn *.ucarecdn", planted},
		{"a UUID with a token", func(i int) request { return own.address("/" + uuid[i] + "/") }, "ucarecdn *.ucarecdn *.s.ucarecdn", planted},
		{"a handle", func(i int) request { return request{method: "GET", target: "/" + handle[i]} }, "cdn process", planted},
		{"api/file", func(i int) request { return request{method: "GET", target: "/api/file/" + handle[i]} }, "www cdn", planted},
		{"store", func(int) request { return own.store("n", "x") }, "www", `"url"`},
		{"Filestack's multipart/start", func(int) request { return inJSON("/multipart/start", `"filename":"x","size":5`)(subject{}, own) }, "upload", `"upload_id"`},
		{"folder/list", func(int) request { return inJSON("/folder/list", `"clouds":{"dropbox":{}}`)(subject{}, own) }, "cloud", `dropbox`},
	} {
		for _, host := range append(care, stack...) {
			a := s.send(s.on(host, tt.ask(0)))
			want := slices.Contains(strings.Fields(tt.hosts), host)
			if got := a.status < 400 && strings.Contains(a.body, tt.says); got != want || !want && strings.Contains(a.body, planted) {
				t.Errorf("%s on %q = %v, answered should be %t", tt.name, host, a, want)
			}
		}
		if a := all.send(tt.ask(1)); a.status >= 400 || !strings.Contains(a.body, tt.says) {
			t.Errorf("%s on one host for all = %v", tt.name, a)
		}
	}
	// The path of an upload in parts differs by its last slash only, which some
	// clients leave out where they have a host of Uploadcare's.
	for _, host := range append(care, stack...) {
		if a := s.send(s.on(host, slashless)); strings.Contains(a.body, `"parts"`) != (host == "ucupload") || host != "ucupload" && a.status < 400 {
			t.Errorf("Uploadcare's upload in parts without its slash, on %q = %v", host, a)
		}
	}
	if a := all.send(slashless); a.status < 400 {
		t.Errorf("it is Filestack's on one host for all, and is answered with %v", a)
	}
	for _, host := range []string{"ucarecdn.files.test.evil.test", "evil.test", "xucarecdn.files.test", "ucupload.evil.test"} {
		r := request{method: "GET", target: "/" + uuid[0] + "/", host: host}
		if a := s.send(r); a.status != http.StatusMisdirectedRequest {
			t.Errorf("on %s = %v, want 421", host, a)
		}
	}
}
