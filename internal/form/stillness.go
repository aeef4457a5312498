package form

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/muesli/cancelreader"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

// A question that takes the place of another under somebody's fingers, and an approval in any case, takes nothing that is typed before
// no key was pressed for a moment: it was meant for something else.
const (
	moment = time.Second
	// glance is how often it is looked whether the moment is over.
	glance = 100 * time.Millisecond
)

// stillness is the wait for a keyboard on which no key is pressed.
type stillness struct {
	now func() time.Time
	// since is when a key was pressed last, or the question came; pressed says that one was.
	since   time.Time
	pressed bool
	// gone is the step whose question went away without a key of whoever sits here; empty: none did.
	gone string
}

// stillness is what a question waits for first; nil: nothing.
func (t *Terminal) stillness(r Request) *stillness {
	if r.Elsewhere != "" || t.gone == "" && r.Question.Kind != run.AskApproval {
		return nil
	}
	return &stillness{now: t.Now, since: t.Now(), gone: t.gone}
}

// press takes in a key, which does nothing else.
func (s *stillness) press() { s.since, s.pressed = s.now(), true }

func (s *stillness) over() bool { return s.now().Sub(s.since) >= moment }

// lines are what stands there in place of a field.
func (s *stillness) lines() []string {
	var lines []string
	if s.gone != "" {
		lines = append(lines, "Step "+term.CleanLine(s.gone)+" needs no answer here any more. This is another question.")
	}
	if s.pressed {
		return append(lines, thrownAway)
	}
	return append(lines, "Press nothing for a moment, then answer.")
}

const thrownAway = "What was typed is thrown away: press nothing for a moment, then answer."

// endOfInput is Ctrl-D where a terminal passes on each key.
const endOfInput = 4

// settle waits line by line until no key is pressed: half a line that was typed for another question is no part of the next one.
func (l *lines) settle(ctx context.Context) error {
	s := l.t.stillness(l.r)
	if s == nil {
		return nil
	}
	for _, line := range s.lines() {
		if err := l.sayAfter("", line); err != nil {
			return err
		}
	}
	back, err := keyByKey(l.t.In)
	if err != nil {
		return err
	}
	in, err := cancelreader.NewReader(l.t.In)
	if err != nil {
		return errors.Join(err, back())
	}
	keys := make(chan keysRead)
	ctx, cancel := context.WithCancel(ctx)
	go readKeys(ctx, in, keys)
	err = l.still(ctx, s, keys)
	cancel()
	if in.Cancel() {
		for range keys { // until the reader is done with the terminal
		}
	}
	// What came in the last instant counts no more than what came before.
	discardTyped(l.t.In)
	return errors.Join(err, in.Close(), back())
}

// keysRead is what was typed, or why nothing can be read.
type keysRead struct {
	left bool
	err  error
}

// readKeys passes on that keys were pressed.
func readKeys(ctx context.Context, in cancelreader.CancelReader, keys chan<- keysRead) {
	defer close(keys)
	chunk := make([]byte, 1024)
	for {
		n, err := in.Read(chunk)
		select {
		case keys <- keysRead{bytes.IndexByte(chunk[:n], endOfInput) >= 0, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// still waits until the moment is over.
func (l *lines) still(ctx context.Context, s *stillness, keys <-chan keysRead) error {
	looks := time.NewTicker(glance)
	defer looks.Stop()
	for !s.over() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-looks.C:
		case read := <-keys:
			if read.err != nil || read.left {
				return ErrLeft
			}
			told := s.pressed
			if s.press(); told {
				continue
			}
			if err := l.sayAfter("", thrownAway); err != nil {
				return err
			}
		}
	}
	return nil
}
