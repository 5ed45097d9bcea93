package server

import (
	"net/http"
	"net/http/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/stowgate/stowgate/internal/fault"
)

// metrics counts requests. No label holds what a client chose.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytesIn  prometheus.Counter
	bytesOut prometheus.Counter
	running  prometheus.Gauge
	refused  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stowgate_http_requests_total", Help: "Requests answered.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "stowgate_http_request_seconds", Help: "Time from a request's header to its answer's end.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9), // 1 ms to 65 s
		}, []string{"route", "method"}),
		bytesIn: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stowgate_http_request_body_bytes_total", Help: "Bytes of request bodies read.",
		}),
		bytesOut: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stowgate_http_response_body_bytes_total", Help: "Bytes of answers written.",
		}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "stowgate_http_requests_running", Help: "Requests being answered.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stowgate_refused_total", Help: "Connections and requests refused or failed, by the kind of reason.",
		}, []string{"reason"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.bytesIn, m.bytesOut, m.running, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// methods are the request methods that have a label of their own.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

func (m *metrics) observe(t *trace, method string, status int, in, out int64, took time.Duration) {
	if !slices.Contains(methods, method) {
		method = "other"
	}
	m.requests.WithLabelValues(t.route, method, strconv.Itoa(status/100)+"xx").Inc()
	m.seconds.WithLabelValues(t.route, method).Observe(took.Seconds())
	m.bytesIn.Add(float64(in))
	m.bytesOut.Add(float64(out))
	if t.err != nil {
		m.refused.WithLabelValues(fault.Of(t.err).Error()).Inc()
	}
}

// Registry returns where the server's metrics are, for more of them.
func (s *Server) Registry() *prometheus.Registry { return s.metrics.registry }

func (s *Server) adminHandler() http.Handler {
	scrape := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.answerHealth(w, r):
		case r.URL.Path == "/metrics":
			scrape.ServeHTTP(w, r)
		case r.URL.Path == "/debug/pprof/profile":
			pprof.Profile(w, r)
		case strings.HasPrefix(r.URL.Path, "/debug/pprof/"):
			pprof.Index(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}
