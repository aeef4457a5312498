package redis_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/redis"
)

func block(url string) pt.Values { return pt.Values{"url": cty.StringVal(url)} }

func words(command ...string) pt.Values {
	var values []cty.Value
	for _, w := range command {
		values = append(values, cty.StringVal(w))
	}
	return pt.Values{"command": cty.TupleVal(values)}
}

// labURL gives a URL of the lab and its password.
func labURL(t *testing.T, variable string) (*url.URL, string) {
	t.Helper()
	u, err := url.Parse(pt.Lab(t, variable))
	if err != nil {
		t.Fatalf("%s is not a URL", variable)
	}
	password, _ := u.User.Password()
	return u, password
}

func TestContract(t *testing.T) {
	u, password := labURL(t, "REDIS_URL")
	limited, limitedPassword := labURL(t, "LAB_REDIS_READONLY_URL")
	closed, silent := pt.Closed(t), pt.Silent(t)
	at := func(address string) pt.Values {
		other := *u
		other.Host = address
		return block(other.String())
	}
	wrong := *u
	wrong.User = url.UserPassword("", "not-the-password")
	secretive := func(t *testing.T, r *provider.Result) {
		if v := r.Value.GetAttr("value").GetAttr("requirepass"); !v.HasMark(provider.Sensitive) {
			t.Error("requirepass is not marked")
		}
	}
	pt.Run(t, pt.Suite{
		Provider: redis.New(), Config: block(u.String()), Secrets: []string{password, limitedPassword, "not-the-password"},
		Cases: []pt.Case{
			{Kind: pt.Happy, Action: "redis_ping", Volatile: []string{"latency_ms"}, Check: checkPing},
			{Kind: pt.Happy, Action: "redis_info", Once: true, Check: checkInfo},
			{Kind: pt.Happy, Action: "redis_query", Args: words("GET", "session:000"), Check: value(cty.StringVal("active"))},
			{Kind: pt.Happy, Action: "redis_query", Name: "hash", Args: words("hgetall", "config:features"), Check: value(cty.ObjectVal(map[string]cty.Value{
				"search": cty.StringVal("on"), "beta": cty.StringVal("off")}))},
			{Kind: pt.Happy, Action: "redis_query", Name: "nothing", Args: words("GET", "no:such:key"), Check: value(cty.NullVal(cty.DynamicPseudoType))},
			{Kind: pt.Happy, Action: "redis_query", Name: "subcommand", Args: words("OBJECT", "ENCODING", "session:000"), Check: value(cty.StringVal("embstr"))},
			{Kind: pt.Happy, Action: "redis_query", Name: "config", Args: words("CONFIG", "GET", "maxmemory*"), Once: true},
			{Kind: pt.Happy, Action: "redis_query", Name: "secret config", Args: words("CONFIG", "GET", "requirepass"), Check: secretive},
			{Kind: pt.Happy, Action: "redis_slowlog", Once: true, Check: checkSlowlog},

			{Kind: pt.Happy, Action: "redis_command", Args: words("SET", "data-test:contract", "1", "EX", "60"), Once: true},
			{Kind: pt.Refused, Action: "redis_command", Name: "type", Args: words("INCR", "config:features"), Endpoint: u.Host, Words: []string{"WRONGTYPE"}},
			{Kind: pt.Refused, Action: "redis_command", Name: "read-only run", ReadOnly: true, Args: words("SET", "a", "b"), Endpoint: u.Host, Words: []string{"read-only"}},
			{Kind: pt.Refused, Action: "redis_command", Config: block(wrong.String()), Args: words("SET", "a", "b"), Endpoint: u.Host, Words: []string{"WRONGPASS"}},
			{Kind: pt.Unreachable, Action: pt.Every, Config: at(closed), Endpoint: closed, Words: []string{"connect to " + closed, "connection refused"}},
			{Kind: pt.Refused, Action: pt.Every, Config: block(wrong.String()), Endpoint: u.Host, Words: []string{"WRONGPASS", "password"}},
			{Kind: pt.Refused, Action: "redis_info", Name: "ACL", Config: block(limited.String()), Endpoint: u.Host, Words: []string{"NOPERM", "info", "ACL SETUSER"}},
			{Kind: pt.Refused, Action: "redis_info", Config: block(wrong.String()), Endpoint: u.Host, Words: []string{"WRONGPASS", "password"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "ACL", Config: block(limited.String()), Args: words("DBSIZE"), Endpoint: u.Host, Words: []string{"NOPERM", "ask whether DBSIZE reads"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "write", Args: words("SET", "a", "b"), Endpoint: u.Host, Words: []string{"SET is not let out", "does not flag it read-only"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "flush", Args: words("FLUSHALL"), Endpoint: u.Host, Words: []string{"FLUSHALL is not let out"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "dangerous", Args: words("KEYS", "*"), Endpoint: u.Host, Words: []string{"KEYS is not let out"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "dangerous flag", Args: words("SORT_RO", "x"), Endpoint: u.Host, Words: []string{"SORT_RO is not let out"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "script", Args: words("EVAL_RO", "return 1", "0"), Endpoint: u.Host, Words: []string{"EVAL_RO is not let out"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "subcommand", Args: words("config", "set", "maxmemory", "1"), Endpoint: u.Host, Words: []string{"config set"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "shared connection", Args: words("select", "1"), Endpoint: u.Host, Words: []string{"SELECT is not let out"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "debug", Args: words("DEBUG", "SLEEP", "1"), Endpoint: u.Host, Words: []string{"DEBUG is not let out"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "unknown", Args: words("NOSUCH", "x"), Endpoint: u.Host, Words: []string{"does not know"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "unknown subcommand", Args: words("OBJECT", "nosuch"), Endpoint: u.Host, Words: []string{"not a subcommand"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "read-only run", ReadOnly: true, Args: words("SET", "a", "b"), Endpoint: u.Host, Words: []string{"read-only", "SET"}},
			{Kind: pt.Refused, Action: "redis_query", Config: block(wrong.String()), Endpoint: u.Host, Args: words("GET", "a"), Words: []string{"WRONGPASS"}},
			{Kind: pt.Refused, Action: "redis_query", Name: "type", Args: words("LLEN", "session:000"), Endpoint: u.Host, Words: []string{"WRONGTYPE"}},
			{Kind: pt.Timeout, Action: pt.Every, Config: at(silent), Endpoint: silent, Words: []string{"no answer after", "timeout"}},
			{Kind: pt.Cancelled, Action: pt.Every, Config: at(silent), Endpoint: silent, Words: []string{"stopped"}},
			{Kind: pt.Timeout, Action: "redis_query", Name: "blocked", Args: words("XREAD", "BLOCK", "0", "STREAMS", "no:such", "$"), Endpoint: u.Host, Words: []string{"no answer after"}},
			{Kind: pt.Timeout, Action: "redis_query", Config: at(silent), Args: words("GET", "a"), Endpoint: silent},
			{Kind: pt.Bounded, Action: "redis_query", Check: value(cty.StringVal("act")),
				Args: pt.Values{"command": words("GET", "session:000")["command"], "max_bytes": cty.NumberIntVal(3)}},
			{Kind: pt.Bounded, Action: "redis_slowlog", Args: pt.Values{"limit": cty.NumberIntVal(1)}},
			{Kind: pt.Cancelled, Action: "redis_query", Name: "blocked", Args: words("XREAD", "BLOCK", "0", "STREAMS", "no:such", "$"), Endpoint: u.Host, Words: []string{"stopped"}},
		},
	})
}

func checkPing(t *testing.T, r *provider.Result) {
	if got := r.Value.GetAttr("response").AsString(); got != "PONG" {
		t.Errorf("response is %q", got)
	}
	if !strings.HasPrefix(r.Summary, "PONG in ") {
		t.Errorf("summary is %q", r.Summary)
	}
}

func value(want cty.Value) func(*testing.T, *provider.Result) {
	return func(t *testing.T, r *provider.Result) {
		if got := r.Value.GetAttr("value"); !got.RawEquals(want) {
			t.Errorf("value is %#v", got)
		}
	}
}

// evictionPolicy is any of the server's: a test may have set another than the lab's own.
var evictionPolicy = regexp.MustCompile(`^(noeviction|(allkeys|volatile)-[a-z]+)$`)

func checkInfo(t *testing.T, r *provider.Result) {
	for _, name := range []string{"uptime_seconds", "connected_clients", "used_memory_bytes", "max_memory_bytes", "memory_percent", "hits", "misses", "hit_percent", "evicted_keys", "replicas"} {
		if v := r.Value.GetAttr(name); v.IsNull() || v.Type() != cty.Number {
			t.Errorf("%s is %#v", name, v)
		}
	}
	if r.Value.GetAttr("role").AsString() != "master" || r.Value.GetAttr("version").AsString() == "" {
		t.Errorf("result is %#v", r.Value)
	}
	if v := r.Value.GetAttr("info").Index(cty.StringVal("memory.maxmemory_policy")); !evictionPolicy.MatchString(v.AsString()) {
		t.Errorf("memory.maxmemory_policy is %#v", v)
	}
}

func checkSlowlog(t *testing.T, r *provider.Result) {
	if n := r.Value.GetAttr("count"); n.RawEquals(cty.Zero) {
		t.Error("the lab's slow log is empty")
	}
	for it := r.Value.GetAttr("entries").ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.GetAttr("command").AsString() == "" || e.GetAttr("at").IsNull() {
			t.Errorf("entry is %#v", e)
		}
	}
}
