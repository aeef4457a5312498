package local

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// checked is an evaluated check with what it means for its step.
type checked struct {
	run.Check
	// outcome is what the event tells; an assertion of severity info that does not hold tells "warn" there and counts
	// for nothing.
	outcome run.Outcome
	// unworded says that the author wrote no message, so that it only repeats the condition and its values.
	unworded bool
}

// checks evaluates everything that must hold of a result. All are evaluated: the first failure hides no other.
func (r *runner) checks(a *attempt, expired bool) []*checked {
	local := r.withSelf(a)
	var out []*checked
	if expired {
		out = append(out, r.untilExpired(a, local))
	}
	if a.result != nil && a.result.Failure != nil {
		outcome := run.Fail
		if a.atBest == run.Error {
			outcome = run.Error // that of a runbook is its worst step's
		}
		out = append(out, &checked{outcome: outcome, Check: run.Check{
			Kind: run.KindExpectation, Message: a.result.Failure.Message, Place: place(a.step.Range),
		}})
	}
	for _, assert := range a.step.Asserts {
		c := r.assert(assert, local)
		r.addRemedies(a, c, assert.Remedies)
		out = append(out, c)
	}
	for _, t := range a.step.Thresholds {
		c := r.threshold(t, local)
		r.addRemedies(a, c, t.Remedies)
		out = append(out, c)
	}
	return out
}

// evaluated is a condition with what it saw.
type evaluated struct {
	holds      bool
	problem    string // not empty: it could not be evaluated
	nothing    bool   // alltrue over an empty list
	references []run.Reference
}

func (r *runner) evaluateCondition(e *lang.Expr, local lang.Frame) evaluated {
	ctx, diags := r.scope.Context(e.Refs, local)
	var v cty.Value
	if !diags.HasErrors() {
		v, diags = r.scope.Evaluate(e, ctx)
	}
	if diags.HasErrors() {
		out := evaluated{problem: text(diags)}
		if ctx != nil {
			out.references = references(e, ctx)
		}
		return out
	}
	holds, problem := boolOf(v, func() string { return whyUnknown(r.scope, e, local) })
	if problem != "" {
		problem = fmt.Sprintf("%s:%d: %s %s", baseName(e.Range().Filename), e.Range().Start.Line, e.Source, problem)
	}
	return evaluated{holds: holds, problem: problem, nothing: holds && lang.NothingToCheck(e, ctx), references: references(e, ctx)}
}

func references(e *lang.Expr, ctx *hcl.EvalContext) []run.Reference {
	parts := lang.Explain(e, ctx)
	out := make([]run.Reference, len(parts))
	for i, p := range parts {
		out[i] = run.Reference{Expression: p.Expression, Value: p.Value, Depth: p.Depth}
	}
	return out
}

// precondition is nil where the action may run.
func (r *runner) precondition(a *attempt) *checked {
	if a.step.Precondition == nil {
		return nil
	}
	got := r.evaluateCondition(a.step.Precondition.Condition, a.local)
	if got.problem == "" && got.holds {
		return nil
	}
	c := &checked{outcome: run.Fail, Check: run.Check{
		Kind: run.KindPrecondition, Expression: a.step.Precondition.Condition.Source, Place: place(a.step.Precondition.Range),
		References: got.references,
	}}
	c.Message = r.message(a.step.Precondition.ErrorMessage, a.local, "the precondition does not hold: "+c.Expression)
	if got.problem != "" {
		c.outcome, c.Message = run.Error, "the precondition can't be evaluated: "+got.problem
	}
	return c
}

func (r *runner) assert(assert *lang.Assert, local lang.Frame) *checked {
	got := r.evaluateCondition(assert.Condition, local)
	c := &checked{outcome: run.Pass, Check: run.Check{
		Kind: run.KindAssert, Severity: string(assert.Severity), Expression: assert.Condition.Source, Place: place(assert.Range),
		References: got.references,
	}}
	switch {
	case got.problem != "":
		c.outcome, c.Message = run.Error, "the assertion can't be evaluated: "+got.problem
	case !got.holds:
		c.outcome = map[lang.Severity]run.Outcome{lang.SeverityWarn: run.Warn, lang.SeverityInfo: run.Pass}[assert.Severity]
		if c.outcome == "" {
			c.outcome = run.Fail
		}
		c.Message = r.message(assert.ErrorMessage, local, engineMessage(c.Expression, got.references))
		c.unworded = assert.ErrorMessage == nil
	case got.nothing && !assert.AllowEmpty:
		c.outcome, c.Message = run.Warn, "nothing to check: the list is empty (allow_empty = true if that is fine)"
	}
	return c
}

// addRemedies evaluates the remedies of a check that does not hold; its own outcome and message are self's.
func (r *runner) addRemedies(a *attempt, c *checked, list []*lang.Remedy) {
	if len(list) == 0 || c.outcome == run.Pass {
		return
	}
	end := a.selfEnding()
	end.outcome, end.err = c.outcome, c.Message
	c.CheckRemedies = r.remedies(list, r.withEnding(a, end))
}

// message evaluates an error_message; one that can't be evaluated must not hide what it was written for.
func (r *runner) message(e *lang.Expr, local lang.Frame, fallback string) string {
	if e == nil {
		return fallback
	}
	v, diags := r.scope.Text(e, local)
	if diags.HasErrors() {
		return fmt.Sprintf("error_message can't be evaluated: %s; %s", text(diags), fallback)
	}
	return stringOf(v)
}

// engineMessage is what is said of a condition without a message: the condition and what it saw.
func engineMessage(condition string, references []run.Reference) string {
	condition = strings.Join(strings.Fields(condition), " ")
	seen := make([]string, 0, len(references))
	for _, ref := range references {
		if ref.Depth == 0 || len(references) == 1 {
			seen = append(seen, ref.Expression+" is "+ref.Value)
		}
	}
	if len(seen) == 0 {
		return condition + " does not hold"
	}
	return condition + " does not hold: " + strings.Join(seen, ", ")
}

func stringOf(v cty.Value) string {
	unmarked, marks := v.Unmark()
	if len(marks) == 0 && !unmarked.IsNull() && unmarked.IsKnown() && unmarked.Type() == cty.String {
		return unmarked.AsString()
	}
	return lang.FormatValue(v)
}

// untilExpired tells what a poll's condition saw last.
func (r *runner) untilExpired(a *attempt, local lang.Frame) *checked {
	got := r.evaluateCondition(a.step.Poll.Until, local)
	c := &checked{outcome: run.Fail, Check: run.Check{
		Kind: run.KindUntil, Expression: a.step.Poll.Until.Source, Place: place(a.step.Poll.Until.Range()), References: got.references,
	}}
	c.Message = fmt.Sprintf("not within %s: %s", a.step.Poll.Timeout, c.Expression)
	if got.holds {
		c.Message = fmt.Sprintf("did not hold for %s within %s: %s", a.step.Poll.Hold, a.step.Poll.Timeout, c.Expression)
	}
	if got.problem != "" {
		c.Message += " (it can't be evaluated: " + got.problem + ")"
	}
	return c
}

// place writes a source line as file:line, without folders.
func place(at hcl.Range) string {
	return fmt.Sprintf("%s:%d", baseName(at.Filename), at.Start.Line)
}
