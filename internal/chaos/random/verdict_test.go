package random

import (
	"errors"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

func (s *story) events() []*run.Event {
	var out []*run.Event
	for entry, err := range s.journal.Events(s.t.Context(), s.runID) {
		if err != nil {
			s.t.Error(err)
			return out
		}
		out = append(out, entry.Event)
	}
	return out
}

// bookOf is the runbook whose steps' addresses have a prefix; nil: the files have none.
func (s *story) bookOf(prefix string) *book {
	if prefix == "" {
		return s.book
	}
	head, _ := run.SplitAddress(prefix)
	if in := s.book.step(run.StepName(head)); in != nil {
		return in.child
	}
	return nil
}

// judge holds the run against what is promised after a session.
func (s *story) judge(in session, out enginetest.Outcome) {
	if s.runID == "" && len(out.Events) > 0 {
		s.runID = out.Events[0].Run
	}
	nothing := in.does == "settle" && !out.Diags.HasErrors()
	if out.Result == nil && !nothing && !s.refused(in, out) {
		s.t.Errorf("the session %q came to nothing: %v", in, out.Diags)
	}
	if s.runID == "" {
		return
	}
	events := s.events()
	s.noteChange(events)
	j := s.witness
	for ; j.seen < len(events); j.seen++ {
		j.see(events[j.seen])
	}
	s.sent(j)
	last := events[len(events)-1]
	if out.Result != nil && last.Type == run.RunFinished {
		j.status(last, out.Result)
	}
	s.replays(j)
	s.reported(events)
}

// refused reports whether a session may have ended without a result.
func (s *story) refused(in session, out enginetest.Outcome) bool {
	for _, d := range out.Diags {
		if err, ok := d.Extra.(error); ok && errors.Is(err, errDead) {
			return true
		}
		if strings.Contains(d.Detail, "process is dead") {
			return true
		}
		lost := strings.Contains(d.Detail, "its undo would be lost")
		if in.change != "" && (lost || strings.Contains(d.Detail, "counts as done, but step")) {
			s.book = s.kept // the files are put back
			s.write(s.book)
			return true
		}
		if strings.Contains(d.Detail, "counts as done, but step") {
			s.redo = true // what took place is taken back then, and sent again
			return true
		}
		if in.stop == "hard" && strings.Contains(d.Detail, "context canceled") {
			return true
		}
	}
	return false
}

// noteChange keeps which files the run knows, and what their changes affect.
func (s *story) noteChange(events []*run.Event) {
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		if e.Type != run.RunResumed && e.Type != run.RunStarted {
			continue
		}
		if e.Seq > s.noted {
			s.noted = e.Seq
			if e.Reason == "" && e.Undo == nil {
				s.mutations[e.Seq] = affected(s.kept, s.book)
				s.kept = s.book
			}
		}
		return
	}
}

// sent holds what the world saw against the history: what was sent is on disk as started.
func (s *story) sent(j *judge) {
	for address, n := range s.world.calls() {
		_, own := split(strings.TrimPrefix(address, undoMark))
		undone, undo := strings.CutPrefix(address, undoMark)
		switch {
		case undo && n > j.undos[undone]:
			s.t.Errorf("the undo of %s was sent %d times, and began %d times", undone, n, j.undos[undone])
		case !undo && own[0] == 'w' && n > j.started[address]:
			s.t.Errorf("%s was sent %d times, and began %d times", address, n, j.started[address])
		}
	}
}

// status holds the exit status of a session that ended the run against what the steps came to.
func (j *judge) status(e *run.Event, result *engine.Result) {
	// Undos by hand leave a run interrupted that was.
	still := j.byHand && e.ExitStatus != nil && *e.ExitStatus == 3 && result.ExitStatus == 1 && j.interrupted
	if e.ExitStatus == nil || *e.ExitStatus != result.ExitStatus && !still {
		j.fail(e, "the session ended with status %d", result.ExitStatus)
		return
	}
	left := len(e.Left)+len(e.NotUndone) > 0
	if left != (*e.ExitStatus == 4) && j.reason != run.StopInterrupt {
		j.fail(e, "status %d, and left are %v and %v", *e.ExitStatus, e.Left, e.NotUndone)
	}
	for seq, d := range j.effects {
		listed := slices.ContainsFunc(e.Left, func(l run.Left) bool { return l.Undoes == seq && l.Partial })
		if half := d.undo == partly || d.was == partly; j.undoes(d.address) && half != listed {
			j.fail(e, "a part of the undo of %s took place: %v; left is %+v", d.address, half, e.Left)
		}
	}
	for address, s := range j.steps {
		if !j.has(address) {
			continue
		}
		if s.doubt && *e.ExitStatus != 4 {
			j.fail(e, "status %d, and %s is in doubt", *e.ExitStatus, address)
		}
		bad := s.outcome == run.Fail || s.outcome == run.Error || s.outcome == run.Cancelled
		if prefix, _ := split(address); bad && prefix == "" && *e.ExitStatus == 0 {
			j.fail(e, "status 0, and %s ended with %s", address, s.outcome)
		}
	}
}

// has reports whether the files have a step, with or without instances as it was.
func (j *judge) has(address string) bool {
	s := j.step(address)
	prefix, own := split(address)
	if s == nil || s.each() != strings.Contains(own, "[") {
		return false
	}
	return prefix == "" || j.has(strings.TrimSuffix(prefix, "/"))
}

// undoes reports whether the files have an undo of a step.
func (j *judge) undoes(address string) bool { return j.has(address) && j.step(address).undo != "" }

// replays takes the run up once more without going on with it, and compares what that knows with what the events tell.
func (s *story) replays(j *judge) {
	e := enginetest.New(s.world.fake, nil)
	r, diags := e.Recall(s.t.Context(), s.runID, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: s.journal}, Undo: (*local.Past).Undoable})
	if diags.HasErrors() {
		s.t.Errorf("the run can't be taken up: %v", diags)
		return
	}
	defer func() {
		if diags := r.Drop(s.t.Context()); diags.HasErrors() {
			s.t.Error(diags)
		}
	}()
	doubts := map[string]bool{}
	for _, d := range r.Past.Doubts() {
		if !d.Undo {
			doubts[d.Address] = true
		}
	}
	for address, seen := range j.steps {
		if inDoubt := seen.doubt || seen.running && seen.write; j.has(address) && inDoubt != doubts[address] {
			s.t.Errorf("%s is in doubt: %v; the run that is taken up says %v", address, inDoubt, doubts[address])
		}
	}
	s.replaysParts(j, r.Past)
	if len(s.mutations) > 1 {
		return
	}
	for _, effect := range r.Past.Undoable() {
		if d := j.effects[effect.Seq]; d == nil || d.undo == "pass" {
			s.t.Errorf("%+v can be undone, and did nothing, or was", effect)
		}
	}
}

// replaysParts does so of what took place in part.
func (s *story) replaysParts(j *judge, past *local.Past) {
	asked := map[string]bool{}
	for _, d := range past.HalfDone() {
		asked[d.Address] = true
	}
	for address, seen := range j.steps {
		half := seen.half && !j.decidedByUndo(seen)
		if j.has(address) && half != asked[address] {
			s.t.Errorf("a part of %s took place: %v; the run that is taken up says %v", address, half, asked[address])
		}
	}
	halves := map[int64]bool{}
	for _, d := range past.HalfUndone() {
		halves[d.Undoes] = true
	}
	for seq, d := range j.effects {
		half := d.undo == partly || d.was == partly
		if j.undoes(d.address) && half != halves[seq] {
			s.t.Errorf("a part of the undo of what event %d did took place: %v; the run that is taken up says %v", seq, half, halves[seq])
		}
	}
}

// decidedByUndo reports whether what became of the undo of a step decides about that.
func (j *judge) decidedByUndo(s *seen) bool {
	if s.last == nil || s.last.undo == "" && s.last.was == "" {
		return false
	}
	return slices.Contains([]string{string(run.Pass), inDoubt, "under way", partly}, s.last.undo) || s.last.was != ""
}

// undoable reports whether something is there to undo by hand.
func (s *story) undoable() bool {
	effects, err := enginetest.New(s.world.fake, nil).Undoable(s.t.Context(), s.journal, s.runID)
	if err != nil {
		s.t.Errorf("the run can't be taken up: %v", err)
	}
	return len(effects) > 0
}

// aborts looks at a run with doubts and leaves it as it is; false: it has none.
func (s *story) aborts() bool {
	before := len(s.events())
	r, diags := enginetest.New(s.world.fake, nil).Recall(s.t.Context(), s.runID, engine.RecallOptions{RunOptions: engine.RunOptions{Journal: s.journal}, WithChanges: true})
	if diags.HasErrors() {
		s.t.Errorf("the run can't be taken up: %v", diags)
		return true
	}
	doubts := r.Past.Doubts()
	if diags := r.Drop(s.t.Context()); diags.HasErrors() {
		s.t.Error(diags)
	}
	if after := len(s.events()); after != before {
		s.t.Errorf("a run that was not gone on with has %d events, not %d", after, before)
	}
	return len(doubts) > 0
}

// isOver checks that the run came to its end when nothing disturbed it any more.
func (s *story) isOver() {
	events := s.events()
	last := events[len(events)-1]
	if last.Type != run.RunFinished {
		s.t.Errorf("the run does not end: its last event is %s", last.Type)
		return
	}
	ended := 0
	for _, n := range last.Counts {
		ended += n
	}
	if ended < len(s.book.steps) {
		s.t.Errorf("%d steps ended of %d", ended, len(s.book.steps))
	}
	if slices.ContainsFunc(last.Left, func(l run.Left) bool { return l.What != run.LeftUndoFailed }) {
		s.t.Errorf("something stays in doubt: %v", last.Left)
	}
}
