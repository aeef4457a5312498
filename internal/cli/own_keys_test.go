package cli

import (
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestKeysOfEarlierSessions: a key that was told before it turned out to be a secret stays in the addresses of later sessions, whose commands
// have to be typed.
func TestKeysOfEarlierSessions(t *testing.T) {
	const text = `
runbook "keyed" {}
provider "fake" {}
step "fake_ask" "calm" {
  for_each = toset(["KEY", "b"])
  prompt   = "Is it calm?"
}
step "fake_write" "w" {
  for_each = toset(["KEY", "b"])
  id       = "w"
  undo "fake_write" { id = "back" }
}
`
	const address = `["` + enginetest.SecretToken + `"]`
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", strings.ReplaceAll(text, "KEY", enginetest.SecretToken)), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"runbook answer " + id + " 'calm" + address + "' yes|no"}, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, []string{"undo w" + address}, "undo", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitPassed, []string{"calm" + address}, "cancel", id, "--auto-approve")
}

// TestCancelReadsWhatItCan: no secret is called unreadable that nobody tried to read.
func TestCancelReadsWhatItCan(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", `
runbook "sealed" {}
provider "fake" {}
step "fake_noted" "w" {
  id    = "w"
  value = sensitive("noted")
  undo "fake_write" {
    id = "back"
    on = "end"
  }
}
step "fake_ask" "calm" {
  prompt     = "Is it calm?"
  depends_on = [step.w]
}
`), "--auto-approve")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{"✓ undo w"}, "cancel", tt.lastRun(t), "--auto-approve")
	if said := next.err.String(); strings.Contains(said, "can't be read here") {
		t.Errorf("it warns in vain: %s", said)
	}
}

// TestUndoBesideALostKey: a key that the for_each of a provider block gives no more hides no answer to the undo of another step, where no secret is in
// the block.
func TestUndoBesideALostKey(t *testing.T) {
	for setting, hides := range map[string]bool{"name": false, "password": true} {
		env := map[string]string{"HOSTS": "a,b"}
		tt := newTerminal(t, false, nil, env)
		tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", `
runbook "test" {}
provider "fake" {
  for_each = toset(split(",", env("HOSTS")))
  `+setting+` = "on-${each.key}"
}
step "fake_write" "w" {
  provider = provider.fake["a"]
  id       = "w"
  undo "fake_write" { id = "back" }
}
step "fake_read" "r" {
  provider = provider.fake["b"]
  id       = "r"
}
`), "--auto-approve")
		next := tt.again(t, false, "")
		next.Lookup, env["HOSTS"] = tt.Lookup, "a"
		next.does(t, ExitPassed, []string{"✓ undo w"}, "undo", tt.lastRun(t), "w", "--auto-approve")
		if said := next.err.String(); strings.Contains(said, "nothing is shown of what systems answer") != hides {
			t.Errorf("%s: %s", setting, said)
		}
	}
}
