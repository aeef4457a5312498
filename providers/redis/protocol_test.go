package redis_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
	pt "github.com/e82355ed/runbook/engine/provider/providertest"
	"github.com/e82355ed/runbook/providers/redis"
)

// Servers before 6 speak RESP 2, which has neither maps nor doubles. REDIS_URL is what counts without a block.
func TestOlderProtocol(t *testing.T) {
	u, password := labURL(t, "REDIS_URL")
	older := *u
	older.RawQuery = "protocol=2"
	var host provider.Host
	host.Lookup = func(name string) (string, bool) { return older.String(), name == "REDIS_URL" }
	pt.Run(t, pt.Suite{
		Provider: redis.New(), Host: host, Secrets: []string{password},
		Cases: []pt.Case{
			{Kind: pt.Happy, Action: "redis_ping", Volatile: []string{"latency_ms"}, Check: checkPing},
			{Kind: pt.Happy, Action: "redis_query", Args: words("CONFIG", "GET", "requirepass"), Check: func(t *testing.T, r *provider.Result) {
				if v := r.Value.GetAttr("value").GetAttr("requirepass"); !v.HasMark(provider.Sensitive) {
					t.Error("requirepass is not marked")
				}
			}},
			{Kind: pt.Happy, Action: "redis_query", Name: "flags", Args: words("EXISTS", "session:000"), Check: value(cty.NumberIntVal(1))},
			{Kind: pt.Happy, Action: "redis_info", Once: true, Check: checkInfo},
			{Kind: pt.Happy, Action: "redis_slowlog", Once: true, Check: checkSlowlog},
			{Kind: pt.Refused, Action: "redis_query", Args: words("SET", "a", "b"), Endpoint: u.Host, Words: []string{"not let out"}},
		},
		Exceptions: everything(),
	})
}

// everything excepts all actions from all kinds: the contract is tested elsewhere.
func everything() []pt.Exception {
	var all []pt.Exception
	for _, kind := range []pt.Kind{pt.Happy, pt.Unreachable, pt.Refused, pt.Timeout, pt.Cancelled, pt.Bounded} {
		all = append(all, pt.Exception{Action: pt.Every, Kind: kind, Reason: "TestContract has it."})
	}
	return all
}
