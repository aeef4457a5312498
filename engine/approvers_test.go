package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
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
variable "hidden" {
  default   = "carol"
  sensitive = true
}
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
step "fake_write" "secret" {
  id = "e"
  approval { approvers = [var.hidden] }
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
		"later": "step.first.items[*].name", "secret": "[var.hidden]", "each": "[each.value]",
	}, got); diff != "" {
		t.Error(diff)
	}
}
