package insight

import (
	"fmt"
	"math"
	"testing"
)

// TestDraw holds that what is drawn, what is told and what stands in the table
// are the same figures.
func TestDraw(t *testing.T) {
	c := chart{Title: "T", Series: []series{{Name: "a", Fill: 1}, {Name: "b", Fill: 3}}}
	write := func(n int64) string { return fmt.Sprint(n) }
	if empty := c.draw([]string{"1", "2"}, [][]int64{{0, 0}, {0, 0}}, write); len(empty.Bars) != 0 || empty.Series[0].Total != "0" {
		t.Errorf("of nothing: %+v", empty)
	}
	c.Series = []series{{Name: "a", Fill: 1}, {Name: "b", Fill: 3}}
	c = c.draw([]string{"1", "2", "3"}, [][]int64{{0, 0}, {25, 5}, {1, 0}}, write)
	if c.Text != "From 1 to 3: a 26, b 5. Most at 2, 30." || c.Top != "40" || c.Half != "20" || c.Width != 30 {
		t.Errorf("%+v", c)
	}
	want := "[{1 [0 0] [] 1: } {2 [25 5] [{11 8 37.5 62.5 1} {11 8 25 12.5 3}] 2: a 25, b 5} {3 [1 0] [{21 8 97.5 2.5 1}] 3: a 1}]"
	if got := fmt.Sprint(c.Bars); got != want {
		t.Errorf("bars %s\nwant %s", got, want)
	}
}

func TestCeiling(t *testing.T) {
	for n, want := range map[int64]int64{1: 2, 2: 2, 3: 4, 5: 6, 9: 10, 10: 10, 11: 20, 40: 40, 41: 60, 81: 100, 7e9: 8e9, math.MaxInt64: math.MaxInt64} {
		if got := ceiling(n); got != want {
			t.Errorf("ceiling(%d) = %d, want %d", n, got, want)
		}
	}
}
