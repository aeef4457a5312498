package kubernetes

import (
	"context"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/e82355ed/runbook/engine/provider"
)

type topPodsArgs struct {
	Namespace     string `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace to look in; \"*\" means all; null: the configuration's."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"Only pods with these labels."`
	Limit         int    `rb:"limit" default:"5000" doc:"At most this many items are given, those with the highest CPU."`
}

func topPodsAction() provider.Action {
	return read(provider.Definition[*client, topPodsArgs, topResult]{
		Name: "kubernetes_top_pods", Doc: "Says how much CPU and memory pods use, in percent of what pods may use of their nodes.",
		Run:       runTopPods,
		Summarize: func(r *topResult) string { return summarizeTop(r, "pod") },
	})
}

func runTopPods(ctx context.Context, in *provider.In[*client, topPodsArgs]) (*topResult, error) {
	c, namespace := in.Client, in.Client.scope(in.Args.Namespace)
	var (
		used   []metricsv1beta1.PodMetrics
		placed map[place]string
		sizes  map[string]nodeResources
	)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		q := query{resource: podMetrics, namespace: namespace, labelSelector: in.Args.LabelSelector}
		used, err = listMetrics(groupCtx, c, q, func(l *metricsv1beta1.PodMetricsList) []metricsv1beta1.PodMetrics { return l.Items })
		return err
	})
	group.Go(func() error {
		q := query{resource: pods, namespace: namespace, labelSelector: in.Args.LabelSelector}
		found, _, err := list(groupCtx, c, q, podItems)
		placed = nodesByPod(found)
		return mayLack(err)
	})
	group.Go(func() error {
		found, _, err := list(groupCtx, c, query{resource: nodes}, nodeItems)
		sizes = allocatableOf(found)
		return mayLack(err)
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if len(used) == 0 {
		if err := c.namespaceExists(ctx, query{resource: podMetrics, namespace: namespace}); err != nil {
			return nil, err
		}
	}
	items := make([]topItem, len(used))
	for i := range used {
		items[i] = describePodMetrics(&used[i])
		items[i].setPercent(sizes[placed[place{used[i].Namespace, used[i].Name}]])
	}
	return topOf(items, max(in.Args.Limit, 1)), nil
}

// mayLack lets a user who may not look at nodes or pods have the numbers without the percentages.
func mayLack(err error) error {
	if forbidden(err) {
		return nil
	}
	return err
}

func nodesByPod(found []corev1.Pod) map[place]string {
	out := make(map[place]string, len(found))
	for i := range found {
		out[place{found[i].Namespace, found[i].Name}] = found[i].Spec.NodeName
	}
	return out
}

func describePodMetrics(m *metricsv1beta1.PodMetrics) topItem {
	namespace := m.Namespace
	item := topItem{Name: m.Name, Namespace: &namespace}
	for i := range m.Containers {
		item.CPUMillicores += m.Containers[i].Usage.Cpu().MilliValue()
		item.MemoryBytes += m.Containers[i].Usage.Memory().Value()
	}
	return item
}
