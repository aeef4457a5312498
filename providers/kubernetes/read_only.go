package kubernetes

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"k8s.io/streaming/pkg/httpstream"

	"github.com/e82355ed/runbook/engine/provider"
)

// guard is the last that a request passes. What changes nothing may go; the rest only in a run that is not read-only,
// and only for an action that is meant to change something.
type guard struct {
	next http.RoundTripper
	// host and prefix are of the server's URL: a gateway may serve many clusters under paths of its own.
	host, prefix string
	// locked is true in a read-only run.
	locked bool
}

// RoundTrip refuses with an error that wraps [provider.ErrReadOnly].
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != g.host {
		return nil, refuse(r, fmt.Errorf("the API server sent it on to %s, where the credentials don't belong", r.URL.Host))
	}
	path, ours := strings.CutPrefix(r.URL.Path, g.prefix)
	if ours && harmless(r, path) {
		return g.next.RoundTrip(r)
	}
	purpose, dry := intentOf(r.Context()), rehearsal(r, path)
	allowed := ours && !g.locked && (purpose.permit == changing || purpose.permit == rehearsing && dry)
	if !allowed {
		return nil, refuse(r, provider.ErrReadOnly)
	}
	if dry { // whatever becomes of it, nothing was changed
		return g.next.RoundTrip(r)
	}
	return purpose.send(g.next, r)
}

// refuse closes the body, also on errors: the contract of RoundTripper.
func refuse(r *http.Request, reason error) error {
	err := fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, reason)
	if r.Body != nil {
		err = errors.Join(err, r.Body.Close())
	}
	return err
}

// CloseIdleConnections reaches the transport below, which http.Client finds by this method.
func (g *guard) CloseIdleConnections() { closeIdle(g.next) }

// WrappedRoundTripper lets client-go find the transport below.
func (g *guard) WrappedRoundTripper() http.RoundTripper { return g.next }

// reviews are created to ask a question; nothing is stored.
var reviews = []string{
	"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
	"/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
}

// pages are what a server tells of itself, outside of its APIs; those below them may be read too.
var pages = []string{"version", "livez", "readyz", "healthz", "metrics"}

// views are the subresources that show something of an object. All others are left out, since a GET of exec, attach,
// portforward, proxy, or of what an aggregated API calls so, runs something or hands the request on.
var views = []string{"log", "scale", "status"}

// roots are the first segments of the APIs' paths and how many segments come before the resource.
var roots = map[string]int{"api": 2, "apis": 3}

// harmless judges a request whose path starts at the API server's own root. Only what is listed is harmless.
func harmless(r *http.Request, path string) bool {
	if httpstream.IsUpgradeRequest(r) {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		segments, ok := split(path)
		return ok && readablePath(segments)
	case http.MethodPost:
		return slices.Contains(reviews, path)
	}
	return false
}

// split refuses paths that two servers could read in two ways.
func split(path string) ([]string, bool) {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	odd := func(s string) bool { return s == "" || s == "." || s == ".." }
	return segments, !slices.ContainsFunc(segments, odd)
}

func readablePath(segments []string) bool {
	before, api := roots[segments[0]]
	if !api {
		return slices.Contains(pages, segments[0])
	}
	if len(segments) <= before {
		return true // what APIs and kinds there are
	}
	rest := segments[before:]
	switch rest[0] {
	case "proxy", "watch": // forms of before Kubernetes 1.2, in which the rest of the path means something else
		return false
	case "namespaces":
		if len(rest) > 2 && !slices.Contains(views, rest[2]) {
			rest = rest[2:]
		}
	}
	return len(rest) <= 2 || len(rest) == 3 && slices.Contains(views, rest[2])
}

// rehearsal tells a change of an object that the server checks and does not carry out.
func rehearsal(r *http.Request, path string) bool {
	segments, ok := split(path)
	if !ok || httpstream.IsUpgradeRequest(r) || r.URL.RawQuery == "" {
		return false
	}
	if before, api := roots[segments[0]]; !api || len(segments) <= before {
		return false
	}
	dry := r.URL.Query()["dryRun"]
	patches := r.Method == http.MethodPatch || r.Method == http.MethodPost
	return patches && len(dry) == 1 && dry[0] == "All" && readablePath(segments)
}

func closeIdle(t http.RoundTripper) {
	if c, ok := t.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
