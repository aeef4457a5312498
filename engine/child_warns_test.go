package engine_test

import (
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestARunbookWithinThatWarns: a step whose runbook passed with warnings warns, and so does the run.
func TestARunbookWithinThatWarns(t *testing.T) {
	t.Parallel()
	path := files(t, map[string]string{
		"parent.hcl": "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\nstep \"fake_read\" \"after\" {\n  id = \"after\"\n  depends_on = [step.db]\n}\n",
		"child.hcl": `
runbook "child" {}
step "fake_read" "count" {
  id = "count"
  threshold "items" {
    value = self.count
    warn  = value > 1
  }
}
`,
	})
	fake := &enginetest.Fake{}
	out := enginetest.RunFile(t, fake, path, enginetest.Options{FailOnWarn: true})
	if out.Result == nil || out.Result.Outcome != run.Warn || out.Result.ExitStatus != 1 || fake.Calls("after") != 1 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	if got := out.Finished()["db"]; got.Outcome != run.Warn || got.Summary != "child: 1 warned" {
		t.Errorf("%+v", got)
	}
}
