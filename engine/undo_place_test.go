package engine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// undoneOn are the systems to which undos were sent, in order.
func undoneOn(events []run.Event) []string {
	var out []string
	for i := range events {
		if events[i].Type == run.UndoStarted {
			out = append(out, events[i].Provider+" "+events[i].Target)
		}
	}
	return out
}

// TestUndoActsWhereItsStepDid: an undo that names no configuration of its own acts through that of its step, whether a failure has it run,
// the end of the run, or a person.
func TestUndoActsWhereItsStepDid(t *testing.T) {
	t.Parallel()
	const (
		aliased = `
provider "fake" { name = "one" }
provider "fake" {
  alias = "two"
  name  = "two"
}
step "fake_write" "w" {
  provider = provider.fake.two
  id       = "w"
  undo "fake_write" {
    on = "failure"
    id = "back"
  }
}
`
		keyed = `
provider "fake" {
  for_each = toset(["eu", "us"])
  name     = each.key
}
step "fake_write" "w" {
  for_each = toset(["eu", "us"])
  provider = provider.fake[each.key]
  id       = "w ${each.key}"
  undo "fake_write" {
    on = "failure"
    id = "back"
  }
}
`
		boom = `
step "fake_write" "boom" {
  provider   = PROVIDER
  id         = "boom"
  depends_on = [step.w]
}
`
	)
	for name, test := range map[string]struct {
		text, through string
		want          []string
	}{
		"an alias": {aliased, "provider.fake", []string{"fake.two fake://two"}},
		"keys":     {keyed, `provider.fake["eu"]`, []string{`fake["us"] fake://us`, `fake["eu"] fake://eu`}},
	} {
		failing := test.text + strings.Replace(boom, "PROVIDER", test.through, 1)
		for when, text := range map[string]string{
			"a failure": "runbook \"test\" { on_failure = \"stop\" }\n" + failing,
			"the end":   strings.Replace(test.text, `on = "failure"`, `on = "end"`, 1),
			"by hand":   failing,
		} {
			t.Run(name+", "+when, func(t *testing.T) {
				t.Parallel()
				fake, opts := breaks("boom"), enginetest.Options{Journal: enginetest.Store(t)}
				out := enginetest.Run(t, fake, text, opts)
				if out.Result == nil {
					t.Fatal(out.Diags)
				}
				if when == "by hand" {
					out = enginetest.Undo(t, fake, out.Result.RunID, opts)
				}
				if diff := cmp.Diff(test.want, undoneOn(out.Events)); diff != "" {
					t.Errorf("%s\n%s", diff, out.Stream)
				}
			})
		}
	}
}

// TestUndoOfAnotherKey: which configuration a step acts through may depend on the environment. What was done through one is not undone
// through another.
func TestUndoOfAnotherKey(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{"as its step": "", "by itself": "\n    provider = provider.fake[env(\"REGION\")]"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, j := breaks("boom"), enginetest.Store(t)
			in := func(region string) enginetest.Options {
				return enginetest.Options{Journal: j, Env: map[string]string{"REGION": region}}
			}
			out := enginetest.Run(t, fake, `
provider "fake" {
  for_each = toset(["eu", "us"])
  name     = each.key
}
step "fake_read" "both" {
  for_each = toset(["eu", "us"])
  provider = provider.fake[each.key]
  id       = "read"
}
step "fake_write" "w" {
  provider   = provider.fake[env("REGION")]
  depends_on = [step.both]
  id         = "w"
  undo "fake_write" {
    id = "back"`+more+`
  }
}
step "fake_write" "boom" {
  provider   = provider.fake["eu"]
  depends_on = [step.w]
  id         = "boom"
}
`, in("eu"))
			if out.Result == nil {
				t.Fatal(out.Diags)
			}
			id := out.Result.RunID
			out = enginetest.Undo(t, fake, id, in("us"))
			out.Ends(t, 4)
			if fake.Calls("back") != 0 {
				t.Errorf("it was undone through %v", undoneOn(out.Events))
			}
			for _, want := range []string{`the step acted through fake["eu"], on fake://eu, and this would act through fake["us"], on fake://us`, `once this goes through fake["eu"] again`} {
				if !strings.Contains(strings.ReplaceAll(out.Stream, `\"`, `"`), want) {
					t.Errorf("no %q in\n%s", want, out.Stream)
				}
			}
			if out = enginetest.Undo(t, fake, id, in("eu")); fake.Calls("back") != 1 {
				t.Errorf("it was not undone:\n%s", out.Stream)
			}
		})
	}
}
