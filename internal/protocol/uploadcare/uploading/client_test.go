package uploading

import (
	"net/netip"
	"testing"
)

// TestClientOf: one customer's addresses of IPv6 are one client.
func TestClientOf(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "127.0.0.1": "", "::1": "", "192.0.2.1": "192.0.2.1",
		"2001:db8::1": "2001:db8::/64", "2001:db8::ffff:1": "2001:db8::/64", "2001:db8:0:1::1": "2001:db8:0:1::/64",
	} {
		addr, _ := netip.ParseAddr(text)
		if got := clientOf(addr); got != want {
			t.Errorf("clientOf(%q) = %q, want %q", text, got, want)
		}
	}
}
