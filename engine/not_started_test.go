package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestTimeOverBeforeItsCall: a step whose time is over before its action was called says on which system, by which configuration, what
// its time went by with, and what to do; so does its undo. Nothing is in doubt.
func TestTimeOverBeforeItsCall(t *testing.T) {
	const text = `
runbook "late" { on_failure = "stop" }
provider "fake" {}
provider "fake" {
  alias = "slow"
  name  = "a"
}
provider "fake" {
  alias = "back"
  name  = "b"
}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" {
    id       = "back"
    provider = provider.fake.back
    timeout  = "20ms"
  }
}
step "fake_write" "change" {
  id         = "change"
  provider   = provider.fake.slow
  timeout    = "20ms"
  depends_on = [step.first]
}
`
	fake := &enginetest.Fake{Opens: func(ctx context.Context, name string) error {
		if name != "" {
			<-ctx.Done() // and gives a client all the same
		}
		return nil
	}}
	out := enginetest.Run(t, fake, text, enginetest.Options{})
	out.Ends(t, 4)
	said := 0
	for _, e := range out.Events {
		if e.Type != run.UndoFinished && e.Step != "change" || e.Type != run.UndoFinished && e.Type != run.StepFinished {
			continue
		}
		said++
		on := map[bool]string{true: "fake://b (provider.fake.back)", false: "fake://a (provider.fake.slow)"}[e.Type == run.UndoFinished]
		for _, part := range []string{
			"timed out after 20ms: fake_write: " + on + ": not started: ", "of its time went by while its client was made", "Raise its timeout", "max_parallel",
		} {
			if !strings.Contains(e.Error, part) {
				t.Errorf("%q is not in %q", part, e.Error)
			}
		}
		if e.InDoubt || e.Outcome != run.Error {
			t.Errorf("%s: %s, in doubt: %t", e.Type, e.Outcome, e.InDoubt)
		}
	}
	if said != 2 || len(fake.Log()) != 1 {
		t.Errorf("%d ends were told, and called was %q", said, fake.Log())
	}
}

// TestWaitForAClient: who waits for a client that another step makes does so for as long as its own time, and says for what.
func TestWaitForAClient(t *testing.T) {
	const text = `
provider "fake" { name = "db" }
provider "fake" {
  alias = "other"
  name  = "other"
}
step "fake_read" "makes" {
  id      = "makes"
  timeout = "1m"
}
step "fake_read" "gate" {
  id       = "gate"
  provider = provider.fake.other
}
step "fake_read" "waits" {
  id         = "waits"
  timeout    = "20ms"
  depends_on = [step.gate]
}
`
	made, waited := make(chan struct{}), make(chan struct{})
	fake := &enginetest.Fake{
		Opens: func(ctx context.Context, name string) error {
			if name == "db" {
				close(made)
				return enginetest.Until(ctx, waited)
			}
			return nil
		},
		Do: func(ctx context.Context, id string, _ int) error {
			if id == "gate" {
				return enginetest.Until(ctx, made)
			}
			return nil
		},
	}
	out := enginetest.Run(t, fake, text, enginetest.Options{OnEvent: func(e run.Event) {
		if e.Type == run.StepFinished && e.Step == "waits" {
			close(waited)
		}
	}})
	out.Ends(t, 1)
	ends := out.Finished()
	if ends["makes"].Outcome != run.Pass || ends["waits"].Outcome != run.Error {
		t.Errorf("they ended: %v", out.Outcomes())
	}
	for _, part := range []string{"timed out after 20ms: wait for the client of provider.fake: fake://db: after ", "another step was still making it", "raise the timeout"} {
		if !strings.Contains(ends["waits"].Error, part) {
			t.Errorf("%q is not in %q", part, ends["waits"].Error)
		}
	}
}
