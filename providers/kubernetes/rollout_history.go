package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/e82355ed/runbook/engine/provider"
)

type rolloutHistoryArgs struct {
	Resource  string `rb:"resource,required" check:"kubernetes_rollout" doc:"Deployment, stateful set or daemon set as TYPE/NAME: deployment/api."`
	Namespace string `rb:"namespace,place,filled" check:"kubernetes_namespace" doc:"Its namespace; null: the configuration's."`
	Limit     int    `rb:"limit" default:"100" doc:"At most this many revisions are given, the newest."`
}

type rolloutHistoryResult struct {
	Revisions []revisionResult `rb:"revisions" doc:"The revisions that the cluster still has, newest first."`
	Count     int              `rb:"count" doc:"How many revisions there are in the list."`
	Truncated bool             `rb:"truncated" doc:"Whether there are older ones beyond limit."`
}

type revisionResult struct {
	Revision    int64     `rb:"revision" doc:"Its number."`
	ChangeCause string    `rb:"change_cause" doc:"The annotation kubernetes.io/change-cause; empty: none."`
	Images      []string  `rb:"images" doc:"The images of its containers, in their order."`
	CreatedAt   time.Time `rb:"created_at" doc:"When it was first rolled out."`
}

// The annotations that kubectl rollout history reads.
const (
	changeCause        = "kubernetes.io/change-cause"
	deploymentRevision = "deployment.kubernetes.io/revision"
)

func rolloutHistoryAction() provider.Action {
	return read(provider.Definition[*client, rolloutHistoryArgs, rolloutHistoryResult]{
		Name: "kubernetes_rollout_history", Doc: "Lists the revisions of a deployment, stateful set or daemon set.",
		Run: runRolloutHistory,
		Summarize: func(r *rolloutHistoryResult) string {
			if r.Count == 0 {
				return "no revisions"
			}
			return fmt.Sprintf("%s, newest %d", counted(r.Count, "revision"), r.Revisions[0].Revision)
		},
	})
}

func runRolloutHistory(ctx context.Context, in *provider.In[*client, rolloutHistoryArgs]) (*rolloutHistoryResult, error) {
	c, op := in.Client, "read the rollout history of "+in.Args.Resource
	r, name, err := parseResource(in.Args.Resource, rolloutTypes)
	if err != nil {
		return nil, wrong(op, err)
	}
	namespace, err := c.oneNamespace(op, in.Args.Namespace)
	if err != nil {
		return nil, err
	}
	revisions, err := c.revisions(ctx, r, namespace, name)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(revisions, func(a, b revisionResult) int { return cmp.Compare(b.Revision, a.Revision) })
	result := &rolloutHistoryResult{Revisions: revisions}
	if limit := max(in.Args.Limit, 1); len(revisions) > limit {
		result.Revisions, result.Truncated = revisions[:limit], true
	}
	result.Count = len(result.Revisions)
	return result, nil
}

func (c *client) revisions(ctx context.Context, r resource, namespace, name string) ([]revisionResult, error) {
	switch r.kind {
	case deployments.kind:
		return c.deploymentRevisions(ctx, namespace, name)
	case statefulSets.kind:
		owner, err := get[appsv1.StatefulSet](ctx, c, r, namespace, name)
		if err != nil {
			return nil, err
		}
		return c.controllerRevisions(ctx, namespace, owner.UID, owner.Spec.Selector)
	}
	owner, err := get[appsv1.DaemonSet](ctx, c, r, namespace, name)
	if err != nil {
		return nil, err
	}
	return c.controllerRevisions(ctx, namespace, owner.UID, owner.Spec.Selector)
}

// deploymentRevisions are kept as the deployment's replica sets.
func (c *client) deploymentRevisions(ctx context.Context, namespace, name string) ([]revisionResult, error) {
	owner, err := get[appsv1.Deployment](ctx, c, deployments, namespace, name)
	if err != nil {
		return nil, err
	}
	q := query{resource: replicaSets, namespace: namespace, labelSelector: metav1.FormatLabelSelector(owner.Spec.Selector)}
	sets, _, err := list(ctx, c, q, func(l *appsv1.ReplicaSetList) []appsv1.ReplicaSet { return l.Items })
	if err != nil {
		return nil, err
	}
	var revisions []revisionResult
	for i := range sets {
		s := &sets[i]
		number, err := strconv.ParseInt(s.Annotations[deploymentRevision], 10, 64)
		if err != nil || !controlledBy(s, owner.UID) {
			continue // made by somebody else, or so new that the controller has not numbered it
		}
		revisions = append(revisions, revisionResult{
			Revision: number, ChangeCause: s.Annotations[changeCause],
			Images: images(s.Spec.Template.Spec.Containers), CreatedAt: s.CreationTimestamp.Time,
		})
	}
	return revisions, nil
}

// controllerRevisions keep the revisions of stateful and daemon sets, as a patch of the specification.
func (c *client) controllerRevisions(
	ctx context.Context, namespace string, owner types.UID, selector *metav1.LabelSelector,
) ([]revisionResult, error) {
	q := query{resource: controllerRevisions, namespace: namespace, labelSelector: metav1.FormatLabelSelector(selector)}
	kept, _, err := list(ctx, c, q, func(l *appsv1.ControllerRevisionList) []appsv1.ControllerRevision { return l.Items })
	if err != nil {
		return nil, err
	}
	var revisions []revisionResult
	for i := range kept {
		k := &kept[i]
		if !controlledBy(k, owner) {
			continue
		}
		var patch struct {
			Spec struct {
				Template corev1.PodTemplateSpec `json:"template"`
			} `json:"spec"`
		}
		if err := json.Unmarshal(k.Data.Raw, &patch); err != nil {
			return nil, wrong("read revision "+k.Name, fmt.Errorf("its data are not a patch of a specification: %w", err))
		}
		revisions = append(revisions, revisionResult{
			Revision: k.Revision, ChangeCause: k.Annotations[changeCause],
			Images: images(patch.Spec.Template.Spec.Containers), CreatedAt: k.CreationTimestamp.Time,
		})
	}
	return revisions, nil
}

func controlledBy(object metav1.Object, owner types.UID) bool {
	controller := metav1.GetControllerOf(object)
	return controller != nil && controller.UID == owner
}
