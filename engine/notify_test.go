package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// paging has two levels that notify, and one between that does not.
const paging = `
contact "ann" {
  name      = "Ann"
  pagerduty = "P1"
}
escalation "oncall" {
  level {
    contact = contact.ann
    after   = "10m"
    brief   = "A change waits."
    notify "fake_write" {
      id    = "page-${self.number}"
      value = self
      %[1]s
    }
  }
  level {
    contact = "Bob"
    after   = "20m"
  }
  level {
    contact = "Cleo"
    after   = "30m"
    notify "fake_write" {
      id    = "page-${self.number}"
      value = { run = run.id, who = self.contact.name }
    }
  }
}
provider "fake" {}
step "fake_write" "change" {
  id = "change"
  approval {
    prompt     = "Change it?"
    timeout    = "1h"
    escalation = escalation.oncall
  }
}
`

// confirming is paging with a question whose answer counts whatever time it is.
func confirming() string {
	before, _, _ := strings.Cut(fmt.Sprintf(paging, ""), `step "fake_write"`)
	return before + `
step "fake_ask" "change" {
  prompt     = "Change it?"
  timeout    = "1h"
  escalation = escalation.oncall
}
`
}

// pages are the calls of notifiers, in order.
func pages(fake *enginetest.Fake) string {
	return strings.Join(slices.DeleteFunc(fake.Log(), func(id string) bool { return !strings.HasPrefix(id, "page-") }), " ")
}

// notices writes the events of notifications of a session.
func notices(out enginetest.Outcome) []string {
	var all []string
	for _, e := range out.Events {
		switch e.Type {
		case run.NotifyStarted:
			all = append(all, fmt.Sprintf("%d started", e.Level.Number))
		case run.NotifyFinished:
			text := fmt.Sprintf("%d %s", e.Level.Number, e.Outcome)
			if e.InDoubt {
				text += " in doubt"
			}
			all = append(all, text)
		}
	}
	return all
}

// waitingFor runs a runbook until it pauses for its question, and gives its journal so much later.
func waitingFor(t *testing.T, fake *enginetest.Fake, text string, by time.Duration) (journal.Journal, string) {
	t.Helper()
	j := enginetest.Store(t)
	out := enginetest.Run(t, fake, text, enginetest.Options{Journal: j})
	if out.Result == nil || !out.Result.Paused || len(notices(out)) > 0 {
		t.Fatalf("%+v %v\n%s", out.Result, out.Diags, out.Stream)
	}
	return later(t, j, out.Result.RunID, by), out.Result.RunID
}

// TestNotifyOverRestarts: whatever process runs the run, a level is notified once, and of what fell due while none did only
// the last.
func TestNotifyOverRestarts(t *testing.T) {
	type session struct {
		after   time.Duration
		pages   string
		notices []string
	}
	for name, sessions := range map[string][]session{
		"one by one": {
			{15 * time.Minute, "page-1", []string{"1 started", "1 pass"}},
			{0, "", nil},
			{10 * time.Minute, "", nil},
			{10 * time.Minute, "page-3", []string{"3 started", "3 pass"}},
			{10 * time.Minute, "", nil},
		},
		"the last with a notifier": {{25 * time.Minute, "page-1", []string{"1 started", "1 pass"}}},
		"all missed":               {{45 * time.Minute, "page-3", []string{"3 started", "3 pass", "1 skipped"}}, {0, "", nil}},
		"the time is over":         {{70 * time.Minute, "", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			j, id := waitingFor(t, fake, fmt.Sprintf(paging, ""), 0)
			for i, s := range sessions {
				before := len(fake.Log())
				j = later(t, j, id, s.after)
				out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
				if out.Result == nil {
					t.Fatalf("%v\n%s", out.Diags, out.Stream)
				}
				if diff := cmp.Diff(s.notices, notices(out)); diff != "" {
					t.Errorf("session %d: %s%s", i, diff, out.Stream)
				}
				if got := strings.Join(fake.Log()[before:], " "); got != s.pages {
					t.Errorf("session %d: %q was sent, not %q", i, got, s.pages)
				}
			}
		})
	}
}

// TestNotifyTogether: contacts of levels that fall due at once are all told.
func TestNotifyTogether(t *testing.T) {
	fake := &enginetest.Fake{}
	text := strings.NewReplacer(`"10m"`, `"30m"`, `"20m"`, `"30m"`).Replace(fmt.Sprintf(paging, ""))
	j, id := waitingFor(t, fake, text, 31*time.Minute)
	enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	got := strings.Fields(pages(fake))
	if slices.Sort(got); !slices.Equal(got, []string{"page-1", "page-3"}) {
		t.Errorf("%q were told", got)
	}
}

// TestNotifySees: what a notifier knows of the level and of what waits.
func TestNotifySees(t *testing.T) {
	fake := &enginetest.Fake{}
	text := fmt.Sprintf(paging, "") + "\n"
	text = strings.Replace(text, `id    = "page-${self.number}"
      value = self`, `id = jsonencode({run = run.id, runbook = runbook.name, self = self})`, 1)
	j, id := waitingFor(t, fake, text, 12*time.Minute)
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if len(fake.Log()) != 1 {
		t.Fatalf("%q\n%s", fake.Log(), out.Stream)
	}
	var got struct {
		Run, Runbook string
		Self         map[string]any
	}
	if err := json.Unmarshal([]byte(fake.Log()[0]), &got); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"asked_at", "deadline"} {
		if _, err := time.Parse(time.RFC3339, fmt.Sprint(got.Self[at])); err != nil {
			t.Error(at, err)
		}
		delete(got.Self, at)
	}
	want := map[string]any{
		"escalation": "oncall", "number": 1.0, "brief": "A change waits.", "step": "change", "for": "approval", "prompt": "Change it?",
		"contact": map[string]any{
			"id": "ann", "name": "Ann", "pagerduty": "P1", "role": nil, "phone": nil, "email": nil, "slack": nil, "url": nil, "hours": nil,
		},
	}
	if diff := cmp.Diff(want, got.Self); diff != "" || got.Run != id || got.Runbook != "test" {
		t.Errorf("%s%+v", diff, got)
	}
}

// TestNotifyTellsNoSecret: the contact is told the question as it is shown.
func TestNotifyTellsNoSecret(t *testing.T) {
	fake := &enginetest.Fake{}
	out := enginetest.Run(t, fake, `
locals { token = secret("env:TOKEN") }
escalation "oncall" {
  level {
    contact = "Ann"
    notify "fake_write" { id = "page-${self.prompt}" }
  }
}
provider "fake" {}
step "fake_ask" "change" {
  prompt     = "Is ${local.token} the one?"
  escalation = escalation.oncall
}
`, enginetest.Options{Env: map[string]string{"TOKEN": "hunter2-long"}})
	if got := pages(fake); !strings.Contains(got, "(sensitive)") || strings.Contains(got, "hunter2") {
		t.Errorf("told %q\n%v\n%s", got, out.Diags, out.Stream)
	}
}

// TestNotifyCrash: a crash while a notification is under way leaves it in doubt: that is told, and it is sent again only
// where its author said so, as the same write.
func TestNotifyCrash(t *testing.T) {
	for name, c := range map[string]struct {
		retry   string
		notices []string
		pages   int
	}{
		"told":       {"", []string{"1 error in doubt"}, 1},
		"retry":      {"retry {}", []string{"1 error in doubt"}, 1},
		"sent again": {"retry { writes = true }", []string{"1 error in doubt", "1 started", "1 pass"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			fake := &enginetest.Fake{}
			j, id := waitingFor(t, fake, fmt.Sprintf(paging, c.retry), 12*time.Minute)
			out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
			n := 0
			for entry, err := range j.Events(t.Context(), id) {
				if err != nil {
					t.Fatal(err)
				}
				if n++; entry.Event.Type == run.NotifyStarted {
					break
				}
			}
			cut := enginetest.CutAfter(t, j, id, n)
			again := enginetest.Resume(t, fake, id, enginetest.Options{Journal: cut})
			if diff := cmp.Diff(c.notices, notices(again)); diff != "" || len(fake.Log()) != c.pages {
				t.Errorf("%s%q\n%s", diff, fake.Log(), again.Stream)
			}
			if keys := keysOf(out, again); len(slices.Compact(keys)) != 1 {
				t.Errorf("the keys are %q", keys)
			}
			third := enginetest.Resume(t, fake, id, enginetest.Options{Journal: cut})
			if len(notices(third)) > 0 || len(fake.Log()) != c.pages {
				t.Errorf("%q\n%s", fake.Log(), third.Stream)
			}
		})
	}
}

// TestNotifyAgainAtTheSameTime: what is sent again is what was sent, also where it holds the time.
func TestNotifyAgainAtTheSameTime(t *testing.T) {
	fake := &enginetest.Fake{}
	text := strings.Replace(fmt.Sprintf(paging, "retry { writes = true }"), `timeout    = "1h"`, `timeout    = "9h"`, 1)
	text = strings.Replace(text, `after   = "30m"`, `after   = "8h"`, 1)
	text = strings.Replace(text, `"page-${self.number}"`, `"page-${now()}"`, 1)
	j, id := waitingFor(t, fake, text, 72*time.Minute)
	enginetest.Resume(t, fake, id, enginetest.Options{Journal: j, Now: ahead(-1)})
	events := 0
	for entry, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Event.Type == run.NotifyFinished {
			break
		}
		events++
	}
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: enginetest.CutAfter(t, j, id, events), Now: ahead(0)})
	if log := fake.Log(); len(log) != 2 || log[0] != log[1] {
		t.Errorf("%q\n%s", log, out.Stream)
	}
}

func keysOf(outs ...enginetest.Outcome) []string {
	var keys []string
	for _, out := range outs {
		for _, e := range out.Events {
			if e.Type == run.NotifyStarted {
				keys = append(keys, e.Key)
			}
		}
	}
	return keys
}

// TestNotifyFailed: a contact that can't be told is a warning on the step that waited, and the next level comes in its time.
func TestNotifyFailed(t *testing.T) {
	fake := &enginetest.Fake{Do: func(_ context.Context, id string, _ int) error {
		if id == "page-1" {
			return errors.New("the pager is broken")
		}
		return nil
	}}
	j, id := waitingFor(t, fake, confirming(), 12*time.Minute)
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if diff := cmp.Diff([]string{"1 started", "1 error in doubt"}, notices(out)); diff != "" {
		t.Errorf("%s%s", diff, out.Stream)
	}
	j = later(t, j, id, 20*time.Minute)
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if pages(fake) != "page-1 page-3" {
		t.Errorf("%q\n%s", fake.Log(), out.Stream)
	}
	yes(t, j, id, "change")
	out = enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	end := out.Finished()["change"]
	if end.Outcome != run.Pass || len(end.Warnings) != 1 || !strings.Contains(end.Warnings[0], "level 1, Ann") || !strings.Contains(end.Warnings[0], "the pager is broken") {
		t.Errorf("%+v\n%s", end, out.Stream)
	}
}

// TestNotifyAnswered: nobody is called about a question whose answer lies in the history already.
func TestNotifyAnswered(t *testing.T) {
	fake := &enginetest.Fake{}
	j, id := waitingFor(t, fake, confirming(), 0)
	j = later(t, j, id, 12*time.Minute)
	yes(t, j, id, "change")
	out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: j})
	if len(notices(out)) > 0 || len(fake.Log()) > 0 || out.Result.Paused {
		t.Errorf("%q\n%s", fake.Log(), out.Stream)
	}
}

// TestNotifyReadOnly: a run that is read-only is not refused for a notifier, and tells that it sent nothing.
func TestNotifyReadOnly(t *testing.T) {
	fake, j := &enginetest.Fake{}, enginetest.Store(t)
	text := strings.Replace(fmt.Sprintf(paging, ""), `step "fake_write" "change"`, `step "fake_read" "change"`, 1)
	options := enginetest.Options{Journal: j, Plan: engine.PlanOptions{ReadOnly: true}}
	out := enginetest.Run(t, fake, text, options)
	out.Pauses(t)
	options.Journal = later(t, j, out.Result.RunID, 12*time.Minute)
	again := enginetest.Resume(t, fake, out.Result.RunID, options)
	if diff := cmp.Diff([]string{"1 skipped"}, notices(again)); diff != "" || len(fake.Log()) > 0 || !strings.Contains(again.Stream, "read-only") {
		t.Errorf("%s%q\n%s", diff, fake.Log(), again.Stream)
	}
}

// yes sends a yes to the question of a step, as it stands in the journal.
func yes(t *testing.T, j journal.Journal, id, step string) {
	t.Helper()
	out := enginetest.Outcome{}
	for entry, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		out.Events = append(out.Events, *entry.Event)
	}
	out.Result = &engine.Result{RunID: id}
	answer(t, j, out, step, "true")
}

// TestNotifyFromEveryEvent breaks a run off after any of its events. Whichever that is, nobody is told twice of a level, and
// what was begun has an end in the history.
func TestNotifyFromEveryEvent(t *testing.T) {
	whole := &enginetest.Fake{}
	j, id := waitingFor(t, whole, confirming(), 12*time.Minute)
	enginetest.Resume(t, whole, id, enginetest.Options{Journal: j})
	j = later(t, j, id, 20*time.Minute)
	enginetest.Resume(t, whole, id, enginetest.Options{Journal: j})
	yes(t, j, id, "change")
	enginetest.Resume(t, whole, id, enginetest.Options{Journal: j})
	if pages(whole) != "page-1 page-3" {
		t.Fatalf("%q were told", whole.Log())
	}
	last := 0
	for _, err := range j.Events(t.Context(), id) {
		if err != nil {
			t.Fatal(err)
		}
		last++
	}
	for n := 1; n < last; n++ {
		fake, cut := &enginetest.Fake{}, enginetest.CutAfter(t, j, id, n)
		out := enginetest.Resume(t, fake, id, enginetest.Options{Journal: cut})
		if out.Result == nil {
			t.Fatalf("after %d: %v", n, out.Diags)
		}
		begun, ended := map[int]int{}, map[int]int{}
		for entry, err := range cut.Events(t.Context(), id) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := entry.Event; e.Type {
			case run.NotifyStarted:
				begun[e.Level.Number]++
			case run.NotifyFinished:
				ended[e.Level.Number]++
			}
		}
		for level, times := range begun {
			if times > 1 || ended[level] != 1 {
				t.Errorf("after %d: level %d was begun %d times and ended %d times\n%s", n, level, times, ended[level], out.Stream)
			}
		}
	}
}
