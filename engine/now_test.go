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
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
)

// ahead is the system's clock some hours later: what a session sees that goes on then.
func ahead(hours int) func() time.Time {
	return func() time.Time { return time.Now().Add(time.Duration(hours) * time.Hour) }
}

// hourOf is the hours that an id like "later 2026-01-02T03:04:05Z" is ahead of the system's clock.
func hourOf(t *testing.T, id string) int {
	t.Helper()
	at, err := time.Parse(time.RFC3339, id[strings.LastIndex(id, " ")+1:])
	if err != nil {
		t.Fatal(err)
	}
	return int((time.Until(at) + 30*time.Minute) / time.Hour)
}

// sentAt lists the first words of the ids that actions were called with, each with the hour that the runbook took it for.
func sentAt(t *testing.T, fake *enginetest.Fake) []string {
	t.Helper()
	var out []string
	for _, id := range fake.Log() {
		word, _, _ := strings.Cut(id, " ")
		out = append(out, word+" "+strings.Repeat("+", hourOf(t, id)))
	}
	return out
}

// TestNowOverSessions pauses for a person an hour after the system's time, and goes on an hour later.
func TestNowOverSessions(t *testing.T) {
	const asks = `
provider "fake" {}
step "fake_ask" "go" {
  prompt     = "Go on?"
  depends_on = [step.first]
}
`
	child := filepath.Join(t.TempDir(), "child.hcl")
	if err := os.WriteFile(child, []byte(`
runbook "child" {}
variable "since" { type = string }
locals { own = now() }
provider "fake" {}
step "fake_read" "first" { id = "first ${local.own}" }
step "fake_ask" "go" {
  prompt     = "Go on?"
  depends_on = [step.first]
}
step "fake_write" "given" {
  id         = "given ${var.since}"
  depends_on = [step.go]
}
step "fake_write" "own" {
  id         = "own ${local.own}"
  depends_on = [step.given]
}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		text string
		asks string
		want []string
	}{
		"a local": {asks + `
locals { began = now() }
step "fake_read" "first" { id = "first ${local.began}" }
step "fake_write" "later" {
  id         = "later ${local.began}"
  depends_on = [step.go]
}`, "go", []string{"first +", "later +"}},
		"a local through others and a template": {asks + `
locals {
  began = templatefile("` + template(t) + `", {})
  again = "${local.began}"
}
step "fake_read" "first" { id = "first ${local.again}" }
step "fake_write" "later" {
  id         = "later ${local.again}"
  depends_on = [step.go]
}`, "go", []string{"first +", "later +"}},
		"a local that is first read later": {asks + `
locals { began = now() }
step "fake_read" "first" { id = "first ${now()}" }
step "fake_write" "later" {
  id         = "later ${local.began}"
  depends_on = [step.go]
}`, "go", []string{"first +", "later ++"}},
		"arguments, each step its own": {asks + `
step "fake_read" "first" { id = "first ${now()}" }
step "fake_write" "later" {
  id         = "later ${now()}"
  depends_on = [step.go]
}`, "go", []string{"first +", "later ++"}},
		"for_each": {`
provider "fake" {}
step "fake_write" "later" {
  for_each = { a = now() }
  id       = "later ${each.value}"
  approval {}
}
`, `later["a"]`, []string{"later +"}},
		"arguments that were approved": {`
provider "fake" {}
step "fake_write" "later" {
  id = "later ${now()}"
  approval {}
}
`, "later", []string{"later +"}},
		"a runbook's variables and locals": {`
step "fake_read" "first" { id = "outer ${now()}" }
step "runbook" "in" {
  source     = "` + child + `"
  variables  = { since = now() }
  depends_on = [step.first]
}
`, "in/go", []string{"outer +", "first +", "given +", "own +"}},
		"the run's start": {asks + `
step "fake_read" "first" { id = "first ${timestamp()}" }
step "fake_write" "later" {
  id         = "later ${run.started_at}"
  depends_on = [step.go]
}`, "go", []string{"first +", "later +"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.Run(t, fake, test.text, enginetest.Options{Journal: j, Now: ahead(1), AutoApprove: true})
			out.Pauses(t)
			answer(t, j, out, test.asks, "true")
			again := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: ahead(2)})
			again.Ends(t, 0)
			if diff := cmp.Diff(test.want, sentAt(t, fake)); diff != "" {
				t.Errorf("%s\n%s%s", diff, out.Stream, again.Stream)
			}
		})
	}
}

// template is a file that calls now.
func template(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "now.tmpl")
	if err := os.WriteFile(path, []byte("${now()}"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNowAgain is what a step sees that runs again: a new time when it failed, the same when a write is sent again of which
// nobody knows whether it took place.
func TestNowAgain(t *testing.T) {
	const text = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "change" {
  id = "change ${now()}"
  undo "fake_write" { id = "undo ${now()}" }
}
step "fake_write" "break" {
  id         = "break ${now()}"
  depends_on = [step.change]
}
`
	broken := func() *enginetest.Fake {
		return &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
			if strings.HasPrefix(id, "break") {
				return enginetest.ErrUnreachable()
			}
			return nil
		}}
	}
	whole := enginetest.Store(t)
	out := enginetest.Run(t, broken(), text, enginetest.Options{Journal: whole, Now: ahead(1)})
	out.Ends(t, 1)
	readOf := func(step, part string) int {
		return 1 + slices.IndexFunc(out.Events, func(e run.Event) bool { return e.Type == run.ClockRead && e.Step == step && e.Part == part })
	}
	for name, test := range map[string]struct {
		cut  int
		key  bool
		want []string
	}{
		"a failed step, and one that was undone": {len(out.Events), false, []string{"change ++", "break ++", "undo ++"}},
		"a write in doubt":                       {readOf("change", "arguments") + 1, true, []string{"change +", "break ++", "undo ++"}},
		"a write that was not sent":              {readOf("change", "arguments") - 1, true, []string{"change ++", "break ++", "undo ++"}},
		"an undo in doubt":                       {readOf("change", "undo") + 1, true, []string{"break ++", "undo +"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.cut < 1 {
				t.Fatalf("it was not told:\n%s", out.Stream)
			}
			fake := broken()
			j := enginetest.CutAfter(t, whole, out.Result.RunID, test.cut)
			again := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: ahead(2)})
			if again.Result == nil {
				t.Fatalf("%v\n%s", again.Diags, again.Stream)
			}
			if got := sentAt(t, fake); !slices.Equal(got[:min(len(got), len(test.want))], test.want) {
				t.Errorf("got %v, want %v first\n%s", got, test.want, again.Stream)
			}
			if got := sameKey(out.Events[:test.cut], again.Events); got != test.key {
				t.Errorf("the same key: %v, want %v\n%s", got, test.key, again.Stream)
			}
		})
	}
}

// sameKey reports whether what step change sent last, or its undo, was sent with the same key later.
func sameKey(before, after []run.Event) bool {
	sent := ""
	for _, e := range before {
		if e.Key != "" && e.Step == "change" {
			sent = e.Key
		}
	}
	return slices.ContainsFunc(after, func(e run.Event) bool { return e.Key == sent })
}

func openStore(t *testing.T, path string) journal.Journal {
	t.Helper()
	j, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// TestNowIsOnDiskBeforeAWrite looks at the file while the write is under way, be the time its own or a local's.
func TestNowIsOnDiskBeforeAWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runs.db")
	j := openStore(t, path)
	kept := map[string]bool{}
	beside := openStore(t, path)
	fake := &enginetest.Fake{Do: func(ctx context.Context, id string, _ int) error {
		runs, err := beside.Runs(ctx, journal.Filter{})
		if err != nil {
			return err
		}
		for entry, err := range beside.Events(ctx, runs[0].ID) {
			if err != nil {
				return err
			}
			if e := entry.Event; e.Type == run.ClockRead {
				kept[id+" "+e.Step+" "+e.Part] = true
			}
		}
		return nil
	}}
	out := enginetest.Run(t, fake, `
provider "fake" {}
locals { l = now() }
step "fake_write" "own" {
  id    = "own"
  value = now()
  undo "fake_write" {
    on    = "end"
    id    = "undo"
    value = now()
  }
}
step "fake_write" "local" {
  id         = "local"
  value      = local.l
  depends_on = [step.own]
}
`, enginetest.Options{Journal: j})
	out.Ends(t, 0)
	for _, want := range []string{"own own arguments", "local  local.l", "undo own undo"} {
		if !kept[want] {
			t.Errorf("%q was not on disk: %v\n%s", want, kept, out.Stream)
		}
	}
}

// TestNowInChecks has the time of each evaluation: a poll waits for it to pass, and nothing is kept of it.
func TestNowInChecks(t *testing.T) {
	out := enginetest.Run(t, &enginetest.Fake{}, `
locals { began = now() }
step "fake_read" "wait" {
  id    = "wait"
  value = local.began
  poll {
    until    = now() != local.began
    interval = "100ms"
    timeout  = "20s"
  }
  assert { condition = now() != local.began }
}
`, enginetest.Options{})
	out.Ends(t, 0)
	if n := strings.Count(out.Stream, `"clock_read"`); n != 1 {
		t.Errorf("the clock was kept %d times\n%s", n, out.Stream)
	}
}
