package httpclient

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestWithin: headers that say where requests go are compared; credentials, by their name or as somebody has called them secret, are not.
func TestWithin(t *testing.T) {
	headers := map[string]string{
		"Host": "shop", "X-Scope-OrgID": "staging", "X-Vault-Namespace": "a", "x-made": "renewed",
		"authorization": "a", "Proxy-Authorization": "a", "Cookie": "a", "X-Vault-Token": "a", "X-API-Key": "a", "X-My-Secret-Thing": "a", "PASSWORD": "a",
		"Accept": "a", "Accept-Language": "a", "Content-Type": "a", "User-Agent": "a",
		"X-Requested-By": "a", "X-Request-Id": "a", "X-Correlation-ID": "a", "traceparent": "a",
	}
	values := map[string]cty.Value{}
	for name, value := range headers {
		values[name] = cty.StringVal(value)
	}
	values["x-made"] = values["x-made"].Mark(provider.Sensitive)
	config := cty.ObjectVal(map[string]cty.Value{"headers": cty.MapVal(values).Mark(provider.Sensitive)})
	const want = "header Host: shop\nheader X-Scope-OrgID: staging\nheader X-Vault-Namespace: a"
	if got := Within(provider.OpenRequest{Config: config}, headers); got != want {
		t.Errorf("%q, expected %q", got, want)
	}
	if got := Within(provider.OpenRequest{}, nil); got != "" {
		t.Errorf("without a block: %q", got)
	}
}
