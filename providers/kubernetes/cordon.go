package kubernetes

import (
	"context"

	"github.com/e82355ed/runbook/engine/provider"
)

type cordonArgs struct {
	Node string `rb:"node,required,filled" check:"kubernetes_node" doc:"Name of the node."`
}

type cordonResult struct {
	Before schedulability `rb:"before" doc:"The node as it was."`
	After  schedulability `rb:"after" doc:"The node as it is."`
}

type schedulability struct {
	Schedulable bool `rb:"schedulable" doc:"Whether new pods may be placed on it."`
}

func cordonAction() provider.Action {
	return scheduling("kubernetes_cordon", "Keeps new pods off a node.", false)
}

// scheduling declares the two actions that say whether a node takes new pods.
func scheduling(name, doc string, schedulable bool) provider.Action {
	plan := func(_ context.Context, in *provider.In[*client, cordonArgs]) (*edit[schedulability], error) {
		return in.Client.setSchedulable(in.Args.Node, schedulable)
	}
	return editing(provider.Definition[*client, cordonArgs, cordonResult]{
		Name: name, Doc: doc, Effect: provider.Write, Instead: "kubernetes_nodes tells whether a node is schedulable",
		ChangedNothing: func(r *cordonResult) bool { return r.Before == r.After },
		Summarize: func(r *cordonResult) string {
			text := map[bool]string{true: "takes new pods", false: "takes no new pods"}[r.After.Schedulable]
			if r.Before == r.After {
				text += ", as before"
			}
			return text
		},
	}, plan, func(before, after schedulability) *cordonResult { return &cordonResult{Before: before, After: after} })
}

func (c *client) setSchedulable(node string, schedulable bool) (*edit[schedulability], error) {
	op := map[bool]string{true: "uncordon ", false: "cordon "}[schedulable] + "node " + node
	if _, _, err := splitResource("node/" + node); err != nil {
		return nil, wrong(op, err)
	}
	return &edit[schedulability]{
		of: subject{c: c, r: nodes, name: node}, op: op,
		state: func(object rawObject) (schedulability, error) {
			return schedulability{Schedulable: takesPods(object)}, nil
		},
		patch: func(object rawObject) (rawObject, error) {
			if takesPods(object) == schedulable {
				return nil, nil
			}
			if schedulable {
				return wrapped(nil, "spec", "unschedulable"), nil
			}
			return wrapped(true, "spec", "unschedulable"), nil
		},
	}, nil
}

func takesPods(node rawObject) bool {
	cordoned, _ := dig(node, "spec", "unschedulable").(bool)
	return !cordoned
}
