package builtin

import (
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/providers/http"
	"github.com/e82355ed/runbook/providers/kubernetes"
	"github.com/e82355ed/runbook/providers/local"
	"github.com/e82355ed/runbook/providers/manual"
	"github.com/e82355ed/runbook/providers/postgres"
	"github.com/e82355ed/runbook/providers/prometheus"
	"github.com/e82355ed/runbook/providers/redis"
	"github.com/e82355ed/runbook/providers/tls"
)

// Registry makes the registry of all of them, in the order of the documentation.
func Registry() *provider.Registry {
	return provider.NewRegistry(
		kubernetes.New(),
		postgres.New(),
		redis.New(),
		http.New(),
		tls.New(),
		prometheus.New(),
		local.New(),
		manual.New(),
	)
}
