package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// without takes attributes out of a recorded result, as an older version would have left them out; one in the elements of a list is
// named as items.ready.
func without(t *testing.T, text json.RawMessage, names ...string) json.RawMessage {
	t.Helper()
	var result map[string]any
	if err := json.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		list, inner, nested := strings.Cut(name, ".")
		if !nested {
			delete(result, name)
			continue
		}
		for _, item := range result[list].([]any) {
			delete(item.(map[string]any), inner)
		}
	}
	out, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// olderRun is a run whose step w took effect and boom broke, of a version whose results lacked some attributes.
func olderRun(t *testing.T, fake *enginetest.Fake, text string, lacks ...string) (enginetest.Options, string) {
	t.Helper()
	whole := enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: whole, AutoApprove: true})
	out.Ends(t, 1)
	j := enginetest.Retell(t, whole, out.Result.RunID, func(e *run.Event) {
		if e.Type == run.StepFinished && e.Step == "w" {
			e.Result = without(t, e.Result, lacks...)
		}
	})
	return enginetest.Options{Journal: j, AutoApprove: true}, out.Result.RunID
}

// TestResultOfAnOlderVersion: a result that lacks what results tell since is read by what was written. An undo that needs what is not there
// says that an older version did not record it, and does not run; one that needs something else runs.
func TestResultOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, lacks, id, does, says string }{
		{"what is there", "call", `back ${self.value}`, "back v", ""},
		{"what is not there", "call", `back ${self.call}`, "", "needs what is not known of the result of self: an older version recorded it without call."},
		{"compared with null", "call", `${self.call == null ? "back none" : "back ${self.call}"}`, "", "an older version recorded it without call."},
		{"tried", "call", `back ${try(self.call, "none")}`, "", "an older version recorded it without call."},
		{"beside it, nested", "items.ready", `back ${self.items[0].name}`, "back a", ""},
		{"nested", "items.ready", `back ${self.items[0].ready}`, "", "an older version recorded it without items.ready."},
		{"of each element", "items.ready", `back ${join(" ", [for i in self.items : i.ready ? "y" : "n"])}`, "", "an older version recorded it without items.ready."},
		{"of a splat", "items.ready", `back ${join(" ", [for r in self.items[*].ready : "${r}"])}`, "", "an older version recorded it without items.ready."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			fake := fails("boom", new(bool))
			opts, id := olderRun(t, fake, `step "fake_write" "w" {
  id    = "w"
  value = "v"
  undo "fake_write" { id = "`+tt.id+`" }
}
step "fake_write" "boom" {
  depends_on = [step.w]
  id         = "boom"
}`, tt.lacks)
			did := len(fake.Log())
			out := enginetest.Undo(t, fake, id, opts, "w")
			if did := strings.Join(fake.Log()[did:], ", "); did != tt.does {
				t.Errorf("the undo did %q, expected %q\n%s", did, tt.does, out.Stream)
			}
			said := ""
			for _, e := range out.Events {
				if e.Type == run.UndoFinished {
					said = e.Error
				}
			}
			if tt.says == "" && said != "" || !strings.Contains(said, tt.says) {
				t.Errorf("the undo says %q, expected %q", said, tt.says)
			}
		})
	}
}

// TestStepAfterAnOlderResult: a run goes on with what an older version recorded.
func TestStepAfterAnOlderResult(t *testing.T) {
	t.Parallel()
	mended := false
	fake := fails("boom", &mended)
	opts, id := olderRun(t, fake, `step "fake_write" "w" {
  id    = "w"
  value = "v"
}
step "fake_write" "boom" {
  depends_on = [step.w]
  id         = "boom"
}
step "fake_write" "then" {
  depends_on = [step.boom]
  id         = "then ${step.w.value} of ${step.w.items[1].name}"
}
step "fake_write" "needs" {
  depends_on = [step.boom]
  id         = "needs ${step.w.call}"
}`, "call", "items.ready")
	mended = true
	out := enginetest.Resume(t, fake, id, opts)
	said := out.Finished()
	if said["then"].Outcome != run.Pass || said["needs"].Outcome != run.Error || fake.Calls("then v of b") != 1 {
		t.Fatalf("%v\n%s", out.Diags, out.Stream)
	}
	if want := "needs what is not known of the result of step.w: an older version recorded it without call, items.ready."; !strings.Contains(said["needs"].Error, want) {
		t.Errorf("%s", said["needs"].Error)
	}
}
