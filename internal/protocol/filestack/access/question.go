package access

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
)

// A Question is what somebody asked for by a URL, for those who wonder why it was
// refused.
type Question struct {
	Key     string // API key; empty if the URL names none
	Cred    policy.Credential
	Request policy.Request
}

// ReadURL returns what a URL asks for, of a file or of the store API, with or
// without its host. The error wraps fault.Invalid if it is no URL.
func ReadURL(text string) (Question, error) {
	q := Question{Request: policy.Request{Size: -1}}
	target := strings.TrimSpace(text)
	if _, rest, ok := strings.Cut(target, "://"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		target = "/" + rest
	}
	u, err := url.Parse(target)
	if err != nil || !strings.HasPrefix(target, "/") {
		return q, fmt.Errorf("%q is no URL: %w", text, fault.Invalid)
	}
	c := new(Caller)
	c.Use(params.ParseQuery(u.RawQuery))
	q.Key, q.Cred = c.Key, c.Cred
	segments := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	if segments[0] == "api" && len(segments) > 1 {
		q.ofAPI(segments[1:])
		return q, nil
	}
	chain, err := taskurl.Parse(target)
	if err != nil {
		return q, nil // what it is about cannot be told; its policy can
	}
	if err := c.UseTasks(chain.Tasks); err == nil && c.Cred != (policy.Credential{}) {
		q.Cred = c.Cred
	}
	if chain.Key != "" {
		q.Key = chain.Key
	}
	q.Request.Action = policy.Read
	for _, t := range chain.Tasks {
		switch {
		case Manner(t) || t.Name == "preview":
		case t.Name == "metadata" && q.Request.Action == policy.Read:
			q.Request.Action = policy.Stat
		default:
			q.Request.Action = policy.Convert
		}
	}
	for _, source := range chain.Sources {
		if id, _ := taskurl.Handle(source); id != "" && q.Request.Asset == "" {
			q.Request.Asset = id
		}
	}
	return q, nil
}

// ofAPI reads the path of the store and file APIs.
func (q *Question) ofAPI(segments []string) {
	switch {
	case segments[0] == "store":
		q.Request.Action = policy.Store
	case segments[0] == "file" && len(segments) > 1:
		q.Request.Asset, _ = taskurl.Handle(segments[1])
		q.Request.Action = policy.Read
		if len(segments) > 2 && segments[2] == "metadata" {
			q.Request.Action = policy.Stat
		}
	}
}
