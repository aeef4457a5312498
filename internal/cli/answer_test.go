package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

const pausedRun = "01JD3V7C8M2YQ4T6W9Z1B3D5F7"

// began is when the runs of these tests began.
var began = time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)

// keep puts events into the history as a run would, a second apart.
func keep(t *testing.T, j journal.Journal, first int64, events []run.Event) {
	t.Helper()
	entries := make([]journal.Entry, len(events))
	for i := range events {
		e := events[i]
		e.V, e.Seq, e.Run, e.Time = run.Version, first+int64(i), pausedRun, began.Add(time.Duration(i)*time.Second)
		text, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		entries[i] = journal.Entry{Event: &e, JSON: text}
	}
	if err := j.Append(t.Context(), pausedRun, entries); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// history opens the history of a terminal's user.
func (tt *terminal) history(t *testing.T) journal.Journal {
	t.Helper()
	j, err := tt.OpenJournal(t.Context(), filepath.Join(tt.dir, ".local", "state", "runbook", "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func waits(step, what string, q *run.Question) run.Event {
	return run.Event{Type: run.StepWaiting, Step: step, For: what, Question: q}
}

// paused is a run that waits for people.
func paused() []run.Event {
	status := ExitInterrupted
	return []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "release", File: "release.hcl", User: "alice@laptop", Steps: 5}},
		waits("scale", run.ForApproval, &run.Question{
			Kind: run.AskApproval, Prompt: "Scale up?", Action: "kubernetes_scale", Effect: "write", Target: "https://k8s:6443 (context eu)",
			Changes: []run.Change{{Path: "spec.replicas", Before: "3", After: "5"}}, Digest: "d1",
		}),
		waits("drop", run.ForApproval, &run.Question{Kind: run.AskApproval, Prompt: "Drop?", Approvers: []string{"bob"}}),
		waits("tasks", run.ForAnswer, &run.Question{Kind: run.AskChecklist, Prompt: "Tasks", Items: []string{"call the bank", "a=b"}}),
		waits(`size["eu"]`, run.ForAnswer, &run.Question{Kind: run.AskInput, Prompt: "Size?", Type: "number", Choices: []string{"1", "2"}}),
		waits("said", run.ForAnswer, &run.Question{Kind: run.AskConfirm}),
		{Type: run.StepAnswered, Step: "said", Answer: &run.Answer{Value: json.RawMessage("true")}},
		{Type: run.RunPaused, ExitStatus: &status},
	}
}

func TestAnswer(t *testing.T) {
	answer := func(step, value, note string, notes map[string]string, digest string) *journal.Message {
		a := &run.Answer{Value: json.RawMessage(value), By: "alice@laptop", Note: note, Notes: notes, Via: run.ViaCommand, Digest: digest}
		return &journal.Message{Kind: journal.MessageAnswer, Step: step, Answer: a, By: "alice@laptop"}
	}
	tests := map[string]struct {
		args []string
		want *journal.Message
		says string
	}{
		"approve":             {[]string{"scale", "yes", "--note", "fine"}, answer("scale", "true", "fine", nil, "d1"), "runbook resume " + pausedRun},
		"deny":                {[]string{"scale", "no"}, answer("scale", "false", "", nil, "d1"), ""},
		"half a yes":          {[]string{"scale", "y"}, nil, `write "yes" to approve`},
		"no value":            {[]string{"scale"}, nil, "there is no terminal to ask on"},
		"not an approver":     {[]string{"drop", "yes"}, nil, "alice@laptop may not answer drop: only bob may"},
		"checklist":           {[]string{"tasks", "2", "--item-note", "a=b=by Kim", "--item-note", "1=later"}, answer("tasks", `["a=b"]`, "", map[string]string{"a=b": "by Kim", "call the bank": "later"}, ""), ""},
		"unknown item":        {[]string{"tasks", "all", "--item-note", "3=x"}, nil, "--item-note"},
		"note on no item":     {[]string{"scale", "yes", "--item-note", "1=x"}, nil, "for a checklist"},
		"an instance":         {[]string{`size["eu"]`, "2"}, answer(`size["eu"]`, "2", "", nil, ""), ""},
		"not a choice":        {[]string{`size["eu"]`, "3"}, nil, "not one of 1, 2"},
		"below zero":          {[]string{`size["eu"]`, "-3"}, nil, `-3 is taken for a flag; a value that begins with "-" comes last, behind "--": runbook answer RUN STEP -- -3`},
		"behind --":           {[]string{`size["eu"]`, "--", "-3"}, nil, "not one of 1, 2"},
		"a flag that is none": {[]string{`size["eu"]`, "-x"}, nil, "unknown shorthand flag: 'x' in -x"},
		"misspelt":            {[]string{"scal", "yes"}, nil, `did you mean "scale"?`},
		"answered already":    {[]string{"said", "yes"}, nil, "does not wait"},
		"nothing like that":   {[]string{"x", "yes", "z"}, nil, "too many"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			j := tt.history(t)
			keep(t, j, 1, paused())
			status := tt.run(append([]string{"answer", pausedRun[:8]}, tc.args...)...)
			if want := tc.want != nil; (status == ExitPassed) != want || !want && status != ExitRefused {
				t.Errorf("exit status %d", status)
			}
			if said := tt.out.String() + tt.err.String(); !strings.Contains(said, tc.says) {
				t.Errorf("%q is not in %s", tc.says, said)
			}
			messages, err := j.Messages(t.Context(), pausedRun, 0)
			if err != nil {
				t.Fatal(err)
			}
			var want []journal.Message
			if tc.want != nil {
				want = append(want, *tc.want)
			}
			if diff := cmp.Diff(want, messages, cmpopts.IgnoreFields(journal.Message{}, "ID", "At"), cmpopts.IgnoreFields(run.Answer{}, "ID")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnswerTwice(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	keep(t, tt.history(t), 1, paused())
	if status := tt.run("answer", pausedRun, "scale", "yes"); status != ExitPassed {
		t.Fatalf("exit status %d\n%s", status, tt.err)
	}
	if status := tt.run("answer", pausedRun, "scale", "no"); status != ExitRefused || !strings.Contains(tt.err.String(), "was answered by alice@laptop") {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
	tt.again(t, false, "").does(t, ExitRefused, []string{"These wait: drop, tasks, size"}, "answer", pausedRun, "tusk", "yes")
	// The list tells that it waits for nobody any more, but for its run.
	tt.again(t, false, "").does(t, ExitPassed, []string{
		"scale was answered by alice@laptop at ", ": yes; the run has not taken that in yet", "drop waits for an approval", "goes on with: runbook resume " + pausedRun,
	}, "answer", pausedRun)
	list := tt.again(t, false, "")
	list.does(t, ExitPassed, []string{`"answered": {`, `"by": "alice@laptop"`}, "answer", pausedRun, "--json")
	if strings.Contains(list.out.String(), "scale waits") || strings.Count(list.out.String(), `"answered"`) != 1 {
		t.Error(list.out)
	}
}

// TestAnswersAtOnce: another answer comes between the look at the question and the sending of this one.
func TestAnswersAtOnce(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, paused())
	now, sent := began.Add(time.Hour), false
	tt.Now = func() time.Time {
		if !sent {
			sent = true
			first := &run.Answer{Value: json.RawMessage("true"), By: "bob@ops", Digest: "d1"}
			if err := j.Send(t.Context(), pausedRun, journal.Message{Kind: journal.MessageAnswer, Step: "scale", Answer: first, At: now, By: "bob@ops"}); err != nil {
				t.Error(err)
			}
		}
		return now.Add(time.Millisecond)
	}
	if status := tt.run("answer", pausedRun, "scale", "no"); status != ExitRefused || !strings.Contains(tt.err.String(), "was answered by bob@ops") {
		t.Errorf("exit status %d\n%s%s", status, tt.out, tt.err)
	}
}

// TestAnswersOfOnePersonAtOnce: the same person in two shells, at the same moment by a clock that is not so exact.
func TestAnswersOfOnePersonAtOnce(t *testing.T) {
	for name, taken := range map[string]bool{"not taken in yet": false, "taken in meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			j := tt.history(t)
			keep(t, j, 1, paused()[:2])
			now, sent := began.Add(time.Hour), false
			first := &run.Answer{Value: json.RawMessage("true"), By: "alice@laptop", Digest: "d1", ID: "FIRST"}
			tt.Now = func() time.Time {
				switch {
				case sent:
				case taken:
					keep(t, j, 3, []run.Event{{Type: run.StepAnswered, Step: "scale", Answer: first}})
				default:
					m := journal.Message{Kind: journal.MessageAnswer, Step: "scale", Answer: first, At: now, By: "alice@laptop"}
					if err := j.Send(t.Context(), pausedRun, m); err != nil {
						t.Error(err)
					}
				}
				sent = true
				return now
			}
			status := tt.run("answer", pausedRun, "scale", "no")
			if said := tt.out.String() + tt.err.String(); status != ExitRefused || !strings.Contains(said, "alice@laptop") || strings.Contains(said, "is kept") {
				t.Errorf("exit status %d\n%s", status, said)
			}
		})
	}
}

func TestAnswerSaysWhoRunsIt(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, paused()[:2])
	lease, _, err := j.Acquire(t.Context(), "run/"+pausedRun, process.Self().Owner(pausedRun, "release", "bob@ops"), time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := lease.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if status := tt.run("answer", pausedRun, "scale", "yes", "--json"); status != ExitPassed {
		t.Fatalf("exit status %d\n%s", status, tt.err)
	}
	var got answered
	if err := json.Unmarshal([]byte(tt.out.String()), &got); err != nil || !got.Taken || got.Resume != "" || got.Step != "scale" {
		t.Errorf("%v: %s", err, tt.out)
	}
}

func TestAnswerLists(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	keep(t, tt.history(t), 1, paused())
	if status := tt.run("answer", pausedRun); status != ExitPassed {
		t.Fatalf("exit status %d\n%s", status, tt.err)
	}
	for _, text := range []string{"scale waits for an approval", "spec.replicas: 3 → 5", "only bob may answer", `runbook answer ` + pausedRun + ` 'size["eu"]' VALUE`} {
		if !strings.Contains(tt.out.String(), text) {
			t.Errorf("%q is not in\n%s", text, tt.out)
		}
	}
	tt.Out = tt.out
	if status := tt.run("answer", pausedRun, "--json"); status != ExitPassed || strings.Count(tt.out.String(), `"question"`) != 4 {
		t.Errorf("exit status %d\n%s", status, tt.out)
	}
	if got := tt.complete(t, "answer", pausedRun, ""); !strings.Contains(got, "scale\tScale up?") || strings.Contains(got, "said") {
		t.Errorf("completion gives %s", got)
	}
	if got := tt.complete(t, "answer", ""); !strings.Contains(got, pausedRun) {
		t.Errorf("completion gives %s", got)
	}
}

// complete gives what the shell would be offered.
func (tt *terminal) complete(t *testing.T, args ...string) string {
	t.Helper()
	before := len(tt.out.String())
	if status := tt.run(append([]string{"__complete"}, args...)...); status != ExitPassed {
		t.Errorf("exit status %d", status)
	}
	return tt.out.String()[before:]
}

// TestCompleteARunThatWaitsForLong: however many ran since, each command offers the runs that it can be about, with where they stand.
func TestCompleteARunThatWaitsForLong(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "asks.hcl", asksFirst), "--auto-approve")
	waiting := tt.lastRun(t)
	store, broken := brokenOffAt(t, tt, tt.file(t, "x.hcl", undoable), nil, run.StepFinished, "cordon")
	file := tt.file(t, "good.hcl", "runbook \"good\" {}\n")
	for range 60 {
		tt.does(t, ExitPassed, nil, "apply", file)
	}
	for _, command := range []string{"answer", "cancel", "resume"} {
		if got := tt.complete(t, command, ""); !strings.Contains(got, waiting+"\tasks paused\n") || strings.Contains(got, "good") {
			t.Errorf("%s: completion gives %s", command, got)
		}
		got := tt.complete(t, command, "--store", store, "")
		if offered := strings.Contains(got, broken+"\tundoable interrupted\n"); offered != (command != "answer") {
			t.Errorf("%s: of a run that broke off completion gives %s", command, got)
		}
	}
	if got := tt.complete(t, "show", waiting[:len(waiting)-1]); !strings.Contains(got, waiting) {
		t.Errorf("of what was typed completion gives %s", got)
	}
}

func TestInstancesThatAreAnsweredBeforehand(t *testing.T) {
	deep := &lang.Runbook{Steps: []*lang.Step{{Name: "deep", ForEach: &lang.Expr{}}}}
	inner := &lang.Runbook{Steps: []*lang.Step{{Name: "deep"}, {Name: "low", Child: deep}, {Name: "lower", ForEach: &lang.Expr{}, Child: deep}}}
	rb := &lang.Runbook{Steps: []*lang.Step{
		{Name: "plain"}, {Name: "each", ForEach: &lang.Expr{}}, {Name: "kid", ForEach: &lang.Expr{}, Child: inner},
	}}
	for address, says := range map[string]string{
		"plain": "", `each["a"]`: "", `kid["a/b"]/deep`: "",
		"each": `step each has a for_each; answer each of its instances, as each["KEY"]`, "kid/deep": `as kid["KEY"]/deep`,
		`plain["a"]`: `step plain has no for_each, so no instance plain["a"]; answer without one, as plain`, `kid["a"]/deep["b"]`: `as kid["a"]/deep`,
		`kid["a"]/low/deep`: `step deep has a for_each; answer each of its instances, as kid["a"]/low/deep["KEY"]`, `kid["a"]/low["x"]/deep["b"]`: `as kid["a"]/low/deep["b"]`,
		`kid/low/deep`:             `step kid has a for_each; answer each of its instances, as kid["KEY"]/low/deep["KEY"]`,
		`kid["a"]/lower["b"]/deep`: `as kid["a"]/lower["b"]/deep["KEY"]`, `kid["a"]/lower/deep["b"]`: `as kid["a"]/lower["KEY"]/deep["b"]`,
	} {
		found, instance, _ := findStep(rb, address)
		if found == nil || (instance == "") != (says == "") || !strings.HasSuffix(instance, says) {
			t.Errorf("%s: found %v, %q, want %q", address, found, instance, says)
		}
	}
}

func TestAnswersBeforehand(t *testing.T) {
	if _, err := parseNamed("--answer", []string{"x"}); err == nil {
		t.Error("an answer without a value was taken")
	}
	if _, err := parseNamed("--answer", []string{"x=1", "x=2"}); err == nil {
		t.Error("two answers to a step were taken")
	}
	got, err := parseNamed("--answer", []string{`x["a=b"]=c=d`, "y="})
	if diff := cmp.Diff(map[string]string{`x["a=b"]`: "c=d", "y": ""}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	inner := &lang.Runbook{Steps: []*lang.Step{{Name: "deep"}}}
	rb := &lang.Runbook{Steps: []*lang.Step{{Name: "plain"}, {Name: "approved", Approval: &lang.Approval{}}, {Name: "db", Child: inner}}}
	for address, says := range map[string]string{
		"nobody": "no such step", "plain": "asks nobody", "approved": "can't be given beforehand", `approved["x"]`: "can't be given beforehand",
		"db/deep": "asks nobody", `db["a/b"]/deep`: "asks nobody", "db/none": "no such step", "deep": "no such step",
	} {
		if err := takesAnswer(rb, address); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestAnswerToWhatIsAskedNoMore: a yes to arguments that changed meanwhile does not count, and whoever resumes is told.
func TestAnswerToWhatIsAskedNoMore(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	text := "runbook \"asks\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"scale\" {\n id = \"three\"\n approval {}\n}\n"
	path := tt.file(t, "x.hcl", text)
	tt.does(t, ExitInterrupted, []string{"paused"}, "apply", path, "--auto-approve")
	id := tt.lastRun(t)
	tt.again(t, false, "").does(t, ExitPassed, []string{"scale: yes is kept.\n  write: fake_write", `    id = "three"`}, "answer", id, "scale", "yes")
	if err := os.WriteFile(path, []byte(strings.Replace(text, "three", "thirty", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"an answer does not count", "paused"}, "resume", id, "--with-changes", "--auto-approve")
	if log := tt.fake.Log(); len(log) > 0 {
		t.Errorf("%q", log)
	}
}
