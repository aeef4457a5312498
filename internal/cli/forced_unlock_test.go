package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

const twoWrites = `
runbook "two" { lock = "deploy" }
provider "fake" {}
step "fake_write" "first" { id = "first" }
step "fake_write" "next" {
  id         = "next"
  depends_on = [step.first]
}
`

// TestForcedUnlock: who frees the lock of a living run is told within what time that hears of it, and no write of it starts any more:
// another run may have the lock.
func TestForcedUnlock(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	started, finish := make(chan struct{}, 1), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, id string, _ int) error {
		if id == "next" {
			return nil
		}
		started <- struct{}{}
		return enginetest.Until(ctx, finish)
	}
	file := tt.file(t, "x.hcl", twoWrites)
	status := make(chan int, 1)
	go func() { status <- tt.run("apply", file, "--auto-approve") }()
	<-started
	runs, err := tt.history(t).Runs(t.Context(), journal.Filter{})
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	id := runs[0].ID
	tt.again(t, false, "").does(t, ExitPassed, []string{
		"The lock deploy is free", "before it starts its next write, or within 10s", "breaks off what is under way", "runbook resume " + id,
	}, "unlock", "deploy", "--force")
	close(finish)
	if got := <-status; got == ExitPassed || tt.fake.Calls("next") != 0 {
		t.Errorf("exit status %d, log %v\n%s%s", got, tt.fake.Log(), tt.out, tt.err)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ next"}, "resume", id, "--auto-approve")
}

// TestForcedUnlockUnderAnUndo: the end of the undo that was under way is known, and kept, so that nobody has to settle it.
func TestForcedUnlockUnderAnUndo(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", `
runbook "deploy" { lock = "deploy" }
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" { id = "first back" }
}
step "fake_write" "next" {
  id         = "next"
  depends_on = [step.first]
  undo "fake_write" { id = "next back" }
}
`)
	tt.does(t, ExitPassed, nil, "apply", file, "--auto-approve")
	id := tt.lastRun(t)
	started, finish := make(chan struct{}, 1), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, id string, _ int) error {
		if id == "first back" {
			return nil
		}
		started <- struct{}{}
		return enginetest.Until(ctx, finish)
	}
	status, undoes := make(chan int, 1), tt.again(t, false, "")
	go func() { status <- undoes.run("undo", id, "--auto-approve") }()
	<-started
	tt.again(t, false, "").does(t, ExitPassed, []string{"The lock deploy is free"}, "unlock", "deploy", "--force")
	close(finish)
	if got := <-status; got == ExitPassed || tt.fake.Calls("first back") != 0 || strings.Contains(undoes.err.String()+undoes.out.String(), "in doubt") {
		t.Errorf("exit status %d, log %v\n%s%s", got, tt.fake.Log(), undoes.out, undoes.err)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ undo first"}, "undo", id, "--auto-approve")
	if tt.fake.Calls("next back") != 1 {
		t.Errorf("log %v", tt.fake.Log())
	}
}
