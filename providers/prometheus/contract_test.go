package prometheus

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func str(s string) cty.Value { return cty.StringVal(s) }

func num(n float64) cty.Value { return cty.NumberFloatVal(n) }

// guarded is the lab's server behind one that wants a token.
func guarded(t *testing.T, server, token string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

func TestContract(t *testing.T) {
	server, api := providertest.Lab(t, "PROMETHEUS_URL"), providertest.Lab(t, "LAB_API_URL")
	selfSigned := providertest.Lab(t, "LAB_SELF_SIGNED_ADDRESS")
	front := guarded(t, server, "t0ken-of-the-lab")
	closed, silent := providertest.Closed(t), providertest.Silent(t)
	at := func(url string) providertest.Values {
		return providertest.Values{"url": str(url), "bearer_token": str("wr0ng-token")}
	}
	past := time.Now().Add(-2 * time.Second).UTC().Format(time.RFC3339)
	one := func(text string) providertest.Values { return providertest.Values{"query": str(text)} }
	happy := func(action, name string, args providertest.Values, check func(*testing.T, cty.Value)) providertest.Case {
		return providertest.Case{Kind: providertest.Happy, Action: "prometheus_" + action, Name: name, Args: args,
			Volatile: []string{"series.at", "targets.last_scrape_at"},
			Check:    func(t *testing.T, r *provider.Result) { t.Log(r.Summary); check(t, r.Value) }}
	}
	providertest.Run(t, providertest.Suite{
		Provider: New(), Secrets: []string{"t0ken-of-the-lab", "wr0ng-token", "pa55-in-url"},
		Config: providertest.Values{"url": str(strings.Replace(front, "//", "//ops:pa55-in-url@", 1)), "bearer_token": str("t0ken-of-the-lab")},
		Cases: []providertest.Case{
			happy("query", "", one(`up{job="intelligent-agent"}`), func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("value"), num(1))
				equal(t, v.GetAttr("count"), num(1))
				first := v.GetAttr("series").Index(num(0)).GetAttr("labels")
				equal(t, first.Index(str("__name__")), str("up"))
				equal(t, first.Index(str("environment")), str("production"))
			}),
			happy("query", "many", one("up"), func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("value"), cty.NullVal(cty.Number))
				equal(t, v.GetAttr("count"), num(2))
			}),
			happy("query", "none", one("nothing_of_the_kind"), func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("value"), cty.NullVal(cty.Number))
				equal(t, v.GetAttr("count"), num(0))
			}),
			happy("query", "scalar", one("scalar(vector(3)) * 2"), func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("value"), num(6))
			}),
			happy("query", "not finite", one("vector(0) / 0"), func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("value"), cty.NullVal(cty.Number))
				equal(t, v.GetAttr("series").Index(num(0)).GetAttr("value"), cty.NullVal(cty.Number))
			}),
			happy("query", "then", providertest.Values{"query": str("time()"), "time": str("2026-01-31T09:00:00Z")}, func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("value"), num(1769850000))
				equal(t, v.GetAttr("series").Index(num(0)).GetAttr("at"), str("2026-01-31T09:00:00Z"))
			}),
			happy("query_range", "", providertest.Values{
				"query": str("vector(7)"), "start": str("1769850000"), "end": str("2026-01-31T09:10:00Z"), "step": str("5m"),
			}, func(t *testing.T, v cty.Value) {
				values := v.GetAttr("series").Index(num(0)).GetAttr("values").AsValueSlice()
				if len(values) != 3 {
					t.Fatalf("%d values", len(values))
				}
				equal(t, values[1].GetAttr("at"), str("2026-01-31T09:05:00Z"))
				equal(t, values[1].GetAttr("value"), num(7))
			}),
			happy("alerts", "", nil, func(t *testing.T, v cty.Value) {
				for _, a := range v.GetAttr("alerts").AsValueSlice() {
					if a.GetAttr("name").AsString() == "Watchdog" {
						equal(t, a.GetAttr("state"), str("firing"))
						equal(t, a.GetAttr("value"), num(1))
						return
					}
				}
				t.Error("the lab's Watchdog does not fire")
			}),
			happy("alerts", "of labels", providertest.Values{"state": str("firing"), "labels": cty.MapVal(map[string]cty.Value{
				"alertname": str("Watchdog"), "severity": str("none")})}, func(t *testing.T, v cty.Value) { equal(t, v.GetAttr("count"), num(1)) }),
			happy("alerts", "of no such labels", providertest.Values{"labels": cty.MapVal(map[string]cty.Value{"severity": str("x")})},
				func(t *testing.T, v cty.Value) { equal(t, v.GetAttr("count"), num(0)) }),
			happy("rules", "", nil, func(t *testing.T, v cty.Value) {
				if n := v.GetAttr("rules").LengthInt(); n < 5 {
					t.Errorf("%d rules", n)
				}
			}),
			happy("rules", "records", providertest.Values{"type": str("record")}, func(t *testing.T, v cty.Value) {
				first := v.GetAttr("rules").Index(num(0))
				equal(t, first.GetAttr("state"), cty.NullVal(cty.String))
				equal(t, first.GetAttr("health"), str("ok"))
			}),
			happy("rules", "firing", providertest.Values{"state": str("firing")}, func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("rules").Index(num(0)).GetAttr("name"), str("Watchdog"))
			}),
			happy("targets", "", nil, func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("count"), num(2))
				equal(t, v.GetAttr("up"), num(2))
				equal(t, v.GetAttr("down"), cty.ListValEmpty(cty.String))
				equal(t, v.GetAttr("targets").Index(num(1)).GetAttr("job"), str("prometheus"))
			}),
			happy("targets", "of a job", providertest.Values{"job": str("prometheus")}, func(t *testing.T, v cty.Value) { equal(t, v.GetAttr("count"), num(1)) }),
			happy("slo", "", providertest.Values{"objective_percent": num(99), "window": str("30d"),
				"errors": str("vector(1) / 8"), "total": str("vector(25)")}, func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("achieved_percent"), num(99.5))
				equal(t, v.GetAttr("burn_rate"), num(0.5))
				equal(t, v.GetAttr("error_budget_remaining_percent"), num(50))
				equal(t, v.GetAttr("bad_minutes"), num(216))
			}),
			happy("slo", "no errors", providertest.Values{"objective_percent": num(99.9), "window": str("1h"),
				"errors": str(`sum(rate(http_requests_total{status="999"}[1h]))`), "total": str("vector(2)")}, func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("achieved_percent"), num(100))
				equal(t, v.GetAttr("bad_minutes"), num(0))
			}),
			happy("slo", "no requests", providertest.Values{"objective_percent": num(99.9), "window": str("1h"),
				"errors": str("vector(0)"), "total": str("vector(0)")}, func(t *testing.T, v cty.Value) {
				equal(t, v.GetAttr("achieved_percent"), cty.NullVal(cty.Number))
			}),
			{Kind: providertest.Unreachable, Action: providertest.Every, Config: at("http://ops:pa55-in-url@" + closed), Endpoint: "http://" + closed,
				Words: []string{"connection refused"}},
			{Kind: providertest.Refused, Action: providertest.Every, Config: at(front), Endpoint: front, Words: []string{"401", "who are you?", "bearer_token"}},
			{Kind: providertest.Refused, Name: "certificate", Action: "prometheus_alerts", Config: at("https://" + selfSigned),
				Endpoint: "https://" + selfSigned, Words: []string{"certificate not trusted", "ca_file"}},
			{Kind: providertest.Refused, Name: "not Prometheus", Action: "prometheus_query", Config: at(api), Args: one("up"), Endpoint: api, Words: []string{"404"}},
			{Kind: providertest.Refused, Name: "PromQL", Action: "prometheus_query", Args: one("up{"), Endpoint: front, Words: []string{"query up{", "parse error"}},
			{Kind: providertest.Refused, Name: "no total", Action: "prometheus_slo", Endpoint: front, Words: []string{"total gives no series: nothing"},
				Args: providertest.Values{"objective_percent": num(99), "window": str("1h"), "errors": str("vector(0)"), "total": str("nothing")}},
			{Kind: providertest.Refused, Name: "two totals", Action: "prometheus_slo", Endpoint: front, Words: []string{"2 series", "sum(…)"},
				Args: providertest.Values{"objective_percent": num(99), "window": str("1h"), "errors": str("vector(0)"), "total": str("up")}},
			{Kind: providertest.Timeout, Action: providertest.Every, Config: at("http://" + silent), Endpoint: "http://" + silent, Words: []string{"timed out"}},
			{Kind: providertest.Cancelled, Action: providertest.Every, Config: at("http://" + silent), Endpoint: "http://" + silent, Words: []string{"interrupted"}},
			{Kind: providertest.Bounded, Action: "prometheus_query", Args: providertest.Values{"query": str(`{__name__=~".+"}`), "limit": num(10)}},
			{Kind: providertest.Bounded, Action: "prometheus_query_range", Args: providertest.Values{"query": str(`{__name__=~"go_.+"}`), "limit": num(3),
				"start": str(past), "end": str(past), "step": str("1s")}},
			{Kind: providertest.Bounded, Action: "prometheus_rules", Args: providertest.Values{"limit": num(2)}},
			{Kind: providertest.Bounded, Action: "prometheus_targets", Args: providertest.Values{"limit": num(1)}},
		},
		Exceptions: []providertest.Exception{{Action: "prometheus_alerts", Kind: providertest.Bounded,
			Reason: "The lab has one alert only; the bound is that of the other lists, and TestManyAlerts shows it."}},
	})
}

func equal(t *testing.T, got, want cty.Value) {
	t.Helper()
	if !got.RawEquals(want) {
		t.Errorf("got %#v, expected %#v", got, want)
	}
}

// run calls an action of a server that answers each path with a text.
func run(t *testing.T, action string, args providertest.Values, answer string) (*provider.Result, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, answer) }))
	t.Cleanup(server.Close)
	p := New()
	client, err := p.Open(t.Context(), provider.OpenRequest{MaxParallel: 1, Host: provider.Host{Lookup: func(name string) (string, bool) {
		value := map[string]string{"PROMETHEUS_URL": server.URL}[name]
		return value, value != ""
	}}})
	if err != nil {
		t.Fatal(err)
	}
	attrs := p.Action(action).Spec().Args().Null().AsValueMap()
	for name, v := range args {
		attrs[name] = v
	}
	return p.Action(action).Run(t.Context(), &provider.Call{Client: client, Args: cty.ObjectVal(attrs)})
}

func TestManyAlerts(t *testing.T) {
	r, err := run(t, "prometheus_alerts", providertest.Values{"limit": num(2)}, `{"status":"success","data":{"alerts":[
		{"labels":{"alertname":"B"},"state":"pending","activeAt":"2026-01-01T00:00:00Z","value":"+Inf"},
		{"labels":{"alertname":"A","pod":"2"},"state":"firing","activeAt":"2026-01-01T00:00:00Z","value":"1e+00"},
		{"labels":{"alertname":"A","pod":"1"},"state":"firing","activeAt":"2026-01-01T00:00:00Z","value":"odd"}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, r.Value.GetAttr("truncated"), cty.True)
	first := r.Value.GetAttr("alerts").Index(num(0))
	equal(t, first.GetAttr("labels").Index(str("pod")), str("1"))
	equal(t, first.GetAttr("value"), cty.NullVal(cty.Number))
	if r.Summary != "the first 2 alerts, 2 firing" || len(r.Warnings) != 1 {
		t.Errorf("summary %q, warnings %q", r.Summary, r.Warnings)
	}
}

func TestHistogramsAreNull(t *testing.T) {
	r, err := run(t, "prometheus_query", providertest.Values{"query": str("h")}, `{"status":"success","warnings":["odd"],"data":{"resultType":"vector",
		"result":[{"metric":{"__name__":"h"},"histogram":[1.5,{"count":"2","sum":"3","buckets":[]}]}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, r.Value.GetAttr("value"), cty.NullVal(cty.Number))
	equal(t, r.Value.GetAttr("warnings"), cty.ListVal([]cty.Value{str("odd")}))
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "histogram") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestNotPrometheus(t *testing.T) {
	for _, answer := range []string{"<html>", `{"status":"ok"}`, "{}", ""} {
		for action, args := range map[string]providertest.Values{
			"prometheus_query": {"query": str("up")}, "prometheus_alerts": nil, "prometheus_rules": nil, "prometheus_targets": nil,
		} {
			_, err := run(t, action, args, answer)
			if err == nil || !strings.Contains(err.Error(), "not one of Prometheus") {
				t.Errorf("%s: %q gave %v", action, answer, err)
			}
		}
	}
	_, err := run(t, "prometheus_query", providertest.Values{"query": str("up")}, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	if err == nil || !strings.Contains(err.Error(), "model.Matrix") {
		t.Errorf("a matrix gave %v", err)
	}
}
