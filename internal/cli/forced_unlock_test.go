package cli

import (
	"context"
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
