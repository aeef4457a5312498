package engine

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// noun is what a step is called that is no read, or may be none.
func noun(s *PlannedStep) string {
	switch {
	case s.Effect == provider.Write:
		return "a write"
	case s.Unsure:
		return "perhaps destructive"
	}
	return "destructive"
}

// waysOn are what is left to somebody whose step --read-only refuses.
const waysOn = "Run without --read-only, or name the steps that are to run with --target: what they depend on runs too, and nothing else."

// readOnlyRefusal says why a step can't run under --read-only. args are its arguments as far as they are known.
func readOnlyRefusal(s *lang.Step, out *PlannedStep, args cty.Value) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Refused by --read-only", Subject: &s.Range,
		Detail: fmt.Sprintf("Step %q is %s: %s. %s", s.Name, noun(out), because(s, out.Effect, args), waysOn),
	}
}

// undoRefusal says it of a step that reads and whose undo does not.
func undoRefusal(s *lang.Step, effect provider.Effect, args cty.Value) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Refused by --read-only", Subject: &s.Undo.Step.Range,
		Detail: fmt.Sprintf("The undo of step %q may write: %s. %s", s.Name, because(s.Undo.Step, effect, args), waysOn),
	}
}

// because says what makes a step more than a read: what its author states, or else what its arguments are.
func because(s *lang.Step, effect provider.Effect, args cty.Value) string {
	if s.Effect != nil && *s.Effect == effect {
		says := fmt.Sprintf("its author states effect = %q", effect.String())
		switch {
		case s.Child != nil:
			return says
		case s.Spec.Spec().AuthorStatesEffect:
			return says + "; state \"read\" if it changes nothing"
		case s.Spec.Spec().Classify(args) == provider.Read:
			return says + fmt.Sprintf(", though %s with these arguments reads; leave it out if it changes nothing", s.Action)
		}
	}
	return s.Spec.Spec().Because(args)
}
