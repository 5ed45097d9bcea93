package app

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/stowgate/stowgate/internal/app/heap"
	"github.com/stowgate/stowgate/internal/app/node"
	"github.com/stowgate/stowgate/internal/app/setting"
	"github.com/stowgate/stowgate/internal/delivery/shelf"
	"github.com/stowgate/stowgate/internal/fetch"
	"github.com/stowgate/stowgate/internal/protocol/filestack/access"
	"github.com/stowgate/stowgate/internal/queue"
	"github.com/stowgate/stowgate/internal/server"
	"github.com/stowgate/stowgate/internal/server/conn"
	"github.com/stowgate/stowgate/internal/server/redact"
	"github.com/stowgate/stowgate/internal/sweep"
	"github.com/stowgate/stowgate/internal/transform/cost"
	"github.com/stowgate/stowgate/internal/upload"
)

// serveCommand holds the settings of a server as they were written.
type serveCommand struct {
	Listen        string `placeholder:"ADDR" default:"127.0.0.1:8080" env:"STOWGATE_LISTEN" help:"Address for plain HTTP. Port 0 picks one; off means none."`
	TLSListen     string `placeholder:"ADDR" env:"STOWGATE_TLS_LISTEN" help:"Address for HTTPS."`
	TLSCert       string `placeholder:"FILE" env:"STOWGATE_TLS_CERT" help:"Certificate, PEM. Read again when it changes."`
	TLSKey        string `placeholder:"FILE" env:"STOWGATE_TLS_KEY" help:"Its key, PEM."`
	TLSSelfSigned bool   `env:"STOWGATE_TLS_SELF_SIGNED" help:"Make a certificate and keep it in the data folder. For tests: no client trusts it by itself."`
	AdminListen   string `placeholder:"ADDR" env:"STOWGATE_ADMIN_LISTEN" help:"Address for /metrics, /healthz and /readyz. None by default; keep it private."`
	PublicURL     string `placeholder:"URL" env:"STOWGATE_PUBLIC_URL" help:"Where clients reach this server: links are made from it. The default is the address it listens on."`
	Domain        string `placeholder:"HOST" env:"STOWGATE_DOMAIN" help:"Tell services apart by host: cdn.HOST, upload.HOST, www.HOST, process.HOST, cloud.HOST, static.HOST."`
	Demo          string `placeholder:"KEY" env:"STOWGATE_DEMO" help:"Show a page with the picker at /demo, which may upload to this app. Only with addresses of this machine, like 127.0.0.1:8080."`

	TrustedProxy  []string `placeholder:"NET" env:"STOWGATE_TRUSTED_PROXY" help:"Addresses of proxies whose X-Forwarded-For is believed."`
	MaxConns      string   `name:"max-connections" placeholder:"N" default:"10000" env:"STOWGATE_MAX_CONNECTIONS" help:"Open connections at once (default ${default}). 0 means no bound."`
	MaxClient     string   `name:"max-connections-per-client" placeholder:"N" default:"512" env:"STOWGATE_MAX_CONNECTIONS_PER_CLIENT" help:"The same for one address, unless it is loopback or a trusted proxy (default ${default})."`
	MaxApp        string   `name:"max-requests-per-app" placeholder:"N" default:"0" env:"STOWGATE_MAX_REQUESTS_PER_APP" help:"Requests of one app at once. 0, the default, means no bound."`
	HeaderSize    string   `placeholder:"SIZE" default:"16KiB" env:"STOWGATE_HEADER_SIZE" help:"Of a request's header (default ${default})."`
	HeaderTime    string   `placeholder:"TIME" default:"10s" env:"STOWGATE_HEADER_TIME" help:"For a request's header to arrive (default ${default})."`
	MinRate       string   `placeholder:"SIZE" default:"1KiB" env:"STOWGATE_MIN_RATE" help:"Bytes a second that a client must send or take, on average over the stall time (default ${default})."`
	StallTime     string   `placeholder:"TIME" default:"30s" env:"STOWGATE_STALL_TIME" help:"See --min-rate (default ${default})."`
	MaxPut        string   `placeholder:"SIZE" default:"5GiB" env:"STOWGATE_MAX_PUT" help:"Of a file that comes in one request or from a URL (default ${default})."`
	MaxSize       string   `placeholder:"SIZE" default:"5TiB" env:"STOWGATE_MAX_SIZE" help:"Of a file that comes in parts (default ${default})."`
	UploadIdle    string   `placeholder:"TIME" default:"24h" env:"STOWGATE_UPLOAD_IDLE" help:"An upload in parts is dropped this long after its last part (default ${default})."`
	UploadTime    string   `placeholder:"TIME" default:"7d" env:"STOWGATE_UPLOAD_TIME" help:"And this long after it began (default ${default})."`
	Reserve       string   `placeholder:"SIZE" default:"" env:"STOWGATE_RESERVE" help:"Of the disk, left free: uploads are refused then, reads go on. The default is 1 GiB, or a twentieth of a small disk."`
	FetchAllow    []string `placeholder:"NET" env:"STOWGATE_FETCH_ALLOW" help:"Private networks that files may be imported from, and webhooks sent to. None by default."`
	FetchPort     []string `placeholder:"PORT" env:"STOWGATE_FETCH_PORT" help:"Ports that files may be imported from, and webhooks sent to, besides 80 and 443."`
	Webhooks      []string `name:"webhook-retry" placeholder:"TIME" default:"10s,1m,5m,30m,2h,12h" env:"STOWGATE_WEBHOOK_RETRY" help:"How long after each failure an event is sent again to a webhook. After the last it is given up (default ${default})."`
	Trash         string   `placeholder:"TIME" default:"7d" env:"STOWGATE_TRASH" help:"How long files that were deleted in the portal can be brought back (default ${default}). 0 means not at all."`
	SweepInterval string   `placeholder:"TIME" default:"10m" env:"STOWGATE_SWEEP_INTERVAL" help:"How often abandoned uploads and deleted bytes are removed (default ${default})."`
	ScrubInterval string   `placeholder:"TIME" default:"30d" env:"STOWGATE_SCRUB_INTERVAL" help:"How often all stored bytes are read back to find damage (default ${default}). off means never."`
	ScrubRate     string   `placeholder:"SIZE" default:"8MiB" env:"STOWGATE_SCRUB_RATE" help:"Bytes a second that this reads at most (default ${default})."`

	Images       string `placeholder:"WHEN" default:"on" env:"STOWGATE_IMAGES" help:"on or off: transform images by their URL (default ${default})."`
	ImageWorkers string `placeholder:"N" default:"0" env:"STOWGATE_IMAGE_WORKERS" help:"Processes that transform images. 0, the default, means one for each core."`
	ImageMemory  string `placeholder:"SIZE" default:"512MiB" env:"STOWGATE_IMAGE_MEMORY" help:"Of each of them, at most (default ${default})."`
	ImageTime    string `placeholder:"TIME" default:"10s" env:"STOWGATE_IMAGE_TIME" help:"For one image (default ${default})."`
	ImageSource  string `placeholder:"SIZE" default:"256MiB" env:"STOWGATE_IMAGE_SOURCE" help:"Of what an image is made from (default ${default})."`
	ImagePixels  string `placeholder:"N" default:"100000000" env:"STOWGATE_IMAGE_PIXELS" help:"Of what an image is made from, all frames together (default ${default})."`
	ImageQueue   string `placeholder:"N" default:"256" env:"STOWGATE_IMAGE_QUEUE" help:"Transformations that wait for a worker, at most half of them of one app; more are refused at once (default ${default})."`
	Unsigned     string `name:"image-unsigned" placeholder:"N" default:"600" env:"STOWGATE_IMAGE_UNSIGNED" help:"Transformations a minute that one app's callers may ask for without a policy, besides those that are kept (default ${default}). 0 means no bound."`
	VariantSize  string `placeholder:"SIZE" default:"1GiB" env:"STOWGATE_VARIANT_SIZE" help:"Of the disk, for results that are kept: those used least recently go first (default ${default})."`
	Libvips      string `placeholder:"FILE" env:"STOWGATE_LIBVIPS" help:"The library for images. The default is the one beside the program, or the system's."`
	Unconfined   bool   `name:"unconfined-workers" env:"STOWGATE_UNCONFINED_WORKERS" help:"Transform images although this system cannot keep workers from the network. Only for images you trust."`

	Identity identityFlags `embed:"" prefix:"oidc-"`

	LogFormat string `placeholder:"FORMAT" default:"auto" env:"STOWGATE_LOG_FORMAT" help:"text, json, or auto: text on a terminal."`
	LogLevel  string `placeholder:"LEVEL" default:"info" env:"STOWGATE_LOG_LEVEL" help:"debug, info, warn or error."`
}

// Help implements kong.HelpProvider.
func (serveCommand) Help() string {
	return `Everything has a default: the first run makes ./stowgate-data and listens on 127.0.0.1:8080.
Each flag is also a variable: --public-url is STOWGATE_PUBLIC_URL. It prints "ready URL" on
standard output once it serves, and logs to standard error. SIGTERM lets running requests
finish; a second one ends it at once.

  stowgate serve
  stowgate serve --data /var/lib/stowgate --listen :8080 --public-url https://files.example.com --trusted-proxy 10.0.0.0/8
  stowgate serve --tls-listen :443 --tls-cert cert.pem --tls-key key.pem --domain files.example.com`
}

// settings are what a serveCommand means.
type settings struct {
	node.Settings
	logFormat string
	logLevel  slog.Level
}

// settings reads every setting, and tells all that is wrong with them.
func (c *serveCommand) settings(s *session) (settings, error) {
	r := new(setting.Reader)
	var set settings
	set.Places = s.cli.places(r)
	size := func(name, text string) int64 { return setting.Read(r, name, text, setting.Positive(setting.Size)) }
	span := func(name, text string) time.Duration {
		return setting.Read(r, name, text, setting.Positive(setting.Duration))
	}
	set.Server = server.Config{
		Listen:            setting.Read(r, "listen", c.Listen, setting.Address),
		TLSListen:         setting.Read(r, "tls-listen", c.TLSListen, setting.Address),
		AdminListen:       setting.Read(r, "admin-listen", c.AdminListen, setting.Address),
		HeaderBytes:       int(size("header-size", c.HeaderSize)),
		HeaderTime:        span("header-time", c.HeaderTime),
		Pace:              conn.Pace{Rate: size("min-rate", c.MinRate), Window: span("stall-time", c.StallTime)},
		MaxConns:          setting.Read(r, "max-connections", c.MaxConns, setting.Count),
		MaxConnsPerClient: setting.Read(r, "max-connections-per-client", c.MaxClient, setting.Count),
		MaxPerApp:         setting.Read(r, "max-requests-per-app", c.MaxApp, setting.Count),
		TrustedProxies:    setting.ReadAll(r, "trusted-proxy", c.TrustedProxy, setting.Prefix),
	}
	set.Upload = upload.Config{
		MaxPut: size("max-put", c.MaxPut), MaxSize: size("max-size", c.MaxSize),
		Lifetime: span("upload-time", c.UploadTime), Now: s.now,
	}
	set.Sweep = sweep.Config{
		Idle: span("upload-idle", c.UploadIdle), Lifetime: set.Upload.Lifetime,
		Trash: setting.Read(r, "trash", c.Trash, setting.Duration), Now: s.now,
	}
	if c.Reserve != "" {
		set.Disk.Reserve = cmp.Or(setting.Read(r, "reserve", c.Reserve, setting.Size), -1)
	}
	set.Fetch = fetch.Config{
		Allow: setting.ReadAll(r, "fetch-allow", c.FetchAllow, setting.Prefix),
		Ports: setting.ReadAll(r, "fetch-port", c.FetchPort, setting.Port),
	}
	set.WebhookRetries = setting.ReadAll(r, "webhook-retry", c.Webhooks, setting.Positive(setting.Duration))
	set.SweepInterval = span("sweep-interval", c.SweepInterval)
	if c.ScrubInterval != "off" {
		set.Scrub.Period = span("scrub-interval", c.ScrubInterval)
	}
	set.Images = c.images(r)
	set.Identity = c.Identity.identity(r)
	set.Scrub.Rate = size("scrub-rate", c.ScrubRate)
	set.logFormat = setting.Read(r, "log-format", c.LogFormat, setting.OneOf("auto", "text", "json"))
	set.logLevel = setting.Read(r, "log-level", c.LogLevel, func(text string) (l slog.Level, err error) {
		if l.UnmarshalText([]byte(text)) != nil {
			err = errors.New("is none of debug, info, warn, error")
		}
		return l, err
	})
	set.Certificate = node.Certificate{SelfSigned: c.TLSSelfSigned, File: c.TLSCert, Key: c.TLSKey}
	if c.PublicURL != "" {
		set.PublicURL = setting.Read(r, "public-url", c.PublicURL, setting.Origin)
	}
	if c.Domain != "" {
		set.Domain = setting.Read(r, "domain", c.Domain, setting.Host)
	}
	c.checkTogether(r)
	if set.Demo = c.Demo; set.Demo != "" {
		c.checkDemo(r, set)
	}
	if err := r.Err(); err != nil {
		return set, usageError{err}
	}
	return set, nil
}

// images reads the settings for images.
func (c *serveCommand) images(r *setting.Reader) node.Images {
	size := func(name, text string) int64 { return setting.Read(r, name, text, setting.Positive(setting.Size)) }
	count := func(name, text string) int { return setting.Read(r, name, text, setting.Number) }
	limit := setting.Read(r, "image-time", c.ImageTime, setting.Positive(setting.Duration))
	return node.Images{
		Off:     setting.Read(r, "images", c.Images, setting.OneOf("on", "off")) == "off",
		Library: c.Libvips, Unconfined: c.Unconfined,
		Workers:   max(0, setting.Read(r, "image-workers", c.ImageWorkers, setting.Count)),
		Memory:    size("image-memory", c.ImageMemory),
		Time:      limit,
		MaxSource: size("image-source", c.ImageSource),
		Limits:    cost.Limits{SourcePixels: int64(count("image-pixels", c.ImagePixels)), Cost: limit.Seconds()},
		Shelf:     shelf.Config{Budget: size("variant-size", c.VariantSize)},
		Line:      queue.Config{Waiting: count("image-queue", c.ImageQueue)},
		Unsigned:  setting.Read(r, "image-unsigned", c.Unsigned, setting.Count),
	}
}

// checkTogether looks at settings that depend on each other.
func (c *serveCommand) checkTogether(r *setting.Reader) {
	if (c.Listen == "" || c.Listen == "off") && c.TLSListen == "" {
		r.Fail("there is nothing to listen on: set --listen or --tls-listen")
	}
	files := c.TLSCert != "" || c.TLSKey != ""
	switch {
	case files && (c.TLSCert == "" || c.TLSKey == ""):
		r.Fail("--tls-cert and --tls-key belong together: one of them is missing")
	case files && c.TLSSelfSigned:
		r.Fail("--tls-self-signed makes a certificate, and --tls-cert names one: choose")
	case (files || c.TLSSelfSigned) && c.TLSListen == "":
		r.Fail("there is a certificate but no --tls-listen: add --tls-listen :8443")
	case !files && !c.TLSSelfSigned && c.TLSListen != "":
		r.Fail("--tls-listen needs --tls-cert and --tls-key, or --tls-self-signed")
	}
}

// checkDemo sees to it that only this machine is given a policy.
func (c *serveCommand) checkDemo(r *setting.Reader, set settings) {
	for _, listen := range []string{set.Server.Listen, set.Server.TLSListen} {
		if listen != "" && !access.IsLoopback(listen) {
			r.Fail("--demo lets everybody who reaches %s upload: use it with --listen 127.0.0.1:8080", listen)
		}
	}
	if c.Domain != "" || c.PublicURL != "" {
		r.Fail("--demo is for this machine alone: leave out --domain and --public-url")
	}
}

// heapRoom is how many bytes of garbage a small heap may hold.
const heapRoom = 16 << 20

// Run serves until the session's context ends.
func (c *serveCommand) Run(s *session) (err error) {
	set, err := c.settings(s)
	if err != nil {
		return err
	}
	log := slog.New(redact.Handler(logHandler(s.stderr, set)))
	slog.SetDefault(log)
	if os.Getenv("GOGC") == "" {
		heap.Relax(heapRoom)
	}
	n, err := node.Open(s.ctx, set.Settings, s.now, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	set.Warn(log)
	var ready struct {
		Ready string `json:"ready"`
		TLS   string `json:"tls"`
	}
	ready.Ready, ready.TLS = n.LocalURLs()
	if ready.Ready == "" {
		ready.Ready = ready.TLS
	}
	log.Info("serving", "url", n.PublicURL, "listen", n.Server.Addr(), "tls", n.Server.TLSAddr(),
		"admin", n.Server.AdminAddr(), "data", set.Data, "version", version())
	if n.Setup != "" {
		log.Info("nobody can sign in yet: open this page with this token, which counts once, for a day", "url", n.PortalURL+"/setup", "setup", n.Setup)
	}
	if set.Demo != "" {
		log.Info("demonstration", "url", ready.Ready+"/demo")
	}
	if err := s.print(ready, "ready "+ready.Ready+"\n"); err != nil {
		return fmt.Errorf("say that the server is ready: %w", err)
	}
	defer log.Info("stopped")
	if err := heap.Settle(); err != nil {
		log.Debug("memory kept", "err", err)
	}
	return n.Serve(s.ctx)
}

// logHandler writes text for a person at a terminal, and JSON otherwise.
func logHandler(w io.Writer, set settings) slog.Handler {
	options := &slog.HandlerOptions{Level: set.logLevel}
	format := set.logFormat
	if f, ok := w.(*os.File); ok && format == "auto" {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			format = "text"
		}
	}
	if format == "text" {
		return slog.NewTextHandler(w, options)
	}
	return slog.NewJSONHandler(w, options)
}
