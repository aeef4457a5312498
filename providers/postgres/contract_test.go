package postgres_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/postgres"
)

// labURL gives the lab's URL of the ordinary role, and its parts.
func labURL(t *testing.T) (*url.URL, string) {
	t.Helper()
	u, err := url.Parse(pt.Lab(t, "DATABASE_URL"))
	if err != nil {
		t.Fatal("DATABASE_URL is not a URL")
	}
	password, _ := u.User.Password()
	return u, password
}

func block(url string) pt.Values { return pt.Values{"url": cty.StringVal(url)} }

// at is the lab's URL with another address.
func at(u *url.URL, address string) pt.Values {
	other := *u
	other.Host = address
	return block(other.String())
}

func sql(text string) pt.Values { return pt.Values{"sql": cty.StringVal(text)} }

func TestContract(t *testing.T) {
	u, password := labURL(t)
	closed, silent := pt.Closed(t), pt.Silent(t)
	wrong := *u
	wrong.User = url.UserPassword(u.User.Username(), "not-the-password")
	endpoint := u.Host + u.Path
	const sleep = "SELECT pg_sleep(30)"
	pt.Run(t, pt.Suite{
		Provider: postgres.New(), Config: block(u.String()), Host: host(nil), Secrets: []string{password, "not-the-password"},
		Cases: []pt.Case{
			{Kind: pt.Happy, Action: "postgres_ping", Volatile: []string{"latency_ms"}, Check: checkPing},
			{Kind: pt.Happy, Action: "postgres_query", Args: sql("SELECT n, n % 2 = 0 AS even FROM generate_series(1, 3) n"), Check: checkRows},
			{Kind: pt.Happy, Action: "postgres_slow_queries", Args: pt.Values{"limit": cty.NumberIntVal(5)}, Once: true, Check: checkSlow},
			{Kind: pt.Happy, Action: "postgres_activity", Once: true, Check: checkActivity},
			{Kind: pt.Happy, Action: "postgres_size", Once: true, Check: checkSize},
			{Kind: pt.Happy, Action: "postgres_replication", Check: checkReplication},

			{Kind: pt.Happy, Action: "postgres_exec", Args: sql("SET LOCAL work_mem = '5MB'")},
			{Kind: pt.Bounded, Action: "postgres_exec", Once: true, Args: pt.Values{
				"sql": cty.StringVal("UPDATE users SET plan = plan WHERE id < 20"), "row_limit": cty.NumberIntVal(3)}},

			{Kind: pt.Unreachable, Action: pt.Every, Config: at(u, closed), Endpoint: closed, Words: []string{"connect to " + closed, "connection refused"}},
			{Kind: pt.Refused, Action: pt.Every, Config: block(wrong.String()), Endpoint: endpoint, Words: []string{"28P01", "password"}},
			{Kind: pt.Timeout, Action: pt.Every, Config: at(u, silent), Endpoint: silent, Words: []string{"no answer", "timeout"}},
			{Kind: pt.Cancelled, Action: pt.Every, Config: at(u, silent), Endpoint: silent, Words: []string{"stopped"}},
			{Kind: pt.Timeout, Action: "postgres_query", Name: "sleep", Args: sql(sleep), Endpoint: endpoint, Words: []string{"no answer after"}},
			{Kind: pt.Timeout, Action: "postgres_query", Config: at(u, silent), Args: sql(sleep), Endpoint: silent},
			{Kind: pt.Cancelled, Action: "postgres_query", Name: "sleep", Args: sql(sleep), Endpoint: endpoint},

			{Kind: pt.Bounded, Action: "postgres_query", Check: checkBounded,
				Args: pt.Values{"sql": cty.StringVal("SELECT generate_series(1, 100000000) AS n"), "row_limit": cty.NumberIntVal(10)}},
			{Kind: pt.Bounded, Action: "postgres_slow_queries", Args: pt.Values{"limit": cty.NumberIntVal(1)}},
			{Kind: pt.Bounded, Action: "postgres_size", Args: pt.Values{"limit": cty.NumberIntVal(1)}},
		},
	})
}

func attr(t *testing.T, r *provider.Result, name string) cty.Value {
	t.Helper()
	return r.Value.GetAttr(name)
}

func number(v cty.Value) float64 {
	n, _ := v.AsBigFloat().Float64()
	return n
}

func checkPing(t *testing.T, r *provider.Result) {
	if v := attr(t, r, "version").AsString(); !strings.HasPrefix(v, "PostgreSQL ") {
		t.Errorf("version is %q", v)
	}
	if n := number(attr(t, r, "version_num")); n < 100000 {
		t.Errorf("version_num is %v", n)
	}
	if n := number(attr(t, r, "latency_ms")); n <= 0 || n > 10_000 {
		t.Errorf("latency_ms is %v", n)
	}
	if attr(t, r, "in_recovery").True() || attr(t, r, "user").AsString() == "" || attr(t, r, "database").AsString() == "" {
		t.Errorf("result is %#v", r.Value)
	}
	if !strings.HasPrefix(r.Summary, "PostgreSQL ") || !strings.HasSuffix(r.Summary, " ms") {
		t.Errorf("summary is %q", r.Summary)
	}
}

func checkRows(t *testing.T, r *provider.Result) {
	row := func(n int64, even bool) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(n), "even": cty.BoolVal(even)})
	}
	want := cty.TupleVal([]cty.Value{row(1, false), row(2, true), row(3, false)})
	if got := attr(t, r, "rows"); !got.RawEquals(want) {
		t.Errorf("rows are %#v", got)
	}
	if r.Summary != "3 rows" || !attr(t, r, "truncated").False() {
		t.Errorf("summary is %q, result %#v", r.Summary, r.Value)
	}
}

func checkBounded(t *testing.T, r *provider.Result) {
	if rows := attr(t, r, "rows"); rows.LengthInt() != 10 {
		t.Errorf("there are %d rows", rows.LengthInt())
	}
}

func checkSlow(t *testing.T, r *provider.Result) {
	last := -1.0
	for it := attr(t, r, "queries").ElementIterator(); it.Next(); {
		_, q := it.Element()
		mean := number(q.GetAttr("mean_ms"))
		if last >= 0 && mean > last {
			t.Errorf("mean %v follows %v", mean, last)
		}
		if q.GetAttr("query").AsString() == "" || number(q.GetAttr("calls")) < 1 || number(q.GetAttr("total_ms")) < mean*0.99 {
			t.Errorf("query is %#v", q)
		}
		last = mean
	}
	if last < 0 {
		t.Error("there are no queries")
	}
}

func checkActivity(t *testing.T, r *provider.Result) {
	connections, most := number(attr(t, r, "connections")), number(attr(t, r, "max_connections"))
	if connections < 1 || most < connections {
		t.Errorf("%v of %v connections", connections, most)
	}
	if got := number(attr(t, r, "used_percent")); got <= 0 || got > 100 {
		t.Errorf("used_percent is %v", got)
	}
	if len(r.Warnings) > 0 {
		t.Errorf("warnings: %v", r.Warnings)
	}
}

func checkSize(t *testing.T, r *provider.Result) {
	if got := number(attr(t, r, "size_bytes")); got < 1<<20 {
		t.Errorf("size_bytes is %v", got)
	}
	names, last := map[string]bool{}, -1.0
	for it := attr(t, r, "tables").ElementIterator(); it.Next(); {
		_, table := it.Element()
		names[table.GetAttr("schema").AsString()+"."+table.GetAttr("name").AsString()] = true
		size := number(table.GetAttr("size_bytes"))
		if last >= 0 && size > last {
			t.Errorf("size %v follows %v", size, last)
		}
		last = size
	}
	if !names["public.users"] {
		t.Errorf("there is no table public.users in %v", names)
	}
}

func checkReplication(t *testing.T, r *provider.Result) {
	if role := attr(t, r, "role").AsString(); role != "primary" {
		t.Errorf("role is %q", role)
	}
	if got := attr(t, r, "replicas").LengthInt(); got != 0 || !attr(t, r, "max_lag_seconds").IsNull() {
		t.Errorf("result is %#v", r.Value)
	}
	if r.Summary != "primary, 0 replicas" {
		t.Errorf("summary is %q", r.Summary)
	}
}
