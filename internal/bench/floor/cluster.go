package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1 "k8s.io/client-go/kubernetes/typed/apps/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// pageSize is how many objects a list asks for at most, as the runbook's steps do.
const pageSize = 500

// cluster is the Kubernetes part of the check.
type cluster struct {
	kubeconfig, namespace string

	core corev1.CoreV1Interface
	apps appsv1.AppsV1Interface
}

// check connects once and then asks everything at once, over the one HTTP/2 connection.
func (c *cluster) check(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.QPS = -1 // no limit on our side
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	defer client.CloseIdleConnections()
	if err := c.connect(config, client); err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	// The first call makes the connection that the others share.
	if err := c.healthy(ctx, "/livez", ""); err != nil {
		return err
	}
	return together(ctx, []func(context.Context) error{
		func(ctx context.Context) error { return c.healthy(ctx, "/version", "") },
		func(ctx context.Context) error { return c.healthy(ctx, "/readyz", "verbose") },
		c.nodes, c.pods, c.deployments,
	})
}

func (c *cluster) connect(config *rest.Config, client *http.Client) (err error) {
	if c.core, err = corev1.NewForConfigAndClient(config, client); err != nil {
		return err
	}
	c.apps, err = appsv1.NewForConfigAndClient(config, client)
	return err
}

func (c *cluster) healthy(ctx context.Context, path, parameter string) error {
	request := c.core.RESTClient().Get().AbsPath(path)
	if parameter != "" {
		request = request.Param(parameter, "")
	}
	if _, err := request.DoRaw(ctx); err != nil {
		return fmt.Errorf("control plane: %s: %w", path, err)
	}
	return nil
}

func (c *cluster) nodes(ctx context.Context) error {
	list, err := c.core.Nodes().List(ctx, metav1.ListOptions{Limit: pageSize})
	if err != nil {
		return fmt.Errorf("nodes: %w", err)
	}
	var errs []error
	for _, node := range list.Items {
		ready := false
		for _, condition := range node.Status.Conditions {
			ready = ready || condition.Type == "Ready" && condition.Status == "True"
		}
		if !ready {
			errs = append(errs, fmt.Errorf("node %s is not ready", node.Name))
		}
	}
	return errors.Join(errs...)
}

// pods looks the namespace up when the list is empty, as the runbook's step does: a misspelt namespace is empty too.
func (c *cluster) pods(ctx context.Context) error {
	list, err := c.core.Pods(c.namespace).List(ctx, metav1.ListOptions{FieldSelector: "status.phase!=Running", Limit: pageSize})
	if err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	if len(list.Items) > 0 {
		return fmt.Errorf("%d pods are not running", len(list.Items))
	}
	if _, err := c.core.Namespaces().Get(ctx, c.namespace, metav1.GetOptions{}); err != nil {
		return fmt.Errorf("namespace %s: %w", c.namespace, err)
	}
	return nil
}

func (c *cluster) deployments(ctx context.Context) error {
	list, err := c.apps.Deployments(c.namespace).List(ctx, metav1.ListOptions{Limit: pageSize})
	if err != nil {
		return fmt.Errorf("deployments: %w", err)
	}
	var errs []error
	for _, d := range list.Items {
		if d.Spec.Replicas != nil && d.Status.ReadyReplicas != *d.Spec.Replicas {
			errs = append(errs, fmt.Errorf("deployment %s has %d of %d replicas", d.Name, d.Status.ReadyReplicas, *d.Spec.Replicas))
		}
	}
	return errors.Join(errs...)
}
