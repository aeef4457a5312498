package engine

import (
	"context"
	"errors"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run/local"
)

// childMaker makes the scope and the configurations of a runbook that a step runs.
func (e *Engine) childMaker(ctx context.Context, plan *Plan) func(*lang.Step, cty.Value) (*lang.Scope, *local.Configs, error) {
	return func(step *lang.Step, variables cty.Value) (*lang.Scope, *local.Configs, error) {
		values, diags := lang.ResolveChild(step, variables)
		if diags.HasErrors() {
			return nil, nil, errors.New(local.Text(diags))
		}
		for _, v := range values {
			local.TellInputs(v, plan.Options.Secrets)
		}
		child := &Plan{
			Runbook: step.Child, Variables: values, Options: plan.Options, RunID: plan.RunID, StartedAt: plan.StartedAt, now: plan.now,
			secrets: plan.secrets, reads: plan.reads,
		}
		scope := e.scope(ctx, child)
		return scope, e.configs(plan, step.Child, scope, step.Child.MaxParallel), nil
	}
}
