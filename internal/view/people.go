package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// personLine writes a line about a step that a person is concerned with.
func (t *Text) personLine(step, text string, paint func(string) string) {
	t.see(step)
	t.markedLine(nested(t.clean(step)), text, paint)
}

// markedLine writes text beside a name, wrapped to the terminal.
func (t *Text) markedLine(name, text string, paint func(string) string) {
	name = term.Pad(name, t.names)
	first, rest := text, []string(nil)
	if room := t.width() - term.Width(name) - 4 - len(t.stampText()); t.Width > 0 && term.Width(text) > room {
		if room < minFact {
			t.line(" " + paint(t.Glyphs.Asks) + " " + strings.TrimRight(name, " "))
			t.bar(text)
			return
		}
		lines := term.Wrap(text, room)
		first, rest = lines[0], lines[1:]
	}
	t.line(" " + paint(t.Glyphs.Asks) + " " + name + " " + first)
	if len(rest) > 0 {
		t.bar(strings.Join(rest, " "))
	}
}

// waiting says what a person is asked. Other waits are shown while they last, and leave no line.
func (t *Text) waiting(e *run.Event) {
	if e.Question == nil {
		return
	}
	t.asked.put(e)
	t.ask(e, e.Time)
}

// ask writes a question in full, as it stands at a moment.
func (t *Text) ask(e *run.Event, at time.Time) {
	w := t.asked.wait(e)
	text := Waiting(w, at, t.Config)
	if t.header != nil && t.header.MTTRTargetMS > 0 {
		text += fmt.Sprintf(" %s %s into the run, target %s", t.Glyphs.Dot, Duration(at.Sub(t.started)), Duration(milliseconds(t.header.MTTRTargetMS)))
	}
	t.personLine(e.Step, text, t.Palette.Warn)
	for _, line := range Question(e.Question, t.Config) {
		t.barWith(line.Text, line.painted)
	}
	for _, level := range Levels(w, at, t.Config) {
		t.bar("while nobody answers, " + level)
	}
	if nobody := t.asked.nobodyTold(e.Step); nobody != nil {
		t.bar(t.Palette.Bad(NobodyTold(nobody, t.Config)))
	}
	if !w.isOver(at) { // the command would be refused
		t.bar("  " + AnswerCommand(t.Store, e.Run, t.clean(e.Step), e.Question))
	}
	t.above.ask(e.Step, t.written)
}

// AnswerCommand is the command that answers a question from another shell, on the history that --store named. A sensitive value is no
// argument of it.
func AnswerCommand(store, runID, step string, q *run.Question) string {
	text := "answer " + runID + " " + run.Quote(step)
	if value := valueOf(q); value != "" {
		text += " " + value
	}
	return Command(store, text)
}

// valueOf stands for the value of an answer in a command; empty: a sensitive one stands in none.
func valueOf(q *run.Question) string {
	switch {
	case q.Kind == run.AskApproval || q.Kind == run.AskConfirm:
		return "yes|no"
	case q.Kind == run.AskChecklist:
		return "all|ITEM,..."
	case q.Sensitive:
		return ""
	}
	return "VALUE"
}

// AskedAgain says of an open question that no answer counts yet.
const AskedAgain = "is asked again, as what comes before it, or a part of it, runs again first: no answer counts until then"

// ResumeWithAnswer is the command that goes on with a run and answers a question of it beforehand; empty: it takes no such answer.
func ResumeWithAnswer(store, runID, step string, q *run.Question) string {
	value := valueOf(q)
	if value == "" || q.Kind == run.AskApproval {
		return ""
	}
	return Command(store, "resume "+runID+" --answer "+run.Quote(step+"="+value))
}

// vias say how an answer came in.
var vias = map[string]string{
	run.ViaTerminal: "at the terminal", run.ViaCommand: "with runbook answer", run.ViaFlag: "beforehand, with --answer",
	run.ViaTimeout: "because the time was over", run.ViaApprove: "with --auto-approve",
}

func (t *Text) answered(e *run.Event) {
	question := t.asked.take(e.Step)
	delete(t.given, e.Step)
	if e.Answer == nil {
		return
	}
	var q *run.Question
	if question != nil {
		q = question.Question
	}
	t.personLine(e.Step, t.who(t.said(q, e.Answer.Value), e), t.Palette.Faint)
	for _, line := range t.besides(q, e.Answer) {
		t.bar(line)
	}
}

// Answered says in words what an answer says, of whom and how it came, and below it what was noted with it; the question is nil where it is
// not known any more.
func Answered(q *run.Question, e *run.Event, c Config) (text string, notes []string) {
	return c.who(c.said(q, e.Answer.Value), e), c.besides(q, e.Answer)
}

// besides are the lines about an answer beside its value: what was left undone of a checklist, and notes.
func (c *Config) besides(q *run.Question, a *run.Answer) []string {
	var lines []string
	if q != nil && q.Kind == run.AskChecklist {
		lines = c.notDone(q, a)
	}
	if a.Note != "" {
		lines = append(lines, "note: "+c.cleanLines(a.Note))
	}
	for _, item := range slices.Sorted(maps.Keys(a.Notes)) {
		lines = append(lines, c.clean(item)+": "+c.cleanLines(a.Notes[item]))
	}
	return lines
}

// who adds to what was said by whom it was, when and how.
func (c *Config) who(text string, e *run.Event) string {
	a := e.Answer
	if a.By != "" && a.Via != run.ViaTimeout {
		text += " by " + c.clean(a.By)
	}
	text += " at " + c.local(a.GivenAt(e.Time)).Format(MomentFormat)
	if via := firstOf(vias[a.Via], c.clean(a.Via)); via != "" {
		text += ", " + via
	}
	return text
}

// refused says that an answer does not count. The question, where its time is not over, stays.
func (t *Text) refused(e *run.Event) {
	delete(t.given, e.Step)
	if e.Answer == nil {
		return
	}
	text := "an answer does not count"
	if e.Error != "" {
		text += ", as " + t.clean(e.Error)
	}
	t.personLine(e.Step, text, t.Palette.Warn)
	var q *run.Question
	if i := slices.IndexFunc(t.asked.events, func(asked run.Event) bool { return asked.Step == e.Step }); i >= 0 {
		if q = t.asked.events[i].Question; q != nil && q.Digest != e.Answer.Digest {
			q = &run.Question{Kind: q.Kind} // it was given to another, of other items
		}
	}
	t.bar(t.who(t.said(q, e.Answer.Value), e))
	if e.Answer.Note != "" {
		t.bar("note: " + t.cleanLines(e.Answer.Note))
	}
}

// said puts an answer in words; the question is nil where it is not known any more.
func (c *Config) said(q *run.Question, value json.RawMessage) string {
	var yes bool
	var items []string
	switch {
	case json.Unmarshal(value, &yes) == nil && string(value) != "null" && (q == nil || q.Kind != run.AskInput):
		approval := q != nil && q.Kind == run.AskApproval
		switch {
		case approval && yes:
			return "approved"
		case approval:
			return "denied"
		case yes:
			return "answered yes"
		}
		return "answered no"
	case json.Unmarshal(value, &items) == nil && string(value) != "null":
		if q != nil && q.Items != nil {
			return fmt.Sprintf("%d of %d done, said", len(items), len(q.Items))
		}
		return fmt.Sprintf("%d done, said", len(items))
	}
	return "answered " + c.clean(string(value))
}

// notDone lists the items that were left unchecked.
func (c *Config) notDone(q *run.Question, a *run.Answer) []string {
	var done, lines []string
	if json.Unmarshal(a.Value, &done) != nil {
		return nil
	}
	for _, item := range q.Items {
		if !slices.Contains(done, item) {
			lines = append(lines, "not done: "+c.clean(item))
		}
	}
	return lines
}

func (t *Text) escalated(e *run.Event) {
	if e.Level == nil {
		return
	}
	t.asked.tell(e.Step, e.Level.Number)
	t.asked.notified(e)
	t.personLine(e.Step, fmt.Sprintf("nobody answered: level %d, %s", e.Level.Number, t.clean(e.Level.Contact)), t.Palette.Warn)
	if e.Level.Brief != "" {
		t.bar(t.cleanLines(e.Level.Brief))
	}
}

// notifies says that a contact is told as a later one could not be: until its end is known, that may take a while.
func (t *Text) notifies(e *run.Event) {
	if e.Level == nil || len(e.InsteadOf) == 0 {
		return
	}
	numbers := make([]string, len(e.InsteadOf))
	for i, number := range e.InsteadOf {
		numbers[i] = fmt.Sprintf("level %d", number)
	}
	t.personLine(e.Step, fmt.Sprintf("level %d, %s, is notified instead of %s", e.Level.Number, t.clean(e.Level.Contact), strings.Join(numbers, " and ")), t.Palette.Warn)
}

// notified says whom a level told, or why it did not.
func (t *Text) notified(e *run.Event) {
	if e.Level == nil {
		return
	}
	t.asked.notified(e)
	who := fmt.Sprintf("level %d, %s", e.Level.Number, t.clean(e.Level.Contact))
	switch {
	case e.Outcome == run.Pass:
		t.personLine(e.Step, who+", was notified: "+t.clean(firstOf(e.Summary, e.Action)), t.Palette.Faint)
	case e.Outcome == run.Skipped:
		t.personLine(e.Step, who+", was not notified: "+t.clean(e.Error), t.Palette.Faint)
	case e.InDoubt:
		t.personLine(e.Step, who+", was perhaps not notified: "+t.clean(e.Error), t.Palette.Warn)
	default:
		t.personLine(e.Step, who+", could not be notified: "+t.clean(e.Error), t.Palette.Warn)
	}
	if e.Detail != "" {
		t.barWith(indent(t.cleanLines(e.Detail), "  "), t.Palette.Faint)
	}
	for _, warning := range e.Warnings {
		t.bar(t.Palette.Warn("warning: ") + t.clean(warning))
	}
	if e.NobodyTold != nil {
		t.bar(t.Palette.Bad(NobodyTold(e.NobodyTold, t.Config)))
	}
}

func (t *Text) resolved(e *run.Event) {
	r := e.Resolution
	if r == nil {
		return
	}
	text := "in doubt: counts as done"
	switch {
	case r.Failed && r.Decision == run.DecisionRedo:
		text = "failed before: is sent again"
	case r.Failed:
		text = "counts as done by hand"
	case r.Decision == run.DecisionRedo && (r.StepGone || r.InstanceGone || t.doing.byHand == (e.Undoes == 0)): // a run that goes on sends an undo where it falls due, and one that is taken back no write
		text = "in doubt: counts as not done"
	case r.Decision == run.DecisionRedo:
		text = "in doubt: is sent again"
	}
	switch {
	case r.How == run.HowDeclared:
		text += " as it was, as its author allows"
	case r.How == run.HowInquired:
		text += ", as the system told"
	case r.Who != "" && r.How == "flag":
		text += ", decided by " + t.clean(r.Who) + " with --in-doubt"
	case r.Who != "":
		text += ", decided by " + t.clean(r.Who)
	}
	// It has its turn again where it is due, or its end follows. Until it is sent, what it did before is left to look at.
	switch unseen := r.Decision == run.DecisionRedo && (r.How == run.HowDeclared || t.left.partly(undoKey(e))); {
	case unseen:
	case e.Undoes != 0:
		t.left.drop(undoKey(e))
	default:
		t.left.drop(e.Step)
	}
	t.markedLine(t.name(e), text, t.Palette.Warn)
	if r.Why != "" {
		t.bar(t.cleanLines(r.Why))
	}
}
