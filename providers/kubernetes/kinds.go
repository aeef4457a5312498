package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/e82355ed/runbook/engine/provider"
)

// kindList is what the server says of one API version. It is asked for once: an API's kinds do not change in a run.
type kindList struct {
	mu     sync.Mutex
	loaded bool
	kinds  []metav1.APIResource
}

// resourceOf finds out how the server calls a kind. It asks for the one API version, not for all of them.
func (c *client) resourceOf(ctx context.Context, apiVersion, kind string) (resource, error) {
	op := "look up kind " + kind + " of " + apiVersion
	group, version, grouped := strings.Cut(apiVersion, "/")
	if !grouped {
		group, version = "", apiVersion
	}
	if version == "" || strings.Contains(version, "/") || grouped && group == "" {
		return resource{}, wrong(op, fmt.Errorf(`%q is not an API version; write one like "apps/v1" or "v1"`, apiVersion))
	}
	kinds, err := c.kindsOf(ctx, resource{group: group, version: version}.root(), op)
	if err != nil {
		return resource{}, err
	}
	var names []string
	for _, k := range kinds {
		if strings.Contains(k.Name, "/") {
			continue // a subresource
		}
		if strings.EqualFold(k.Kind, kind) || strings.EqualFold(k.Name, kind) {
			return resource{
				plural: k.Name, singular: strings.ToLower(k.Kind), kind: k.Kind, group: group, version: version, namespaced: k.Namespaced,
			}, nil
		}
		names = append(names, k.Kind)
	}
	return resource{}, &provider.Error{
		Op: op, Endpoint: c.cluster.endpoint, Err: errors.New("the server has no such kind"), NothingDone: true, Permanent: true,
		Hint: suggestion(kind, names),
	}
}

func (c *client) kindsOf(ctx context.Context, root, op string) ([]metav1.APIResource, error) {
	c.mu.Lock()
	list := c.kinds[root]
	if list == nil {
		list = &kindList{}
		c.kinds[root] = list
	}
	c.mu.Unlock()
	list.mu.Lock()
	defer list.mu.Unlock()
	if list.loaded {
		return list.kinds, nil
	}
	var answer metav1.APIResourceList
	if err := getJSON(ctx, c.ask("GET").AbsPath(root), &answer); err != nil {
		if notFound(err) {
			return nil, &provider.Error{
				Op: op, Endpoint: c.cluster.endpoint, Err: plain{"the server has no API " + strings.TrimPrefix(root, "/apis/"), err},
				NothingDone: true, Permanent: true, Hint: "Is the operator that brings it installed, and the version right?",
			}
		}
		return nil, c.explain(ctx, op, err)
	}
	list.kinds, list.loaded = answer.APIResources, true
	return list.kinds, nil
}

// suggestion names the nearest, or all where there are few.
func suggestion(wanted string, names []string) string {
	slices.Sort(names)
	best, distance := "", len(wanted)/2+1
	for _, name := range names {
		if d := levenshtein.Distance(strings.ToLower(wanted), strings.ToLower(name), nil); d < distance {
			best, distance = name, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("Did you mean %s?", best)
	case len(names) > 0 && len(names) <= 20:
		return "There are: " + strings.Join(names, ", ") + "."
	}
	return "Check the spelling and the API version."
}
