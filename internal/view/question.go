package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// Line is a line of text that is safe for a terminal, and how it is painted once it is laid out.
type Line struct {
	Text  string
	Paint func(string) string
}

func (l Line) painted(text string) string {
	if l.Paint == nil {
		return text
	}
	return l.Paint(text)
}

// Question says in full what a person is asked: the prompt, what an approval is about, the items or what an input takes,
// and who may answer.
func Question(q *run.Question, c Config) []Line {
	q = c.question(q)
	lines := c.again(q.Again)
	if q.Prompt != "" {
		for text := range strings.SplitSeq(strings.TrimRight(c.cleanLines(q.Prompt), "\n"), "\n") {
			lines = append(lines, Line{text, c.Palette.Strong})
		}
	}
	lines = append(lines, About(q, c)...)
	if q.Kind == run.AskChecklist {
		for i, item := range q.Items {
			lines = append(lines, Line{Text: fmt.Sprintf("%s %d. %s", c.Glyphs.Open, i+1, c.clean(item))})
		}
	}
	if q.AllRequired {
		lines = append(lines, Line{Text: "all of them must be done"})
	}
	for _, text := range inputRules(q) {
		lines = append(lines, Line{Text: c.clean(text)})
	}
	if only := OnlyThese(q, c); only != "" {
		lines = append(lines, Line{Text: only})
	}
	return lines
}

// OnlyThese says who may answer; empty: anybody.
func OnlyThese(q *run.Question, c Config) string {
	if len(q.Approvers) == 0 {
		return ""
	}
	return "only " + c.clean(strings.Join(q.Approvers, ", ")) + " may answer"
}

// again says why a question is asked once more.
func (c Config) again(a *run.AskedAgain) []Line {
	if a == nil {
		return nil
	}
	by := "of " + c.clean(a.By)
	if a.By == "" {
		by = "that was given"
	}
	var lines []Line
	say := func(text string) { lines = append(lines, Line{text, c.Palette.Warn}) }
	var hidden []string
	switch a.Why {
	case run.AgainUnread:
		say("asked again: the answer " + by + " is sensitive, and can't be read back")
	case run.AgainBefore:
		say("asked again: what comes before this, or its files, is not what it was when the answer " + by + " was given")
	case run.AgainRest:
		say("asked again: a part of this took place before, and the rest did not; what is done is not repeated")
	case run.AgainNoKey:
		say("asked again: it holds something sensitive, which can't be read back without the key that it was asked with; whether it is the same can't be found out, and an answer to " +
			"what it was does not count")
	case run.AgainUnproven:
		say("asked again: the yes " + by + " was for arguments some of which are sensitive, and whether they are the same can't be found out")
	default:
		if a.Why == run.AgainChanged {
			say("asked again: what it is made of has changed since it was asked; an answer to what it was does not count")
		} else {
			say("asked again: the yes " + by + " was for something else")
		}
		for _, change := range a.Changes {
			if change.Before == change.After {
				hidden = append(hidden, c.clean(change.Path))
				continue
			}
			say("  " + c.clean(change.Path) + " was " + c.value(change.Before) + ", and is " + c.value(change.After) + " now")
		}
	}
	switch {
	case len(hidden) > 0 && len(hidden) < len(a.Changes):
		say("  what is sensitive may be another now too: " + strings.Join(hidden, ", "))
	case len(hidden) == 1:
		say("  " + hidden[0] + " is another now, and sensitive")
	case len(hidden) > 1:
		say("  of " + strings.Join(hidden, ", ") + ", which are sensitive, one at least is another now")
	}
	return lines
}

// About is what an approval is about: what would be done, to what, with what, what it would change, and what undoes it.
func About(q *run.Question, c Config) []Line {
	q = c.question(q)
	var lines []Line
	if q.Action != "" {
		effect := q.Effect
		paint := c.Palette.Warn
		if effect == "destructive" {
			paint = c.Palette.Danger
		}
		text := effect + ": " + q.Action
		if q.Target != "" {
			text += " on " + q.Target
		}
		lines = append(lines, Line{strings.TrimPrefix(c.clean(text), ": "), paint})
	}
	lines = append(lines, c.details(q.Arguments, q.Changes, q.NoChange)...)
	lines = append(lines, c.undone(q.Undo)...)
	if q.Kind == run.AskApproval && q.Writes == nil {
		for _, key := range q.Items {
			lines = append(lines, Line{Text: "  " + c.clean(key)})
		}
	}
	return append(lines, c.writes(q.Writes)...)
}

// writes are what a question is about that has several: instances, or the steps of a runbook.
func (c Config) writes(writes []run.ListedWrite) []Line {
	var lines []Line
	for i := range writes {
		w := &writes[i]
		text, paint := w.Key, (func(string) string)(nil)
		if w.Action != "" {
			text += ": " + w.Effect + ": " + w.Action
		}
		if w.Target != "" {
			text += " on " + w.Target
		}
		if w.Note != "" {
			text += ": " + w.Note
		}
		if w.Done != "" {
			text += ": " + w.Done + ", is not repeated"
		}
		if w.Effect == "destructive" {
			paint = c.Palette.Danger
		}
		lines = append(lines, Line{"  " + c.clean(text), paint})
		within := append(c.details(w.Arguments, w.Changes, w.NoChange), c.uses(w.Uses)...)
		switch undone := c.undone(w.Undo); {
		case undone != nil:
			within = append(within, indented(undone)...)
		case w.Action != "":
			within = append(within, Line{Text: "  nothing undoes it"})
		}
		lines = append(lines, indented(append(within, c.writes(w.Writes)...))...)
	}
	return lines
}

func indented(lines []Line) []Line {
	for i := range lines {
		lines[i].Text = "  " + lines[i].Text
	}
	return lines
}

// questionMargin is what stands left of an argument's lines: a bar or a form's margin, and what they stand further in.
const questionMargin = 12

// details are the arguments of a write, and what it would change.
func (c Config) details(arguments []run.ArgumentValue, changes []run.Change, same bool) []Line {
	var lines []Line
	for _, a := range arguments {
		for _, text := range c.Argument(a.Name, a.Value, "", max(c.Width-questionMargin, 0)) {
			lines = append(lines, Line{Text: "  " + text})
		}
	}
	for _, change := range changes {
		lines = append(lines, Line{Text: "  " + c.clean(change.Path) + ": " + c.value(change.Before) + " " + c.Glyphs.Arrow + " " + c.value(change.After)})
	}
	if same {
		lines = append(lines, Line{Text: "  nothing would change"})
	}
	return lines
}

// undone says what will take an approved step back, and is approved with it.
func (c Config) undone(u *run.AskedUndo) []Line {
	if u == nil {
		return nil
	}
	text := "undone by " + u.Action
	if u.On == "end" {
		text = "undone at the end of the run by " + u.Action
	}
	if u.Target != "" {
		text += " on " + u.Target
	}
	switch {
	case u.Effect == "destructive" && u.Unsure:
		text += ", which may be destructive"
	case u.Effect == "destructive":
		text += ", which is destructive"
	}
	lines := append([]Line{{Text: c.clean(text)}}, c.details(u.Arguments, nil, false)...)
	return append(lines, c.uses(u.Uses)...)
}

// uses are what arguments refer to that stand as they are written.
func (c Config) uses(used []run.ArgumentValue) []Line {
	var lines []Line
	for _, one := range used {
		for _, text := range c.Argument(one.Name, one.Value, "", max(c.Width-questionMargin, 0)) {
			lines = append(lines, Line{Text: "    where " + text})
		}
	}
	return lines
}

func (c Config) value(text string) string {
	if text == "" {
		return none
	}
	return c.clean(text)
}

// inputRules say what an input takes.
func inputRules(q *run.Question) []string {
	if q.Kind != run.AskInput {
		return nil
	}
	var rules []string
	switch {
	case len(q.Choices) > 0:
		rules = append(rules, "one of "+q.ListedChoices())
	case q.Type == "number":
		rules = append(rules, "a number")
	case q.Type == "bool":
		rules = append(rules, "true or false")
	}
	if q.Pattern != "" {
		rules = append(rules, "must match "+q.Pattern)
	}
	if q.Sensitive {
		rules = append(rules, "sensitive: it is shown nowhere")
	}
	if len(q.Default) > 0 {
		rules = append(rules, "default "+string(q.Default))
	}
	return rules
}

// MomentFormat is that of package provider, of which a view knows nothing.
const MomentFormat = "2006-01-02 15:04:05 MST"

// clockFormat is the end of MomentFormat.
const clockFormat = "15:04:05 MST"

// Clock writes a moment as it is needed beside another: without the day where it is the same.
func (c Config) Clock(at, beside time.Time) string {
	at, beside = c.local(at), c.local(beside)
	if at.Format(time.DateOnly) == beside.Format(time.DateOnly) {
		return at.Format(clockFormat)
	}
	return at.Format(MomentFormat)
}

// Wait is a step that waits for a person.
type Wait struct {
	// For is what it waits for, as in the event.
	For      string
	Question *run.Question
	// Since is when the wait began; Deadline when it is over, nil or zero: never.
	Since    time.Time
	Deadline *time.Time
	// Told is how many levels of the escalation were told.
	Told int
	// Resting says that no process runs the run: what falls due follows when it goes on.
	Resting bool
}

// Anew is the wait of a question that is asked again first: neither its time nor its levels count any more.
func (w Wait) Anew() Wait {
	q := *w.Question
	q.Levels = nil
	w.Question, w.Deadline = &q, nil
	return w
}

// isOver reports whether no answer counts any more.
func (w *Wait) isOver(at time.Time) bool {
	return w.Deadline != nil && !w.Deadline.IsZero() && w.Question.OnTimeout != "escalate" && !at.Before(*w.Deadline)
}

// Waiting says for what a step waits, how long it has, when that ends and what happens then.
func Waiting(w Wait, now time.Time, c Config) string {
	q, deadline := w.Question, w.Deadline
	text := waitsFor(w.For, q)
	if deadline == nil || deadline.IsZero() {
		return text
	}
	left := deadline.Sub(now)
	if left <= 0 {
		text += ", its time ended at " + c.Clock(*deadline, now)
	} else {
		text += fmt.Sprintf(", %s left until %s", Duration(left), c.Clock(*deadline, now))
	}
	switch then := Then(q, c); {
	case then == "" || left <= 0 && allTold(q, w.Told):
		return text
	case left > 0 && w.Resting:
		return text + "; after that, when the run goes on, " + then
	case left > 0:
		return text + ", then " + then
	default:
		return text + "; when the run goes on, " + then
	}
}

// waitsFor are the words for what a step waits for.
func waitsFor(what string, q *run.Question) string {
	switch what {
	case run.ForApproval:
		return "waits for an approval"
	case run.ForWrites:
		if q == nil {
			return "looks at what these writes would change"
		}
		return "waits for a yes to these writes"
	case run.ForPreview:
		return "looks at what it would change"
	case run.ForAnswer:
		switch {
		case q != nil && q.Kind == run.AskConfirm:
			return "waits for a yes or no"
		case q != nil && q.Kind == run.AskChecklist:
			return "waits for a checklist"
		}
		return "waits for an answer"
	case "":
		return "waits for its turn"
	}
	return "waits for " + term.CleanLine(what)
}

// allTold reports whether no level of the escalation that follows the end of the time is left.
func allTold(q *run.Question, told int) bool {
	return q.OnTimeout == "escalate" && len(q.Levels) > 0 && q.Levels[len(q.Levels)-1].Number <= told
}

// Then is what happens when the time for an answer is over.
func Then(q *run.Question, c Config) string {
	if q == nil {
		return ""
	}
	switch q = c.question(q); q.OnTimeout {
	case "escalate":
		return "the contacts of the escalation are called"
	case "default":
		if len(q.TimeoutAnswer) > 0 {
			return "the answer is " + c.clean(string(q.TimeoutAnswer))
		}
		return "the default counts"
	}
	return "it fails"
}
