package engine

import (
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
)

// allowed holds a step, the own step of an undo, or a notifier, against the policies and --read-only right before it starts, with its
// arguments evaluated: only now is it sure what a computed statement or program does.
func (p *Plan) allowed(rb *lang.Runbook, s *lang.Step, args cty.Value) error {
	if len(rb.Policies) == 0 && !p.Options.ReadOnly || s.Child != nil {
		return nil
	}
	u := policy.Use{Step: s, Args: args, Effect: policy.Judged(s, args)}
	if owner := rb.Step(s.Name); owner != nil && owner.Undo != nil && owner.Undo.Step.Range == s.Range {
		u.Step, u.Undo = owner, true
	}
	if e, _ := rb.LevelOf(s); e != nil {
		u.Notifies = true
	}
	if p.Options.ReadOnly && u.Effect != provider.Read {
		return fmt.Errorf("refused by --read-only: with these arguments the effect is %q: %s", u.Effect, because(s, u.Effect, args))
	}
	for _, d := range policy.Check(rb.Policies, u) {
		return errors.New("not allowed by the policy: " + d.Detail)
	}
	return nil
}
