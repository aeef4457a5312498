package kubernetes

import (
	"context"
	"encoding/json"

	"github.com/e82355ed/runbook/engine/provider"
)

// editing declares an action that is one [edit]: its run, its preview and its inquiry follow from that.
//
// Plan makes the edit from the arguments, result the action's result from the part before and after.
func editing[A, T, R any](
	d provider.Definition[*client, A, R],
	plan func(context.Context, *provider.In[*client, A]) (*edit[T], error),
	result func(before, after T) *R,
) provider.Action {
	d.Run = func(ctx context.Context, in *provider.In[*client, A]) (*R, error) {
		e, err := plan(ctx, in)
		if err != nil {
			return nil, err
		}
		before, after, err := e.run(ctx, in.Note, in.Earlier)
		if err != nil {
			return nil, err
		}
		return result(before, after), nil
	}
	d.Preview = func(ctx context.Context, in *provider.In[*client, A]) ([]provider.Change, error) {
		e, err := plan(ctx, in)
		if err != nil {
			return nil, err
		}
		return e.preview(ctx)
	}
	d.Inquire = func(ctx context.Context, in *provider.In[*client, A], sent provider.Sent) (*provider.Finding[R], error) {
		e, err := plan(ctx, in)
		if err != nil {
			return nil, err
		}
		state, before, after, why, err := e.inquire(ctx, sent)
		if err != nil {
			return nil, err
		}
		finding := &provider.Finding[R]{State: state, Why: why}
		if state == provider.Done {
			finding.Result = result(before, after)
		}
		return finding, nil
	}
	d.Noted = func(text json.RawMessage) (*provider.Noted[R], error) {
		var note noted[T]
		if err := json.Unmarshal(text, &note); err != nil {
			return nil, err
		}
		if note.After == nil {
			var unknown T
			return &provider.Noted[R]{Result: result(note.Before, unknown), Known: []string{"before"}}, nil
		}
		return &provider.Noted[R]{Result: result(note.Before, *note.After), Known: []string{"before", "after"}, Meant: []string{"after"}}, nil
	}
	return change(d)
}
