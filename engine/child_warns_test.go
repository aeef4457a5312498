package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestARunbookWithinThatErred: what a runbook came to is its worst step's, and the step's that runs it. Its outputs are
// kept.
func TestARunbookWithinThatErred(t *testing.T) {
	t.Parallel()
	path := files(t, map[string]string{
		"parent.hcl": "runbook \"parent\" {}\nstep \"runbook\" \"db\" { source = \"./child.hcl\" }\n",
		"child.hcl":  "runbook \"child\" {}\nstep \"fake_read\" \"down\" { id = \"down\" }\nstep \"fake_read\" \"up\" { id = \"up\" }\noutput \"up\" { value = step.up.call }\n",
	})
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "down" {
			return errors.New("no such host")
		}
		return nil
	}}
	out := enginetest.RunFile(t, fake, path, enginetest.Options{})
	got := out.Finished()["db"]
	if got.Outcome != run.Error || out.Result.Outcome != run.Error || !strings.Contains(got.Error, "child did not pass: 1 passed, 1 erred") ||
		!strings.Contains(string(got.Result), `"up":1`) || fake.Calls("down") != 1 {
		t.Errorf("%+v\n%s", got, out.Stream)
	}
}

// TestARunbookWithinWhoseStepIsTooShort tells whose time was over.
func TestARunbookWithinWhoseStepIsTooShort(t *testing.T) {
	t.Parallel()
	path := files(t, map[string]string{
		"parent.hcl": "runbook \"parent\" {}\nstep \"runbook\" \"db\" {\n  source = \"./child.hcl\"\n  timeout = \"30ms\"\n}\n",
		"child.hcl":  "runbook \"child\" {}\nstep \"fake_read\" \"slow\" { id = \"slow\" }\nstep \"fake_read\" \"next\" {\n  id = \"next\"\n  depends_on = [step.slow]\n}\n",
	})
	fake := &enginetest.Fake{Do: func(ctx context.Context, _ string, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}}
	out := enginetest.RunFile(t, fake, path, enginetest.Options{})
	const whose = "the timeout of the step that runs this runbook has passed"
	for _, step := range []string{"db/slow", "db/next"} {
		if got := out.Finished()[step]; got.Outcome != run.Cancelled || got.Error != whose {
			t.Errorf("%s: %+v", step, got)
		}
	}
	if got := out.Finished()["db"]; got.Outcome != run.Error || !strings.Contains(got.Error, "timed out after 30ms") {
		t.Errorf("%+v\n%s", got, out.Stream)
	}
}

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
