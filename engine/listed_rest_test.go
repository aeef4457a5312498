package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestTheRestOfListedWrites: a yes to writes that the run found out itself is for those that are left of them too, as long as they are what was shown,
// and what was not; else it is asked about these once more.
func TestTheRestOfListedWrites(t *testing.T) {
	t.Parallel()
	const text = `
runbook "test" {}
provider "fake" { password = secret("env:PASSWORD") }
step "fake_read" "found" { id = "found" }
step "fake_write" "each" {
  for_each = toset([for i in range(step.found.call + 2) : "k${i}"])
  id       = "go ${each.key}"
  value    = { open = env("OPEN"), hidden = sensitive(env("HIDDEN")) }
}
`
	for name, tc := range map[string]struct {
		changed string
		lost    bool
		asks    []string
	}{
		"as it was":              {},
		"something hidden":       {changed: "HIDDEN", asks: []string{"k1"}},
		"something in the open":  {changed: "OPEN", asks: []string{"k1"}},
		"in doubt, as it was":    {lost: true},
		"in doubt, hidden":       {lost: true, changed: "HIDDEN", asks: []string{"k1"}},
		"in doubt, in the open":  {lost: true, changed: "OPEN", asks: []string{"k1"}},
		"the password of a host": {changed: "PASSWORD"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := enginetest.ErrUnreachable()
			if tc.lost {
				err = errLost
			}
			fake := &enginetest.Fake{Do: failsFirst("go k1", err)}
			opts := enginetest.Options{
				Journal: enginetest.Store(t), Seal: plain, Unseal: opened,
				Env: map[string]string{"PASSWORD": otherSecret, "OPEN": "o", "HIDDEN": enginetest.SecretToken},
			}
			out := enginetest.Run(t, fake, text, opts)
			out.Ends(t, 3)
			id := out.Result.RunID
			answer(t, opts.Journal, out, "each", "true")
			again := enginetest.Resume(t, fake, id, opts)
			if again.Result == nil || again.Result.ExitStatus == 0 {
				t.Fatalf("%+v %v", again.Result, again.Diags)
			}
			if tc.changed != "" {
				opts.Env[tc.changed] = "another-by-now"
			}
			before := len(fake.Log())
			last := enginetest.Resume(t, fake, id, opts)
			if tc.asks != nil {
				last.Ends(t, 3)
				if q := asked(t, last, "each"); !slices.Equal(q.Items, tc.asks) || q.Again == nil || q.Again.Why != run.AgainOther {
					t.Errorf("it asks about %+v", q)
				}
				answer(t, opts.Journal, last, "each", "true")
				last = enginetest.Resume(t, fake, id, opts)
			}
			last.Ends(t, 0)
			if diff := cmp.Diff([]string{"go k1"}, fake.Log()[before:]); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(last.Stream, enginetest.SecretToken) {
				t.Error("the secret is shown")
			}
		})
	}
}

// TestTheRestOfTheRest: a yes to what was left holds for what is left of that.
func TestTheRestOfTheRest(t *testing.T) {
	t.Parallel()
	const text = planHead + `
step "fake_read" "found" { id = "found" }
step "fake_write" "each" {
  for_each = toset([for i in range(step.found.call + 2) : "k${i}"])
  id       = "go ${each.key}"
  value    = sensitive(env("HIDDEN"))
}
`
	down := map[string]bool{"go k1": true, "go k2": true}
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if down[id] {
			return enginetest.ErrUnreachable()
		}
		return nil
	}}
	opts := enginetest.Options{Journal: enginetest.Store(t), Seal: plain, Unseal: opened, Env: map[string]string{"HIDDEN": "one-s3cret"}}
	out := enginetest.Run(t, fake, text, opts)
	id := out.Result.RunID
	answer(t, opts.Journal, out, "each", "true")
	enginetest.Resume(t, fake, id, opts).Ends(t, 1)
	opts.Env["HIDDEN"] = "two-s3crets"
	asks := enginetest.Resume(t, fake, id, opts)
	asks.Ends(t, 3)
	if q := asked(t, asks, "each"); !slices.Equal(q.Items, []string{"k1", "k2"}) {
		t.Errorf("it asks about %q", q.Items)
	}
	answer(t, opts.Journal, asks, "each", "true")
	down["go k1"] = false
	enginetest.Resume(t, fake, id, opts).Ends(t, 1)
	down["go k2"] = false
	enginetest.Resume(t, fake, id, opts).Ends(t, 0)
}
