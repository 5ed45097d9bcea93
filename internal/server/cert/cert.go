// Package cert keeps certificates in files: given ones, which are read again
// when they change, or one of its own making.
package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// checkEvery is how often certificate files are looked at for changes.
const checkEvery = 10 * time.Second

// Files returns TLS settings whose certificate and key are PEM files. They
// are read again when they change; if they make no sense by then, the old ones
// stay in use and log says so.
func Files(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	k := &keyPair{certFile: certFile, keyFile: keyFile, log: log}
	if err := k.load(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: k.get}, nil
}

// A keyPair is a certificate and its key, in files.
type keyPair struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	cert    *tls.Certificate
	checked time.Time
	state   string // of the files when they were last read
}

func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); now.Sub(k.checked) >= checkEvery {
		k.checked = now
		if k.state != k.fileState() {
			if err := k.load(); err != nil {
				k.log.Error("cannot read the new certificate; still using the old one", "err", err)
			}
		}
	}
	return k.cert, nil
}

func (k *keyPair) load() error {
	k.state = k.fileState()
	cert, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	k.cert = &cert
	return nil
}

// fileState describes the files so that a change of them changes it.
func (k *keyPair) fileState() string {
	var state string
	for _, name := range []string{k.certFile, k.keyFile} {
		if info, err := os.Stat(name); err == nil {
			state += fmt.Sprintln(info.Size(), info.ModTime().UnixNano())
		}
	}
	return state
}

// SelfSigned returns TLS settings with a certificate that nobody vouches for,
// for this machine and, if domain is not empty, for it and its sub-domains. It
// is kept in dir, and made anew when it is missing, for other names, or in its
// last month.
func SelfSigned(dir, domain string, log *slog.Logger) (*tls.Config, error) {
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	names := []string{"localhost"}
	if domain != "" {
		names = append(names, domain, "*."+domain)
	}
	if !usable(certFile, names, time.Now()) {
		if err := writeSelfSigned(dir, certFile, keyFile, names); err != nil {
			return nil, fmt.Errorf("make certificate: %w", err)
		}
	}
	return Files(certFile, keyFile, log)
}

func usable(certFile string, names []string, now time.Time) bool {
	data, err := os.ReadFile(certFile)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	return err == nil && slices.Equal(cert.DNSNames, names) && now.AddDate(0, 1, 0).Before(cert.NotAfter)
}

func writeSelfSigned(dir, certFile, keyFile string, names []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Stowgate, self-signed"},
		NotBefore:             now.Add(-time.Hour), // for clocks that are behind
		NotAfter:              now.AddDate(1, 0, 0),
		DNSNames:              names,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that it can be imported as trusted
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := writeFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})); err != nil {
		return err
	}
	return writeFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// writeFile replaces name by a private file with these bytes.
func writeFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = bytes.NewReader(data).WriteTo(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
