package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/provider"
)

// TestNothingIsUndoneBesideWhatGoesOn: what a write that still goes on stands on is not taken from under it.
func TestNothingIsUndoneBesideWhatGoesOn(t *testing.T) {
	const text = `
runbook "moves" { lock = "moves" }
provider "fake" { name = "production" }
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" { id = "uncordon" }
}
step "fake_write" "migrate" {
  id         = "migrate"
  depends_on = [step.cordon]
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "migrate" {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id, did := tt.lastRun(t), tt.fake.Log()
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.UnderWay, "it is at row 7", nil }
	for _, args := range [][]string{{"undo", id}, {"undo", id, "cordon"}} {
		want := "nothing was run: migrate still goes on: it is at row 7"
		tt.again(t, false, "").does(t, ExitLeftOver, []string{want}, append(args, "--auto-approve")...)
	}
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Unknown, "its log ends at row 9", nil }
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"its log ends at row 9", "this session leaves migrate in doubt; settle it with: runbook undo " + id + " migrate", "undo cordon"}, "undo", id, "--auto-approve")
}
