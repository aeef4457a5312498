package random

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// judge follows the events of a run from outside and knows nothing of the scheduler: it holds them against what is promised.
type judge struct {
	t     *testing.T
	story *story
	steps map[string]*seen
	// effects are what executions did, by the number of the event that told it; started and undos count by address.
	effects        map[int64]*deed
	started, undos map[string]int
	// affected are the steps of the runbook that the files of this session have run again.
	affected map[string]bool
	number   int // of the session
	seen     int // how many events it saw
	reason   string
	settles  bool // the session runs nothing: a write that did not take place ends so
	byHand   bool // it only undoes
	// interrupted says that the last session that ran steps was told to stop, or broke off before undos; ended that the last one has an end.
	interrupted, ended bool
}

// seen is what the events told of a step or an instance.
type seen struct {
	action         string
	running, write bool
	doubt          bool // a write of which nobody knows whether it took place
	half           bool // a write of which a part took place
	toSend         bool // it is to be sent again on its author's word, and in doubt until then
	done           bool // it counts as done, as was said of it
	again          bool // a resume named it
	outcome        run.Outcome
	last           *deed // what it did last
	session        int   // in which it started last
}

// deed is what one execution did; undo is empty, "under way", "in doubt" or how it ended.
type deed struct {
	address, undo string
	was           string // what is said of it once the session is over, should its undo not be sent again in that
	session       int    // in which its undo started last
}

// inDoubt is an undo of which nobody knows whether it took place, partly one of which a part did.
const inDoubt, partly = "in doubt", "partly"

func newJudge(s *story) *judge {
	return &judge{
		t: s.t, story: s, steps: map[string]*seen{}, effects: map[int64]*deed{}, started: map[string]int{}, undos: map[string]int{},
	}
}

func (j *judge) at(address string) *seen {
	if j.steps[address] == nil {
		j.steps[address] = &seen{}
	}
	return j.steps[address]
}

func (j *judge) fail(e *run.Event, format string, args ...any) {
	j.t.Helper()
	j.t.Errorf("event %d, %s of %q: %s", e.Seq, e.Type, e.Step, fmt.Sprintf(format, args...))
}

func (j *judge) see(e *run.Event) {
	s := j.steps[e.Step]
	switch e.Type {
	case run.RunResumed:
		j.resumed(e)
	case run.RunFinished, run.RunPaused:
		j.ended = true
	case run.RunStopping:
		j.reason = e.Reason
		j.interrupted = j.interrupted || !j.byHand && (e.Reason == run.StopInterrupt || e.Reason == run.StopElsewhere)
	case run.StepExpanded:
		for address := range j.steps {
			if run.Covers(e.Step, address) && !j.at(address).running {
				delete(j.steps, address)
			}
		}
	case run.StepStarted:
		j.starts(e)
	case run.StepRetrying:
		surely := []string{"connection refused", "not started", "no time left to write it down beforehand"} // nothing was sent
		if s.write && !j.step(e.Step).writes && !slices.ContainsFunc(surely, func(why string) bool { return strings.Contains(e.Error, why) }) {
			j.fail(e, "a write is sent again after %q", e.Error)
		}
		s.running = false
	case run.StepWaiting:
		if s != nil {
			s.running = false
		}
	case run.StepResolved:
		j.resolved(e)
	case run.StepFinished:
		j.ends(e)
	case run.UndoStarted:
		j.undoStarts(e)
	case run.UndoFinished:
		j.undoEnds(e)
	}
}

// resumed takes in which steps run again, and that nothing runs of the session before.
func (j *judge) resumed(e *run.Event) {
	j.number++
	j.reason, j.settles, j.affected = "", e.Reason == run.ReasonSettle, j.story.mutations[e.Seq]
	broke := !j.byHand && !j.ended
	j.byHand, j.ended = e.Undo != nil, false
	j.interrupted = j.byHand && (j.interrupted || broke)
	for _, s := range j.steps {
		s.doubt = s.doubt || s.running && s.write
		s.running = false
	}
	for _, d := range j.effects {
		if d.undo == "under way" {
			d.undo = inDoubt
		}
		if d.was != "" {
			d.undo, d.was = d.was, ""
		}
	}
	for address, s := range j.steps {
		if !slices.ContainsFunc(e.Reset, func(a string) bool { return run.Covers(a, address) }) {
			continue
		}
		passed := s.outcome == run.Pass || s.outcome == run.Warn
		if passed && !j.wasUndone(address) && !s.doubt && s.action != below && !j.isAffected(address) && !j.follows(address, e.Reset) && !j.isJudged(address, e.Reset) && e.Reason == "" {
			j.fail(e, "%s had ended with %s, and runs again", address, s.outcome)
		}
		s.again, s.outcome = true, ""
	}
}

// wasUndone reports whether what a step did last was taken back, or may have been, or that of a step that ran its runbook.
func (j *judge) wasUndone(address string) bool {
	s := j.at(address)
	if s.last != nil && slices.Contains([]string{string(run.Pass), inDoubt, partly}, s.last.undo) {
		return true
	}
	around, _ := split(address)
	return around != "" && j.wasUndone(strings.TrimSuffix(around, "/"))
}

func (j *judge) isAffected(address string) bool {
	head, _ := run.SplitAddress(address)
	return j.affected[run.StepName(head)]
}

func (j *judge) starts(e *run.Event) {
	s := j.at(e.Step)
	if s.outcome != "" && !s.again {
		j.fail(e, "it had ended with %s, and starts again", s.outcome)
	}
	if s.running || s.doubt && !s.toSend || s.half && !j.wasUndone(e.Step) {
		j.fail(e, "it starts a second time, and nobody decided about the first")
	}
	*s = seen{action: e.Action, running: true, write: e.Effect != "read" && e.Effect != "" && e.Action != below, session: j.number, last: s.last}
	if !s.write {
		return
	}
	j.started[e.Step]++
	j.turns(e)
}

// turns checks that writes through one provider configuration take turns, in the order of the file.
func (j *judge) turns(e *run.Event) {
	prefix, own := split(e.Step)
	b := j.story.bookOf(prefix)
	mine := j.step(e.Step)
	if b == nil || mine == nil {
		return
	}
	for address, other := range j.steps {
		theirs, name := split(address)
		if theirs != prefix || !other.write || address == e.Step || b.step(run.StepName(name)) == nil || b.step(run.StepName(name)).config() != mine.config() {
			continue
		}
		if other.running {
			j.fail(e, "it starts beside %s, through the same provider configuration", address)
		}
		if other.session == j.number && j.story.ordered && b.place(run.StepName(name)) > b.place(run.StepName(own)) {
			j.fail(e, "%s stands behind it in the file, and started before", address)
		}
	}
}

// step is the step of an address as the files have it now; nil: they don't.
func (j *judge) step(address string) *step {
	prefix, own := split(address)
	if b := j.story.bookOf(prefix); b != nil {
		return b.step(run.StepName(own))
	}
	return nil
}

func (j *judge) resolved(e *run.Event) {
	if e.Undoes == 0 {
		s, done := j.at(e.Step), e.Resolution.Decision == run.DecisionDone
		if j.settles && !done && !s.toSend {
			return // it is in doubt until its end is told
		}
		s.toSend = e.Resolution.How == run.HowDeclared
		if s.doubt, s.done = s.toSend, done; !done {
			s.half = false
		}
		s.running = s.running || done // its end follows
		return
	}
	if d := j.effects[e.Undoes]; d != nil && e.Resolution.Decision == run.DecisionRedo {
		if d.undo == partly || e.Resolution.How == run.HowDeclared {
			d.was = d.undo
		}
		d.undo = ""
	}
}

func (j *judge) ends(e *run.Event) {
	s := j.at(e.Step)
	if unclear := strings.Contains(e.Summary, enginetest.ErrUnclear.Error()); s.write && unclear && !e.InDoubt {
		j.fail(e, "nobody knows whether it took place, and it is not in doubt")
	}
	took := e.Result != nil && !e.InDoubt || s.done && !s.half // otherwise what it did itself is what can be undone
	*s = seen{
		action: e.Action, write: s.write, outcome: e.Outcome, doubt: e.InDoubt, half: e.Partial && e.Outcome == run.Error, session: s.session, last: s.last,
	}
	if took {
		s.last = &deed{address: e.Step}
		j.effects[e.Seq] = s.last
	}
}

func (j *judge) undoStarts(e *run.Event) {
	j.undos[run.WholeStep(e.Step)]++
	d := j.effects[e.Undoes]
	if d == nil || d.address != e.Step {
		j.fail(e, "event %d did nothing there", e.Undoes)
		return
	}
	if d.undo != "" && (d.undo != "fail" && d.undo != "error" || d.session == j.number) {
		j.fail(e, "what event %d did was undone: %s", e.Undoes, d.undo)
	}
	d.undo, d.was, d.session = "under way", "", j.number
}

func (j *judge) undoEnds(e *run.Event) {
	d := j.effects[e.Undoes]
	if d == nil {
		j.fail(e, "event %d did nothing", e.Undoes)
		return
	}
	switch d.undo = string(e.Outcome); {
	case e.InDoubt:
		d.undo = inDoubt
	case e.Partial:
		d.undo = partly
	}
}

// split parts the address of a step in what stands before it and its own.
func split(address string) (prefix, own string) {
	for {
		head, rest := run.SplitAddress(address)
		if rest == "" {
			return prefix, address
		}
		prefix, address = prefix+head+"/", rest
	}
}

// line is an event for who reads a failure.
func line(e *run.Event) string {
	t := fmt.Sprintf("%4d %s %s", e.Seq, e.Type, e.Step)
	add := func(format string, value any, tell bool) {
		if tell {
			t += fmt.Sprintf(" "+format, value)
		}
	}
	add("%s", e.Outcome, e.Outcome != "")
	add("(%s)", e.Effect, e.Effect != "")
	add("for %s", e.For, e.For != "")
	add("reset %q", e.Reset, e.Reset != nil)
	add("undo %q", e.Undo, e.Undo != nil)
	add("changes %q", e.Changes, len(e.Changes) > 0)
	add("keys %q", e.Keys, e.Keys != nil)
	add("undoes %d", e.Undoes, e.Undoes != 0)
	add("IN DOUBT%s", "", e.InDoubt)
	add("reason %s", e.Reason, e.Reason != "")
	add("left %+v", e.Left, len(e.Left) > 0)
	add("not undone %q", e.NotUndone, len(e.NotUndone) > 0)
	add("counts %v", e.Counts, e.Counts != nil)
	add("error %q", e.Error, e.Error != "")
	if e.Resolution != nil {
		t += " " + e.Resolution.Decision
	}
	if e.ExitStatus != nil {
		t += fmt.Sprintf(" status %d", *e.ExitStatus)
	}
	return t + "\n"
}
