package kubernetes

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type deploymentsArgs struct {
	Namespace     string `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace to look in; \"*\" means all; null: the configuration's."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"Only deployments with these labels."`
	Limit         int    `rb:"limit" default:"5000" doc:"At most this many deployments are read."`
}

type deploymentsResult struct {
	Deployments []deploymentResult `rb:"deployments" doc:"The deployments by namespace and name."`
	Count       int                `rb:"count" doc:"How many deployments there are in the list."`
	NotReady    []string           `rb:"not_ready" doc:"Deployments (namespace/name) with fewer ready replicas than asked for."`
	Truncated   bool               `rb:"truncated" doc:"Whether there are more deployments than limit."`
}

type deploymentResult struct {
	Name              string            `rb:"name" doc:"The deployment's name."`
	Namespace         string            `rb:"namespace" doc:"Its namespace."`
	Replicas          int               `rb:"replicas" doc:"How many replicas are asked for."`
	ReadyReplicas     int               `rb:"ready_replicas" doc:"How many are ready."`
	AvailableReplicas int               `rb:"available_replicas" doc:"How many have been ready for long enough."`
	UpdatedReplicas   int               `rb:"updated_replicas" doc:"How many are of the newest revision."`
	Complete          bool              `rb:"complete" doc:"Whether its rollout is complete, as kubectl rollout status has it."`
	Images            []string          `rb:"images" doc:"The images of its containers, in their order."`
	Labels            map[string]string `rb:"labels" doc:"Its labels."`
}

func deploymentsAction() provider.Action {
	return read(provider.Definition[*client, deploymentsArgs, deploymentsResult]{
		Name: "kubernetes_deployments", Doc: "Lists deployments and how many of their replicas are ready.",
		Run: runDeployments,
		Summarize: func(r *deploymentsResult) string {
			if r.Count == 0 {
				return "no deployments"
			}
			return fmt.Sprintf("%d of %s ready", r.Count-len(r.NotReady), counted(r.Count, "deployment"))
		},
	})
}

func runDeployments(ctx context.Context, in *provider.In[*client, deploymentsArgs]) (*deploymentsResult, error) {
	q := query{
		resource: deployments, namespace: in.Client.scope(in.Args.Namespace),
		labelSelector: in.Args.LabelSelector, limit: max(in.Args.Limit, 1),
	}
	items, truncated, err := listChecked(ctx, in.Client, in.Warn, q, func(l *appsv1.DeploymentList) []appsv1.Deployment { return l.Items })
	if err != nil {
		return nil, err
	}
	result := &deploymentsResult{Deployments: make([]deploymentResult, len(items)), Count: len(items), Truncated: truncated}
	for i := range items {
		result.Deployments[i] = describeDeployment(&items[i])
	}
	of := func(d *deploymentResult) place { return place{d.Namespace, d.Name} }
	sortByPlace(result.Deployments, of)
	result.NotReady = namesOf(result.Deployments, of, func(d *deploymentResult) bool { return d.ReadyReplicas < d.Replicas })
	return result, nil
}

func describeDeployment(d *appsv1.Deployment) deploymentResult {
	return deploymentResult{
		Name: d.Name, Namespace: d.Namespace, Replicas: wanted(d.Spec.Replicas),
		ReadyReplicas: int(d.Status.ReadyReplicas), AvailableReplicas: int(d.Status.AvailableReplicas),
		UpdatedReplicas: int(d.Status.UpdatedReplicas), Complete: deploymentRollout(d).Complete,
		Images: images(d.Spec.Template.Spec.Containers), Labels: d.Labels,
	}
}

// wanted is how many replicas are asked for: the API's default is one.
func wanted(replicas *int32) int {
	if replicas == nil {
		return 1
	}
	return int(*replicas)
}

func images(containers []corev1.Container) []string {
	out := make([]string, len(containers))
	for i := range containers {
		out[i] = containers[i].Image
	}
	return out
}
