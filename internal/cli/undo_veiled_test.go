package cli

import (
	"strings"
	"testing"
)

// TestWhyAnUndoIsVeiled: where a runbook holds a secret whose instance is gone, nothing is shown of what systems answer, as nobody knows where that
// got to; the output names the step, and says what brings it back.
func TestWhyAnUndoIsVeiled(t *testing.T) {
	const child = `
runbook "kid" {}
variable "k" {}
provider "fake" {}
step "fake_write" "w" { id = "w ${var.k} ${secret("env:TOLD_${var.k}")}" }
`
	const parent = `
runbook "gone" {}
provider "fake" {}
step "fake_write" "own" {
  id = "own"
  undo "fake_write" { id = "back" }
}
step "runbook" "in" {
  for_each  = { x = "a", y = "b" }
  source    = "./kid.hcl"
  variables = { k = each.value }
}
step "fake_ask" "well" {
  prompt     = "Well?"
  depends_on = [step.in]
}
`
	told := map[string]string{"TOLD_a": "s3cret-a-q7", "TOLD_b": "s3cret-b-q7"}
	tt := newTerminal(t, false, nil, told)
	tt.fake.Says = func(string) string { return "it holds s3cret-a-q7" }
	tt.file(t, "kid.hcl", child)
	path := tt.file(t, "x.hcl", parent)
	tt.does(t, ExitInterrupted, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	rewrite(t, path, strings.Replace(parent, `x = "a", `, "", 1))
	next := tt.again(t, false, "")
	next.Lookup = tt.Lookup
	next.does(t, ExitInterrupted, []string{"x gone"}, "resume", id, "--with-changes", "--auto-approve")
	last := tt.again(t, false, "")
	last.Lookup = tt.Lookup
	why := []string{
		"✓ undo own           (sensitive)", "nothing is shown of what systems answer to the undos", "the runbook of step in[", " holds a secret that only its variables tell",
		"bring that back, and try again",
	}
	last.does(t, ExitPassed, why, "undo", id, "--auto-approve")
	if said := last.out.String() + last.err.String(); strings.Contains(said, "s3cret") {
		t.Errorf("the secret is shown:\n%s", said)
	}
}
