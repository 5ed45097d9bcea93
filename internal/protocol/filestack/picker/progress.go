package picker

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stowgate/stowgate/internal/protocol/filestack/answer"
	"github.com/stowgate/stowgate/internal/server"
)

// lines is the media type of JSON values on lines of their own.
const lines = "application/x-ndjson"

// tick is how often a page hears how far an import is.
const tick = 250 * time.Millisecond

// An Import counts the bytes of a file that comes from elsewhere.
type Import struct {
	received, size atomic.Int64
	began          atomic.Bool
}

// Watch returns body, of size bytes or less than 0 if that is not known, and
// counts what is read of it.
func (i *Import) Watch(body io.Reader, size int64) io.Reader {
	i.size.Store(size)
	i.began.Store(true)
	return io.TeeReader(body, counter{&i.received})
}

type counter struct{ *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.Add(int64(len(p)))
	return len(p), nil
}

// Tell answers with what work returns. A caller who accepts lines of JSON hears
// before that, on each line, how many bytes of what work imports have come:
// {"received": 4096, "size": 65536}. Once it has heard anything, an error is
// a line as well, with the status it would have had.
func Tell(w http.ResponseWriter, r *http.Request, f answer.Family, work func(*Import) (any, error)) error {
	var i Import
	if !strings.Contains(r.Header.Get("Accept"), lines) {
		body, err := work(&i)
		if err != nil {
			return err
		}
		return answer.JSON(w, http.StatusOK, body)
	}
	t := teller{w: w}
	end := make(chan struct{})
	var ticks sync.WaitGroup
	ticks.Go(func() {
		for {
			select {
			case <-end:
				return
			case <-time.After(tick):
			}
			if i.began.Load() {
				t.progress(&i)
			}
		}
	})
	body, err := func() (any, error) {
		defer ticks.Wait()
		defer close(end)
		return work(&i)
	}()
	switch {
	case err == nil:
	case !t.begun:
		return err
	default:
		server.NoteError(r.Context(), err)
		status, text := answer.Of(f, err)
		body = map[string]any{"error": text, "c": server.RequestID(r.Context()), "status": status}
	}
	return t.line(body)
}

// A teller writes lines.
type teller struct {
	w     http.ResponseWriter
	begun bool
}

func (t *teller) progress(i *Import) {
	line := map[string]int64{"received": i.received.Load()}
	if size := i.size.Load(); size >= 0 {
		line["size"] = size
	}
	t.line(line)
}

func (t *teller) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if !t.begun {
		t.begun = true
		t.w.Header().Set("Content-Type", lines)
		t.w.WriteHeader(http.StatusOK)
	}
	t.w.Write(append(text, '\n'))
	return http.NewResponseController(t.w).Flush() // a client that has gone does not hear of it
}
