package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseInDoubt(t *testing.T) {
	tests := map[string]struct {
		flags []string
		want  words
		says  string
	}{
		"nothing said":        {},
		"for all":             {flags: []string{"redo"}, want: words{others: "redo"}},
		"of one":              {flags: []string{"pay=done"}, want: words{each: map[string]string{"pay": "done"}}},
		"of one and the rest": {flags: []string{`ship["a=b"]=redo`, "done"}, want: words{each: map[string]string{`ship["a=b"]`: "redo"}, others: "done"}},
		"the same for all":    {flags: []string{"done", "done"}, want: words{others: "done"}},
		"two words for all":   {flags: []string{"done", "redo"}, says: "one word holds for all; say it of a step alone with STEP=redo"},
		"misspelt":            {flags: []string{"pay=redoo"}, says: `did you mean "redo"?`},
		"misspelt, for all":   {flags: []string{"don"}, says: `did you mean "done"?`},
		"of no step":          {flags: []string{"=done"}, says: "write STEP=VALUE"},
		"of one twice":        {flags: []string{"pay=done", "pay=redo"}, says: "the step is named twice"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseInDoubt(tc.flags)
			if tc.says != "" {
				if err == nil || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("%v, want %q", err, tc.says)
				}
				return
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(words{})); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

const twoDoubts = `
runbook "doubtful" {}
provider "fake" { name = "production" }
step "fake_write" "pay" {
  id = "pay"
  undo "fake_write" { id = "refund" }
}
step "fake_write" "ship" {
  for_each = toset(["eu"])
  id       = "ship ${each.key}"
  undo "fake_write" { id = "recall ${each.key}" }
}
`

// TestInDoubtByStep: what is said of one step holds for it alone.
func TestInDoubtByStep(t *testing.T) {
	tests := map[string]struct {
		flags  []string
		status int
		does   []string
		says   []string
	}{
		"each":             {flags: []string{"pay=done", `ship["eu"]=redo`}, status: ExitPassed, does: []string{"ship eu"}, says: []string{"counts as done", "is sent again"}},
		"one and the rest": {flags: []string{`ship["eu"]=done`, "redo"}, status: ExitPassed, does: []string{"pay"}},
		"one alone":        {flags: []string{"pay=done"}, status: ExitLeftOver, says: []string{`look whether ship["eu"] took place`, "What was said of pay is not kept"}},
		"abort of one":     {flags: []string{"pay=done", `ship["eu"]=abort`}, status: ExitLeftOver, says: []string{`ship["eu"] stays in doubt`, "What was said of pay is not kept"}},
		"abort first":      {flags: []string{"abort", `ship["eu"]=done`}, status: ExitLeftOver, says: []string{"pay stays in doubt", `What was said of ship["eu"] is not kept`}},
		"no quotes":        {flags: []string{`ship[eu]=done`}, status: ExitRefused, says: []string{`nothing of that step is in doubt; did you mean 'ship["eu"]'?`}},
		"unknown":          {flags: []string{`shp["eu"]=done`}, status: ExitRefused, says: []string{"nothing of that step is in doubt; did you mean", `In doubt: pay, ship["eu"]`}},
		"whole step":       {flags: []string{"ship=done", "redo"}, status: ExitRefused, says: []string{"--in-doubt ship=done: nothing of that step is in doubt", `In doubt: pay, ship["eu"]`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, _ string, n int) error {
				if n == 1 {
					return errors.New("the answer got lost")
				}
				return nil
			}
			tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", twoDoubts), "--auto-approve")
			id, did := tt.lastRun(t), tt.fake.Log()
			if got := tt.again(t, false, "").complete(t, "resume", id, "--in-doubt", ""); !strings.Contains(got, `ship["eu"]=redo`) || !strings.Contains(got, "abort") {
				t.Errorf("completion gives %s", got)
			}
			args := []string{"resume", id}
			for _, flag := range tc.flags {
				args = append(args, "--in-doubt", flag)
			}
			tt.again(t, false, "").does(t, tc.status, tc.says, args...)
			if diff := cmp.Diff(append(did, tc.does...), tt.fake.Log()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUndoInDoubtByStep: as of writes, and of what is not to be undone nothing can be said.
func TestUndoInDoubtByStep(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if n == 1 && (id == "refund" || id == "recall eu") {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", twoDoubts), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, "--auto-approve")
	did := tt.fake.Log()
	undo := func(status int, says string, args ...string) {
		t.Helper()
		tt.again(t, false, "").does(t, status, []string{says}, append([]string{"undo", id, "--auto-approve"}, args...)...)
	}
	undo(ExitRefused, `ship["eu"] is not among the steps to be undone; it is settled with: runbook undo `+id+` 'ship["eu"]@`, "pay", "--in-doubt", `ship["eu"]=redo`)
	undo(ExitRefused, `In doubt: pay, ship["eu"]`, "--in-doubt", "pya=redo")
	undo(ExitLeftOver, "the undo stays in doubt", "--in-doubt", `ship["eu"]=redo`)
	undo(ExitPassed, "counts as done", "--in-doubt", "pay=done")
	if diff := cmp.Diff(append(did, "recall eu"), tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	if got := tt.complete(t, "undo", id, "--in-doubt", ""); strings.Contains(got, "pay") {
		t.Errorf("completion gives what was settled: %s", got)
	}
}

// TestHeaderOnce: where both outputs are read in one place, what runs where is said once.
func TestHeaderOnce(t *testing.T) {
	for name, together := range map[string]bool{"2>&1": true, "apart": false} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			cutOff(tt)
			tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
			next := tt.again(t, false, "")
			next.OneOutput = together
			next.does(t, ExitPassed, nil, "resume", tt.lastRun(t), "--in-doubt", "done")
			inOut, inErr := strings.Count(next.out.String(), "x.hcl"), strings.Count(next.err.String(), "x.hcl")
			if inErr != 1 || inOut == 0 == !together {
				t.Errorf("the header stands %d times in the one and %d times in the other:\n%s%s", inOut, inErr, next.out, next.err)
			}
		})
	}
}

// TestDoneOfAChangedInstance: where its step does not have the instance any more that is refused, and the way on is told.
func TestDoneOfAChangedInstance(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "ship eu" {
			return errors.New("the answer got lost")
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", twoDoubts), "--auto-approve")
	id, did := tt.lastRun(t), tt.fake.Log()
	tt.file(t, "x.hcl", strings.Replace(twoDoubts, `["eu"]`, `["us"]`, 1))
	says := []string{`ship["eu"] counts as done`, "settle it without --with-changes first"}
	tt.again(t, false, "").does(t, ExitRefused, says, "resume", id, "--with-changes", "--in-doubt", "done", "--auto-approve")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.file(t, "x.hcl", twoDoubts)
	tt.again(t, false, "").does(t, ExitPassed, []string{"counts as done"}, "resume", id, "--in-doubt", "done")
}

// TestCommandsAgreeOnWarnings: what validate warns of, plan and apply tell too.
func TestCommandsAgreeOnWarnings(t *testing.T) {
	const text = `
runbook "warned" {}
provider "fake" {}
step "fake_read" "look" {
  id = "look"
  retry { writes = true }
}
`
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", text)
	for _, command := range []string{"validate", "plan", "apply"} {
		tt.again(t, false, "").does(t, ExitPassed, []string{"Warning: No write to repeat", "1 warning"}, command, file)
	}
}

// TestWordAboutTwoThings: where both a step and the undo of what it did before are in doubt, its name alone does not tell which is meant.
func TestWordAboutTwoThings(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "pay" && n == 2 || id == "refund" && n == 1 {
			return errors.New("the answer got lost")
		}
		return nil
	}
	text := strings.Replace(twoDoubts, `id = "pay"`, "id = \"pay\"\n  assert { condition = self.call > 1 }", 1)
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "resume", id, "--auto-approve")
	tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, "pay@5", "--auto-approve")
	did := tt.fake.Log()
	tt.again(t, false, "").does(t, ExitRefused, []string{"--in-doubt pay=done: both the step and the undo of what it did before are to be settled; settle the undo first"},
		"resume", id, "--in-doubt", "pay=done")
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"counts as done"}, "undo", id, "pay", "--in-doubt", "pay=done")
	tt.again(t, false, "").does(t, ExitPassed, []string{"counts as done"}, "resume", id, "--in-doubt", "pay=done")
	if diff := cmp.Diff(did, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
