package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
	"github.com/e82355ed/runbook/engine/run"
)

// holding takes the lock of a run as the process that runs it does.
func holding(t *testing.T, j journal.Journal) journal.Lease {
	t.Helper()
	lease, _, err := j.Acquire(t.Context(), "run/"+pausedRun, process.Self().Owner(pausedRun, "release", "bob@ops"), time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func ended(status int) []run.Event {
	took := 5.0
	return []run.Event{
		{Type: run.StepFinished, Step: "scale", Outcome: run.Fail, Summary: "denied", DurationMS: &took},
		{Type: run.RunFinished, Outcome: run.Fail, Counts: map[run.Outcome]int{run.Fail: 1}, ExitStatus: &status, DurationMS: &took},
	}
}

func TestWatch(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, paused()[:2])
	lease := holding(t, j)
	status := make(chan int, 1)
	go func() { status <- tt.run("watch", pausedRun) }()
	waitFor(t, tt, "waits for an approval")
	keep(t, j, 3, ended(ExitFailed))
	if got := <-status; got != ExitFailed || !strings.Contains(tt.out.String(), " ✗ scale") || !strings.Contains(tt.out.String(), "failed: 1 failed") {
		t.Errorf("exit status %d\n%s%s", got, tt.out, tt.err)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWatchOfWhatGoesOnNoMore(t *testing.T) {
	for name, tc := range map[string]struct {
		events []run.Event
		signal bool
		want   int
		says   string
	}{
		"paused":     {paused(), false, ExitInterrupted, "resume with: runbook resume " + pausedRun},
		"broken off": {paused()[:3], false, ExitInterrupted, "No process runs the run any more"},
		"an undo that broke off": {
			append(paused(), run.Event{Type: run.RunResumed, Undo: []string{"said"}}), false, ExitInterrupted, "the undos that are left run with: runbook undo " + pausedRun,
		},
		"Ctrl-C": {paused()[:3], true, ExitInterrupted, "only the watching has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			keep(t, tt.history(t), 1, tc.events)
			if tc.signal {
				tt.signals <- os.Interrupt
			}
			if status := tt.run("watch", pausedRun); status != tc.want || !strings.Contains(tt.out.String()+tt.err.String(), tc.says) {
				t.Errorf("exit status %d\n%s%s", status, tt.out, tt.err)
			}
		})
	}
	tt := newTerminal(t, false, nil, nil)
	if status := tt.run("watch", "01NOBODY"); status != ExitRefused {
		t.Errorf("exit status %d", status)
	}
}

// told waits until a run has so many messages.
func told(t *testing.T, j journal.Journal, n int) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		messages, err := j.Messages(t.Context(), pausedRun, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) >= n {
			return
		}
		select {
		case <-late:
			t.Fatalf("%d messages came", len(messages))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestCancelOfUndos: who stops a session that undoes steps hears what that leaves: a run that is still paused, or undos to be done. Of what
// was taken back, nothing is done again unasked.
func TestCancelOfUndos(t *testing.T) {
	interrupted := ExitInterrupted
	passed := append(paused()[:1:1], run.Event{Type: run.RunFinished, Outcome: run.Pass, ExitStatus: new(ExitPassed)})
	for name, c := range map[string]struct {
		before []run.Event
		last   run.Event
		says   string
	}{
		"paused": {paused(), run.Event{Type: run.RunPaused, ExitStatus: &interrupted},
			"were stopped, and the run is still paused. End it with: runbook cancel " + pausedRun},
		"paused, with more to undo": {paused(), run.Event{Type: run.RunPaused, ExitStatus: &interrupted, Undoable: 1},
			"were stopped, and the run is still paused. Those that are left run with: runbook undo " + pausedRun + "; end it with: runbook cancel " + pausedRun},
		"ended": {passed, run.Event{Type: run.RunFinished, Outcome: run.Pass, ExitStatus: &interrupted, Undoable: 1},
			"were stopped. Those that are left run with: runbook undo " + pausedRun},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			j := tt.history(t)
			before := append(c.before, run.Event{Type: run.RunResumed, Undo: []string{"said"}})
			keep(t, j, 1, before)
			lease := holding(t, j)
			status := make(chan int, 1)
			go func() { status <- tt.run("cancel", pausedRun) }()
			told(t, j, 1)
			keep(t, j, int64(len(before)+1), []run.Event{{Type: run.RunStopping, Reason: "cancelled by alice@laptop"}})
			waitFor(t, tt, "is stopping.")
			keep(t, j, int64(len(before)+2), []run.Event{c.last})
			says := "The undos of run " + pausedRun + " " + c.says
			if got := <-status; got != ExitPassed || !strings.Contains(tt.err.String(), says) || strings.Contains(tt.err.String(), "has stopped") {
				t.Errorf("exit status %d\n%s", got, tt.err)
			}
			if err := lease.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	j := tt.history(t)
	keep(t, j, 1, paused()[:2])
	lease := holding(t, j)
	defer func() {
		if err := lease.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if status := tt.run("cancel", pausedRun, "--wait", "1s"); status != ExitFailed || !strings.Contains(tt.err.String(), "has not reacted") {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
	status := make(chan int, 1)
	go func() { status <- tt.run("cancel", pausedRun) }()
	told(t, j, 2)
	keep(t, j, 3, []run.Event{{Type: run.RunStopping, Reason: "cancelled by alice@laptop"}})
	waitFor(t, tt, "is stopping.")
	keep(t, j, 4, ended(ExitInterrupted))
	if got := <-status; got != ExitPassed || !strings.Contains(tt.err.String(), "has stopped") {
		t.Errorf("exit status %d\n%s", got, tt.err)
	}
	messages, err := j.Messages(t.Context(), pausedRun, 0)
	if err != nil || len(messages) != 2 || messages[0].Kind != journal.MessageCancel || messages[0].By != "alice@laptop" {
		t.Errorf("%v, %v", messages, err)
	}
	if status := tt.run("cancel", pausedRun); status != ExitRefused || !strings.Contains(tt.err.String(), "has ended") {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
}
