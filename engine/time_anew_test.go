package engine_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

const (
	timedContacts = `
contact "first" { name = "Ann" }
contact "second" { name = "Bob" }
escalation "oncall" {
  level {
    contact = contact.first
    after   = "10m"
  }
  level {
    contact = contact.second
    after   = "30m"
  }
}
`
	timedAsk = timedContacts + `
step "fake_ask" "ok" {
  prompt     = "Go on?"
  timeout    = "1h"
  on_timeout = "default"
  escalation = escalation.oncall
  %s
}
step "fake_write" "go" {
  id         = "go"
  depends_on = [step.ok]
}
`
)

// timed is a run whose clock the test sets. Each session ends before the next begins.
type timed struct {
	fake  *enginetest.Fake
	opts  enginetest.Options
	start time.Time
	id    string
}

func (r *timed) at(t *testing.T, after time.Duration) enginetest.Options {
	t.Helper()
	opts := r.opts
	opts.Now = func() time.Time { return r.start.Add(after) }
	return opts
}

func timedRun(t *testing.T, path string) (*timed, enginetest.Outcome) {
	t.Helper()
	r := &timed{fake: &enginetest.Fake{}, opts: enginetest.Options{Journal: enginetest.Store(t), AutoApprove: true, WithChanges: true}, start: time.Now().UTC()}
	out := enginetest.RunFile(t, r.fake, path, r.at(t, 0))
	out.Pauses(t)
	r.id = out.Result.RunID
	return r, out
}

// asks goes on with the run, and wants a step to wait until a moment, with these levels told in this session.
func (r *timed) asks(t *testing.T, after time.Duration, step string, until time.Duration, told ...string) {
	t.Helper()
	out := enginetest.Resume(t, r.fake, r.id, r.at(t, after))
	out.Pauses(t)
	limit := time.Duration(0)
	for e, err := range r.opts.Journal.Events(t.Context(), r.id) {
		if err != nil {
			t.Fatal(err)
		}
		if e := e.Event; e.Type == run.StepWaiting && e.Step == step && e.Question != nil && e.Deadline != nil {
			limit = e.Deadline.Sub(r.start)
		}
	}
	if limit != until {
		t.Errorf("at %s, %s waits until %s, expected %s\n%s", after, step, limit, until, out.Stream)
	}
	if diff := cmp.Diff(told, levels(out)); diff != "" {
		t.Errorf("at %s, levels: %s\n%s", after, diff, out.Stream)
	}
	if n := r.fake.Calls("go"); n != 0 {
		t.Fatalf("at %s, what waits for the answer was done %d times\n%s", after, n, out.Stream)
	}
}

// TestAskedAnewHasItsTimeAnew: a question that is asked anew has its whole time from then, and its levels. What nobody answered before says
// nothing about it.
func TestAskedAnewHasItsTimeAnew(t *testing.T) {
	t.Parallel()
	ask := fmt.Sprintf(timedAsk, "depends_on = [step.before]")
	apart := fmt.Sprintf(timedAsk, "")
	for name, c := range map[string]struct {
		parent, child, asks string
		since               func(t *testing.T, r *timed, path string)
	}{
		"another question":       {anewBefore + apart, "", "ok", rewritten("Go on?", "Delete the backups too?")},
		"another answer counts":  {anewBefore + strings.Replace(apart, `"default"`, `"fail"`, 1), "", "ok", rewritten(`on_timeout = "fail"`, `on_timeout = "default"`)},
		"what is before changed": {anewBefore + ask, "", "ok", rewritten(`id = "before"`, `id = "before now"`)},
		"undone before":          {anewBefore + ask, "", "ok", undoneBefore},
		"cancelled":              {anewBefore + ask, "", "ok", cancelledSince},
		"cancelled and changed": {anewBefore + ask, "", "ok", func(t *testing.T, r *timed, path string) {
			cancelledSince(t, r, path)
			rewritten(`  prompt     = "Go on?"`, "  description = \"Is it calm?\"\n  prompt     = \"Go on?\"")(t, r, path)
		}},
		"within, undone before":     {anewBefore + anewWithin, apart, "in/ok", undoneBefore},
		"within, cancelled":         {anewBefore + anewWithin, apart, "in/ok", cancelledSince},
		"within, before it changed": {anewBefore + anewWithin, apart, "in/ok", rewritten(`id = "before"`, `id = "before now"`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := family(t, planHead+c.parent, planHead+c.child)
			r, _ := timedRun(t, path)
			r.asks(t, 20*time.Minute, c.asks, time.Hour, "Ann")
			c.since(t, r, path)
			r.asks(t, 3*time.Hour, c.asks, 4*time.Hour)
			r.asks(t, 3*time.Hour+15*time.Minute, c.asks, 4*time.Hour, "Ann")
			r.asks(t, 3*time.Hour+45*time.Minute, c.asks, 4*time.Hour, "Bob")
			enginetest.Resume(t, r.fake, r.id, r.at(t, 4*time.Hour)).Ends(t, 0)
			if n := r.fake.Calls("go"); n != 1 {
				t.Errorf("done %d times", n)
			}
		})
	}
}

func rewritten(from, to string) func(t *testing.T, r *timed, path string) {
	return func(t *testing.T, _ *timed, path string) {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if !strings.Contains(text, from) {
			t.Fatalf("no %s in the file", from)
		}
		enginetest.Rewrite(t, path, strings.Replace(text, from, to, 1))
	}
}

func undoneBefore(t *testing.T, r *timed, _ string) {
	t.Helper()
	enginetest.Undo(t, r.fake, r.id, r.at(t, 25*time.Minute), "before").Pauses(t)
}

func cancelledSince(t *testing.T, r *timed, _ string) {
	t.Helper()
	enginetest.Cancel(t, r.fake, r.id, r.at(t, 25*time.Minute))
}

// TestTimeStandsWhileWhatIsBeforeRunsAgain: a question behind another that is asked again has its time once it is asked, however long that
// takes.
func TestTimeStandsWhileWhatIsBeforeRunsAgain(t *testing.T) {
	t.Parallel()
	between := strings.Replace(fmt.Sprintf(timedAsk, "depends_on = [step.b]"), "step \"fake_write\"", `
step "fake_ask" "first" {
  prompt     = "Before that?"
  depends_on = [step.before]
}
step "fake_write" "b" {
  id         = "b"
  depends_on = [step.first]
}
step "fake_write"`, 1)
	r, out := timedRun(t, family(t, planHead+anewBefore+between, planHead))
	yes := func(after time.Duration, out enginetest.Outcome, asks string) enginetest.Outcome {
		t.Helper()
		answer(t, r.opts.Journal, out, asks, "true")
		out = enginetest.Resume(t, r.fake, r.id, r.at(t, after))
		out.Pauses(t)
		return out
	}
	yes(time.Minute, out, "first")
	undoneBefore(t, r, "")
	out = enginetest.Resume(t, r.fake, r.id, r.at(t, 2*time.Hour))
	out.Pauses(t)
	again := enginetest.Resume(t, r.fake, r.id, r.at(t, 3*time.Hour))
	again.Pauses(t)
	for _, o := range []enginetest.Outcome{out, again} {
		if n := len(levels(o)); n != 0 || r.fake.Calls("go") != 0 {
			t.Fatalf("%d levels, log %v\n%s", n, r.fake.Log(), o.Stream)
		}
	}
	yes(4*time.Hour, out, "first")
	r.asks(t, 4*time.Hour+15*time.Minute, "ok", 5*time.Hour, "Ann")
}

// TestOtherArgumentsHaveTheirTime: what is to be approved once more, as it would do something else, has its time from when that is asked.
func TestOtherArgumentsHaveTheirTime(t *testing.T) {
	t.Parallel()
	r, out := timedRun(t, family(t, planHead+`
step "fake_write" "go" {
  id = env("SIZE")
  approval { timeout = "1h" }
}
`, planHead))
	answer(t, r.opts.Journal, out, "go", "true")
	r.opts.Env = map[string]string{"SIZE": "thirty"}
	r.asks(t, 3*time.Hour, "go", 4*time.Hour)
}

// TestSameQuestionKeepsItsTime: a question that is only given another time counts from when it was asked, with the levels that were told and
// what was answered.
func TestSameQuestionKeepsItsTime(t *testing.T) {
	t.Parallel()
	text := planHead + anewBefore + fmt.Sprintf(timedAsk, "")
	begin := func(t *testing.T) (*timed, string, enginetest.Outcome) {
		t.Helper()
		path := family(t, text, planHead)
		r, out := timedRun(t, path)
		r.asks(t, 20*time.Minute, "ok", time.Hour, "Ann")
		return r, path, out
	}
	t.Run("longer", func(t *testing.T) {
		t.Parallel()
		r, path, _ := begin(t)
		rewritten(`"1h"`, `"2h"`)(t, r, path)
		r.asks(t, 25*time.Minute, "ok", 2*time.Hour)
		r.asks(t, 90*time.Minute, "ok", 2*time.Hour, "Bob")
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		r, path, _ := begin(t)
		rewritten("  timeout    = \"1h\"\n", "")(t, r, path)
		rewritten(`on_timeout = "default"`, "")(t, r, path)
		out := enginetest.Resume(t, r.fake, r.id, r.at(t, 3*time.Hour))
		out.Pauses(t)
		if r.fake.Calls("go") != 0 {
			t.Errorf("log %v\n%s", r.fake.Log(), out.Stream)
		}
	})
	for _, shorter := range []string{"15m", "300ms"} {
		t.Run(shorter, func(t *testing.T) {
			t.Parallel()
			r, path, _ := begin(t)
			rewritten(`"1h"`, strconv.Quote(shorter))(t, r, path)
			out := enginetest.Resume(t, r.fake, r.id, r.at(t, 25*time.Minute))
			out.Ends(t, 0)
			if got := out.Finished()["ok"]; !strings.Contains(string(got.Result), "nobody answered within "+shorter) {
				t.Errorf("%s\n%s", got.Result, out.Stream)
			}
		})
	}
	t.Run("answered", func(t *testing.T) {
		t.Parallel()
		r, path, out := begin(t)
		answer(t, r.opts.Journal, out, "ok", "true")
		rewritten(`"1h"`, `"2h"`)(t, r, path)
		out = enginetest.Resume(t, r.fake, r.id, r.at(t, 90*time.Minute))
		out.Ends(t, 0)
		if got := out.Finished()["ok"]; !strings.Contains(string(got.Result), "bob@ops") || r.fake.Calls("go") != 1 || len(refusals(out)) != 0 {
			t.Errorf("%s, log %v\n%s", got.Result, r.fake.Log(), out.Stream)
		}
	})
	t.Run("within", func(t *testing.T) {
		t.Parallel()
		path := family(t, planHead+anewBefore+anewWithin, planHead+fmt.Sprintf(timedAsk, ""))
		r, _ := timedRun(t, path)
		rewritten(`"1h"`, `"2h"`)(t, r, strings.Replace(path, "parent.hcl", "child.hcl", 1))
		r.asks(t, 3*time.Hour, "in/ok", 5*time.Hour)
	})
}
