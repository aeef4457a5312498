package local

import (
	"fmt"
	"time"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// timeUp ends a wait whose time is over: with the answer that then counts, or as a fail.
func (r *runner) timeUp(step *lang.Step, c run.Command) error {
	w, ok := r.state.WaitOf(c.Address)
	if !ok {
		return nil
	}
	if taken, err := r.takeKept(w, time.Time{}); taken || err != nil {
		return err
	}
	if w.Question.OnTimeout == "default" {
		return r.accept(c.Address, &run.Answer{
			Value: w.Question.TimeoutAnswer, By: "nobody", Via: run.ViaTimeout, Digest: w.Question.Digest,
			Note: "nobody answered within " + run.InUnits(provider.Told(w.Deadline.Sub(w.Since))),
		})
	}
	message := fmt.Sprintf("nobody answered within %s: %s", run.InUnits(provider.Told(w.Deadline.Sub(w.Since))), w.Question.Prompt)
	return r.concludeWith(r.refused(r.executionAt(step, c), refusal(message)))
}

// escalate tells that a level fell due, unless somebody had answered by then whom no process has heard yet.
func (r *runner) escalate(c run.Command) error {
	if w, ok := r.state.WaitOf(c.Address); ok {
		if taken, err := r.takeKept(w, w.NextLevelAt); taken || err != nil {
			return err
		}
	}
	return r.emit(&run.Event{Type: run.StepEscalated, Step: c.Address, Level: &c.Level})
}

// takeKept takes in the first answer that was sent before the time was over, and before a moment, if that is not zero. It reports
// whether there is one that counts.
func (r *runner) takeKept(w run.Wait, before time.Time) (bool, error) {
	whole := w
	whole.Address = r.prefix + w.Address
	kept, err := r.desk.kept(r.hard, whole)
	if err != nil {
		return false, fmt.Errorf("whether %s was answered in time can't be read: %w", whole.Address, err)
	}
	for _, g := range kept {
		g.address = w.Address
		if !before.IsZero() && !g.answer.At.Before(before) {
			continue
		}
		if w.Late(g.answer) {
			r.desk.use(g.message)
			if err := r.refuse(w, g.answer, tooLate); err != nil {
				return false, err
			}
			continue
		}
		if err := r.take(g); err != nil {
			return false, err
		}
		if _, open := r.state.WaitOf(w.Address); !open {
			return true, nil
		}
	}
	return false, nil
}

// executionAt is the execution of a command, made anew for a step that was asked about in an earlier session.
func (r *runner) executionAt(step *lang.Step, c run.Command) *execution {
	if x := r.live[c.Address]; x != nil {
		return x
	}
	local := lang.Frame{}
	if c.Key >= 0 {
		local = r.values.each(step.Name, c.Key)
	}
	x := r.newExecution(step, c.Key, local)
	r.live[c.Address] = x
	return x
}

// refusal is why a person keeps an action from running.
type refusal string

// denial is why a person's answer keeps an action from running; nil where none does. What a manual action makes of its
// answer is its own matter.
func (r *runner) denial(x *execution) fmt.Stringer {
	if x.step.Approval == nil {
		return nil
	}
	q, a := r.state.Answered(x.address)
	if q == nil || a.Yes() {
		return nil
	}
	return refusal(fmt.Sprintf("not approved: %s said no%s", a.By, noted(a.Note)))
}

func (m refusal) String() string { return string(m) }

func noted(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

// refused concludes a step that a person did not let run: a fail, without an action.
func (r *runner) refused(x *execution, why fmt.Stringer) *conclusion {
	a := &attempt{execution: x, ended: r.clock(), precondition: &checked{outcome: run.Fail, Check: run.Check{
		Kind: run.KindExpectation, Message: why.String(), Place: place(x.step.Range),
	}}}
	return r.conclude(a, false)
}

// answerOf is what a person said to an action that asks.
func (r *runner) answerOf(x *execution) *provider.Answer {
	if x.step.IsCheck() || !x.step.Spec.Spec().Asks {
		return nil
	}
	_, a, at := r.state.AnsweredAt(x.address)
	if a == nil {
		return nil
	}
	return &provider.Answer{Value: a.Value, By: a.By, At: at, Note: a.Note, Notes: a.Notes}
}

// namesChoice reports whether the answer about a step is one of its choices, as far as that is shown, and no other reads like it.
func (r *runner) namesChoice(address string) bool {
	q, a := r.state.Answered(address)
	return q != nil && len(q.Choices) > 0 && q.Distinct(a.Value) == nil
}

// answerInFull is the answer to an attempt's action, with the words of the file in the place of those that a history does not show whole.
func (r *runner) answerInFull(a *attempt) *provider.Answer {
	asker, ok := a.step.Spec.(provider.Asker)
	if a.answer == nil || !ok {
		return a.answer
	}
	asked, err := asker.Question(a.prepared.args)
	if err != nil {
		return a.answer // which the action says too
	}
	full := *a.answer
	full.Value, full.Notes = QuestionOf(asked).InFull(full.Value, full.Notes, r.shown)
	return &full
}
