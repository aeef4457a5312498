package form

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
	"github.com/e82355ed/runbook/internal/view"
)

// How a question can end without an answer, beside the end of the context.
var (
	// ErrInterrupted: the person pressed Ctrl-C.
	ErrInterrupted = errors.New("interrupted")
	// ErrLeft: the person left the question open, or the input came to its end.
	ErrLeft = errors.New("the question was left open")
	// ErrOver: the time for an answer is over.
	ErrOver = errors.New("the time for an answer is over")
)

// Request is one question about a step.
type Request struct {
	// Step is the step's address, For what it waits for.
	Step, For string
	Question  *run.Question
	// Since is when the wait began, Deadline when it is over; zero: never.
	Since, Deadline time.Time
	// Told is how many levels of the escalation were told; Resting says that no process runs the run.
	Told    int
	Resting bool
	// Shown says that the question stands in full right above, so that it need not be repeated.
	Shown bool
	// Elsewhere is the command by which those answer who may, where whoever sits here may not: the question is only shown, until it
	// is taken away. Empty: whoever sits here may.
	Elsewhere string
	// Apart says that the run goes on in another process, or in none: nothing that is done here stops it.
	Apart bool
	// InFull says that a choice is to be written in full, in whichever case: no beginning, number or arrow stands for what can't be taken back.
	InFull bool
}

// others says who may answer, and how, where whoever sits here may not.
func (r *Request) others(look view.Config) []string {
	return []string{view.OnlyThese(r.Question, look) + ", from a shell of their own:", "  " + r.Elsewhere}
}

// over is when the form must go; zero: never. A deadline after which others are called ends nothing.
func (r *Request) over() time.Time {
	if r.Question.OnTimeout == "escalate" {
		return time.Time{}
	}
	return r.Deadline
}

func (r *Request) wait() view.Wait {
	return view.Wait{For: r.For, Question: r.Question, Since: r.Since, Deadline: &r.Deadline, Told: r.Told, Resting: r.Resting}
}

// Terminal is where a person sits. Its fields stay as they are once the first question was asked.
type Terminal struct {
	// In should be a file, so that waiting for a key can be given up. Out is the terminal itself.
	In  io.Reader
	Out io.Writer
	// Plain asks line by line: on a terminal that can't be drawn on, or for somebody who prefers it.
	Plain bool
	// Environ tells what the terminal can do: TERM and the like.
	Environ []string
	// Look is how text looks; its Width is not used.
	Look view.Config
	// Size gives the terminal's columns and rows.
	Size func() (width, height int)
	// Now is the clock.
	Now func() time.Time

	aside aside
	// gone is the step whose question went away last without a key of whoever sits here; empty: they ended it.
	gone string
}

// Ask asks one question at a time. It gives the answer, whose By and Via are the caller's to fill in; or one of the
// errors above, the context's when it ended first, or what is wrong with the terminal.
func (t *Terminal) Ask(ctx context.Context, r Request) (answer *run.Answer, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	defer func() {
		if t.gone = ""; ctx.Err() != nil && err != nil || errors.Is(err, ErrOver) {
			t.gone = r.Step
		}
	}()
	// What was typed before the question stood there is no answer to it.
	discardTyped(t.In)
	t.aside.begin()
	defer t.aside.end(t.Out)
	if t.Plain {
		return t.askLines(ctx, r)
	}
	if !r.Shown {
		if err := t.tell(r, "\n"); err != nil {
			return nil, err
		}
	}
	return t.askForm(ctx, r)
}

// tell writes a question in full, behind a text. It stands above the form, where a terminal scrolls back, however long it is.
func (t *Terminal) tell(r Request, before string) error {
	look := t.Look
	look.Width = t.width() - 1
	var all []string
	for _, line := range view.Question(r.unfilled(), look) {
		for _, text := range term.Fold(line.Text, max(t.width()-3, 10)) {
			if line.Paint != nil {
				text = line.Paint(text)
			}
			all = append(all, " "+text)
		}
	}
	_, err := io.WriteString(t.Out, before+strings.Join(all, "\n")+"\n")
	return err
}

// Aside takes what others want to write to the terminal while a question stands there: it waits until the question is
// gone, and a form shows the end of it. After a question it is written at once.
func (t *Terminal) Aside() io.Writer { return &t.aside }

// width is how many columns a line may have.
func (t *Terminal) width() int {
	width, _ := t.Size()
	if width <= 0 {
		return 80
	}
	return width
}

// reply is an answer without who and how.
func reply(value json.RawMessage, note string, notes map[string]string) *run.Answer {
	a := &run.Answer{Value: value, Note: note}
	if len(notes) > 0 {
		a.Notes = notes
	}
	return a
}
