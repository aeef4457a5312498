package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type cordonArgs struct {
	Node string `rb:"node,required" doc:"Name of the node."`
}

type cordonResult struct {
	Before schedulability `rb:"before" doc:"The node as it was."`
	After  schedulability `rb:"after" doc:"The node as it is."`
}

type schedulability struct {
	Schedulable bool `rb:"schedulable" doc:"Whether new pods may be placed on it."`
}

func cordonAction() provider.Action {
	return provider.Define(provider.Definition[*client, cordonArgs, cordonResult]{
		Name: "kubernetes_cordon", Doc: "Keeps new pods off a node.",
		Effect: provider.Write,
	})
}
