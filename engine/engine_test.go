package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

func outcomes(t *testing.T, text string, opts enginetest.Options, want map[string]run.Outcome) enginetest.Outcome {
	t.Helper()
	got := enginetest.Run(t, &enginetest.Fake{Do: failing}, text, opts)
	if got.Result == nil {
		t.Fatalf("nothing was run: %s", got.Diags)
	}
	if diff := cmp.Diff(want, got.Outcomes()); diff != "" {
		t.Fatalf("outcomes (-want +got):\n%s\n%s", diff, got.Stream)
	}
	return got
}

// failing errs for ids that begin with "bad".
func failing(_ context.Context, id string, _ int) error {
	if strings.HasPrefix(id, "bad") {
		return enginetest.ErrUnreachable()
	}
	return nil
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want map[string]run.Outcome
		exit int
	}{
		"a step passes": {`
			step "fake_read" "a" {
				assert { condition = self.count == 2 }
			}`,
			map[string]run.Outcome{"a": run.Pass}, 0},
		"an assertion does not hold": {`
			step "fake_read" "a" {
				assert { condition = self.count == 3 }
			}`,
			map[string]run.Outcome{"a": run.Fail}, 1},
		"an assertion warns": {`
			step "fake_read" "a" {
				assert {
					condition = self.count == 3
					severity  = "warn"
				}
			}`, map[string]run.Outcome{"a": run.Warn}, 0},
		"an assertion informs": {`
			step "fake_read" "a" {
				assert {
					condition = self.count == 3
					severity  = "info"
				}
			}`, map[string]run.Outcome{"a": run.Pass}, 0},
		"alltrue over nothing warns": {`
			step "fake_read" "a" {
				value = []
				assert { condition = alltrue([for x in self.value : x > 1]) }
			}`, map[string]run.Outcome{"a": run.Warn}, 0},
		"alltrue over nothing that is allowed": {`
			step "fake_read" "a" {
				value = []
				assert {
					condition   = alltrue([for x in self.value : x > 1])
					allow_empty = true
				}
			}`, map[string]run.Outcome{"a": run.Pass}, 0},
		"an action errs and blocks": {`
			step "fake_read" "a" { id = "bad" }
			step "fake_read" "b" { value = step.a.value }
			step "fake_read" "c" {
				run_if     = "failure"
				depends_on = [step.b]
			}
			step "fake_read" "d" { depends_on = [step.c] }`,
			map[string]run.Outcome{"a": run.Error, "b": run.Blocked, "c": run.Pass, "d": run.Pass}, 1},
		"reading only the outcome does not block": {`
			step "fake_read" "a" { id = "bad" }
			step "fake_read" "b" { value = step.a.outcome }`,
			map[string]run.Outcome{"a": run.Error, "b": run.Pass}, 1},
		"when skips and is passed on": {`
			step "fake_read" "a" { when = 1 == 2 }
			step "fake_read" "b" { depends_on = [step.a] }
			step "fake_read" "c" {
				depends_on = [step.a]
				run_if     = "none_failed"
			}`, map[string]run.Outcome{"a": run.Skipped, "b": run.Skipped, "c": run.Pass}, 0},
		"a failure handler without a failure": {`
			step "fake_read" "a" {}
			step "fake_read" "b" {
				run_if     = "failure"
				depends_on = [step.a]
			}`, map[string]run.Outcome{"a": run.Pass, "b": run.Skipped}, 0},
		"continue_on_error": {`
			step "fake_read" "a" {
				id                = "bad"
				continue_on_error = true
			}
			step "fake_read" "b" { depends_on = [step.a] }`,
			map[string]run.Outcome{"a": run.Warn, "b": run.Pass}, 0},
		"a precondition does not hold": {`
			step "fake_read" "a" {
				precondition {
					condition     = run.id == ""
					error_message = "not today"
				}
			}`, map[string]run.Outcome{"a": run.Fail}, 1},
		"for_each over a map and over results": {`
			step "fake_read" "a" {
				for_each = { x = 1, y = 2 }
				value    = each.value
			}
			step "fake_read" "b" {
				for_each = { for k, r in step.a : k => r.value if r.value > 1 }
				value    = each.value
				assert { condition = self.value == 2 }
			}
			step "fake_read" "none" { for_each = {} }
			check "sum" {
				assert { condition = sum([for r in step.a : r.value]) == 3 }
				assert { condition = length(step.none) == 0 }
			}`, map[string]run.Outcome{`a["x"]`: run.Pass, `a["y"]`: run.Pass, `b["y"]`: run.Pass, "none": run.Pass, "sum": run.Pass}, 0},
		"when with each is for each instance": {`
			step "fake_read" "a" {
				for_each = toset(["x", "y"])
				when     = each.key == "x"
			}`, map[string]run.Outcome{`a["x"]`: run.Pass, `a["y"]`: run.Skipped}, 0},
		"a result that is not there": {`
			step "fake_read" "a" { id = "bad" }
			check "b" {
				depends_on = [step.a]
				run_if     = "always"
				assert { condition = step.a.count == 2 }
			}
			check "c" {
				depends_on = [step.a]
				run_if     = "always"
				assert { condition = try(step.a.count, 0) == 0 }
			}`, map[string]run.Outcome{"a": run.Error, "b": run.Error, "c": run.Pass}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcomes(t, c.text, enginetest.Options{}, c.want)
			if got.Result.ExitStatus != c.exit {
				t.Errorf("exit status %d, want %d", got.Result.ExitStatus, c.exit)
			}
		})
	}
}

func TestThresholds(t *testing.T) {
	text := func(value string) string {
		return fmt.Sprintf(`
			step "fake_read" "a" {
				value = %s
				threshold "days left" {
					value  = self.value
					unit   = "days"
					expect = value > 7
					warn   = value <= 30
				}
			}`, value)
	}
	for value, want := range map[string]struct {
		outcome run.Outcome
		message string
	}{
		"90":            {run.Pass, "days left 90 days"},
		"21":            {run.Warn, "days left 21 days (warn at 30 or less)"},
		"7":             {run.Fail, "days left 7 days (must be above 7)"},
		"null":          {run.Error, "is null"},
		`"21"`:          {run.Error, "is string"},
		"1e400":         {run.Error, "is too large a number"},
		"{ days = 21 }": {run.Error, "is object"},
	} {
		t.Run(value, func(t *testing.T) {
			got := enginetest.Run(t, &enginetest.Fake{}, text(value), enginetest.Options{})
			checks := got.Checks("a")
			if len(checks) != 1 || checks[0].Outcome != want.outcome || !strings.Contains(checks[0].Message, want.message) {
				t.Fatalf("want %+v, got %s", want, got.Stream)
			}
			if diff := cmp.Diff(map[string]run.Outcome{"a": want.outcome}, got.Outcomes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAllChecksAreEvaluated(t *testing.T) {
	got := outcomes(t, `
		step "fake_read" "a" {
			value = { status = "sick", code = 500 }
			assert { condition = self.value.status == "healthy" && self.value.code < 400 }
			assert { condition = self.value.nope == 1 }
			assert { condition = alltrue([for i in self.items : i.ready]) }
		}`, enginetest.Options{}, map[string]run.Outcome{"a": run.Error})
	checks := got.Checks("a")
	if len(checks) != 3 {
		t.Fatalf("%d checks", len(checks))
	}
	for i, want := range [][]string{{`"sick"`, "500"}, {"nope"}, {"b"}} {
		seen := checks[i].Message
		for _, ref := range checks[i].References {
			seen += "\n" + ref.Expression + " is " + ref.Value
		}
		for _, w := range want {
			if !strings.Contains(seen, w) {
				t.Errorf("check %d must show %s:\n%s", i, w, seen)
			}
		}
	}
}

func TestSecretsAreNowhere(t *testing.T) {
	env := map[string]string{"TOKEN": "s3cr3t-from-env"}
	fake := &enginetest.Fake{Do: failing}
	got := enginetest.Run(t, fake, `
		variable "password" {
			type      = string
			sensitive = true
			default   = "p4ss-w0rd"
		}
		provider "fake" { password = secret("env:TOKEN") }
		locals { url = "https://user:${var.password}@host" }
		step "fake_read" "a" {
			value = [local.url, secret("env:TOKEN")]
			show  = { value = self.value, token = self.token }
			assert {
				condition     = self.value[0] == self.token
				error_message = "they differ: ${self.token} ${local.url}"
			}
			assert { condition = self.token == "${var.password}-" }
			threshold "length" {
				value  = length(self.token)
				expect = value < 3
			}
			remedy { text = "use ${var.password}" }
		}
		output "all" {
			value     = step.a.value
			sensitive = true
		}
		output "plain" { value = [local.url] }`, enginetest.Options{Env: env})
	if got.Result == nil || got.Result.Outcome != run.Fail {
		t.Fatal(got.Diags, got.Stream)
	}
	for _, secret := range []string{"s3cr3t-from-env", "p4ss-w0rd", enginetest.SecretToken} {
		if strings.Contains(got.Stream, secret) {
			t.Errorf("%s is in the stream:\n%s", secret, got.Stream)
		}
		if strings.Contains(fmt.Sprint(got.Diags), secret) {
			t.Errorf("%s is in the diagnostics", secret)
		}
	}
	if !strings.Contains(got.Stream, "(sensitive)") {
		t.Error("nothing is marked")
	}
}

func TestRefusedBeforeAnythingRuns(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		plan engine.PlanOptions
		want string
	}{
		"read-only":            {`step "fake_write" "w" {}`, engine.PlanOptions{ReadOnly: true}, "read-only"},
		"raised by its author": {`step "fake_read" "w" { effect = "write" }`, engine.PlanOptions{ReadOnly: true}, "read-only"},
		"not supported":        {`step "fake_later" "w" {}`, engine.PlanOptions{}, "fake_later"},
		"a missing secret":     {`step "fake_read" "a" { value = secret("env:NOPE") }`, engine.PlanOptions{}, "NOPE"},
		"a secret in a block":  {"provider \"fake\" { password = secret(\"env:NOPE\") }\nstep \"fake_read\" \"a\" {}", engine.PlanOptions{}, "NOPE"},
		"an unknown target":    {`step "fake_read" "nodes" {}`, engine.PlanOptions{Targets: []string{"nodse"}}, `"nodes"`},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			got := enginetest.Run(t, fake, c.text, enginetest.Options{Plan: c.plan})
			if got.Result != nil || len(fake.Log()) > 0 {
				t.Fatal("it was run")
			}
			if text := got.Diags.Error(); !strings.Contains(fmt.Sprint(text, got.Diags), c.want) {
				t.Errorf("want %q in: %s", c.want, text)
			}
		})
	}
}

func TestTargetsOnly(t *testing.T) {
	got := enginetest.Run(t, &enginetest.Fake{}, `
		step "fake_read" "a" {}
		step "fake_read" "b" { depends_on = [step.a] }
		step "fake_read" "c" {}
		output "c" { value = step.c.count }
		output "b" { value = step.b.count }`, enginetest.Options{Plan: engine.PlanOptions{Targets: []string{"b"}}})
	if diff := cmp.Diff(map[string]run.Outcome{"a": run.Pass, "b": run.Pass}, got.Outcomes()); diff != "" {
		t.Error(diff)
	}
	if len(got.Result.Outputs) != 1 || got.Result.Outputs[0].Name != "b" {
		t.Errorf("outputs: %+v", got.Result.Outputs)
	}
}

func TestWritesGoInFileOrder(t *testing.T) {
	fake := &enginetest.Fake{}
	enginetest.Run(t, fake, `
		provider "fake" {}
		step "fake_write" "one" { id = "one" }
		step "fake_write" "two" {
			id    = "two"
			value = step.three.value
		}
		step "fake_write" "three" { id = "three" }
		step "fake_destroy" "four" { id = "four" }`, enginetest.Options{})
	if diff := cmp.Diff([]string{"one", "three", "two", "four"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

func TestStreamIsNumberedAndComplete(t *testing.T) {
	got := enginetest.Run(t, &enginetest.Fake{}, `
		step "fake_read" "a" { show = self.items[*].name }
		output "n" { value = step.a.count }`, enginetest.Options{})
	var types []run.Type
	for i, e := range got.Events {
		if e.Seq != int64(i+1) || e.V != run.Version || e.Run != got.Result.RunID || e.Time.Location() != time.UTC {
			t.Errorf("event %d: %+v", i, e)
		}
		types = append(types, e.Type)
	}
	want := []run.Type{run.RunStarted, run.StepReady, run.StepStarted, run.StepFinished, run.RunFinished}
	if !slices.Equal(types, want) {
		t.Errorf("types %v", types)
	}
	last := got.Events[len(got.Events)-1]
	if string(last.Outputs[0].Value) != "2" || string(got.Events[3].Show) != `["a","b"]` {
		t.Errorf("outputs %s, show %s", last.Outputs[0].Value, got.Events[3].Show)
	}
}
