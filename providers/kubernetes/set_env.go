package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/e82355ed/runbook/engine/provider"
)

type setEnvArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Container string            `rb:"container" check:"kubernetes_container" doc:"Only this container; null: all."`
	Env       map[string]string `rb:"env" check_keys:"kubernetes_env" doc:"Variables to set, by name."`
	Remove    []string          `rb:"remove" doc:"Names of variables to take out."`
	Namespace string            `rb:"namespace,place" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

type setEnvResult struct {
	Before map[string]string `rb:"before,echo" doc:"The variables concerned as they were; those that were not set are left out."`
	After  map[string]string `rb:"after,echo" doc:"The variables concerned as they are; those that are not set are left out."`
}

func setEnvAction() provider.Action {
	return editing(provider.Definition[*client, setEnvArgs, setEnvResult]{
		Name: "kubernetes_set_env", Doc: "Sets environment variables in a pod template.",
		Instead: "kubernetes_objects shows the pod template",
		Effect:  provider.Write, Summarize: func(r *setEnvResult) string { return keyChanges("variable", r.Before, r.After) },
	}, planSetEnv, func(before, after map[string]string) *setEnvResult {
		return &setEnvResult{Before: before, After: after}
	})
}

func planSetEnv(ctx context.Context, in *provider.In[*client, setEnvArgs]) (*edit[map[string]string], error) {
	a := in.Args
	op := "set the environment of " + a.Resource
	if len(a.Env)+len(a.Remove) == 0 {
		return nil, wrong(op, errors.New("neither env nor remove names a variable"))
	}
	for _, name := range a.Remove {
		if _, both := a.Env[name]; both {
			return nil, wrong(op, errors.New("env and remove both name "+name))
		}
	}
	concerned := slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(a.Env)), a.Remove)))
	return planTemplate(ctx, in.Client, templateEdit[map[string]string]{
		resource: a.Resource, namespace: a.Namespace, what: "environment", containers: optional(a.Container),
		state: func(containers []rawObject) (map[string]string, error) { return sharedEnv(containers, concerned) },
		set:   func(container rawObject) { setEnv(container, a.Env, concerned) },
	})
}

// sharedEnv reads variables that must be alike in all of the containers, and texts: else before could not tell what to
// go back to.
func sharedEnv(containers []rawObject, names []string) (map[string]string, error) {
	var shared map[string]string
	for _, container := range containers {
		own := map[string]string{}
		for _, variable := range listAt(container, "env") {
			name := digText(variable, "name")
			if !slices.Contains(names, name) {
				continue
			}
			if dig(variable, "valueFrom") != nil {
				return nil, fmt.Errorf("variable %s of container %s is taken from elsewhere (valueFrom), which before could not tell; "+
					"change it with kubernetes_patch", name, digText(container, "name"))
			}
			own[name] = digText(variable, "value")
		}
		if shared != nil && !maps.Equal(shared, own) {
			return nil, errors.New("the containers do not have the same values before; name one with container")
		}
		shared = own
	}
	return shared, nil
}

// setEnv sets the concerned variables that have a value, in their places or at the end, and takes the others out.
func setEnv(container rawObject, values map[string]string, concerned []string) {
	var kept []any
	seen := map[string]bool{}
	for _, variable := range listAt(container, "env") {
		name := digText(variable, "name")
		value, set := values[name]
		switch {
		case set:
			kept = append(kept, rawObject{"name": name, "value": value})
		case !slices.Contains(concerned, name):
			kept = append(kept, variable)
		}
		seen[name] = true
	}
	for _, name := range concerned {
		if value, set := values[name]; set && !seen[name] {
			kept = append(kept, rawObject{"name": name, "value": value})
		}
	}
	if len(kept) == 0 {
		delete(container, "env")
		return
	}
	container["env"] = kept
}
