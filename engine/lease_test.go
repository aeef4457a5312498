package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// sleeper is a machine whose clock shows a minute more once it has slept. No program can tell by its monotonic clock.
type sleeper struct{ slept atomic.Bool }

func (s *sleeper) now() time.Time {
	if s.slept.Load() {
		return time.Now().Add(time.Minute)
	}
	return time.Now()
}

// holding is a journal that stands still, with the machine, while it keeps an event of a step.
type holding struct {
	losing
	machine *sleeper
	event   run.Type
	step    string
}

func (h *holding) Append(ctx context.Context, id string, entries []journal.Entry) error {
	for _, e := range entries {
		if e.Event.Type == h.event && e.Event.Step == h.step {
			h.machine.slept.Store(true)
		}
	}
	return h.losing.Append(ctx, id, entries)
}

// TestLeaseThatRanOut: nothing is sent any more by who stood still for longer than the lease, be it before a write, while its
// start was being kept, while it was under way and had noted what it is about to do, or between two attempts at an undo.
func TestLeaseThatRanOut(t *testing.T) {
	t.Parallel()
	const text = `
runbook "r" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" {
    id = "back"
    retry {
      delay   = "1ms"
      backoff = "constant"
    }
  }
}
step "fake_noted" "next" {
  id         = "next"
  depends_on = [step.first]
}
`
	tests := []struct {
		name, during string
		holds        run.Type
		fails        bool
		want         map[string]int
	}{
		{name: "before a write", during: "first", want: map[string]int{"first": 1}},
		{name: "while its start is kept", holds: run.StepStarted, want: map[string]int{"first": 1}},
		{name: "while what it is about to do is kept", holds: run.StepNoted, want: map[string]int{"first": 1}},
		{name: "between two attempts at an undo", during: "back", fails: true, want: map[string]int{"first": 1, "next": 1, "back": 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			machine := &sleeper{}
			j := &holding{losing: losing{Journal: enginetest.Store(t)}, machine: machine, event: tt.holds, step: "next"}
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				machine.slept.Store(machine.slept.Load() || id == tt.during)
				if id == "back" || id == "next" && tt.fails {
					return enginetest.ErrUnreachable()
				}
				return nil
			}}
			out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Now: machine.now})
			if out.Result != nil || !strings.Contains(out.Diags.Error(), "another process has taken the run over") {
				t.Errorf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			for _, id := range []string{"first", "next", "back"} {
				if n := fake.Calls(id); n != tt.want[id] {
					t.Errorf("%s was sent %d times, want %d", id, n, tt.want[id])
				}
			}
		})
	}
}
