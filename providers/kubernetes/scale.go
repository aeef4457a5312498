package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type scaleArgs struct {
	Resource  string `rb:"resource,required" check:"kubernetes_resource" doc:"What to scale, as TYPE/NAME: deployment/api."`
	Replicas  int    `rb:"replicas,required" doc:"How many replicas it shall have."`
	Namespace string `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

type scaleResult struct {
	Before replicaCount `rb:"before" doc:"What was asked for before."`
	After  replicaCount `rb:"after" doc:"What is asked for now."`
}

type replicaCount struct {
	Replicas int `rb:"replicas" doc:"Number of replicas."`
}

func scaleAction() provider.Action {
	return provider.Define(provider.Definition[*client, scaleArgs, scaleResult]{
		Name: "kubernetes_scale", Doc: "Sets how many replicas a deployment, stateful set or other scalable object has.",
		Effect: provider.Write,
		// Nothing serves at zero. A number that is not known yet may be zero.
		Classify: func(a *scaleArgs, known provider.Known) provider.Effect {
			if !known("replicas") || a.Replicas == 0 {
				return provider.Destructive
			}
			return provider.Write
		},
	})
}
