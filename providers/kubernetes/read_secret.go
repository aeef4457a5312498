package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// ReadSecret gives a key of a Secret, named "NAMESPACE/NAME#KEY", of the cluster that kubectl would use here: it serves
// secret("kubernetes:…"), which no provider block configures. Its errors hold no value.
func ReadSecret(ctx context.Context, host provider.Host, name string) (string, error) {
	object, key, _ := strings.Cut(name, "#")
	namespace, object, _ := strings.Cut(object, "/")
	req := provider.Open[config]{OpenRequest: provider.OpenRequest{Host: host, ReadOnly: true}, Config: &config{}}
	if _, err := locate(req); err != nil {
		return "", notByBlock(err)
	}
	c, err := open(ctx, req)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }() // closes idle connections, which can't fail
	op := fmt.Sprintf("read secret %s/%s", namespace, object)
	var found corev1.Secret
	if err := c.object(secrets, namespace, object).Do(ctx).Into(&found); err != nil {
		return "", c.explainSecret(ctx, op, err)
	}
	refuse := func(format string, args ...any) error {
		return &provider.Error{Op: op, Endpoint: c.cluster.endpoint, Err: fmt.Errorf(format, args...), NothingDone: true, Permanent: true}
	}
	value, ok := found.Data[key]
	switch {
	case !ok:
		return "", refuse("it has no key %q; its keys: %s", key, strings.Join(slices.Sorted(maps.Keys(found.Data)), ", "))
	case !utf8.Valid(value):
		return "", refuse("the value of key %q is not UTF-8 text", key)
	}
	return string(value), nil
}

// notByBlock is why no cluster is found, with what helps where no provider block counts.
func notByBlock(err error) error {
	var told *provider.Error
	if errors.As(err, &told) {
		told.Hint = "A secret is read from the cluster that kubectl would use here, whatever the provider blocks say: name a kubeconfig in KUBECONFIG, or keep it in " +
			"~/.kube/config, and choose its context with \"kubectl config use-context\"; in a pod without one, its service account counts."
	}
	return err
}

// explainSecret is explain with the context, which nothing else of such an error tells.
func (c *client) explainSecret(ctx context.Context, op string, err error) error {
	out := c.explain(ctx, op, err)
	var told *provider.Error
	if errors.As(out, &told) {
		told.Endpoint += " (context " + c.cluster.context + ")"
	}
	return out
}
