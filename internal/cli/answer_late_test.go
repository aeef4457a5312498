package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// overdue is a paused run whose one question was over a minute after it began.
func overdue(onTimeout string) []run.Event {
	status, deadline := ExitInterrupted, began.Add(time.Minute)
	w := waits("ok", run.ForAnswer, &run.Question{
		Kind: run.AskConfirm, Prompt: "Delete it?", OnTimeout: onTimeout, Digest: "d1",
	})
	w.Deadline = &deadline
	if onTimeout == "default" {
		w.Question.TimeoutAnswer = []byte("true")
	}
	return []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "release", File: "release.hcl", User: "alice@laptop", Steps: 1}}, w,
		{Type: run.RunPaused, ExitStatus: &status},
	}
}

// TestAnswerTooLate: whoever answers when the time is over is told at once, with what follows.
func TestAnswerTooLate(t *testing.T) {
	for name, c := range map[string]struct {
		onTimeout string
		ticks     time.Duration // how long after the beginning it is sent, beside when it is looked at
		status    int
		says      []string
	}{
		"fails":            {"fail", time.Hour, ExitRefused, []string{"the time to answer ok was over at", "no answer counts any more", "once the run is resumed: it fails", "runbook resume " + pausedRun}},
		"counts as yes":    {"default", time.Hour, ExitRefused, []string{"no answer counts any more", "once the run is resumed: the answer is true"}},
		"others are asked": {"escalate", time.Hour, ExitPassed, []string{"no is kept"}},
		"in time":          {"fail", time.Second, ExitPassed, []string{"no is kept"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			j := tt.history(t)
			keep(t, j, 1, overdue(c.onTimeout))
			tt.Now = func() time.Time { return began.Add(c.ticks) }
			tt.does(t, c.status, c.says, "answer", pausedRun, "ok", "no")
			messages, err := j.Messages(t.Context(), pausedRun, 0)
			if kept := len(messages) > 0; err != nil || kept != (c.status == ExitPassed) {
				t.Errorf("kept %d messages, error %v", len(messages), err)
			}
		})
	}
}

// TestAnswerTooLateMeanwhile: the time is over between the look at the question and the answer.
func TestAnswerTooLateMeanwhile(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, overdue("fail"))
	now := began.Add(59 * time.Second)
	tt.Now = func() time.Time { now = now.Add(time.Second); return now }
	tt.does(t, ExitRefused, []string{"no answer counts any more"}, "answer", pausedRun, "ok", "no")
	if messages, err := j.Messages(t.Context(), pausedRun, 0); err != nil || len(messages) > 0 {
		t.Errorf("kept %v, error %v", messages, err)
	}
}

// TestAnswerInTimeIsToldLater: the answer that was kept in time is the one that counts, also once the time is over; one that was
// not is none.
func TestAnswerInTimeIsToldLater(t *testing.T) {
	for name, after := range map[string]time.Duration{"in time": time.Second, "too late": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			j := tt.history(t)
			keep(t, j, 1, overdue("fail"))
			m := journal.Message{
				Kind: journal.MessageAnswer, Step: "ok", At: began.Add(after), By: "bob@ops",
				Answer: &run.Answer{Value: []byte("false"), By: "bob@ops", Digest: "d1"},
			}
			if err := j.Send(t.Context(), pausedRun, m); err != nil {
				t.Fatal(err)
			}
			tt.Now = func() time.Time { return began.Add(time.Hour) }
			says := "ok was answered by bob@ops"
			if after > time.Minute {
				says = "the time to answer ok was over"
			}
			tt.does(t, ExitRefused, []string{says}, "answer", pausedRun, "ok", "yes")
			list := tt.again(t, false, "")
			list.Now = tt.Now
			list.does(t, ExitPassed, []string{"ok "}, "answer", pausedRun)
			if told := strings.Contains(list.out.String(), "bob@ops"); told != (after < time.Minute) || strings.Contains(list.out.String(), "yes|no") {
				t.Error(list.out)
			}
		})
	}
}

// TestAnswerBeforehandTooLate: an answer that resume is given for a question whose time is over is refused before anything runs.
func TestAnswerBeforehandTooLate(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", "runbook \"x\" {}\nprovider \"fake\" {}\nstep \"fake_ask\" \"ok\" {\n  prompt = \"Well?\"\n  timeout = \"1m\"\n}\n")
	tt.does(t, ExitInterrupted, []string{"runbook answer"}, "apply", file)
	id := tt.lastRun(t)
	late := tt.again(t, false, "")
	now := late.Now
	late.Now = func() time.Time { return now().Add(time.Hour) }
	late.does(t, ExitRefused, []string{"nothing was run: --answer ok: the time to answer was over at", "it fails"}, "resume", id, "--answer", "ok=yes")
	shows := tt.again(t, false, "")
	shows.does(t, ExitPassed, []string{"paused"}, "runs")
	if shows.does(t, ExitPassed, []string{"waits for a yes or no", "yes|no"}, "show", id); strings.Contains(shows.out.String(), "nobody answered") {
		t.Errorf("the question was taken back:\n%s", shows.out)
	}
}
