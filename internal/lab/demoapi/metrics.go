package demoapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus reads: one counter and one histogram, and those of the process.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	// duration has no labels: a quantile of a path that nobody asked for lately would not be a number.
	duration prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests that were answered.",
		}, []string{"method", "path", "status"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer a request.", Buckets: prometheus.DefBuckets,
		}),
	}
	m.registry.MustRegister(m.requests, m.duration,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// A rate of errors can be asked for before there was one.
	m.requests.WithLabelValues(http.MethodGet, "/fail", "500")
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// observe counts and times the requests of a route. A probe counts only with ?counted=1: tests of the HTTP client
// would otherwise spoil the error rate and the latency that other tests look at.
func (m *metrics) observe(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		begin := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		r.handler(recorder, request)
		if r.probe && request.URL.Query().Get("counted") != "1" {
			return
		}
		m.duration.Observe(time.Since(begin).Seconds())
		m.requests.WithLabelValues(request.Method, r.path, strconv.Itoa(recorder.status)).Inc()
	})
}

// statusRecorder remembers the status that a handler has sent.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
