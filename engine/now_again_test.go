package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// nowEverywhere names in each id the place whose time it tells.
const nowEverywhere = `
runbook "test" {}
provider "fake" {}
locals { l = now() }
step "fake_read" "first" { id = "/local.l ${local.l}" }
step "fake_write" "own" {
  id         = "own/arguments ${now()}"
  depends_on = [step.first]
  undo "fake_write" {
    on = "end"
    id = "own/undo ${now()}"
  }
}
step "fake_write" "approved" {
  id         = "approved/arguments ${now()}"
  depends_on = [step.own]
  approval {}
}
step "fake_write" "each" {
  for_each   = { x = now(), y = step.own.call == 1 ? now() : "" }
  id         = "each/for_each ${each.value}"
  depends_on = [step.approved]
}
step "runbook" "in" {
  source     = "child.hcl"
  variables  = { since = now() }
  depends_on = [step.each]
}
step "fake_write" "last" {
  id         = "/local.l ${local.l}"
  depends_on = [step.in]
}
`

const nowInside = `
runbook "child" {}
variable "since" { type = string }
locals { l = now() }
provider "fake" {}
step "fake_write" "one" {
  id = "in/arguments ${var.since}"
  undo "fake_write" {
    on = "end"
    id = "in/one/undo ${now()}"
  }
}
step "fake_write" "two" {
  id         = "in//local.l ${local.l}"
  depends_on = [step.one]
}
`

// TestNowFromEveryEvent breaks a run off after each event and goes on an hour later, and once more: each place is read once,
// and all that is sent tells the time that the history has for it.
func TestNowFromEveryEvent(t *testing.T) {
	t.Parallel()
	path := enginetest.Write(t, nowEverywhere)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "child.hcl"), []byte(nowInside), 0o600); err != nil {
		t.Fatal(err)
	}
	options := func(j journal.Journal, hours int) enginetest.Options {
		return enginetest.Options{Journal: j, Asker: &crowd{}, AutoApprove: true, Now: ahead(hours)}
	}
	whole, fake := enginetest.Store(t), &enginetest.Fake{}
	out := enginetest.RunFile(t, fake, path, options(whole, 1))
	out.Ends(t, 0)
	told(t, fake, out.Events)
	id := out.Result.RunID
	for cut := 1; cut < len(out.Events); cut++ {
		first := enginetest.CutAfter(t, whole, id, cut)
		fake := &enginetest.Fake{}
		got := enginetest.Resume(t, fake, id, options(first, 2))
		if got.Result == nil || got.Result.ExitStatus != 0 {
			t.Fatalf("cut after %d: %+v %v\n%s", cut, got.Result, got.Diags, got.Stream)
		}
		told(t, fake, slices.Concat(out.Events[:cut], got.Events))
		half := len(got.Events) / 2
		fake = &enginetest.Fake{}
		more := enginetest.Resume(t, fake, id, options(enginetest.CutAfter(t, first, id, cut+half), 3))
		if more.Result == nil {
			continue // it had ended
		}
		told(t, fake, slices.Concat(out.Events[:cut], got.Events[:half], more.Events))
	}
}

// told holds the ids of actions against what the events tell of the clock.
func told(t *testing.T, fake *enginetest.Fake, events []run.Event) {
	t.Helper()
	times, idle := map[string]string{}, map[string]bool{}
	for i, e := range events {
		died := i+1 < len(events) && events[i+1].Type == run.RunResumed
		if e.Type != run.ClockRead || died && e.Part == "for_each" {
			continue // it decided nothing before the program died
		}
		place := e.Step + "/" + e.Part
		idle[place] = idle[place] || died && e.Part == "arguments" // nothing was sent with it then
		if _, twice := times[place]; twice && !idle[place] {
			t.Errorf("%s was read twice, the second time in event %d", place, e.Seq)
		}
		times[place] = e.Now.Format(time.RFC3339)
	}
	for _, id := range fake.Log() {
		if place, at, _ := strings.Cut(id, " "); times[place] != at {
			t.Errorf("%s was sent, and the history tells %s", id, times[place])
		}
	}
}

// TestNowOfAnUndoByHand: one that was refused is another when it is begun anew.
func TestNowOfAnUndoByHand(t *testing.T) {
	refuses := true
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	fake.Do = func(_ context.Context, id string, _ int) error {
		if refuses && strings.HasPrefix(id, "undo") {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	out := enginetest.Run(t, fake, `
provider "fake" {}
step "fake_write" "change" {
  id = "change ${now()}"
  undo "fake_write" {
    on = "end"
    id = "undo ${now()}"
  }
}
`, enginetest.Options{Journal: j, Now: ahead(1)})
	out.Ends(t, 4)
	refuses = false
	again := enginetest.Undo(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: ahead(2)})
	again.Ends(t, 0)
	if diff := cmp.Diff([]string{"change +", "undo +", "undo ++"}, sentAt(t, fake)); diff != "" {
		t.Errorf("%s\n%s%s", diff, out.Stream, again.Stream)
	}
	if sameKey(out.Events, again.Events) {
		t.Errorf("other arguments were sent with the same key\n%s%s", out.Stream, again.Stream)
	}
}

// TestNowOfARunbookUndoneByHand: what a runbook was given is what the undos of its steps see later.
func TestNowOfARunbookUndoneByHand(t *testing.T) {
	path := enginetest.Write(t, `
step "runbook" "in" {
  source    = "child.hcl"
  variables = { since = now() }
}
`)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "child.hcl"), []byte(`
runbook "child" {}
variable "since" { type = string }
provider "fake" {}
step "fake_write" "change" {
  id = "change ${var.since}"
  undo "fake_write" { id = "undo ${var.since}" }
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.RunFile(t, fake, path, enginetest.Options{Journal: j, Now: ahead(1)})
	out.Ends(t, 0)
	again := enginetest.Undo(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: ahead(2)})
	again.Ends(t, 0)
	if diff := cmp.Diff([]string{"change +", "undo +"}, sentAt(t, fake)); diff != "" {
		t.Errorf("%s\n%s%s", diff, out.Stream, again.Stream)
	}
}
