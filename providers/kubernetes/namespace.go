package kubernetes

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// allNamespaces is how an author writes "all of them".
const allNamespaces = "*"

// scope is the namespace of a list: the step's, else the configuration's; everywhere for "*".
func (c *client) scope(argument string) string {
	if namespace := firstOf(argument, c.cluster.namespace); namespace != allNamespaces {
		return namespace
	}
	return everywhere
}

// oneNamespace is the scope of an action that is about one object.
func (c *client) oneNamespace(op, argument string) (string, error) {
	namespace := c.scope(argument)
	if namespace == everywhere {
		return "", wrong(op, errors.New(`it needs one namespace, not "*"`))
	}
	return namespace, nil
}

// namespaceExists is asked when a list came back empty: in a namespace with a spelling mistake nothing is ever wrong.
// Who may not look gets the empty list.
func (c *client) namespaceExists(ctx context.Context, q query) error {
	if q.namespace == everywhere {
		return nil
	}
	err := c.object(namespaces, everywhere, q.namespace).Do(ctx).Into(&corev1.Namespace{})
	switch {
	case err == nil, forbidden(err):
		return nil
	case notFound(err):
		return &provider.Error{
			Op: q.op(), Endpoint: c.cluster.endpoint, Err: plain{fmt.Sprintf("there is no namespace %q", q.namespace), err},
			NothingDone: true, Permanent: true, Hint: "Check the namespace and the context (" + c.cluster.context + ").",
		}
	}
	return c.explain(ctx, "look up namespace "+q.namespace, err)
}
