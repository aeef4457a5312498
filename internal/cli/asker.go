package cli

import (
	"context"
	"errors"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
	"github.com/e82355ed/runbook/internal/form"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// asker asks at the terminal what a run waits for.
type asker struct {
	seat  *form.Terminal
	stage *stage
	stop  *interruption
	by    string
	// run gives the run's id once it has begun.
	run func() string
}

// asker gives who asks at the terminal; nil: nobody can be asked here, and a run pauses where it needs somebody.
func (p *Program) asker(s *stage, seen *witness, stop *interruption) local.Asker {
	seat := p.seat()
	if seat == nil {
		return nil
	}
	return &asker{seat: seat, stage: s, stop: stop, by: p.User, run: seen.runID}
}

// Ask implements local.Asker.
func (a *asker) Ask(ctx context.Context, w run.Wait) (*run.Answer, error) {
	if !w.Question.MayAnswer(a.by) && !a.stage.program.watched() {
		a.stage.program.say("%s", nobodyAsked(w.Address, errUnwatched))
		return nil, errUnwatched
	}
	r := a.request(w)
	r.Shown = a.stage.shows(w.Address)
	answer, err := a.show(ctx, r)
	switch {
	case err == nil:
		answer.By, answer.Via = a.by, run.ViaTerminal
		return answer, nil
	case errors.Is(err, form.ErrInterrupted):
		a.stop.raise()
	case errors.Is(err, form.ErrOver):
	case ctx.Err() != nil:
		return nil, err
	default:
		a.stage.program.say("%s", nobodyAsked(w.Address, err))
		return nil, err
	}
	// The run stops, or does what follows when the time is over; either takes the question back.
	<-ctx.Done()
	return nil, ctx.Err()
}

// errUnwatched is why nobody stays at a terminal for a question that only others may answer.
var errUnwatched = errors.New("only others may answer, and nobody looks on where CI is set")

// nobodyAsked says what becomes of a question that nobody answers here.
func nobodyAsked(step string, err error) string {
	why := "is left open"
	if !errors.Is(err, form.ErrLeft) {
		why = "can't be asked about here: " + err.Error()
	}
	return term.CleanLine("step "+step+" "+why) + "; nobody is asked at this terminal any more.\n" +
		"The run does what it can without an answer, then it pauses and says how to answer."
}

// before asks before a session begins what became of something that was sent: nothing has shown the question yet, and an interrupt takes it
// back.
func (a *asker) before(w run.Wait) (*run.Answer, error) {
	a.stop.asking.Store(true)
	defer a.stop.asking.Store(false)
	ctx, cancel := context.WithCancel(a.stop.ctx)
	defer cancel()
	go func() {
		select {
		case <-a.stop.interrupt:
			cancel()
		case <-ctx.Done():
		}
	}()
	r := a.request(w)
	r.InFull = true // what is sent a second time is not taken back
	answer, err := a.show(ctx, r)
	if errors.Is(err, context.Canceled) {
		err = form.ErrInterrupted // a signal brought it, where Ctrl-C is no key
	}
	return answer, err
}

// request is what a run waits for, to be asked at the terminal.
func (a *asker) request(w run.Wait) form.Request {
	r := form.Request{Step: w.Address, For: w.For, Question: w.Question, Since: w.Since, Deadline: w.Deadline, Told: w.Told}
	if !w.Question.MayAnswer(a.by) {
		r.Elsewhere = view.AnswerCommand(a.stage.program.store, a.run(), w.Address, w.Question)
	}
	return r
}

// show gives the terminal to the question.
func (a *asker) show(ctx context.Context, r form.Request) (*run.Answer, error) {
	back := a.stage.yield(a.seat)
	defer back()
	if a.stage.program.OutPipe { // what was written before the question is to be shown before it
		select {
		case <-time.After(view.Settle):
		case <-ctx.Done():
		}
	}
	return a.seat.Ask(ctx, r)
}
