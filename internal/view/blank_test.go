package view

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/redact"
	"github.com/e82355ed/runbook/internal/term"
)

// TestOwnWordsStayWhole: with secrets that are words of the program, a step's name or a year, a run is shown as ever, but for what came
// from outside, which is blanked.
func TestOwnWordsStayWhole(t *testing.T) {
	secrets := []string{"step", "true", "2026", "runbook", "passed", "restart", "waits", "running", "answer", "alice"}
	var r redact.Redactor
	for _, s := range secrets {
		r.Add(s)
	}
	at := time.Date(2026, 3, 4, 8, 0, 0, 0, time.UTC)
	took, status := 1200.0, 0
	question := &run.Question{Kind: run.AskConfirm, Prompt: "Is it true?"}
	events := []*run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "runbook", File: "runbook.hcl", User: "alice", Steps: 1, Targets: []run.Target{{Provider: "http", Target: "https://step.example"}}}},
		{Type: run.StepStarted, Step: "restart", Action: "http_request", Effect: "write"},
		{Type: run.StepFinished, Step: "restart", Outcome: run.Pass, DurationMS: &took, Summary: "status is running"},
		{Type: run.StepWaiting, Step: `step["2026"]`, For: run.ForAnswer, Question: question},
		{Type: run.RunFinished, Outcome: run.Pass, Counts: map[run.Outcome]int{run.Pass: 1}, ExitStatus: &status},
	}
	var out bytes.Buffer
	config := Config{Glyphs: term.ASCII(), Zone: time.UTC, Times: true, Redact: r.String}
	v := NewText(&out, config)
	for i, e := range events {
		e.Run, e.Time, e.Seq = "01JD3V7C", at, int64(i+1)
		v.Event(journal.Entry{Event: e})
	}
	for _, want := range []string{
		"times of 2026-03-04 UTC", "runbook.hcl", "run by       (sensitive)", "https://(sensitive).example", "restart            status is (sensitive)",
		`step["2026"]       waits for a yes or no`, "Is it (sensitive)?", `runbook answer 01JD3V7C 'step["2026"]' yes|no`, "passed: 1 passed",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
	live := NewLive(NewJSON(&bytes.Buffer{}, r.Bytes), Screen{Out: &bytes.Buffer{}, Size: func() (int, int) { return 100, 30 }, Now: func() time.Time { return at }}, config)
	live.note(live.config.blanked(events[3]))
	live.note(live.config.blanked(&run.Event{Type: run.StepRetrying, Step: "restart", Time: at, Error: "it is true that it waits"}))
	frame := strings.Join(live.frame(30), "\n")
	if err := live.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`step["2026"]`, "waits for a yes or no", "restart", "it is (sensitive) that it (sensitive)"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is not in:\n%s", want, frame)
		}
	}
}
