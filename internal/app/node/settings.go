package node

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/stowgate/stowgate/internal/app/place"
	"github.com/stowgate/stowgate/internal/app/scrub"
	"github.com/stowgate/stowgate/internal/blob/fileblob"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/server/cert"
	"github.com/stowgate/stowgate/internal/sweep"
	"github.com/stowgate/stowgate/internal/upload"
)

// Settings are what a node needs to know. What depends on other parts of it
// (logs, keys, TLS, the hosts that are its own) Open adds by itself.
type Settings struct {
	place.Places
	Server        server.Config
	Certificate   Certificate
	Upload        upload.Config
	Sweep         sweep.Config
	Disk          fileblob.Config
	Fetch         fetch.Config
	PublicURL     string        // "" means as the server listens
	Domain        string        // "" means that all services share one host
	Demo          string        // key of the app that the demonstration is for; "" means there is none
	SweepInterval time.Duration // more than 0

	// WebhookRetries are after how long a delivery that failed is made again;
	// after the last it is given up.
	WebhookRetries []time.Duration

	Identity Identity // without an Issuer there is none

	Images Images
	Scrub  scrub.Config // Period 0 means never; Open sets Mark
}

// A Certificate says where the one for TLS comes from. The zero Certificate is
// none.
type Certificate struct {
	SelfSigned bool
	File, Key  string // PEM
}

func (set Settings) tls(log *slog.Logger) (*tls.Config, error) {
	switch c := set.Certificate; {
	case c.SelfSigned:
		return cert.SelfSigned(filepath.Join(set.Data, "tls"), set.Domain, log)
	case c.File != "":
		return cert.Files(c.File, c.Key, log)
	}
	return nil, nil
}

// Warn says once which settings make the server less safe than its defaults.
func (set Settings) Warn(log *slog.Logger) {
	if set.Domain == "" {
		log.Warn("files are delivered from the same origin as everything else; for production set --domain, or keep other pages off this host")
	}
	for _, relaxed := range []struct {
		setting string
		is      bool
	}{
		{"fetch-allow", len(set.Fetch.Allow) > 0},
		{"fetch-port", len(set.Fetch.Ports) > 0},
		{"max-connections", set.Server.MaxConns < 0},
		{"max-connections-per-client", set.Server.MaxConnsPerClient < 0},
		{"reserve", set.Disk.Reserve < 0},
		{"scrub-interval", set.Scrub.Period == 0},
		{"tls-self-signed", set.Certificate.SelfSigned},
	} {
		if relaxed.is {
			log.Warn("a setting makes this server less safe than its default", "setting", relaxed.setting)
		}
	}
	if addr := set.Server.AdminListen; addr != "" && !isLoopback(addr) {
		log.Warn("metrics and health can be reached from other machines", "setting", "admin-listen", "address", addr)
	}
	if set.Blobs == "" {
		log.Warn("files are kept in memory and are lost when the server stops", "setting", "storage")
	}
}

func isLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
