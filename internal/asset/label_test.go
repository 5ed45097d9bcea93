package asset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestNormalLabels(t *testing.T) {
	many := make([]string, MaxLabels)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	long := strings.Repeat("x", MaxLabel)
	for _, tt := range []struct {
		name     string
		in, want []string
		err      error
	}{
		{"none", nil, nil, nil},
		{"empty ones", []string{"", " \t"}, nil, nil},
		{"order is kept", []string{"b", "a"}, []string{"b", "a"}, nil},
		{"space and case", []string{" Cat ", "DOG\n"}, []string{"cat", "dog"}, nil},
		{"first of equal ones", []string{"b", "A", "B", " a"}, []string{"b", "a"}, nil},
		{"all characters", []string{"az09-_."}, []string{"az09-_."}, nil},
		{"a space in it", []string{"a b"}, nil, fault.Invalid},
		{"a comma", []string{"a,b"}, nil, fault.Invalid},
		{"a letter that is not ASCII", []string{"é"}, nil, fault.Invalid},
		{"a letter that becomes ASCII", []string{"\u212a"}, []string{"k"}, nil}, // KELVIN SIGN
		{"as many as may be", append(slices.Clone(many), "0", ""), many, nil},
		{"one more", append(slices.Clone(many), "x"), nil, fault.TooLarge},
		{"as long as may be", []string{" " + long}, []string{long}, nil},
		{"longer", []string{long + "x"}, nil, fault.TooLarge},
	} {
		got, err := NormalLabels(tt.in)
		if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%s: NormalLabels = %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}
