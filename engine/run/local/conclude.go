package local

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// conclusion is what a step came to: the events that tell it and the ending that others see.
type conclusion struct {
	attempt *attempt
	checks  []*checked
	// sealed is what the JSON of its end leaves out, encrypted.
	sealed   []byte
	finished run.Event
	ending   *ending
}

// withSelf is the attempt's local scope with its result as self.
func (r *runner) withSelf(a *attempt) lang.Frame {
	local := a.local
	local.Self = cty.ObjectVal(a.selfEnding().self())
	return local
}

func (a *attempt) selfEnding() *ending {
	e := &ending{timing: timing{started: a.timing.started, finished: a.ended}, attempts: a.number}
	if a.result != nil {
		e.result = a.result.Value
	}
	return e
}

// conclude evaluates a step's checks on its last attempt. expired says that a poll's time is over.
func (r *runner) conclude(a *attempt, expired bool) *conclusion {
	if a.ended.IsZero() {
		a.ended = r.clock()
	}
	c := &conclusion{attempt: a, ending: a.selfEnding()}
	outcome, problem := run.Pass, ""
	if a.atBest == run.Warn {
		outcome = run.Warn
	}
	switch {
	case a.precondition != nil:
		c.checks = []*checked{a.precondition}
	case a.err != nil:
		outcome, problem = run.Error, a.err.Error()
		if expired {
			problem = "the poll's time (" + a.step.Poll.Timeout.String() + ") is over and the last read erred: " + problem
		}
	default:
		c.checks = r.checks(a, expired)
	}
	for _, check := range c.checks {
		outcome = run.Worse(outcome, check.outcome)
		if check.outcome == run.Error && problem == "" {
			problem = check.Message
		}
	}
	tolerated := run.Outcome("")
	if a.step.ContinueOnError && (outcome == run.Fail || outcome == run.Error) {
		tolerated, outcome = outcome, run.Warn
	}
	c.ending.outcome, c.ending.err = outcome, problem
	r.describe(c, tolerated)
	return c
}

// describe writes step_finished.
func (r *runner) describe(c *conclusion, tolerated run.Outcome) {
	a := c.attempt
	took := c.ending.timing.duration()
	e := &c.finished
	e.Type, e.Step, e.Time = run.StepFinished, a.address, a.ended
	e.Action, e.Outcome, e.Tolerated, e.Error = a.step.Action, c.ending.outcome, tolerated, c.ending.err
	e.DurationMS, e.Attempts = &took, a.number
	e.Source, e.InDoubt = place(a.step.Range), a.leftInDoubt()
	e.Partial = a.tookPart()
	if a.result != nil {
		e.Result, e.ChangedNothing = lang.ValueToJSON(a.result.Value), a.result.ChangedNothing && a.err == nil
		tellResultTypes(e, a.step, a.result.Value)
		e.Summary, e.Warnings = a.result.Summary, a.result.Warnings
		if a.result.Failure != nil {
			e.Detail = a.result.Failure.Detail
		}
	}
	if a.err != nil && a.result != nil { // why it came to no end is what matters, and what it did until then is evidence
		e.Summary, e.Detail = "", a.result.Summary
	}
	e.Summary = theFact(c.checks, e.Summary)
	if a.step.Show != nil && a.err == nil && a.precondition == nil {
		e.Show, e.Warnings = r.show(a, e.Warnings)
	}
	if c.ending.outcome != run.Pass {
		e.Remedies = r.remedies(a.step.Remedies, r.withEnding(a, c.ending))
	}
	if a.step.Undo != nil {
		e.UndoAt = r.undoAt(a.execution, c.ending)
	}
	c.sealed = r.sealEnd(e, a.result)
}

// withEnding is self with outcome and error, for remedies.
func (r *runner) withEnding(a *attempt, e *ending) lang.Frame {
	local := a.local
	local.Self = e.value()
	return local
}

func (r *runner) show(a *attempt, warnings []string) (json.RawMessage, []string) {
	v, diags := r.scope.Value(a.step.Show, r.withSelf(a))
	if diags.HasErrors() {
		return nil, append(warnings, "show could not be evaluated: "+text(diags))
	}
	return lang.ValueToJSON(v), warnings
}

// theFact is the one thing that matters: that the action itself did not get what it expects (a status, an exit code,
// a poll's condition), because checks on what it got instead say little; else the message of the worst check that did not hold, else the first threshold's
// value, else the summary of the action's result. The summary also goes before a message that nobody wrote: the
// condition and its values are shown below it anyway.
func theFact(checks []*checked, summary string) string {
	var worst, first *checked
	for _, c := range checks {
		if c.outcome != run.Pass && (c.Kind == run.KindExpectation || c.Kind == run.KindUntil) {
			return c.Message
		}
		if c.Kind == run.KindThreshold && first == nil {
			first = c
		}
		if c.outcome != run.Pass && c.Severity != string(lang.SeverityInfo) && c.tellsMore(worst) {
			worst = c
		}
	}
	switch {
	case worst != nil && (!worst.unworded || summary == ""):
		return worst.Message
	case worst == nil && first != nil:
		return first.Message
	}
	return summary
}

// tellsMore reports whether a check that does not hold matters more than another (nil: none): it is worse, or as bad and
// has a message that somebody wrote.
func (c *checked) tellsMore(other *checked) bool {
	if other == nil {
		return true
	}
	if c.outcome == other.outcome {
		return other.unworded && !c.unworded
	}
	return run.Worse(other.outcome, c.outcome) == c.outcome
}

// concludeWith tells the events of a conclusion.
func (r *runner) concludeWith(c *conclusion) error {
	for _, check := range c.checks {
		e := &run.Event{
			Type: run.CheckEvaluated, Step: c.attempt.address, Time: c.attempt.ended, Outcome: check.outcome, Check: &check.Check,
		}
		if err := r.emit(e); err != nil {
			return err
		}
	}
	if a := c.attempt; a.err != nil && !errors.Is(a.err, errInterrupted) {
		r.Host.Log.Debug("step erred", "step", a.address, "attempt", a.number, "error", a.err)
	}
	return r.endSealed(c.attempt.step, c.attempt.key, &c.finished, c.ending, c.sealed)
}

// endingWithout is the ending of a step that ends between attempts, or without any. The event tells the attempts too.
func (r *runner) endingWithout(e *run.Event) *ending {
	end := &ending{outcome: e.Outcome, err: e.Error}
	if x := r.live[e.Step]; x != nil && x.attempts > 0 {
		end.attempts, end.timing = x.attempts, timing{started: x.timing.started, finished: r.clock()}
		e.Attempts, e.DurationMS, e.InDoubt = x.attempts, new(end.timing.duration()), x.doubted
	}
	return end
}

// tellUnsent has the end of a step without an attempt tell that its write, which was in doubt and was to be sent again, was not.
func (r *runner) tellUnsent(e *run.Event) {
	if e.InDoubt || e.Attempts > 0 || !r.state.Declared(e.Step) {
		return
	}
	e.InDoubt = true
	e.Error = strings.TrimPrefix(e.Error+"; its write was not sent again, and nobody knows whether it took place before", "; ")
}

// end tells how a step or an instance ended and lets others see it. Without an ending no attempt was concluded.
func (r *runner) end(step *lang.Step, key int, e *run.Event, end *ending) error {
	return r.endSealed(step, key, e, end, nil)
}

func (r *runner) endSealed(step *lang.Step, key int, e *run.Event, end *ending, sealed []byte) error {
	e.Type = run.StepFinished
	if e.DurationMS == nil {
		zero := 0.0
		e.DurationMS = &zero
	}
	if e.Source == "" {
		e.Source = place(step.Range)
	}
	if end == nil {
		if e.Action == "" {
			e.Action = step.Action
		}
		if e.Outcome == run.Error && step.ContinueOnError {
			e.Outcome, e.Tolerated = run.Warn, run.Error
		}
		end = r.endingWithout(e)
		r.tellUnsent(e)
		if e.Outcome == run.Error || e.Tolerated != "" {
			local := lang.Frame{}
			if key >= 0 {
				local = r.values.each(step.Name, key)
			}
			local.Self = end.value()
			e.Remedies = r.remedies(step.Remedies, local)
		}
	}
	e.Warnings = r.noticeWarnings(e.Step, e.Warnings)
	r.ended(step.Name, key, end)
	delete(r.live, e.Step)
	err := r.emitSealed(e, sealed)
	r.remember(step, key, e, end)
	return err
}
