package account_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/fault"
)

func TestEnvelope(t *testing.T) {
	now := time.Unix(1, 0)
	e := account.NewEnvelope([32]byte{1})
	sealed, err := e.Seal("one", map[string]string{"a": "hidden"}, now.Add(time.Minute))
	must(t, err)
	if strings.Contains(sealed, "hidden") {
		t.Errorf("Seal = %s", sealed)
	}
	var got map[string]string
	must(t, e.Open("one", sealed, &got, now.Add(time.Minute-1)))
	if got["a"] != "hidden" {
		t.Errorf("Open gives %v", got)
	}
	for what, err := range map[string]error{
		"for another purpose":   e.Open("two", sealed, &got, now),
		"with another key":      account.NewEnvelope([32]byte{2}).Open("one", sealed, &got, now),
		"when its time is over": e.Open("one", sealed, &got, now.Add(time.Minute)),
		"changed":               e.Open("one", "AAAA"+sealed, &got, now),
		"cut":                   e.Open("one", sealed[:8], &got, now),
		"of nothing":            e.Open("one", "", &got, now),
		"of no base64":          e.Open("one", "!", &got, now),
	} {
		wantKind(t, "Open "+what, err, fault.Denied)
	}
}
