package cli

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/process"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// TestLockOfAHolderThatIsGone: whoever takes the lock of a run whose process is gone is told whose it was, what of that is in doubt or
// may live on elsewhere, and what to do next. Where that can't be found out the lock stays.
func TestLockOfAHolderThatIsGone(t *testing.T) {
	failed := 1
	started := []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "release", File: "release.hcl", User: "bob@ops", Steps: 1}},
		{Type: run.StepStarted, Step: "change", Action: "fake_write", Effect: "write", Key: "k/change"},
	}
	ended := append(started[:2:2], run.Event{Type: run.StepFinished, Step: "change", Outcome: run.Fail}, run.Event{Type: run.RunFinished, Outcome: run.Fail, ExitStatus: &failed})
	elsewhere := provider.Lingering{Unseen: "sh was started on db7, and this is laptop: look there whether it runs."}
	here := provider.Lingering{Runs: "sh (pid 4711); wait for it"}
	died := process.Self().Owner(pausedRun, "release", "bob@ops")
	died.ProcessStart--
	away := journal.Owner{Run: pausedRun, Runbook: "release", User: "bob@ops", Host: "db7", Boot: "another", PID: 7}
	const resume, show = "; go on with it: runbook resume " + pausedRun, "; look at it: runbook show " + pausedRun
	for name, test := range map[string]struct {
		holder  journal.Owner
		ttl     time.Duration
		events  []run.Event
		left    provider.Lingering
		err     error
		refused bool
		want    []string
	}{
		"it died in a write":        {holder: died, ttl: time.Minute, events: started, want: []string{", which is gone); in doubt: change" + resume + show}},
		"it died at its end":        {holder: died, ttl: time.Minute, events: ended, want: []string{", which is gone)" + show}},
		"it had not begun":          {holder: died, ttl: time.Minute, want: []string{", which is gone); it had not begun"}},
		"on a machine that is away": {holder: away, ttl: -time.Millisecond, events: started, left: elsewhere, want: []string{"process 7 on db7, which has not renewed it in time); in doubt: change; commands of it may live on: step change: sh was started on db7, and this is laptop: look there whether it runs" + resume + show}},
		"its command lives":         {holder: died, ttl: time.Minute, events: started, left: here, refused: true, want: []string{"step change: sh (pid 4711); wait for it", "runbook unlock deploy"}},
		"that can't be told":        {holder: died, ttl: time.Minute, events: started, err: errors.New("no /proc"), refused: true, want: []string{"can't be told: step change: no /proc. Nothing was run", "runbook unlock deploy"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			tt.fake.Lingers = func(sent provider.Sent) (provider.Lingering, error) {
				if sent.Key != "k/change" || sent.At.IsZero() {
					t.Errorf("asked about %+v", sent)
				}
				return test.left, test.err
			}
			j := tt.history(t)
			if test.events != nil {
				keep(t, j, 1, test.events)
			}
			if _, _, err := j.Acquire(t.Context(), "deploy", test.holder, test.ttl, nil); err != nil {
				t.Fatal(err)
			}
			status := tt.run("apply", tt.file(t, "x.hcl", asksFirst), "--auto-approve", "--answer", "calm=yes", "--json")
			said := strings.Join(strings.Fields(strings.ReplaceAll(tt.err.String(), "│", " ")), " ")
			for _, want := range test.want {
				if !strings.Contains(said, want) {
					t.Errorf("it does not say %q:\n%s", want, said)
				}
			}
			if took := strings.Contains(said, "took the lock deploy over from run "+pausedRun+" of release (bob@ops, process "); took == test.refused ||
				test.refused != (status == ExitRefused) || test.refused != (len(tt.fake.Log()) == 0) {
				t.Errorf("exit status %d, %v was run\n%s", status, tt.fake.Log(), said)
			}
		})
	}
}
