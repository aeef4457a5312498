package view

import (
	"fmt"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// counted are the outcomes in the order of the summary, with the word for what counts.
var counted = []struct {
	outcome run.Outcome
	word    string
}{
	{run.Pass, "passed"}, {run.Warn, "warned"}, {run.Fail, "failed"}, {run.Error, "erred"},
	{run.Skipped, "skipped"}, {run.Blocked, "blocked"}, {run.Cancelled, "cancelled"},
	{run.Undone, "undone"},
}

// words name a run's outcome in its last line.
var words = map[run.Outcome]string{
	run.Pass: "passed", run.Warn: "passed with warnings", run.Fail: "failed", run.Error: "failed", run.Cancelled: "cancelled",
}

// exitInterrupted is the exit status of a run that was interrupted.
const exitInterrupted = 3

// Counts is "2 passed, 1 warned, 1 failed".
func Counts(counts map[run.Outcome]int) string {
	var parts []string
	for _, c := range counted {
		if n := counts[c.outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.word))
		}
	}
	if parts == nil {
		return "no steps"
	}
	return strings.Join(parts, ", ")
}

const (
	// farUp is how many lines may stand behind a failure until the end names it again.
	farUp = 20
	// mostNamed bounds how many are named.
	mostNamed = 8
)

func (t *Text) noteFailure(e *run.Event) {
	if e.Outcome != run.Fail && e.Outcome != run.Error {
		return
	}
	if len(t.failed) == 0 {
		t.firstFailed = t.written
	}
	t.failed = append(t.failed, t.clean(e.Step))
}

// failures names what failed where its line has scrolled away.
func (t *Text) failures() {
	if len(t.failed) == 0 || t.written-t.firstFailed <= farUp {
		return
	}
	names := t.failed[:min(len(t.failed), mostNamed)]
	text := "did not pass: " + strings.Join(names, ", ")
	if more := len(t.failed) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	t.line(t.Palette.Bad(text))
}

// finish writes the outputs, the summary and the run's id.
func (t *Text) finish(e *run.Event) {
	t.outputs(e.Outputs)
	word := words[e.Outcome]
	if e.ExitStatus != nil && *e.ExitStatus == exitInterrupted {
		word = "interrupted"
	}
	paint := t.Palette.Bad
	switch e.Outcome {
	case run.Pass:
		paint = t.Palette.Good
	case run.Warn, run.Cancelled:
		paint = t.Palette.Warn
	}
	if e.Error != "" {
		t.line(t.Palette.Bad(t.clean(e.Error)))
	}
	t.failures()
	t.notUndone(e)
	t.onlyLeft(e)
	t.leftBefore(e)
	t.leftOver()
	if passed := e.Outcome == run.Pass || e.Outcome == run.Warn; passed && e.ExitStatus != nil && *e.ExitStatus == run.ExitLeftOver {
		word, paint = word+", but "+t.left.worst(), t.Palette.Bad
	}
	text := word + ": " + Counts(e.Counts)
	if len(e.Counts) == 0 && e.Outcome == run.Cancelled {
		text = word + ": no step has ended"
	}
	if e.DurationMS != nil {
		text += " in " + Duration(milliseconds(*e.DurationMS))
	}
	text += t.target(e)
	id := "run " + e.Run
	if t.Width > 0 && term.Width(text)+len(id)+3 > t.Width {
		t.lines(paint(text), id)
		return
	}
	t.line(paint(text) + " " + t.Glyphs.Dot + " " + id)
}

// target holds the elapsed time against the runbook's mttr_target, where it has one.
func (t *Text) target(e *run.Event) string {
	if t.header == nil || t.header.MTTRTargetMS <= 0 {
		return ""
	}
	target := Duration(milliseconds(t.header.MTTRTargetMS))
	if e.DurationMS != nil && *e.DurationMS > t.header.MTTRTargetMS {
		return fmt.Sprintf(" (over the target of %s)", target)
	}
	return fmt.Sprintf(" (target %s)", target)
}

func (t *Text) outputs(all []run.OutputValue) {
	if len(all) == 0 {
		return
	}
	t.line("")
	t.line(t.Palette.Strong("outputs"))
	for _, o := range all {
		name := "  " + t.clean(o.Name)
		if o.Error != "" {
			t.line(name + ": " + t.Palette.Bad(t.clean(o.Error)))
			continue
		}
		if o.Sensitive {
			t.line(name + " = (sensitive)")
			continue
		}
		lines := t.valueLines(o.Value)
		if len(lines) == 1 {
			t.line(name + " = " + lines[0])
			continue
		}
		t.line(name + " =")
		for _, line := range lines {
			t.line("    " + line)
		}
	}
	t.line("")
}
