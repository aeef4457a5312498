package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAnUndoThatWouldBeLost: files without a step whose undo is due are refused, with a command that does it; then they are taken.
func TestAnUndoThatWouldBeLost(t *testing.T) {
	const before = `
runbook "test" {}
provider "fake" {}
step "fake_write" "mute" {
  for_each = toset(["the eu"])
  id       = "mute ${each.key}"
  undo "fake_write" {
    id = "unmute ${each.key}"
    on = "end"
  }
}
step "fake_write" "plain" { id = "plain" }
step "fake_ask" "sure" {
  prompt     = "Sure?"
  depends_on = [step.mute, step.plain]
}
`
	tt := newTerminal(t, false, nil, nil)
	path := tt.file(t, "x.hcl", before)
	tt.does(t, ExitInterrupted, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	rewrite(t, path, strings.NewReplacer(`"mute"`, `"quiet"`, "step.mute, step.plain", "step.quiet", `step "fake_write" "plain" { id = "plain" }`, "").Replace(before))
	did := tt.fake.Log()
	next := tt.again(t, false, "")
	next.does(t, ExitRefused, []string{
		"nothing was run", `step mute["the eu"] was carried out at 20`, "is not in the file any more; its undo is fake_write, which is due at the end of the run",
		"after which it counts as not run", "keep the step in the file, under its name",
	}, "resume", id, "--with-changes", "--auto-approve")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	command := regexp.MustCompile(`runbook undo (\S+) '(.*)'\n`).FindStringSubmatch(next.out.String() + next.err.String())
	if command == nil {
		t.Fatalf("no command is told:\n%s%s", next.out, next.err)
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", command[1], command[2], "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"step plain was carried out at 20", "and is not in the file any more: what it did stays"}, "resume", id, "--with-changes", "--answer", "sure=yes")
	tt.again(t, false, "").does(t, ExitPassed, nil, "resume", id, "--with-changes", "--auto-approve", "--answer", "sure=yes")
	if diff := cmp.Diff(append(did, "unmute the eu", "mute the eu", "unmute the eu"), tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
