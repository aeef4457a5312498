package engine_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// echoing is a runbook of which a system gives a secret back as a part of a result; the last step, or its undo, has an argument that
// others may read.
const echoing = `
provider "fake" {}
variable "place" { default = "production" }
locals { found = "at ${step.ls.value}" }
step "fake_read" "ls" {
  id    = "ls ${substr(secret("env:TOKEN"), 0, 0)}"
  value = "x"
}
%s
`

// TestAnEchoedSecretWhereOthersRead: an argument that others may read is refused by its value, as nothing marks the secret in it. A word
// of the file that is a secret by chance is not.
func TestAnEchoedSecretWhereOthersRead(t *testing.T) {
	const secret = "argSecret-9"
	for name, c := range map[string]struct {
		seen, token string
		refused     bool
	}{
		"result":           {`["x", step.ls.value]`, secret, true},
		"in a template":    {`["x", "--id=${step.ls.value}"]`, secret, true},
		"through a local":  {`[local.found]`, secret, true},
		"encoded":          {`[base64encode("user:${step.ls.value}")]`, secret, true},
		"list":             {`[for x in [step.ls.value] : x]`, secret, true},
		"environment":      {`[env("TOKEN")]`, secret, true},
		"another result":   {`[step.ls.call]`, secret, false},
		"file":             {`["get", "-n", "production", step.ls.call]`, "production", false},
		"part of a script": {`["sh", "-c", "get -n production ${step.ls.call}"]`, "production", false},
		"variable":         {`["get ${var.place} ${step.ls.call}", "${var.place}"]`, "production", false},
		"by its author":    {`[nonsensitive(step.ls.value)]`, secret, false},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprintf(echoing, "step \"fake_write\" \"w\" {\n  id = \"w\"\n  seen = "+c.seen+"\n}")
			fake, j := &enginetest.Fake{Says: func(string) string { return "it is " + secret }}, enginetest.Store(t)
			out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"TOKEN": c.token}})
			got := out.Finished()["w"]
			refused := got.Outcome == run.Error && strings.Contains(got.Error, "seen holds what is a secret of the run too") &&
				strings.Contains(got.Error, "hand it over as words")
			if refused != c.refused || len(fake.Log()) == 2 == c.refused {
				t.Errorf("%+v, called: %v", got, fake.Log())
			}
			if c.refused && (strings.Contains(out.Stream, secret) || strings.Contains(out.Stream, base64.StdEncoding.EncodeToString([]byte(secret)))) {
				t.Errorf("shown: %s", out.Stream)
			}
		})
	}
}

// TestAnEchoedSecretInAnUndo is refused too, in the run and by hand; a word of the file that is one by chance is not.
func TestAnEchoedSecretInAnUndo(t *testing.T) {
	for token, refused := range map[string]bool{"argSecret-9": true, "production": false} {
		text := fmt.Sprintf(echoing, `
step "fake_write" "w" {
  id = "w"
  undo "fake_write" {
    id   = "back"
    seen = ["get", "production", "in production ${step.ls.value}", local.found]
  }
}`)
		fake := &enginetest.Fake{Says: func(string) string { return "it is argSecret-9" }}
		opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"TOKEN": token}}
		out := enginetest.Run(t, fake, text, opts)
		out.Ends(t, 0)
		undone := enginetest.Undo(t, fake, out.Result.RunID, opts)
		if got := fake.Calls("back"); (got == 0) != refused || refused && !strings.Contains(undone.Stream, "seen holds what is a secret of the run too") {
			t.Errorf("called: %v\n%s\n%v", fake.Log(), undone.Stream, undone.Diags)
		}
	}
}

// TestAnEchoedSecretWithinAndInANotifier: a runbook that a step runs gets what a system gave back as a variable, a notifier
// what is in the environment. What it is told of the question is blanked anyway.
func TestAnEchoedSecretWithinAndInANotifier(t *testing.T) {
	const child = `
runbook "child" {}
variable "found" { type = string }
step "fake_write" "w" {
  id   = "w"
  seen = ["x", var.found]
}
`
	says := func(string) string { return "it is argSecret-9" }
	env := map[string]string{"TOKEN": "argSecret-9"}
	t.Run("within", func(t *testing.T) {
		parent := "runbook \"parent\" {}\n" + fmt.Sprintf(echoing, "step \"runbook\" \"kid\" {\n  source = \"./child.hcl\"\n  variables = { found = step.ls.value }\n}")
		fake := &enginetest.Fake{Says: says}
		out := enginetest.RunFile(t, fake, family(t, parent, child), enginetest.Options{AutoApprove: true, Env: env})
		if got := out.Finished()["kid/w"]; got.Outcome != run.Error || !strings.Contains(got.Error, "seen holds what is a secret of the run too") || fake.Calls("w") > 0 {
			t.Errorf("%+v, called: %v", got, fake.Log())
		}
	})
	t.Run("notifier", func(t *testing.T) {
		text := fmt.Sprintf(echoing, `
contact "ann" { name = "Ann" }
escalation "oncall" {
  level {
    contact = contact.ann
    after   = "0s"
    notify "fake_write" {
      id   = "page"
      seen = ["x", env("TOKEN")]
    }
  }
}
step "fake_ask" "ok" {
  prompt     = "Is ${step.ls.value} well?"
  timeout    = "1h"
  escalation = escalation.oncall
}`)
		fake := &enginetest.Fake{Says: says}
		out := enginetest.Run(t, fake, text, enginetest.Options{AutoApprove: true, Env: env})
		if fake.Calls("page") > 0 || strings.Contains(out.Stream, "argSecret-9") || !strings.Contains(out.Stream, "seen holds what is a secret of the run too") {
			t.Errorf("called: %v\n%s\n%v", fake.Log(), out.Stream, out.Diags)
		}
	})
}
