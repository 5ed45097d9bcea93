package filestack

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/protocol/filestack/params"
	"github.com/stowgate/stowgate/internal/protocol/filestack/taskurl"
	"github.com/stowgate/stowgate/internal/upload"
)

// A job is a chain of tasks on sources, with the options of its store tasks.
type job struct {
	tasks []taskurl.Task
	srcs  []access.Source // the first is what the caller's grant is about
	spec  upload.Spec

	download bool     // the client is to save the result
	said     *reading // of the URL whose tasks are those of the job, or nil
}

func (j job) stores() bool {
	return slices.ContainsFunc(j.tasks, func(t taskurl.Task) bool { return t.Name == "store" })
}

// copies reports whether the job stores its source as it is.
func (j job) copies() bool {
	return len(j.srcs) == 1 && !slices.ContainsFunc(j.tasks, func(t taskurl.Task) bool {
		return !access.Manner(t) && t.Name != "store" && t.Name != "fallback"
	})
}

// addSources reads the sources of a job as they are written. What an address of
// ours does to its file comes before the job's own tasks.
func (a *API) addSources(j *job, c *access.Caller, texts []string) error {
	for i, text := range texts {
		if i > 0 {
			c = &access.Caller{Asset: c.Asset} // whose credential counts is decided by the first
		}
		src, err := a.gate.Chain(text, c)
		if err != nil {
			return err
		}
		if len(src.Tasks) > 0 && len(texts) > 1 {
			return answer.Unsupported(src.Tasks[0].Name + " in one of several sources")
		}
		if len(src.Tasks) > 0 {
			j.tasks, j.said = append(src.Tasks, j.tasks...), nil
		}
		j.srcs = append(j.srcs, src)
	}
	return nil
}

// readProcess reads POST /process. Names have any letter case: filestack-go
// writes apiKey, Name and Params.
func (a *API) readProcess(r *http.Request) (access.Caller, job, error) {
	c, p, err := access.ReadBody(r)
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
	if err := c.UseTasks(j.tasks); err != nil {
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
func (a *API) readSources(p params.Set, c *access.Caller, j *job) error {
	raw, _ := p.Raw("sources")
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 || len(list) > taskurl.MaxSources {
		return params.Invalid("sources")
	}
	texts := make([]string, len(list))
	headers := make([]map[string]string, len(list))
	for i, item := range list {
		var outside struct {
			Source  string
			Headers map[string]string
		}
		if json.Unmarshal(item, &outside.Source) != nil && json.Unmarshal(item, &outside) != nil || outside.Source == "" {
			return params.Invalid("sources")
		}
		texts[i], headers[i] = outside.Source, outside.Headers
	}
	if err := a.addSources(j, c, texts); err != nil {
		return err
	}
	for i := range j.srcs {
		j.srcs[i].Remote.Header = headers[i]
	}
	return nil
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
