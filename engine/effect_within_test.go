package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
)

const toldWithin = planHead + `
variable "does" { type = string }
step "fake_told" "it" { id = "${var.does} it" }
step "runbook" "below" {
  source    = "./below.hcl"
  variables = { does = var.does }
}
`

// TestEffectOfARunbookWithItsVariables: a step that runs a runbook does what the steps of that do with the variables that it is given, each of its
// instances what any may.
func TestEffectOfARunbookWithItsVariables(t *testing.T) {
	t.Parallel()
	below := planHead + "variable \"does\" { type = string }\nstep \"fake_told\" \"it\" { id = \"${var.does} below\" }\n"
	for variables, want := range map[string]string{
		`{ does = "read" }`:        "read",
		`{ does = "write" }`:       "write",
		`{ does = "destructive" }`: "destructive",
		`{ does = step.r.value }`:  "destructive, or less",
		`{ does = each.key }`:      "destructive, or less",
	} {
		head := ""
		if strings.Contains(variables, "each") {
			head = "for_each = toset([\"read\"])\n"
		}
		path := files(t, map[string]string{
			"parent.hcl": planHead + "step \"fake_read\" \"r\" { id = \"r\" }\nstep \"runbook\" \"in\" {\n" + head + "source = \"./child.hcl\"\nvariables = " + variables + "\n}\n",
			"child.hcl":  toldWithin, "below.hcl": below,
		})
		e := enginetest.New(&enginetest.Fake{}, nil)
		rb, diags := e.Load(path)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		plan, diags := e.Plan(t.Context(), rb, engine.PlanOptions{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		step := plan.Steps[len(plan.Steps)-1]
		got := step.Effect.String()
		if step.Unsure {
			got += ", or less"
		}
		if got != want {
			t.Errorf("%s: %s is %s, expected %s", variables, step.Name, got, want)
		}
	}
}

// TestNothingWorseThanPlannedWithin: what a step of a runbook was told to do with variables that came out otherwise by its turn is not done.
func TestNothingWorseThanPlannedWithin(t *testing.T) {
	t.Parallel()
	for _, each := range []string{"", "for_each = toset([\"a\"])\n"} {
		path := files(t, map[string]string{
			"parent.hcl": planHead + "step \"fake_read\" \"first\" { id = \"first\" }\nstep \"runbook\" \"in\" {\n" + each +
				"source = \"./child.hcl\"\nvariables = { does = file(\"does\") }\ndepends_on = [step.first]\n}\n",
			"child.hcl": toldWithin, "below.hcl": toldWithin[:strings.Index(toldWithin, "step \"runbook\"")], "does": "read",
		})
		does := filepath.Join(filepath.Dir(path), "does")
		fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
			if id != "first" {
				return nil
			}
			return os.WriteFile(does, []byte("write"), 0o600)
		}}
		out := enginetest.RunFile(t, fake, path, enginetest.Options{})
		if diff := cmp.Diff([]string{"first"}, fake.Log()); diff != "" {
			t.Error(diff)
		}
		if want := "its effect is " + provider.Write.String() + ", and it was planned as a read"; !strings.Contains(out.Stream, want) {
			t.Errorf("it lacks %q: %s", want, out.Stream)
		}
	}
}
