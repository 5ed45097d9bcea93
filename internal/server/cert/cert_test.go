package cert

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func leaf(t *testing.T, get func() ([]byte, error)) *x509.Certificate {
	t.Helper()
	der, err := get()
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func selfSigned(t *testing.T, dir, domain string) *x509.Certificate {
	t.Helper()
	config, err := SelfSigned(dir, domain, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	return leaf(t, func() ([]byte, error) {
		c, err := config.GetCertificate(nil)
		if err != nil {
			return nil, err
		}
		return c.Certificate[0], nil
	})
}

func TestSelfSigned(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	first := selfSigned(t, dir, "stow.test")
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "stow.test", "cdn.stow.test"} {
		if err := first.VerifyHostname(name); err != nil {
			t.Errorf("not good for %s: %v", name, err)
		}
	}
	if again := selfSigned(t, dir, "stow.test"); !again.Equal(first) {
		t.Error("the certificate is made again although it is good")
	}
	if other := selfSigned(t, dir, "other.test"); other.Equal(first) || other.VerifyHostname("cdn.other.test") != nil {
		t.Error("the certificate is not made again for another domain")
	}
	if bare := selfSigned(t, filepath.Join(t.TempDir(), "x"), ""); len(bare.DNSNames) != 1 {
		t.Errorf("without a domain it is for %v", bare.DNSNames)
	}
	for _, name := range []string{"key.pem", "cert.pem"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", name, info.Mode(), err)
		}
	}
	names, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestUsable(t *testing.T) {
	dir := t.TempDir()
	made := selfSigned(t, dir, "")
	file := filepath.Join(dir, "cert.pem")
	lastGood := made.NotAfter.AddDate(0, -1, 0).Add(-48 * time.Hour)
	for now, want := range map[time.Time]bool{time.Now(): true, lastGood: true, made.NotAfter.AddDate(0, 0, -15): false} {
		if got := usable(file, []string{"localhost"}, now); got != want {
			t.Errorf("usable at %v = %t, want %t", now, got, want)
		}
	}
	os.WriteFile(file, []byte("no PEM"), 0o600)
	if usable(file, []string{"localhost"}, time.Now()) {
		t.Error("a broken file is usable")
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	old := selfSigned(t, dir, "")
	var log bytes.Buffer
	k := &keyPair{certFile: filepath.Join(dir, "cert.pem"), keyFile: filepath.Join(dir, "key.pem"), log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := k.load(); err != nil {
		t.Fatal(err)
	}
	current := func() *x509.Certificate {
		k.checked = time.Time{} // as if it were long ago
		return leaf(t, func() ([]byte, error) { c, err := k.get(nil); return c.Certificate[0], err })
	}
	fresh := selfSigned(t, dir, "new.test")
	if got := current(); got.Equal(old) || !got.Equal(fresh) {
		t.Error("a new certificate is not used")
	}
	os.WriteFile(k.certFile, []byte("half written"), 0o600)
	if got := current(); !got.Equal(fresh) || !strings.Contains(log.String(), "still using the old one") {
		t.Errorf("with a broken file: %v, log %s", got.DNSNames, log.String())
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines are logged for one change", n)
	}
}

func TestFilesMissing(t *testing.T) {
	if _, err := Files(filepath.Join(t.TempDir(), "no.pem"), "no.pem", slog.Default()); err == nil {
		t.Error("Files of files that are not there succeeds")
	}
}
