package frame

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// How long a stream of events is. A browser asks again when it ends, and then it
// is looked at again whether the visitor still may.
const (
	streamTime = time.Minute
	heartbeat  = 15 * time.Second // without an event; whoever has gone is noticed
)

// retry is after how many milliseconds a browser asks again.
const retry = 1000

// An Event is told to a page that listens.
type Event struct {
	ID   string // of the last event that a browser has, when it asks again
	Data []byte // without line breaks
}

// LastEvent returns the ID of the last event that the browser had from a stream
// before; empty for none.
func (v *Visit) LastEvent() string { return v.r.Header.Get("Last-Event-Id") }

// Stream answers with what there is before, and with what is coming, until that
// ends, the visitor is gone, or it is time to ask again. What tell does not make
// an event of is left out. The server cuts off whoever does not read.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
func Stream[T any](ctx context.Context, f *Frame, v *Visit, before []T, coming <-chan T, tell func(T) (Event, bool)) error {
	f.protect(v.w.Header())
	v.w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(v.w)
	fmt.Fprintf(v.w, "retry: %d\n\n", retry)
	send := func(one T) {
		if e, ok := tell(one); ok {
			fmt.Fprintf(v.w, "id: %s\ndata: %s\n\n", e.ID, e.Data)
		}
	}
	for _, one := range before {
		send(one)
	}
	end := time.NewTimer(streamTime)
	defer end.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if err := control.Flush(); err != nil {
			return nil // the reader has gone
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.drained.Done():
			return nil
		case <-end.C:
			return nil
		case <-beat.C:
			fmt.Fprint(v.w, ":\n\n")
		case one, ok := <-coming:
			if !ok {
				return nil
			}
			send(one)
		}
	}
}
