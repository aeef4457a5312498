package lab

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	production = "production"
	staging    = "staging"
	backend    = "intelligent-agent-backend"
	report     = "nightly-report"
)

// answers checks that the control plane, kwok and metrics-server do their work.
func (c *cluster) answers(ctx context.Context) error {
	return inOrder(ctx, c.nodesReady, c.nodeUsageKnown)
}

// complete checks everything that the runbooks and the tests find in a fresh cluster.
func (c *cluster) complete(ctx context.Context) error {
	return inOrder(ctx, c.nodesReady, c.deploymentsReady, c.reportDone, c.stagingBroken, c.nodeUsageKnown, c.podUsageKnown)
}

func inOrder(ctx context.Context, checks ...func(context.Context) error) error {
	for _, check := range checks {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) nodesReady(ctx context.Context) error {
	list, err := c.typed.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	ready := 0
	for _, n := range list.Items {
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	if ready < len(nodes) {
		return fmt.Errorf("%d of %d nodes are ready", ready, len(nodes))
	}
	return nil
}

func (c *cluster) deploymentsReady(ctx context.Context) error {
	list, err := c.typed.AppsV1().Deployments(production).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return errors.New("no deployment in production")
	}
	for _, d := range list.Items {
		if !rolledOut(&d) {
			return fmt.Errorf("deployment %s: %d of %d replicas are available", d.Name, d.Status.AvailableReplicas, *d.Spec.Replicas)
		}
	}
	return nil
}

// rolledOut follows kubectl rollout status.
func rolledOut(d *appsv1.Deployment) bool {
	want := *d.Spec.Replicas
	return d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas == want &&
		d.Status.Replicas == want && d.Status.AvailableReplicas == want
}

// reportDone waits for the job and deletes its pods.
func (c *cluster) reportDone(ctx context.Context) error {
	job, err := c.typed.BatchV1().Jobs(production).Get(ctx, report, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if job.Status.CompletionTime == nil {
		return fmt.Errorf("job %s is not complete", report)
	}
	pods := c.typed.CoreV1().Pods(production)
	selector := metav1.ListOptions{LabelSelector: "job-name=" + report}
	if err := pods.DeleteCollection(ctx, metav1.DeleteOptions{}, selector); err != nil {
		return err
	}
	left, err := pods.List(ctx, selector)
	if err != nil {
		return err
	}
	if len(left.Items) > 0 {
		return fmt.Errorf("%d pods of job %s are left", len(left.Items), report)
	}
	return nil
}

// stagingBroken wants the faults that negative tests look for: a failed job, and pods that crash and that wait.
func (c *cluster) stagingBroken(ctx context.Context) error {
	job, err := c.typed.BatchV1().Jobs(staging).Get(ctx, "database-migration", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if job.Status.Failed == 0 {
		return fmt.Errorf("job %s has not failed yet", job.Name)
	}
	pods, err := c.typed.CoreV1().Pods(staging).List(ctx, metav1.ListOptions{LabelSelector: "app in (crashing, gpu-trainer)"})
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		crashes := len(pod.Status.ContainerStatuses) > 0 && pod.Status.ContainerStatuses[0].RestartCount > 0
		waits := pod.Status.Phase == corev1.PodPending && len(pod.Status.Conditions) > 0
		if !crashes && !waits {
			return fmt.Errorf("pod %s is %s", pod.Name, pod.Status.Phase)
		}
	}
	const want = 2
	if len(pods.Items) < want {
		return fmt.Errorf("%d of %d broken pods exist in staging", len(pods.Items), want)
	}
	return nil
}

// nodeUsageKnown wants an answer of metrics-server for every node.
func (c *cluster) nodeUsageKnown(ctx context.Context) error {
	measured, err := c.dynamic.Resource(nodeMetrics).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(measured.Items) < len(nodes) {
		return fmt.Errorf("the usage of %d of %d nodes is known", len(measured.Items), len(nodes))
	}
	return nil
}

// podUsageKnown wants an answer of metrics-server for every pod in production.
func (c *cluster) podUsageKnown(ctx context.Context) error {
	pods, err := c.typed.CoreV1().Pods(production).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	measured, err := c.dynamic.Resource(podMetrics).Namespace(production).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(measured.Items) < len(pods.Items) {
		return fmt.Errorf("the usage of %d of %d pods is known", len(measured.Items), len(pods.Items))
	}
	return nil
}
