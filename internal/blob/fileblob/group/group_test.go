package group

import (
	"errors"
	"slices"
	"sync"
	"testing"
)

// TestGroup lets items wait while an act runs, and looks at which acts follow.
func TestGroup(t *testing.T) {
	errOdd := errors.New("odd batch")
	for _, tt := range []struct {
		name    string
		take    func([]int) int
		batches []int // sizes
	}{
		{"all", nil, []int{1, 10}},
		{"three at a time", func(w []int) int { return min(3, len(w)) }, []int{1, 3, 3, 3, 1}},
		{"one at a time", func([]int) int { return 1 }, slices.Repeat([]int{1}, 11)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun, held := make(chan bool), make(chan bool)
			var got [][]int
			g := Group[int]{Take: tt.take}
			g.Act = func(items []int) error {
				if got = append(got, slices.Clone(items)); len(got) == 1 {
					close(begun)
					<-held
				}
				if len(got)%2 == 1 {
					return errOdd
				}
				return nil
			}
			errs := make([]error, 11)
			var wg sync.WaitGroup
			wg.Go(func() { errs[0] = g.Do(0) })
			<-begun
			for i := 1; i <= 10; i++ {
				wg.Go(func() { errs[i] = g.Do(i) })
			}
			for n := 0; n < 10; {
				g.mu.Lock()
				n = len(g.waiting)
				g.mu.Unlock()
			}
			close(held)
			wg.Wait()

			var sizes, all []int
			for i, batch := range got {
				sizes = append(sizes, len(batch))
				all = append(all, batch...)
				for _, item := range batch {
					if (errs[item] != nil) != (i%2 == 0) {
						t.Errorf("item %d of batch %d has the error %v", item, i, errs[item])
					}
				}
			}
			slices.Sort(all)
			if !slices.Equal(sizes, tt.batches) || !slices.Equal(all, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
				t.Errorf("batches of %v for items %v, want batches of %v", sizes, all, tt.batches)
			}
			if g.busy || len(g.waiting) > 0 {
				t.Error("the group stays busy")
			}
		})
	}
}
