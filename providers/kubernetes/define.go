package kubernetes

import (
	"context"

	"k8s.io/klog/v2"

	"github.com/e82355ed/runbook/engine/provider"
)

// read declares an action that changes nothing. client-go logs some failures to the process's standard error besides
// returning them; the context keeps it quiet, since the returned error is shown where it belongs.
func read[A, R any](d provider.Definition[*client, A, R]) provider.Action {
	run := d.Run
	d.Effect = provider.Read
	d.Run = func(ctx context.Context, in *provider.In[*client, A]) (*R, error) {
		return run(klog.NewContext(ctx, klog.Logger{}), in)
	}
	return provider.Define(d)
}
