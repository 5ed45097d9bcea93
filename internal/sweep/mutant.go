//go:build mutant

package sweep

import (
	"context"
	"os"
	"time"
)

// mutantGap is how long this mutant waits between its sweeps.
const mutantGap = 20 * time.Millisecond

// mutate makes s break a promise on purpose, if STOWGATE_MUTANT names it, so
// that the tests of durability can show that they would see it.
func mutate(s *Sweeper) {
	if os.Getenv("STOWGATE_MUTANT") == "sweep-without-grace" {
		go func() {
			for now := range time.Tick(mutantGap) {
				s.SweepOrphans(context.Background(), now)
			}
		}()
	}
}
