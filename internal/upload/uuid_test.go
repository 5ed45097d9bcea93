package upload_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/upload"
)

// TestDrawnUUID: who has drawn a file's second name before it is stored, stores
// it once.
func TestDrawnUUID(t *testing.T) {
	s := newStack(t)
	spec := upload.Spec{Name: "n", Size: -1, UUID: uuid.New()}
	a, err := s.Put(t.Context(), anyone, spec, strings.NewReader("x"))
	if err != nil || a.UUID != spec.UUID {
		t.Fatalf("Put as %v: %v, %v", spec.UUID, a.UUID, err)
	}
	for range 2 { // while it is there, and when it was removed
		if _, err := s.Put(t.Context(), anyone, spec, strings.NewReader("y")); !errors.Is(err, fault.Conflict) {
			t.Errorf("Put as %v again: %v, want %v", spec.UUID, err, fault.Conflict)
		}
		if n := s.stored(t); n != 1 {
			t.Errorf("%d blobs, want that of the first file", n)
		}
		s.catalog.RemoveAsset(t.Context(), app, a.ID, anyone.Use)
	}

	spec.UUID = uuid.New()
	u, err := s.Begin(t.Context(), anyone, spec)
	if err != nil || u.ID != upload.SessionOf(spec.UUID) {
		t.Fatalf("Begin as %v: %v, %v", spec.UUID, u.ID, err)
	}
	if _, err := s.send(t, u, upload.PartSpec{Number: 1}, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	if a := s.mustComplete(t, u, []byte("abc")); a.UUID != spec.UUID {
		t.Errorf("completed as %v, want %v", a.UUID, spec.UUID)
	}
}

// TestMore: a part may bring the bytes of the next one, all of them or none.
func TestMore(t *testing.T) {
	for _, tt := range []struct {
		more int64
		size int
		want error
	}{{0, 4, nil}, {2, 4, nil}, {2, 6, nil}, {0, 6, fault.Mismatch}, {2, 3, fault.Mismatch}, {2, 5, fault.Mismatch}, {2, 7, fault.Mismatch}} {
		for _, length := range []int64{-1, int64(tt.size)} {
			s := newStack(t)
			u := s.begin(t, tt.size)
			ticket, err := s.Ticket(t.Context(), app, u.ID, upload.PartSpec{Number: 1, Size: 4, More: tt.more})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.WritePart(t.Context(), ticket, length, strings.NewReader(strings.Repeat("x", tt.size)))
			if !errors.Is(err, tt.want) {
				t.Errorf("WritePart of %d bytes, %d declared, for 4 and %d more: %v, want %v", tt.size, length, tt.more, err, tt.want)
			}
			if tt.want == nil {
				s.mustComplete(t, u, []byte(strings.Repeat("x", tt.size)))
			}
		}
	}
	s := newStack(t)
	u := s.begin(t, 1)
	for _, p := range []upload.PartSpec{
		{Number: 1, Size: 1, More: -1}, {Number: 1, Size: 1, More: upload.MaxPartSize}, {Number: 1, Size: upload.MaxPartSize, More: 1},
	} {
		if _, err := s.Ticket(t.Context(), app, u.ID, p); !errors.Is(err, fault.Invalid) {
			t.Errorf("Ticket for %d and %d more: %v, want %v", p.Size, p.More, err, fault.Invalid)
		}
	}
}

func TestTickets(t *testing.T) {
	s := newStack(t)
	u := s.begin(t, 3)
	parts := []upload.PartSpec{{Number: 1, Size: 2}, {Number: 2, Size: 1}}
	tickets, err := s.Tickets(t.Context(), app, u.ID, parts)
	if err != nil || len(tickets) != 2 {
		t.Fatalf("Tickets = %d, %v", len(tickets), err)
	}
	for i, body := range []string{"ab", "c"} {
		if _, err := s.WritePart(t.Context(), tickets[i], -1, strings.NewReader(body)); err != nil {
			t.Error(err)
		}
	}
	s.mustComplete(t, u, []byte("abc"))
	if _, err := s.Tickets(t.Context(), app, u.ID, parts); !errors.Is(err, fault.Conflict) {
		t.Errorf("Tickets of what is finished: %v", err)
	}
	if _, err := s.Tickets(t.Context(), app, fmt.Sprint(u.ID, "x"), nil); !errors.Is(err, fault.NotFound) {
		t.Errorf("Tickets of another upload: %v", err)
	}
}
