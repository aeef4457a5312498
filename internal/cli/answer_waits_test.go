package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestAnswerThatWaitsForTheResume is told by show and runs: only the resume is missing.
func TestAnswerThatWaitsForTheResume(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, overdue("fail"))
	tt.Now = func() time.Time { return began.Add(time.Hour) }
	tt.does(t, ExitPassed, []string{"ok waits for a yes or no", "after that, when the run goes on, it fails"}, "show", pausedRun)
	m := journal.Message{
		Kind: journal.MessageAnswer, Step: "ok", At: began.Add(time.Second), By: "bob@ops",
		Answer: &run.Answer{Value: []byte("false"), By: "bob@ops", Digest: "d1", Note: "not today"},
	}
	if err := j.Send(t.Context(), pausedRun, m); err != nil {
		t.Fatal(err)
	}
	shows := tt.again(t, false, "")
	shows.does(t, ExitPassed, []string{"ok: answered no by bob@ops at " + began.Add(time.Second).Format("2006-01-02 15:04:05"), "it counts when the run goes on", "resume with: runbook resume " + pausedRun}, "show", pausedRun)
	if text := shows.out.String(); strings.Contains(text[strings.LastIndex(text, "paused"):], "yes|no") {
		t.Errorf("it is asked for an answer:\n%s", text)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"answered, and to be resumed: ok"}, "runs")
	tt.again(t, false, "").does(t, ExitPassed, []string{`"answered": [`}, "runs", "--json")
	stream := tt.again(t, false, "")
	stream.does(t, ExitPassed, nil, "show", pausedRun, "--json")
	lines := strings.Split(strings.TrimSpace(stream.out.String()), "\n")
	var last answersWait
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "answers_wait" || len(last.Answers) != 1 ||
		last.Answers[0].Step != "ok" || last.Answers[0].By != "bob@ops" || string(last.Answers[0].Value) != "false" || last.Answers[0].Note != "not today" {
		t.Errorf("%v: %s", err, lines[len(lines)-1])
	}
}
