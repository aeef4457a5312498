package httpclient

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

// nowhere are headers that say nothing of where a request goes: credentials, who asks and in which course of things, and how the answer is
// to look. Of others nobody knows: a tenant, a virtual host and a namespace have a header each, and each service its own.
var nowhere = regexp.MustCompile(`^(?i:Authorization|Proxy-Authorization|Cookie|Accept|Accept-.*|Content-Type|User-Agent|From|Referer|` +
	`X-Request.*|X-Correlation.*|Traceparent|Tracestate|Baggage|X-B3-.*|.*(token|key|secret|password).*)$`)

// Within is what the headers of a provider block say of where its requests go, for [provider.Place]. Credentials are none of it, for they
// are renewed: those that are called so, and what is secret by itself.
func Within(req provider.OpenRequest, headers map[string]string) string {
	given := map[string]cty.Value{}
	if req.Config != cty.NilVal {
		config, _ := req.Config.Unmark()
		if own, _ := config.GetAttr("headers").Unmark(); !own.IsNull() {
			given = own.AsValueMap()
		}
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if !nowhere.MatchString(name) && !provider.IsSensitive(given[name]) {
			out = append(out, "header "+name+": "+headers[name])
		}
	}
	return strings.Join(out, "\n")
}
