package cli

import (
	"context"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// list shows what waits for a person.
func (o *answerOptions) list(s *story) error {
	if o.JSON {
		return o.printJSON(append([]waitingStep{}, s.Waits...))
	}
	if len(s.Waits) == 0 {
		o.say("Nothing in run %s waits for a person.", s.ID)
		return nil
	}
	var lines []string
	for i := range s.Waits {
		lines = append(lines, o.describe(s, &s.Waits[i], o.OutTerminal)...)
	}
	return o.printLines(lines...)
}

// describe says what a step waits for.
func (o *answerOptions) describe(s *story, w *waitingStep, terminal bool) []string {
	look := o.viewConfig(false)
	look.Palette = o.palette(terminal)
	lines := []string{look.Palette.Strong(w.Step) + " " + view.Waiting(w.For, w.Question, w.Deadline, o.Now(), look)}
	for _, line := range view.Question(w.Question, look) {
		text := line.Text
		if line.Paint != nil {
			text = line.Paint(text)
		}
		lines = append(lines, "  "+text)
	}
	for _, level := range view.Levels(w.Question, w.Since, w.Deadline, 0, o.Now(), look) {
		lines = append(lines, "  "+level)
	}
	return append(lines, "  "+view.AnswerCommand(o.Store, s.ID, w.Step, w.Question))
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
