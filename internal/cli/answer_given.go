package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/view"
)

// givenAnswer is an answer that was sent to a run, which has not taken it in yet.
type givenAnswer struct {
	By    string          `json:"by"`
	At    time.Time       `json:"at"`
	Value json.RawMessage `json:"value"`
	Note  string          `json:"note,omitempty"`
	id    string
}

// answer is it as an event would tell it.
func (g *givenAnswer) answer() *run.Answer {
	return &run.Answer{Value: g.Value, By: g.By, At: &g.At, Note: g.Note, Via: run.ViaCommand}
}

// takeGiven notes with each step that waits the answer that it was given: the first that was sent in time counts.
func (s *story) takeGiven(ctx context.Context, history journal.Journal) error {
	messages, err := history.Messages(ctx, s.ID, 0)
	if err != nil {
		return err
	}
	for i := range s.Waits {
		w := &s.Waits[i]
		if w.Given = nil; w.AskedAgain {
			continue
		}
		for _, m := range messages {
			// The digest is of this asking of the question: an answer to an earlier one has another.
			if m.Kind == journal.MessageAnswer && m.Step == w.Step && m.Answer != nil && m.Answer.Digest == w.Question.Digest && !w.isOver(m.At) {
				w.Given = &givenAnswer{By: m.By, At: m.At, Value: m.Answer.Value, Note: m.Answer.Note, id: m.Answer.ID}
				break
			}
		}
	}
	return nil
}

// stillAsked looks once more whether a step waits for an answer to the question that was shown: it may have taken long to answer it.
func (o *answerOptions) stillAsked(ctx context.Context, history journal.Journal, shown *waitingStep) (*story, *waitingStep, error) {
	s, err := o.story(ctx, history)
	if err != nil {
		return nil, nil, err
	}
	w, err := o.find(ctx, history, s)
	if err == nil {
		err = o.askedOtherwise(s, w, shown.Question)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("nothing was answered: %w", err)
	}
	return s, w, nil
}

// askedOtherwise says what is different in the question of a step that waits; nil: it is the one that was shown.
func (o *answerOptions) askedOtherwise(s *story, w *waitingStep, shown *run.Question) error {
	if w.Question.Digest == shown.Digest {
		return nil
	}
	what := "is asked anew since it was shown"
	if again := w.Question.Again; again != nil && len(again.Changes) > 0 {
		what = "is asked anew, as " + again.Changed()
	}
	return fmt.Errorf("%s %s. Look at it, and answer that: %s", w.Step, what, o.command("answer "+s.ID+" "+run.Quote(w.Step)))
}

// counts reports why an answer that was sent does not count: of two who answer at the same moment, neither has seen the
// other's answer.
func (o *answerOptions) counts(ctx context.Context, history journal.Journal, s *story, w *waitingStep, id string) error {
	asked, before := *w, s.Last.Seq
	unread := func(err error) error {
		return fmt.Errorf("the answer to %s was sent, and whether it came first can't be read: %w", asked.Step, err)
	}
	if err := s.takeGiven(ctx, history); err != nil {
		return unread(err)
	}
	if i := s.waits(asked.Step); i >= 0 && s.Waits[i].Given != nil && s.Waits[i].Given.id != id {
		return o.wasGiven(ctx, history, s, &s.Waits[i])
	}
	// One that came first may have been taken in meanwhile: an answer is told of in the history before its message goes.
	if err := s.read(ctx, history, s.ID, nil); err != nil {
		return unread(err)
	}
	if why, was := s.Refused[id]; was {
		return fmt.Errorf("the answer to %s does not count: %s", asked.Step, why)
	}
	if a, was := s.Answered[asked.Step]; was && a.Seq > before {
		if a.ID == id {
			return nil
		}
		return o.doesNotWait(s)
	}
	if s.waits(asked.Step) < 0 {
		return fmt.Errorf("the answer to %s came too late: its time was over, or the run had ended", asked.Step)
	}
	return nil
}

// inTime refuses what is answered when the time is over: nothing but on_timeout counts then.
func (o *answerOptions) inTime(ctx context.Context, history journal.Journal, s *story, w *waitingStep, at time.Time) error {
	if !w.isOver(at) {
		return nil
	}
	goesOn, running, err := o.takesIn(ctx, history, s)
	if err != nil {
		return err
	}
	when := "once the run is resumed"
	if running {
		when = "now"
	}
	return fmt.Errorf("the time to answer %s was over at %s: it was not answered, and no answer counts any more. What follows %s: %s. %s",
		w.Step, provider.Moment(w.over()), when, view.Then(w.Question, o.viewConfig(false)), goesOn)
}

// wasGiven says that a step was answered, and what the run needs to take that in.
func (o *answerOptions) wasGiven(ctx context.Context, history journal.Journal, s *story, w *waitingStep) error {
	goesOn, _, err := o.takesIn(ctx, history, s)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s was answered by %s at %s, and the first answer counts. %s", w.Step, w.Given.By, provider.Moment(w.Given.At), goesOn)
}

// takesIn says who takes in what was answered, and whether that is a process that runs the run now.
func (o *answerOptions) takesIn(ctx context.Context, history journal.Journal, s *story) (text string, running bool, err error) {
	held, err := holder(ctx, history, s.ID)
	resume := o.command("resume " + s.ID)
	switch {
	case err != nil:
		return "", false, err
	case held != nil && len(s.Undoing) > 0:
		return fmt.Sprintf("Process %d on %s undoes %s now, and leaves the run paused. Then it goes on with: %s", held.Owner.PID, held.Owner.Host,
			strings.Join(s.Undoing, ", "), resume), false, nil
	case held != nil:
		return fmt.Sprintf("Process %d on %s runs the run and goes on with it.", held.Owner.PID, held.Owner.Host), true, nil
	}
	return "No process runs the run now. It goes on with: " + resume, false, nil
}

// undoneMeanwhile refuses an answer while nobody knows what it would come after.
func (o *answerOptions) undoneMeanwhile(ctx context.Context, history journal.Journal, s *story) error {
	undone := strings.Join(s.Undoing, ", ")
	held, err := holder(ctx, history, s.ID)
	if err != nil {
		return err
	}
	if held == nil {
		return fmt.Errorf("nothing was answered: an undo of %s was begun in the paused run, and the process that did it is gone. What is asked again depends on what of it took place. "+
			"Go on with the undo: %s; or with the run, which asks then what is left to be asked: %s", undone, o.command("undo "+s.ID), o.command("resume "+s.ID))
	}
	return fmt.Errorf("nothing was answered: process %d on %s undoes %s now, and a step that comes after that is asked about again. Answer once it is done", held.Owner.PID, held.Owner.Host, undone)
}

// askedAgain says that no answer to a step counts yet, and how to be asked again.
func (o *answerOptions) askedAgain(s *story, w *waitingStep) string {
	if !s.Resting { // a process is about what comes before it
		return view.AskedAgain
	}
	text := view.AskedAgain + ". Resume the run, which asks then: " + o.command("resume "+s.ID)
	if command := view.ResumeWithAnswer(o.store, s.ID, w.Step, w.Question); command != "" {
		text += "; or answer with that: " + command
	}
	return text
}
