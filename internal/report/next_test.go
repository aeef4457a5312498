package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// aWrite is a run of a write that passed, to be taken back.
func aWrite() []run.Event {
	return []run.Event{begun(), started("w", "redis_set", "write"), finished("w", run.Pass, "OK")}
}

// undoBegins are the events of a session that undoes by hand, until the undo was sent.
func undoBegins() []run.Event {
	return []run.Event{
		{Type: run.RunResumed, Session: &run.Session{Host: "ops", PID: 8}, Undo: []string{"w"}},
		{Type: run.UndoStarted, Step: "w", Action: "redis_set", Effect: "write", Undoes: 3, Attempt: 1},
	}
}

// saysInAll demands a text of all formats that people or a CI read.
func saysInAll(t *testing.T, r *Recorder, text string) {
	t.Helper()
	for _, format := range Formats() {
		got := strings.ReplaceAll(written(t, format, r.Run(nil)), `\`, "")
		if format != "json" && !strings.Contains(got, text) {
			t.Errorf("%q is not in the %s report:\n%s", text, format, got)
		}
	}
}

// TestAnUndoThatBrokeOffGoesOnAsAnUndo: to resume the run would do again what was just taken back.
func TestAnUndoThatBrokeOffGoesOnAsAnUndo(t *testing.T) {
	r := recorded(t, append(aWrite(), undoBegins()...)...)
	saysInAll(t, r, "the undos that are left run with: runbook undo "+runID)
	if got := written(t, "markdown", r.Run(nil)); strings.Contains(got, "resume") {
		t.Errorf("it is to be resumed:\n%s", got)
	}
	stopped := run.Event{Type: run.RunFinished, Outcome: run.Fail, ExitStatus: status(3), Undoable: 1}
	saysInAll(t, recorded(t, append(aWrite(), undoBegins()[0], run.Event{Type: run.RunStopping, Reason: run.StopInterrupt}, stopped)...), "the undos that are left run with: runbook undo "+runID)
	byItself := recorded(t, append(aWrite(), undoBegins()[1])...)
	saysInAll(t, byItself, "its undos were under way; to run those that are left: runbook cancel "+runID)
}

// TestTimeThatWasOverIsGivenAgain with twice as much.
func TestTimeThatWasOverIsGivenAgain(t *testing.T) {
	over := run.Event{Type: run.RunStopping, Reason: run.StopTimeout, LimitMS: 60000}
	end := run.Event{Type: run.RunFinished, Outcome: run.Cancelled, ExitStatus: status(1), Undoable: 1}
	r := recorded(t, append(aWrite(), over, end)...)
	saysInAll(t, r, "undo what can be undone with: runbook undo "+runID+"; resume with: runbook resume "+runID+" --timeout 2m")
}

// TestInDoubtWhenTheRunHasEnded: what was under way in a session that is gone is in doubt also where a later session ended the run and left it.
func TestInDoubtWhenTheRunHasEnded(t *testing.T) {
	const nobody = "it was under way when its session ended: nobody knows whether it took place"
	left := func(what run.LeftWhat, undoes int64) run.Event {
		return run.Event{Type: run.RunFinished, Outcome: run.Fail, ExitStatus: status(4), Left: []run.Left{{Step: "w", What: what, Undoes: undoes}}}
	}
	write := []run.Event{begun(), started("w", "redis_set", "write"), undoBegins()[0], left(run.LeftInDoubt, 0)}
	undo := append(append(aWrite(), undoBegins()...), undoBegins()[0], left(run.LeftUndoInDoubt, 3))
	for name, r := range map[string]*Recorder{"w": recorded(t, write...), "undo w": recorded(t, undo...)} {
		saysInAll(t, r, nobody)
		if tap := written(t, "tap", r.Run(nil)); !strings.Contains(tap, " - "+name+"\n  ---\n  message: \""+nobody) || strings.Contains(tap, "SKIP") {
			t.Errorf("%s is no failure:\n%s", name, tap)
		}
		if xml := written(t, "junit", r.Run(nil)); !strings.Contains(xml, `<error message="`+nobody) {
			t.Errorf("%s is no error:\n%s", name, xml)
		}
		if text := written(t, "markdown", r.Run(nil)); !strings.Contains(text, "| ✗ | "+name+" | in doubt |") {
			t.Errorf("%s is not in doubt:\n%s", name, text)
		}
	}
	settled := run.Event{Type: run.StepResolved, Step: "w", Resolution: &run.Resolution{Decision: run.DecisionRedo}}
	ended := run.Event{Type: run.RunFinished, Outcome: run.Fail, ExitStatus: status(1)}
	if tap := written(t, "tap", recorded(t, write[0], write[1], write[2], settled, ended).Run(nil)); strings.Contains(tap, "nobody knows") {
		t.Errorf("what was settled is in doubt:\n%s", tap)
	}
}

// TestAnEndThatWasNotKept is none for the history: who reads the report has the write to look at, as show tells it.
func TestAnEndThatWasNotKept(t *testing.T) {
	const text = "it passed, but that could not be kept: for the history nobody knows whether it took place"
	write := broke(t, 2, append(aWrite(), started("read", "redis_get", "read"), finished("read", run.Pass, "OK"))...)
	undid := run.Event{Type: run.UndoFinished, Step: "w", Undoes: 3, Outcome: run.Pass}
	undo := broke(t, 5, append(append(aWrite(), undoBegins()...), undid)...)
	for name, r := range map[string]*Recorder{"w": write, "undo w": undo} {
		saysInAll(t, r, text)
		if tap := written(t, "tap", r.Run(nil)); strings.Count(tap, "\nnot ok ") != 2 || !strings.Contains(tap, " - "+name+"\n  ---\n  outcome") && !strings.Contains(tap, " - "+name+"\n  ---\n  message") {
			t.Errorf("%s is no failure, or another is:\n%s", name, tap)
		}
		if left := r.Run(nil).Left; len(left) != 1 || left[0].Step != "w" {
			t.Errorf("left: %+v", left)
		}
	}
	if left := broke(t, 3, aWrite()...).Run(nil).Left; left != nil {
		t.Errorf("what was kept is left: %+v", left)
	}
}

// TestWhatWasNotSent is told nowhere, and a read whose end was not kept has not passed. How long it took is until the history was given up.
func TestWhatWasNotSent(t *testing.T) {
	slow := []run.Event{started("slow", "local_command", "read"), finished("slow", run.Pass, "OK"), started("two", "redis_set", "write")}
	for _, kept := range []int64{3, 4} { // without, and with the start of the read
		r := broke(t, kept, append(aWrite(), slow...)...)
		saysInAll(t, r, "it passed, but that could not be kept: it runs again")
		document := r.Run(nil)
		if len(document.Left) != 0 || len(document.Steps) != 2 || document.Steps[1].Outcome != "" || document.Steps[1].NotKept != run.Pass {
			t.Errorf("left %+v, steps %+v", document.Left, document.Steps)
		}
		if document.Counts[run.Pass] != 1 || document.DurationMS != 36000 {
			t.Errorf("%v in %v", document.Counts, document.DurationMS)
		}
		if tap := written(t, "tap", document); !strings.Contains(tap, "ok 2 - slow # SKIP it passed, but") || strings.Contains(tap, "two") {
			t.Error(tap)
		}
	}
}

// TestUndosAreToldApart: no two tests have one name, also where an undo of the same step did not run.
func TestUndosAreToldApart(t *testing.T) {
	failed := run.Event{Type: run.UndoFinished, Step: "w", Undoes: 3, Outcome: run.Fail, Summary: "READONLY"}
	end := run.Event{
		Type: run.RunFinished, Outcome: run.Fail, ExitStatus: status(4), Left: []run.Left{{Step: "w", What: run.LeftUndoFailed, Undoes: 3}}, NotUndone: []string{"w"},
	}
	tap := written(t, "tap", recorded(t, append(append(aWrite(), undoBegins()...), failed, end)...).Run(nil))
	for _, want := range []string{"not ok 2 - undo w@3\n", "not ok 3 - undo w\n"} {
		if !strings.Contains(tap, want) {
			t.Errorf("%q is not in:\n%s", want, tap)
		}
	}
}

// TestAnInstanceThatIsGone keeps how it ended, though it was to run again.
func TestAnInstanceThatIsGone(t *testing.T) {
	both, one := []string{"a", "b"}, []string{"a"}
	r := recorded(t, begun(), run.Event{Type: run.StepExpanded, Step: "w", Keys: &both}, started("w", "redis_set", "write"), started(`w["b"]`, "redis_set", "write"),
		finished(`w["b"]`, run.Fail, "503"), run.Event{Type: run.RunFinished, Outcome: run.Fail, ExitStatus: status(1)},
		run.Event{Type: run.RunResumed, Session: &run.Session{Host: "ops"}, Reset: []string{`w["b"]`}}, run.Event{Type: run.StepExpanded, Step: "w", Keys: &one}).Run(nil)
	s := r.Steps[len(r.Steps)-1]
	if !s.Gone || s.word() != "failed" || len(s.Earlier) != 0 || s.line() != "503 (no longer in the runbook)" {
		t.Errorf("%s %s %q, earlier %+v", s.Step, s.word(), s.line(), s.Earlier)
	}
}

// TestWhatIsWithinAnInstanceThatIsGone counts for nothing either, until the instance comes back.
func TestWhatIsWithinAnInstanceThatIsGone(t *testing.T) {
	both, one := []string{"eu", "us"}, []string{"eu"}
	expands := func(keys *[]string) run.Event { return run.Event{Type: run.StepExpanded, Step: "each", Keys: keys} }
	resumed := run.Event{Type: run.RunResumed, Session: &run.Session{Host: "ops"}, Reset: []string{`each["us"]`}}
	events := []run.Event{begun(), started("each", "runbook", "write"), expands(&both)}
	for _, key := range both {
		events = append(events, started(`each["`+key+`"]`, "runbook", "write"), finished(`each["`+key+`"]/w["a"]`, run.Pass, "OK"))
	}
	ended := run.Event{Type: run.RunFinished, Outcome: run.Fail, ExitStatus: status(1)}
	events = append(events, finished(`each["us"]`, run.Fail, "503"), finished("each", run.Fail, "1 of 2 failed"), ended, resumed, expands(&one))
	gone := func(r *Recorder) (steps []string) {
		for _, s := range r.Run(nil).Steps {
			if s.Gone {
				steps = append(steps, s.Step)
			}
		}
		return steps
	}
	r := recorded(t, events...)
	if got := gone(r); !slices.Contains(got, `each["us"]/w["a"]`) || slices.ContainsFunc(got, func(step string) bool { return strings.HasPrefix(step, `each["eu"]`) }) {
		t.Errorf("gone: %q", got)
	}
	if tap := written(t, "tap", r.Run(nil)); strings.Contains(tap, `each["us"]`) {
		t.Errorf("what is gone is a test:\n%s", tap)
	}
	if got := gone(recorded(t, append(events, ended, resumed, expands(&both))...)); slices.ContainsFunc(got, func(step string) bool { return strings.Contains(step, "[") }) {
		t.Errorf("the instance came back, and gone are %q", got)
	}
}

// TestUnderWayIsNotLeft while a process runs the run: it will know. What an earlier session left in doubt is.
func TestUnderWayIsNotLeft(t *testing.T) {
	r := recorded(t, append(append(aWrite(), started("x", "redis_set", "write")), undoBegins()...)...)
	r.GoesOn()
	document := r.Run(nil)
	if left := document.leftLines(); !slices.Equal(left, []string{"x: nobody knows whether it took place"}) {
		t.Errorf("left: %q", left)
	}
	if u := document.Undos[0]; u.word() != "under way" {
		t.Errorf("the undo is %s", u.word())
	}
	failing := run.Event{Type: run.StepFinished, Step: "w", Outcome: run.Error, InDoubt: true, Error: "no answer"}
	r = recorded(t, begun(), started("w", "redis_set", "write"), failing, started("x", "redis_set", "write"))
	r.GoesOn()
	if left := r.Run(nil).leftLines(); !slices.Equal(left, []string{"w: nobody knows whether it took place"}) {
		t.Errorf("left: %q", left)
	}
}
