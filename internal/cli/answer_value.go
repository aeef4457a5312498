package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/form"
	"github.com/e82355ed/runbook/internal/view"
)

// answer takes the value from the command line or, where it is sensitive, from standard input; or asks for it.
func (o *answerOptions) answer(ctx context.Context, history journal.Journal, s *story, w *waitingStep) (*run.Answer, error) {
	switch {
	case w.Question.Sensitive && o.Value != nil:
		return nil, fmt.Errorf("the answer to %s is sensitive, and everybody on this machine can see the arguments of a process: take this value as known to others. "+
			"Leave VALUE out and type it, or pipe it: %s < FILE", w.Step, view.AnswerCommand(o.store, s.ID, w.Step, w.Question))
	case o.Value == nil && (!w.Question.Sensitive || o.InTerminal):
		return o.ask(ctx, history, s, w)
	}
	text, err := o.text(w)
	if err != nil {
		return nil, err
	}
	value, err := w.Question.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Step, err)
	}
	notes, err := o.itemNotes(w.Question)
	if err != nil {
		return nil, err
	}
	return &run.Answer{Value: value, Note: o.Note, Notes: notes}, nil
}

// longestInput bounds a value that is read from standard input, in bytes.
const longestInput = 1 << 20

// text is the value as it was written.
func (o *answerOptions) text(w *waitingStep) (string, error) {
	if o.Value != nil {
		return *o.Value, nil
	}
	text, err := io.ReadAll(io.LimitReader(o.In, longestInput+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the answer from standard input: %w", err)
	case len(text) > longestInput:
		return "", fmt.Errorf("%s: standard input holds more than %d bytes", w.Step, longestInput)
	case len(text) == 0:
		return "", fmt.Errorf("%s: standard input is empty; it is read as there is no terminal to ask on", w.Step)
	}
	return string(text), nil
}

// mayBeSealed reports why a sensitive answer can't be given here: the run could not read it. It is known before it is typed.
func (o *answerOptions) mayBeSealed(ctx context.Context, history journal.Journal, s *story, w *waitingStep) error {
	if !w.Question.Sensitive {
		return nil
	}
	probe, err := probeOf(ctx, history, s.ID, w.Question.Digest)
	switch {
	case err != nil:
		return err
	case probe == nil:
		return fmt.Errorf("the answer to %s is sensitive, and the run had no key to encrypt it with: answer it at the terminal of the run", w.Step)
	}
	_, open := o.sealing()
	if _, err := open(probe); err != nil {
		return fmt.Errorf("the answer to %s is sensitive, and must be encrypted with the key of the run, which is not here: %w; "+
			"set RUNBOOK_KEY to the key that the run has", w.Step, err)
	}
	return nil
}

// probeOf is what stands sealed beside a question: only the key of the run opens it.
func probeOf(ctx context.Context, history journal.Journal, id, digest string) ([]byte, error) {
	for e, err := range history.Events(ctx, id) {
		if err != nil {
			return nil, err
		}
		if q := e.Event.Question; q != nil && q.Digest == digest && e.Sealed != nil {
			return e.Sealed, nil
		}
	}
	return nil, nil
}

// sealed puts the value of a sensitive answer out of sight.
func (o *answerOptions) sealed(m journal.Message) (journal.Message, error) {
	seal, _ := o.sealing()
	sealed, err := seal(m.Answer.Value)
	if err != nil {
		return m, fmt.Errorf("the answer was not kept: %w", err)
	}
	answer := *m.Answer
	answer.Value, answer.Sensitive = []byte(strconv.Quote(lang.Blank)), true
	m.Answer, m.Sealed = &answer, sealed
	return m, nil
}

func (o *answerOptions) itemNotes(q *run.Question) (map[string]string, error) {
	if len(o.ItemNotes) == 0 {
		return nil, nil
	}
	if q.Kind != run.AskChecklist {
		return nil, errors.New("--item-note is for a checklist; --note goes with every answer")
	}
	notes := map[string]string{}
	for _, text := range o.ItemNotes {
		item, note, err := cutItem(q, text)
		if err != nil {
			return nil, err
		}
		notes[item] = note
	}
	return notes, nil
}

// cutItem takes "item=note" apart; an item's text may have an = of its own.
func cutItem(q *run.Question, text string) (item, note string, err error) {
	for _, item := range q.Items {
		if note, ok := strings.CutPrefix(text, item+"="); ok {
			if _, err := q.Item(item); err != nil {
				return "", "", err
			}
			return item, note, nil
		}
	}
	word, note, found := strings.Cut(text, "=")
	if i, err := q.Item(word); found && i >= 0 {
		return q.Items[i], note, err
	}
	return "", "", fmt.Errorf("--item-note %q: write ITEM=TEXT with the number or the text of an item", text)
}

// ask shows the question at the terminal. It goes away when somebody else answers.
func (o *answerOptions) ask(ctx context.Context, history journal.Journal, s *story, w *waitingStep) (*run.Answer, error) {
	seat := o.seat()
	if seat == nil {
		return nil, fmt.Errorf("VALUE is missing, and there is no terminal to ask on: write %s", view.AnswerCommand(o.store, s.ID, w.Step, w.Question))
	}
	if len(o.ItemNotes) > 0 || o.Note != "" {
		return nil, errors.New("--note and --item-note go with a VALUE; without one, the form takes notes")
	}
	o.say("%s", strings.Join(o.describe(s, w, o.ErrTerminal), "\n"))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := o.watchInterrupts(ctx)
	defer stop.release()
	stop.asking.Store(true)
	go func() {
		select {
		case <-ctx.Done():
		case <-stop.interrupt:
			cancel(form.ErrInterrupted)
		}
	}()
	go o.watchAnswer(ctx, history, *s, w, cancel)
	r := form.Request{Step: w.Step, For: w.For, Question: w.Question, Since: w.Since, Told: w.Told, Resting: s.Resting, Shown: true, Apart: true}
	if w.Deadline != nil {
		r.Deadline = *w.Deadline
	}
	answer, err := seat.Ask(ctx, r)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	switch {
	case errors.Is(err, form.ErrInterrupted) || errors.Is(err, form.ErrLeft):
		return nil, fmt.Errorf("nothing was answered: %w. The run waits as it did; to give it up: %s", err, o.command("cancel "+s.ID))
	case err != nil:
		return nil, fmt.Errorf("nothing was answered: %w", err)
	}
	return answer, nil
}

// How often another process's doings are looked at.
const lookAgain = 300 * time.Millisecond

var errAnsweredElsewhere = errors.New("the step does not wait any more: its time is over, or the run has ended")

// watchAnswer takes the question away when the step does not wait any more for an answer to what was shown.
func (o *answerOptions) watchAnswer(ctx context.Context, history journal.Journal, s story, shown *waitingStep, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(lookAgain)
	defer ticker.Stop()
	s.Waits = slices.Clone(s.Waits)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if why := o.answeredElsewhere(ctx, history, &s, shown); why != nil {
			cancel(why)
			return
		}
	}
}

// answeredElsewhere says who answered a step, that it is asked otherwise, or that it does not wait any more; nil while it does. No event
// tells of an answer while no process takes it in.
func (o *answerOptions) answeredElsewhere(ctx context.Context, history journal.Journal, s *story, shown *waitingStep) error {
	step := shown.Step
	if s.read(ctx, history, s.ID, nil) != nil || s.takeGiven(ctx, history) != nil {
		return nil //nolint:nilerr // a history that can't be read shows up when the answer is sent
	}
	answered, was := s.Answered[step]
	switch i := s.waits(step); {
	case i >= 0 && s.Waits[i].Given != nil:
		return o.wasGiven(ctx, history, s, &s.Waits[i])
	case i >= 0:
		return o.askedOtherwise(s, &s.Waits[i], shown.Question)
	case s.later(step) != nil:
		return fmt.Errorf("%s %s", step, o.askedAgain(s, s.later(step)))
	case was:
		return fmt.Errorf("%s answered %s at %s, and the first answer counts", answered.By, step, provider.Moment(answered.At))
	}
	return errAnsweredElsewhere
}
