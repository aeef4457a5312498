package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// moves is a runbook whose undos take where they act from everywhere, and whose last step fails the first time.
const moves = `
locals { host = "one" }
step "fake_read" "look" { id = "look" }
step "fake_write" "local" {
  id         = "local ${local.host}"
  undo "fake_write" { id = "back local ${local.host}" }
}
step "fake_write" "each" {
  for_each   = { x = local.host }
  id         = "each ${each.value}"
  undo "fake_write" { id = "back each ${each.value}" }
}
step "fake_write" "seen" {
  id         = "seen ${local.host}"
  undo "fake_write" { id = "back seen ${step.look.call}" }
}
step "fake_write" "env" {
  id         = "env ${local.host}"
  undo "fake_write" { id = "back env ${env("HOSTX")}" }
}
step "fake_write" "renewed" {
  id         = "renewed ${local.host}"
  undo "fake_write" {
    id    = "back renewed"
    value = secret("env:HOSTX")
  }
}
step "fake_write" "beside" {
  id         = "beside ${local.host}"
  undo "fake_write" {
    id    = "back beside ${step.look.call} ${local.host}${substr(now(), 0, 0)}"
    value = { token = secret("env:HOSTX"), at = [for p in ["on"] : "${p} ${local.host}"] }
  }
}
step "fake_write" "mixed" {
  id         = "mixed ${local.host}"
  undo "fake_write" { id = "back mixed ${self.call > 0 ? local.host : self.value}" }
}
step "runbook" "child" {
  source    = "./child.hcl"
  variables = { host = local.host }
}
step "fake_write" "last" {
  depends_on = [step.local, step.each, step.seen, step.env, step.renewed, step.beside, step.mixed, step.child]
  id         = "last"
}
`

const movesChild = `
runbook "child" {}
variable "host" { type = string }
step "fake_write" "ch" {
  id = "child ${var.host}"
  undo "fake_write" { id = "back child ${var.host}" }
}
`

// TestAnUndoIsCalledWithWhatStoodThen: what an undo refers to beside its step's own result is what that was when the step had acted, also
// where the files, the environment or other steps' results are others by now, and where the step acted again with these.
func TestAnUndoIsCalledWithWhatStoodThen(t *testing.T) {
	mended := false
	fake, j := fails("last", &mended), enginetest.Store(t)
	path := family(t, "runbook \"parent\" {}\n"+moves, movesChild)
	opts := enginetest.Options{Journal: j, AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"HOSTX": "env-one"}}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Ends(t, 1)
	id := out.Result.RunID
	text := strings.Replace(moves, `host = "one"`, `host = "two"`, 1)
	text = strings.ReplaceAll(text, `undo "fake_write" { id = "back`, "undo \"fake_write\" { # white space and remarks change nothing\n  id   = \"back")
	text = strings.ReplaceAll(text, `}" }`, "}\"\n  }")
	text = strings.Replace(text, `{ id = "look" }`, "{\n  id = \"look\"\n  value = 2\n}", 1)
	enginetest.Rewrite(t, path, "runbook \"parent\" {}\n"+text)
	mended, opts.WithChanges, opts.Env = true, true, map[string]string{"HOSTX": "env-two"}
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	done := len(fake.Log())
	opts.Env = map[string]string{"HOSTX": "env-three"}
	out = enginetest.Undo(t, fake, id, opts)
	out.Ends(t, 0)
	count := map[string]int{}
	for _, called := range fake.Log()[done:] {
		count[called]++
	}
	want := map[string]int{
		"back local one": 1, "back local two": 1, "back each one": 1, "back each two": 1, "back seen 1": 1, "back seen 2": 1,
		"back env env-one": 1, "back env env-two": 1, "back child one": 1, "back child two": 1, "back renewed": 2,
		"back beside 1 one": 1, "back beside 2 two": 1, "back mixed one": 1, "back mixed two": 1,
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("%s\n%s", diff, out.Stream)
	}
	var beside []string
	for _, e := range out.Events {
		if e.Type == run.UndoStarted && strings.Contains(string(e.Arguments), "env-three") {
			t.Errorf("a secret is told: %s", e.Arguments)
		}
		if e.Type == run.UndoStarted && e.Step == "beside" {
			beside = append(beside, string(e.Arguments))
		}
	}
	if len(beside) != 2 || !strings.Contains(beside[0], `"at":["on two"]`) || !strings.Contains(beside[1], `"at":["on one"]`) {
		t.Errorf("the parts beside a secret: %q", beside)
	}
}

// TestTheUndoOfAWriteThatCountsAsDone is called with what stood when the write was sent, by a session that died.
func TestTheUndoOfAWriteThatCountsAsDone(t *testing.T) {
	const text = `
locals { host = "one" }
step "fake_write" "w" {
  id = "w ${local.host}"
  undo "fake_write" { id = "back ${local.host}" }
}
`
	fake, whole := &enginetest.Fake{}, enginetest.Store(t)
	path := family(t, "runbook \"parent\" {}\n"+text, "")
	out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: whole, AutoApprove: true})
	out.Ends(t, 0)
	started := slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.StepStarted })
	j := enginetest.CutAfter(t, whole, out.Result.RunID, started+1)
	enginetest.Rewrite(t, path, "runbook \"parent\" {}\n"+strings.Replace(text, `"one"`, `"two"`, 1))
	done := func(run.Doubt, *provider.Found) run.Resolution {
		return run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "ann@ops"}
	}
	opts := enginetest.Options{Journal: j, AutoApprove: true, WithChanges: true, Settle: done}
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if diff := cmp.Diff([]string{"w one", "back one"}, fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestAnUndoThatIsWrittenOtherwise is called with what it says by now.
func TestAnUndoThatIsWrittenOtherwise(t *testing.T) {
	const text = `
locals { host = "one" }
step "fake_write" "w" {
  id = "w"
  undo "fake_write" { id = "back ${local.host}" }
}
step "fake_write" "last" {
  depends_on = [step.w]
  id         = "last"
}
`
	mended := false
	fake, j := fails("last", &mended), enginetest.Store(t)
	path := family(t, "runbook \"parent\" {}\n"+text, "")
	opts := enginetest.Options{Journal: j, AutoApprove: true}
	out := enginetest.RunFile(t, fake, path, opts)
	out.Ends(t, 1)
	mended, opts.WithChanges = true, true
	enginetest.Rewrite(t, path, "runbook \"parent\" {}\n"+strings.NewReplacer(`"one"`, `"two"`, "back ${", "take back ${").Replace(text))
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if log := fake.Log(); log[len(log)-1] != "take back two" {
		t.Errorf("called: %v", log)
	}
}

// TestWhatAnUndoIsCalledWithIsSensitive: it is encrypted in the history, and where it can't be read back the undo does not run, and does not
// take what stands now for what stood then.
func TestWhatAnUndoIsCalledWithIsSensitive(t *testing.T) {
	const text = `
runbook "test" {}
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    id    = "back"
    value = sensitive("host ${env("HOSTX")}")
  }
}
`
	for name, c := range map[string]struct {
		unseal func([]byte) ([]byte, error)
		status int
		calls  int
	}{
		"read back": {opened, 0, 1},
		"lost":      {func([]byte) ([]byte, error) { return nil, errors.New("another key") }, 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			opts := enginetest.Options{Journal: j, AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"HOSTX": "hidden-one"}}
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, 0)
			if strings.Contains(out.Stream, "hidden-one") || !strings.Contains(out.Stream, `"undo_with":{"values":{"value":"(sensitive)"}`) {
				t.Errorf("what is kept of the undo:\n%s", out.Stream)
			}
			opts.Unseal, opts.Env = c.unseal, map[string]string{"HOSTX": "hidden-two"}
			out = enginetest.Undo(t, fake, out.Result.RunID, opts)
			if out.Ends(t, c.status); fake.Calls("back") != c.calls || strings.Contains(out.Stream, "hidden-two") {
				t.Errorf("called: %v\n%s", fake.Log(), out.Stream)
			}
		})
	}
}
