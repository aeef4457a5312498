package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type setImageArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Images    map[string]string `rb:"images,required" doc:"Images by container."`
	Namespace string            `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

type setImageResult struct {
	Before map[string]string `rb:"before" doc:"Images by container as they were."`
	After  map[string]string `rb:"after" doc:"Images by container as they are."`
}

func setImageAction() provider.Action {
	return provider.Define(provider.Definition[*client, setImageArgs, setImageResult]{
		Name: "kubernetes_set_image", Doc: "Sets the images of containers in a pod template.",
		Effect: provider.Write,
	})
}
