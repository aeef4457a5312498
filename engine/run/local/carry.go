package local

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
)

// patience is how long an action may take to return once its context has ended: longer than what a provider grants a
// process that it asks to stop.
const patience = 5 * time.Second

// carry carries an action out so that a provider which panics, or is deaf to its context, costs its own step and not the
// run. What does not return is left behind.
func carry(ctx context.Context, action provider.Action, call *provider.Call, patience time.Duration) (*provider.Result, error) {
	type answer struct {
		result *provider.Result
		err    error
	}
	answers := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				call.Log.Error("a provider panicked", "action", action.Spec().Name, "panic", p, "stack", string(debug.Stack()))
				answers <- answer{err: fmt.Errorf("the provider of %s broke: %v; this is a bug in it, and the log has more", action.Spec().Name, p)}
			}
		}()
		result, err := action.Run(ctx, call)
		answers <- answer{result, err}
	}()
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a.result, a.err
	case <-timer.C:
		return nil, fmt.Errorf("%s did not end %s after it was told to, and was left behind: %w", action.Spec().Name, patience, ctx.Err())
	}
}
