package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// TestUndoOfOneTime: a step whose undo failed took effect again since, and the run stands on that. What is left to look at names the first time
// alone, so that the command for it takes back nothing else, and settles nothing else.
func TestUndoOfOneTime(t *testing.T) {
	const text = `
runbook "test" { on_failure = "stop" }
provider "fake" {}
step "fake_write" "cordon" {
  id = "cordon"
  undo "fake_write" { id = "uncordon" }
}
step "fake_write" "scale" {
  id         = "scale"
  depends_on = [step.cordon]
  undo "fake_write" { id = "scale back ${self.call}" }
}
step "fake_write" "break" {
  id         = "break"
  depends_on = [step.scale]
}
`
	tests := map[string]struct {
		args []string
		does []string
		says []string
	}{
		"try again":         {does: []string{"scale back 1"}, says: []string{"undo scale"}},
		"by hand":           {args: []string{"--in-doubt", "done"}, says: []string{"counts as done by hand"}},
		"by hand, by name":  {args: []string{"--in-doubt", "NAME=done"}, says: []string{"counts as done by hand"}},
		"by hand, the step": {args: []string{"--in-doubt", "scale=done"}, says: []string{"counts as done by hand"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			broken := true
			tt.fake.Do = func(_ context.Context, id string, _ int) error {
				if broken && (id == "break" || id == "scale back 1") {
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			id, next := tt.lastRun(t), tt.again(t, false, "")
			broken = false
			next.does(t, ExitLeftOver, []string{"passed, but an undo failed"}, "resume", id, "--auto-approve")
			if text := next.out.String(); strings.Contains(text, "undo "+id+"\n") || strings.Contains(text, "undo "+id+", ") {
				t.Errorf("it offers to take back what the run stands on:\n%s", text)
			}
			found := regexp.MustCompile("an undo is tried again with: runbook undo " + id + ` (scale@\d+)`).FindStringSubmatch(next.out.String())
			if found == nil {
				t.Fatalf("no command for the undo that failed alone in\n%s", next.out)
			}
			tt.again(t, true, "abort\n\n").does(t, ExitLeftOver, nil, "undo", id)
			tt.again(t, true, "redo\n\nno\n").does(t, ExitRefused, []string{"undo of scale, as of 20"}, "undo", id)
			did := tt.fake.Log()
			for i, arg := range tc.args {
				tc.args[i] = strings.Replace(arg, "NAME", found[1], 1)
			}
			tt.again(t, false, "").does(t, ExitPassed, tc.says, append([]string{"undo", id, found[1], "--auto-approve"}, tc.args...)...)
			if diff := cmp.Diff(tc.does, tt.fake.Log()[len(did):], cmp.Transformer("", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Error(diff)
			}
			tt.again(t, false, "").does(t, ExitPassed, []string{"passed"}, "show", id)
			tt.again(t, false, "").does(t, ExitRefused, []string{"has no " + found[1] + " to undo", "What can be undone: scale, cordon"}, "undo", id, found[1])
			asked := tt.again(t, true, "yes\n")
			asked.does(t, ExitPassed, []string{"undo scale", "undo cordon"}, "undo", id)
		})
	}
}

// TestUndoOfWhichTime: one word about two undos of a step is refused, and the word for all is that.
func TestUndoOfWhichTime(t *testing.T) {
	const text = `
runbook "test" {}
provider "fake" {}
step "fake_write" "scale" {
  id = "scale"
  undo "fake_write" { id = "scale back ${self.call}" }
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if strings.HasPrefix(id, "scale back") {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	path := tt.file(t, "x.hcl", text)
	tt.does(t, ExitPassed, nil, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	tt.file(t, "x.hcl", strings.Replace(text, `id = "scale"`, `id = "scale more"`, 1))
	tt.again(t, false, "").does(t, ExitPassed, []string{"runs again: scale"}, "resume", id, "--with-changes", "--auto-approve")
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"by hand"}, "undo", id, "--auto-approve")
	// The later one failed, and the earlier waited for that; it does not where it is asked for alone.
	tt.again(t, false, "").does(t, ExitLeftOver, []string{"undo scale"}, "undo", id, "scale@4", "--auto-approve")
	one, says := tt.again(t, false, ""), []string{"--in-doubt scale=done: more than one undo of that step is to be settled; say which: scale@"}
	one.does(t, ExitRefused, says, "undo", id, "--auto-approve", "--in-doubt", "scale=done")
	tt.again(t, false, "").does(t, ExitPassed, []string{"counts as done by hand"}, "undo", id, "--auto-approve", "--in-doubt", "done")
}

// TestEffectNames: a step that did several things can be named as a whole, or for one of them.
func TestEffectNames(t *testing.T) {
	effects := []run.Effect{{Address: "b", Seq: 9}, {Address: "a", Seq: 5}, {Address: "b", Seq: 3}}
	if diff := cmp.Diff([]string{"b", "a", "b@9", "b@3"}, effectNames(effects)); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkEffectNames completes the undos of a run of many effects: twice of them cost twice as much.
func BenchmarkEffectNames(b *testing.B) {
	for _, n := range []int{10_000, 20_000} {
		effects := make([]run.Effect, n)
		for i := range effects {
			effects[i] = run.Effect{Address: fmt.Sprint("s", i), Seq: int64(i)}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				effectNames(effects)
			}
		})
	}
}

// TestAWordForAllIsAboutWhatIsInDoubt: where an undo is in doubt, or a write, a word for all does not make one done that failed: it is tried again.
func TestAWordForAllIsAboutWhatIsInDoubt(t *testing.T) {
	for name, lost := range map[string]string{"an undo": "recall eu", "a write": "ship eu"} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Do = func(_ context.Context, id string, n int) error {
				switch {
				case n == 1 && id == lost:
					return errors.New("the answer got lost")
				case n == 1 && id == "refund":
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			tt.does(t, map[bool]int{true: ExitPassed, false: ExitLeftOver}[lost == "recall eu"], nil, "apply", tt.file(t, "x.hcl", twoDoubts), "--auto-approve")
			id := tt.lastRun(t)
			tt.again(t, false, "").does(t, ExitLeftOver, nil, "undo", id, "--auto-approve")
			before := len(tt.fake.Log())
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, nil, "undo", id, "--auto-approve", "--in-doubt", "done")
			if did := tt.fake.Log()[before:]; !slices.Contains(did, "refund") || strings.Contains(next.err.String(), "the undo of pay, which failed") {
				t.Errorf("%q\n%s", did, next.err)
			}
		})
	}
}
