package chain

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

// lines returns the lines of a file of test data.
func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []string
	for s := bufio.NewScanner(f); s.Scan(); {
		list = append(list, s.Text())
	}
	if len(list) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return list
}

func TestReferenceVectors(t *testing.T) {
	for _, line := range lines(t, "members.jsonl") {
		var want struct {
			Member, UUID string
			Effects      string `json:"default_effects"`
		}
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		id, effects, err := Reference(want.Member)
		if err != nil || id.String() != want.UUID || effects != want.Effects {
			t.Errorf("Reference(%q) = %v, %q, %v, want %+v", want.Member, id, effects, err, want)
		}
	}
}

func TestReferenceForms(t *testing.T) {
	const id = "c2499162-eb07-4b93-b31e-94a89a47e858"
	for _, tt := range []struct {
		text, effects string
		want          error
	}{
		{"/" + id + "/-/flip/", "flip/", nil},
		{"C2499162-EB07-4B93-B31E-94A89A47E858", "", nil},
		{"https://cdn.example.com/" + id + "/-/flip/?token=x", "flip/", nil},
		{"https://cdn.example.com/" + id + "/photo.jpg", "", nil},
		{"https://cdn.example.com/" + id + "/video/-/flip/", "", fault.NotFound},
		{"ftp://cdn.example.com/" + id + "/", "", fault.NotFound},
		{"//" + id, "", fault.NotFound},
		{id + "~2", "", fault.NotFound},
		{"https://cdn.example.com/", "", fault.NotFound},
		{"https://cdn.example.com", "", fault.NotFound},
		{"", "", fault.NotFound},
		{"urn:uuid:" + id, "", fault.NotFound},
	} {
		got, effects, err := Reference(tt.text)
		if !errors.Is(err, tt.want) || err == nil && got.String() != id || effects != tt.effects {
			t.Errorf("Reference(%q) = %v, %q, %v, want %q, %v", tt.text, got, effects, err, tt.effects, tt.want)
		}
	}
}
