package conn

import (
	"net/netip"
	"testing"
)

func TestConnectionLimits(t *testing.T) {
	far, near, proxy := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		name      string
		max, each int
		addr      netip.Addr
		want      int // of 5 that are let in
	}{
		{"below", 6, 6, far, 5},
		{"at", 5, 5, far, 5},
		{"over in all", 4, 5, far, 4},
		{"over for one", 5, 4, far, 4},
		{"loopback", 5, 4, near, 5},
		{"trusted", 5, 4, proxy, 5},
		{"no bound", -1, -1, far, 5},
	} {
		refused := 0
		g := &gate{Limits: Limits{
			Max: tt.max, PerClient: tt.each, Exempt: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Refused: func(string) { refused++ },
		}, clients: map[netip.Addr]int{}}
		var leaves []func()
		for range 5 {
			if leave, ok := g.enter(tt.addr); ok {
				leaves = append(leaves, leave)
			}
		}
		if len(leaves) != tt.want || refused != 5-tt.want {
			t.Errorf("%s: %d of 5 are let in and %d refused, want %d", tt.name, len(leaves), refused, tt.want)
		}
		for _, leave := range leaves {
			leave()
			leave() // counts once
		}
		if g.open != 0 || len(g.clients) != 0 {
			t.Errorf("%s: after all left, %d are open, of %v", tt.name, g.open, g.clients)
		}
	}
}
