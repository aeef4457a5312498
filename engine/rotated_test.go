package engine_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// rotatedSecrets send a secret to a system that only reads, and never again.
var rotatedSecrets = map[string]struct{ parent, child string }{
	"an argument":        {parent: `step "fake_read" "look" { value = secret("env:TOKEN") }`},
	"part of one":        {parent: `step "fake_read" "look" { value = { header = "Bearer ${secret("env:TOKEN")}" } }`},
	"that try may catch": {parent: `step "fake_read" "look" { value = try(secret("env:TOKEN"), "none") }`},
	"of a configuration": {parent: `provider "fake" {
  alias    = "there"
  password = secret("env:TOKEN")
}
step "fake_read" "look" { provider = provider.fake.there }`},
	"of a condition": {parent: `step "fake_read" "look" { when = secret("env:TOKEN") != "" }`},
	"in a runbook":   {parent: `step "runbook" "look" { source = "child.hcl" }`, child: `step "fake_read" "in" { value = secret("env:TOKEN") }`},
}

const rotatedRest = `
step "fake_ask" "go" {
  prompt     = "Go on?"
  depends_on = [step.look]
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.go]
}
`

// TestASecretThatWasRotated between two sessions is blanked where a system echoes what a read had sent before, and is kept once, encrypted.
func TestASecretThatWasRotated(t *testing.T) {
	t.Parallel()
	for name, c := range rotatedSecrets {
		for _, broken := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", the session breaks off"}[broken], func(t *testing.T) {
				t.Parallel()
				const old = "s3cret-before"
				fake := &enginetest.Fake{Says: func(id string) string { return map[string]string{"": "looked", "after": "you sent " + old}[id] }}
				opts := enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, Env: map[string]string{"TOKEN": old}}
				out := enginetest.RunFile(t, fake, family(t, planHead+c.parent+rotatedRest, planHead+c.child), opts)
				out.Pauses(t)
				all := eventsOf(t, opts.Journal, out.Result.RunID)
				if broken {
					opts.Journal = enginetest.CutAfter(t, opts.Journal, out.Result.RunID, len(all)-1)
				}
				opts.Env = maps.Clone(opts.Env)
				opts.Env["TOKEN"], opts.AutoApprove = "s3cret-after", true
				opts.Answers = map[string]string{"go": "yes"}
				last := enginetest.Resume(t, fake, out.Result.RunID, opts)
				last.Ends(t, 0)
				if strings.Contains(out.Stream+last.Stream, old) || !strings.Contains(last.Stream, "you sent (sensitive)") {
					t.Errorf("the session that followed told\n%s", last.Stream)
				}
				kept := 0
				for e, err := range opts.Journal.Events(t.Context(), out.Result.RunID) {
					if err != nil {
						t.Fatal(err)
					}
					if e.Event.Type == run.SecretsKept {
						kept++
					}
				}
				if kept == 0 || kept > 2 {
					t.Errorf("secrets were kept %d times", kept)
				}
			})
		}
	}
}

// TestARunWithoutSecretsKeepsNone.
func TestARunWithoutSecretsKeepsNone(t *testing.T) {
	sealed := 0
	opts := enginetest.Options{Seal: func(text []byte) ([]byte, error) { sealed++; return plain(text) }, Unseal: opened}
	out := enginetest.Run(t, &enginetest.Fake{}, "check \"it\" {\n  assert { condition = true }\n}\n", opts)
	out.Ends(t, 0)
	if sealed != 0 || strings.Contains(out.Stream, string(run.SecretsKept)) {
		t.Errorf("%d parts were encrypted\n%s", sealed, out.Stream)
	}
}
