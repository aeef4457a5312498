package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// tardy is a journal that takes its time, once it has an event of a type, to have it on disk.
type tardy struct {
	journal.Journal
	with  run.Type
	takes func() error
	due   atomic.Bool
	times atomic.Int64
}

func (j *tardy) Append(ctx context.Context, runID string, entries []journal.Entry) error {
	if slices.ContainsFunc(entries, func(e journal.Entry) bool { return e.Event.Type == j.with }) {
		j.due.Store(true)
	}
	return j.Journal.Append(ctx, runID, entries)
}

func (j *tardy) Sync(ctx context.Context) error {
	if j.due.Swap(false) {
		j.times.Add(1)
		if err := j.takes(); err != nil {
			return err
		}
	}
	return j.Journal.Sync(ctx)
}

const tardyChild = `
runbook "parent" {}
step "runbook" "child" {
  source  = "child.hcl"
  timeout = "1s"
}
`

// TestWaitForTheHistory: the time for which the history lets a step, an undo or the runbook of a step wait is none of theirs.
func TestWaitForTheHistory(t *testing.T) {
	t.Parallel()
	const noted = "step \"fake_noted\" \"w\" {\n  id = \"w\"\n  timeout = \"400ms\"\n}\n"
	for name, test := range map[string]struct {
		files map[string]string
		with  run.Type
		takes time.Duration
		did   []string
	}{
		"a note": {map[string]string{"parent.hcl": "runbook \"parent\" {}\nprovider \"fake\" {}\n" + noted}, run.StepNoted, 600 * time.Millisecond, []string{"w"}},
		"the start of a write without one": {
			map[string]string{"parent.hcl": "runbook \"parent\" {}\nprovider \"fake\" {}\n" + strings.Replace(noted, "fake_noted", "fake_write", 1)},
			run.StepStarted, 600 * time.Millisecond, []string{"w"},
		},
		"the note of an undo": {
			map[string]string{"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_noted" {
    id      = "back"
    on      = "end"
    timeout = "400ms"
  }
}
`}, run.StepNoted, 600 * time.Millisecond, []string{"w", "back"},
		},
		"a note in a runbook with a time": {
			map[string]string{"parent.hcl": tardyChild, "child.hcl": "runbook \"child\" {}\nprovider \"fake\" {}\n" + noted + `
step "fake_write" "then" {
  id         = "then"
  depends_on = [step.w]
}
`}, run.StepNoted, 1300 * time.Millisecond, []string{"w", "then"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := &tardy{Journal: enginetest.Store(t), with: test.with, takes: func() error {
				<-time.After(test.takes) // as a server does that falls silent
				return nil
			}}
			fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error { return ctx.Err() }}
			out := enginetest.RunFile(t, fake, files(t, test.files), enginetest.Options{Journal: j, AutoApprove: true})
			out.Ends(t, 0)
			if j.times.Load() == 0 || !slices.Equal(fake.Log(), test.did) {
				t.Errorf("the history took its time %d times, and carried out was %q", j.times.Load(), fake.Log())
			}
		})
	}
}

const tardyWrite = `
provider "fake" {}
step "fake_noted" "w" {
  id      = "w"
  timeout = "20ms"
}
`

// TestHistoryIsGivenUpUnderAStep: a step that waits for the history ends with it, and has done nothing.
func TestHistoryIsGivenUpUnderAStep(t *testing.T) {
	t.Parallel()
	j := &tardy{Journal: enginetest.Store(t), with: run.StepNoted, takes: func() error {
		<-time.After(100 * time.Millisecond)
		return errors.New("write the run history postgres://db: it does not answer")
	}}
	fake := &enginetest.Fake{}
	out := enginetest.Run(t, fake, tardyWrite, enginetest.Options{Journal: j, AutoApprove: true})
	if out.Result != nil && out.Result.ExitStatus == 0 || !strings.Contains(out.Diags.Error(), "write the run history postgres://db: it does not answer") {
		t.Errorf("it ended with %+v, %v", out.Result, out.Diags)
	}
	if log := fake.Log(); len(log) != 0 {
		t.Errorf("carried out was %q", log)
	}
}

// TestStoppedWhileTheHistoryIsWaitedFor: who stops a run at once while a write waits for the history has it not sent, also where its note is
// on disk by then. It is not in doubt.
func TestStoppedWhileTheHistoryIsWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	j := &tardy{Journal: enginetest.Store(t), with: run.StepNoted, takes: func() error {
		stop()
		return nil
	}}
	fake := &enginetest.Fake{}
	out := enginetest.Run(t, fake, strings.Replace(tardyWrite, "20ms", "1m", 1), enginetest.Options{Journal: j, AutoApprove: true, Context: ctx})
	out.Ends(t, 3)
	if end := out.Finished()["w"]; end.Outcome != run.Cancelled || end.InDoubt || len(fake.Log()) != 0 {
		t.Errorf("it is %s, in doubt: %t, %s; carried out was %q", end.Outcome, end.InDoubt, end.Error, fake.Log())
	}
}
