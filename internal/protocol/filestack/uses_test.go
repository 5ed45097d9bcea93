package filestack

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

// No route ignores how often a policy may be used: what it allowed once it
// refuses the second time.
func TestUsesCountOnEveryRoute(t *testing.T) {
	policies := 0
	for _, route := range slices.Sorted(maps.Keys(probes)) {
		for i, probe := range probes[route] {
			t.Run(fmt.Sprint(route, i), func(t *testing.T) {
				s := newStack(t, Config{})
				id := s.put(t, securedKey, "a.txt", "some text")
				policies++
				once := sign(securedKey, fmt.Sprintf(`{"expiry":1999999999,"uses":1,"n":%d,`, policies)+everything[1+len(`"expiry":1999999999,`):])
				first := probe(s, t, id, securedKey, once)
				if first.Code >= 300 {
					t.Skipf("the first answer is %d: nothing was used", first.Code)
				}
				if second := probe(s, t, id, securedKey, once); second.Code < 400 {
					t.Errorf("second answer = %d %.100s, want a refusal", second.Code, second.Body)
				}
			})
		}
	}
}
