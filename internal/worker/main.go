package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/worker/confine"
)

// socket is the descriptor of the connection to the server in a child.
const socket = 3

// A Handler does one job in a child: it gets the request and the files, and
// returns the reply. The kind of its error reaches the caller of Do, with the
// text. The files are closed when it returns. ctx ends at the job's deadline,
// about when the process is killed.
type Handler func(ctx context.Context, request []byte, files []*os.File) ([]byte, error)

// Main is the whole life of a child. It confines the process, calls prepare,
// which opens the libraries that the jobs need and may be nil, closes the
// confinement, and then serves jobs one after another until the server goes
// away. It must be called before the program starts anything of its own; the
// program is started twice, with the same arguments.
//
// It returns an error in a process that was not started by a pool, and when
// the child cannot be made ready, which the server is told as well.
func Main(handler Handler, prepare func() error) error {
	spec, err := confine.Enter()
	if err != nil {
		return fmt.Errorf("worker, to be started by a server: %w", err)
	}
	unix.CloseOnExec(socket)
	conn := os.NewFile(socket, "server")
	// A file that gets too long is an error of the write, not the end.
	signal.Ignore(unix.SIGXFSZ)
	if prepare != nil {
		err = prepare()
	}
	var layers []Layer
	if err == nil {
		layers = spec.Close()
	}
	text, _ := json.Marshal(layers) // strings and booleans
	if err := errors.Join(err, writeReply(conn, 0, text, err)); err != nil {
		return fmt.Errorf("make the worker ready: %w", err)
	}
	for {
		if err := serve(conn, handler); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// serve does one job.
func serve(conn *os.File, handler Handler) error {
	r, payload, files, err := readRequest(conn)
	defer closeAll(files)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.left)
	defer cancel()
	if r.kind == kindProbe {
		handler = attempt
	}
	body, err := handler(ctx, payload, files)
	if errors.Is(err, unix.EFBIG) || errors.Is(err, unix.ENOMEM) {
		err = fmt.Errorf("%w: %w", err, fault.TooLarge)
	}
	closeAll(files) // before the server knows, which may look for what is open
	return writeReply(conn, r.number, body, err)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// readRequest waits for the next request. The error is io.EOF when the server
// has gone.
func readRequest(conn *os.File) (r request, payload []byte, files []*os.File, err error) {
	header, rights := make([]byte, requestHeader), make([]byte, unix.CmsgSpace(4*MaxFiles))
	n, nrights := 0, 0
	for {
		n, nrights, _, _, err = unix.Recvmsg(int(conn.Fd()), header, rights, unix.MSG_CMSG_CLOEXEC)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil {
		return r, nil, nil, err
	}
	if files, err = received(rights[:nrights]); err != nil {
		return r, nil, files, err
	}
	if _, err = io.ReadFull(conn, header[n:]); err != nil {
		return r, nil, files, err
	}
	r = parseRequest(header)
	if len(files) != r.files {
		return r, nil, files, fmt.Errorf("got %d files of %d", len(files), r.files)
	}
	payload = make([]byte, r.length)
	_, err = io.ReadFull(conn, payload)
	return r, payload, files, err
}

// received returns the files that came with a message.
func received(rights []byte) (files []*os.File, err error) {
	if len(rights) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(rights)
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return files, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), fmt.Sprintf("file %d", len(files))))
		}
	}
	return files, err
}
