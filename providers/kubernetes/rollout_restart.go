package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type rolloutRestartArgs struct {
	Resource  string `rb:"resource,required" check:"kubernetes_rollout" doc:"Deployment, stateful set or daemon set as TYPE/NAME: deployment/api."`
	Namespace string `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

type revisionChange struct {
	Before revisionNumber `rb:"before" doc:"What was rolled out before."`
	After  revisionNumber `rb:"after" doc:"What is rolled out now."`
}

type revisionNumber struct {
	Revision int64 `rb:"revision" doc:"Number of the revision."`
}

func rolloutRestartAction() provider.Action {
	return provider.Define(provider.Definition[*client, rolloutRestartArgs, revisionChange]{
		Name: "kubernetes_rollout_restart", Doc: "Replaces all pods of a deployment, stateful set or daemon set one after the other.",
		Effect: provider.Write, NeedsTimeout: true,
	})
}
