package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// runsAnother is the action of a step that runs another runbook.
const runsAnother = "runbook"

// nested writes the address of a step of a runbook that another's step runs, further in for each level.
func nested(address string) string {
	depth := 0
	for _, rest := run.SplitAddress(address); rest != ""; _, rest = run.SplitAddress(rest) {
		depth++
	}
	return strings.Repeat("  ", depth) + address
}

// name is how the step of an event is called in its line.
func (t *Text) name(e *run.Event) string {
	if e.Type == run.UndoFinished || e.Type == run.StepResolved && e.Undoes != 0 {
		return "undo " + t.clean(e.Step)
	}
	return nested(t.clean(e.Step))
}

// begin opens what stands under a step that runs another runbook.
func (t *Text) begin(e *run.Event) {
	if e.Action == runsAnother {
		t.line(" " + t.Palette.Faint(t.Glyphs.Arrow) + " " + t.name(e) + t.Palette.Faint(" runs:"))
	}
}

// resumed begins another session: who goes on, what runs again, and what changed in the files meanwhile.
func (t *Text) resumed(e *run.Event) {
	t.failed = nil
	if e.Header != nil {
		t.header = e.Header
	}
	// What is shown from here on begins with the systems that it acts on.
	if !t.begun && e.Header != nil && !t.SkipHeader {
		t.lines(Header(e.Header, t.Config)...) // with an empty line at its end
	} else {
		t.line("")
	}
	text := "resumed"
	switch {
	case e.Reason == run.ReasonCancel:
		text = "cancelled"
	case e.Reason == run.ReasonSettle:
		text = "settled"
	case t.doing.byHand:
		text = "undo"
	}
	if e.Session != nil && e.Session.User != "" {
		text += " by " + t.clean(e.Session.User)
	}
	text += " at " + t.local(e.Time).Format(MomentFormat)
	for _, line := range t.wrapped("", text) {
		t.line(t.Palette.Strong(line))
	}
	if again := e.RunsAgain(); len(again) > 0 && e.Reason != run.ReasonCancel {
		t.lines(t.wrapped("  runs again: ", t.namesOf(again))...)
	}
	for _, change := range e.Changes {
		for line := range strings.SplitSeq(strings.TrimRight(t.cleanLines(change), "\n"), "\n") {
			t.line("  changed: " + line)
		}
	}
	for _, text := range e.Repeats {
		t.lines(t.wrapped("  ", t.clean(text))...)
	}
	t.line("")
	clear(t.checks) // of steps that the last session did not end
	for _, step := range e.Reset {
		t.asked.forget(step)
		t.left.drop(step)
		delete(t.sent, step)
	}
	for _, step := range slices.Concat(e.Gone, e.AskedAgain) {
		t.asked.forget(step)
	}
	if !t.doing.byHand && e.Reason != run.ReasonCancel {
		for i := range t.asked.events {
			if t.given[t.asked.events[i].Step] == nil {
				t.ask(&t.asked.events[i], e.Time)
			}
		}
	}
}

// Given says that the open question of a step was answered from elsewhere, and that the run has not taken that in yet: a session
// that does is not to ask again.
func (t *Text) Given(step string, a *run.Answer) {
	if t.given == nil {
		t.given = map[string]*run.Answer{}
	}
	t.given[step] = a
}

// namesOf lists the first names and counts the rest.
func (t *Text) namesOf(all []string) string {
	shown := all[:min(len(all), mostNamed)]
	text := t.clean(strings.Join(shown, ", "))
	if more := len(all) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// wrapped lays a labelled text out over as many lines as it needs.
func (t *Text) wrapped(label, text string) []string {
	if t.Width <= 0 {
		return []string{label + text}
	}
	lines := term.Wrap(text, max(t.Width-len(label)-len(t.stampText()), 20))
	for i := range lines {
		if i == 0 {
			lines[i] = label + lines[i]
		} else {
			lines[i] = strings.Repeat(" ", len(label)) + lines[i]
		}
	}
	return lines
}

// paused ends a session that only people can let go on: what waits, and how to go on.
func (t *Text) paused(e *run.Event) {
	text := "paused: " + Counts(e.Counts)
	if len(e.Counts) == 0 {
		text = "paused"
	}
	if t.header != nil && t.header.MTTRTargetMS > 0 && !t.started.IsZero() {
		text += fmt.Sprintf(" after %s, target %s", Duration(e.Time.Sub(t.started)), Duration(milliseconds(t.header.MTTRTargetMS)))
	}
	t.line("")
	t.line(t.Palette.Warn(text) + " " + t.Glyphs.Dot + " run " + e.Run)
	slices.SortStableFunc(t.asked.events, func(a, b run.Event) int { return e.InOrder(a.Step, b.Step) })
	for i := range t.asked.events {
		w := &t.asked.events[i]
		again := slices.Contains(e.AskedAgain, w.Step)
		if a := t.given[w.Step]; a != nil && !again {
			t.lines(t.wrapped("  ", t.answerWaits(w, a))...)
			continue
		}
		waits := t.asked.wait(w)
		if waits.Resting = true; again {
			waits = waits.Anew()
		}
		t.lines(t.wrapped("  ", t.clean(w.Step)+" "+Waiting(waits, e.Time, t.Config))...)
		if nobody := t.asked.nobodyTold(w.Step); nobody != nil && !again {
			for _, line := range t.wrapped("    ", NobodyTold(nobody, t.Config)) {
				t.line(t.Palette.Bad(line))
			}
		}
		switch {
		case again:
			t.lines(t.wrapped("    ", AskedAgain)...)
			if command := ResumeWithAnswer(t.Store, e.Run, t.clean(w.Step), w.Question); command != "" {
				t.line("    " + command)
			}
			continue
		case waits.isOver(e.Time):
			continue // the command would be refused
		}
		if only := OnlyThese(w.Question, t.Config); only != "" {
			t.lines(t.wrapped("    ", only)...)
		}
		t.line("    " + AnswerCommand(t.Store, e.Run, t.clean(w.Step), w.Question))
	}
	if len(t.asked.events) == 0 && e.Reason != "" {
		t.line("  " + t.clean(e.Reason))
	}
	t.leftBefore(e)
	t.notUndone(e)
	t.leftOver()
	t.lines(append(t.afterPause(e, t.doing), t.resumeWith(e.Run, t.doing))...)
}

// answerWaits says how a step was answered that the run has not taken in.
func (t *Text) answerWaits(w *run.Event, a *run.Answer) string {
	e := &run.Event{Answer: a}
	if a.At != nil {
		e.Time = *a.At
	}
	given := t.blanked(e)
	return t.clean(w.Step) + ": " + t.who(t.said(w.Question, given.Answer.Value), given) + "; it counts when the run goes on"
}

// BrokenOff ends a run whose events end without an end, as the program that ran it is gone: what is left to look at, and how to go on.
func (t *Text) BrokenOff(id string, left []run.Left) {
	t.sent = nil
	for _, l := range left {
		text := t.clean(l.Step)
		key, kind := l.Step, inDoubt
		if l.What != run.LeftInDoubt {
			text, key, kind = "undo of "+text, undoKeyOf(l.Step)+strconv.FormatInt(l.Undoes, 10), undoInDoubt
		}
		if l.What == run.LeftUndoFailed {
			continue // it was told
		}
		if l.SentAt != nil {
			text += ", " + t.clean(l.Action) + ", was sent at " + t.local(*l.SentAt).Format(MomentFormat)
		}
		t.left.put(kind, key, text+": nobody knows whether it took place")
	}
	t.leftOver()
	t.asked.brokenOff()
	for i := range t.asked.events {
		step := t.asked.events[i].Step
		if nobody := t.asked.nobodyTold(step); nobody != nil {
			for _, line := range t.wrapped("", t.clean(step)+" waits: "+NobodyTold(nobody, t.Config)) {
				t.line(t.Palette.Bad(line))
			}
		}
	}
	for i := range t.asked.events {
		w := &t.asked.events[i]
		if a := t.given[w.Step]; a != nil {
			t.lines(t.wrapped("", t.answerWaits(w, a))...)
		}
	}
	t.line(t.Palette.Warn("interrupted: the program that ran it is gone") + " " + t.Glyphs.Dot + " run " + id)
	t.lines(t.afterBreak(id, t.doing)...)
	t.flush()
}
