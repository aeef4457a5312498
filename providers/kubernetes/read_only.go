package kubernetes

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/provider"
)

// readOnly lets only requests out that change nothing. Every action that this version runs is a read, so it guards all
// clients, whether the run is read-only or not.
type readOnly struct {
	next http.RoundTripper
	// prefix is the path of the server's URL: a gateway may serve many clusters under paths of its own.
	prefix string
}

// RoundTrip refuses with an error that wraps [provider.ErrReadOnly].
func (t *readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if !harmless(r.Method, strings.TrimPrefix(r.URL.Path, t.prefix)) {
		// The contract of RoundTripper: the body is closed, also on errors.
		if r.Body != nil {
			if err := r.Body.Close(); err != nil {
				return nil, fmt.Errorf("close the body of a refused request: %w", err)
			}
		}
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, provider.ErrReadOnly)
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections reaches the transport below, which http.Client finds by this method.
func (t *readOnly) CloseIdleConnections() { closeIdle(t.next) }

// WrappedRoundTripper lets client-go find the transport below.
func (t *readOnly) WrappedRoundTripper() http.RoundTripper { return t.next }

// tunnels are subresources that run something in a pod or node or pass a request on to it, even by GET.
var tunnels = []string{"exec", "attach", "portforward", "proxy"}

// reviews are created to ask a question; nothing is stored.
var reviews = []string{
	"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
	"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
}

// roots are the first segments of the APIs' paths and how many segments come before the resource.
var roots = map[string]int{"api": 2, "apis": 3}

// harmless judges a path that starts at the API server's own root.
func harmless(method, path string) bool {
	switch method {
	case http.MethodGet, http.MethodHead:
		return !tunnelled(path)
	case http.MethodPost:
		return slices.Contains(reviews, path)
	}
	return false
}

// tunnelled looks at the place where a subresource can stand: after the API's root, a namespace, a resource and a name.
func tunnelled(path string) bool {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	rest := segments[min(roots[segments[0]], len(segments)):]
	if len(rest) == len(segments) {
		return false // not an API's path: /version, /readyz
	}
	if len(rest) > 0 && rest[0] == "proxy" { // the form of before Kubernetes 1.2
		return true
	}
	if len(rest) > 3 && rest[0] == "namespaces" {
		rest = rest[2:]
	}
	return len(rest) > 2 && slices.Contains(tunnels, rest[2])
}

func closeIdle(t http.RoundTripper) {
	if c, ok := t.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
