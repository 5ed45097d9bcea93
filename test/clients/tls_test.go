package clients_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"net/http"
	"testing"
)

// TestBrowserCNAME runs filestack-js with its cname setting: https, and one
// host name for each service. Chromium trusts the server's own key only.
func TestBrowserCNAME(t *testing.T) {
	const host = "stow.test"
	needNode(t)
	port := freePort(t)
	s := start(t, "--listen", "127.0.0.1:"+freePort(t), "--tls-listen", "127.0.0.1:"+port, "--tls-self-signed",
		"--domain", host, "--public-url", "https://"+host+":"+port)
	b := launch(t, "--host-resolver-rules=MAP *."+host+" 127.0.0.1",
		"--ignore-certificate-errors-spki-list="+keyPin(t, "127.0.0.1:"+port, "upload."+host))

	for _, security := range []string{"on", "off"} {
		a := s.app(t, security)
		p := setup{APIKey: a.Key, CNAME: host + ":" + port, Security: a.sign(everything)}
		if security == "off" {
			p.Security = nil
		}
		for _, tt := range []struct {
			name    string
			size    int
			options map[string]any
		}{
			{"plain", 7 * mib, nil},
			{"intelligent", 9 * mib, map[string]any{"intelligent": true}},
			{"fallback", 9 * mib, map[string]any{"intelligent": "fallback"}},
		} {
			if security == "off" && tt.options != nil {
				continue // what is signed makes no difference to the parts
			}
			t.Run(tt.name+" security "+security, func(t *testing.T) {
				var up stored
				b.must(t, "upload", p, map[string]any{"file": file("noise.bin", tt.size), "options": tt.options}, &up)
				if want := "https://cdn." + host + ":" + port + "/" + up.Handle; up.URL != want {
					t.Errorf("upload has URL %s, want %s", up.URL, want)
				}
				handle := map[string]any{"handle": up.Handle}
				var got struct{ SHA256 string }
				b.must(t, "download", p, handle, &got)
				if got.SHA256 != digest(tt.size) {
					t.Errorf("download = %+v, want SHA-256 %s", got, digest(tt.size))
				}
				var metadata map[string]any
				b.must(t, "metadata", p, handle, &metadata)
				if metadata["filename"] != "noise.bin" {
					t.Errorf("metadata = %v", metadata)
				}
				if security == "off" {
					return
				}
				b.must(t, "remove", p, handle, nil)
				if err := b.mustFail(t, "metadata", p, handle); err.Status != http.StatusNotFound {
					t.Errorf("metadata after remove: %v, want status 404", err)
				}
			})
		}
	}
}

// keyPin returns the hash by which Chromium's switch names a certificate's key.
func keyPin(t *testing.T, address, name string) string {
	t.Helper()
	// Whatever key it presents: this is how the test learns it.
	c, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true, ServerName: name})
	if err != nil {
		t.Fatalf("TLS to %s: %v", address, err)
	}
	defer c.Close()
	cert := c.ConnectionState().PeerCertificates[0]
	if err := cert.VerifyHostname(name); err != nil {
		t.Errorf("self-signed certificate: %v", err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
