package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// outcomes are the outcomes with their word and their sign.
var outcomes = map[run.Outcome]struct{ word, sign string }{
	run.Pass: {"passed", "✓"}, run.Warn: {"warned", "!"}, run.Fail: {"failed", "✗"}, run.Error: {"erred", "✗"},
	run.Skipped: {"skipped", "-"}, run.Blocked: {"blocked", "⊘"}, run.Cancelled: {"cancelled", "■"},
}

// word says how a step, or an undo, ended, or where it stands.
func (d *Did) word() string {
	switch o := outcomes[d.Outcome]; {
	case d.doubt:
		return "in doubt"
	case o.word != "":
		return o.word
	case d.Outcome != "":
		return string(d.Outcome)
	case d.waits:
		return "waits"
	case d.NotKept != "":
		return "not kept"
	case d.UnderWay:
		return "under way"
	}
	return "not begun"
}

// inShort is the first line of a text, and says that there are more.
func inShort(text string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.TrimSpace(rest) != "" {
		first += " …"
	}
	return first
}

func (d *Did) sign() string {
	if d.doubt {
		return outcomes[run.Error].sign
	}
	if o := outcomes[d.Outcome]; o.sign != "" {
		return o.sign
	}
	return "…"
}

// good reports whether nobody needs to look at it.
func (d *Did) good() bool {
	return (d.Outcome == run.Pass || d.Outcome == run.Skipped) && !d.InDoubt
}

// ran reports whether it took time.
func (d *Did) ran() bool { return d.StartedAt != nil && d.EndedAt != nil }

// took is how long it took; empty: it did not run.
func (d *Did) took() string {
	if !d.ran() {
		return ""
	}
	return duration(d.DurationMS)
}

func duration(ms float64) string { return view.Duration(time.Duration(ms * float64(time.Millisecond))) }

// word says where a step stands, also one that waits.
func (s *Step) word() string {
	switch q := s.open(); {
	case s.Outcome != "":
		return s.Did.word()
	case q != nil && q.Pending:
		return "answered, and not gone on"
	case q != nil:
		return "waits"
	}
	return s.Did.word()
}

// open is the question that waits for an answer; nil: none does.
func (s *Step) open() *Asked {
	for _, q := range s.Asked {
		if q.Open {
			return q
		}
	}
	return nil
}

// line is what matters most of a step, on one line.
func (s *Step) line() string {
	text := inShort(s.fact)
	if q := s.open(); s.Outcome == "" && q != nil {
		text = q.waits()
	}
	if s.Undone {
		text += " (undone)"
	}
	if s.Gone {
		text += " (no longer in the runbook)"
	}
	return s.besides(text)
}

// line is what matters most of an undo, on one line.
func (u *Undo) line() string {
	return u.besides(inShort(u.fact))
}

// before tells how a step came to its end: what it did before it ran again, attempts that erred, and what became of a doubt.
func (s *Step) before() []string {
	var lines []string
	for _, e := range s.Earlier {
		text := fmt.Sprintf("before it ran again, at %s: %s", moment(e.EndedAt), outcomes[e.Outcome].word)
		if e.Undone {
			text += ", and undone"
		}
		lines = append(lines, withReason(text, orElse(e.Summary, e.Error)))
	}
	for _, e := range s.Retries {
		lines = append(lines, withReason(fmt.Sprintf("attempt %d erred", e.Attempt), e.Error))
	}
	return append(lines, s.settled()...)
}

// settled tells what became of what was in doubt.
func (d *Did) settled() []string {
	var lines []string
	for _, e := range d.Resolved {
		text := "in doubt, and counts as done"
		if e.Decision == run.DecisionRedo {
			text = "in doubt, and counts as not done"
		}
		if e.Who != "" {
			text += ", said " + term.CleanLine(e.Who)
		}
		lines = append(lines, withReason(text+" at "+moment(e.At), e.Why))
	}
	return lines
}

func withReason(text, why string) string {
	if why == "" {
		return text
	}
	return text + ": " + term.CleanLine(why)
}

// besides adds to a fact what stands in its line with it.
func (d *Did) besides(text string) string {
	if d.Attempts > 1 {
		text += fmt.Sprintf(" (%d attempts)", d.Attempts)
	}
	if d.Tolerated != "" {
		text += fmt.Sprintf(" (%s, tolerated)", d.Tolerated)
	}
	return strings.TrimSpace(text)
}

// waits says what a question waits for.
func (q *Asked) waits() string {
	text := view.Waiting(view.Wait{For: q.For, Question: q.Question, Since: q.At, Deadline: q.Deadline, Resting: true}, q.At, view.Config{Zone: time.UTC})
	if prompt, _, _ := strings.Cut(term.Clean(q.Question.Prompt), "\n"); prompt != "" {
		text += ": " + prompt
	}
	switch {
	case q.Again:
		text += " (it " + view.AskedAgain + ")"
	case q.Pending:
		text += " (" + q.said + "; it counts when the run goes on)"
	}
	return text
}

// stands says where the run stands, in one line.
func (r *Run) stands() string {
	counts := view.Counts(r.Counts)
	if len(r.Counts) == 0 {
		counts = "no step has ended"
	}
	text := r.stateWord() + ": " + counts
	if r.DurationMS > 0 && r.State != Running && r.State != BrokenOff { // how long it takes is not known yet, or any more
		text += " in " + duration(r.DurationMS)
	}
	if r.MTTRTargetMS > 0 {
		text += fmt.Sprintf(" (target %s)", duration(r.MTTRTargetMS))
	}
	return text
}

// stateWord is the state and the outcome in few words.
func (r *Run) stateWord() string {
	switch r.State {
	case Paused:
		return "paused"
	case Interrupted:
		return "interrupted"
	case BrokenOff:
		return "broken off"
	case Running:
		return "still running"
	}
	text := map[run.Outcome]string{run.Pass: "passed", run.Warn: "passed with warnings", run.Cancelled: "cancelled"}[r.Outcome]
	if text == "" {
		text = "failed"
	}
	if r.ExitStatus != nil && *r.ExitStatus == run.ExitLeftOver && r.passed() {
		text += ", but something is left to look at"
	}
	return text
}

func (r *Run) passed() bool { return r.Outcome == run.Pass || r.Outcome == run.Warn }

// next says what a run needs that has not simply ended; empty: nothing.
func (r *Run) next() string {
	var stands []string
	switch r.State {
	case Paused:
		stands = []string{"It waits for a person, and goes on with: " + r.command("resume")}
	case Running:
		return "It has not ended: a process runs it. It is followed with: " + r.command("watch")
	case Interrupted:
		stands = []string{"The program that ran it was gone before its end, or could not keep its history"} // and nothing but undos ran since
		if r.Reason != "" {
			stands = []string{"It was stopped before its end (" + r.Reason + ")"}
		}
	case BrokenOff:
		stands = []string{"It has no end: the program that ran it is gone, or could not keep its history"}
	}
	return strings.Join(append(stands, r.ways...), "; ")
}

// command is one about the run for people to type.
func (r *Run) command(name string) string { return view.Command(r.store, name+" "+r.Run) }

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// leftLines are what a person must look at.
func (r *Run) leftLines() []string {
	var lines []string
	for _, l := range r.Left {
		step := term.CleanLine(l.Step)
		switch {
		case l.What == run.LeftInDoubt:
			lines = append(lines, step+": nobody knows whether it took place")
		case l.What == run.LeftUndoInDoubt:
			lines = append(lines, "undo of "+step+": nobody knows whether it took place")
		case l.Partial:
			lines = append(lines, "undo of "+step+": a part of it took place")
		default:
			lines = append(lines, "undo of "+step+": it failed")
		}
	}
	for _, step := range r.NotUndone {
		lines = append(lines, "undo of "+term.CleanLine(step)+": it did not run")
	}
	return lines
}

// sign is that of how the run stands.
func (r *Run) sign() string {
	if r.State != Ended {
		return "…"
	}
	if o := outcomes[r.Outcome]; o.sign != "" && (r.ExitStatus == nil || *r.ExitStatus != run.ExitLeftOver) {
		return o.sign
	}
	return outcomes[run.Fail].sign
}

// prompt is what was asked, on one line.
func (q *Asked) prompt() string {
	if q.Question == nil {
		return ""
	}
	text, _, _ := strings.Cut(term.Clean(q.Question.Prompt), "\n")
	return orElse(text, string(q.Question.Kind))
}

// came tells what followed on a question: who was called, what did not count, and the answer.
func (q *Asked) came() []string {
	var lines []string
	for _, t := range q.Told {
		who := fmt.Sprintf("level %d, %s, ", t.Level.Number, term.CleanLine(t.Level.Contact))
		switch {
		case t.Outcome == "":
			lines = append(lines, who+"fell due at "+moment(t.At))
		case t.Outcome == run.Pass:
			lines = append(lines, withReason(who+"was told", t.Summary))
		case t.InDoubt:
			lines = append(lines, withReason(who+"was perhaps told", t.Error))
		default:
			lines = append(lines, withReason(who+"was not told", t.Error))
		}
	}
	for _, f := range q.Refused {
		lines = append(lines, withReason("does not count: "+f.said, f.Error))
	}
	switch {
	case q.Answer == nil && q.Open:
		lines = append(lines, "nobody has answered")
	case q.Answer == nil:
		lines = append(lines, "nobody answered")
	case q.Pending:
		lines = append(lines, q.said+"; it counts when the run goes on")
	default:
		lines = append(append(lines, q.said), q.notes...)
	}
	return lines
}

// word says what a session did.
func (s *Session) word() string { return orElse(whatWords[s.What], s.What) }

// end says how a session ended.
func (s *Session) end() string {
	text := map[State]string{Paused: "paused", Interrupted: "interrupted", BrokenOff: "broken off", Running: "goes on"}[s.State]
	text = orElse(text, "ended")
	if s.Reason != "" {
		text += ": " + s.Reason
	}
	return text
}

// word says how a check ended.
func (c *Check) word() string {
	words := map[run.Outcome]string{run.Pass: "✓ holds", run.Warn: "! warns", run.Fail: "✗ does not hold", run.Error: "✗ erred"}
	return orElse(words[c.Outcome], string(c.Outcome))
}

// moment writes a time for people, in UTC: a report is read anywhere.
func moment(at time.Time) string { return at.UTC().Format(view.MomentFormat) }

// whatWords say what a session did.
var whatWords = map[string]string{
	"apply": "began", "resume": "went on", "undo": "undid", "cancel": "ended the run", "settle": "settled what was in doubt",
}

// title is the runbook's name, with its title where it has one.
func (r *Run) title() string {
	text := term.CleanLine(r.Runbook)
	if r.Title != "" {
		text += " · " + term.CleanLine(r.Title)
	}
	return orElse(text, "run "+r.Run)
}

// facts are what is said about the run as a whole, a name and a value each.
func (r *Run) facts() [][2]string {
	h := r.Header
	rows := [][2]string{
		{"run", r.Run}, {"file", h.File}, {"environment", h.Environment}, {"lock", h.Lock}, {"run by", h.User},
		{"started", moment(r.StartedAt)}, {"until", moment(r.EndedAt)},
	}
	for _, t := range h.Targets {
		rows = append(rows, [2]string{t.Provider, t.Target})
	}
	if h.ReadOnly {
		rows = append(rows, [2]string{"read-only", "yes"})
	}
	if r.ExitStatus != nil {
		rows = append(rows, [2]string{"exit status", fmt.Sprint(*r.ExitStatus)})
	}
	var out [][2]string
	for _, row := range rows {
		if row[1] != "" {
			out = append(out, [2]string{row[0], term.CleanLine(row[1])})
		}
	}
	return out
}
