package cli

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// keys are those under which writes of a step were sent, in order.
func (tt *terminal) keys(t *testing.T, id, step string) []string {
	t.Helper()
	var out []string
	for entry, err := range tt.history(t).Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if e := entry.Event; e.Type == run.StepStarted && e.Step == step {
			out = append(out, e.Key)
		}
	}
	return out
}

// TestAQuestionIsAboutWhatWasSent: a file that says something else by now changes neither what the system is asked, nor what a person is.
func TestAQuestionIsAboutWhatWasSent(t *testing.T) {
	tt, id := cutPay(t, parting, strings.Replace(strings.Replace(parting, `id = "pay"`, `id = "pay more"`, 1), "production", "staging", 1))
	var asked []string
	tt.fake.Inquire = func(id string) (provider.State, string, error) {
		asked = append(asked, id)
		return provider.Unknown, "the bank keeps no account of " + id, nil
	}
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{"on fake://production, was sent at", `id = "pay"`, "keeps no account of pay\n"}, "resume", id, "--with-changes", "--auto-approve")
	if diff := cmp.Diff([]string{"pay"}, asked); diff != "" || strings.Contains(next.err.String(), "may have got pay more") {
		t.Errorf("%s\n%s", diff, next.err)
	}
}

// TestASentArgumentThatDependsOnTheEnvironment is the one that was sent, whatever is there now.
func TestASentArgumentThatDependsOnTheEnvironment(t *testing.T) {
	text := strings.Replace(parting, `id = "pay"`, `id = "pay ${coalesce(env("WHOM"), "nobody")}"`, 1)
	tt, id := cutPay(t, text, text)
	var asked string
	tt.fake.Inquire = func(id string) (provider.State, string, error) { asked = id; return provider.Unknown, "", nil }
	tt.fake.Do = nil
	next := tt.again(t, false, "")
	next.Lookup = func(name string) (string, bool) {
		return map[string]string{"WHOM": "mallory"}[name], name == "WHOM"
	}
	next.does(t, ExitPassed, []string{`id = "pay nobody"`, "the write that the file has now is sent as a new one, under a new key"}, "resume", id, "--in-doubt", "redo")
	keys := tt.keys(t, id, "pay")
	if asked != "pay nobody" || len(keys) != 2 || keys[0] == keys[1] {
		t.Errorf("asked about %q, sent under %q", asked, keys)
	}
}

// TestOnlyTheSameIsSentAgainUnasked: what its author says may be sent twice is that as it was. Another write needs a word, and a key.
func TestOnlyTheSameIsSentAgainUnasked(t *testing.T) {
	tests := map[string]struct {
		after string
		args  []string
		says  []string
		sent  []string
		keys  int
	}{
		"the same": {parting, nil, []string{"is sent again as it was, with its key: the author says so", "is sent again as it was, as its author allows"}, []string{"pay", "pay"}, 1},
		"another":  {strings.Replace(parting, `id = "pay"`, `id = "pay more"`, 1), nil, []string{"the author says so", "as a new write, under a new key", "look whether pay took place"}, []string{"pay"}, 1},
		"on a word": {strings.Replace(parting, `id = "pay"`, `id = "pay more"`, 1), []string{"--in-doubt", "redo"}, []string{"is sent as a new one, under a new key"},
			[]string{"pay", "pay more"}, 2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt, id := cutPay(t, parting, tc.after)
			tt.fake.Do = nil
			tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Repeatable, "the author says so", nil }
			status := ExitPassed
			if len(tc.sent) == 1 {
				status = ExitLeftOver
			}
			next := tt.again(t, false, "")
			next.does(t, status, tc.says, append([]string{"resume", id, "--with-changes", "--auto-approve"}, tc.args...)...)
			sent := slices.DeleteFunc(tt.fake.Log(), func(id string) bool { return !strings.HasPrefix(id, "pay") })
			keys := tt.keys(t, id, "pay")
			if diff := cmp.Diff(tc.sent, sent); diff != "" || len(slices.Compact(keys)) != tc.keys {
				t.Errorf("%s\nunder %q\n%s", diff, keys, next.err)
			}
			if strings.Contains(next.out.String(), "as the system told") {
				t.Errorf("the system told nothing:\n%s", next.out)
			}
		})
	}
}

// TestAWordCountsForWhatMayBeRepeated: what somebody says of a write holds over what its author allows.
func TestAWordCountsForWhatMayBeRepeated(t *testing.T) {
	tests := map[string]struct {
		word   string
		status int
		says   []string
		sent   bool
	}{
		"done, by its name":  {word: "pay=done", says: []string{"counts as done: on the word of alice@laptop"}},
		"done, for all":      {word: "done", says: []string{"counts as done: on the word of alice@laptop"}},
		"abort, by its name": {word: "pay=abort", status: ExitLeftOver, says: []string{"nothing was run, and pay stays in doubt"}},
		"abort, for all":     {word: "abort", status: ExitLeftOver, says: []string{"nothing was run, and pay stays in doubt"}},
		"redo":               {word: "redo", says: []string{"counts as not done, and is sent again: on the word of alice@laptop"}, sent: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt, id := cutPay(t, parting, parting)
			tt.fake.Do = nil
			tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Repeatable, "the author says so", nil }
			did := len(tt.fake.Log())
			next := tt.again(t, false, "")
			next.does(t, tc.status, append(tc.says, "the author says so"), "resume", id, "--auto-approve", "--in-doubt", tc.word)
			if slices.Contains(tt.fake.Log()[did:], "pay") != tc.sent || strings.Contains(next.err.String(), "differs from the one that was sent") {
				t.Errorf("%q\n%s", tt.fake.Log(), next.err)
			}
			if keys := tt.keys(t, id, "pay"); len(slices.Compact(keys)) != 1 {
				t.Errorf("sent under %q", keys)
			}
		})
	}
}

// TestAChangeThatWasNotAppliedIsTold: what was sent counts as done, and what the file has by now was not applied with that.
func TestAChangeThatWasNotAppliedIsTold(t *testing.T) {
	for how, says := range map[string]string{"its system tells": "counts as done: seen", "somebody says so": "counts as done: on the word of"} {
		t.Run(how, func(t *testing.T) {
			tt, id := cutPay(t, parting, strings.Replace(parting, `id = "pay"`, `id = "pay more"`, 1))
			tt.fake.Do = nil
			args := []string{"resume", id, "--with-changes", "--auto-approve"}
			if how == "its system tells" {
				tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Done, "seen", nil }
			} else {
				args = append(args, "--in-doubt", "done")
			}
			did := tt.fake.Log()
			next := tt.again(t, false, "")
			next.does(t, ExitPassed, []string{says, `! pay`, `counts as done as it was sent; not applied: id = "pay more"`, "warning: what was sent counts as done",
				"runbook undo " + id + " pay", "passed with warnings"}, args...)
			if slices.Contains(tt.fake.Log()[len(did):], "pay more") {
				t.Errorf("it was sent: %q", tt.fake.Log())
			}
		})
	}
}

// TestWhatAFileHasByNowWasNotApplied is told of one that an argument reads too, and nothing of what reads the clock.
func TestWhatAFileHasByNowWasNotApplied(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error { return errors.New("the answer got lost") }
	which := tt.file(t, "which", "pay")
	path := tt.file(t, "x.hcl", strings.Replace(parting, `id = "pay"`, "id = file(\"which\")\n  words = [now()]", 1))
	tt.does(t, ExitLeftOver, nil, "apply", path, "--auto-approve", "--target", "pay")
	id := tt.lastRun(t)
	rewrite(t, which, "pay more")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{`not applied: id = "pay more"`, "To apply it, undo the step"}, "resume", id, "--in-doubt", "done")
	if told := regexp.MustCompile("not applied:.*words").FindString(next.out.String() + next.err.String()); told != "" {
		t.Error(told)
	}
}

// TestWhatIsSentIsKept with the write's start, sealed where it is sensitive.
func TestWhatIsSentIsKept(t *testing.T) {
	text := strings.Replace(parting, `id = "pay"`, `id = sensitive("pay 4711-s3cret")`, 1)
	tt, id := cutPay(t, text, text)
	asked := ""
	tt.fake.Inquire = func(id string) (provider.State, string, error) { asked = id; return provider.Done, "seen", nil }
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{`id = "(sensitive)"`, "counts as done: seen"}, "resume", id)
	if asked != "pay 4711-s3cret" {
		t.Errorf("asked about %q", asked)
	}
	if found := regexp.MustCompile("4711").FindString(next.out.String() + next.err.String()); found != "" {
		t.Errorf("%s\n%s", next.out, next.err)
	}
}

// TestARepeatableWriteBehindWhatRunsAgainSaysWhatRunsFirst: it does not say that the file has another write.
func TestARepeatableWriteBehindWhatRunsAgainSaysWhatRunsFirst(t *testing.T) {
	const text = `
runbook "x" { on_failure = "stop" }
provider "fake" { name = "production" }
step "fake_write" "make" {
  id = "make"
  undo "fake_write" { id = "unmake" }
}
step "fake_write" "pay" {
  id         = "pay"
  depends_on = [step.make]
}
`
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if id == "pay" {
			return enginetest.ErrUnclear
		}
		return nil
	}
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
	id := tt.lastRun(t)
	tt.fake.Do = nil
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Repeatable, "the author says so", nil }
	next := tt.again(t, false, "")
	next.does(t, ExitLeftOver, []string{"What it depends on runs again first: make. If it took place, it did so with what was there before"}, "resume", id, "--auto-approve")
	if said := next.err.String(); strings.Contains(said, "differs from the one that was sent") {
		t.Error(said)
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "resume", id, "--auto-approve", "--in-doubt", "redo")
	if keys := tt.keys(t, id, "pay"); len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("sent under %q", keys)
	}
}

// TestAToleratedWriteInDoubtWasNotCarriedOut as far as anybody knows: it is sent again, and not told as one that takes place twice.
func TestAToleratedWriteInDoubtWasNotCarriedOut(t *testing.T) {
	text := strings.Replace(parting, `id = "pay"`, "id = \"pay\"\n  continue_on_error = true", 1) + "step \"fake_read\" \"boom\" {\n  id = \"boom\"\n  assert {\n    condition = self.call > 1\n  }\n}\n"
	tt, id := cutPay(t, text, text)
	tt.fake.Inquire = func(string) (provider.State, string, error) { return provider.Repeatable, "the author says so", nil }
	next := tt.again(t, false, "")
	next.run("resume", id, "--auto-approve")
	if said := next.out.String() + next.err.String(); !strings.Contains(said, "the author says so") || strings.Contains(said, "pay was carried out") {
		t.Errorf("%s", said)
	}
}
