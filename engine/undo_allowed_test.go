package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
)

// TestNoWriteWhoseUndoIsNotAllowed: what an undo does is held against the policies before its write is sent, with all that is known then.
func TestNoWriteWhoseUndoIsNotAllowed(t *testing.T) {
	const undoes = `The effect of the undo of step "w" is "destructive", which the policy does not allow.`
	const approval = "approval { timeout = \"1h\" }\n"
	for name, test := range map[string]struct {
		more, undo string
		refused    string
		waits      bool
	}{
		"a result makes it destructive":      {undo: `undo "fake_told" { id = "${step.q.value} it" }`, refused: undoes},
		"it is destructive for one instance": {more: `for_each = toset(["one"])`, undo: `undo "fake_told" { id = "${step.q.value} ${each.key}" }`, refused: undoes},
		"nobody is asked before":             {more: approval, undo: `undo "fake_told" { id = "${step.q.value} it" }`, refused: undoes},
		"its own result decides":             {undo: `undo "fake_told" { id = "write ${self.call}" }`},
		"a result makes it a write":          {undo: `undo "fake_told" { id = replace("${step.q.value} it", "destructive", "write") }`},
		"what is allowed is asked about":     {more: approval, undo: `undo "fake_told" { id = "write ${step.q.value}" }`, waits: true},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			out := enginetest.Run(t, fake, `
runbook "guarded" {}
policy { effects = ["read", "write"] }
step "fake_read" "q" {
  id    = "q"
  value = "destructive"
}
step "fake_write" "w" {
  `+test.more+`
  id         = "w"
  value      = "x"
  depends_on = [step.q]
  `+test.undo+`
}
`, enginetest.Options{AutoApprove: true})
			sent := []string{"q"}
			if test.refused == "" && !test.waits {
				sent = append(sent, "w")
			}
			if diff := cmp.Diff(sent, fake.Log()); diff != "" {
				t.Errorf("what was sent: %s%s", diff, out.Diags.Error())
			}
			if test.refused != "" && !strings.Contains(strings.ReplaceAll(out.Stream, `\"`, `"`), "not allowed by the policy: "+test.refused) {
				t.Errorf("it lacks %q:\n%s%s", test.refused, out.Stream, out.Diags.Error())
			}
			if asked := strings.Contains(out.Stream, `"kind":"approval"`); asked != test.waits {
				t.Errorf("somebody is asked: %v\n%s", asked, out.Stream)
			}
		})
	}
}
