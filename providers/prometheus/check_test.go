package prometheus

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/provider/providertest"
)

func TestCheckPromQL(t *testing.T) {
	for name, test := range map[string]struct {
		text, at, want string
	}{
		"vector":         {text: "sum by (job) (rate(http_requests_total[5m]))"},
		"scalar":         {text: "1 + 1"},
		"experimental":   {text: "limitk(3, up)"},
		"range":          {text: "up[5m]", want: "rate(…)"},
		"string":         {text: `"x"`, want: "string"},
		"unclosed":       {text: "sum(up", at: "", want: "unclosed left parenthesis"},
		"type rule":      {text: "1 + rate(up)", at: "up", want: "expected type range vector"},
		"no function":    {text: "rates(up[5m])", at: "rates", want: "unknown function"},
		"two conditions": {text: "up and 1", at: "up and 1", want: "set operator"},
		"empty":          {text: "", want: "no expression"},
		"bare matcher":   {text: `{job=""}`, at: `{job=""}`, want: "at least one non-empty matcher"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkPromQL(test.text)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, expected %q", err, test.want)
			}
			if at, ok := errors.AsType[*provider.PositionError](err); ok {
				if diff := cmp.Diff(test.at, test.text[at.Offset:at.Offset+at.Length]); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestMoment(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T09:00:00+01:00": "2026-01-31T08:00:00Z", "1769850000": "2026-01-31T09:00:00Z",
		"1769850000.5": "2026-01-31T09:00:00.5Z", "yesterday": "", "NaN": "", "1e99": "", "": "",
	} {
		got := ""
		if at, err := moment(text); err == nil {
			got = at.UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, expected %q", text, got, want)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	span := func(start, end, step string) providertest.Values {
		return providertest.Values{"query": str("up"), "start": str(start), "end": str(end), "step": str(step)}
	}
	target := func(percent float64, window string) providertest.Values {
		return providertest.Values{"objective_percent": num(percent), "window": str(window), "errors": str("1"), "total": str("1")}
	}
	for name, test := range map[string]struct {
		action string
		args   providertest.Values
		want   string
	}{
		"end first":    {"prometheus_query_range", span("20", "10", "1s"), "is before start"},
		"no step":      {"prometheus_query_range", span("1", "2", "0s"), "at least 1ms"},
		"many points":  {"prometheus_query_range", span("0", "99999", "1s"), "99999 values a series are asked for, of at most 11000"},
		"bad start":    {"prometheus_query_range", span("then", "2", "1s"), `"then" is not a time`},
		"bad time":     {"prometheus_query", providertest.Values{"query": str("up"), "time": str("then")}, `"then" is not a time`},
		"all good":     {"prometheus_slo", target(100, "1h"), "objective_percent is 100"},
		"empty window": {"prometheus_slo", target(99, "0s"), "window is 0s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, test.action, test.args, "")
			if err == nil || !strings.Contains(err.Error(), test.want) || !provider.Permanent(err) {
				t.Errorf("got %v, expected %q", err, test.want)
			}
		})
	}
}

func TestConfiguration(t *testing.T) {
	p := New()
	if _, err := p.Open(t.Context(), provider.OpenRequest{}); err == nil || !strings.Contains(err.Error(), "PROMETHEUS_URL") {
		t.Errorf("without a URL: %v", err)
	}
	env := provider.Host{Lookup: func(string) (string, bool) { return "http://u:secret-p@p:9090/prom?x=1", true }}
	got, err := p.Target(provider.OpenRequest{Host: env})
	if err != nil || got != "http://p:9090/prom" {
		t.Errorf("the target is %q, %v", got, err)
	}
	env.Lookup = func(string) (string, bool) { return "p:9090", true }
	if _, err := p.Target(provider.OpenRequest{Host: env}); err == nil {
		t.Error("p:9090 is taken for a URL")
	}
}

func TestObjective(t *testing.T) {
	r := objective(0.02, 99, time.Hour)
	for name, got := range map[string][2]float64{
		"achieved": {*r.AchievedPercent, 98}, "burn": {*r.BurnRate, 2}, "remaining": {*r.RemainingPercent, -100}, "minutes": {*r.BadMinutes, 1.2},
	} {
		if diff := got[0] - got[1]; diff > 1e-9 || diff < -1e-9 {
			t.Errorf("%s is %g, expected %g", name, got[0], got[1])
		}
	}
}

func TestRanges(t *testing.T) {
	got := ranges("sum(rate(a[5m])) / sum(rate(b[1h])) + avg_over_time(c[1d:5m])")
	if diff := cmp.Diff([]time.Duration{5 * time.Minute, time.Hour}, got); diff != "" {
		t.Error(diff)
	}
	if got := ranges("sum("); got != nil {
		t.Errorf("got %v", got)
	}
}
