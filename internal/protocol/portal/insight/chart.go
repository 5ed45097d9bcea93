package insight

import (
	"fmt"
	"math"
	"strings"
)

// A chart shows what there was of several things in each step of time, as bars
// of parts that stand on each other. Each part has a pattern of its own besides
// its colour, and the same figures are in a table.
type chart struct {
	ID, Title string
	Text      string // what can be seen, for who does not see it
	Series    []series
	Bars      []bar
	Width     int    // of the drawing, whose height is chartHeight
	Top, Half string // what the axis says
	Times     []string
}

// A series is one of the things.
type series struct {
	Name  string
	Fill  int // which pattern, from 1 to 5
	Total string
	sum   int64
}

// A bar is a step of time.
type bar struct {
	Time   string
	Values []string // of each series
	Parts  []part
	Title  string
}

// A part is drawn.
type part struct {
	X, Width  int
	Y, Height float64
	Fill      int
}

const (
	chartHeight = 100
	barStep     = 10 // between the beginnings of bars
	barWidth    = 8
	leastPart   = .8 // of what is not nothing
)

// draw draws values, which has a list of one value for each of c.Series for each
// of times. It leaves a chart without bars if all are 0.
func (c chart) draw(times []string, values [][]int64, write func(int64) string) chart {
	c.Width = barStep * len(times)
	largest, at := int64(0), 0
	for t, of := range values {
		total := int64(0)
		for i, n := range of {
			total += n
			c.Series[i].sum += n
		}
		if total > largest {
			largest, at = total, t
		}
	}
	var says []string
	for i := range c.Series {
		c.Series[i].Total = write(c.Series[i].sum)
		says = append(says, c.Series[i].Name+" "+c.Series[i].Total)
	}
	if largest == 0 {
		return c
	}
	top := ceiling(largest)
	c.Top, c.Half = write(top), write(top/2)
	c.Text = fmt.Sprintf("From %s to %s: %s. Most at %s, %s.", times[0], times[len(times)-1], strings.Join(says, ", "), times[at], write(largest))
	c.Times = []string{times[0], times[len(times)/2], times[len(times)-1]}
	for t, of := range values {
		b, y := bar{Time: times[t]}, float64(chartHeight)
		says := make([]string, 0, len(of))
		for i, n := range of {
			b.Values = append(b.Values, write(n))
			if n == 0 {
				continue
			}
			height := max(leastPart, float64(n)/float64(top)*chartHeight)
			y -= height
			b.Parts = append(b.Parts, part{X: t*barStep + (barStep-barWidth)/2, Width: barWidth, Y: y, Height: height, Fill: c.Series[i].Fill})
			says = append(says, c.Series[i].Name+" "+write(n))
		}
		b.Title = times[t] + ": " + strings.Join(says, ", ")
		c.Bars = append(c.Bars, b)
	}
	return c
}

// ceiling returns the least of 2, 4, 6, 8, 10, 20, 40 and so on that n is not over.
func ceiling(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, m := range []int64{2, 4, 6, 8, 10} {
			if unit > math.MaxInt64/100 || n <= m*unit {
				return max(n, m*unit)
			}
		}
	}
}
