package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type labelArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"What to label, as TYPE/NAME: node/worker-1."`
	Labels    map[string]string `rb:"labels" doc:"Labels to set."`
	Remove    []string          `rb:"remove" doc:"Names of labels to take off."`
	Namespace string            `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

type labelResult struct {
	Before map[string]string `rb:"before" doc:"The labels concerned as they were; those that were not set are left out."`
	After  map[string]string `rb:"after" doc:"The labels concerned as they are; those that are not set are left out."`
}

func labelAction() provider.Action {
	return provider.Define(provider.Definition[*client, labelArgs, labelResult]{
		Name: "kubernetes_label", Doc: "Sets labels of an object.",
		Effect: provider.Write,
	})
}
