package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type drainArgs struct {
	Node             string `rb:"node,required" doc:"Name of the node."`
	GraceSeconds     *int   `rb:"grace_seconds" doc:"How long pods may take to end; null: as each of them says."`
	IgnoreDaemonSets bool   `rb:"ignore_daemon_sets" doc:"Leave the pods of daemon sets where they are, instead of refusing."`
}

type drainResult struct {
	Evicted []string `rb:"evicted" doc:"Pods that it evicted, as namespace/name."`
}

func drainAction() provider.Action {
	return provider.Define(provider.Definition[*client, drainArgs, drainResult]{
		Name: "kubernetes_drain", Doc: "Keeps new pods off a node and evicts those that run on it.",
		Effect: provider.Destructive, NeedsTimeout: true,
	})
}
