package engine_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// echoed is a runbook that sends secrets of all kinds, of which its undo needs none.
const echoed = `
runbook "test" {}
variable "given" { sensitive = true }
provider "fake" {}
provider "fake" {
  alias    = "there"
  password = secret("env:CONFIG")
}
locals {
  deep = "in a local: ${secret("env:LOCAL")}"
}
step "fake_read" "look" {
  for_each = toset(["EU", "US"])
  value    = "Bearer ${secret("env:EACH_${each.key}")}"
  provider = provider.fake.there
}
step "fake_write" "w" {
  id         = "w"
  value      = { pw = "pw ${secret("vault:kv/app#pw")}", given = var.given, old = secret("env:ROTATED"), deep = local.deep }
  depends_on = [step.look]
  undo "fake_write" { id = "undo" }
}
step "fake_read" "after" {
  value      = try(secret("env:TRIED"), "none")
  depends_on = [step.w]
}
`

var echoedSecrets = map[string]string{
	"CONFIG": "s3cret-of-config", "LOCAL": "s3cret-of-local", "EACH_EU": "s3cret-of-eu", "EACH_US": "s3cret-of-us", "ROTATED": "s3cret-before", "TRIED": "s3cret-tried",
}

// TestWhatAnUndoEchoesIsBlanked: an undo needs no secret, but its system gives back those that the run sent. None is kept or shown,
// whatever of them the session can read.
func TestWhatAnUndoEchoesIsBlanked(t *testing.T) {
	t.Parallel()
	without := func(names ...string) func(map[string]string) {
		return func(env map[string]string) {
			maps.DeleteFunc(env, func(k, _ string) bool { return slices.Contains(names, k) })
		}
	}
	for name, c := range map[string]struct {
		env    func(map[string]string)
		vault  error
		veiled string
	}{
		"all are read":           {env: func(map[string]string) {}},
		"one is another by now":  {env: func(env map[string]string) { env["ROTATED"] = "s3cret-after" }},
		"the vault is shut":      {env: func(map[string]string) {}, vault: errors.New("the vault is shut"), veiled: "the vault is shut"},
		"of a configuration":     {env: without("CONFIG"), veiled: "CONFIG is not set"},
		"of a local":             {env: without("LOCAL"), veiled: "LOCAL is not set"},
		"of one instance":        {env: without("EACH_US"), veiled: "EACH_US is not set"},
		"one that try may catch": {env: without("TRIED"), veiled: "TRIED is not set"},
		"none":                   {env: func(env map[string]string) { clear(env) }, vault: errors.New("the vault is shut"), veiled: "not set"},
	} {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s fails %v", name, fails), func(t *testing.T) {
				t.Parallel()
				testEcho(t, c.env, c.vault, c.veiled, fails)
			})
		}
	}
}

func testEcho(t *testing.T, change func(map[string]string), vault error, veiled string, fails bool) {
	all := strings.Join(slices.Sorted(maps.Values(echoedSecrets)), " ") + " s3cret-of-vault s3cret-given"
	fake := &enginetest.Fake{
		Says: func(id string) string { return map[string]string{"undo": all}[id] },
		Do: func(_ context.Context, id string, _ int) error {
			if fails && id == "undo" {
				return errors.New("the server says: " + all)
			}
			return nil
		},
	}
	path := filepath.Join(t.TempDir(), "runs.db")
	j, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	opts := enginetest.Options{
		Journal: j, AutoApprove: true, Env: maps.Clone(echoedSecrets),
		Secrets: map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) { return "s3cret-of-vault", nil }},
		Seal:    func(text []byte) ([]byte, error) { return []byte(hex.EncodeToString(text)), nil },
		Unseal:  func(sealed []byte) ([]byte, error) { return hex.DecodeString(string(sealed)) },
	}
	opts.Plan.Variables.Values = []string{"given=s3cret-given"}
	out := enginetest.Run(t, fake, echoed, opts)
	out.Ends(t, 0)
	if vault != nil {
		opts.Secrets = map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) { return "", vault }}
	}
	change(opts.Env)
	out = enginetest.Undo(t, fake, out.Result.RunID, opts)
	out.Ends(t, map[bool]int{false: 0, true: 4}[fails])
	if fake.Calls("undo") != 1 {
		t.Errorf("undone %d times", fake.Calls("undo"))
	}
	var end run.Event
	for _, e := range out.Events {
		if e.Type == run.UndoFinished {
			end = e
		}
	}
	if veiled == "" && fails && !strings.Contains(end.Error, "the server says") || veiled != "" && fails && !strings.Contains(end.Error, veiled) {
		t.Errorf("the error reads %q", end.Error)
	}
	if !fails && (string(end.Result) == `"(sensitive)"`) != (veiled != "") {
		t.Errorf("the result is %s", end.Result)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{out.Stream, string(kept)} {
		if at := strings.Index(text, "s3cret-"); at >= 0 {
			t.Errorf("a secret is told: …%s…", text[max(0, at-200):min(len(text), at+80)])
		}
	}
}
