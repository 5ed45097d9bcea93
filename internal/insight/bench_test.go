package insight_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stowgate/stowgate/internal/insight"
	"github.com/stowgate/stowgate/internal/policy"
)

// BenchmarkCount is what counting adds to a request that is allowed, on as many
// cores as there are, for one app and for a hundred.
func BenchmarkCount(b *testing.B) {
	for _, apps := range []int{1, 100} {
		b.Run(fmt.Sprintf("apps=%d", apps), func(b *testing.B) {
			s := insight.New(&memory{}, insight.Config{})
			keys := make([]string, apps)
			for i := range keys {
				keys[i] = fmt.Sprintf("AKEY%08dKEYKEYKEYz", i)
			}
			now := time.Now()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					s.Count(insight.Visit{App: keys[i%apps], Action: insight.Read, Secret: "94267020", Time: now, In: 1, Out: 10_000})
				}
			})
		})
	}
}

// BenchmarkRefused is the same for one that is refused, whose texts are kept.
func BenchmarkRefused(b *testing.B) {
	s := insight.New(&memory{}, insight.Config{})
	err := &policy.Denial{Reason: policy.Expired, Detail: "expired 3 minutes ago, at 2026-01-01T00:00:00Z: sign a new one"}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Count(insight.Visit{App: "app", Action: insight.Read, Err: err, Path: "/AAAAAAAAAAAAAAAAAAAA", Agent: "Mozilla/5.0 (X11; Linux x86_64)"})
		}
	})
}
