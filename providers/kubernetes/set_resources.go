package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	quantity "k8s.io/apimachinery/pkg/api/resource"

	"github.com/e82355ed/runbook/engine/provider"
)

type setResourcesArgs struct {
	Resource  string                     `rb:"resource,required" check:"kubernetes_resource" doc:"Whose pod template to change, as TYPE/NAME: deployment/api."`
	Container string                     `rb:"container" check:"kubernetes_container" doc:"Only this container, or init container; null: all containers, no init container."`
	Requests  map[string]string          `rb:"requests" check:"kubernetes_quantity" doc:"What to reserve, as quantities by resource: cpu = 500m, memory = 1Gi; an empty text takes one off."`
	Limits    map[string]string          `rb:"limits" check:"kubernetes_quantity" doc:"What not to exceed, as quantities by resource; an empty text takes one off."`
	Replaces  map[string]containerLimits `rb:"replaces" check_keys:"kubernetes_container" doc:"What has to be there for the write to be sent, such as self.after in an undo: anything else is somebody else's work by now, and is left as it is."`
	Namespace string                     `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

type setResourcesResult struct {
	Before map[string]containerLimits `rb:"before" doc:"Requests and limits by container as they were."`
	After  map[string]containerLimits `rb:"after" doc:"Requests and limits by container as they are."`
}

type containerLimits struct {
	Requests map[string]string `rb:"requests" doc:"What is reserved, as quantities by resource; empty for what the step names and is not set."`
	Limits   map[string]string `rb:"limits" doc:"What must not be exceeded, as quantities by resource; empty for what the step names and is not set."`
}

func setResourcesAction() provider.Action {
	return editing(provider.Definition[*client, setResourcesArgs, setResourcesResult]{
		Name: "kubernetes_set_resources", Doc: "Sets requests and limits of containers in a pod template.",
		Instead: "kubernetes_objects shows the pod template",
		Effect:  provider.Write, ChangedNothing: func(r *setResourcesResult) bool { return same(r.Before, r.After) },
		Summarize: func(r *setResourcesResult) string {
			if same(r.Before, r.After) {
				return "nothing to change"
			}
			return "set of " + counted(len(r.After), "container")
		},
	}, planSetResources, func(before, after map[string]containerLimits) *setResourcesResult {
		return &setResourcesResult{Before: before, After: after}
	})
}

func planSetResources(
	ctx context.Context, in *provider.In[*client, setResourcesArgs],
) (*edit[map[string]containerLimits], error) {
	a := in.Args
	op := "set the resources of " + a.Resource
	if len(a.Requests)+len(a.Limits) == 0 {
		return nil, wrong(op, errors.New("neither requests nor limits names a resource"))
	}
	for what, quantities := range map[string]map[string]string{"requests": a.Requests, "limits": a.Limits} {
		for name, text := range quantities {
			if err := checkQuantity(text); err != nil {
				return nil, wrong(op, fmt.Errorf("%s.%s: %w", what, name, err))
			}
		}
	}
	unlessReplaced := replacing(in, op, statedLimits(a.Replaces), func(containers []rawObject) (stated, error) {
		return statedLimits(limitsOf(containers, nil, nil)), nil
	})
	return planTemplate(ctx, in.Client, templateEdit[map[string]containerLimits]{
		resource: a.Resource, namespace: a.Namespace, what: "resources", containers: optional(a.Container),
		state: func(containers []rawObject) (map[string]containerLimits, error) {
			return limitsOf(containers, a.Requests, a.Limits), nil
		},
		said: namesIn(a.Replaces),
		refuses: func(containers []rawObject) error {
			if a.Container == "" && in.CountedOn("before") && !alike(limitsOf(containers, a.Requests, a.Limits)) {
				return wrong(op, errors.New("the containers do not have the same requests and limits before, and the step's undo, which counts on self.before, "+
					"can give back those of one; name one with container"))
			}
			return unlessReplaced(containers)
		},
		set: func(container rawObject) {
			setQuantities(container, "requests", a.Requests)
			setQuantities(container, "limits", a.Limits)
		},
	})
}

// limitsOf reads what containers have, with an empty text for what the step names and is not set.
func limitsOf(containers []rawObject, requests, limits map[string]string) map[string]containerLimits {
	now := map[string]containerLimits{}
	for _, c := range containers {
		now[digText(c, "name")] = containerLimits{
			Requests: quantities(dig(c, "resources", "requests"), requests),
			Limits:   quantities(dig(c, "resources", "limits"), limits),
		}
	}
	return now
}

// alike reports whether all of the containers have the same.
func alike(by map[string]containerLimits) bool {
	var first *containerLimits
	for _, limits := range by {
		if first != nil && !same(*first, limits) {
			return false
		}
		first = &limits
	}
	return true
}

func statedLimits(by map[string]containerLimits) stated {
	out := stated{}
	for name, set := range by {
		for what, quantities := range map[string]map[string]string{"requests.": set.Requests, "limits.": set.Limits} {
			for of, quantity := range quantities {
				if quantity != "" {
					out[what+of+" of "+name] = canonical(quantity)
				}
			}
		}
	}
	return out
}

// quantities are those that are set, and an empty text for each that is concerned and is not.
func quantities(set any, concerned map[string]string) map[string]string {
	out := map[string]string{}
	for name := range concerned {
		out[name] = ""
	}
	all, _ := set.(rawObject)
	for name, value := range all {
		out[name] = fmt.Sprint(value)
	}
	return out
}

// setQuantities leaves one that is the same amount in other words as it is.
func setQuantities(container rawObject, what string, wanted map[string]string) {
	if len(wanted) == 0 {
		return
	}
	resources, _ := container["resources"].(rawObject)
	now, _ := dig(resources, what).(rawObject)
	next := maps.Clone(now)
	if next == nil {
		next = rawObject{}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch old, there := now[name]; {
		case wanted[name] == "":
			delete(next, name)
		case !there || !equalQuantities(fmt.Sprint(old), wanted[name]):
			next[name] = wanted[name]
		}
	}
	if len(next) == len(now) && len(now) == 0 {
		return // neither there nor asked for
	}
	if resources == nil {
		resources = rawObject{}
		container["resources"] = resources
	}
	resources[what] = next
	if len(next) == 0 {
		delete(resources, what)
	}
}

// canonical is a quantity as the server tells it: 200m for 0.2.
func canonical(text string) string {
	q, err := quantity.ParseQuantity(text)
	if err != nil {
		return text
	}
	return q.String()
}

func equalQuantities(a, b string) bool {
	x, errX := quantity.ParseQuantity(a)
	y, errY := quantity.ParseQuantity(b)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}
