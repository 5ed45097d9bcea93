package rest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/conversion"
	"github.com/stowgate/stowgate/internal/job"
)

// A begun is the answer to a request for conversions.
type begun struct {
	Problems map[string]string
	Result   []struct {
		Source string `json:"original_source"`
		Token  int64
		UUID   string
	}
}

// A status is how a conversion stands.
type status struct {
	Status string
	Error  *string
	Result struct{ UUID string }
}

// run does jobs until none waits.
func (s *stack) run() {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), 30*time.Second)
	done := make(chan struct{})
	go func() { s.runner.Run(ctx); close(done) }()
	for waiting := true; waiting && ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		waiting = len(s.waiting()) > 0
	}
	stop()
	<-done
}

// TestConvert makes files of pages of a PDF, and tells of each how it stands.
// Uploadcare documentation: "REST API", "Convert document".
func TestConvert(t *testing.T) {
	s := newStackWith(t, setup{render: painter{}})
	s.put(demoKey, file{name: "a.pdf", body: "%PDF-1.4\n%%EOF", uuid: firstUUID})
	s.put(otherKey, file{name: "b.pdf", body: "%PDF-1.4\n%%EOF", uuid: secondUUID})
	text := s.put(demoKey, file{name: "c.txt", body: "x"}).UUID.String()
	page := "/document/-/format/png/-/page/1/"
	paths := map[string]string{
		firstUUID + page: "",
		"/" + firstUUID + "/document/-/format/jpg/-/page/2/": "",
		"https://ucarecdn.com/" + firstUUID + page:           "",
		firstUUID:                              `Bad path "` + firstUUID + `". Use :uuid/document/`,
		"nothing" + page:                       `Bad path "nothing` + page + `". Use UUID or CDN URL`,
		"":                                     `Bad path "". Use UUID or CDN URL`,
		secondUUID + page:                      "File is not found.",
		text + page:                            "Only pages of PDFs are converted, and to jpg or png: -/format/jpg/-/page/1/",
		firstUUID + "/document/":               "Only pages of PDFs are converted, and to jpg or png: -/format/jpg/-/page/1/",
		firstUUID + "/document/-/format/docx/": "Only pages of PDFs are converted, and to jpg or png: -/format/jpg/-/page/1/",
		firstUUID + "/document/-/-/":           "Operations parsing: an operation is missing between two -/",
	}
	var quoted []string
	good := 0
	for path, problem := range paths {
		quoted = append(quoted, quote(path))
		if problem == "" {
			good++
		}
	}
	w := s.call("POST", "/convert/document/", `{"paths":[`+strings.Join(quoted, ",")+`],"store":"0","save_in_group":"1"}`)
	var b begun
	s.want(w, 200, &b)
	if got := w.Header().Get("Content-Type"); got != "application/json" || len(b.Result) != good {
		t.Errorf("type %q, %d begun, want %d", got, len(b.Result), good)
	}
	for path, problem := range paths {
		if b.Problems[path] != problem {
			t.Errorf("problem of %s: %q, want %q", path, b.Problems[path], problem)
		}
	}
	one := b.Result[0]
	at := fmt.Sprint("/convert/document/status/", one.Token, "/")
	var st status
	s.want(s.call("GET", at, ""), 200, &st)
	if st.Status != "pending" || st.Error != nil || st.Result.UUID != one.UUID {
		t.Errorf("at first %+v", st)
	}
	s.wantText(s.call("GET", "/files/"+one.UUID+"/", ""), 404, notFound)
	s.wantText(s.callAs(otherKey, otherSecret, "GET", at, ""), 404, notFound)
	s.wantText(s.call("GET", strings.Replace(at, "document", "video", 1), ""), 404, notFound)

	s.run()
	for _, one := range b.Result {
		s.want(s.call("POST", fmt.Sprint("/convert/document/status/", one.Token, "/"), ""), 200, &st) // as uploadcare-go asks
		if st.Status != "finished" || st.Error != nil || st.Result.UUID != one.UUID {
			t.Errorf("at the end %+v", st)
		}
		var d described
		s.want(s.call("GET", "/files/"+one.UUID+"/", ""), 200, &d)
		if !strings.HasPrefix(d.Name, "a") || d.Mime != "image/png" || d.Stored != nil {
			t.Errorf("%s became %+v", one.Source, d)
		}
	}

	// One whose file is gone by then fails.
	s.want(s.call("POST", "/convert/document/", `{"paths":[`+quote(firstUUID+page)+`]}`), 200, &b)
	s.want(s.call("DELETE", "/files/"+firstUUID+"/storage/", ""), 200, nil)
	s.run()
	s.want(s.call("GET", fmt.Sprint("/convert/document/status/", b.Result[0].Token, "/"), ""), 200, &st)
	if st.Status != "failed" || st.Error == nil {
		t.Errorf("without its file %+v", st)
	}
}

// TestConvertTwice holds that a job which was done, and then is done once more
// because a crash came between, stores nothing a second time.
func TestConvertTwice(t *testing.T) {
	s := newStackWith(t, setup{render: painter{}})
	s.put(demoKey, file{name: "a.pdf", body: "%PDF-1.4\n%%EOF", uuid: firstUUID})
	s.want(s.call("POST", "/convert/document/", `{"paths":["`+firstUUID+`/document/-/format/png/-/page/1/"],"store":true}`), 200, nil)
	jobs := s.waiting()
	for range 2 {
		s.must(s.conversions.Handler().Do(t.Context(), jobs[0]))
	}
	if total := s.page("/files/").Total; total != 2 {
		t.Errorf("there are %d files, want 2", total)
	}
}

// TestConvertible tells what documents can be made to.
func TestConvertible(t *testing.T) {
	s := newStackWith(t, setup{render: painter{}})
	s.put(demoKey, file{name: "a.pdf", body: "%PDF-1.4\n%%EOF", uuid: firstUUID})
	s.put(demoKey, file{name: "b.txt", body: "x", uuid: secondUUID})
	s.wantText(s.call("GET", "/convert/document/"+firstUUID+"/", ""), 200, `{"error":null,"format":{"conversion_formats":[{"name":"jpg"},{"name":"png"}],"name":"pdf"}}`)
	s.wantText(s.call("GET", "/convert/document/"+secondUUID+"/", ""), 200, `{"error":null,"format":{"conversion_formats":[],"name":"txt"}}`)
	s.wantText(s.call("POST", "/convert/document/", `{"paths":["x"],"store":"maybe"}`), 400, `{"store":["Must be a valid boolean."]}`)
	s.wantText(s.call("POST", "/convert/document/", `{"paths":"x"}`), 400, `{"detail":"“paths” parameter is required."}`)
	many := strings.TrimSuffix(strings.Repeat(`"x",`, 101), ",")
	s.wantText(s.call("POST", "/convert/document/", `{"paths":[`+many+`]}`), 400, `{"paths":["Ensure this field has no more than 100 elements."]}`)
	s.want(s.call("POST", "/convert/document/", `{"paths":[`+strings.TrimPrefix(many, `"x",`)+`]}`), 200, nil)
}

// waiting returns the jobs that wait or run, the oldest first.
func (s *stack) waiting() (all []job.Job) {
	s.t.Helper()
	for _, state := range []job.State{job.Ready, job.Running} {
		found, err := s.jobs.Jobs(s.t.Context(), job.Filter{Kind: conversion.JobKind, State: state}, job.Page{Limit: 100})
		s.must(err)
		all = append(all, found...)
	}
	slices.Reverse(all)
	return all
}
