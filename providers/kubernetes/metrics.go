package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/e82355ed/runbook/engine/provider"
)

type topResult struct {
	Items      []topItem `rb:"items" doc:"Who uses how much, highest CPU first."`
	CPUPercent *float64  `rb:"cpu_percent" doc:"Mean of the items' cpu_percent; null where none has one."`
	Truncated  bool      `rb:"truncated" doc:"Whether there are more items than limit; the mean counts them all."`
}

type topItem struct {
	Name          string   `rb:"name" doc:"The node's or pod's name."`
	Namespace     *string  `rb:"namespace" doc:"The pod's namespace; null for a node."`
	CPUMillicores int64    `rb:"cpu_millicores" doc:"CPU in use, in thousandths of a core."`
	MemoryBytes   int64    `rb:"memory_bytes" doc:"Memory in use (the working set)."`
	CPUPercent    *float64 `rb:"cpu_percent" doc:"CPU in use, of what pods may use of the node; null where that can't be seen."`
	MemoryPercent *float64 `rb:"memory_percent" doc:"Memory in use, of what pods may use of the node; null where that can't be seen."`
}

func (t *topItem) setPercent(of nodeResources) {
	t.CPUPercent = percent(float64(t.CPUMillicores), of.CPU*1000)
	t.MemoryPercent = percent(float64(t.MemoryBytes), float64(of.MemoryBytes))
}

func percent(part, whole float64) *float64 {
	if whole <= 0 {
		return nil
	}
	p := 100 * part / whole
	return &p
}

func topOf(items []topItem, limit int) *topResult {
	namespace := func(t topItem) string {
		if t.Namespace == nil {
			return ""
		}
		return *t.Namespace
	}
	slices.SortFunc(items, func(a, b topItem) int {
		return cmp.Or(cmp.Compare(b.CPUMillicores, a.CPUMillicores), cmp.Compare(namespace(a), namespace(b)), cmp.Compare(a.Name, b.Name))
	})
	r := &topResult{Items: items}
	sum, n := 0.0, 0
	for i := range items {
		if items[i].CPUPercent != nil {
			sum += *items[i].CPUPercent
			n++
		}
	}
	if n > 0 {
		mean := sum / float64(n)
		r.CPUPercent = &mean
	}
	if limit > 0 && len(items) > limit {
		r.Items, r.Truncated = items[:limit], true
	}
	return r
}

// listMetrics lists from metrics.k8s.io, which is there only where somebody has installed it.
func listMetrics[L any, T any, P listOf[L]](ctx context.Context, c *client, q query, items func(P) []T) ([]T, error) {
	all, _, err := list(ctx, c, q, items)
	var status *apierrors.StatusError
	if err == nil || !errors.As(err, &status) {
		return all, err
	}
	var told *provider.Error
	if !errors.As(err, &told) {
		return nil, err
	}
	switch status.ErrStatus.Code {
	case http.StatusNotFound:
		told.Err = plain{"the cluster has no metrics (API group metrics.k8s.io)", told.Err}
		told.Hint = "Install metrics-server: it brings what kubectl top shows too."
	case http.StatusServiceUnavailable:
		told.Hint = "metrics-server is installed but does not answer: look at its pods, mostly in kube-system."
	}
	return nil, err
}
