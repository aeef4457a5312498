package run

import (
	"slices"
	"time"
)

// AskedAnew says that what was answered before counts no more. The question has its time, and its levels, anew from when it is asked.
type AskedAnew struct {
	// Seq is the number of the run_resumed event that made it so, At when that was.
	Seq int64
	At  time.Time
	// Why is what happened since the answer was given, and By who had answered, if that was taken in.
	Why, By string
}

// Why a question is asked anew with a resume.
const (
	anewBefore    = "what comes before the step was done again since"
	anewChanged   = "the files have changed since, and the step runs again"
	anewCancelled = "the run was stopped since"
	anewUndone    = "a part of what it is for was undone since, and is done again"
	anewAside     = "its instance was gone since"
)

// askAnew has no answer count that was given so far, and nobody's silence.
func (a *asked) askAnew(e *Event, why string) {
	next := &AskedAnew{Seq: e.Seq, At: e.Time, Why: why}
	switch {
	case a.answer != nil:
		next.By = a.answer.By
	case a.anew != nil && a.anew.Seq == e.Seq:
		next.By = a.anew.By
	}
	fresh := asked{what: a.what, question: a.question, anew: next}
	switch {
	case why != anewChanged || !a.open():
	case a.since.IsZero():
		fresh.former = a.former
	default:
		was := *a
		fresh.former = &was
	}
	*a = fresh
}

// AskedAnew is why the question about a step is asked once more; nil where an answer that was given counts.
func (s *State) AskedAnew(address string) *AskedAnew {
	r, err := s.resolve(address)
	if err != nil || s.at(r).asked == nil {
		return nil
	}
	return s.at(r).asked.anew
}

// askAnew has the answers about a step count no more of which something that it waits for runs again, and those in a runbook that such a
// step runs: what was answered was asked before that. behind are these steps.
func (s *State) askAnew(e *Event, behind []bool) {
	for i := range s.steps {
		if !behind[i] {
			continue
		}
		for _, in := range s.parts(i) {
			if in.asked != nil && in.phase == idle {
				in.asked.askAnew(e, anewBefore)
			}
		}
	}
	for _, c := range s.children {
		if r, err := s.resolve(c.address); err == nil && behind[r.step] && s.at(r).phase == idle {
			c.state.withdrawAll(e, anewBefore)
		}
	}
}

// behindAgain marks the steps that wait, through others too, for one that runs again or has its turn still to come. A write in doubt that counts as
// done does not run again: its end is told before anything begins, and what was asked behind it was asked with it as it is.
func (s *State) behindAgain() []bool {
	behind := make([]bool, len(s.steps))
	for i := range s.steps {
		if slices.ContainsFunc(s.parts(i), func(in *instance) bool { return !slices.Contains([]phase{expanded, running, ended}, in.phase) }) {
			s.markBehind(i, behind)
		}
	}
	return behind
}

// keepsAsking has a question stay open once a write before it that was in doubt has ended, unless its step does not run by how that ended.
func (s *State) keepsAsking(r ref) {
	if outcome := verdicts[s.plan.Steps[r.step].RunIf](&s.steps[r.step]); outcome != "" {
		s.conclude(r, verdict{outcome, s.because(r.step, outcome)})
	}
}

// AskedAgain lists the open questions, here and in the runbooks that steps run, that a resume asks anew: something that they wait for runs
// again first, or a part of what they are for was undone.
func (s *State) AskedAgain() []string { return s.AskedAgainAfter(s.rerun(true, nil).Steps) }

// AskedAgainAfter lists those that are asked anew where some steps, here and in the runbooks that steps run, run again first. Of a write that may
// count as done instead, nobody knows yet.
func (s *State) AskedAgainAfter(again []string) []string {
	unknown := s.toSettle("", nil)
	surely := slices.DeleteFunc(slices.Clone(again), func(a string) bool { return slices.Contains(unknown, a) })
	return s.askedAgain(surely, "", false)
}

// askedAgain are those at addresses that begin with prefix; whole: all of them. again are the addresses of what runs again.
func (s *State) askedAgain(again []string, prefix string, whole bool) []string {
	var out []string
	behind := make([]bool, len(s.steps))
	for i := range s.steps {
		if slices.ContainsFunc(again, func(a string) bool { return Covers(prefix+s.plan.Steps[i].Name, a) }) {
			s.markBehind(i, behind)
		}
	}
	for _, w := range s.Waits() {
		itself := slices.ContainsFunc(again, func(a string) bool { return Covers(a, prefix+w.Address) })
		if whole || itself || behind[s.byName[StepName(w.Address)]] {
			out = append(out, prefix+w.Address)
		}
	}
	for _, c := range s.children {
		out = append(out, c.state.askedAgain(again, prefix+c.address+"/", whole || behind[s.byName[StepName(c.address)]])...)
	}
	return out
}

// markBehind marks what waits for a step, through others too.
func (s *State) markBehind(i int, behind []bool) {
	for _, d := range s.out[i] {
		if !behind[d.step] {
			behind[d.step] = true
			s.markBehind(d.step, behind)
		}
	}
}

// withdrawAll takes back all questions of a runbook whose step runs again once what it waits for has, or is put aside.
func (s *State) withdrawAll(e *Event, why string) {
	s.each(func(_ ref, in *instance) {
		if in.asked == nil || in.phase == ended {
			return
		}
		in.asked.askAnew(e, why)
		if in.phase == asking {
			in.phase = idle
		}
	})
	for _, c := range s.children {
		c.state.withdrawAll(e, why)
	}
}

// withdraw takes back the questions about a step of which something that it waits for runs again: it is asked about once that has
// ended, should it run then.
func (s *State) withdraw(i int) {
	for _, in := range s.parts(i) {
		if in.phase == asking {
			in.phase = idle
		}
	}
}
