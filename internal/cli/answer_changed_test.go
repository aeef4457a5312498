package cli

import (
	"io"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// whenRead does something before it gives what somebody types.
type whenRead struct {
	does func()
	text io.Reader
}

func (r *whenRead) Read(p []byte) (int, error) {
	if r.does != nil {
		r.does()
		r.does = nil
	}
	return r.text.Read(p)
}

// pausedOver is a paused run whose question is bound to a digest.
func pausedOver(digest string, again *run.AskedAgain) []run.Event {
	status := ExitInterrupted
	return []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "release", File: "release.hcl", User: "alice@laptop", Steps: 1}},
		waits("ok", run.ForAnswer, &run.Question{Kind: run.AskInput, Type: "string", Prompt: "Which?", Digest: digest, Again: again}),
		{Type: run.RunPaused, ExitStatus: &status},
	}
}

// TestAnswerToWhatWasAskedOtherwise: an answer that was typed while the question became another one is not kept, and who typed it is told.
func TestAnswerToWhatWasAskedOtherwise(t *testing.T) {
	anew := &run.AskedAgain{Why: run.AgainChanged, Changes: []run.Change{{Path: "json", Before: "1", After: "2"}}}
	for name, c := range map[string]struct {
		digest string
		status int
		says   string
	}{
		"another question": {"d2", ExitRefused, "nothing was answered: ok is asked anew, as what is asked has changed since: json. Look at it, and answer that: runbook answer " + pausedRun + " ok"},
		"the same":         {"d1", ExitPassed, "is kept"},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, true, nil, map[string]string{"TERM": "dumb", "NO_COLOR": "1"})
			j := tt.history(t)
			keep(t, j, 1, pausedOver("d1", nil))
			tt.In = &whenRead{does: func() { keep(t, j, 4, pausedOver(c.digest, anew)[1:]) }, text: strings.NewReader("blue\n\n")}
			tt.does(t, c.status, []string{c.says}, "answer", pausedRun, "ok")
			messages, err := j.Messages(t.Context(), pausedRun, 0)
			if kept := len(messages) > 0; err != nil || kept != (c.status == ExitPassed) {
				t.Errorf("kept %d messages, error %v", len(messages), err)
			}
		})
	}
}

// TestAFormOfWhatIsAskedOtherwise goes away from the terminal.
func TestAFormOfWhatIsAskedOtherwise(t *testing.T) {
	reader, writer := io.Pipe()
	defer writer.Close() //nolint:errcheck // of a pipe that nobody reads any more
	tt := newTerminal(t, true, reader, map[string]string{"TERM": "dumb", "NO_COLOR": "1"})
	j := tt.history(t)
	keep(t, j, 1, pausedOver("d1", nil))
	status := make(chan int, 1)
	go func() { status <- tt.run("answer", pausedRun, "ok") }()
	waitFor(t, tt, "Which?")
	keep(t, j, 4, pausedOver("d2", nil)[1:])
	if got := <-status; got != ExitRefused || !strings.Contains(tt.err.String(), "nothing was answered: ok is asked anew since it was shown") {
		t.Errorf("exit status %d\n%s%s", got, tt.out, tt.err)
	}
	if messages, err := j.Messages(t.Context(), pausedRun, 0); err != nil || len(messages) > 0 {
		t.Errorf("kept %v, error %v", messages, err)
	}
}
