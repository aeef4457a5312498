package lab

import (
	"context"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// createNodes makes the simulated machines. kwok keeps their heart beating.
func (l *Lab) createNodes(ctx context.Context, c *cluster) error {
	manifest, err := l.manifest("nodes.yaml", release{})
	if err != nil {
		return err
	}
	return c.create(ctx, manifest)
}

// kubernetesFill applies the manifests. The backend goes through its releases one by one, for its history.
func (l *Lab) kubernetesFill(ctx context.Context, c *cluster) error {
	for _, name := range []string{"access.yaml", "metrics.yaml", "system.yaml", "production.yaml", "staging.yaml"} {
		manifest, err := l.manifest(name, release{})
		if err != nil {
			return err
		}
		if err := c.apply(ctx, manifest); err != nil {
			return err
		}
	}
	for n, r := range releases {
		manifest, err := l.manifest("backend.yaml", r)
		if err != nil {
			return err
		}
		if err := c.apply(ctx, manifest); err != nil {
			return err
		}
		if err := l.await(ctx, c.backendAt(n+1), "kube-apiserver", "kube-controller-manager"); err != nil {
			return err
		}
	}
	return nil
}

// backendAt wants the deployment controller to have recorded a revision of the backend, ready or not.
func (c *cluster) backendAt(revision int) func(context.Context) error {
	return func(ctx context.Context) error {
		sets, err := c.typed.AppsV1().ReplicaSets(production).List(ctx, metav1.ListOptions{LabelSelector: "component=backend"})
		if err != nil {
			return err
		}
		for _, set := range sets.Items {
			if set.Annotations["deployment.kubernetes.io/revision"] == strconv.Itoa(revision) {
				return nil
			}
		}
		return fmt.Errorf("revision %d of %s is not recorded", revision, backend)
	}
}
