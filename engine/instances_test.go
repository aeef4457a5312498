package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

func TestNothingToDoPasses(t *testing.T) {
	for name, forEach := range map[string]string{
		"an empty list as a set":    `toset([])`,
		"of a result":               `toset([for i in step.a.items : i.name if i.name == "z"])`,
		"an empty map":              `{}`,
		"of a value without a type": `toset(step.a.value)`,
	} {
		t.Run(name, func(t *testing.T) {
			got := outcomes(t, `
				step "fake_read" "a" { value = [] }
				step "fake_read" "many" { for_each = `+forEach+` }
				check "after" {
					assert { condition = length(step.many) == 0 }
				}`, enginetest.Options{}, map[string]run.Outcome{"a": run.Pass, "many": run.Pass, "after": run.Pass})
			if got.Result.ExitStatus != 0 {
				t.Errorf("exit status %d", got.Result.ExitStatus)
			}
		})
	}
}

func TestInstancesThatNeverWere(t *testing.T) {
	got := outcomes(t, `
		step "fake_read" "many" {
			for_each = toset(["x"])
			when     = false
		}
		check "counts" {
			run_if = "always"
			assert { condition = length(step.many) == 1 }
		}
		check "reads" {
			run_if = "always"
			assert { condition = step.many["x"].count == 2 }
		}
		check "goes_over" {
			run_if = "always"
			assert { condition = [for s in step.many : s.outcome] == ["pass"] }
		}
		check "catches" {
			run_if = "always"
			assert { condition = try(length(step.many), 0) == 0 && !can(step.many["x"].count) }
		}`, enginetest.Options{}, map[string]run.Outcome{
		"many": run.Skipped, "counts": run.Error, "reads": run.Error, "goes_over": run.Error, "catches": run.Pass,
	})
	for _, name := range []string{"counts", "reads", "goes_over"} {
		if said := got.Finished()[name].Error; !strings.Contains(said, "step.many was skipped") {
			t.Errorf("the error of %s does not say why the result is missing: %s", name, said)
		}
	}
}

func TestEachInTheRemedyOfAnInstanceThatErred(t *testing.T) {
	got := outcomes(t, `
		step "fake_read" "a" { value = {} }
		step "fake_read" "many" {
			for_each = toset(["x"])
			when     = step.a.value[each.key]
			remedy { text = "look at ${each.key}, which ended with ${self.outcome}" }
		}`, enginetest.Options{}, map[string]run.Outcome{"a": run.Pass, `many["x"]`: run.Error})
	want := []run.Remedy{{Text: "look at x, which ended with error"}}
	if diff := cmp.Diff(want, got.Finished()[`many["x"]`].Remedies); diff != "" {
		t.Errorf("remedies (-want +got):\n%s", diff)
	}
}

func TestEveryInstanceOfAWriteHandlesAFailure(t *testing.T) {
	outcomes(t, `
		runbook "test" { on_failure = "stop" }
		step "fake_read" "a" { id = "bad" }
		step "fake_write" "handle" {
			depends_on = [step.a]
			run_if     = "failure"
			for_each   = toset(["x", "y", "z"])
		}
		step "fake_write" "other" {
			depends_on = [step.handle]
			run_if     = "failure"
			for_each   = toset(["x"])
		}`, enginetest.Options{}, map[string]run.Outcome{
		"a": run.Error, `handle["x"]`: run.Pass, `handle["y"]`: run.Pass, `handle["z"]`: run.Pass, "other": run.Cancelled,
	})
}

func TestEscalationTellsWhenAndWhy(t *testing.T) {
	got := outcomes(t, `
		contact "bob" { name = "Bob" }
		contact "ann" {
			name  = "Ann"
			phone = "+1"
		}
		escalation "main" {
			level { contact = contact.bob }
			level {
				contact = contact.ann
				after   = "1h30m"
				brief   = "what was tried"
			}
			level {
				contact = "the vendor"
				after   = "1d"
			}
		}
		step "fake_read" "a" {
			id = "bad"
			remedy { escalation = escalation.main }
		}`, enginetest.Options{}, map[string]run.Outcome{"a": run.Error})
	want := []run.Remedy{{Escalation: "Bob; after 1h30m: Ann, +1 (what was tried); after 24h: the vendor"}}
	if diff := cmp.Diff(want, got.Finished()["a"].Remedies); diff != "" {
		t.Errorf("remedies (-want +got):\n%s", diff)
	}
}

func TestOutputsOfStepsThatWereLeftOut(t *testing.T) {
	got := outcomes(t, `
		locals { count = step.b.count }
		step "fake_read" "a" {}
		step "fake_read" "b" {}
		output "a" { value = step.a.count }
		output "b" { value = local.count }`,
		enginetest.Options{Plan: planOf("a")}, map[string]run.Outcome{"a": run.Pass})
	var names []string
	for _, o := range got.Result.Outputs {
		names = append(names, o.Name)
	}
	if diff := cmp.Diff([]string{"a"}, names); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestAPollThatIsInterruptedTellsItsReads(t *testing.T) {
	interrupt := make(chan struct{})
	got := enginetest.Run(t, &enginetest.Fake{Do: func(context.Context, string, int) error { return nil }}, `
		step "fake_read" "a" {
			poll {
				until    = self.call == 100
				interval = "1h"
				timeout  = "2h"
			}
		}`, enginetest.Options{Interrupt: interrupt, OnEvent: func(e run.Event) {
		if e.Type == run.StepWaiting {
			close(interrupt)
		}
	}})
	e := got.Finished()["a"]
	if e.Outcome != run.Cancelled || e.Attempts != 1 || *e.DurationMS <= 0 {
		t.Errorf("got %s after %d attempts in %v ms, want one cancelled attempt and its time", e.Outcome, e.Attempts, *e.DurationMS)
	}
}

func planOf(targets ...string) engine.PlanOptions { return engine.PlanOptions{Targets: targets} }

func TestAnOutputThatCannotBeEvaluated(t *testing.T) {
	for name, c := range map[string]struct {
		step  string
		diags int
	}{
		"passed": {`when = false`, 1},
		"failed": {`id = "bad"`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := enginetest.Run(t, &enginetest.Fake{Do: failing}, `
				step "fake_read" "a" { `+c.step+` }
				output "x" { value = step.a.count }`, enginetest.Options{})
			last := got.Events[len(got.Events)-1]
			if len(got.Diags) != c.diags || got.Result.ExitStatus != 1 || *last.ExitStatus != 1 || last.Outputs[0].Error == "" {
				t.Errorf("diagnostics %v, exit status %d, told as %d", got.Diags, got.Result.ExitStatus, *last.ExitStatus)
			}
		})
	}
}

func TestTheHeaderNamesTheTargetOfEveryInstance(t *testing.T) {
	got := outcomes(t, `
		variable "sites" { default = { a = "one", b = "two", c = "three" } }
		provider "fake" {
			for_each = var.sites
			name     = each.value
		}
		step "fake_read" "x" {
			for_each = toset(["a", "b"])
			provider = provider.fake[each.key]
		}`, enginetest.Options{}, map[string]run.Outcome{`x["a"]`: run.Pass, `x["b"]`: run.Pass})
	want := []run.Target{
		{Provider: `fake["a"]`, Target: "fake://one", Kept: run.KeptWhole, Place: "fake://one", Short: "fake://one"},
		{Provider: `fake["b"]`, Target: "fake://two", Kept: run.KeptWhole, Place: "fake://two", Short: "fake://two"},
	}
	if diff := cmp.Diff(want, got.Events[0].Targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

func TestAnErrorMessageThatCannotBeEvaluatedSaysSo(t *testing.T) {
	got := outcomes(t, `
		step "fake_read" "a" {
			value = {}
			assert {
				condition     = self.count == 3
				error_message = "see ${self.value.nope}"
			}
		}`, enginetest.Options{}, map[string]run.Outcome{"a": run.Fail})
	said := got.Checks("a")[0].Message
	if !strings.HasPrefix(said, "error_message can't be evaluated: ") || !strings.HasSuffix(said, "self.count is 2") {
		t.Errorf("got %q", said)
	}
}
