package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type setResourcesArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Container string            `rb:"container" doc:"Only this container; null: all."`
	Requests  map[string]string `rb:"requests" doc:"What to reserve, as quantities by resource: cpu = 500m, memory = 1Gi."`
	Limits    map[string]string `rb:"limits" doc:"What not to exceed, as quantities by resource."`
	Namespace string            `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

type setResourcesResult struct {
	Before map[string]containerLimits `rb:"before" doc:"Requests and limits by container as they were."`
	After  map[string]containerLimits `rb:"after" doc:"Requests and limits by container as they are."`
}

type containerLimits struct {
	Requests map[string]string `rb:"requests" doc:"What is reserved, as quantities by resource."`
	Limits   map[string]string `rb:"limits" doc:"What must not be exceeded, as quantities by resource."`
}

func setResourcesAction() provider.Action {
	return provider.Define(provider.Definition[*client, setResourcesArgs, setResourcesResult]{
		Name: "kubernetes_set_resources", Doc: "Sets requests and limits of containers in a pod template.",
		Effect: provider.Write,
	})
}
