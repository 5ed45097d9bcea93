package badge

import (
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/catalog/record"
	"github.com/stowgate/stowgate/internal/policy"
)

// TestM7Badge holds that a badge names its person in the policy that it was made
// for, and in no other.
func TestM7Badge(t *testing.T) {
	box, other := record.NewBox([32]byte{1}), record.NewBox([32]byte{2})
	ann, bob := policy.Person{ID: "user:a", Name: "Ann", Address: "192.0.2.1"}, policy.Person{ID: "user:b", Name: "Bob"}
	until := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	sealed, err := Seal(box, "app", ann, until)
	if err != nil {
		t.Fatal(err)
	}
	first := "A"
	if sealed[:1] == first {
		first = "B"
	}
	for _, tt := range []struct {
		name string
		box  record.Box
		app  string
		use  policy.Use
		want policy.Person
	}{
		{"as it was made", box, "app", policy.Use{Badge: sealed, Expires: until}, ann},
		{"in another zone", box, "app", policy.Use{Badge: sealed, Expires: until.In(time.FixedZone("", 3600))}, ann},
		{"in another app", box, "app2", policy.Use{Badge: sealed, Expires: until}, policy.Person{}},
		{"for longer", box, "app", policy.Use{Badge: sealed, Expires: until.Add(time.Second)}, policy.Person{}},
		{"without an end", box, "app", policy.Use{Badge: sealed}, policy.Person{}},
		{"of another server", other, "app", policy.Use{Badge: sealed, Expires: until}, policy.Person{}},
		{"changed", box, "app", policy.Use{Badge: first + sealed[1:], Expires: until}, policy.Person{}},
		{"cut", box, "app", policy.Use{Badge: sealed[:10], Expires: until}, policy.Person{}},
		{"no badge", box, "app", policy.Use{Badge: "Ann", Expires: until}, policy.Person{}},
		{"none", box, "app", policy.Use{Expires: until}, policy.Person{}},
		{"who acts is known", box, "app", policy.Use{Badge: sealed, Expires: until, By: bob}, bob},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Open(tt.box, tt.app, tt.use); got != tt.want {
				t.Errorf("Open = %+v, want %+v", got, tt.want)
			}
		})
	}
}
