package runbooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
	"github.com/e82355ed/runbook/providers/builtin"
)

// answers are what a Prometheus of the test's own says to queries that begin so.
type answers struct {
	values map[string]float64
	// series are the values of query_range, the first six hours ago and the others an hour apart.
	series map[string][]float64
	// paths are the answers to alerts, rules and targets.
	paths map[string]string
}

// serve starts the server and gives its URL.
func (a answers) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, found := a.paths[strings.TrimPrefix(r.URL.Path, "/api/v1/")]
		query := r.FormValue("query")
		switch {
		case found:
		case strings.HasSuffix(r.URL.Path, "/query_range"):
			data, found = matrix(query, a.series)
		default:
			data, found = vector(query, a.values)
		}
		w.Header().Set("Content-Type", "application/json")
		if !found {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"status": "error", "errorType": "bad_data", "error": "no answer to %s %q"}`, r.URL.Path, query)
			return
		}
		_, _ = fmt.Fprintf(w, `{"status": "success", "data": %s}`, data)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func lookUp[T any](query string, table map[string]T) (T, bool) {
	for start, value := range table {
		if strings.HasPrefix(strings.TrimSpace(query), start) {
			return value, true
		}
	}
	var none T
	return none, false
}

func vector(query string, values map[string]float64) (string, bool) {
	value, ok := lookUp(query, values)
	return fmt.Sprintf(`{"resultType": "vector", "result": [{"metric": {}, "value": [%d, "%g"]}]}`, time.Now().Unix(), value), ok
}

func matrix(query string, series map[string][]float64) (string, bool) {
	values, ok := lookUp(query, series)
	at := time.Now().Add(-6 * time.Hour)
	var points []any
	for _, value := range values {
		points = append(points, []any{at.Unix(), fmt.Sprint(value)})
		at = at.Add(time.Hour)
	}
	result, err := json.Marshal(map[string]any{
		"resultType": "matrix", "result": []any{map[string]any{"metric": map[string]string{"instance": "api:9090"}, "values": points}},
	})
	return string(result), ok && err == nil
}

const (
	p95Query     = "1000 * histogram_quantile"
	errorQuery   = "100 * (sum(rate"
	cpuQuery     = "100 * max(min_over_time(rate(process_cpu"
	memoryQuery  = "avg_over_time(process_resident_memory_bytes"
	scrapesQuery = "sum(count_over_time(up"
)

// quiet is a Prometheus with nothing to tell; each case changes something.
func quiet() answers {
	return answers{
		values: map[string]float64{p95Query: 120, errorQuery: 0.01, cpuQuery: 20, scrapesQuery: 0},
		series: map[string][]float64{
			p95Query:    {120, 118, 121, 119, 122, 120, 118, 121, 119, 122, 120, 121, 119},
			memoryQuery: {100, 104, 101, 103, 102, 104, 101},
		},
		paths: map[string]string{
			"alerts": `{"alerts": []}`,
			"rules": `{"groups": [{"name": "g", "file": "f", "interval": 1, "rules": [{"type": "alerting", "name": "Down", "query": "up == 0",
				"duration": 0, "labels": {}, "annotations": {}, "alerts": [], "health": "ok", "state": "inactive"}]}]}`,
			"targets": `{"activeTargets": [` + target("api:9090", "up") + `], "droppedTargets": []}`,
		},
	}
}

func target(instance, health string) string {
	return fmt.Sprintf(`{"discoveredLabels": {}, "labels": {"job": "api", "instance": %q}, "scrapePool": "api", "scrapeUrl": "http://%s/metrics",
		"lastError": "", "lastScrape": "2026-01-01T00:00:00Z", "health": %q}`, instance, instance, health)
}

func TestMonitoringReviewFindsAnomalies(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*answers)
		want   map[string]run.Outcome
	}{
		"nothing":           {func(*answers) {}, map[string]run.Outcome{}},
		"above the target":  {func(a *answers) { a.values[p95Query] = 250 }, map[string]run.Outcome{"response_time": run.Warn}},
		"slow":              {func(a *answers) { a.values[p95Query] = 500 }, map[string]run.Outcome{"response_time": run.Fail}},
		"errors":            {func(a *answers) { a.values[errorQuery] = 0.1 }, map[string]run.Outcome{"error_rate": run.Fail}},
		"CPU":               {func(a *answers) { a.values[cpuQuery] = 81 }, map[string]run.Outcome{"cpu_sustained": run.Fail}},
		"scrapes that fail": {func(a *answers) { a.values[scrapesQuery] = 3 }, map[string]run.Outcome{"failed_scrapes": run.Warn}},
		"a spike": {
			func(a *answers) { a.series[p95Query][5] = 900 }, map[string]run.Outcome{"spikes": run.Warn},
		},
		"slower and slower": {
			func(a *answers) { a.series[p95Query] = []float64{50, 52, 55, 60, 65, 70, 75, 85, 95, 105, 115, 125} },
			map[string]run.Outcome{"spikes": run.Warn},
		},
		"a leak": {
			func(a *answers) { a.series[memoryQuery] = []float64{100, 110, 121, 134, 148, 163, 180} },
			map[string]run.Outcome{"memory_growth": run.Warn},
		},
		"a step in memory": {
			func(a *answers) { a.series[memoryQuery] = []float64{100, 100, 100, 300, 300, 300, 300} }, map[string]run.Outcome{},
		},
		"an alert": {
			func(a *answers) {
				a.paths["alerts"] = `{"alerts": [{"labels": {"alertname": "Down"}, "annotations": {}, "state": "firing", "activeAt": "2026-01-01T00:00:00Z", "value": "1"}]}`
			},
			map[string]run.Outcome{"alerts": run.Fail},
		},
		"an expected alert": {
			func(a *answers) {
				a.paths["alerts"] = `{"alerts": [{"labels": {"alertname": "Watchdog"}, "annotations": {}, "state": "firing", "activeAt": "2026-01-01T00:00:00Z", "value": "1"}]}`
			},
			map[string]run.Outcome{},
		},
		"a firing rule": {
			func(a *answers) { a.paths["rules"] = strings.Replace(a.paths["rules"], "inactive", "firing", 1) },
			map[string]run.Outcome{"rules": run.Warn},
		},
		"a broken rule": {
			func(a *answers) { a.paths["rules"] = strings.Replace(a.paths["rules"], `"ok"`, `"err"`, 1) },
			map[string]run.Outcome{"rules": run.Fail},
		},
		"no rule": {
			func(a *answers) { a.paths["rules"] = `{"groups": []}` }, map[string]run.Outcome{"rules": run.Fail},
		},
		"a target that is down": {
			func(a *answers) {
				a.paths["targets"] = `{"activeTargets": [` + target("api:9090", "up") + "," + target("db:9187", "down") + `], "droppedTargets": []}`
			},
			map[string]run.Outcome{"scrapes": run.Fail},
		},
	} {
		t.Run(name, func(t *testing.T) {
			env, _ := labEnv(t)
			prometheus := quiet()
			c.change(&prometheus)
			env["RUNBOOK_VAR_prometheus_url"] = prometheus.serve(t)
			got := runtest.Apply(t, builtin.Registry(), filepath.Join("daily", "monitoring-review.hcl"), runtest.Options{Env: env})
			outcomes := map[string]run.Outcome{}
			for step, outcome := range got.Outcomes() {
				// Other tests leave slow statements behind.
				if outcome != run.Pass && step != "slow_queries" && step != "query_time" {
					outcomes[step] = outcome
				}
			}
			if diff := cmp.Diff(c.want, outcomes); diff != "" {
				t.Errorf("steps that did not pass (-want +got):\n%s\n%s", diff, got.Troubles())
			}
		})
	}
}
