package chaos

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// jumpingClock is the system's, whose wall clock is set while a run looks at it.
type jumpingClock struct{ ahead atomic.Int64 } // seconds

func (c *jumpingClock) now() time.Time { return setWall(time.Now(), c.ahead.Load()) }

// setWall changes what a time says the date is and keeps its monotonic part, as time.Now does once somebody has set the
// system's clock. The package time has no function for it; the layout is that of time.Time with a monotonic reading: a
// flag, 33 bits of seconds, 30 of nanoseconds.
func setWall(t time.Time, seconds int64) time.Time {
	wall := (*uint64)(unsafe.Pointer(&t))
	*wall = uint64(int64(*wall) + seconds<<30)
	return t
}

func TestSetWallKeepsTheMonotonicPart(t *testing.T) {
	a := time.Now()
	b := setWall(a, 3600)
	if b.Sub(a) != 0 || b.Unix()-a.Unix() != 3600 {
		t.Errorf("%s became %s, %s apart", a, b, b.Sub(a))
	}
}

const clockBook = `
runbook "clock" { timeout = "5m" }
provider "fake" {}
step "fake_read" "retried" {
  id = "retried"
  retry {
    attempts = 4
    delay    = "50ms"
    backoff  = "constant"
  }
}
step "fake_read" "polled" {
  id = "polled"
  poll {
    until    = self.call >= 6
    interval = "50ms"
    hold     = "100ms"
    timeout  = "4m"
  }
}
step "fake_read" "gives_up" {
  id = "gives_up"
  poll {
    until    = self.call < 0
    interval = "50ms"
    timeout  = "400ms"
  }
}
step "fake_read" "slow" {
  id      = "slow"
  timeout = "300ms"
}
step "fake_write" "after" {
  id         = "after"
  depends_on = [step.retried, step.polled]
}
`

// TestClockJumps sets the clock an hour, a day and a year forwards and back at every event of a run that retries, polls
// and times out. All waits keep their lengths, nothing waits for a time that is gone, and no duration is absurd.
func TestClockJumps(t *testing.T) {
	jumps := map[string][]int64{
		"forwards":       {3600, 86400, 31_536_000},
		"back":           {-3600, -86400, -31_536_000},
		"back and forth": {3600, -3600, 86400, -86400},
	}
	for name, seconds := range jumps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(ctx context.Context, id string, n int) error {
				switch {
				case id == "retried" && n < 4:
					return enginetest.ErrUnreachable()
				case id == "slow":
					<-ctx.Done()
					return errors.Join(errors.New("no answer"), ctx.Err())
				}
				return nil
			}}
			clock, events := &jumpingClock{}, 0
			began := time.Now()
			got := carryOutFake(t, fake, clockBook, engine.RunOptions{Now: clock.now, Sink: func(journal.Entry) {
				clock.ahead.Add(seconds[events%len(seconds)])
				events++
			}})
			if took := time.Since(began); took > time.Minute {
				t.Errorf("the run took %s", took)
			}
			judgeClock(t, got)
		})
	}
}

func judgeClock(t *testing.T, got runtest.Run) {
	t.Helper()
	want := map[string]run.Outcome{
		"retried": run.Pass, "polled": run.Pass, "gives_up": run.Fail, "slow": run.Error, "after": run.Pass,
	}
	least := map[string]float64{"retried": 150, "polled": 350, "gives_up": 300, "slow": 290}
	for name, e := range got.Ends() {
		if e.Outcome != want[name] {
			t.Errorf("%s: outcome %s, expected %s: %s", name, e.Outcome, want[name], e.Error)
		}
		if d := *e.DurationMS; d < least[name] || d > 60_000 {
			t.Errorf("%s took %v ms", name, d)
		}
	}
	for _, e := range got.Events {
		if e.Type == run.RunFinished && (*e.DurationMS < 0 || *e.DurationMS > 60_000) {
			t.Errorf("the run took %v ms", *e.DurationMS)
		}
	}
}

// carryOutFake runs a runbook of the fake provider. The options' journal may be left out.
func carryOutFake(t *testing.T, fake *enginetest.Fake, source string, opts engine.RunOptions) runtest.Run {
	t.Helper()
	e := enginetest.New(fake, nil)
	rb, diags := e.Load(enginetest.Write(t, source))
	runtest.Must(t, diags)
	plan, diags := e.Plan(t.Context(), rb, engine.PlanOptions{Apply: true})
	runtest.Must(t, diags)
	if opts.Journal == nil {
		opts.Journal = openStore(t, filepath.Join(t.TempDir(), "runs.db"))
		defer closeStore(t, opts.Journal)
	}
	var out runtest.Run
	watch := opts.Sink
	opts.Sink = func(entry journal.Entry) {
		out.Events = append(out.Events, *entry.Event)
		watch(entry)
	}
	result, diags := e.Run(t.Context(), plan, opts)
	runtest.Must(t, diags)
	out.Outcome = result.Outcome
	return out
}
