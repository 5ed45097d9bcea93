package seal

import (
	"errors"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestSeal(t *testing.T) {
	s := New([32]byte{1})
	text, err := s.Close(map[string]int{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]int
	if err := s.Open(text, &got); err != nil || got["a"] != 1 {
		t.Errorf("Open = %v, %v", got, err)
	}
	if again, err := s.Close(map[string]int{"a": 1}); again == text || err != nil {
		t.Errorf("the same text twice, %v", err)
	}
	other := New([32]byte{2})
	foreign, err := other.Close(1)
	if err != nil {
		t.Fatal(err)
	}
	first := byte('A')
	if text[0] == first {
		first = 'B'
	}
	for _, bad := range []string{"", "%", text[1:], string(first) + text[1:], text[:len(text)-2], text + "AA", foreign} {
		if err := s.Open(bad, &got); !errors.Is(err, fault.Denied) {
			t.Errorf("Open(%q) = %v, want %v", bad, err, fault.Denied)
		}
	}
	number, err := s.Close(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(number, &got); !errors.Is(err, fault.Denied) {
		t.Errorf("Open of another value: %v, want %v", err, fault.Denied)
	}
	if _, err := s.Close(make(chan int)); err == nil {
		t.Error("Close of what cannot be written")
	}
}
