package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type rolloutUndoArgs struct {
	Resource   string `rb:"resource,required" check:"kubernetes_rollout" doc:"Deployment, stateful set or daemon set as TYPE/NAME: deployment/api."`
	ToRevision int64  `rb:"to_revision" doc:"Revision to go back to; null: the one before."`
	Namespace  string `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

func rolloutUndoAction() provider.Action {
	return provider.Define(provider.Definition[*client, rolloutUndoArgs, revisionChange]{
		Name: "kubernetes_rollout_undo", Doc: "Rolls a deployment, stateful set or daemon set back to an earlier revision.",
		Effect: provider.Write, NeedsTimeout: true,
	})
}
