package engine_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/run"
)

// nowWrite is a write behind a question, which is carried out with what the environment says.
const nowWrite = `
step "fake_write" "go" {
  id         = "go"
  value      = env("T")
  depends_on = [step.ok]
}
`

// asksAsItIs are questions that are made of a variable of the environment, or of a file, with what is told to have changed in them.
var asksAsItIs = map[string]struct {
	parent, child, asks string
	changed             string
}{
	"a confirmation": {`step "fake_ask" "ok" { prompt = "Drop ${env("T")}?" }` + nowWrite, "", "ok", "prompt"},
	"of a file":      {`step "fake_ask" "ok" { prompt = "Drop ${file("t.txt")}?" }` + nowWrite, "", "ok", "prompt"},
	"through a local": {`locals { t = env("T") }
step "fake_ask" "ok" { prompt = "Drop ${local.t}?" }` + nowWrite, "", "ok", "prompt"},
	"an instance": {`step "fake_ask" "ok" {
  for_each = { a = 1 }
  prompt   = "Drop ${env("T")}?"
}` + nowWrite, "", `ok["a"]`, "prompt"},
	"in a runbook": {`step "runbook" "in" {
  source    = "child.hcl"
  variables = { t = env("T") }
}`, `variable "t" { type = string }
step "fake_ask" "ok" { prompt = "Drop ${var.t}?" }` + nowWrite, "in/ok", "prompt"},
	"the time that is given": {`step "fake_ask" "ok" {
  prompt     = "Drop it?"
  timeout    = "1h"
  on_timeout = env("T") == "OLD" ? "fail" : "default"
}` + nowWrite, "", "ok", "on_timeout"},
	"the prompt of an approval": {`step "fake_write" "go" {
  id = "go"
  approval { prompt = "Drop ${env("T")}?" }
}`, "", "go", "prompt"},
	"who may approve": {`step "fake_write" "go" {
  id = "go"
  approval { approvers = ["bob", env("T")] }
}`, "", "go", "approvers"},
	"what is approved": {`step "fake_write" "go" {
  id    = "go"
  value = env("T")
  approval {}
}`, "", "go", "value"},
	"writes that the run found": {`step "fake_read" "found" { id = "found" }
step "fake_write" "go" {
  for_each = toset(["x${step.found.call}"])
  id       = "go"
  value    = env("T")
}`, "", "go", "x1.value"},
	"other writes that the run found": {`step "fake_read" "found" { id = "found" }
step "fake_write" "go" {
  for_each = toset(["${env("T")}${step.found.call}"])
  id       = "go"
}`, "", "go", "NEW1, OLD1"},
}

// waitsFor runs it with a word in the environment and in a file until it waits. now changes the word.
func waitsFor(t *testing.T, fake *enginetest.Fake, parent, child string) (out enginetest.Outcome, now func(word string) enginetest.Options) {
	t.Helper()
	path := family(t, planHead+parent, planHead+child)
	opts := enginetest.Options{Journal: enginetest.Store(t)}
	now = func(word string) enginetest.Options {
		enginetest.Rewrite(t, filepath.Join(filepath.Dir(path), "t.txt"), word)
		opts.Env = map[string]string{"T": word}
		return opts
	}
	out = enginetest.RunFile(t, fake, path, now("OLD"))
	out.Pauses(t)
	return out, now
}

// TestAskedAsThingsAreNow: a question that waited over a pause, and that comes out otherwise by now, is asked anew, as the steps behind it
// are evaluated anew too. What was answered to the old one does not count, and that is told.
func TestAskedAsThingsAreNow(t *testing.T) {
	t.Parallel()
	for name, c := range asksAsItIs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{}
			out, now := waitsFor(t, fake, c.parent, c.child)
			id := out.Result.RunID
			answer(t, now("OLD").Journal, out, c.asks, "true")

			again := enginetest.Resume(t, fake, id, now("NEW"))
			again.Pauses(t)
			told := refusals(again)
			if fake.Calls("go") != 0 || len(told) != 1 || told[0].Answer.By != "bob@ops" {
				t.Fatalf("told %+v, log %v\n%s", told, fake.Log(), again.Stream)
			}
			if want := "what is asked has changed since: " + c.changed; told[0].Error != want {
				t.Errorf("refused as %q, expected %q", told[0].Error, want)
			}
			q := asked(t, again, c.asks)
			if q.Again == nil || q.Again.Why != run.AgainChanged || len(q.Again.Changes) != 1+strings.Count(c.changed, ",") {
				t.Fatalf("asked again as %+v", q.Again)
			}
			if change := fmt.Sprint(q.Again.Changes); c.changed != "on_timeout" && (!strings.Contains(change, "OLD") || !strings.Contains(change, "NEW")) {
				t.Errorf("changed is %s", change)
			}

			same := enginetest.Resume(t, fake, id, now("NEW"))
			same.Pauses(t)
			if slices.ContainsFunc(same.Events, func(e run.Event) bool { return e.Type == run.StepWaiting && e.Question != nil }) {
				t.Errorf("what is the same is asked anew:\n%s", same.Stream)
			}
			answer(t, now("NEW").Journal, again, c.asks, "true")
			last := enginetest.Resume(t, fake, id, now("NEW"))
			last.Ends(t, 0)
			if fake.Calls("go") != 1 || len(refusals(last)) != 0 {
				t.Errorf("log %v\n%s", fake.Log(), last.Stream)
			}
		})
	}
}

// TestAskedAsItWas: where nothing that a question is made of has changed, the answer to it counts in the next session.
func TestAskedAsItWas(t *testing.T) {
	t.Parallel()
	for name, c := range asksAsItIs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{}
			out, now := waitsFor(t, fake, c.parent, c.child)
			answer(t, now("OLD").Journal, out, c.asks, "true")
			last := enginetest.Resume(t, fake, out.Result.RunID, now("OLD"))
			last.Ends(t, 0)
			if fake.Calls("go") != 1 || len(refusals(last)) != 0 {
				t.Errorf("log %v\n%s", fake.Log(), last.Stream)
			}
		})
	}
}

// TestAskedOfThisTime: that now() says something else in each session does not make another question.
func TestAskedOfThisTime(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a confirmation": `step "fake_ask" "ok" { prompt = "Is it calm at ${now()}?" }`,
		"an approval": `step "fake_write" "ok" {
  id = "go"
  approval { prompt = "Is it calm at ${now()}?" }
}`,
		"writes that the run found": `step "fake_read" "found" { id = "found" }
step "fake_write" "ok" {
  for_each = toset(["x${step.found.call}"])
  id       = "go"
  value    = now()
}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake, j := &enginetest.Fake{}, enginetest.Store(t)
			out := enginetest.Run(t, fake, planHead+text, enginetest.Options{Journal: j, Now: ahead(1)})
			out.Pauses(t)
			enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: ahead(2)}).Pauses(t)
			answer(t, j, out, "ok", "true")
			last := enginetest.Resume(t, fake, out.Result.RunID, enginetest.Options{Journal: j, Now: ahead(3)})
			last.Ends(t, 0)
		})
	}
}

// TestAskedAnewAsChangedHasItsTimeAnew: nobody's silence counts for another question, and neither do the levels that were told.
func TestAskedAnewAsChangedHasItsTimeAnew(t *testing.T) {
	t.Parallel()
	text := strings.Replace(timedAsk, "Go on?", `Drop ${env(\"T\")}?`, 1)
	text = strings.Replace(strings.ReplaceAll(text, `\"`, `"`), "%s", "", 1)
	r := &timed{fake: &enginetest.Fake{}, opts: enginetest.Options{Journal: enginetest.Store(t), Env: map[string]string{"T": "OLD"}, AutoApprove: true}, start: time.Now().UTC()}
	out := enginetest.RunFile(t, r.fake, family(t, planHead+text, planHead), r.at(t, 0))
	out.Pauses(t)
	r.id = out.Result.RunID
	r.asks(t, 20*time.Minute, "ok", time.Hour, "Ann")
	r.opts.Env = map[string]string{"T": "NEW"}
	r.asks(t, 3*time.Hour, "ok", 4*time.Hour)
	r.asks(t, 3*time.Hour+15*time.Minute, "ok", 4*time.Hour, "Ann")
	enginetest.Resume(t, r.fake, r.id, r.at(t, 4*time.Hour)).Ends(t, 0)
	if n := r.fake.Calls("go"); n != 1 {
		t.Errorf("done %d times", n)
	}
}

// TestAnsweredBeforehandToAnotherQuestion: an answer on the command line does not count for a question that nobody has seen yet.
func TestAnsweredBeforehandToAnotherQuestion(t *testing.T) {
	t.Parallel()
	fake := &enginetest.Fake{}
	out, now := waitsFor(t, fake, `step "fake_ask" "ok" { prompt = "Drop ${env("T")}?" }`+nowWrite, "")
	opts := now("NEW")
	opts.Answers, opts.AutoApprove = map[string]string{"ok": "yes"}, true
	again := enginetest.Resume(t, fake, out.Result.RunID, opts)
	again.Pauses(t)
	if told := refusals(again); len(told) != 1 || told[0].Error != "what is asked has changed since: prompt" || told[0].Answer.Via != run.ViaFlag {
		t.Errorf("told %+v\n%s", told, again.Stream)
	}
	enginetest.Resume(t, fake, out.Result.RunID, opts).Ends(t, 0)
}

// TestAskedOfWhatCanNotBeWorkedOut: where what is asked now can't be known, nothing is run, nobody is asked, and what was answered waits.
func TestAskedOfWhatCanNotBeWorkedOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a confirmation", "in a runbook", "what is approved", "other writes that the run found"} {
		c := asksAsItIs[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := &enginetest.Fake{}
			out, now := waitsFor(t, fake, strings.ReplaceAll(c.parent, `env("T")`, `upper(env("T"))`), c.child)
			opts := now("OLD")
			answer(t, opts.Journal, out, c.asks, "true")
			opts.Env = nil
			before := len(eventsOf(t, opts.Journal, out.Result.RunID))
			refused := enginetest.Resume(t, fake, out.Result.RunID, opts)
			if refused.Result != nil || !strings.Contains(refused.Diags.Error(), c.asks+" waits for a person, and what it asks can't be worked out") {
				t.Fatalf("%+v %v\n%s", refused.Result, refused.Diags, refused.Stream)
			}
			if n := len(eventsOf(t, opts.Journal, out.Result.RunID)); n != before {
				t.Errorf("%d events were told", n-before)
			}
			last := enginetest.Resume(t, fake, out.Result.RunID, now("OLD"))
			last.Ends(t, 0)
			if fake.Calls("go") != 1 {
				t.Errorf("log %v\n%s", fake.Log(), last.Stream)
			}
		})
	}
}
