package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/stowgate/stowgate/internal/fault"
)

// What a request asks for.
const (
	kindJob   = 1
	kindProbe = 2
)

// A request goes to the child as a header of 24 bytes and a payload, with the
// descriptors attached to the first byte:
//
//	kind 1, unused 1, files 2, number 4, length 4, unused 4, nanoseconds left 8
type request struct {
	kind   byte
	number uint32 // comes back with the reply
	files  int
	left   time.Duration // until the deadline
	length int
}

const requestHeader = 24

func (r request) append(b []byte) []byte {
	b = append(b, r.kind, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(r.files))
	b = binary.LittleEndian.AppendUint32(b, r.number)
	b = binary.LittleEndian.AppendUint32(b, uint32(r.length))
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint64(b, uint64(r.left))
}

func parseRequest(b []byte) request {
	return request{kind: b[0], files: int(binary.LittleEndian.Uint16(b[2:])), number: binary.LittleEndian.Uint32(b[4:]),
		length: int(binary.LittleEndian.Uint32(b[8:])), left: time.Duration(binary.LittleEndian.Uint64(b[16:]))}
}

// A reply comes back as a header of 12 bytes and a payload, which is the text
// of the error if there is one:
//
//	"SW" 2, 0 or 1 if there is an error 1, its kind 1, number 4, length 4
type reply struct {
	number uint32
	failed bool
	kind   fault.Kind
	length int
}

const replyHeader = 12

func (r reply) append(b []byte) []byte {
	failed := byte(0)
	if r.failed {
		failed = 1
	}
	b = append(b, 'S', 'W', failed, byte(r.kind))
	b = binary.LittleEndian.AppendUint32(b, r.number)
	return binary.LittleEndian.AppendUint32(b, uint32(r.length))
}

var errGarbage = errors.New("what came is no reply")

// parseReply reads a header that a child may have forged.
func parseReply(b []byte, number uint32) (reply, error) {
	r := reply{number: binary.LittleEndian.Uint32(b[4:]), failed: b[2] == 1, kind: fault.Kind(b[3]),
		length: int(binary.LittleEndian.Uint32(b[8:]))}
	switch {
	case b[0] != 'S' || b[1] != 'W' || b[2] > 1:
		return reply{}, errGarbage
	case r.number != number:
		return reply{}, fmt.Errorf("reply %d to request %d: %w", r.number, number, errGarbage)
	case r.length > MaxReply:
		return reply{}, fmt.Errorf("reply of %d bytes, more than %d: %w", r.length, MaxReply, errGarbage)
	}
	return r, nil
}

// writeReply writes the answer to request number: body, or else err.
func writeReply(w io.Writer, number uint32, body []byte, err error) error {
	r := reply{number: number}
	if err == nil && len(body) > MaxReply {
		err = fmt.Errorf("reply of %d bytes, more than %d: %w", len(body), MaxReply, fault.TooLarge)
	}
	if err != nil {
		r.failed, r.kind, body = true, fault.Of(err), []byte(err.Error())
	}
	r.length = len(body)
	_, err = w.Write(append(r.append(make([]byte, 0, replyHeader+len(body))), body...))
	return err
}
