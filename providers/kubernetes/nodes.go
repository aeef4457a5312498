package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type nodesArgs struct {
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"Only nodes with these labels."`
	Limit         int    `rb:"limit" default:"5000" doc:"At most this many nodes are read."`
}

type nodesResult struct {
	Nodes      []nodeResult `rb:"nodes" doc:"The nodes by name."`
	Count      int          `rb:"count" doc:"How many nodes there are in the list."`
	ReadyCount int          `rb:"ready_count" doc:"How many of them are ready."`
	NotReady   []string     `rb:"not_ready" doc:"Names of the nodes that are not ready."`
	Truncated  bool         `rb:"truncated" doc:"Whether there are more nodes than limit."`
}

type nodeResult struct {
	Name           string            `rb:"name" doc:"The node's name."`
	Ready          bool              `rb:"ready" doc:"Whether its condition Ready is True."`
	Schedulable    bool              `rb:"schedulable" doc:"Whether new pods may be placed on it: false when it is cordoned."`
	Roles          []string          `rb:"roles" doc:"Its roles, from the labels node-role.kubernetes.io/*."`
	KubeletVersion string            `rb:"kubelet_version" doc:"The kubelet's version."`
	Conditions     map[string]string `rb:"conditions" doc:"Status (True, False or Unknown) by condition, such as MemoryPressure."`
	Labels         map[string]string `rb:"labels" doc:"Its labels."`
	CreatedAt      time.Time         `rb:"created_at" doc:"When the node joined."`
	Capacity       nodeResources     `rb:"capacity" doc:"What the machine has."`
	Allocatable    nodeResources     `rb:"allocatable" doc:"What pods may use of it."`
}

type nodeResources struct {
	CPU         float64 `rb:"cpu" doc:"Processor cores."`
	MemoryBytes int64   `rb:"memory_bytes" doc:"Memory."`
	Pods        int64   `rb:"pods" doc:"Pods."`
}

func nodesAction() provider.Action {
	return read(provider.Definition[*client, nodesArgs, nodesResult]{
		Name: "kubernetes_nodes", Doc: "Lists the nodes and whether they are ready.",
		Run: runNodes,
		Summarize: func(r *nodesResult) string {
			return fmt.Sprintf("%d of %s ready", r.ReadyCount, counted(r.Count, "node"))
		},
	})
}

func runNodes(ctx context.Context, in *provider.In[*client, nodesArgs]) (*nodesResult, error) {
	q := query{resource: nodes, labelSelector: in.Args.LabelSelector, limit: max(in.Args.Limit, 1)}
	items, truncated, err := listChecked(ctx, in.Client, in.Warn, q, func(l *corev1.NodeList) []corev1.Node { return l.Items })
	if err != nil {
		return nil, err
	}
	result := &nodesResult{Nodes: make([]nodeResult, len(items)), Count: len(items), Truncated: truncated}
	for i := range items {
		result.Nodes[i] = describeNode(&items[i])
	}
	slices.SortFunc(result.Nodes, func(a, b nodeResult) int { return cmp.Compare(a.Name, b.Name) })
	for _, n := range result.Nodes {
		if n.Ready {
			result.ReadyCount++
		} else {
			result.NotReady = append(result.NotReady, n.Name)
		}
	}
	return result, nil
}

func describeNode(n *corev1.Node) nodeResult {
	r := nodeResult{
		Name: n.Name, Schedulable: !n.Spec.Unschedulable, Roles: roles(n.Labels),
		KubeletVersion: n.Status.NodeInfo.KubeletVersion, Labels: n.Labels, CreatedAt: n.CreationTimestamp.Time,
		Capacity: resources(n.Status.Capacity), Allocatable: resources(n.Status.Allocatable),
		Conditions: make(map[string]string, len(n.Status.Conditions)),
	}
	for _, c := range n.Status.Conditions {
		r.Conditions[string(c.Type)] = string(c.Status)
	}
	r.Ready = r.Conditions[string(corev1.NodeReady)] == string(corev1.ConditionTrue)
	return r
}

// The labels that kubectl reads roles from.
const (
	rolePrefix = "node-role.kubernetes.io/"
	roleLabel  = "kubernetes.io/role"
)

func roles(labels map[string]string) []string {
	var found []string
	for key, value := range labels {
		if role, ok := strings.CutPrefix(key, rolePrefix); ok && role != "" {
			found = append(found, role)
		} else if key == roleLabel && value != "" {
			found = append(found, value)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func resources(r corev1.ResourceList) nodeResources {
	return nodeResources{
		CPU:         float64(r.Cpu().MilliValue()) / 1000,
		MemoryBytes: r.Memory().Value(),
		Pods:        r.Pods().Value(),
	}
}
