package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run/local"
	"github.com/e82355ed/runbook/engine/validate"
)

// withoutFiles sets apart what is wrong with files that expressions read: of a run that has begun only what is left to run reads them.
func withoutFiles(diags hcl.Diagnostics) (rest, ofFiles hcl.Diagnostics) {
	for _, d := range diags {
		if validate.FileError(d) != nil {
			ofFiles = append(ofFiles, d)
		} else {
			rest = append(rest, d)
		}
	}
	return rest, ofFiles
}

// lacksFiles refuses to go on where what is left to run reads a file that can't be used. What is in doubt may count as done: it is looked at
// once that is settled.
func (r *Recalled) lacksFiles(settled bool) hcl.Diagnostics {
	if r.asItWas || len(r.files) == 0 {
		return nil
	}
	open := map[string]bool{}
	for _, d := range r.Doubts() {
		open[d.Address] = !settled || r.countsAsDone(d.Address)
	}
	ahead := slices.DeleteFunc(r.Past.Ahead(append(r.Past.Again(r.settled...).Steps, r.Affected...)), func(a local.Ahead) bool { return open[a.Address] })
	var diags hcl.Diagnostics
	for _, d := range r.files {
		if who := readerOf(r.Plan.Runbook, ahead, d.Subject); who != "" {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "What is left of the run needs a file", Subject: d.Subject,
				Detail: fmt.Sprintf("%s: %s. Nothing was run. Bring the file back, or have the runbook read another and go on with --with-changes; undo and cancel do without it.",
					who, strings.TrimSuffix(validate.FileError(d).Error(), ".")),
			})
		}
	}
	return diags
}

// lacksQuestions refuses to go on where a question that waits for a person may be another than it was, and can't be worked out.
func (r *Recalled) lacksQuestions() hcl.Diagnostics {
	if r.asItWas {
		return nil
	}
	again := r.Past.Again(r.settled...).Steps
	unasked := r.Past.Unasked(again, r.Affected, r.Past.OtherInstances(append(slices.Clone(again), r.Affected...), r.others))
	if unasked == nil {
		return nil
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: "What a step asks is not known",
		Detail: fmt.Sprintf("Step %s waits for a person, and what it asks can't be worked out as things are now: %s. Nothing was run. Have what it reads there as it was, and resume again; undo and cancel do without it.",
			unasked.Address, strings.TrimSuffix(unasked.Err.Error(), ".")),
	}}
}

// readerOf is which of what is left to run has an expression around a place, in words; empty: none. What the run gives at its end is left too.
func readerOf(rb *lang.Runbook, ahead []local.Ahead, at *hcl.Range) string {
	if at == nil {
		return ""
	}
	for _, a := range ahead {
		if around(a.Runbook, usedBy(a.Runbook, a.Step), *at) {
			return "Step " + a.Address + " reads it"
		}
	}
	for _, o := range rb.Outputs {
		if around(rb, []*lang.Expr{o.Value}, *at) {
			return "Output " + o.Name + " reads it"
		}
	}
	return ""
}

// usedBy are the expressions of a step, those of the configurations that it and its undo work through, and those of what tells people while it
// waits for one.
func usedBy(rb *lang.Runbook, s *lang.Step) []*lang.Expr {
	all := graph.Expressions(s)
	steps := []*lang.Step{s}
	if s.Undo != nil {
		steps = append(steps, s.Undo.Step)
	}
	if s.Escalation != nil || s.Approval != nil && s.Approval.Escalation != nil {
		for _, e := range rb.Escalations {
			for _, n := range e.Notifiers() {
				all, steps = append(all, graph.Expressions(n)...), append(steps, n)
			}
		}
	}
	for _, step := range steps {
		for _, c := range rb.Providers {
			if step.Provider == nil || c.Provider != step.Provider.Name || step.ProviderRef != nil && c.Alias != step.ProviderRef.Alias {
				continue
			}
			all = append(all, c.ForEach)
			for _, attr := range c.Config {
				all = append(all, attr.Expr)
			}
		}
	}
	return all
}

// around reports whether one of the expressions, or a local that they lead to, is around a place.
func around(rb *lang.Runbook, exprs []*lang.Expr, at hcl.Range) bool {
	holds := func(e *lang.Expr) bool {
		whole := e.Range()
		return whole.Filename == at.Filename && whole.Start.Byte <= at.Start.Byte && at.End.Byte <= whole.End.Byte
	}
	return slices.ContainsFunc(exprs, func(e *lang.Expr) bool {
		return e != nil && e.Expression != nil && slices.ContainsFunc(rb.Uses(e), holds)
	})
}
