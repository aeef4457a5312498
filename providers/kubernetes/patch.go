package kubernetes

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type patchArgs struct {
	Resource  string    `rb:"resource,required" check:"kubernetes_resource" doc:"What to patch, as TYPE/NAME: service/api."`
	Patch     cty.Value `rb:"patch,required" doc:"The patch: an object, a list of JSON Patch operations, or either as JSON text."`
	Type      string    `rb:"type" default:"strategic" one_of:"strategic,merge,json" doc:"How to read the patch; strategic is for built-in types only."`
	Namespace string    `rb:"namespace" doc:"Its namespace; null: the configuration's."`
	Force     bool      `rb:"force" doc:"Take over fields that another field manager owns."`
}

func patchAction() provider.Action {
	return provider.Define(provider.Definition[*client, patchArgs, changesResult]{
		Name: "kubernetes_patch", Doc: "Patches an object.",
		Effect: provider.Write,
	})
}
