package engine_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	placedByResult = `
runbook "placed" {}
provider "fake" { name = "s" }
step "fake_read" "found" { id = "found" }
step "runbook" "in" {
  source    = "child.hcl"
  variables = { number = tostring(step.found.call) }
}
`
	placedChild = `
runbook "child" {}
variable "number" { type = string }
provider "fake" {
  alias  = "found"
  name   = "s"
  within = "${var.number}/${env("WHERE")}"
}
step "fake_write" "w" {
  provider = provider.fake.found
  for_each = toset(["one"])
  id       = "w"
}
step "fake_write" "boom" {
  provider   = provider.fake.found
  for_each   = toset(["one"])
  id         = "boom"
  depends_on = [step.w]
}
`
)

// TestAPlaceThatOnlyTheRunKnows: a configuration that a result decides is not told at the beginning of a session; nothing is sent with it to
// another place all the same, unless that is meant, and the run stops there.
func TestAPlaceThatOnlyTheRunKnows(t *testing.T) {
	mended := false
	fake, j := fails("boom", &mended), enginetest.Store(t)
	at := func(where string, changes bool) enginetest.Options {
		return enginetest.Options{Journal: j, AutoApprove: true, WithChanges: changes, Env: map[string]string{"WHERE": where}}
	}
	file := enginetest.Write(t, placedByResult)
	enginetest.Rewrite(t, filepath.Join(filepath.Dir(file), "child.hcl"), placedChild)
	out := enginetest.RunFile(t, fake, file, at("here", false))
	if out.Result == nil || fake.Calls("w") != 1 || fake.Calls("boom") != 1 {
		t.Fatalf("%v\n%s", out.Diags, out.Stream)
	}
	mended = true
	id := out.Result.RunID
	for range 2 {
		out = enginetest.Resume(t, fake, id, at("there", false))
		if out.Result == nil || out.Result.Outcome != run.Cancelled || fake.Calls("boom") != 1 {
			t.Fatalf("%v %v\n%s", fake.Log(), out.Diags, out.Stream)
		}
		for _, want := range []string{"fake.found was fake://s/1/here then, and is fake://s/1/there now", "nothing was sent", "--with-changes"} {
			if !strings.Contains(out.Stream, want) {
				t.Errorf("%q is not in\n%s", want, out.Stream)
			}
		}
		if out.Result.ExitStatus != 3 {
			t.Errorf("exit status %d: nothing is in doubt, and the run can go on", out.Result.ExitStatus)
		}
	}
	out = enginetest.Resume(t, fake, id, at("there", true))
	if out.Result == nil || out.Result.ExitStatus != 0 || fake.Calls("boom") != 2 || fake.Calls("w") != 1 {
		t.Fatalf("%v %v\n%s", fake.Log(), out.Diags, out.Stream)
	}
}

// TestAStrayTakesNothingBack: that the environment is another is no failure of the run.
func TestAStrayTakesNothingBack(t *testing.T) {
	const stops = "{ on_failure = \"stop\" }"
	undone := `
step "fake_write" "before" {
  id = "before"
  undo "fake_write" { id = "back" }
}
step "fake_write" "beside" { id = "beside" }
`
	fake, whole := &enginetest.Fake{}, enginetest.Store(t)
	at := func(j journal.Journal, where string) enginetest.Options {
		return enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"WHERE": where}}
	}
	file := enginetest.Write(t, strings.Replace(placedByResult, "{}", stops, 1)+undone)
	enginetest.Rewrite(t, filepath.Join(filepath.Dir(file), "child.hcl"), strings.Replace(placedChild, "{}", stops, 1)+undone)
	out := enginetest.RunFile(t, fake, file, at(whole, "here"))
	out.Ends(t, 0)
	id := out.Result.RunID
	_, n := cutAtStart(t, whole, id, `in/boom["one"]`)
	j := enginetest.CutAfter(t, whole, id, n-1)
	done := fake.Log()
	out = enginetest.Resume(t, fake, id, at(j, "there"))
	out.Ends(t, 3)
	if slices.Contains(fake.Log()[len(done):], "back") || slices.Contains(fake.Log()[len(done):], "boom") {
		t.Errorf("%v\n%s", fake.Log(), out.Stream)
	}
	if got := out.Finished()["in"]; got.Outcome != run.Cancelled {
		t.Errorf("%+v", got)
	}
	out = enginetest.Resume(t, fake, id, at(j, "here"))
	out.Ends(t, 0)
}
