package engine_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAKeyThatIsASecretByChance: the keys of instances that the file has, or a variable, stay what they are beside a secret of the same
// word, in the history and in a resume.
func TestAKeyThatIsASecretByChance(t *testing.T) {
	for name, of := range map[string]string{
		"literal":  `toset(["production", "staging"])`,
		"local":    "local.places",
		"variable": "toset(var.places)",
		"by key":   `{ production = step.login.call, staging = 2 }`,
	} {
		t.Run(name, func(t *testing.T) {
			text := `
provider "fake" {}
locals { places = toset(["production", "staging"]) }
variable "places" { default = ["production", "staging"] }
step "fake_read" "login" {
  id    = "login"
  value = secret("env:DBUSER")
}
step "fake_write" "w" {
  depends_on = [step.login]
  for_each = ` + of + `
  id       = "w ${each.key}"
  undo "fake_write" { id = "back ${each.key}" }
}
`
			mended := false
			fake, j := fails("w staging", &mended), enginetest.Store(t)
			opts := enginetest.Options{Journal: j, AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"DBUSER": "production"}}
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, 1)
			mended = true
			enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
			enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
			want := []string{"login", "w production", "w staging", "w staging", "back staging", "back production"}
			if diff := cmp.Diff(want, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAKeyThatShowsASecret: a key in which a secret comes back from a system is refused before anything is done with it, also where it is a
// part of another word of the file.
func TestAKeyThatShowsASecret(t *testing.T) {
	for name, forEach := range map[string]string{
		"echoed":         `toset([step.ls.value, "b"])`,
		"in longer word": `toset([step.ls.value, "this-is-keySecret-9-too"])`,
	} {
		t.Run(name, func(t *testing.T) {
			text := `
provider "fake" {}
step "fake_read" "ls" {
  id    = "ls ${substr(secret("env:TOKEN"), 0, 0)}"
  value = "x"
}
step "fake_write" "w" {
  for_each = ` + forEach + `
  id       = "w ${each.key}"
}
`
			fake, j := &enginetest.Fake{Says: func(string) string { return "is-keySecret-9" }}, enginetest.Store(t)
			out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"TOKEN": "keySecret-9"}})
			if got := out.Finished()["w"]; got.Outcome != run.Error || !strings.Contains(got.Error, "holds what is a secret of the run") {
				t.Errorf("%+v", got)
			}
			if strings.Contains(out.Stream, "is-keySecret") || len(fake.Log()) != 1 {
				t.Errorf("called: %v\n%s", fake.Log(), out.Stream)
			}
		})
	}
}

// TestAVariableThatHoldsASecretByChance is kept with the run, encrypted, and the run goes on with it.
func TestAVariableThatHoldsASecretByChance(t *testing.T) {
	const text = `
provider "fake" {}
variable "ns" { default = "production-eu" }
step "fake_read" "login" {
  id    = "login"
  value = secret("env:DBUSER")
}
step "fake_write" "w" {
  id = "w ${var.ns}"
  undo "fake_write" { id = "back ${var.ns}" }
}
step "fake_write" "last" {
  depends_on = [step.w]
  id         = "last"
}
`
	mended := false
	fake, j := fails("last", &mended), enginetest.Store(t)
	opts := enginetest.Options{Journal: j, AutoApprove: true, Seal: plain, Unseal: opened, Env: map[string]string{"DBUSER": "production"}}
	out := enginetest.Run(t, fake, text, opts)
	out.Ends(t, 1)
	mended = true
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
	enginetest.Undo(t, fake, out.Result.RunID, opts).Ends(t, 0)
	if fake.Calls("back production-eu") != 1 {
		t.Errorf("called: %v", fake.Log())
	}
}

// TestAConfigurationWhoseKeyShowsASecret is refused before the run begins, also where the secret is read by something else, and in a runbook
// that a step runs; a key that the file has is not.
func TestAConfigurationWhoseKeyShowsASecret(t *testing.T) {
	const (
		provider = `
provider "fake" {
  for_each = toset([env("TOKEN"), "b"])
  %s
}
`
		step = `
step "fake_write" "w" {
  provider = provider.fake[%s]
  id       = "w"
  %s
}
`
	)
	runbook := func(config, key, rest string) string {
		return fmt.Sprintf(provider, config) + fmt.Sprintf(step, key, rest)
	}
	for name, c := range map[string]struct {
		text, token string
		refused     bool
	}{
		"its own":     {runbook(`password = secret("env:TOKEN")`, `env("TOKEN")`, ""), "keySecret-9", true},
		"of a step":   {runbook("", `env("TOKEN")`, `value = secret("env:TOKEN")`), "keySecret-9", true},
		"another key": {runbook(`password = secret("env:TOKEN")`, `"b"`, ""), "keySecret-9", false},
		"in the file": {runbook(`password = secret("env:TOKEN") # not the one of production`, `env("TOKEN")`, ""), "production", false},
	} {
		for _, within := range []bool{false, true} {
			t.Run(fmt.Sprint(name, within), func(t *testing.T) {
				path := enginetest.Write(t, c.text)
				if within {
					path = "../" + filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
					path = enginetest.Write(t, fmt.Sprintf("step \"runbook\" \"child\" {\n  source = %q\n}\n", path))
				}
				fake := &enginetest.Fake{}
				out := enginetest.RunFile(t, fake, path, enginetest.Options{AutoApprove: true, Env: map[string]string{"TOKEN": c.token}})
				problem := ""
				if out.Diags.HasErrors() {
					problem = out.Diags.Error()
				}
				if got := strings.Contains(problem, "holds what is a secret of the run"); got != c.refused || (len(fake.Log()) == 0) != c.refused {
					t.Errorf("problem %q, called: %v\n%s", problem, fake.Log(), out.Stream)
				}
				if c.refused && strings.Contains(out.Stream+problem, c.token) {
					t.Errorf("shown: %s%s", problem, out.Stream)
				}
			})
		}
	}
}
