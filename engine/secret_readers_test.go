package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
)

const reading = `
step "fake_write" "a" { id = "a" }
step "fake_read" "b" {
	for_each   = toset(["x", "y", "z"])
	depends_on = [step.a]
	value      = "${each.key} ${secret("vault:kv/app#password")}"
}`

// TestSecretsOfSystems: they are read before the first step, once, and are secrets like any other.
func TestSecretsOfSystems(t *testing.T) {
	var reads atomic.Int32
	fake := &enginetest.Fake{}
	got := enginetest.Run(t, fake, reading, enginetest.Options{Secrets: map[string]engine.SecretReader{
		"vault": func(ctx context.Context, _ provider.Host, name string) (string, error) {
			if _, bounded := ctx.Deadline(); !bounded || name != "kv/app#password" || fake.Calls("a") > 0 {
				t.Errorf("bounded %v, name %q, after %d steps", bounded, name, fake.Calls("a"))
			}
			reads.Add(1)
			return "hunter2-of-vault", nil
		},
	}})
	if got.Result == nil || got.Result.ExitStatus != 0 {
		t.Fatalf("%+v %s", got.Result, got.Diags)
	}
	if reads.Load() != 1 || strings.Contains(got.Stream, "hunter2") || !strings.Contains(got.Stream, "(sensitive)") {
		t.Errorf("read %d times; %s", reads.Load(), got.Stream)
	}
}

func TestASecretThatCannotBeReadStopsTheRunBeforeItsFirstStep(t *testing.T) {
	for name, c := range map[string]struct {
		readers map[string]engine.SecretReader
		want    string
	}{
		"refused": {map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) {
			return "", errors.New("read the secret kv/app from https://vault: 403 Forbidden")
		}}, "403 Forbidden"},
		"with a hint": {map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) {
			return "", &provider.Error{Op: "read the secret kv/app", Err: errors.New("403 Forbidden"), Hint: "Give the token read."}
		}}, "403 Forbidden. Give the token read. It is"}, // with one full stop
		"no reader": {nil, "no access to secrets of kind vault"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			got := enginetest.Run(t, fake, reading, enginetest.Options{Secrets: c.readers})
			if got.Result != nil || fake.Calls("a") != 0 || !strings.Contains(got.Diags.Error(), c.want) {
				t.Errorf("result %v, %d steps, %s", got.Result, fake.Calls("a"), got.Diags)
			}
		})
	}
}

// TestAPlanReadsNoSecret: what apply would read is unknown to plan.
func TestAPlanReadsNoSecret(t *testing.T) {
	e := enginetest.New(&enginetest.Fake{}, nil)
	e.Secrets = map[string]engine.SecretReader{"vault": func(context.Context, provider.Host, string) (string, error) {
		t.Error("a secret was read")
		return "", nil
	}}
	rb, diags := e.Load(enginetest.Write(t, reading))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if _, diags := e.Plan(t.Context(), rb, engine.PlanOptions{}); diags.HasErrors() {
		t.Fatal(diags)
	}
}
