package engine_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestNewInstancesOfARunbookRunAlone: one instance more, or less, of a step that runs a runbook, or of a provider block, has none of the others do
// again what they did, nor anybody asked once more, whatever the runbook makes of the variables that it is given.
func TestNewInstancesOfARunbookRunAlone(t *testing.T) {
	t.Parallel()
	const (
		parent = planHead + `
locals { hosts = ["a", "b"] }
step "runbook" "c" {
  for_each  = toset(local.hosts)
  source    = "./child.hcl"
  variables = { u = each.value }
}
` + shipBoomBehindC
		perCluster = `
runbook "test" {}
locals { hosts = ["a", "b"] }
provider "fake" {
  for_each = { for h in local.hosts : h => "system ${h}" }
  name     = each.value
}
step "fake_write" "c" {
  for_each = toset(local.hosts)
  provider = provider.fake[each.key]
  id       = "w ${each.key}"
}
step "fake_write" "boom" {
  provider   = provider.fake["b"]
  id         = "boom"
  depends_on = [step.c]
}
`
		given = "runbook \"child\" {}\nvariable \"u\" { type = string }\n"
	)
	for name, c := range map[string]struct {
		parent, child string
		old, new      string
		does          []string
	}{
		"its provider": {
			parent, given + "provider \"fake\" { name = var.u }\nstep \"fake_write\" \"w\" { id = \"w\" }\n", `["a", "b"]`, `["a", "b", "z"]`, []string{"w"},
		},
		"its provider, one less": {
			parent, given + "provider \"fake\" { name = var.u }\nstep \"fake_write\" \"w\" { id = \"w\" }\n", `["a", "b"]`, `["a"]`, nil,
		},
		"an undo that ran at its end": {
			parent, given + "provider \"fake\" {}\nstep \"fake_write\" \"w\" {\n  id = \"w ${var.u}\"\n  undo \"fake_write\" {\n    on = \"end\"\n    id = \"back ${var.u}\"\n  }\n}\n",
			`["a", "b"]`, `["a", "b", "z"]`, []string{"w z", "back z"},
		},
		"a question and a read": {
			parent, given + "provider \"fake\" {}\nstep \"fake_ask\" \"sure\" { prompt = \"${var.u}?\" }\nstep \"fake_read\" \"r\" { id = \"r ${var.u}\" }\n" +
				"output \"o\" { value = \"${var.u} ${step.r.call}\" }\n",
			`["a", "b"]`, `["a", "b", "z"]`, []string{"r z"},
		},
		"a variable that is another": {
			parent, given + "provider \"fake\" { name = var.u }\nstep \"fake_write\" \"w\" { id = \"w\" }\n", "u = each.value", `u = each.value == "b" ? "other" : each.value`, []string{"w"},
		},
		"a setting that reads what is outside": {
			strings.Replace(planHead, "provider \"fake\" {}", "provider \"fake\" { name = env(\"T\") }", 1) + "step \"fake_write\" \"c\" { id = \"w\" }\n" + shipBoomBehindC, "",
			`env("T")`, `"${env("T")}"`, nil,
		},
		"provider blocks":                          {perCluster, "", `["a", "b"]`, `["a", "b", "z"]`, []string{"w z"}},
		"provider blocks, one less":                {perCluster, "", `["a", "b"]`, `["b"]`, nil},
		"provider blocks, one of which is another": {perCluster, "", `"system ${h}"`, `"system ${h == "b" ? "2" : h}"`, []string{"w b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mended := false
			fake, opts := fails("boom", &mended), enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true, Asker: secretive{}, Env: map[string]string{"T": "t"}}
			file := enginetest.Write(t, c.parent)
			enginetest.Rewrite(t, filepath.Join(filepath.Dir(file), "child.hcl"), c.child)
			out := enginetest.RunFile(t, fake, file, opts)
			out.Ends(t, 1)
			mended = true
			did := len(fake.Log())
			if other := strings.Replace(c.parent, c.old, c.new, 1); other != c.parent {
				enginetest.Rewrite(t, file, other)
			} else {
				t.Fatal("nothing is replaced")
			}
			out = enginetest.Resume(t, fake, out.Result.RunID, opts)
			out.Ends(t, 0)
			if diff := cmp.Diff(append(c.does, "boom"), slices.Clone(fake.Log()[did:])); diff != "" {
				t.Errorf("%s\n%s", diff, out.Stream)
			}
			for _, e := range out.Events {
				if e.Type == run.StepWaiting && !strings.Contains(e.Step, `"z"`) {
					t.Errorf("%s asks once more", e.Step)
				}
			}
		})
	}
}

const shipBoomBehindC = `
step "fake_write" "boom" {
  id         = "boom"
  depends_on = [step.c]
}
`
