package kubernetes

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/e82355ed/runbook/engine/provider"
)

type topNodesArgs struct {
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"Only nodes with these labels."`
	Limit         int    `rb:"limit" default:"5000" doc:"At most this many items are given, those with the highest CPU."`
}

func topNodesAction() provider.Action {
	return read(provider.Definition[*client, topNodesArgs, topResult]{
		Name: "kubernetes_top_nodes", Doc: "Says how much CPU and memory the nodes use, in percent of what pods may use of them.",
		Run:       runTopNodes,
		Summarize: func(r *topResult) string { return summarizeTop(r, "node") },
	})
}

func runTopNodes(ctx context.Context, in *provider.In[*client, topNodesArgs]) (*topResult, error) {
	c := in.Client
	var (
		used  []metricsv1beta1.NodeMetrics
		known []corev1.Node
	)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		q := query{resource: nodeMetrics, labelSelector: in.Args.LabelSelector}
		used, err = listMetrics(groupCtx, c, q, func(l *metricsv1beta1.NodeMetricsList) []metricsv1beta1.NodeMetrics { return l.Items })
		return err
	})
	group.Go(func() (err error) {
		q := query{resource: nodes, labelSelector: in.Args.LabelSelector}
		known, _, err = list(groupCtx, c, q, nodeItems)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	allocatable := allocatableOf(known)
	items := make([]topItem, 0, len(used))
	for i := range used {
		has, there := allocatable[used[i].Name]
		if !there {
			continue // it is gone, and its metrics stay for a while
		}
		item := topItem{Name: used[i].Name, CPUMillicores: used[i].Usage.Cpu().MilliValue(), MemoryBytes: used[i].Usage.Memory().Value()}
		item.setPercent(has)
		items = append(items, item)
	}
	result := topOf(items, max(in.Args.Limit, 1))
	if missing := len(known) - len(items); missing > 0 && in.Args.LabelSelector == "" {
		in.Warn("there are no metrics of %s", counted(missing, "node"))
	}
	return result, nil
}

func nodeItems(l *corev1.NodeList) []corev1.Node { return l.Items }

func allocatableOf(known []corev1.Node) map[string]nodeResources {
	out := make(map[string]nodeResources, len(known))
	for i := range known {
		out[known[i].Name] = resources(known[i].Status.Allocatable)
	}
	return out
}

func summarizeTop(r *topResult, noun string) string {
	if len(r.Items) == 0 {
		return "no metrics yet"
	}
	if r.CPUPercent == nil {
		return counted(len(r.Items), noun)
	}
	return fmt.Sprintf("%s, CPU %.0f %% on average", counted(len(r.Items), noun), *r.CPUPercent)
}
