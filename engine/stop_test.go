package engine_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// stopsAt interrupts a run when an event comes, and stops it at once with the second.
type stopsAt struct {
	once, twice sync.Once
	interrupt   chan struct{}
	stopping    chan struct{} // closed when the run knows
	hard        context.CancelFunc
	first       func(run.Event) bool
	both        bool
}

func (s *stopsAt) see(e run.Event) {
	if s.first != nil && s.first(e) {
		s.stop()
	}
	if e.Type == run.RunStopping {
		s.twice.Do(func() {
			if s.both {
				s.hard()
			}
			close(s.stopping)
		})
	}
}

func (s *stopsAt) stop() { s.once.Do(func() { close(s.interrupt) }) }

const childAsks = "runbook \"child\" {}\nstep \"fake_ask\" \"ok\" { prompt = \"Well?\" }\n"

// TestInterrupts stops runs at awkward moments, once and twice: each ends, resumable or with what is left to look at, and
// leaves no goroutine.
func TestInterrupts(t *testing.T) {
	asking := func(step string) func(run.Event) bool {
		return func(e run.Event) bool { return e.Step == step && e.Question != nil }
	}
	for name, test := range map[string]struct {
		files  map[string]string
		at     func(run.Event) bool
		status int
		hard   int
	}{
		"a child asks": {
			files: map[string]string{"parent.hcl": "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n", "child.hcl": childAsks},
			at:    asking("db/ok"), status: 3, hard: 3,
		},
		"a parent and a child ask": {
			files: map[string]string{
				"parent.hcl": "runbook \"parent\" {}\nstep \"fake_ask\" \"own\" { prompt = \"You?\" }\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n",
				"child.hcl":  childAsks,
			},
			at: asking("db/ok"), status: 3, hard: 3,
		},
		"a question is worked out": {
			files: map[string]string{"parent.hcl": "runbook \"parent\" {}\n" + approved},
			at:    func(e run.Event) bool { return e.For == run.ForPreview }, status: 3, hard: 3,
		},
		"an undo runs, and all steps have passed": {
			files:  map[string]string{"parent.hcl": strings.Replace(undone, "\"test\"", "\"parent\"", 1)},
			status: 0, hard: 4,
		},
		"a child's write runs": {
			files: map[string]string{
				"parent.hcl": "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n",
				"child.hcl":  "runbook \"child\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"slow\" { id = \"slow\" }\n",
			},
			status: 3, hard: 4,
		},
	} {
		for _, both := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", twice"}[both], func(t *testing.T) {
				before := runtime.NumGoroutine()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := &stopsAt{interrupt: make(chan struct{}), stopping: make(chan struct{}), hard: cancel, first: test.at, both: both}
				fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
					if id == "slow" || strings.HasPrefix(id, "uncordon") {
						s.stop() // now that it surely runs
						return enginetest.Until(ctx, s.interrupted(both))
					}
					return nil
				}}
				out := enginetest.RunFile(t, fake, files(t, test.files), enginetest.Options{
					Context: ctx, Interrupt: s.interrupt, OnEvent: s.see, Asker: silent{}, AutoApprove: true,
				})
				want := test.status
				switch {
				case both:
					want = test.hard
				case out.Result != nil && out.Result.Outcome == run.Pass:
					want = 0 // the last step ended before the stop reached its runbook: nothing is left to go on with
				}
				out.Ends(t, want)
				if last := out.Events[len(out.Events)-1]; last.Type != run.RunFinished {
					t.Errorf("the last event is %s", last.Type)
				}
				settled(t, before)
			})
		}
	}
}

// TestNothingBeginsAfterAnInterrupt: what was waiting for a step that ends just after the interrupt does not begin, in whichever runbook.
func TestNothingBeginsAfterAnInterrupt(t *testing.T) {
	const steps = `
provider "fake" {}
step "fake_write" "first" { id = "first" }
step "fake_write" "next" {
  id         = "next"
  depends_on = [step.first]
}
`
	const stops = "{\n  on_failure = \"stop\"\n}\n"
	for name, path := range map[string]string{
		"in the runbook":   family(t, "runbook \"parent\" "+stops+steps, ""),
		"in one within it": family(t, "runbook \"parent\" "+stops+"step \"runbook\" \"db\" { source = \"./child.hcl\" }\n", "runbook \"child\" "+stops+steps),
	} {
		t.Run(name, func(t *testing.T) {
			interrupt := make(chan struct{})
			fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
				if id == "first" {
					close(interrupt)
				}
				return nil
			}}
			out := enginetest.RunFile(t, fake, path, enginetest.Options{Interrupt: interrupt, AutoApprove: true})
			out.Ends(t, 3)
			if fake.Calls("next") > 0 {
				t.Errorf("the next step began\n%s", out.Stream)
			}
			if got := len(order(out, run.RunStopping)); got > 1 && name == "in the runbook" || got > 2 {
				t.Errorf("that it stops is told %d times\n%s", got, out.Stream)
			}
		})
	}
}

// interrupted ends what is under way after the first interrupt; where a second comes, only that ends it.
func (s *stopsAt) interrupted(both bool) <-chan struct{} {
	if both {
		return nil
	}
	return s.stopping
}

// settled checks that the goroutines of a run are gone. They end on their own just after it, and are given a while.
func settled(t *testing.T, before int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-tick.C
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

// losing is a journal whose lease is lost after a while, and which counts what is written after that.
type losing struct {
	journal.Journal
	lost  atomic.Bool
	after atomic.Int64
}

func (l *losing) Acquire(ctx context.Context, name string, owner journal.Owner, ttl time.Duration, seen *journal.Lock) (journal.Lease, *journal.Lock, error) {
	lease, from, err := l.Journal.Acquire(ctx, name, owner, ttl, seen)
	return losingLease{lease, l}, from, err
}

func (l *losing) Append(ctx context.Context, id string, entries []journal.Entry) error {
	if l.lost.Load() {
		l.after.Add(int64(len(entries)))
	}
	return l.Journal.Append(ctx, id, entries)
}

type losingLease struct {
	journal.Lease
	of *losing
}

func (l losingLease) Renew(ctx context.Context) error {
	l.of.lost.Store(true)
	return journal.ErrLeaseLost
}

// TestLostLease: a session whose lease is lost, here while a child's write is under way, writes nothing more and says why.
func TestLostLease(t *testing.T) {
	t.Parallel()
	path := files(t, map[string]string{
		"parent.hcl": "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\nstep \"fake_ask\" \"own\" { prompt = \"You?\" }\n",
		"child.hcl":  "runbook \"child\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"slow\" { id = \"slow\" }\nstep \"fake_write\" \"next\" { id = \"next\" }\n",
	})
	j := &losing{Journal: enginetest.Store(t)}
	var ended atomic.Bool
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error {
		<-ctx.Done()
		ended.Store(true)
		return ctx.Err()
	}}
	out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j, Asker: silent{}, AutoApprove: true})
	if out.Result != nil || !strings.Contains(out.Diags.Error(), "another process has taken the run over") || !ended.Load() {
		t.Fatalf("%+v %v ended: %v\n%s", out.Result, out.Diags, ended.Load(), out.Stream)
	}
	if n := j.after.Load(); n > 0 || fake.Calls("next") > 0 {
		t.Errorf("%d events were written after the lease was lost", n)
	}
}

// full is a journal on a disk on which no lock can be written any more.
type full struct{ journal.Journal }

func (full) Acquire(context.Context, string, journal.Owner, time.Duration, *journal.Lock) (journal.Lease, *journal.Lock, error) {
	return nil, nil, errors.New("write the run history runs.db: the disk is full")
}

// TestLockCannotBeWritten: a lock that can't be taken for another reason than a holder is not said to be held. What can't be written is told, and
// not the lock of the run itself, of which a runbook has no word.
func TestLockCannotBeWritten(t *testing.T) {
	t.Parallel()
	path := files(t, map[string]string{"parent.hcl": "runbook \"r\" {}\n"})
	out := enginetest.RunFile(t, &enginetest.Fake{}, path, enginetest.Options{Journal: full{enginetest.Store(t)}})
	text := out.Diags.Error()
	if out.Result != nil || !strings.Contains(text, "runs.db: the disk is full: nothing was run.") || !strings.Contains(text, "The run history can't be written") || strings.Contains(text, "going on") || strings.Contains(text, "lock") {
		t.Errorf("%+v %s", out.Result, text)
	}
}

// TestUndosThatDidNotRun: a run that is stopped at once says which undos are still due, in whichever runbook, and a resumed
// one runs them.
func TestUndosThatDidNotRun(t *testing.T) {
	path := files(t, map[string]string{
		"parent.hcl": `
runbook "parent" {}
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_write" {
    on = "end"
    id = "first back"
  }
}
step "fake_write" "harmless" {
  id = "harmless"
  undo "fake_write" { id = "harmless back" }
}
step "runbook" "db" {
  source     = "./child.hcl"
  depends_on = [step.first]
}
`,
		"child.hcl": `
runbook "child" {}
provider "fake" {}
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" {
    on = "end"
    id = "uncordon"
  }
}
step "fake_read" "slow" {
  id         = "slow"
  depends_on = [step.cordon]
}
`,
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	slow := true
	fake := &enginetest.Fake{Do: func(c context.Context, id string, _ int) error {
		if id == "slow" && slow {
			cancel() // what a second Ctrl-C does
			<-c.Done()
			return c.Err()
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Context: ctx}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Ends(t, 4)
	if diff := cmp.Diff([]string{"db/cordon", "first"}, out.Events[len(out.Events)-1].NotUndone); diff != "" {
		t.Error(diff)
	}
	slow, opts.Context = false, nil
	out = enginetest.Resume(t, fake, out.Result.RunID, opts)
	out.Ends(t, 0)
	log := fake.Log()
	if diff := cmp.Diff([]string{"slow", "uncordon", "first back"}, log[len(log)-3:]); diff != "" {
		t.Error(diff)
	}
}
