package kubernetes

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

type podsArgs struct {
	Namespace     string `rb:"namespace" check:"kubernetes_namespace" doc:"Namespace to look in; \"*\" means all; null: the configuration's."`
	LabelSelector string `rb:"label_selector" check:"label_selector" doc:"Only pods with these labels."`
	FieldSelector string `rb:"field_selector" check:"field_selector" doc:"Only pods with these fields, such as status.phase!=Running."`
	Limit         int    `rb:"limit" default:"5000" doc:"At most this many pods are read."`
}

type podsResult struct {
	Pods       []podResult `rb:"pods" doc:"The pods by namespace and name."`
	Count      int         `rb:"count" doc:"How many pods there are in the list."`
	ReadyCount int         `rb:"ready_count" doc:"How many of them are ready."`
	NotRunning []string    `rb:"not_running" doc:"Pods (namespace/name) whose phase is not Running; those that completed are among them."`
	NotReady   []string    `rb:"not_ready" doc:"Pods (namespace/name) that are not ready, crash-looping ones included."`
	Truncated  bool        `rb:"truncated" doc:"Whether there are more pods than limit."`
}

type podResult struct {
	Name         string            `rb:"name" doc:"The pod's name."`
	Namespace    string            `rb:"namespace" doc:"Its namespace."`
	Phase        string            `rb:"phase" doc:"Pending, Running, Succeeded, Failed or Unknown."`
	Ready        bool              `rb:"ready" doc:"Whether its condition Ready is True."`
	Restarts     int               `rb:"restarts" doc:"Restarts of its containers together."`
	Reason       string            `rb:"reason" doc:"What kubectl shows as STATUS, such as CrashLoopBackOff."`
	Node         string            `rb:"node" doc:"The node it is on; empty before it is placed."`
	Owner        string            `rb:"owner" doc:"Its controller, such as ReplicaSet/api-5d8f; empty: none."`
	Labels       map[string]string `rb:"labels" doc:"Its labels."`
	CreatedAt    time.Time         `rb:"created_at" doc:"When it was created."`
	AgeSeconds   int64             `rb:"age_seconds" doc:"How long ago that is."`
	Containers   []containerResult `rb:"containers" doc:"Its containers in the order of its specification, sidecars first."`
	RunAsNonRoot bool              `rb:"run_as_non_root" doc:"Whether none of its containers may run as root."`
}

type containerResult struct {
	Name             string `rb:"name" doc:"The container's name."`
	Image            string `rb:"image" doc:"Its image as specified."`
	Ready            bool   `rb:"ready" doc:"Whether it is ready."`
	Restarts         int    `rb:"restarts" doc:"How often it was restarted."`
	State            string `rb:"state" doc:"running, waiting, terminated, or unknown before the kubelet reports."`
	Reason           string `rb:"reason" doc:"Why it waits or ended; empty while it runs."`
	LastReason       string `rb:"last_reason" doc:"Why it ended the time before, such as OOMKilled; empty: it never did."`
	MemoryLimitBytes *int64 `rb:"memory_limit_bytes" doc:"Its memory limit; null: none."`
	RunAsNonRoot     bool   `rb:"run_as_non_root" doc:"Whether its or the pod's security context forbids root."`
}

func podsAction() provider.Action {
	return read(provider.Definition[*client, podsArgs, podsResult]{
		Name: "kubernetes_pods", Doc: "Lists pods and how they fare.",
		Run: runPods,
		Summarize: func(r *podsResult) string {
			if r.Count == 0 {
				return "no pods match"
			}
			return fmt.Sprintf("%s, %d ready", counted(r.Count, "pod"), r.ReadyCount)
		},
	})
}

func runPods(ctx context.Context, in *provider.In[*client, podsArgs]) (*podsResult, error) {
	q := query{
		resource: pods, namespace: in.Client.scope(in.Args.Namespace), limit: max(in.Args.Limit, 1),
		labelSelector: in.Args.LabelSelector, fieldSelector: in.Args.FieldSelector,
	}
	items, truncated, err := listChecked(ctx, in.Client, in.Warn, q, podItems)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	result := &podsResult{Pods: make([]podResult, len(items)), Count: len(items), Truncated: truncated}
	for i := range items {
		result.Pods[i] = describePod(&items[i], now)
		if result.Pods[i].Ready {
			result.ReadyCount++
		}
	}
	of := func(p *podResult) place { return place{p.Namespace, p.Name} }
	sortByPlace(result.Pods, of)
	result.NotRunning = namesOf(result.Pods, of, func(p *podResult) bool { return p.Phase != string(corev1.PodRunning) })
	result.NotReady = namesOf(result.Pods, of, func(p *podResult) bool { return !p.Ready })
	return result, nil
}

func podItems(l *corev1.PodList) []corev1.Pod { return l.Items }

func describePod(p *corev1.Pod, now time.Time) podResult {
	reason, restarts := podStatus(p)
	r := podResult{
		Name: p.Name, Namespace: p.Namespace, Phase: string(p.Status.Phase), Ready: podReady(p), Restarts: restarts,
		Reason: reason, Node: p.Spec.NodeName, Labels: p.Labels, CreatedAt: p.CreationTimestamp.Time,
		AgeSeconds: int64(now.Sub(p.CreationTimestamp.Time).Seconds()),
		Containers: describeContainers(p), RunAsNonRoot: everyContainerNonRoot(p),
	}
	if owner := metav1.GetControllerOf(p); owner != nil {
		r.Owner = owner.Kind + "/" + owner.Name
	}
	return r
}
