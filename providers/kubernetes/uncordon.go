package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

func uncordonAction() provider.Action {
	return provider.Define(provider.Definition[*client, cordonArgs, cordonResult]{
		Name: "kubernetes_uncordon", Doc: "Lets new pods onto a node again.",
		Effect: provider.Write,
	})
}
