package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/lang"
)

func TestSecretsAreReadBeforeTheFirstStep(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		refused bool
	}{
		"an argument":               {`step "fake_read" "b" { value = secret("env:NONE") }`, true},
		"through a local":           {`step "fake_read" "b" { value = local.none }`, true},
		"when":                      {`step "fake_read" "b" { when = secret("env:NONE") == "x" }`, true},
		"an assertion":              {"check \"b\" {\nassert { condition = secret(\"env:NONE\") == \"x\" }\n}", true},
		"named by a variable":       {`step "fake_read" "b" { value = secret("env:${var.none}") }`, true},
		"tolerated":                 {`step "fake_read" "b" { value = try(secret("env:NONE"), "x") }`, false},
		"tolerated through a local": {`step "fake_read" "b" { value = try(local.none, "x") }`, false},
		"not chosen":                {`step "fake_read" "b" { value = var.none == "" ? secret("env:NONE") : "x" }`, false},
		"chosen":                    {`step "fake_read" "b" { value = var.none != "" ? secret("env:NONE") : "x" }`, true},
		"nobody asks":               {`output "b" { value = try(local.none, "x") }`, false},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			got := enginetest.Run(t, fake, `
				variable "none" { default = "NONE" }
				locals { none = secret("env:NONE") }
				step "fake_write" "a" { id = "a" }
				`+c.text, enginetest.Options{})
			if refused := got.Result == nil; refused != c.refused {
				t.Fatalf("refused: %v, want %v: %s", refused, c.refused, got.Diags)
			}
			if c.refused && (fake.Calls("a") != 0 || !strings.Contains(got.Diags.Error(), "NONE is not set")) {
				t.Errorf("%d calls; %s", fake.Calls("a"), got.Diags)
			}
		})
	}
}

// TestWhoLacksASecret: a secret that is not there is told with what needs it, once for all steps of a provider block.
func TestWhoLacksASecret(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an argument":      {`step "fake_read" "b" { value = secret("env:NONE") }`, `the argument "value" of step b.`},
		"through a local":  {`step "fake_read" "b" { value = local.none }`, `the argument "value" of step b.`},
		"when":             {`step "fake_read" "b" { when = local.none == "x" }`, "step b."},
		"a check":          {"check \"b\" {\nassert { condition = local.none == \"x\" }\n}", "check b."},
		"an undo":          {"step \"fake_write\" \"b\" {\nundo \"fake_write\" { value = local.none }\n}", `the argument "value" of the undo of step b.`},
		"a provider block": {"provider \"fake\" {\nalias = \"eu\"\nname = local.none\n}\nstep \"fake_read\" \"b\" { provider = provider.fake.eu }\nstep \"fake_read\" \"c\" { provider = provider.fake.eu }", "the block of provider fake.eu."},
	} {
		t.Run(name, func(t *testing.T) {
			got := enginetest.Run(t, &enginetest.Fake{}, "locals { none = secret(\"env:NONE\") }\n"+c.text, enginetest.Options{})
			told := map[string]bool{}
			for _, d := range got.Diags {
				told[d.Detail] = true
			}
			want := map[string]bool{`Invalid value for "source" parameter: the environment variable NONE is not set. It is needed by ` + c.want: true}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestThresholdOnASecretThatNobodyMarked: a number with a fraction is shortened where it is told, so that what is left of a secret is not
// known as one any more.
func TestThresholdOnASecretThatNobodyMarked(t *testing.T) {
	got := enginetest.Run(t, &enginetest.Fake{}, `
		variable "pin" {
			type      = number
			sensitive = true
			default   = 48213977.25
		}
		step "fake_read" "a" { value = var.pin }
		check "c" {
			threshold "pin" {
				value  = nonsensitive(var.pin)
				expect = value < 3
			}
		}`, enginetest.Options{})
	if stream := got.Stream; !strings.Contains(stream, "pin (sensitive)") || strings.Contains(stream, "4.82e") {
		t.Errorf("the number is told: %s", stream)
	}
}

func TestTheLineOfASensitiveValueIsNotShown(t *testing.T) {
	values := filepath.Join(t.TempDir(), "values.hcl")
	if err := os.WriteFile(values, []byte(`pin = "hunter2"`), 0o600); err != nil {
		t.Fatal(err)
	}
	got := enginetest.Run(t, &enginetest.Fake{}, `
		variable "pin" {
			type      = number
			sensitive = true
		}`, enginetest.Options{Plan: engine.PlanOptions{Variables: lang.VariableSources{Files: []string{values}}}})
	if len(got.Diags) != 1 || got.Diags[0].Subject.Filename == values || !strings.Contains(got.Diags[0].Detail, "values.hcl:1") {
		t.Fatalf("want one diagnostic that names the file's line without showing it, got %v", got.Diags)
	}
}

// TestABigSecretIsRefused: the forms of a secret take many times its size.
func TestABigSecretIsRefused(t *testing.T) {
	for size, refused := range map[int]bool{64 << 10: false, 64<<10 + 1: true} {
		path := filepath.Join(t.TempDir(), "big")
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		got := enginetest.Run(t, &enginetest.Fake{}, `step "fake_read" "a" { value = secret("file:`+path+`") }`, enginetest.Options{})
		if got.Diags.HasErrors() != refused || refused && !strings.Contains(got.Diags.Error(), "a secret has 64 KiB at most") {
			t.Errorf("%d bytes: %s", size, got.Diags)
		}
	}
}
