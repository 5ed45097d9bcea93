package length

import (
	"math"
	"testing"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct {
		l           Length
		whole, want int
	}{
		{Pixels(7), 100, 7}, {Pixels(-7), 100, -7}, {Percent(50), 100, 50}, {Percent(50), 3, 2}, {Percent(50), -3, -1},
		{Percent(33), 100, 33}, {Percent(-10), 55, -5}, {Percent(0), 99, 0}, {Percent(200), 9, 18}, {Percent(1), 9, 0},
	} {
		if got := tt.l.Of(tt.whole); got != tt.want {
			t.Errorf("%v of %d = %d, want %d", tt.l, tt.whole, got, tt.want)
		}
	}
	if got := Percent(1).Side(9); got != 1 {
		t.Errorf("a side of 1%% of 9 = %d, want 1", got)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		l     Length
		least int
		ok    bool
	}{
		{Pixels(0), 1, false}, {Pixels(1), 1, true}, {Pixels(MaxPixels), 1, true}, {Pixels(MaxPixels + 1), 1, false},
		{Percent(0), 0, true}, {Percent(MaxPercent), 0, true}, {Percent(MaxPercent + 1), 0, false}, {Percent(-1), 0, false},
		{Pixels(-MaxPixels), math.MinInt, true}, {Pixels(-MaxPixels - 1), math.MinInt, false},
		{Percent(-MaxPercent), -MaxPixels, true}, {Percent(-MaxPercent - 1), -MaxPixels, false},
	} {
		if err := tt.l.Check("side", tt.least); (err == nil) != tt.ok {
			t.Errorf("Check of %v from %d = %v", tt.l, tt.least, err)
		}
	}
}

// FuzzLength holds that a text which is read is written as it means.
func FuzzLength(f *testing.F) {
	for _, seed := range []string{"20", "20%", "-3", "0%", "%", "5.5", "+1", "9999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var l, again Length
		if l.UnmarshalText([]byte(text)) != nil {
			return
		}
		out, err := l.MarshalText()
		if err != nil || again.UnmarshalText(out) != nil || again != l {
			t.Errorf("%q is %v, and that is written %q", text, l, out)
		}
	})
}
