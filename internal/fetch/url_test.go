package fetch

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stowgate/stowgate/internal/fault"
)

func TestI4URL(t *testing.T) {
	c := New(Config{Ports: []uint16{8080}})
	const at = "http://a.example/"
	for _, tt := range []struct{ raw, want string }{ // "" is refused
		{"http://a.example", "http://a.example"},
		{"HTTP://A.Example/B?c=D#e", "http://a.example/B?c=D"},
		{"http://a.example:80/", "http://a.example/"},
		{"http://a.example:443/", "http://a.example:443/"},
		{"https://a.example:443/", "https://a.example/"},
		{"https://a.example:8080/", "https://a.example:8080/"},
		{"http://a.example:/", "http://a.example/"},
		{"http://b\u00fccher.example/", "http://xn--bcher-kva.example/"},
		{"http://my_bucket.a.example/x y", "http://my_bucket.a.example/x%20y"},
		{"http://a\u3002example/", "http://a.example/"},
		{"http://[2606:4700:0::1111]/", "http://[2606:4700::1111]/"},
		{"http://[2606:4700::1111]:8080/", "http://[2606:4700::1111]:8080/"},
		{"http://93.184.216.34/", "http://93.184.216.34/"},
		{at + strings.Repeat("a", maxURL-len(at)-1), at + strings.Repeat("a", maxURL-len(at)-1)},
		{at + strings.Repeat("a", maxURL-len(at)), at + strings.Repeat("a", maxURL-len(at))},
		{at + strings.Repeat("a", maxURL-len(at)+1), ""},

		{"", ""},
		{"/a", ""},
		{"a.example/", ""},
		{"ftp://a.example/", ""},
		{"http:a.example", ""},
		{"http:///a", ""},
		{"http://user@a.example/", ""},
		{"http://user:pass@a.example/", ""},
		{"http://@a.example/", ""},
		{"http://a.example:81/", ""},
		{"http://a.example:65536/", ""},
		{"http://a.example:-1/", ""},
		{"http://a.example./", ""},
		{"http://.a.example/", ""},
		{"http://a..example/", ""},
		{"http://a.example\x00/", ""},
		{"http://a.example/\n", ""},
		{"http://a.example/\x7f", ""},
		{`http://a.example/\b`, ""},
		{"http://a example/", ""},
		{"http://a%20example/", ""},
		{"http://a!b.example/", ""},
		{"http://127.1/", ""},
		{"http://0x7f.1/", ""},
		{"http://0x7f000001/", ""},
		{"http://2130706433/", ""},
		{"http://127.0.0.1./", ""},
		{"http://1.2.3.4.5/", ""},
		{"http://a.0x1/", ""},
		{"http://\uff11\uff12\uff17.0.0.1/", ""},
		{"http://LOCALHOST/", ""},
		{"http://a.b.localhost/", ""},
		{"http://[fe80::1%25eth0]/", ""},
		{"http://[2606:4700::1111%251]/", ""},
		{"http://[93.184.216.34]/", ""},
		{"http://[a.example]/", ""},
		{"http://2606:4700::1111/", ""},

		{"http://" + strings.Repeat("a.", 125) + "ab/", "http://" + strings.Repeat("a.", 125) + "ab/"}, // 252 bytes
		{"http://" + strings.Repeat("a.", 126) + "a/", "http://" + strings.Repeat("a.", 126) + "a/"},   // 253
		{"http://" + strings.Repeat("a.", 126) + "ab/", ""},                                            // 254
	} {
		u, err := c.parse(nil, tt.raw)
		switch {
		case tt.want == "" && err == nil:
			t.Errorf("parse(%.60q) = %v", tt.raw, u)
		case tt.want != "" && (err != nil || u.String() != tt.want):
			t.Errorf("parse(%.60q) = %v, %v, want %s", tt.raw, u, err, tt.want)
		}
	}
}

func TestI8OwnHosts(t *testing.T) {
	c := New(Config{OwnHosts: []string{"files.example", "127.0.0.1:8080", "two.example:443"}, Ports: []uint16{8080}})
	for _, tt := range []struct {
		raw string
		own bool
	}{
		{"https://files.example/x?policy=p", true},
		{"http://FILES.example:8080/", true},
		{"http://127.0.0.1:8080/", true},
		{"http://127.0.0.1/", false},
		{"https://two.example/", true},
		{"http://two.example/", false},
		{"https://www.files.example/", false},
	} {
		if _, err := c.parse(nil, tt.raw); (fault.Of(err) == fault.Invalid) != tt.own || (err != nil) != tt.own {
			t.Errorf("parse(%q) error = %v, want own host %v", tt.raw, err, tt.own)
		}
	}
	n := &network{}
	if _, err := get(t, n.client(t, Config{OwnHosts: []string{"files.example"}}), "http://files.example/", 1); fault.Of(err) != fault.Invalid {
		t.Errorf("Get of own host: error = %v, want %v", err, fault.Invalid)
	}
	if n.lookups != 0 {
		t.Error("Get of own host looked it up")
	}
}

func FuzzURL(f *testing.F) {
	type target struct{ URL string }
	for _, tt := range lines[target](f, "targets.jsonl") {
		f.Add(tt.URL)
	}
	f.Add("http://[::ffff:1.2.3.4]:80/a?b#c")
	f.Add("https://xn--a.example:443")
	f.Add("http://\xa4")
	c := New(Config{})
	d := newDialer(nil, nil, 0)
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := c.parse(nil, raw)
		if err != nil {
			if raw != "" && len(raw) > 12 && strings.Contains(err.Error(), raw) {
				t.Errorf("parse(%q) error repeats it: %v", raw, err)
			}
			return
		}
		host := u.Hostname()
		port := u.Port()
		switch {
		case u.Scheme != "http" && u.Scheme != "https", u.User != nil, host == "", strings.ToLower(host) != host:
			t.Errorf("parse(%q) = %q", raw, u)
		case port != "" && port != "80" && port != "443":
			t.Errorf("parse(%q) = %q, with port %s", raw, u, port)
		case net.ParseIP(host) == nil && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "":
			t.Errorf("parse(%q) = %q, with host %q", raw, u, host)
		}
		if addr, err := netip.ParseAddr(host); (err == nil) != (net.ParseIP(host) != nil) {
			t.Errorf("parse(%q) = %q: two readings of %q", raw, u, host)
		} else if err == nil && d.vet(addr) == nil && (addr.IsPrivate() || addr.IsLoopback() || !addr.IsGlobalUnicast()) {
			t.Errorf("vet(%v) = nil", addr)
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != u.Host || again.Scheme != u.Scheme {
			t.Errorf("parse(%q) = %q, read again as %q, %v", raw, u, again, err)
		}
		if twice, err := c.parse(nil, u.String()); len(u.String()) <= maxURL && (err != nil || twice.Host != u.Host) {
			t.Errorf("parse(%q) = %q, and again %q, %v", raw, u, twice, err)
		}
	})
}
