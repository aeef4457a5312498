package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// onlooker sits at the terminal of a run and answers nothing.
type onlooker struct {
	mu sync.Mutex
	// shown are the steps whose questions stood there; up is signalled at each.
	shown []string
	up    chan string
	// leaves is what a question ends with at once; nil: it stays until it is taken away.
	leaves error
}

func newOnlooker() *onlooker { return &onlooker{up: make(chan string, 100)} }

func (o *onlooker) Ask(ctx context.Context, w run.Wait) (*run.Answer, error) {
	o.mu.Lock()
	o.shown = append(o.shown, w.Address)
	o.mu.Unlock()
	o.up <- w.Address
	if o.leaves != nil {
		return nil, o.leaves
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// forOthers is a question that whoever sits at the terminal (test@host) may not answer.
const forOthers = `
contact "first" { name = "Ann" }
contact "second" { name = "Bob" }
escalation "oncall" {
  level {
    contact = contact.first
    after   = "50ms"
  }
  level {
    contact = contact.second
    after   = "100ms"
  }
}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  approval {
    approvers  = ["alice"]
    timeout    = "2s"
    escalation = escalation.oncall
  }
}
`

// TestAttendedRunKeepsItsTimes: a run at a terminal where nobody may answer waits for those who may, so that the levels of its
// escalation and the end of its time fall due when they do.
func TestAttendedRunKeepsItsTimes(t *testing.T) {
	t.Parallel()
	fake, o := &enginetest.Fake{}, newOnlooker()
	out := enginetest.Run(t, fake, forOthers, enginetest.Options{Asker: o})
	out.Ends(t, 1)
	if diff := cmp.Diff(map[string]run.Outcome{"change": run.Fail}, out.Outcomes()); diff != "" {
		t.Error(diff)
	}
	if got := levels(out); len(got) != 2 || len(o.shown) == 0 {
		t.Errorf("levels %q, shown %q\n%s", got, o.shown, out.Stream)
	}
	for _, e := range out.Events {
		if e.Type == run.RunPaused {
			t.Errorf("it paused\n%s", out.Stream)
		}
	}
}

// TestOthersAnswerAnAttendedRun: what nobody here may answer is shown once nothing else goes on, and goes when somebody answers.
func TestOthersAnswerAnAttendedRun(t *testing.T) {
	t.Parallel()
	o, j, release := newOnlooker(), enginetest.Store(t), make(chan struct{})
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "long" {
			return enginetest.Until(ctx, release)
		}
		return nil
	}}
	var asked sync.Once
	var digest string
	out := enginetest.Run(t, fake, `
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  approval { approvers = ["alice"] }
}
step "fake_read" "long" { id = "long" }
step "fake_ask" "own" {
  prompt     = "You?"
  depends_on = [step.long]
}
`, enginetest.Options{Asker: o, Journal: j, OnEvent: func(e run.Event) {
		if e.Type != run.StepWaiting || e.Question == nil {
			return
		}
		if e.Step == "change" {
			digest = e.Question.Digest
			close(release) // while the other step runs, nothing was shown
			return
		}
		asked.Do(func() {
			go func() {
				if got := <-o.up; got != "own" { // one's own question comes first
					t.Errorf("%s was shown first", got)
				}
				say(t, j, e.Run, "own", e.Question.Digest, "test@host")
				if got := <-o.up; got != "change" {
					t.Errorf("%s was shown then", got)
				}
				say(t, j, e.Run, "change", digest, "alice@ops")
			}()
		})
	}})
	out.Ends(t, 0)
	if diff := cmp.Diff([]string{"own", "change"}, o.shown); diff != "" || fake.Calls("change") != 1 {
		t.Errorf("changed %d times: %s\n%s", fake.Calls("change"), diff, out.Stream)
	}
}

// TestLeaveAnAttendedRun: whoever does not want to wait for the others leaves, and the run pauses.
func TestLeaveAnAttendedRun(t *testing.T) {
	t.Parallel()
	o := newOnlooker()
	o.leaves = errors.New("left")
	out := enginetest.Run(t, &enginetest.Fake{}, forOthers, enginetest.Options{Asker: o})
	out.Pauses(t)
}

// say sends a yes to a run.
func say(t *testing.T, j journal.Journal, id, step, digest, by string) {
	t.Helper()
	err := j.Send(t.Context(), id, journal.Message{
		Kind: journal.MessageAnswer, Step: step, At: time.Now(), By: by,
		Answer: &run.Answer{Value: json.RawMessage("true"), By: by, Via: run.ViaCommand, Digest: digest},
	})
	if err != nil {
		t.Error(err)
	}
}
