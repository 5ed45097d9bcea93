package filestack

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/upload"
)

// A job is a chain of tasks on a source, with the options of its store tasks.
type job struct {
	tasks []taskurl.Task
	src   source
	many  bool // there is not exactly one source
	spec  upload.Spec
}

func (j job) stores() bool {
	return slices.ContainsFunc(j.tasks, func(t taskurl.Task) bool { return t.Name == "store" })
}

// missing names what the server would need for the job and has not, or is "".
func (j job) missing() string {
	i := slices.IndexFunc(j.tasks, func(t taskurl.Task) bool { return !manner(t) && t.Name != "store" })
	switch {
	case i >= 0:
		return j.tasks[i].Name
	case j.many:
		return "more or less than one source"
	case !j.stores() && j.src.asset == "":
		return "delivery of an outside file"
	}
	return ""
}

// readProcess reads POST /process. Names have any letter case: filestack-go
// writes apiKey, Name and Params.
func (a *API) readProcess(r *http.Request) (caller, job, error) {
	c, p, err := readBody(r)
	if err != nil {
		return c, job{}, err
	}
	var j job
	if raw, ok := p.Raw("tasks"); ok {
		if err := json.Unmarshal(raw, &j.tasks); err != nil {
			var unknown *taskurl.UnknownTask
			if !errors.As(err, &unknown) {
				err = params.Invalid("tasks")
			}
			return c, j, err
		}
	}
	if len(j.tasks) > taskurl.MaxTasks {
		p.Reject("tasks")
	}
	if err := c.useTasks(j.tasks); err != nil {
		return c, j, err
	}
	if err := a.readSources(p, &c, &j); err != nil {
		return c, j, err
	}
	j.spec, err = params.Store(p, taskOptions(p, j.tasks))
	return c, j, err
}

// readSources reads the list of sources: texts, or objects with the header
// fields to fetch them with.
func (a *API) readSources(p params.Set, c *caller, j *job) error {
	raw, _ := p.Raw("sources")
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > taskurl.MaxSources {
		return params.Invalid("sources")
	}
	var outside struct {
		Source  string
		Headers map[string]string
	}
	if json.Unmarshal(list[0], &outside.Source) != nil && json.Unmarshal(list[0], &outside) != nil || outside.Source == "" {
		return params.Invalid("sources")
	}
	var err error
	j.src, err = a.source(outside.Source, c)
	j.src.remote.Header, j.many = outside.Headers, len(list) > 1
	return err
}

// process answers POST /process.
func (a *API) process(w http.ResponseWriter, r *http.Request, g policy.Grant, j job) error {
	if err := a.checkMissing(g, j); err != nil {
		return err
	}
	if !j.stores() {
		return answer.Unsupported("process without store")
	}
	file, err := a.take(r.Context(), g, j.src, j.spec)
	if err != nil {
		return err
	}
	return answer.JSON(w, http.StatusOK, a.stored(file))
}

// checkMissing returns why a job cannot be done here: because it is not allowed,
// and only then because something is missing for it.
func (a *API) checkMissing(g policy.Grant, j job) error {
	missing := j.missing()
	if missing == "" {
		return nil
	}
	want := policy.Request{Action: policy.Convert, Asset: j.src.asset, Size: -1}
	if j.src.remote.URL != "" {
		var err error
		if want.URL, err = policy.CanonicalURL(j.src.remote.URL); err != nil {
			return err
		}
	}
	if err := g.Check(want, a.config.Now()); err != nil {
		return err
	}
	return answer.Unsupported(missing)
}

// taskOptions adds the options of all store tasks in a chain to outer, as what
// is nested under store: filestack-js sends the workflows in a second task.
func taskOptions(outer params.Set, tasks []taskurl.Task) params.Set {
	all := outer.Object("store")
	for _, t := range tasks {
		if t.Name != "store" {
			continue
		}
		for name, value := range t.Params {
			all.Put(strings.ReplaceAll(name, "_", ""), value)
		}
	}
	return all
}
