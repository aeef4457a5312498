package builtin

import (
	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/internal/vault"
	"github.com/e82355ed/runbook/providers/kubernetes"
)

// Secrets are the readers of secret(…), by kind.
func Secrets() map[string]engine.SecretReader {
	return map[string]engine.SecretReader{"kubernetes": kubernetes.ReadSecret, "vault": vault.Read}
}
