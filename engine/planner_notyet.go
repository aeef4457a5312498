package engine

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/lang"
)

// refuseNotYet refuses to run what the language has and the runtime does not carry out yet: ignoring it would be worse.
func (p *planner) refuseNotYet(s *lang.Step) {
	refuse := func(what string, at hcl.Range) {
		p.diags = append(p.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Not supported yet", Subject: &at,
			Detail: what + ": this version checks and plans it, and can't carry it out.",
		})
	}
	if s.Approval != nil {
		refuse("An approval", s.Approval.Range)
	}
	if s.Undo != nil {
		refuse("An undo", s.Undo.Range)
	}
	if s.Child != nil {
		refuse("A step that runs a runbook", s.Range)
	}
	if s.Spec != nil && s.Spec.Spec().Asks {
		refuse("A step that asks a person", s.Range)
	}
}

// refuseLock refuses a runbook that must hold a lock, for the same reason.
func (p *planner) refuseLock() {
	if p.plan.Options.Apply && p.plan.Runbook.Lock != "" {
		p.diags = append(p.diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "Not supported yet", Subject: &p.plan.Runbook.Range,
			Detail: "A lock: this version checks and plans it, and can't carry it out.",
		})
	}
}
