package run

import (
	"fmt"
	"slices"
)

// Apply adds one event to the state. An error means that the event can't follow what came before: the journal belongs
// to another plan, or is damaged.
func (s *State) Apply(e *Event) error {
	if apply, ok := ofRuns[e.Type]; ok {
		return apply(s, e)
	}
	switch {
	case e.Type == StepResolved && e.Undoes != 0:
		return s.undoEvent(e)
	case e.Type == StepResolved && e.Resolution.Decision == DecisionRedo:
		s.sendAgain(e)
		return nil
	case e.Type == StepNoted && s.noteOfUndo(e):
		return nil
	}
	s.inOrder = false
	r, err := s.resolve(e.Step)
	if err != nil {
		return err
	}
	of, known := ofSteps[e.Type]
	if !known {
		return fmt.Errorf("%s of step %s is an event that this version does not know", e.Type, e.Step)
	}
	if s.at(r).endedInDoubt() && (e.Type == StepResolved || e.Type == StepFinished && s.at(r).sent.resolution != nil) {
		s.settled(r, e)
		return nil
	}
	if e.Type == StepResolved && s.at(r).toSend() {
		s.awaitEnd(r)
	}
	s.goesOnSooner(r, e)
	if !slices.Contains(of.in, s.at(r).phase) && (!s.otherPlan || !s.catchUp(r, e, of.in[0])) {
		return fmt.Errorf("%s of step %s can't follow: it is %s", e.Type, e.Step, phaseNames[s.at(r).phase])
	}
	of.apply(s, r, e)
	return nil
}

// ofRuns are the events of a run as a whole, of undos, which may be of a step that the plan does not have any more, and those that change
// nothing.
var ofRuns = map[Type]func(*State, *Event) error{
	RunStarted:     func(s *State, _ *Event) error { s.start(); return nil },
	RunStopping:    func(s *State, e *Event) error { s.stop(e.Reason); return nil },
	RunFinished:    func(s *State, _ *Event) error { s.finished = true; return nil },
	RunPaused:      func(s *State, _ *Event) error { s.paused, s.byHand, s.inOrder = true, nil, false; return nil },
	RunResumed:     (*State).resume,
	CheckEvaluated: func(*State, *Event) error { return nil },
	ClockRead:      func(*State, *Event) error { return nil },
	SecretsKept:    func(*State, *Event) error { return nil },
	AnswerRefused:  func(*State, *Event) error { return nil },
	UndoStarted:    (*State).undoEvent,
	UndoFinished:   (*State).undoEvent,
}

// ofSteps are the events of steps and instances: the phases in which one may come, the usual first, and what it does.
var ofSteps = map[Type]struct {
	in    []phase
	apply func(*State, ref, *Event)
}{
	StepExpanded:  {[]phase{preparing}, (*State).expand},
	StepReady:     {[]phase{preparing}, func(s *State, r ref, _ *Event) { s.makeReady(r) }},
	StepStarted:   {[]phase{ready, waiting}, (*State).startAttempt},
	StepRetrying:  {[]phase{running}, (*State).retry},
	StepWaiting:   {[]phase{running, preparing, toAsk, asking, ready}, (*State).waits},
	StepAnswered:  {[]phase{asking}, (*State).answered},
	StepEscalated: {[]phase{asking}, (*State).escalated},
	NotifyStarted: {[]phase{asking}, (*State).notified},
	// It may end long after the question, and the step may run again by then.
	NotifyFinished: {[]phase{idle, preparing, expanded, ready, running, waiting, toAsk, asking, settling, ended}, (*State).notified},
	StepNoted:      {[]phase{running}, func(s *State, r ref, e *Event) { s.at(r).sending().Note = e.Note }},
	StepResolved:   {[]phase{running}, func(s *State, r ref, e *Event) { s.at(r).sending().resolution = e.Resolution }},
	StepFinished:   {[]phase{preparing, ready, running, waiting, toAsk, asking, settling}, (*State).finish},
}

var phaseNames = [...]string{
	idle: "waiting for others", preparing: "being prepared", expanded: "expanded", ready: "ready", running: "running",
	waiting: "waiting", toAsk: "about to ask", asking: "waiting for a person", settling: "about to end without running", ended: "ended",
}
