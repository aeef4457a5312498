package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

func TestRetry(t *testing.T) {
	fake := &enginetest.Fake{Do: func(_ context.Context, _ string, n int) error {
		if n < 3 {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	got := enginetest.Run(t, fake, `
		step "fake_read" "a" {
			id = "a"
			retry {
				attempts  = 5
				delay     = "1ms"
				max_delay = "2ms"
			}
			assert { condition = self.attempts == 3 }
		}`, enginetest.Options{})
	if got.Outcomes()["a"] != run.Pass || got.Finished()["a"].Attempts != 3 {
		t.Fatal(got.Stream)
	}
}

func TestAWriteIsNotRepeatedInDoubt(t *testing.T) {
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "surely not done" {
			return enginetest.ErrUnreachable()
		}
		return errors.New("the connection broke")
	}}
	got := enginetest.Run(t, fake, `
		provider "fake" {}
		step "fake_write" "doubt" {
			id = "in doubt"
			retry { delay = "1ms" }
		}
		step "fake_write" "sure" {
			id = "surely not done"
			retry { delay = "1ms" }
		}
		step "fake_write" "author" {
			id = "the author says so"
			retry {
				delay  = "1ms"
				writes = true
			}
		}`, enginetest.Options{})
	if got.Result == nil {
		t.Fatal(got.Diags)
	}
	for id, want := range map[string]int{"in doubt": 1, "surely not done": 3, "the author says so": 3} {
		if n := fake.Calls(id); n != want {
			t.Errorf("%s was sent %d times, want %d", id, n, want)
		}
	}
	if fake.Most() != 1 {
		t.Errorf("%d writes at once", fake.Most())
	}
}

// TestARepeatedWriteStaysInDoubt: that the last attempt surely did nothing says nothing about one before it, which its author let be
// repeated: of a step, and of an undo.
func TestARepeatedWriteStaysInDoubt(t *testing.T) {
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, n int) error {
		switch {
		case id == "first":
			return nil
		case n == 1:
			return errors.New("the connection broke")
		}
		return enginetest.ErrUnreachable()
	}}
	got := enginetest.Run(t, fake, `
		provider "fake" {}
		step "fake_write" "first" {
			id = "first"
			undo "fake_write" {
				on = "end"
				id = "back"
				retry {
					delay  = "1ms"
					writes = true
				}
			}
		}
		step "fake_write" "second" {
			id = "second"
			retry {
				delay  = "1ms"
				writes = true
			}
		}`, enginetest.Options{})
	if got.Result == nil || got.Result.ExitStatus != 4 || fake.Calls("second") != 3 || fake.Calls("back") != 3 {
		t.Fatalf("%+v %v %q", got.Result, got.Diags, fake.Log())
	}
	want := []run.Left{{Step: "second", What: run.LeftInDoubt}, {Step: "first", What: run.LeftUndoInDoubt, Undoes: 4}}
	if diff := cmp.Diff(want, got.Events[len(got.Events)-1].Left); diff != "" {
		t.Error(diff)
	}
}

// TestAnInterruptBetweenAttempts leaves a write in doubt that was to be repeated although nobody knows whether it took place.
func TestAnInterruptBetweenAttempts(t *testing.T) {
	interrupt := make(chan struct{})
	fake := &enginetest.Fake{Do: func(context.Context, string, int) error { return errors.New("the connection broke") }}
	got := enginetest.Run(t, fake, `
		provider "fake" {}
		step "fake_write" "a" {
			id = "a"
			retry {
				delay   = "1h"
				backoff = "constant"
				writes  = true
			}
		}`, enginetest.Options{Interrupt: interrupt, OnEvent: func(e run.Event) {
		if e.Type == run.StepRetrying {
			close(interrupt)
		}
	}})
	if got.Result == nil || got.Result.ExitStatus != 4 || !got.Finished()["a"].InDoubt {
		t.Fatalf("%+v %v\n%s", got.Result, got.Diags, got.Stream)
	}
}

func TestPoll(t *testing.T) {
	got := enginetest.Run(t, &enginetest.Fake{}, `
		step "fake_read" "a" {
			poll {
				until    = self.call >= 3
				interval = "1ms"
				timeout  = "20s"
			}
			assert { condition = self.call == 3 }
		}
		step "fake_read" "b" {
			id = "b"
			poll {
				until    = self.call < 0
				interval = "10ms"
				timeout  = "500ms"
			}
		}`, enginetest.Options{})
	if diff := cmp.Diff(map[string]run.Outcome{"a": run.Pass, "b": run.Fail}, got.Outcomes()); diff != "" {
		t.Fatal(diff, got.Stream)
	}
	if checks := got.Checks("b"); len(checks) != 1 || checks[0].Kind != run.KindUntil || len(checks[0].References) == 0 {
		t.Errorf("what until saw last is not told: %+v", checks)
	}
}

func TestTimeouts(t *testing.T) {
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error { return enginetest.Until(ctx, nil) }}
	got := enginetest.Run(t, fake, `
		step "fake_read" "a" { timeout = "20ms" }`, enginetest.Options{})
	if e := got.Finished()["a"]; e.Outcome != run.Error || !strings.Contains(e.Error, "timed out after 20ms") {
		t.Errorf("step's timeout: %s %s", e.Outcome, e.Error)
	}
	got = enginetest.Run(t, fake, `
		runbook "test" { timeout = "20ms" }
		step "fake_read" "a" {}
		step "fake_read" "b" { depends_on = [step.a] }`, enginetest.Options{})
	if diff := cmp.Diff(map[string]run.Outcome{"a": run.Cancelled, "b": run.Cancelled}, got.Outcomes()); diff != "" {
		t.Error(diff)
	}
	if got.Result.ExitStatus != 1 {
		t.Errorf("exit status %d", got.Result.ExitStatus)
	}
}

func TestStopOnFailure(t *testing.T) {
	outcomes(t, `
		runbook "test" { on_failure = "stop" }
		step "fake_read" "a" { id = "bad" }
		step "fake_read" "later" {
			depends_on = [step.first]
		}
		check "first" { depends_on = [step.handler] }
		check "next" { depends_on = [step.a] }
		step "fake_read" "handler" {
			run_if     = "failure"
			depends_on = [step.a]
		}
		step "fake_read" "other" {
			run_if     = "always"
			depends_on = [step.later]
		}`, enginetest.Options{}, map[string]run.Outcome{
		"a": run.Error, "next": run.Cancelled, "handler": run.Pass, "first": run.Cancelled, "later": run.Cancelled, "other": run.Cancelled,
	})
}

func TestInterrupt(t *testing.T) {
	interrupt, letWrite := make(chan struct{}), make(chan struct{})
	started := 0
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		if id == "write" {
			return enginetest.Until(ctx, letWrite)
		}
		return enginetest.Until(ctx, nil)
	}}
	got := enginetest.Run(t, fake, `
		provider "fake" {}
		step "fake_write" "w" { id = "write" }
		step "fake_read" "r" {}
		step "fake_read" "next" { depends_on = [step.w] }`, enginetest.Options{
		Interrupt: interrupt,
		OnEvent: func(e run.Event) {
			switch e.Type {
			case run.StepStarted:
				if started++; started == 2 {
					close(interrupt)
				}
			case run.StepFinished:
				if e.Step == "r" { // the read was cancelled while the write goes on
					close(letWrite)
				}
			}
		},
	})
	if diff := cmp.Diff(map[string]run.Outcome{"w": run.Pass, "r": run.Cancelled, "next": run.Cancelled}, got.Outcomes()); diff != "" {
		t.Error(diff)
	}
	if got.Result.ExitStatus != 3 {
		t.Errorf("exit status %d", got.Result.ExitStatus)
	}
}

func TestSecondInterruptStopsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error { return enginetest.Until(ctx, nil) }}
	got := enginetest.Run(t, fake, `
		provider "fake" {}
		step "fake_write" "w" {}`, enginetest.Options{
		Context: ctx,
		OnEvent: func(e run.Event) {
			if e.Type == run.StepStarted {
				cancel()
			}
		},
	})
	if diff := cmp.Diff(map[string]run.Outcome{"w": run.Cancelled}, got.Outcomes()); diff != "" || got.Result.ExitStatus != 3 {
		t.Errorf("exit status %d %s", got.Result.ExitStatus, diff)
	}
}

func TestMaxParallel(t *testing.T) {
	ready := make(chan struct{}, 100)
	all := make(chan struct{})
	go func() {
		for range 40 {
			<-ready
		}
		close(all)
	}()
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error {
		ready <- struct{}{}
		return enginetest.Until(ctx, all)
	}}
	got := enginetest.Run(t, fake, `
		runbook "test" { max_parallel = 40 }
		step "fake_read" "a" { for_each = { for i in range(40) : "k${i}" => i } }`, enginetest.Options{})
	if fake.Most() != 40 || got.Result.Outcome != run.Pass {
		t.Errorf("%d at once, %s", fake.Most(), got.Result.Outcome)
	}
	fake = &enginetest.Fake{}
	enginetest.Run(t, fake, `
		provider "fake" { max_parallel = 2 }
		step "fake_read" "a" { for_each = { for i in range(40) : "k${i}" => i } }`, enginetest.Options{})
	if fake.Most() > 2 {
		t.Errorf("%d at once, the provider allows 2", fake.Most())
	}
}

func TestNothingStartsAfterACheckThatStopsTheRun(t *testing.T) {
	fake := &enginetest.Fake{}
	got := enginetest.Run(t, fake, `
		runbook "test" { on_failure = "stop" }
		provider "fake" {}
		check "first" {
			assert { condition = run.id == "" }
		}
		step "fake_read" "read" { id = "read" }
		step "fake_write" "write" { id = "write" }`, enginetest.Options{})
	want := map[string]run.Outcome{"first": run.Fail, "read": run.Cancelled, "write": run.Cancelled}
	if diff := cmp.Diff(want, got.Outcomes()); diff != "" || len(fake.Log()) > 0 {
		t.Errorf("started %v\n%s", fake.Log(), diff)
	}
}
