package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

func uncordonAction() provider.Action {
	return scheduling("kubernetes_uncordon", "Lets new pods onto a node again.", true)
}
