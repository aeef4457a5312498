package run

import (
	"encoding/json"
	"slices"
	"time"
)

// Outstanding follows the events of a run, without its plan, and tells what they leave for a person to look at, would no other
// follow: the program that ran it may be gone. The zero value is before the first event.
type Outstanding struct {
	left []Sent
	// again are the writes in doubt that the session runs again, declared those of them of which nobody knows anything until they are sent.
	again    []Sent
	declared map[string]bool
	// reads are those under way of which something may be left.
	reads     []Sent
	notUndone []string
	notices   []told
	over      bool
	pausedAt  time.Time
}

// Sent is what was sent and may go on, with the key and the last note by which it can be found.
type Sent struct {
	Left
	Key  string
	Note json.RawMessage
}

// told is a notification that was sent about a step, and whose end was not told.
type told struct {
	Sent
	level int
}

// Left lists writes and undos that were sent, or ended, without anybody knowing how, and undos that failed.
func (o *Outstanding) Left() []Left {
	var out []Left
	for _, s := range o.left {
		out = append(out, s.Left)
	}
	return out
}

// NotUndone are the steps whose undo was due at the last end of the run, and did not run.
func (o *Outstanding) NotUndone() []string { return slices.Clone(o.notUndone) }

// Sent lists what was sent and may go on: what [Outstanding.Left] lists, and reads and notifications under way.
func (o *Outstanding) Sent() []Sent {
	out := append(slices.Clone(o.left), o.reads...)
	for _, n := range o.notices {
		out = append(out, n.Sent)
	}
	return out
}

// Over reports whether the last session ended the run.
func (o *Outstanding) Over() bool { return o.over }

// PausedAt is since when the run is paused, also while steps of it are undone by hand; zero: it is not.
func (o *Outstanding) PausedAt() time.Time { return o.pausedAt }

// See takes in the next event.
func (o *Outstanding) See(e *Event) {
	o.over = e.Type == RunFinished
	o.pauses(e)
	switch e.Type {
	case StepStarted:
		if delete(o.declared, e.Step); e.Effect != "" && e.Effect != "read" && e.Action != "runbook" {
			o.put(e, LeftInDoubt)
		}
		if o.endRead(e); e.Effect == "read" && e.Key != "" {
			o.reads = append(o.reads, sentBy(e, LeftRead))
		}
	case StepNoted:
		for i := range o.left {
			if l := &o.left[i]; l.Step == e.Step && l.Undoes == e.Undoes {
				l.Note = e.Note
			}
		}
	case NotifyStarted, NotifyFinished:
		o.notify(e)
	case StepRetrying, StepWaiting:
		o.endRead(e)
		if !o.declared[e.Step] {
			o.drop(e.Step, 0)
		}
	case StepFinished:
		delete(o.declared, e.Step)
		o.endRead(e)
		o.ended(e, LeftInDoubt, "")
	case UndoStarted:
		o.put(e, LeftUndoInDoubt)
	case UndoFinished:
		o.ended(e, LeftUndoInDoubt, LeftUndoFailed)
	case StepResolved:
		o.resolved(e)
	case RunResumed:
		o.notUndone, o.again = nil, nil
		o.left = slices.DeleteFunc(o.left, func(l Sent) bool {
			again := l.What == LeftInDoubt && !o.declared[l.Step] && (slices.Contains(e.Reset, l.Step) || slices.Contains(e.Reset, WholeStep(l.Step)))
			if again {
				o.again = append(o.again, l)
			}
			return again
		})
	case RunFinished:
		o.ends(e)
	}
}

// pauses takes in that the run is paused, or goes on.
func (o *Outstanding) pauses(e *Event) {
	switch {
	case e.Type == RunPaused:
		o.pausedAt = e.Time
	case e.Type == RunResumed && e.Undo == nil, e.Type == RunFinished:
		o.pausedAt = time.Time{}
	}
}

// resolved takes in what became of a write or an undo. One that is sent again though nobody knows what it did, or a part of it took place, is
// left until then.
func (o *Outstanding) resolved(e *Event) {
	switch {
	case e.Resolution == nil || e.Resolution.Decision != DecisionRedo && !e.Resolution.StepGone:
	case e.Undoes != 0 && !e.Resolution.StepGone && (e.Resolution.How == HowDeclared || o.partly(e)):
	case e.Undoes == 0 && !e.Resolution.StepGone && e.Resolution.How == HowDeclared:
		o.declare(e.Step)
	default:
		o.drop(e.Step, e.Undoes)
		delete(o.declared, e.Step)
	}
}

// declare keeps a write in doubt that is to be sent again on its author's word, while it waits for its turn or for a person.
func (o *Outstanding) declare(step string) {
	if at := slices.IndexFunc(o.again, func(l Sent) bool { return l.Step == step }); at >= 0 {
		o.left = append(o.left, o.again[at])
	}
	if o.declared == nil {
		o.declared = map[string]bool{}
	}
	o.declared[step] = true
}

// partly reports whether a part of an undo took place.
func (o *Outstanding) partly(e *Event) bool {
	return slices.ContainsFunc(o.left, func(l Sent) bool { return l.Step == e.Step && l.Undoes == e.Undoes && l.Partial })
}

// notify takes in that the contact of a level is told, and that this has ended.
func (o *Outstanding) notify(e *Event) {
	if e.Level == nil {
		return
	}
	o.notices = slices.DeleteFunc(o.notices, func(n told) bool { return n.Step == e.Step && n.level == e.Level.Number })
	if at := e.Time; e.Type == NotifyStarted {
		o.notices = append(o.notices, told{Sent{Left: Left{Step: e.Step, Action: e.Action, SentAt: &at}, Key: e.Key}, e.Level.Number})
	}
}

// WholeStep is the address of the step that an instance is of.
func WholeStep(address string) string {
	head, rest := SplitAddress(address)
	if rest == "" {
		return StepName(address)
	}
	return head + "/" + WholeStep(rest)
}

func (o *Outstanding) put(e *Event, what LeftWhat) {
	o.drop(e.Step, e.Undoes)
	o.left = append(o.left, sentBy(e, what))
}

func sentBy(e *Event, what LeftWhat) Sent {
	at := e.Time
	return Sent{Left: Left{Step: e.Step, What: what, Undoes: e.Undoes, Action: e.Action, SentAt: &at}, Key: e.Key}
}

// endRead takes in that no read of a step is under way any more.
func (o *Outstanding) endRead(e *Event) {
	o.reads = slices.DeleteFunc(o.reads, func(l Sent) bool { return l.Step == e.Step })
}

func (o *Outstanding) drop(step string, undoes int64) (was Sent) {
	o.left = slices.DeleteFunc(o.left, func(l Sent) bool {
		old := l.Undoes == 0 && l.What != LeftInDoubt && undoes != 0 // of an old history, which does not tell it
		if l.Step != step || l.Undoes != undoes && !old {
			return false
		}
		was = l
		return true
	})
	return was
}

// ended takes in how a write or an undo ended. One that failed is nothing to look at where failed is empty.
func (o *Outstanding) ended(e *Event, doubt, failed LeftWhat) {
	l := o.drop(e.Step, e.Undoes)
	l.Step, l.Undoes = e.Step, e.Undoes
	if l.Action == "" {
		l.Action = e.Action
	}
	switch {
	case e.InDoubt:
		l.What = doubt
	case failed != "" && (e.Outcome == Fail || e.Outcome == Error):
		l.What, l.Partial = failed, e.Partial
	default:
		return
	}
	o.left = append(o.left, l)
}

// ends takes in what the end of a session tells, which knows the plan: an undo that failed may not be due any more.
func (o *Outstanding) ends(e *Event) {
	o.notUndone, o.notices, o.reads = e.NotUndone, nil, nil
	before := o.left
	switch {
	case e.ExitStatus == nil || *e.ExitStatus != ExitLeftOver:
		o.left = nil
		return
	case len(e.Left)+len(e.NotUndone) == 0:
		return // something was still at work when it ended
	}
	o.left = nil
	for _, l := range e.Left {
		at := slices.IndexFunc(before, func(b Sent) bool {
			return b.Step == l.Step && b.What == l.What && (l.Undoes == 0 || b.Undoes == l.Undoes)
		})
		s := Sent{Left: l}
		if at >= 0 {
			s = before[at]
			before = slices.Delete(before, at, at+1)
		}
		o.left = append(o.left, s)
	}
}

// ExitLeftOver is the exit status of a session that left something that a person must look at.
const ExitLeftOver = 4
