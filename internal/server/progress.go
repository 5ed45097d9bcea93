package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// A Pace is how fast a client must at least send a body or take an answer: in
// every Window of waiting for it, Rate bytes a second on average. The zero Pace
// means 1 KiB a second over 30 seconds.
type Pace struct {
	Rate   int64 // bytes a second
	Window time.Duration
}

func (p Pace) orDefault() Pace {
	if p.Rate == 0 {
		p.Rate = 1 << 10
	}
	if p.Window == 0 {
		p.Window = 30 * time.Second
	}
	return p
}

// renewal is how long a deadline stays as it is, at least: moving it is cheap,
// but not free.
func (p Pace) renewal() time.Duration { return min(time.Second, p.Window/4) }

// share returns how many bytes must arrive in a window.
func (p Pace) share() int64 { return int64(float64(p.Rate) * p.Window.Seconds()) }

// time returns how long n bytes may take.
func (p Pace) time(n int) time.Duration {
	return p.Window + time.Duration(n)*time.Second/time.Duration(p.Rate)
}

// A pacedBody is a request's body whose client must keep pace. Only the time
// that Read waits counts, not what the handler does between. Its errors other
// than io.EOF wrap fault.Canceled.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	pace    Pace

	start time.Time // of the window
	set   time.Time // the deadline in force
	last  time.Time // when Read returned
	got   int64     // bytes in the window
	total int64     // bytes
	done  bool      // whether the body ended
}

func newPacedBody(r *http.Request, control *http.ResponseController, pace Pace) *pacedBody {
	now := time.Now()
	return &pacedBody{ReadCloser: r.Body, control: control, pace: pace, start: now, last: now}
}

func (b *pacedBody) Read(p []byte) (int, error) {
	now := time.Now()
	b.start = b.start.Add(now.Sub(b.last))
	if b.got >= b.pace.share() && now.Sub(b.start) >= b.pace.renewal() {
		b.start, b.got = now, 0
	}
	if deadline := b.start.Add(b.pace.Window); deadline.Sub(b.set) >= b.pace.renewal()/2 {
		b.control.SetReadDeadline(deadline)
		b.set = deadline
	}
	n, err := b.ReadCloser.Read(p)
	b.last = time.Now()
	b.got += int64(n)
	b.total += int64(n)
	if err != nil {
		// A deadline in the past would cancel the request's context.
		b.done = true
		b.control.SetReadDeadline(time.Time{})
		if err != io.EOF {
			err = fmt.Errorf("read body: %w: %w", err, fault.Canceled)
		}
	}
	return n, err
}

// end leaves the server a last window for what the handler did not read.
func (b *pacedBody) end() {
	if !b.done {
		b.control.SetReadDeadline(time.Now().Add(b.pace.Window))
	}
}

// A recorder is a ResponseWriter that counts, and whose client must keep pace.
type recorder struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    Pace
	plain   bool // whether the connection can send files by itself

	status  int // 0 until the header is written
	bytes   int64
	renewed time.Time
}

// pieceSize is how many bytes are written under one deadline.
const pieceSize = 32 << 10

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.renew(0)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	w.status = or(w.status, http.StatusOK)
	var written int
	for {
		piece := p[written:min(written+pieceSize, len(p))]
		w.renew(len(piece))
		n, err := w.ResponseWriter.Write(piece)
		written += n
		w.bytes += int64(n)
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// ReadFrom lets the connection send a file by itself where it can.
func (w *recorder) ReadFrom(src io.Reader) (int64, error) {
	limited, ok := src.(*io.LimitedReader)
	if ok {
		_, ok = limited.R.(*os.File)
	}
	sink, canSend := w.ResponseWriter.(io.ReaderFrom)
	if !ok || !canSend || !w.plain {
		return io.CopyBuffer(struct{ io.Writer }{w}, src, make([]byte, pieceSize))
	}
	w.status = or(w.status, http.StatusOK)
	var total int64
	for {
		w.renewed = time.Now()
		w.control.SetWriteDeadline(w.renewed.Add(w.pace.Window))
		before := limited.N
		n, err := sink.ReadFrom(limited)
		total += n
		w.bytes += n
		// The deadline passed, but the client kept pace, and the file is
		// where the connection stopped.
		slow := errors.Is(err, os.ErrDeadlineExceeded) && n >= w.pace.share() && before-limited.N == n
		if !slow {
			return total, err
		}
	}
}

// Flush implements http.Flusher.
func (w *recorder) Flush() { w.FlushError() }

// FlushError is for http.ResponseController.
func (w *recorder) FlushError() error {
	w.status = or(w.status, http.StatusOK)
	w.renew(0)
	return w.control.Flush()
}

// renew moves the deadline for writing the next n bytes.
func (w *recorder) renew(n int) {
	if now := time.Now(); now.Sub(w.renewed) >= w.pace.renewal() {
		w.renewed = now
		w.control.SetWriteDeadline(now.Add(w.pace.time(n)))
	}
}

// end leaves a last window for what is still buffered.
func (w *recorder) end() {
	w.status = or(w.status, http.StatusOK)
	w.control.SetWriteDeadline(time.Now().Add(w.pace.Window))
}

func or(status, otherwise int) int {
	if status != 0 {
		return status
	}
	return otherwise
}
