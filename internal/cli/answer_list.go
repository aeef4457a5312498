package cli

import (
	"context"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// list shows what waits for a person, and what was answered and not taken in yet.
func (o *answerOptions) list(ctx context.Context, history journal.Journal, s *story) error {
	if err := s.takeGiven(ctx, history); err != nil {
		return err
	}
	if o.JSON {
		return o.printJSON(append([]waitingStep{}, s.Waits...))
	}
	if len(s.Waits) == 0 {
		o.say("Nothing in run %s waits for a person.", s.ID)
		return nil
	}
	var lines []string
	answered := false
	for i := range s.Waits {
		w := &s.Waits[i]
		answered = answered || w.Given != nil
		if w.Given != nil {
			lines = append(lines, o.describeGiven(w)...)
			continue
		}
		lines = append(lines, o.describe(s, w, o.OutTerminal)...)
	}
	if answered {
		goesOn, _, err := o.takesIn(ctx, history, s)
		if err != nil {
			return err
		}
		lines = append(lines, goesOn)
	}
	return o.printLines(lines...)
}

// describeGiven says who answered a step that waits no more for a person, but for its run.
func (o *answerOptions) describeGiven(w *waitingStep) []string {
	text := " was answered by " + term.CleanLine(o.blank(w.Given.By)) + " at " + provider.Moment(w.Given.At)
	if !w.Question.Sensitive {
		text += ": " + term.CleanLine(o.blank(plainAnswer(w.Given.Value)))
	}
	lines := []string{o.palette(o.OutTerminal).Strong(term.CleanLine(w.Step)) + text + "; the run has not taken that in yet"}
	if w.Given.Note != "" {
		lines = append(lines, "  note: "+term.CleanLine(o.blank(w.Given.Note)))
	}
	return lines
}

// describe says what a step waits for.
func (o *answerOptions) describe(s *story, w *waitingStep, terminal bool) []string {
	look := o.viewConfig(false)
	look.Palette = o.palette(terminal)
	lines := []string{look.Palette.Strong(w.Step) + " " + view.Waiting(s.view(w), o.Now(), look)}
	for _, line := range view.Question(w.Question, look) {
		text := line.Text
		if line.Paint != nil {
			text = line.Paint(text)
		}
		lines = append(lines, "  "+text)
	}
	for _, level := range view.Levels(s.view(w), o.Now(), look) {
		lines = append(lines, "  while nobody answers, "+level)
	}
	if w.NobodyTold != nil && !w.AskedAgain {
		lines = append(lines, "  "+look.Palette.Bad(view.NobodyTold(w.NobodyTold, look)))
	}
	switch {
	case w.AskedAgain:
		return append(lines, "  "+o.askedAgain(s, w))
	case w.isOver(o.Now()):
		return lines // the command would be refused
	}
	return append(lines, "  "+view.AnswerCommand(o.store, s.ID, w.Step, w.Question))
}

// complete completes the steps that wait, and values that are known.
func (o *answerOptions) complete(ctx context.Context, args []string) []string {
	history, err := o.openHistory(ctx, o.Store, journal.ReadOnly)
	if err != nil || history == nil {
		return nil
	}
	defer history.Close() //nolint:errcheck // a completion has nobody to tell
	s, err := readStory(ctx, history, args[0])
	if err != nil {
		return nil
	}
	var names []string
	for _, w := range s.Waits {
		switch {
		case len(args) == 1:
			names = append(names, w.Step+"\t"+w.Question.Prompt)
		case len(args) == 2 && w.Step == args[1]:
			return values(w.Question)
		}
	}
	return names
}

// values are the answers to a question that can be listed.
func values(q *run.Question) []string {
	switch q.Kind {
	case run.AskApproval, run.AskConfirm:
		return []string{"yes", "no"}
	case run.AskChecklist:
		return []string{"all", "none"}
	}
	return q.Choices
}
