package run

import "slices"

// Rerun is what a resumed run does again, here and in the runbooks that its steps run.
type Rerun struct {
	// Steps are the addresses of the steps and instances.
	Steps []string
	// Behind are those that had ended well and run again because they depend on one that was undone.
	Behind []Behind
}

// Behind are the steps that depend on one that was undone.
type Behind struct {
	// Undone is the address of that step; Within says that it is steps of the runbook that it runs that were.
	Undone string
	Within bool
	// Steps had ended well, Doubtful have a write in doubt.
	Steps, Doubtful []string
}

// Again lists what a resumed run does again. That is what failed, erred, was blocked or cancelled, did not end, or was undone; what
// depends on a step that was undone, through others too, as it belongs to something that is not there any more; and, of what else
// depends on a step that runs again, what changes nothing and what was skipped. Any other write that took place stays, as does one
// that was to handle a failure. A question that is open stays open. A run that is paused goes on where it waits: what failed stays that
// until the run has ended, but for what is to be settled, and what depends on that or on a step that was undone. undone are the effects whose
// undo was in doubt, or took place in part, and counts as done.
func (s *State) Again(undone ...int64) Rerun { return s.rerun(s.paused, undone) }

// rerun is Again of a run that is paused, or is not.
func (s *State) rerun(paused bool, undone []int64) Rerun {
	var out Rerun
	s.addAgain(&out, "", rerunAs{goesOn: paused}, undone)
	slices.Sort(out.Steps)
	return out
}

// rerunAs says how a runbook runs again: whole: all of it that has begun; goesOn: nothing that failed; looks: also what changes nothing and ended
// well, as only the checks of the step that runs it failed.
type rerunAs struct{ whole, goesOn, looks bool }

// addAgain adds what of a runbook runs again, at addresses that begin with prefix.
func (s *State) addAgain(out *Rerun, prefix string, as rerunAs, undone []int64) {
	a := s.newAgain(as, undone)
	for i := range s.steps {
		if a.undone[i] {
			a.behindUndone(i, prefix, out)
		}
	}
	for i := range s.steps {
		if a.own[i] || a.whole[i] {
			a.behind(i)
		}
	}
	for i := range s.steps {
		for _, address := range a.addresses(i, as.whole) {
			out.Steps = append(out.Steps, prefix+address)
		}
	}
	for _, c := range s.children {
		if i := s.byName[StepName(c.address)]; s.Aside(c.address) && !as.whole && !a.whole[i] {
			continue // nothing of it runs, unless its instance comes back
		}
		within := as
		within.whole = as.whole || a.whole[s.byName[StepName(c.address)]] || a.left && s.WasUndone(c.address, undone...)
		within.looks = as.looks || a.failedAfter(c)
		if !within.whole && !within.looks && a.isOver(c) {
			continue
		}
		c.state.addAgain(out, prefix+c.address+"/", within, undone)
	}
}

// isOver reports whether the step that ran a runbook ended well, perhaps as what failed in there is tolerated, and does not run again.
func (a *again) isOver(c child) bool {
	r, err := a.resolve(c.address)
	if err != nil || a.runs(r) {
		return false
	}
	in := a.at(r)
	return in.phase == ended && (in.outcome == Pass || in.outcome == Warn)
}

// failedAfter reports whether a step runs again whose runbook ended well: it failed by its own checks, of what that gave.
func (a *again) failedAfter(c child) bool {
	r, err := a.resolve(c.address)
	if err != nil || !a.runs(r) {
		return false
	}
	came := c.state.RunOutcome()
	return a.failed(r) && (came == Pass || came == Warn)
}

// again works out what of a runbook runs again.
type again struct {
	*State
	effects []int64
	// within are the addresses of steps that run a runbook in which something was undone.
	within map[string]bool
	// rerunAs: where it goes on, what failed stays that, but for the steps that run a runbook in which something is to be settled, and those
	// that were blocked by something that runs again.
	rerunAs
	settles   map[string]bool
	unblocked []bool
	// left says that there is more to do than to undo, see somethingLeft.
	left bool
	// own are the steps of which a part runs again for itself, undone those of which one was undone, whole those that run again from
	// their beginning for what they depend on.
	own, undone, whole []bool
	// judged are those of which a check failed.
	judged []bool
}

func (s *State) newAgain(as rerunAs, undone []int64) *again {
	n := len(s.steps)
	a := &again{
		State: s, rerunAs: as, settles: map[string]bool{}, unblocked: make([]bool, n), effects: undone, within: map[string]bool{},
		own: make([]bool, n), undone: make([]bool, n), whole: make([]bool, n), judged: make([]bool, n),
	}
	for _, c := range s.children {
		if !s.Aside(c.address) && c.state.CountsAsNotRun(undone...) {
			a.within[c.address] = true
		}
		a.settles[c.address] = as.goesOn && c.state.anyToSettle()
	}
	a.left = s.somethingLeft(undone) || len(a.within) > 0 || as.looks
	s.each(func(r ref, _ *instance) {
		a.undone[r.step] = a.undone[r.step] || a.wasUndone(r)
		a.own[r.step] = a.own[r.step] || a.runs(r)
	})
	a.lookWhatIsJudged()
	for i := range a.steps {
		if a.goesOn && (a.own[i] || a.undone[i]) {
			a.unblock(i)
		}
	}
	return a
}

// unblock has run again what a step that runs again had blocked, be it through others.
func (a *again) unblock(i int) {
	for _, d := range a.out[i] {
		if d.order || a.unblocked[d.step] {
			continue
		}
		if a.unblocked[d.step] = slices.ContainsFunc(a.refs(d.step), func(r ref) bool { return a.at(r).outcome == Blocked }); a.unblocked[d.step] {
			a.own[d.step] = true
			a.unblock(d.step)
		}
	}
}

// stays reports whether something that failed stays that for now.
func (a *again) stays(r ref) bool {
	in := a.at(r)
	return a.goesOn && in.phase == ended && in.outcome != Cancelled && !in.doubtful(&a.plan.Steps[r.step]) && !in.halfDone() &&
		!a.settles[a.address(r)] && (in.outcome != Blocked || !a.unblocked[r.step])
}

// runs reports whether a step or an instance runs again for itself. Of a step with instances, these tell.
func (a *again) runs(r ref) bool {
	if step := &a.steps[r.step]; r.key < 0 && (len(step.instances) > 0 || step.anew || step.byAddress != nil && step.phase == settling) {
		return false // as does an empty for_each
	}
	return a.at(r).again() && !a.stays(r) || a.wasUndone(r) || (a.looks || a.judged[r.step]) && a.looked(r)
}

// lookWhatIsJudged has run again what changes nothing and a check judges that failed: else it would judge the same once more.
func (a *again) lookWhatIsJudged() {
	for i := range a.steps {
		if !a.plan.Steps[i].Check || !a.own[i] || !slices.ContainsFunc(a.refs(i), a.failed) {
			continue
		}
		for _, d := range a.plan.Steps[i].Deps {
			if !d.Order && slices.ContainsFunc(a.refs(d.Step), a.looked) {
				a.judged[d.Step], a.own[d.Step] = true, true
			}
		}
	}
}

func (a *again) failed(r ref) bool {
	in := a.at(r)
	return in.phase == ended && (in.outcome == Fail || in.outcome == Error)
}

// looked reports whether something ended well that changes nothing, or that runs a runbook in which something may be that does not.
func (a *again) looked(r ref) bool {
	in, spec := a.at(r), &a.plan.Steps[r.step]
	return (!spec.Write || spec.Child) && in.phase == ended && (in.outcome == Pass || in.outcome == Warn)
}

func (a *again) wasUndone(r ref) bool {
	return a.left && a.at(r).wasUndone(a.effects) || len(a.within) > 0 && a.within[a.address(r)]
}

// behindUndone has run again what depends on a step that was undone.
func (a *again) behindUndone(root int, prefix string, out *Rerun) {
	b := Behind{Undone: prefix + a.plan.Steps[root].Name, Within: !a.anyUndone(root, a.effects)}
	var found []int
	var visit func(i int)
	visit = func(i int) {
		for _, d := range a.out[i] {
			if d.order || a.whole[d.step] || a.handled(d.step) {
				continue
			}
			a.whole[d.step] = true
			found = append(found, d.step)
			visit(d.step)
		}
	}
	visit(root)
	slices.Sort(found)
	for _, i := range found {
		if a.endedWell(i) {
			b.Steps = append(b.Steps, prefix+a.plan.Steps[i].Name)
		}
		if slices.ContainsFunc(a.parts(i), func(in *instance) bool { return in.doubtful(&a.plan.Steps[i]) }) {
			b.Doubtful = append(b.Doubtful, prefix+a.plan.Steps[i].Name)
		}
	}
	if len(b.Steps)+len(b.Doubtful) > 0 {
		out.Behind = append(out.Behind, b)
	}
}

// behind has run again what changes nothing, or was skipped, and depends on a step that runs again: it may see something else now.
func (a *again) behind(i int) {
	for _, d := range a.out[i] {
		to := &a.steps[d.step]
		if !d.order && !a.whole[d.step] && (!a.plan.Steps[d.step].Write || to.phase == ended && to.outcome == Skipped) {
			a.whole[d.step] = true
			a.behind(d.step)
		}
	}
}

// handled reports whether a step changed something because another had failed: that was told or done once, and stays.
func (a *again) handled(i int) bool {
	spec := &a.plan.Steps[i]
	return spec.RunIf == "failure" && spec.Write && slices.ContainsFunc(a.refs(i), func(r ref) bool {
		return a.at(r).phase == ended && a.at(r).outcome != Skipped
	})
}

func (a *again) endedWell(i int) bool {
	return slices.ContainsFunc(a.refs(i), func(r ref) bool {
		in := a.at(r)
		return in.phase == ended && (in.outcome == Pass || in.outcome == Warn) && !a.wasUndone(r)
	})
}

// addresses lists what of a step runs again. One that does so from its beginning gets its instances anew, but for one with a write
// in doubt or an open question: those it has are what that is about.
func (a *again) addresses(i int, whole bool) []string {
	whole = whole || a.whole[i]
	parts := a.refs(i)
	begun := slices.ContainsFunc(parts, func(r ref) bool { return a.at(r).phase == ended })
	held := slices.ContainsFunc(parts, func(r ref) bool { return a.at(r).phase == asking || a.at(r).doubtful(&a.plan.Steps[i]) })
	if whole && begun && !held {
		return []string{a.plan.Steps[i].Name}
	}
	var out []string
	for _, r := range parts {
		if a.runs(r) || whole && a.at(r).phase == ended {
			out = append(out, a.address(r))
		}
	}
	return out
}

// refs are the instances of a step, or the step itself where it has none.
func (a *again) refs(i int) []ref {
	n := len(a.steps[i].instances)
	if n == 0 {
		return []ref{{i, -1}}
	}
	out := make([]ref, n)
	for k := range out {
		out[k] = ref{i, k}
	}
	return out
}

// anyUndone reports whether what a part of a step did last was taken back.
func (s *State) anyUndone(i int, undone []int64) bool {
	return slices.ContainsFunc(s.parts(i), func(in *instance) bool { return in.wasUndone(undone) })
}

// somethingLeft reports whether the run has more to do than to undo, at its end, what is undone then in any case: a step
// that was undone like that is not done again for its own sake.
func (s *State) somethingLeft(undone []int64) bool {
	left := false
	s.each(func(r ref, in *instance) {
		left = left || in.phase != ended || in.again() ||
			s.plan.Steps[r.step].Undo != UndoOnEnd && in.wasUndone(undone)
	})
	return left
}

// CountsAsNotRun reports whether a step that ended is done again because what it did was taken back, here or in a runbook that a
// step runs.
func (s *State) CountsAsNotRun(undone ...int64) bool {
	any := false
	s.each(func(_ ref, in *instance) { any = any || in.wasUndone(undone) })
	return any && s.somethingLeft(undone) ||
		slices.ContainsFunc(s.children, func(c child) bool { return !s.Aside(c.address) && c.state.CountsAsNotRun(undone...) })
}

// WasUndone reports whether what a step or an instance did last was taken back.
func (s *State) WasUndone(address string, undone ...int64) bool {
	r, err := s.resolve(address)
	return err == nil && s.at(r).wasUndone(undone)
}

// wasUndone reports whether what the last execution did was taken back. What one before it did, and is still there, changes
// nothing about that: what the step recorded does not hold any more.
func (in *instance) wasUndone(undone []int64) bool {
	e := in.effect
	return e != nil && (e.undo == undoDone || e.stand() != undoPending && slices.Contains(undone, e.seq))
}

// again reports whether a step or an instance is to be done again, be it undone or not.
func (in *instance) again() bool {
	switch {
	case in.phase == idle:
		return false // its turn will come
	case in.phase != ended:
		return in.phase != asking || in.asked.question == nil
	case in.endedInDoubt() && in.sent.begun:
		return true // however it ended: it is sent again, or its end is another
	}
	switch in.outcome {
	case Fail, Error, Blocked, Cancelled:
		return true
	}
	return false
}
