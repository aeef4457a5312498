package view

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

func at(seconds int) *time.Time {
	moment := began.Add(time.Duration(seconds) * time.Second)
	return &moment
}

func answer(value, by, via, note string) *run.Answer {
	return &run.Answer{Value: json.RawMessage(value), By: by, Via: via, Note: note}
}

// questions are one of each kind.
func questions() map[string]*run.Question {
	return map[string]*run.Question{
		"scale": {
			Kind: run.AskApproval, Prompt: "Scale the API up?\nIt costs money.", Approvers: []string{"alice", "bob"}, OnTimeout: "fail",
			Action: "kubernetes_scale", Effect: "write", Target: "https://k8s.example.com:6443 (context eu)",
			Arguments: []run.ArgumentValue{{Name: "namespace", Value: `"production"`}, {Name: "replicas", Value: "5"}},
			Changes:   []run.Change{{Path: "spec.replicas", Before: "3", After: "5"}, {Path: "metadata.annotations.by", After: "runbook"}},
			Levels:    []run.Level{{Number: 1, Contact: "Jo Doe, +49 30 1234", AfterMS: 300_000}, {Number: 2, Contact: "Ann Roe", Brief: "Tell her about the bill.", AfterMS: 600_000}},
		},
		"drop":  {Kind: run.AskApproval, Prompt: "Drop it?", Action: "postgres_execute", Effect: "destructive", OnTimeout: "escalate"},
		"calm":  {Kind: run.AskConfirm, Prompt: "Is the dashboard calm?"},
		"tasks": {Kind: run.AskChecklist, Prompt: "Before the release", Items: []string{"tell support", "freeze the branch", "call the bank"}, AllRequired: true},
		"size": {
			Kind: run.AskInput, Prompt: "How many?", Type: "number", Choices: []string{"1", "2"}, Pattern: "[0-9]", Default: json.RawMessage("2"),
			OnTimeout: "default", TimeoutAnswer: json.RawMessage("1"),
		},
	}
}

// sessions is a run of three sessions: one pauses for people, one is interrupted, one ends with things left over.
func sessions() []run.Event {
	q := questions()
	wait := func(step, what string, deadline *time.Time) run.Event {
		return run.Event{Type: run.StepWaiting, Step: step, For: what, Question: q[step], Deadline: deadline}
	}
	said := func(step string, a *run.Answer) run.Event {
		return run.Event{Type: run.StepAnswered, Step: step, Answer: a}
	}
	three, four := 3, 4
	list := answer(`["tell support","call the bank"]`, "alice@laptop", run.ViaTerminal, "")
	list.Notes = map[string]string{"call the bank": "nobody there,\nwill call back", "tell support": "Kim"}
	doubt := run.Event{Type: run.StepFinished, Step: "send", Outcome: run.Error, DurationMS: ms(30000), Error: "the answer never came", InDoubt: true}
	undo := run.Event{Type: run.UndoFinished, Step: "scale", Outcome: run.Error, DurationMS: ms(12), Error: "connection refused", ByHand: "kubectl scale deploy api --replicas 3"}
	child := finished(`db["a/b"]/primary`, run.Pass, 5, "up")
	return []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "release", File: "release.hcl", User: "alice@laptop", Steps: 9, MTTRTargetMS: 900_000}},
		{Type: run.StepStarted, Step: "db", Action: "runbook"},
		{Type: run.StepStarted, Step: "db/primary", Action: "postgres_query"},
		finished("db/primary", run.Pass, 5, "up"), child, finished("db/inner/deep", run.Warn, 5, "slow"),
		finished("db", run.Pass, 20, "2 passed, 1 warned"),
		{Type: run.StepWaiting, Step: "scale", For: run.ForPreview},
		wait("scale", run.ForApproval, at(1800)), wait(`drop`, run.ForApproval, at(90_000)), wait("calm", run.ForAnswer, nil),
		wait("tasks", run.ForAnswer, nil), wait("size", run.ForAnswer, at(60)),
		said("tasks", list), said("size", answer("1", "", run.ViaTimeout, "")),
		{Type: run.StepEscalated, Step: "drop", Level: &run.Level{Number: 2, Contact: "Ann Roe", Brief: "Tell her about the bill."}},
		notified(2, run.Pass, "202 Accepted", ""), notified(1, run.Skipped, "", "a later level was due too before anybody could be told"),
		notified(3, run.Fail, "", "Status 503 from POST https://pager.example.com/incidents, expected below 400."),
		notified(4, run.Error, "", "the process ended before it was known whether this was sent, and it is not sent again"),
		{Type: run.NotifyStarted, Step: "scale", Level: &run.Level{Number: 2, Contact: "Ann Roe"}}, // which is told when it has ended
		{Type: run.NotifyStarted, Step: "scale", Level: &run.Level{Number: 1, Contact: "Jo Doe, +49 30 1234"}, InsteadOf: []int{2, 3}},
		nobodyTold("scale", q["scale"].Levels, 0), nobodyTold("drop", q["scale"].Levels, 2),
		{Type: run.RunPaused, Counts: map[run.Outcome]int{run.Pass: 4}, ExitStatus: &three, Reason: "waits for a person: scale, drop, calm"},
		{Type: run.RunResumed, Session: &run.Session{User: "bob@ops"}, Changes: []string{"release.hcl:12: replicas = 4 is 5 now"}},
		said("scale", answer("true", "bob@ops", run.ViaCommand, "the bill is fine")), said("drop", answer("false", "alice@laptop", run.ViaTerminal, "")),
		said("calm", answer("true", "alice@laptop", run.ViaFlag, "")),
		doubt,
		{Type: run.RunStopping, Reason: "interrupted"},
		{Type: run.RunFinished, Outcome: run.Cancelled, Counts: map[run.Outcome]int{run.Pass: 5, run.Error: 1}, DurationMS: ms(60_000), ExitStatus: &three, Left: []run.Left{{Step: "send", What: run.LeftInDoubt}}},
		{Type: run.RunResumed, Session: &run.Session{User: "bob@ops"}, Reset: []string{"send", "a", "b", "c", "d", "e", "f", "g", "h", "i"}},
		{Type: run.StepResolved, Step: "send", Resolution: &run.Resolution{Decision: run.DecisionRedo, How: "inquired", Why: "the service has no request 01J."}},
		{Type: run.StepResolved, Step: "other", Resolution: &run.Resolution{Decision: run.DecisionDone, How: "flag", Who: "bob@ops"}},
		doubt,
		{Type: run.UndoStarted, Step: "scale"}, undo,
		{Type: run.UndoStarted, Step: "db/primary"}, {Type: run.UndoFinished, Step: "db/primary", Outcome: run.Pass, DurationMS: ms(3), Summary: "taken back"},
		{Type: run.RunFinished, Outcome: run.Error, Counts: map[run.Outcome]int{run.Pass: 6, run.Error: 1}, DurationMS: ms(90_000), ExitStatus: &four},
	}
}

func TestPeople(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"plain":  func(*Config) {},
		"wide":   func(c *Config) { c.Width = 120 },
		"narrow": func(c *Config) { c.Width = 40 },
		"ascii":  func(c *Config) { c.Glyphs, c.Width, c.Times = term.ASCII(), 80, true },
		"colour": func(c *Config) { c.Palette, c.Width = term.NewPalette(true), 80 },
	} {
		t.Run(name, func(t *testing.T) {
			c := config()
			change(&c)
			golden(t, "people_"+name+".txt", render(t, c, entries(t, sessions())))
		})
	}
}

// notified is the end of telling the contact of a level; an error leaves it in doubt.
func notified(level int, outcome run.Outcome, summary, problem string) run.Event {
	return run.Event{
		Type: run.NotifyFinished, Step: "drop", Level: &run.Level{Number: level, Contact: "Ann Roe"}, Action: "http_request",
		Outcome: outcome, Summary: summary, Error: problem, InDoubt: outcome == run.Error,
	}
}

// nobodyTold is the end of the last notification about a step of which nobody could be told.
func nobodyTold(step string, levels []run.Level, doubt int) run.Event {
	e := notified(1, run.Fail, "", "Status 503 from POST https://pager.example.com/incidents, expected below 400.")
	e.Step, e.Level = step, &levels[0]
	for _, l := range levels {
		e.NobodyTold = append(e.NobodyTold, run.Untold{Level: l, InDoubt: l.Number == doubt})
	}
	return e
}

// TestPeopleReplayShowsTheSame: a run of several sessions shows after the fact what it showed while it went on.
func TestPeopleReplayShowsTheSame(t *testing.T) {
	live := entries(t, sessions())
	replayed := make([]journal.Entry, len(live))
	for i, e := range live {
		replayed[i].Event = new(run.Event)
		if err := json.Unmarshal(e.JSON, replayed[i].Event); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := render(t, config(), live), render(t, config(), replayed); a != b {
		t.Errorf("live:\n%s\nreplayed:\n%s", a, b)
	}
}

// TestResumedLooksAsItIsShown: a session that goes on with what earlier ones left open shows what the whole run shows after
// the fact, but for its own header.
func TestResumedLooksAsItIsShown(t *testing.T) {
	all := entries(t, sessions())
	for i, e := range all {
		if e.Event.Type != run.RunResumed {
			continue
		}
		e.Event.Header = &run.Header{Runbook: "release", File: "release.hcl", MTTRTargetMS: 900_000}
		var whole, live strings.Builder
		show, resumed := NewText(&whole, config()), NewText(&live, config())
		for _, e := range all[:i] {
			show.Event(e)
			resumed.Recall(e)
		}
		whole.Reset()
		for _, e := range all[i:] {
			show.Event(e)
			resumed.Event(e)
		}
		got, header := live.String(), strings.Join(Header(e.Event.Header, config()), "\n")
		if want := header + whole.String(); got != want {
			t.Errorf("event %d: live:\n%s\nshown:\n%s", i, got, want)
		}
	}
}

// TestRightAbove: a form need not repeat a question while that stands above it.
func TestRightAbove(t *testing.T) {
	v := NewText(io.Discard, config())
	all := entries(t, []run.Event{
		{Type: run.StepWaiting, Step: "calm", For: run.ForAnswer, Question: questions()["calm"]},
		{Type: run.StepEscalated, Step: "calm", Level: &run.Level{Number: 1, Contact: "Ann Roe"}},
		{Type: run.StepWaiting, Step: "scale", For: run.ForApproval, Question: questions()["scale"]},
	})
	for i, want := range []bool{true, true, false} {
		v.Event(all[i])
		if got := v.RightAbove("calm"); got != want {
			t.Errorf("after %d events: %v", i+1, got)
		}
	}
	if !v.RightAbove("scale") || v.RightAbove("tasks") {
		t.Error("the last question stands above, and no other")
	}
}

func TestNothingThatPeopleSayTakesEffectOnTheTerminal(t *testing.T) {
	evil := "\x1b[2J\u202e\a\r"
	q := &run.Question{
		Kind: run.AskApproval, Prompt: evil, Items: []string{evil}, Approvers: []string{evil}, Action: evil, Effect: evil, Target: evil,
		Arguments: []run.ArgumentValue{{Name: evil, Value: evil}}, Changes: []run.Change{{Path: evil, Before: evil, After: evil}},
		Levels: []run.Level{{Number: 1, Contact: evil, Notify: evil}}, Choices: []string{evil}, Pattern: evil, OnTimeout: "default", TimeoutAnswer: json.RawMessage(`"\u001b"`),
	}
	input := *q
	input.Kind = run.AskInput
	a := answer(`["x"]`, evil, evil, evil)
	a.Notes = map[string]string{evil: evil}
	status := 4
	got := render(t, config(), entries(t, []run.Event{
		{Type: run.StepWaiting, Step: evil, Question: q, For: evil, Deadline: at(5)},
		{Type: run.StepWaiting, Step: "input", Question: &input, For: run.ForAnswer, Deadline: at(9)},
		{Type: run.StepEscalated, Step: evil, Level: &run.Level{Contact: evil, Brief: evil}},
		{Type: run.NotifyStarted, Step: evil, Level: &run.Level{Contact: evil}, InsteadOf: []int{1}},
		{Type: run.NotifyFinished, Step: evil, Level: &run.Level{Contact: evil}, Outcome: run.Fail, NobodyTold: []run.Untold{{Level: run.Level{Contact: evil}}}},
		{Type: run.NotifyFinished, Step: evil, Level: &run.Level{Contact: evil}, Outcome: run.Pass, Summary: evil, Warnings: []string{evil}},
		{Type: run.NotifyFinished, Step: evil, Level: &run.Level{Contact: evil}, Outcome: run.Fail, Error: evil, Detail: evil},
		{Type: run.RunPaused, Reason: evil},
		{Type: run.RunResumed, Session: &run.Session{User: evil}, Reset: []string{evil}, Changes: []string{evil}},
		{Type: run.StepAnswered, Step: evil, Answer: a},
		{Type: run.StepResolved, Step: evil, Resolution: &run.Resolution{Who: evil, Why: evil, How: evil}},
		{Type: run.UndoFinished, Step: evil, ByHand: evil, Outcome: run.Fail},
		{Type: run.RunFinished, ExitStatus: &status},
	}))
	if strings.ContainsAny(got, "\x1b\a\r\u202e") {
		t.Errorf("control characters in %q", got)
	}
}

func TestLiveShowsWhoIsWaitedFor(t *testing.T) {
	var out bytes.Buffer
	l := newTestLive(&out, began.Add(10*time.Second))
	for _, e := range entries(t, []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "x", Steps: 4}},
		{Type: run.StepWaiting, Step: "scale", For: run.ForApproval, Question: questions()["scale"], Deadline: at(1800)},
		{Type: run.StepWaiting, Step: "look", For: run.ForPreview},
		{Type: run.StepWaiting, Step: "calm", For: run.ForAnswer, Question: questions()["calm"]},
		{Type: run.StepWaiting, Step: "gone", For: run.ForAnswer, Question: questions()["calm"]},
		{Type: run.StepAnswered, Step: "gone", Answer: answer("true", "x", "", "")},
		{Type: run.UndoStarted, Step: "done"},
	}) {
		l.note(e.Event)
	}
	l.config.Zone = time.UTC
	golden(t, "frame_people.txt", strings.Join(l.frame(24), "\n")+"\n")
	resume := l.Pause()
	l.mu.Lock()
	l.redraw()
	drawn := l.drawn
	l.mu.Unlock()
	resume()
	if drawn != 0 {
		t.Errorf("%d lines were drawn while a form had the terminal", drawn)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAnswerIsShownWithWhenItWasGiven: a run that goes on the next morning took it in later.
func TestAnswerIsShownWithWhenItWasGiven(t *testing.T) {
	a := answer("false", "alice@ops", run.ViaCommand, "")
	a.At = at(-3600)
	got := render(t, config(), entries(t, []run.Event{
		{Type: run.StepWaiting, Step: "ok", Question: &run.Question{Kind: run.AskConfirm, Prompt: "Well?"}, For: run.ForAnswer},
		{Type: run.StepAnswered, Step: "ok", Answer: a},
	}))
	if want := "answered no by alice@ops at " + a.At.UTC().Format(MomentFormat); !strings.Contains(got, want) {
		t.Errorf("%q is missing in:\n%s", want, got)
	}
}

// TestEndNamesTheUndo: a run that failed or was interrupted names how to undo what it did, before how it goes on, where that can be.
func TestEndNamesTheUndo(t *testing.T) {
	const undo = "undo what can be undone with: runbook undo RUN\n"
	for name, tt := range map[string]struct {
		outcome          run.Outcome
		status, undoable int
		want             string
	}{
		"failed":            {run.Fail, 1, 1, undo},
		"failed, nothing":   {run.Fail, 1, 0, ""},
		"passed":            {run.Pass, 0, 1, ""},
		"warned":            {run.Warn, 1, 1, ""},
		"interrupted":       {run.Cancelled, 3, 2, undo + "resume with: runbook resume RUN\n"},
		"stopped, no undo":  {run.Cancelled, 3, 0, "resume with: runbook resume RUN\n"},
		"something to mend": {run.Fail, 4, 0, "what is in doubt is settled with: runbook resume RUN\n"},
		"mended or undone": {run.Fail, 4, 1, "what is in doubt is settled with: runbook resume RUN, which goes on with the run, or, to take back what was done: " +
			"runbook undo RUN\n"},
	} {
		all := entries(t, []run.Event{
			{Type: run.RunStarted, Header: &run.Header{Runbook: "x", Steps: 1}},
			{Type: run.RunFinished, Outcome: tt.outcome, ExitStatus: &tt.status, Undoable: tt.undoable},
		})
		got := strings.ReplaceAll(render(t, config(), all), all[1].Event.Run, "RUN")
		if _, end, _ := strings.Cut(got, "run RUN\n"); end != tt.want {
			t.Errorf("%s: it ends with %q, expected %q", name, end, tt.want)
		}
	}
}
