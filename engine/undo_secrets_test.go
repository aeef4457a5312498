package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

const manySecrets = `
provider "fake" { name = secret("env:HERE") }
provider "fake" {
  alias = "there"
  name  = secret("env:THERE")
}
step "fake_read" "look" { value = secret("env:LOOK") }
step "fake_write" "a" {
  id         = "a"
  when       = secret("env:WHEN") != ""
  depends_on = [step.look]
  undo "fake_write" { id = "a back ${secret("env:BACK")}" }
}
step "fake_write" "b" {
  id         = "b ${secret("env:B")}"
  depends_on = [step.a]
  provider   = provider.fake.there
  undo "fake_write" {
    id       = "b back"
    provider = provider.fake.there
  }
}
`

var manySecretsSet = map[string]string{"HERE": "here-1", "THERE": "there-1", "LOOK": "look-1", "WHEN": "when-1", "BACK": "back-1", "B": "b-1"}

// with are the options of a session that has some of the secrets.
func with(j journal.Journal, names ...string) enginetest.Options {
	env := map[string]string{}
	for _, name := range names {
		env[name] = manySecretsSet[name]
	}
	return enginetest.Options{Journal: j, AutoApprove: true, Env: env, Seal: plain, Unseal: opened}
}

// writesOf are the writes of a fake, whose reads have no name.
func writesOf(fake *enginetest.Fake) []string {
	return slices.DeleteFunc(fake.Log(), func(id string) bool { return id == "" })
}

// TestUndoNeedsItsOwnSecrets: of a run's secrets an undo by hand reads those in its own expressions, and in its provider block. One that
// is missing there is told before anything runs.
func TestUndoNeedsItsOwnSecrets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		undo, has []string
		missing   string
		does      []string
	}{
		"one step":                  {undo: []string{"a"}, has: []string{"HERE", "BACK"}, does: []string{"a back back-1"}},
		"another":                   {undo: []string{"b"}, has: []string{"THERE"}, does: []string{"b back"}},
		"all":                       {has: []string{"HERE", "BACK", "THERE"}, does: []string{"b back", "a back back-1"}},
		"its argument is missing":   {undo: []string{"a"}, has: []string{"HERE"}, missing: "BACK"},
		"its provider's is missing": {undo: []string{"b"}, has: []string{"HERE"}, missing: "THERE"},
		"one of all is missing":     {has: []string{"HERE", "THERE"}, missing: "BACK"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.Run(t, fake, manySecrets, with(j, "HERE", "THERE", "LOOK", "WHEN", "BACK", "B"))
			out.Ends(t, 0)
			did := writesOf(fake)
			out = enginetest.Undo(t, fake, out.Result.RunID, with(j, c.has...), c.undo...)
			if c.missing == "" {
				out.Ends(t, 0)
			} else if out.Result != nil || !strings.Contains(out.Diags.Error(), c.missing+" is not set") {
				t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
			}
			if diff := cmp.Diff(append(did, c.does...), writesOf(fake)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndoWithinNeedsItsOwnSecrets: likewise in a runbook that a step runs. The variables that this is given count as its own.
func TestUndoWithinNeedsItsOwnSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"child.hcl": "runbook \"child\" {}\nvariable \"who\" { sensitive = true }\nprovider \"fake\" { name = secret(\"env:THERE\") }\n" +
			"step \"fake_read\" \"look\" { value = secret(\"env:LOOK\") }\n" +
			"step \"fake_write\" \"w\" {\n  id = \"w\"\n  undo \"fake_write\" { id = \"back ${var.who}\" }\n}\n",
		"parent.hcl": "runbook \"parent\" {}\nprovider \"fake\" {}\nstep \"fake_read\" \"before\" { value = secret(\"env:B\") }\n" +
			"step \"runbook\" \"kid\" {\n  source = \"./child.hcl\"\n  variables = { who = secret(\"env:BACK\") }\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.RunFile(t, fake, filepath.Join(dir, "parent.hcl"), with(j, "THERE", "LOOK", "BACK", "B"))
	out.Ends(t, 0)
	id := out.Result.RunID
	for _, missing := range []string{"THERE", "BACK"} {
		has := strings.Replace("THERE BACK", missing, "LOOK", 1)
		out = enginetest.Undo(t, fake, id, with(j, strings.Fields(has)...), "kid/w")
		if out.Result != nil || !strings.Contains(out.Diags.Error(), missing+" is not set") {
			t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
		}
	}
	enginetest.Undo(t, fake, id, with(j, "THERE", "BACK"), "kid/w").Ends(t, 0)
	if diff := cmp.Diff([]string{"w", "back back-1"}, writesOf(fake)); diff != "" {
		t.Error(diff)
	}
}

// dueAtTheEnd is a run that waits for a yes, and takes its first step back when it ends.
func dueAtTheEnd() string {
	text := strings.Replace(manySecrets, `undo "fake_write" { id = "a back`, "undo \"fake_write\" {\n    on = \"end\"\n    id = \"a back", 1)
	return strings.Replace(text, `BACK")}" }`, "BACK\")}\"\n  }", 1) + "step \"fake_write\" \"ask\" {\n  id = \"ask\"\n  depends_on = [step.b]\n  approval {}\n}\n"
}

// TestCancelNeedsTheSecretsOfItsUndos: a run that is given up needs those of the undos that are due, and no others.
func TestCancelNeedsTheSecretsOfItsUndos(t *testing.T) {
	t.Parallel()
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, dueAtTheEnd(), with(j, "HERE", "THERE", "LOOK", "WHEN", "BACK", "B"))
	out.Pauses(t)
	enginetest.Cancel(t, fake, out.Result.RunID, with(j, "HERE", "BACK")).Ends(t, 3)
	if diff := cmp.Diff([]string{"a", "b b-1", "a back back-1"}, writesOf(fake)); diff != "" {
		t.Error(diff)
	}
}

// TestCancelWhereASecretIsGone: it ends the run all the same. The undo that needs the secret fails, says how to finish by hand, and can be
// sent once the secret is back.
func TestCancelWhereASecretIsGone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ has, missing string }{
		"its argument":   {"HERE", "BACK"},
		"its provider's": {"BACK", "HERE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.Run(t, fake, dueAtTheEnd(), with(j, "HERE", "THERE", "LOOK", "WHEN", "BACK", "B"))
			out.Pauses(t)
			id := out.Result.RunID
			out = enginetest.Cancel(t, fake, id, with(j, c.has, "THERE"))
			out.Ends(t, 4)
			for _, want := range []string{"Take the effect of step a back by hand: fake_write", "a back", c.missing + " is not set"} {
				if !strings.Contains(out.Stream, want) {
					t.Errorf("%q is not in %s", want, out.Stream)
				}
			}
			enginetest.Undo(t, fake, id, with(j, "HERE", "BACK"), "a").Ends(t, 1)
			if diff := cmp.Diff([]string{"a", "b b-1", "a back back-1"}, writesOf(fake)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
