package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

func TestTheFactOfAStep(t *testing.T) {
	for name, c := range map[string]struct {
		checks string
		want   string
		ends   run.Outcome
	}{
		"nothing to check": {``, "call 1", run.Pass},
		"an assertion holds": {`
			assert { condition = self.count == 2 }`, "call 1", run.Pass},
		"an assertion with a message": {`
			assert {
				condition     = self.count == 3
				error_message = "one is missing"
			}`, "one is missing", run.Fail},
		"an assertion without": {`
			assert { condition = self.count == 3 }`, "call 1", run.Fail},
		"the worst has none": {`
			assert { condition = self.count == 3 }
			assert {
				condition     = self.count == 4
				severity      = "warn"
				error_message = "two are missing"
			}`, "call 1", run.Fail},
		"two as bad, one with a message": {`
			assert { condition = self.count == 3 }
			threshold "things" {
				value  = self.count
				expect = value > 2
			}`, "things 2 (must be above 2)", run.Fail},
		"a threshold": {`
			threshold "things" {
				value  = self.count
				expect = value > 1
			}`, "things 2", run.Pass},
		"a threshold that holds beside an assertion that does not": {`
			threshold "things" {
				value  = self.count
				expect = value > 1
			}
			assert { condition = self.count == 3 }`, "call 1", run.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcomes(t, `step "fake_read" "a" {`+c.checks+"\n}", enginetest.Options{}, map[string]run.Outcome{"a": c.ends})
			if diff := cmp.Diff(c.want, got.Finished()["a"].Summary); diff != "" {
				t.Errorf("the fact (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheFactOfACheckIsItsCondition(t *testing.T) {
	got := outcomes(t, `
		step "fake_read" "x" {}
		check "a" {
			assert {
				condition = (
					step.x.count == 3
				)
			}
		}`, enginetest.Options{}, map[string]run.Outcome{"x": run.Pass, "a": run.Fail})
	if diff := cmp.Diff("( step.x.count == 3 ) does not hold: step.x.count is 2", got.Finished()["a"].Summary); diff != "" {
		t.Errorf("the fact (-want +got):\n%s", diff)
	}
}

func TestAStepThatDidNotRunNamesTheOneItIsBecauseOf(t *testing.T) {
	got := outcomes(t, `
		step "fake_read" "fine" {}
		step "fake_read" "bad_one" { id = "bad" }
		step "fake_read" "bad_two" { id = "bad" }
		step "fake_read" "off" { when = 1 == 2 }
		step "fake_read" "halted" { depends_on = [step.fine, step.bad_two, step.bad_one, step.off] }
		step "fake_read" "behind" {
			run_if     = "none_failed"
			depends_on = [step.off, step.halted]
		}
		step "fake_read" "skipped" { depends_on = [step.fine, step.off] }
		step "fake_read" "tried" {
			run_if     = "none_failed"
			depends_on = [step.bad_two, step.bad_one]
		}
		step "fake_read" "handler" {
			run_if     = "failure"
			depends_on = [step.fine, step.off]
		}`, enginetest.Options{}, map[string]run.Outcome{
		"fine": run.Pass, "bad_one": run.Error, "bad_two": run.Error, "off": run.Skipped, "halted": run.Skipped,
		"behind": run.Pass, "skipped": run.Skipped, "tried": run.Blocked, "handler": run.Skipped,
	})
	finished, said := got.Finished(), map[string]string{}
	for _, name := range []string{"halted", "skipped", "tried", "handler"} {
		said[name] = finished[name].Error
	}
	want := map[string]string{
		"halted": "off was skipped", "skipped": "off was skipped", "tried": "bad_one did not pass",
		"handler": "nothing that it depends on failed",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("the reasons (-want +got):\n%s", diff)
	}
}
