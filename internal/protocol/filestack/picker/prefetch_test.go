package picker

import (
	"os"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/policy"
)

// Every reason has a code, and the picker knows each of them.
func TestProblems(t *testing.T) {
	types, err := os.ReadFile("../../../../web/engine/types.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range policy.Reasons {
		found := problems[reason]
		if found.Message == "" || !strings.Contains(string(types), "| '"+found.Code+"'") {
			t.Errorf("%v is %+v, which the picker does not know", reason, found)
		}
	}
}
