package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestKeyThatForEachLost: an instance whose value came from outside the run, was not kept, as older versions did not, and is not there any
// more, says so, in a step and in its undo.
func TestKeyThatForEachLost(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {}
step "fake_write" "each" {
  for_each = { for h in split(",", env("HOSTS")) : h => h }
  id       = "each ${each.value}"
  undo "fake_write" { id = "back ${each.value}" }
}
`
	const why = `needs each.value, and for_each gives no key "b" any more: a file or a variable of the environment that it reads has changed since`
	mended := false
	fake, j := fails("each b", &mended), enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"HOSTS": "a,b"}})
	id := out.Events[0].Run
	j = enginetest.Retell(t, j, id, func(e *run.Event) { e.Each, e.EachType = nil, nil })
	mended = true
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a"}})
	if got := out.Finished()[`each["b"]`]; got.Outcome != run.Error || !strings.Contains(got.Error, why) {
		t.Errorf("%+v\n%s", got, out.Stream)
	}
	if out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a,b"}}); out.Result == nil || out.Result.ExitStatus != 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	j = enginetest.Retell(t, j, id, func(e *run.Event) { e.UndoWith = nil })
	out = enginetest.Undo(t, fake, id, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a"}}, `each["b"]`)
	if last := out.Events[len(out.Events)-2]; last.Type != run.UndoFinished || !strings.Contains(last.Error, why) {
		t.Errorf("%+v\n%s", last, out.Stream)
	}
}

// TestConfigurationThatForEachLost: files of which a provider block has no key any more that the undo of what was done goes through are refused,
// also where the step has no such instance any more; once that is undone, or done by hand, the run goes on with them.
func TestConfigurationThatForEachLost(t *testing.T) {
	t.Parallel()
	const text = `
provider "fake" {
  for_each = toset([CLUSTERS])
  name     = each.value
}
step "fake_write" "w" {
  for_each = toset([CLUSTERS])
  provider = provider.fake[each.key]
  id       = "w ${each.key}"
  undo "fake_write" { id = "back ${each.key}" }
}
step "fake_write" "boom" {
  provider   = provider.fake["a"]
  id         = "boom"
  depends_on = [step.w]
}
`
	has := func(clusters string) string {
		return "runbook \"test\" {}\n" + strings.ReplaceAll(text, "CLUSTERS", clusters)
	}
	mended := false
	fake := fails("boom", &mended)
	opts := enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}
	file := enginetest.Write(t, has(`"a", "b"`))
	out := enginetest.RunFile(t, fake, file, opts)
	out.Ends(t, 1)
	id := out.Result.RunID
	mended = true
	enginetest.Rewrite(t, file, has(`"a"`))
	out = enginetest.Resume(t, fake, id, opts)
	const why = `step w["b"] was carried out at`
	if text := out.Diags.Error(); out.Result != nil || !strings.Contains(text, why) || !strings.Contains(text, "provider.fake whose for_each gives no such key any more") {
		t.Fatalf("%v\n%s", out.Diags, out.Stream)
	}
	enginetest.Undo(t, fake, id, opts, `w["b"]`).Ends(t, 1)
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
	if fake.Calls("back b") != 1 || fake.Calls("w a") != 1 {
		t.Errorf("%q", fake.Log())
	}
}

// TestUndoWithoutItsConfiguration: where what for_each of a provider block reads gives the key no more, the words to do it by hand name where the
// step acted, as the history has it.
func TestUndoWithoutItsConfiguration(t *testing.T) {
	t.Parallel()
	const text = `
runbook "test" {}
provider "fake" {
  for_each = toset(split(",", env("HOSTS")))
  name     = "on-${each.key}"
}
step "fake_write" "w" {
  for_each = toset(["a", "b"])
  provider = provider.fake[each.key]
  id       = "w ${each.key}"
  undo "fake_write" {
    on = "end"
    id = "back ${each.key}"
  }
}
step "fake_write" "other" {
  provider = provider.fake["a"]
  id       = "other"
  undo "fake_write" {
    on       = "end"
    provider = provider.fake["b"]
    id       = "back"
    at       = self.items[9].name
  }
}
step "fake_ask" "sure" {
  provider   = provider.fake["a"]
  prompt     = "Sure?"
  depends_on = [step.w, step.other]
}
`
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"HOSTS": "a,b"}})
	out.Pauses(t)
	out = enginetest.Cancel(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Env: map[string]string{"HOSTS": "a"}})
	out.Ends(t, 4)
	for _, want := range []string{
		`Take the effect of step w[\"b\"] back by hand: fake_write on fake://on-b with id = \"back b\"`,
		`Take the effect of step other back by hand: fake_write on fake://on-b with id = \"back\", at = self.items[9].name`,
	} {
		if !strings.Contains(out.Stream, want) {
			t.Errorf("%s\n%s", want, out.Stream)
		}
	}
}

// TestUndoOfADoubtWithoutItsConfiguration: so do those for a write in doubt that counts as done. Where the history has not which system the
// configuration of its undo named, they name none.
func TestUndoOfADoubtWithoutItsConfiguration(t *testing.T) {
	t.Parallel()
	const text = `
runbook "test" {}
provider "fake" {
  for_each = toset(split(",", env("HOSTS")))
  name     = "on-${each.key}"
}
step "fake_write" "w" {
  provider = provider.fake["a"]
  id       = "w"
  undo "fake_write" {
    on       = "end"
    provider = provider.fake["b"]
    id       = "back"
    at       = self.items[0].name
  }
}
`
	for name, c := range map[string]struct {
		tell  func(*run.Event)
		words string
	}{
		"named then": {func(*run.Event) {}, "fake_write on fake://on-b with"},
		"not named": {func(e *run.Event) {
			if e.Type == run.RunStarted {
				header := *e.Header
				header.Targets, e.Header = nil, &header
			}
		}, "fake_write with id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{Do: func(context.Context, string, int) error { return errors.New("the answer got lost") }}
			j := enginetest.Store(t)
			out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j, AutoApprove: true, Env: map[string]string{"HOSTS": "a,b"}})
			out.Ends(t, 4)
			id := out.Result.RunID
			opts := enginetest.Options{Journal: enginetest.Retell(t, j, id, c.tell), AutoApprove: true, Env: map[string]string{"HOSTS": "a"}}
			opts.Settle = func(run.Doubt, *provider.Found) run.Resolution {
				return run.Resolution{Decision: run.DecisionDone, How: "asked", Who: "me"}
			}
			out = enginetest.Resume(t, fake, id, opts)
			out.Ends(t, 4)
			if !strings.Contains(out.Stream, "Take the effect of step w back by hand: "+c.words) {
				t.Errorf("%s", out.Stream)
			}
		})
	}
}
