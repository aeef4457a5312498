package engine_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

const refusedParent = `
runbook "parent" {}
step "fake_read" "q" {
  id    = "q"
  value = "destructive"
}
step "runbook" "in" {
  source    = "child.hcl"
  variables = { does = step.q.value }
  approval { timeout = "1h" }
}
`

const refusedHead = `
policy { effects = ["read", "write"] }
variable "does" { type = string }
step "fake_read" "look" { id = "look" }
`

// TestNobodyIsAskedAboutARunbookThatIsRefused: what a runbook surely does, or an undo in it, and no policy allows is refused before anybody approves
// the step that runs it. What may not be carried out at all is no reason.
func TestNobodyIsAskedAboutARunbookThatIsRefused(t *testing.T) {
	t.Parallel()
	write := func(more, undo string) string {
		return "step \"fake_write\" \"w\" {\n" + more + "\nid = \"w\"\n" + undo + "\n}\n"
	}
	const undo, told = `undo "fake_told" { id = "${var.does} it" }`, `: not allowed by the policy: The effect of `
	const undoes, does = told + `the undo of step "w" is "destructive"`, told + `step "w" is "destructive"`
	for name, test := range map[string]struct{ child, refused string }{
		"its undo":               {write("", undo), "step in/w" + undoes},
		"the step itself":        {"step \"fake_told\" \"w\" { id = \"${var.does} it\" }\n", "step in/w" + does},
		"one of its instances":   {write(`for_each = toset(["write", var.does])`, `undo "fake_told" { id = each.key }`), "step in/w" + undoes},
		"in a runbook below":     {"step \"runbook\" \"deeper\" {\n source = \"grandchild.hcl\"\n variables = { does = var.does }\n}\n", "step in/deeper/w" + undoes},
		"with a when that holds": {write(`when = var.does == "destructive"`, undo), "step in/w" + undoes},
		"behind a step":          {write("depends_on = [step.look]", undo), "step in/w" + undoes},
		"its own result decides": {write("", `undo "fake_told" { id = "${var.does} ${self.call}" }`), ""},
		"an instance left out":   {write("for_each = toset([\"write\", var.does])\nwhen = each.key == \"write\"", `undo "fake_told" { id = each.key }`), ""},
		"only where":             {write("when = step.look.call > 5", undo), ""},
		"behind what may not be": {"step \"fake_read\" \"perhaps\" {\n id = \"perhaps\"\n when = step.look.call > 5\n}\n" + write("depends_on = [step.perhaps]", undo), ""},
		"after a failure":        {write("depends_on = [step.look]\nrun_if = \"failure\"", undo), ""},
		"for none of unknown":    {write("for_each = toset([for x in [step.look.call] : \"k\" if x > 5])", undo), ""},
		"perhaps below":          {"step \"runbook\" \"deeper\" {\n source = \"grandchild.hcl\"\n variables = { does = var.does }\n when = step.look.call > 5\n}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := family(t, refusedParent, "runbook \"child\" {}\n"+refusedHead+test.child)
			overwrite(t, filepath.Join(filepath.Dir(path), "grandchild.hcl"), "runbook \"grandchild\" {}\n"+refusedHead+write("", undo))
			fake := &enginetest.Fake{}
			out := enginetest.RunFile(t, fake, path, enginetest.Options{AutoApprove: true})
			if diff := cmp.Diff([]string{"q"}, fake.Log()); diff != "" {
				t.Errorf("what was sent: %s%s", diff, out.Diags.Error())
			}
			if said := out.Finished()["in"].Error; test.refused != "" && !strings.HasPrefix(said, test.refused) || test.refused == "" && said != "" {
				t.Errorf("it says %q, expected %q\n%s", said, test.refused, out.Diags.Error())
			}
			if asked := strings.Contains(out.Stream, `"kind":"approval"`); asked != (test.refused == "") {
				t.Errorf("somebody is asked: %v\n%s", asked, out.Stream)
			}
		})
	}
}

// TestQuestionTellsWhichInstanceIsRefused: of writes that only the run could list, those are told that will not be sent.
func TestQuestionTellsWhichInstanceIsRefused(t *testing.T) {
	t.Parallel()
	out := enginetest.Run(t, &enginetest.Fake{}, `
runbook "guarded" {}
policy { effects = ["read", "write"] }
step "fake_read" "q" {
  id    = "q"
  value = "destructive"
}
step "fake_write" "w" {
  for_each = toset(["write", step.q.value])
  id       = "w"
  undo "fake_told" { id = each.key }
}
`, enginetest.Options{Journal: enginetest.Store(t)})
	out.Pauses(t)
	notes := map[string]string{}
	for _, w := range asked(t, out, "w").Writes {
		notes[w.Key], _, _ = strings.Cut(w.Note, "\n")
	}
	want := map[string]string{"write": "", "destructive": `it will not be sent: not allowed by the policy: The effect of the undo of step "w" is "destructive", which the policy does not allow.`}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
}
