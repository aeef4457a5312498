package kubernetes

import (
	"github.com/e82355ed/runbook/engine/provider"
)

type setEnvArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Container string            `rb:"container" doc:"Only this container; null: all."`
	Env       map[string]string `rb:"env" doc:"Variables to set, by name."`
	Remove    []string          `rb:"remove" doc:"Names of variables to take out."`
	Namespace string            `rb:"namespace" doc:"Its namespace; null: the configuration's."`
}

type setEnvResult struct {
	Before map[string]string `rb:"before" doc:"The variables concerned as they were; those that were not set are left out."`
	After  map[string]string `rb:"after" doc:"The variables concerned as they are; those that are not set are left out."`
}

func setEnvAction() provider.Action {
	return provider.Define(provider.Definition[*client, setEnvArgs, setEnvResult]{
		Name: "kubernetes_set_env", Doc: "Sets environment variables in a pod template.",
		Effect: provider.Write,
	})
}
