package server

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/stowgate/stowgate/internal/server/conn"
)

// A recorder is a ResponseWriter that counts. Over HTTP/2, where the connection
// can be well while one client's stream stalls, it also keeps the pace.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int // 0 until the header is written
	bytes   int64

	plain   *conn.Conn // of an HTTP/1 request without TLS; else nil
	stream  *conn.Conn // of an HTTP/2 request; else nil
	mu      sync.Mutex // guards what follows
	watch   *time.Timer
	writing bool
	ended   bool
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	w.status = or(w.status, http.StatusOK)
	if w.stream != nil {
		w.setWriting(true)
		defer w.setWriting(false)
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// copySize is how many bytes are copied at a time.
const copySize = 32 << 10

// ReadFrom lets the connection send a file by itself where it can.
func (w *recorder) ReadFrom(src io.Reader) (int64, error) {
	sink, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok {
		return io.CopyBuffer(struct{ io.Writer }{w}, src, make([]byte, copySize))
	}
	w.status = or(w.status, http.StatusOK)
	if w.plain != nil {
		// Otherwise net/http would copy the first bytes of src to follow the header.
		w.plain.Cork()
		w.control.Flush()
	}
	n, err := sink.ReadFrom(src)
	w.bytes += n
	return n, err
}

// Flush implements http.Flusher.
func (w *recorder) Flush() { w.FlushError() }

// FlushError is for http.ResponseController.
func (w *recorder) FlushError() error {
	w.status = or(w.status, http.StatusOK)
	return w.control.Flush()
}

// setWriting notes that a write to a stream begins or ends.
func (w *recorder) setWriting(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writing = on
	switch {
	case !on:
		w.watch.Stop()
	case w.watch == nil:
		w.watch = time.AfterFunc(w.stream.Pace().Window, w.look)
	default:
		w.watch.Reset(w.stream.Pace().Window)
	}
}

// look resets the stream if a write waits for nothing but its client. While the
// connection has something to send, it is the connection that keeps the pace.
func (w *recorder) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended || !w.writing:
	case w.stream.Queued() > 0:
		w.watch.Reset(w.stream.Pace().Window)
	default:
		w.control.SetWriteDeadline(time.Unix(1, 0))
	}
}

// end is called when the handler has ended.
func (w *recorder) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.status = or(w.status, http.StatusOK)
}

func or(status, otherwise int) int {
	if status != 0 {
		return status
	}
	return otherwise
}
