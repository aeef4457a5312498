package kubernetes

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type applyArgs struct {
	Manifest  cty.Value `rb:"manifest,required" doc:"What shall be: an object, or YAML or JSON text of one or more."`
	Namespace string    `rb:"namespace" doc:"Namespace of objects that name none; null: the configuration's."`
	Force     bool      `rb:"force" doc:"Take over fields that another field manager owns."`
}

type changesResult struct {
	Changes []change `rb:"changes" doc:"What it changed, by path."`
}

type change struct {
	Path   string  `rb:"path" doc:"Object and field, such as apps/v1/Deployment/production/api: .spec.replicas."`
	Before *string `rb:"before" doc:"The value before, as JSON; null: there was none."`
	After  *string `rb:"after" doc:"The value now, as JSON; null: there is none."`
}

func applyAction() provider.Action {
	return provider.Define(provider.Definition[*client, applyArgs, changesResult]{
		Name: "kubernetes_apply", Doc: "Applies manifests on the server, with the field manager runbook.",
		Effect: provider.Write,
	})
}
