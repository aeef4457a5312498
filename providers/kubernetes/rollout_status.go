package kubernetes

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// rolloutTypes are the types that roll out new revisions.
var rolloutTypes = []resource{deployments, statefulSets, daemonSets}

type rolloutStatusArgs struct {
	Resource  string `rb:"resource,required" check:"kubernetes_rollout" doc:"Deployment, stateful set or daemon set as TYPE/NAME: deployment/api."`
	Namespace string `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
}

type rolloutStatusResult struct {
	Complete          bool   `rb:"complete" doc:"Whether the newest revision is rolled out, as kubectl rollout status has it."`
	Replicas          int    `rb:"replicas" doc:"How many replicas are asked for."`
	UpdatedReplicas   int    `rb:"updated_replicas" doc:"How many are of the newest revision."`
	AvailableReplicas int    `rb:"available_replicas" doc:"How many have been ready for long enough."`
	Message           string `rb:"message" doc:"What the rollout waits for, or that it is complete."`
}

func rolloutStatusAction() provider.Action {
	return read(provider.Definition[*client, rolloutStatusArgs, rolloutStatusResult]{
		Name: "kubernetes_rollout_status", Doc: "Says whether a rollout is complete.",
		Run:       runRolloutStatus,
		Summarize: func(r *rolloutStatusResult) string { return r.Message },
	})
}

func runRolloutStatus(ctx context.Context, in *provider.In[*client, rolloutStatusArgs]) (*rolloutStatusResult, error) {
	c, op := in.Client, "read the rollout of "+in.Args.Resource
	r, name, err := parseResource(in.Args.Resource, rolloutTypes)
	if err != nil {
		return nil, wrong(op, err)
	}
	namespace, err := c.oneNamespace(op, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	switch r.kind {
	case deployments.kind:
		return judge(ctx, c, r, namespace, name, deploymentRollout)
	case statefulSets.kind:
		return judge(ctx, c, r, namespace, name, statefulSetRollout)
	}
	return judge(ctx, c, r, namespace, name, daemonSetRollout)
}

func judge[O any, P typedObject[O]](
	ctx context.Context, c *client, r resource, namespace, name string, rollout func(P) rolloutStatusResult,
) (*rolloutStatusResult, error) {
	object, err := get[O, P](ctx, c, r, namespace, name)
	if err != nil {
		return nil, err
	}
	result := rollout(object)
	return &result, nil
}

// unobserved is said of a specification that its controller has not seen yet: the numbers are those of the one before.
const unobserved = "waiting for the specification to be observed by its controller"

// The three rules are those of kubectl rollout status (k8s.io/kubectl, pkg/polymorphichelpers).

func deploymentRollout(d *appsv1.Deployment) rolloutStatusResult {
	s := d.Status
	r := rolloutStatusResult{
		Replicas: wanted(d.Spec.Replicas), UpdatedReplicas: int(s.UpdatedReplicas), AvailableReplicas: int(s.AvailableReplicas),
	}
	old := int(s.Replicas - s.UpdatedReplicas)
	switch {
	case d.Generation > s.ObservedGeneration:
		r.Message = unobserved
	case progressDeadlineExceeded(d):
		r.Message = "the rollout exceeded its progress deadline"
	case r.UpdatedReplicas < r.Replicas:
		r.Message = fmt.Sprintf("%d of %d replicas updated", r.UpdatedReplicas, r.Replicas)
	case old > 0:
		r.Message = fmt.Sprintf("%s still to end", counted(old, "old replica"))
	case r.AvailableReplicas < r.UpdatedReplicas:
		r.Message = fmt.Sprintf("%d of %d updated replicas available", r.AvailableReplicas, r.UpdatedReplicas)
	default:
		r.Complete, r.Message = true, fmt.Sprintf("rolled out, %d of %d available", r.AvailableReplicas, r.Replicas)
	}
	return r
}

func progressDeadlineExceeded(d *appsv1.Deployment) bool {
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing {
			return c.Status == corev1.ConditionFalse && c.Reason == "ProgressDeadlineExceeded"
		}
	}
	return false
}

func daemonSetRollout(d *appsv1.DaemonSet) rolloutStatusResult {
	s := d.Status
	r := rolloutStatusResult{
		Replicas: int(s.DesiredNumberScheduled), UpdatedReplicas: int(s.UpdatedNumberScheduled), AvailableReplicas: int(s.NumberAvailable),
	}
	switch {
	case d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType:
		r.Complete = r.UpdatedReplicas >= r.Replicas
		r.Message = fmt.Sprintf("%d of %d pods updated; the strategy OnDelete leaves the rest to you", r.UpdatedReplicas, r.Replicas)
	case d.Generation > s.ObservedGeneration:
		r.Message = unobserved
	case r.UpdatedReplicas < r.Replicas:
		r.Message = fmt.Sprintf("%d of %d pods updated", r.UpdatedReplicas, r.Replicas)
	case r.AvailableReplicas < r.Replicas:
		r.Message = fmt.Sprintf("%d of %d updated pods available", r.AvailableReplicas, r.Replicas)
	default:
		r.Complete, r.Message = true, fmt.Sprintf("rolled out, %d of %d available", r.AvailableReplicas, r.Replicas)
	}
	return r
}

func statefulSetRollout(d *appsv1.StatefulSet) rolloutStatusResult {
	s := d.Status
	r := rolloutStatusResult{
		Replicas: wanted(d.Spec.Replicas), UpdatedReplicas: int(s.UpdatedReplicas), AvailableReplicas: int(s.AvailableReplicas),
	}
	rolling := d.Spec.UpdateStrategy.RollingUpdate
	target := r.Replicas
	if rolling != nil && rolling.Partition != nil {
		target -= int(*rolling.Partition)
	}
	switch {
	case d.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType:
		r.Complete = s.UpdateRevision == s.CurrentRevision
		r.Message = fmt.Sprintf("%d of %d pods updated; the strategy OnDelete leaves the rest to you", r.UpdatedReplicas, r.Replicas)
	case s.ObservedGeneration == 0 || d.Generation > s.ObservedGeneration:
		r.Message = unobserved
	case int(s.ReadyReplicas) < r.Replicas:
		r.Message = fmt.Sprintf("waiting for %s to be ready", counted(r.Replicas-int(s.ReadyReplicas), "pod"))
	case rolling != nil && rolling.Partition != nil && r.UpdatedReplicas < target:
		r.Message = fmt.Sprintf("%d of %d pods of the partition updated", r.UpdatedReplicas, target)
	case rolling == nil && s.UpdateRevision != s.CurrentRevision:
		r.Message = fmt.Sprintf("%d of %d pods updated", r.UpdatedReplicas, r.Replicas)
	default:
		r.Complete, r.Message = true, fmt.Sprintf("rolled out, %d of %d available", r.AvailableReplicas, r.Replicas)
	}
	return r
}
