package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// resultNames is a runbook whose child takes the system of its provider block from a result, in one of several ways.
func resultNames(t *testing.T, block string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"parent.hcl": "runbook \"parent\" {}\nprovider \"fake\" {}\nstep \"fake_read\" \"where\" { value = env(\"WHERE\") }\n" +
			"step \"runbook\" \"kid\" {\n  source = \"./child.hcl\"\n  variables = { where = step.where.value }\n}\n",
		"child.hcl": "runbook \"child\" {}\nvariable \"where\" { type = string }\nvariable \"two\" { default = \"it\" }\n" + block +
			"step \"fake_write\" \"w\" {\n  id = \"w\"\n" + provides(block) + "  undo \"fake_write\" {\n    id = \"back\"\n" + provides(block) + "  }\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "parent.hcl")
}

// provides is the argument that chooses a configuration of a block with for_each.
func provides(block string) string {
	if strings.Contains(block, "for_each") {
		return "  provider = provider.fake[var.two]\n"
	}
	return ""
}

// TestAChildsSystemFromAResult: which system a provider block names may be known only once the step has run whose result it depends on.
func TestAChildsSystemFromAResult(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]string{
		"its name":       "provider \"fake\" { name = var.where }\n",
		"through locals": "locals { name = \"the ${var.where}\" }\nprovider \"fake\" { name = local.name }\n",
		"an instance":    "provider \"fake\" {\n  for_each = toset([\"it\"])\n  name = \"${each.key} ${var.where}\"\n}\n",
		"its for_each":   "provider \"fake\" {\n  for_each = { it = var.where }\n  name = each.value\n}\n",
		"another's":      "provider \"fake\" { name = \"fixed\" }\nprovider \"fake\" {\n  alias = \"there\"\n  name = var.where\n}\nstep \"fake_write\" \"x\" {\n  id = \"x\"\n  provider = provider.fake.there\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.RunFile(t, fake, resultNames(t, block), at(j, "staging"))
			out.Ends(t, 0)
			if name == "another's" {
				return
			}
			started := ""
			for _, e := range out.Events {
				if e.Type == run.StepStarted && e.Step == "kid/w" {
					started = e.Target
				}
			}
			if !strings.Contains(started, "staging") {
				t.Errorf("it was sent to %q\n%s", started, out.Stream)
			}
			enginetest.Undo(t, fake, out.Result.RunID, at(j, "staging")).Ends(t, 0)
			if diff := cmp.Diff([]string{"w", "back"}, writesOf(fake)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAChildsSystemThatIsWrong: what is wrong beside what is not known is told before anything runs.
func TestAChildsSystemThatIsWrong(t *testing.T) {
	t.Parallel()
	out := enginetest.RunFile(t, &enginetest.Fake{}, resultNames(t, "provider \"fake\" { name = \"${var.where} ${secret(\"env:NONE\")}\" }\n"), at(enginetest.Store(t), "staging"))
	if out.Result != nil || !strings.Contains(out.Diags.Error(), "NONE is not set") {
		t.Errorf("%+v %v", out.Result, out.Diags)
	}
}
