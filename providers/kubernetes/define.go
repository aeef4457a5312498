package kubernetes

import (
	"context"

	"k8s.io/klog/v2"

	"github.com/e82355ed/runbook/engine/provider"
)

// quiet keeps client-go from logging to the process's standard error what it returns as an error too.
func quiet(ctx context.Context) context.Context { return klog.NewContext(ctx, klog.Logger{}) }

// read declares an action that changes nothing.
func read[A, R any](d provider.Definition[*client, A, R]) provider.Action {
	run := d.Run
	d.Effect = provider.Read
	d.Run = func(ctx context.Context, in *provider.In[*client, A]) (*R, error) {
		return run(quiet(ctx), in)
	}
	return provider.Define(d)
}

// change declares an action that changes something. Its run may send changes, its preview only rehearse them, and so
// may its inquiry.
func change[A, R any](d provider.Definition[*client, A, R]) provider.Action {
	run, preview, inquire := d.Run, d.Preview, d.Inquire
	d.Run = func(ctx context.Context, in *provider.In[*client, A]) (*R, error) {
		if in.ReadOnly {
			return nil, &provider.Error{
				Op: d.Name, Endpoint: in.Client.cluster.endpoint, Err: provider.ErrReadOnly, NothingDone: true, Permanent: true,
			}
		}
		ctx, purpose := withIntent(quiet(ctx), changing)
		result, err := run(ctx, in)
		if err != nil {
			return result, purpose.settle(d.Name, err)
		}
		return result, nil
	}
	if preview != nil {
		d.Preview = func(ctx context.Context, in *provider.In[*client, A]) ([]provider.Change, error) {
			ctx, _ = withIntent(quiet(ctx), rehearsing)
			return preview(ctx, in)
		}
	}
	if inquire != nil {
		d.Inquire = func(ctx context.Context, in *provider.In[*client, A], sent provider.Sent) (*provider.Finding[R], error) {
			ctx, _ = withIntent(quiet(ctx), rehearsing)
			return inquire(ctx, in, sent)
		}
	}
	return provider.Define(d)
}
