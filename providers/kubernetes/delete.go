package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type deleteArgs struct {
	APIVersion    string `rb:"api_version,required" doc:"API group and version, such as apps/v1, or v1 for the core."`
	Kind          string `rb:"kind,required" doc:"Kind, such as Deployment."`
	Name          string `rb:"name" doc:"The object of this name."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"The objects with these labels."`
	FieldSelector string `rb:"field_selector" check:"field_selector" doc:"The objects with these fields."`
	Namespace     string `rb:"namespace" doc:"Their namespace; null: the configuration's."`
}

type deleteResult struct {
	Deleted []string `rb:"deleted" doc:"What it deleted, as namespace/name."`
}

func deleteAction() provider.Action {
	return provider.Define(provider.Definition[*client, deleteArgs, deleteResult]{
		Name: "kubernetes_delete", Doc: "Deletes objects.",
		Effect: provider.Destructive, ExactlyOne: [][]string{{"name", "label_selector", "field_selector"}},
	})
}
