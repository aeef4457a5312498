package form

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
)

// stands is a clock that stands still until it is let go.
func (s *seat) stands() (letGo func()) {
	at, goes := time.Now(), atomic.Bool{}
	s.Now = func() time.Time {
		if goes.Load() {
			return time.Now()
		}
		return at
	}
	return func() { goes.Store(true) }
}

// TestKeysForAnother: what is typed for a question that went away is no answer to the one that takes its place, in whatever part it comes.
func TestKeysForAnother(t *testing.T) {
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		for ended, over := range map[string]bool{"answered elsewhere": false, "time over": true} {
			t.Run(name+" "+ended, func(t *testing.T) {
				s := newSeat(t, plain, 80)
				letGo := s.stands()
				ctx, cancel := context.WithCancel(t.Context())
				first := Request{Step: "calm", For: run.ForAnswer, Question: &confirm}
				if over {
					first.Deadline = s.Now().Add(1500 * time.Millisecond)
				}
				gone := s.asks(ctx, first)
				s.SeesNext(t, "yes or no:")
				s.Types(t, "y")
				s.SeesNext(t, "y")
				if letGo(); !over {
					cancel()
				}
				if got := wait(t, s, gone); got.answer != nil || !errors.Is(got.err, context.Canceled) && !errors.Is(got.err, ErrOver) {
					t.Fatalf("answer %v, error %v", got.answer, got.err)
				}
				cancel()
				letGo = s.stands()
				next := s.asks(t.Context(), Request{Step: "drain", For: run.ForAnswer, Question: &number})
				s.SeesNext(t, "Step calm needs no answer here any more. This is another question.")
				s.SeesNext(t, "Press nothing for a moment")
				s.Types(t, "7")
				s.SeesNext(t, "What was typed is thrown away: press nothing for a moment")
				s.Types(t, enter+"\n9")
				letGo()
				s.SeesNext(t, map[bool]string{false: "answer:", true: "return for 3"}[plain])
				s.Types(t, "5"+enter)
				if plain {
					s.SeesNext(t, "note")
					s.Types(t, enter)
				}
				checkAnswer(t, wait(t, s, next), "5", "", nil, nil)
			})
		}
	}
}

// TestApprovalTakesNothingAtOnce: an approval is given by no key that was pressed before it stood there for a moment.
func TestApprovalTakesNothingAtOnce(t *testing.T) {
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, plain, 80)
			letGo := s.stands()
			ended := s.asks(t.Context(), Request{Step: "scale", For: run.ForApproval, Question: &approval})
			s.SeesNext(t, "Press nothing for a moment")
			s.Types(t, "yes"+enter+"\n\x1b[200~yes\x1b[201~"+enter+"\n")
			s.SeesNext(t, "What was typed is thrown away")
			letGo()
			s.SeesNext(t, map[bool]string{false: "yes or no:", true: `"no" denies:`}[plain])
			s.Types(t, "no"+enter)
			if plain {
				s.SeesNext(t, "note")
				s.Types(t, enter)
			}
			checkAnswer(t, wait(t, s, ended), "false", "", nil, nil)
		})
	}
}

// TestLeaveAtOnce: what waits for the keyboard can be left, and goes away when it is answered elsewhere.
func TestLeaveAtOnce(t *testing.T) {
	for name, plain := range map[string]bool{"form": false, "lines": true} {
		t.Run(name, func(t *testing.T) {
			s := newSeat(t, plain, 80)
			s.stands()
			ended := s.asks(t.Context(), Request{Step: "scale", For: run.ForApproval, Question: &approval})
			s.SeesNext(t, "Press nothing for a moment")
			s.Types(t, "\x04")
			if got := wait(t, s, ended); !errors.Is(got.err, ErrLeft) {
				t.Errorf("answer %v, error %v", got.answer, got.err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended = s.asks(ctx, Request{Step: "scale", For: run.ForApproval, Question: &approval})
			s.SeesNext(t, "Press nothing for a moment")
			cancel()
			if got := wait(t, s, ended); !errors.Is(got.err, context.Canceled) {
				t.Errorf("answer %v, error %v", got.answer, got.err)
			}
		})
	}
}
