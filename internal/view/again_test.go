package view

import (
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAskedAgain: whoever is asked once more reads which argument is another now, and of a sensitive one that it is.
func TestAskedAgain(t *testing.T) {
	const blank = "(sensitive)"
	for name, c := range map[string]struct {
		again run.AskedAgain
		says  []string
	}{
		"another":    {run.AskedAgain{Why: run.AgainOther, By: "bob", Changes: []run.Change{{Path: "replicas", Before: "3", After: "5"}, {Path: "note", Before: `"x"`}}}, []string{"the yes of bob was for something else", "replicas was 3, and is 5 now", `note was "x", and is (none) now`}},
		"a secret":   {run.AskedAgain{Why: run.AgainOther, By: "bob", Changes: []run.Change{{Path: "token", Before: blank, After: blank}}}, []string{"token is another now, and sensitive"}},
		"both":       {run.AskedAgain{Why: run.AgainOther, By: "bob", Changes: []run.Change{{Path: "n", Before: "3", After: "5"}, {Path: "token", Before: blank, After: blank}}}, []string{"n was 3, and is 5 now", "what is sensitive may be another now too: token"}},
		"secrets":    {run.AskedAgain{Why: run.AgainOther, Changes: []run.Change{{Path: "a", Before: blank, After: blank}, {Path: "b", Before: blank, After: blank}}}, []string{"of a, b, which are sensitive, one at least"}},
		"changed":    {run.AskedAgain{Why: run.AgainChanged, Changes: []run.Change{{Path: "prompt", Before: "drop OLD?", After: "drop NEW?"}}}, []string{"what it is made of has changed since it was asked", "prompt was drop OLD?, and is drop NEW? now"}},
		"the rest":   {run.AskedAgain{Why: run.AgainRest}, []string{"a part of this took place before, and the rest did not"}},
		"no key":     {run.AskedAgain{Why: run.AgainNoKey, Changes: []run.Change{{Path: "prompt", Before: "pw (sensitive)", After: "(sensitive)"}}}, []string{"can't be read back without the key"}},
		"unproven":   {run.AskedAgain{Why: run.AgainUnproven, By: "bob"}, []string{"can't be found out"}},
		"done again": {run.AskedAgain{Why: run.AgainBefore, By: "bob"}, []string{"what comes before this", "when the answer of bob was given"}},
		"unreadable": {run.AskedAgain{Why: run.AgainUnread, By: "bob"}, []string{"the answer of bob is sensitive, and can't be read back"}},
	} {
		var all strings.Builder
		for _, line := range Question(&run.Question{Kind: run.AskApproval, Again: &c.again}, config()) {
			all.WriteString(line.Text + "\n")
		}
		for _, text := range c.says {
			if !strings.Contains(all.String(), text) {
				t.Errorf("%s: %q is missing in:\n%s", name, text, all.String())
			}
		}
	}
}

// TestNothingWouldChange is said where a dry run found that.
func TestNothingWouldChange(t *testing.T) {
	q := &run.Question{Kind: run.AskApproval, Action: "kubernetes_scale", NoChange: true, Writes: []run.ListedWrite{{Key: "a", NoChange: true}}}
	said := 0
	for _, line := range Question(q, config()) {
		if strings.Contains(line.Text, "nothing would change") {
			said++
		}
	}
	if said != 2 {
		t.Errorf("said %d times", said)
	}
}

// TestAnAnswerThatDoesNotCount is a line of its own, and the question stays open.
func TestAnAnswerThatDoesNotCount(t *testing.T) {
	a := answer("true", "bob@ops", run.ViaCommand, "go")
	a.At = at(-60)
	got := render(t, config(), entries(t, []run.Event{
		{Type: run.StepWaiting, Step: "scale", Question: questions()["scale"], For: run.ForApproval},
		{Type: run.AnswerRefused, Step: "scale", Answer: a, Error: "it was given when the time was over"},
		{Type: run.RunPaused},
	}))
	for _, want := range []string{"an answer does not count, as it was given when the time was over", "approved by bob@ops at " + a.At.Format(MomentFormat), "note: go", "scale waits for an approval"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
}

// TestNobodyIsToldOfAPausedRun: what falls due while no process runs a run is told when it goes on.
func TestNobodyIsToldOfAPausedRun(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	end := now.Add(time.Hour)
	q := &run.Question{Kind: run.AskConfirm, OnTimeout: "fail", Levels: []run.Level{{Number: 1, Contact: "Ann"}, {Number: 2, Contact: "Bob", AfterMS: 60_000}}}
	for resting, promises := range map[bool]bool{true: false, false: true} {
		w := Wait{For: run.ForAnswer, Question: q, Since: now, Deadline: &end, Told: 1, Resting: resting}
		text := Waiting(w, now, config()) + "\n" + strings.Join(Levels(w, now, config()), "\n")
		if strings.Contains(text, "in 1m") != promises || strings.Contains(text, "no process runs it now") == promises ||
			strings.Contains(text, "when the run goes on") == promises || strings.Contains(text, "Ann") {
			t.Errorf("resting %v:\n%s", resting, text)
		}
	}
}

// TestNoCommandForWhatIsOver: a question whose time is over shows no command that would be refused; one that is handed on to others does.
func TestNoCommandForWhatIsOver(t *testing.T) {
	for _, c := range []struct {
		onTimeout      string
		ends, commands int
	}{{"fail", 600, 2}, {"fail", -600, 0}, {"escalate", -600, 2}} {
		got := render(t, config(), entries(t, []run.Event{
			{Type: run.StepWaiting, Step: "ok", For: run.ForAnswer, Deadline: at(c.ends), Question: &run.Question{Kind: run.AskConfirm, Prompt: "Well?", OnTimeout: c.onTimeout}},
			{Type: run.RunPaused},
		}))
		if strings.Count(got, "ok yes|no") != c.commands {
			t.Errorf("%+v:\n%s", c, got)
		}
	}
}

// TestAnAnswerToAnEarlierListIsNotCountedAgainstThis: whoever answered was never asked about the items that the list has by now.
func TestAnAnswerToAnEarlierListIsNotCountedAgainstThis(t *testing.T) {
	for digest, want := range map[string]string{"now": "2 of 3 done, said", "before": "2 done, said"} {
		var out strings.Builder
		v := NewText(&out, config())
		at := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
		for _, e := range []*run.Event{
			{Type: run.StepWaiting, Step: "pre", For: run.ForAnswer, Question: &run.Question{Kind: run.AskChecklist, Items: []string{"a", "b", "c"}, Digest: "now"}},
			{Type: run.AnswerRefused, Step: "pre", Answer: &run.Answer{Value: []byte(`["a","b"]`), By: "bob", Digest: digest}, Error: "it is late"},
		} {
			e.Time = at
			v.Event(journal.Entry{Event: e})
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: %q is not in:\n%s", digest, want, out.String())
		}
	}
}
