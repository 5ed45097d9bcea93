package upload

import (
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/stowgate/stowgate/internal/blob"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/upload/ahead"
)

// A Part is a run of bytes that has arrived for a session, durable.
type Part struct {
	Number  int   // from 1
	Offset  int64 // of these bytes within the part; 0 for a part sent whole
	Chunked bool  // whether the part comes in chunks with offsets
	Segment blob.Segment
	Tag     string // what the caller was told identifies the bytes: lowercase hex
}

// A PartSpec is what a caller says about a part, or a chunk of one, that it is
// about to send.
type PartSpec struct {
	Number  int   // 1 to MaxParts
	Offset  int64 // within the part
	Chunked bool
	Size    int64  // exact bytes to come
	More    int64  // so many may come besides: those of the next part, which then does not come
	MD5     []byte // what they must hash to; nil means not declared
}

func (p PartSpec) check() error {
	switch {
	case p.Number < 1 || p.Number > MaxParts:
		return fmt.Errorf("part number %d is not in 1 to %d: %w", p.Number, MaxParts, fault.Invalid)
	case p.Size < 1 || p.Size > MaxPartSize || p.More < 0 || p.More > MaxPartSize-p.Size:
		return fmt.Errorf("part size %d, and %d more, is not in 1 to %d: %w", p.Size, p.More, int64(MaxPartSize), fault.Invalid)
	case p.Offset < 0 || p.Offset > MaxPartSize-p.Size:
		return fmt.Errorf("part offset %d: %w", p.Offset, fault.Invalid)
	case p.MD5 != nil && len(p.MD5) != md5.Size:
		return fmt.Errorf("MD5 of %d bytes: %w", len(p.MD5), fault.Invalid)
	}
	return nil
}

// TicketLifetime is how long a ticket for sending a part can be used.
const TicketLifetime = 24 * time.Hour

// takes reports whether so many bytes may come.
func (p PartSpec) takes(size int64) bool {
	return size == p.Size || p.More > 0 && size == p.Size+p.More
}

// A ticket permits sending one part. It is sealed, so that its holder can
// neither change it nor read the session from a URL that was logged somewhere.
type ticket struct {
	App     string
	Session string
	Part    PartSpec
	Expires int64 // Unix seconds
}

// Ticket returns a sealed text that permits sending exactly the part described
// by p to an unfinished session, for TicketLifetime.
func (s *Service) Ticket(ctx context.Context, app, session string, p PartSpec) (string, error) {
	sealed, err := s.Tickets(ctx, app, session, []PartSpec{p})
	if err != nil {
		return "", err
	}
	return sealed[0], nil
}

// Tickets returns a ticket for each of parts.
func (s *Service) Tickets(ctx context.Context, app, session string, parts []PartSpec) ([]string, error) {
	u, err := s.Session(ctx, app, session)
	if err != nil {
		return nil, err
	}
	if u.Asset != "" {
		return nil, fmt.Errorf("upload is finished: %w", fault.Conflict)
	}
	sealed := make([]string, len(parts))
	expires := s.config.Now().Add(TicketLifetime).Unix()
	for i, p := range parts {
		if err := p.check(); err != nil {
			return nil, err
		}
		if sealed[i], err = s.seal.Close(ticket{App: app, Session: session, Part: p, Expires: expires}); err != nil {
			return nil, err
		}
	}
	return sealed, nil
}

// WritePart stores body as the part that ticket permits. When it returns nil
// the part is durable; sending it again replaces it. A length that is not
// negative is what the transport declared. The error wraps fault.Mismatch when
// length or MD5 differ from the ticket's, and fault.Denied for a bad ticket, or
// when it is the first part and the app does not take such files.
func (s *Service) WritePart(ctx context.Context, sealed string, length int64, body io.Reader) (Part, error) {
	var t ticket
	if err := s.seal.Open(sealed, &t); err != nil {
		return Part{}, fmt.Errorf("ticket: %w", err)
	}
	if s.config.Now().Unix() >= t.Expires {
		return Part{}, fmt.Errorf("ticket has expired: %w", fault.Denied)
	}
	u, err := s.Session(ctx, t.App, t.Session)
	if err != nil {
		return Part{}, err
	}
	if u.Asset != "" {
		return Part{}, fmt.Errorf("upload is finished: %w", fault.Conflict)
	}
	spec := t.Part
	if length >= 0 && !spec.takes(length) {
		return Part{}, fmt.Errorf("part of %d bytes where %d were declared: %w", length, spec.Size, fault.Mismatch)
	}
	segment, tag, err := s.receivePart(ctx, u.App, spec, body)
	if err != nil {
		return Part{}, err
	}
	p := Part{Number: spec.Number, Offset: spec.Offset, Chunked: spec.Chunked, Segment: segment, Tag: tag}
	if err := s.records.AddPart(context.WithoutCancel(ctx), u.ID, p); err != nil {
		s.discard(ctx, blob.Content{Segments: []blob.Segment{segment}}, err)
		return Part{}, fmt.Errorf("record part: %w", err)
	}
	s.ahead.Add(u.ID, ahead.Part{Number: p.Number, Offset: p.Offset, Chunked: p.Chunked, Segment: p.Segment})
	return p, nil
}

// TicketApp returns the key of the app that a ticket is for, and "" for a bad
// one. It is for those who count.
func (s *Service) TicketApp(sealed string) string {
	var t ticket
	s.seal.Open(sealed, &t)
	return t.App
}

// receivePart streams body into a blob of exactly the declared bytes, if the app
// with that key takes files that begin so.
func (s *Service) receivePart(ctx context.Context, key string, spec PartSpec, body io.Reader) (blob.Segment, string, error) {
	app, err := s.records.App(ctx, key)
	if err != nil {
		return blob.Segment{}, "", fmt.Errorf("app of the part: %w", err)
	}
	if spec.Number != 1 || spec.Offset != 0 {
		app.Options.Types = nil // the file's type is that of its first bytes
	}
	most := spec.Size + spec.More
	r := rules{app, most, fmt.Errorf("more than the %d bytes declared: %w", most, fault.Mismatch)}
	var digest hash.Hash
	if spec.MD5 != nil {
		digest = md5.New()
	}
	in, err := s.write(ctx, body, r, digest)
	if err != nil {
		return blob.Segment{}, "", err
	}
	defer in.Close()
	if !spec.takes(in.size) {
		return blob.Segment{}, "", fmt.Errorf("%d bytes came where %d were declared: %w", in.size, spec.Size, fault.Mismatch)
	}
	if digest != nil && string(digest.Sum(nil)) != string(spec.MD5) {
		return blob.Segment{}, "", fmt.Errorf("bytes do not have the declared MD5: %w", fault.Mismatch)
	}
	segment, err := in.writer.Commit()
	if err != nil {
		return blob.Segment{}, "", err
	}
	return segment, tag(spec, segment), nil
}

// tag names the bytes of a part. It is their MD5 where the caller has declared
// it, because that is what S3 answers and what some clients compare; computing
// one nobody asked for would be the costliest thing in the path. Otherwise it
// is made of their checksums.
func tag(spec PartSpec, segment blob.Segment) string {
	if spec.MD5 != nil {
		return hex.EncodeToString(spec.MD5)
	}
	sums := md5.New()
	binary.Write(sums, binary.BigEndian, segment.Size)
	binary.Write(sums, binary.BigEndian, segment.Sums)
	return hex.EncodeToString(sums.Sum(nil))
}

// CommitPart says that every chunk of a part was sent. The error wraps
// fault.Conflict if there is a gap.
func (s *Service) CommitPart(ctx context.Context, app, session string, number int) error {
	u, err := s.Session(ctx, app, session)
	if err != nil {
		return err
	}
	if u.Asset != "" {
		return nil
	}
	parts, err := s.records.Parts(ctx, u.ID)
	if err != nil {
		return fmt.Errorf("list parts: %w", err)
	}
	found := false
	for group := range byNumber(parts) {
		if group[0].Number != number {
			continue
		}
		found = true
		if _, err := chain(group); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("part %d has not arrived: %w", number, fault.Conflict)
	}
	s.ahead.Commit(u.ID, number)
	return nil
}

// byNumber yields the runs of parts with the same number; parts are in order of
// number and offset.
func byNumber(parts []Part) func(yield func([]Part) bool) {
	return func(yield func([]Part) bool) {
		for len(parts) > 0 {
			n := 1
			for n < len(parts) && parts[n].Number == parts[0].Number {
				n++
			}
			if !yield(parts[:n]) {
				return
			}
			parts = parts[n:]
		}
	}
}

// A slice is the part of a segment that is used: all of it, but for a chunk
// that overlaps the one before.
type slice struct {
	Part
	skip int64 // bytes at the start that an earlier chunk has
}

// chain lines up what came for one part from offset 0 without a gap; group is in
// order of offsets. A client that sends a chunk again in smaller pieces leaves
// pieces that overlap: what is covered already is skipped.
func chain(group []Part) ([]slice, error) {
	var out []slice
	var at, most int64 // how far it goes; how far anything before that goes
	var over Part      // what goes that far
	for i := 0; ; {
		for ; i < len(group) && group[i].Offset < at; i++ {
			if end := group[i].Offset + group[i].Segment.Size; end > most {
				most, over = end, group[i]
			}
		}
		switch {
		case i < len(group) && group[i].Offset == at:
			out = append(out, slice{Part: group[i]})
			at += group[i].Segment.Size
			i++
		case most > at:
			out = append(out, slice{over, at - over.Offset})
			at = most
		case i < len(group):
			return nil, fmt.Errorf("part %d has a gap at offset %d: %w", group[i].Number, at, fault.Conflict)
		default:
			return out, nil
		}
	}
}

// assemble lists the segments of all parts in their order, and the blobs that
// are not used.
func (s *Service) assemble(ctx context.Context, u Session, parts []Part) (blob.Content, []blob.Key, error) {
	var content blob.Content
	used := map[blob.Key]bool{}
	for group := range byNumber(parts) {
		line, err := chain(group)
		if err != nil {
			return blob.Content{}, nil, err
		}
		for _, sl := range line {
			if sl.skip > 0 {
				if sl.Part, err = s.rest(ctx, u, sl); err != nil {
					return blob.Content{}, nil, err
				}
			}
			content.Segments = append(content.Segments, sl.Segment)
			used[sl.Segment.Key] = true
		}
	}
	var unused []blob.Key
	for _, p := range parts {
		if !used[p.Segment.Key] {
			unused = append(unused, p.Segment.Key)
		}
	}
	return content, unused, nil
}

// rest stores the bytes of a chunk that no earlier chunk has as a blob of its
// own and records it in the chunk's place. It is the one case in which bytes
// are written again: a client sent overlapping chunks.
func (s *Service) rest(ctx context.Context, u Session, sl slice) (Part, error) {
	f, err := s.vault.Open(ctx, blob.Content{Segments: []blob.Segment{sl.Segment}})
	if err != nil {
		return Part{}, err
	}
	defer f.Close()
	if _, err := f.Seek(sl.skip, io.SeekStart); err != nil {
		return Part{}, err
	}
	p := sl.Part
	p.Offset += sl.skip
	p.Segment, p.Tag, err = s.receivePart(ctx, u.App, PartSpec{Number: p.Number, Offset: p.Offset, Size: sl.Segment.Size - sl.skip}, f)
	if err != nil {
		return Part{}, err
	}
	if err := s.records.AddPart(context.WithoutCancel(ctx), u.ID, p); err != nil {
		s.discard(ctx, blob.Content{Segments: []blob.Segment{p.Segment}}, err)
		return Part{}, err
	}
	return Part{}, errPartsChanged // look again, with the new chunk
}

// checkNamed compares the parts a caller names with those that arrived. A part
// it does not name is used all the same: a client that switched to chunks names
// only the parts it sent whole.
func checkNamed(parts []Part, named []DonePart) error {
	tags := map[int]string{}
	for _, p := range parts {
		if !p.Chunked {
			tags[p.Number] = p.Tag
		}
	}
	for _, d := range named {
		have, ok := tags[d.Number]
		if !ok {
			return fmt.Errorf("part %d is named but has not arrived: %w", d.Number, fault.Conflict)
		}
		if d.Tag != "" && !strings.EqualFold(strings.Trim(d.Tag, `"`), have) {
			return fmt.Errorf("part %d is named with another tag: %w", d.Number, fault.Conflict)
		}
	}
	return nil
}
