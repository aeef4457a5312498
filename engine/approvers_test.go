package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestPlanNamesApprovers: a plan has the names that the question will have, and what only the run knows as it is written.
func TestPlanNamesApprovers(t *testing.T) {
	e := enginetest.New(&enginetest.Fake{}, nil)
	rb, diags := e.Load(enginetest.Write(t, `
contact "ann" {
  name  = "Ann"
  email = "ann@example.com"
}
variable "who" { default = ["alice", "bob"] }
escalation "oncall" {
  level { contact = contact.ann }
}
provider "fake" {}
step "fake_read" "first" { id = "first" }
step "fake_write" "named" {
  id = "a"
  approval {
    approvers = var.who
    timeout   = "30m"
  }
}
step "fake_write" "contacts" {
  id = "b"
  approval {
    approvers  = [contact.ann, "dan"]
    timeout    = "1h"
    on_timeout = "escalate"
    escalation = escalation.oncall
  }
}
step "fake_write" "anybody" {
  id = "c"
  approval {}
}
step "fake_write" "later" {
  id = "d"
  approval { approvers = step.first.items[*].name }
}
step "fake_write" "each" {
  for_each = { eu = "eva" }
  id       = "f"
  approval { approvers = [each.value] }
}
`))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	plan, diags := e.Plan(t.Context(), rb, engine.PlanOptions{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	got := map[string]string{}
	for _, s := range plan.Steps {
		if s.Approval != "" {
			got[s.Name] = s.Approval
		}
	}
	if diff := cmp.Diff(map[string]string{
		"named": "alice, bob within 30m", "contacts": "Ann, ann@example.com, dan within 1h, then escalation.oncall", "anybody": "anybody",
		"later": "step.first.items[*].name", "each": "[each.value]",
	}, got); diff != "" {
		t.Error(diff)
	}
}

// TestApproversThatAreSensitive are refused: whoever may approve has to be told.
func TestApproversThatAreSensitive(t *testing.T) {
	out := enginetest.Run(t, &enginetest.Fake{}, `
variable "hidden" {
  default   = "carol"
  sensitive = true
}
provider "fake" {}
step "fake_write" "w" {
  id = "w"
  approval { approvers = [var.hidden] }
}
`, enginetest.Options{AutoApprove: true})
	if out.Result != nil || !strings.Contains(out.Diags.Error(), "Sensitive approvers") {
		t.Errorf("%v\n%s", out.Diags, out.Stream)
	}
}

// TestAnApproverWhoseNameIsASecretByChance is told, and may approve.
func TestAnApproverWhoseNameIsASecretByChance(t *testing.T) {
	j := enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"DBUSER": "bobby"}}
	out := enginetest.Run(t, &enginetest.Fake{}, `
provider "fake" {}
step "fake_write" "w" {
  id = "${secret("env:DBUSER")}"
  approval { approvers = ["bobby"] }
}
`, opts)
	out.Pauses(t)
	waits := out.Events[slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Question != nil })]
	if !waits.Question.MayAnswer("bobby@ops") || strings.Contains(out.Stream, `"bobby"`) && !strings.Contains(out.Stream, `"approvers":["bobby"]`) {
		t.Errorf("%+v\n%s", waits.Question, out.Stream)
	}
}
