package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

type setEnvArgs struct {
	Resource  string            `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Container string            `rb:"container" check:"kubernetes_container" doc:"Only this container, or init container; null: all containers, no init container."`
	Env       map[string]string `rb:"env" check_keys:"kubernetes_env" doc:"Variables to set, by name."`
	Remove    []string          `rb:"remove" doc:"Names of variables to take out; one that env sets stays."`
	Replaces  map[string]string `rb:"replaces" check_keys:"kubernetes_env" doc:"What has to be there for the write to be sent, such as self.after in an undo: anything else is somebody else's work by now, and is left as it is."`
	Namespace string            `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
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
		ChangedNothing: func(r *setEnvResult) bool { return same(r.Before, r.After) },
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
	concerned := together(namesIn(a.Env), a.Remove)
	return planTemplate(ctx, in.Client, templateEdit[map[string]string]{
		resource: a.Resource, namespace: a.Namespace, what: "environment", containers: optional(a.Container),
		state: func(containers []rawObject) (map[string]string, error) { return sharedEnv(containers, concerned) },
		set:   func(container rawObject) { setEnv(container, a.Env, concerned) },
		refuses: replacing(in, op, a.Replaces, func(containers []rawObject) (stated, error) {
			return sharedEnv(containers, together(concerned, namesIn(a.Replaces)))
		}),
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

// setEnv sets the concerned variables that have a value, in their places or where [placed] puts them, and takes the others out.
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
	added := map[string]string{}
	for name, value := range values {
		if !seen[name] {
			added[name] = value
		}
	}
	kept = placed(kept, added)
	if len(kept) == 0 {
		delete(container, "env")
		return
	}
	container["env"] = kept
}

// placed adds variables at the end, but before the first that refers to them: $(NAME) means a variable in front of it only. So
// one that was taken out and is set again means to the others what it did.
func placed(list []any, added map[string]string) []any {
	left := namesIn(added)
	for len(left) > 0 {
		// One that others refer to comes after them, as it has to find them. Of those that go round in a circle any is the next.
		next := max(0, slices.IndexFunc(left, func(name string) bool {
			return !slices.ContainsFunc(left, func(other string) bool { return other != name && refersTo(added[other], name) })
		}))
		name := left[next]
		left = slices.Delete(left, next, next+1)
		at := slices.IndexFunc(list, func(variable any) bool { return refersTo(digText(variable, "value"), name) })
		if at < 0 {
			at = len(list)
		}
		list = slices.Insert(list, at, any(rawObject{"name": name, "value": added[name]}))
	}
	return list
}

func refersTo(value, name string) bool { return strings.Contains(value, "$("+name+")") }
