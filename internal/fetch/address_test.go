package fetch

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"code.dny.dev/ssrf"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestI1Targets(t *testing.T) {
	type target struct{ URL, Expect, Why string }
	for _, tt := range lines[target](t, "targets.jsonl") {
		t.Run(tt.Why, func(t *testing.T) {
			n := &network{
				answers: map[string][][]string{
					"public.example":        {{public}},
					"xn--bcher-kva.example": {{public}},
					"localhost":             {{"127.0.0.1"}},
				},
				serve: answer("hello", okLine),
			}
			_, err := get(t, n.client(t, Config{}), tt.URL, 100)
			_, _, postErr := n.client(t, Config{}).Post(t.Context(), tt.URL, nil, nil) // N1
			switch {
			case tt.Expect == "allow" && (err != nil || postErr != nil || len(n.dials) != 2):
				t.Errorf("Get(%q) error = %v, Post error = %v, after dialling %v", tt.URL, err, postErr, n.dials)
			case tt.Expect == "deny" && (fault.Of(err) != fault.Unreachable || fault.Of(postErr) != fault.Unreachable || len(n.dials) != 0):
				t.Errorf("Get(%q) error = %v, Post error = %v, after dialling %v, want %v and no dial", tt.URL, err, postErr, n.dials, fault.Unreachable)
			}
		})
	}
}

func TestI1Ranges(t *testing.T) {
	d := newDialer(nil, nil, time.Second)
	for _, tt := range []struct{ allowed, denied []string }{
		{[]string{"1.0.0.0"}, []string{"0.0.0.0", "0.255.255.255"}},
		{[]string{"9.255.255.255", "11.0.0.0"}, []string{"10.0.0.0", "10.255.255.255"}},
		{[]string{"100.63.255.255", "100.128.0.0"}, []string{"100.64.0.0", "100.127.255.255"}},
		{[]string{"126.255.255.255", "128.0.0.0"}, []string{"127.0.0.0", "127.255.255.255"}},
		{[]string{"169.253.255.255", "169.255.0.0"}, []string{"169.254.0.0", "169.254.255.255"}},
		{[]string{"172.15.255.255", "172.32.0.0"}, []string{"172.16.0.0", "172.31.255.255"}},
		{[]string{"191.255.255.255", "192.0.1.0"}, []string{"192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255"}},
		{[]string{"192.167.255.255", "192.169.0.0"}, []string{"192.168.0.0", "192.168.255.255"}},
		{[]string{"198.17.255.255", "198.20.0.0"}, []string{"198.18.0.0", "198.19.255.255"}},
		{[]string{"198.51.99.255", "203.0.114.0"}, []string{"198.51.100.1", "203.0.113.1", "192.88.99.1"}},
		{[]string{"223.255.255.255"}, []string{"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255"}},
		{[]string{"168.63.129.15", "168.63.129.17"}, []string{"168.63.129.16"}},
		{[]string{"::ffff:1.1.1.1"}, []string{"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"}},
		{nil, []string{"::", "::1", "::7f00:1", "::101:101", "1fff:ffff::"}},
		{[]string{"2000::1", "2606:4700::1111", "3ffe::1"}, []string{"3fff::1", "4000::1", "2001:db8::1"}},
		{nil, []string{"64:ff9b::101:101", "64:ff9b:1::101:101", "64:ff9b:1:ffff::1"}},
		{[]string{"2003::1", "2001:4860:4860::8888"}, []string{"2002::1", "2002:101:101::1", "2001::1", "2001:1ff::1"}},
		{nil, []string{"fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff00::1", "ff02::1"}},
		{[]string{"2606:4700::5eff:101:101"}, []string{"2606:4700::5efe:101:101", "2606:4700::200:5efe:7f00:1"}},
		{nil, []string{"fe80::1%eth0", "2606:4700::1111%eth0", "2606:4700::1111%1"}},
	} {
		for _, text := range tt.allowed {
			if err := d.vet(netip.MustParseAddr(text)); err != nil {
				t.Errorf("vet(%s) = %v", text, err)
			}
		}
		for _, text := range tt.denied {
			if d.vet(netip.MustParseAddr(text)) == nil {
				t.Errorf("vet(%s) = nil", text)
			}
		}
	}
	for _, p := range slices.Concat(ssrf.IPv4DeniedPrefixes, ssrf.IPv6DeniedPrefixes, never) {
		if d.vet(p.Addr()) == nil {
			t.Errorf("vet(%s) = nil", p.Addr())
		}
	}
	if d.vet(netip.Addr{}) == nil {
		t.Error("vet of no address = nil")
	}
}

func TestI1Allow(t *testing.T) {
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	for _, tt := range []struct {
		allow []netip.Prefix
		addr  string
		ok    bool
	}{
		{everything, "127.0.0.1", true},
		{everything, "::1", true},
		{everything, "10.1.2.3", true},
		{everything, "fd12::1", true},
		{everything, "64:ff9b::a00:1", true},
		{everything, "169.254.169.254", false},
		{everything, "169.254.170.2", false},
		{everything, "::ffff:169.254.169.254", false},
		{everything, "::a9fe:a9fe", false},
		{everything, "64:ff9b::a9fe:a9fe", false},
		{everything, "64:ff9b:1::a9fe:a9fe", false},
		{everything, "2002:a9fe:a9fe::1", false},
		{everything, "2001:0:1::5601:5601", false}, // Teredo: inverted
		{everything, "fd12::5efe:a9fe:a9fe", false},
		{everything, "fe80::1", false},
		{everything, "fd00:ec2::254", false},
		{everything, "fd20:ce::254", false},
		{everything, "168.63.129.16", false},
		{everything, "100.100.100.200", false},
		{everything, "192.0.0.192", false},
		{everything, "::ffff:10.0.0.1%eth0", false},
		{everything[:1], "::1", false},
		{[]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, "10.1.255.255", true},
		{[]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, "10.2.0.0", false},
		{[]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, "::ffff:10.1.0.1", true},
		{[]netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}, "64:ff9b::101:101", true},
		{[]netip.Prefix{netip.MustParsePrefix("64:ff9b::/96")}, "64:ff9b::a00:1", false},
	} {
		if err := newDialer(nil, tt.allow, time.Second).vet(netip.MustParseAddr(tt.addr)); (err == nil) != tt.ok {
			t.Errorf("vet(%s) allowing %v = %v, want ok %v", tt.addr, tt.allow, err, tt.ok)
		}
	}
}

// The last check is made on the real address by the real dialer.
func TestI1Dialer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	here := l.Addr().(*net.TCPAddr).AddrPort()

	if conn, err := newDialer(nil, nil, time.Minute).connect(t.Context(), here); err == nil {
		conn.Close()
		t.Fatal("connected to loopback")
	}
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	conn, err := newDialer(nil, allow, time.Minute).dial(t.Context(), "tcp", here.String())
	if err != nil {
		t.Fatalf("connect to allowed address: %v", err)
	}
	defer conn.Close()
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if first.RemoteAddr().String() != conn.LocalAddr().String() {
		t.Error("the refused connection reached the listener")
	}
}

func TestI2DNS(t *testing.T) {
	type rebinding struct {
		Host    string
		Answers [][]string
		Expect  string
		Why     string
	}
	for _, tt := range lines[rebinding](t, "dns-cases.jsonl") {
		t.Run(tt.Why, func(t *testing.T) {
			n := &network{answers: map[string][][]string{tt.Host: tt.Answers}, serve: answer("hello", okLine)}
			if tt.Expect == "bounded tries" {
				n.refuse = errors.New("connection refused")
			}
			c := n.client(t, Config{})
			for i := range tt.Answers {
				n.lookups, n.dials = 0, nil
				forbidden := tt.Answers[i][0] != public
				_, err := get(t, c, "http://"+tt.Host+"/", 100)
				if (err == nil) == forbidden {
					t.Errorf("Get %d error = %v", i, err)
				}
				switch {
				case n.lookups != 1:
					t.Errorf("Get %d looked up %d times", i, n.lookups)
				case n.refuse != nil && len(n.dials) != maxDials:
					t.Errorf("Get %d dialled %v, want %d", i, n.dials, maxDials)
				case n.refuse == nil && !forbidden && (len(n.dials) != 1 || n.dials[0].Addr().String() != tt.Answers[i][0]):
					t.Errorf("Get %d dialled %v, want %v", i, n.dials, tt.Answers[i])
				case n.refuse == nil && forbidden && len(n.dials) != 0:
					t.Errorf("Get %d dialled %v", i, n.dials)
				}
			}
		})
	}
}

func TestI2MixedAnswer(t *testing.T) {
	for _, answers := range [][]string{
		{public, "127.0.0.1"}, {"10.0.0.1", public}, {public, "1.1.1.1", "2606:4700::1111", "8.8.8.8", "fd00::1"}, {},
	} {
		n := &network{answers: map[string][][]string{"a.example": {answers}}, serve: answer("hello", okLine)}
		if _, err := get(t, n.client(t, Config{}), "http://a.example/", 100); fault.Of(err) != fault.Unreachable {
			t.Errorf("Get with answers %v: error = %v", answers, err)
		}
		if len(n.dials) != 0 {
			t.Errorf("Get with answers %v dialled %v", answers, n.dials)
		}
	}
}
