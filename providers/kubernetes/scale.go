package kubernetes

import (
	"context"
	"fmt"
	"strconv"

	"github.com/e82355ed/runbook/engine/provider"
)

type scaleArgs struct {
	Resource  string        `rb:"resource,required" check:"kubernetes_resource" doc:"What to scale, as TYPE/NAME: deployment/api."`
	Replicas  *int          `rb:"replicas,required" check:"kubernetes_replicas" doc:"How many replicas it shall have."`
	Replaces  *replicasHeld `rb:"replaces" doc:"What has to be there for the write to be sent, such as self.after in an undo: anything else is somebody else's work by now, and is left as it is."`
	Namespace string        `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

// replicasHeld is the number as its author has it from before or after.
type replicasHeld struct {
	Replicas int `rb:"replicas,required" doc:"Number of replicas."`
}

type scaleResult struct {
	Before replicaCount `rb:"before" doc:"What was asked for before."`
	After  replicaCount `rb:"after" doc:"What is asked for now."`
}

type replicaCount struct {
	Replicas int `rb:"replicas" doc:"Number of replicas."`
}

func scaleAction() provider.Action {
	return editing(provider.Definition[*client, scaleArgs, scaleResult]{
		Name: "kubernetes_scale", Doc: "Sets how many replicas a deployment, stateful set or other scalable object has.",
		Instead: "kubernetes_deployments shows the replicas",
		Effect:  provider.Destructive, EffectArgs: []string{"replicas"},
		ChangedNothing: func(r *scaleResult) bool { return r.Before == r.After },
		Summarize: func(r *scaleResult) string {
			if r.Before == r.After {
				return fmt.Sprintf("%s already", counted(r.After.Replicas, "replica"))
			}
			return fmt.Sprintf("%s, before %d", counted(r.After.Replicas, "replica"), r.Before.Replicas)
		},
		Because: func(a *scaleArgs, known provider.Known) string {
			if !known("replicas") {
				return "kubernetes_scale sets replicas to a number that is not known before the run, and may be zero"
			}
			zero := a.Replicas != nil && *a.Replicas == 0
			return becauseZero("kubernetes_scale", zero, zero)
		},
		// A number that is not known yet may be zero, and null stands for what need not be.
		Classify: func(a *scaleArgs, known provider.Known) provider.Effect {
			return toZero(!known("replicas") || a.Replicas != nil && *a.Replicas == 0)
		},
	}, planScale, func(before, after replicaCount) *scaleResult { return &scaleResult{Before: before, After: after} })
}

// planScale goes through the subresource, which custom resources have too and which says nothing but the number.
func planScale(ctx context.Context, in *provider.In[*client, scaleArgs]) (*edit[replicaCount], error) {
	a, replicas := in.Args, *in.Args.Replicas
	if replicas < 0 {
		return nil, wrong("scale "+a.Resource, fmt.Errorf("replicas is %d, expected 0 or more", replicas))
	}
	s, err := in.Client.subjectOf(ctx, a.Resource, a.Namespace)
	if err != nil {
		return nil, err
	}
	op, said := fmt.Sprintf("scale %s to %d", s, replicas), stated{}
	if a.Replaces != nil {
		said["replicas"] = strconv.Itoa(a.Replaces.Replicas)
	}
	return &edit[replicaCount]{
		of: s, op: op, sub: []string{"scale"},
		refuses: replacing(in, op, said, func(scale rawObject) (stated, error) {
			return stated{"replicas": strconv.FormatInt(digNumber(scale, "spec", "replicas"), 10)}, nil
		}),
		complete: func(scale rawObject) {
			if spec, ok := scale["spec"].(rawObject); ok && spec["replicas"] == nil {
				spec["replicas"] = int64(0) // the server leaves a zero out
			}
		},
		state: func(scale rawObject) (replicaCount, error) {
			return replicaCount{Replicas: int(digNumber(scale, "spec", "replicas"))}, nil
		},
		patch: func(scale rawObject) (rawObject, error) {
			if digNumber(scale, "spec", "replicas") == int64(replicas) {
				return nil, nil
			}
			return wrapped(int64(replicas), "spec", "replicas"), nil
		},
	}, nil
}
