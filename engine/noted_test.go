package engine_test

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const notedFirst = `
runbook "test" {}
variable "pw" {
  sensitive = true
  default   = "s3cret-text"
}
provider "fake" {}
step "fake_noted" "w" {
  id    = "w"
  value = WITH
  undo "fake_write" { id = "back to ${nonsensitive(self.value)}" }
}
step "fake_write" "uses" {
  id         = "uses ${step.w.call}"
  depends_on = [step.w]
}
`

// TestWhatWasNotedOfADoneWrite: a write that counts as done on somebody's word has what was noted before it was sent: its undo works.
// What needs more of its result errs, and says why.
func TestWhatWasNotedOfADoneWrite(t *testing.T) {
	for name, with := range map[string]string{"plain": `"x"`, "sensitive": "var.pw", "meant": `"x"`} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{Notes: true, Meant: strings.Fields(map[string]string{"meant": "value"}[name]), Do: func(_ context.Context, id string, _ int) error {
				if id == "w" {
					return errors.New("the answer got lost")
				}
				return nil
			}}
			opts := enginetest.Options{
				Journal: enginetest.Store(t), AutoApprove: true,
				Seal: plain, Unseal: opened,
			}
			out := enginetest.Run(t, fake, strings.Replace(notedFirst, "WITH", with, 1), opts)
			out.Ends(t, run.ExitLeftOver)
			id := out.Result.RunID
			var asked []run.Doubt
			opts.Settle = decides(run.DecisionDone, &asked)
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, 1)
			if e := out.Finished()["uses"]; e.Outcome != run.Error || !strings.Contains(e.Error, "it counts as done on the word of alice@ops") {
				t.Errorf("%+v", e)
			}
			if e := out.Finished()["w"]; e.Outcome != run.Warn || !strings.Contains(strings.Join(e.Warnings, ""), "noted before it was sent (value)") {
				t.Errorf("%+v", e)
			}
			enginetest.Resume(t, fake, id, opts).Ends(t, 1) // the history says the same
			enginetest.Undo(t, fake, id, opts)
			if diff := gocmp.Diff([]string{"w", "back to w 1"}, fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndoThatCouldNeverBeCalled: where what was noted before the write was sent tells that the arguments of its undo err, nothing is sent.
// What depends on more than that is found when it is undone.
func TestUndoThatCouldNeverBeCalled(t *testing.T) {
	for name, c := range map[string]struct {
		of      string // empty: value
		undo    string
		refuses bool
		idle    bool
		meant   []string
	}{
		"it works":             {undo: `self.value`},
		"it errs":              {undo: `self.value.part`, refuses: true},
		"a null in a list":     {of: "words", undo: `["set", self.value == "w 1" ? null : self.value]`, refuses: true},
		"a null beside others": {of: "words", undo: `[tostring(self.call), self.value == "w 1" ? null : self.value]`, refuses: true},
		"an empty list":        {of: "words", undo: `self.value == "w 1" ? [] : ["set"]`, refuses: true},
		"a list":               {of: "words", undo: `[self.value, tostring(self.call)]`},
		"a null by a result":   {of: "words", undo: `[self.call == 1 ? self.value : null]`},
		"no list":              {of: "words", undo: `self.value == "w 1" ? null : ["set"]`},
		"a null in any value":  {undo: `[null, { part = null }]`},
		"it is of a result":    {undo: `self.value == "w 1" ? self.value.part : self.call`, refuses: true},
		"it needs a result":    {undo: `tonumber(self.call) + 1`},
		"it errs by a result":  {undo: `[1][self.call]`},
		"it depends on a file": {undo: `file("${self.value}")`},
		"nothing changes":      {undo: `self.value.part`, idle: true},
		"it is only meant":     {undo: `self.value.part`, meant: []string{"value"}},
		"it is caught":         {undo: `try(self.value.part, "none")`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.NewReplacer("OF", cmp.Or(c.of, "value"), "UNDO", c.undo).Replace(`
runbook "test" {}
provider "fake" {}
step "fake_noted" "w" {
  id = "w"
  undo "fake_write" {
    id = "back"
    OF = UNDO
  }
}
`)
			fake := &enginetest.Fake{Notes: true, Meant: c.meant, Unchanged: func(string) bool { return c.idle }}
			out := enginetest.Run(t, fake, strings.TrimPrefix(text, "\n"), enginetest.Options{})
			if out.Diags.HasErrors() {
				t.Fatal(out.Diags)
			}
			e := out.Finished()["w"]
			if !c.refuses {
				if e.Outcome != run.Pass || fake.Calls("w") != 1 {
					t.Errorf("%+v", e)
				}
				return
			}
			if e.Outcome != run.Error || e.InDoubt || fake.Calls("w") != 0 || !strings.Contains(e.Error, "nothing was changed, as the undo could not take it back: test.hcl:7") {
				t.Errorf("called %d times: %+v", fake.Calls("w"), e)
			}
		})
	}
}
