package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// TestNobodyTold: of a run that waits for a person, and of which nobody could be told, every view says so, and names whom to call;
// none does once somebody was told, or has answered.
func TestNobodyTold(t *testing.T) {
	levels := []run.Level{{Number: 1, Contact: "Ann, +49 30 1234", Notify: "http_request"}, {Number: 2, Contact: "Bob", Notify: "http_request"}}
	failed := func(n int) run.Event {
		return run.Event{Type: run.NotifyFinished, Step: "calm", Level: &levels[n-1], Outcome: run.Fail, Error: "Status 503"}
	}
	none := failed(1)
	none.NobodyTold = []run.Untold{{Level: levels[0]}, {Level: levels[1]}}
	perhaps := failed(1)
	perhaps.InDoubt, perhaps.NobodyTold = true, []run.Untold{{Level: levels[0], InDoubt: true}, {Level: levels[1]}}
	told := failed(2)
	told.Outcome = run.Pass
	asked := waits("calm", run.ForAnswer, &run.Question{Kind: run.AskConfirm, Prompt: "Calm?", Levels: levels})
	again := asked
	again.NobodyTold = none.NobodyTold
	said := run.Event{Type: run.StepAnswered, Step: "calm", Answer: &run.Answer{Value: []byte("true")}}
	end := run.Event{Type: run.StepFinished, Step: "calm", Outcome: run.Cancelled}
	const nobody, unsure = "nobody was told; call by hand: level 1, Ann, +49 30 1234; level 2, Bob", "nobody is known to have been told; call by hand: level 1, Ann, +49 30 1234 (perhaps told); level 2, Bob"
	const waitsNobody, waitsUnsure = "waits, and nobody was told: calm", "waits, and nobody is known to have been told: calm"
	for name, tc := range map[string]struct {
		events     []run.Event
		says, runs string
	}{
		"nobody":         {[]run.Event{failed(2), none}, nobody, waitsNobody},
		"perhaps one":    {[]run.Event{failed(2), perhaps}, unsure, waitsUnsure},
		"in the end one": {[]run.Event{none, told}, "", ""},
		"asked again":    {[]run.Event{none, end, again}, nobody, waitsNobody},
		"answered":       {[]run.Event{none, said}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status := ExitInterrupted
			events := slices.Concat([]run.Event{{Type: run.RunStarted, Header: &run.Header{Runbook: "night", File: "night.hcl", Steps: 1}}, asked},
				tc.events, []run.Event{{Type: run.RunPaused, ExitStatus: &status}})
			tt := newTerminal(t, false, nil, nil)
			keep(t, tt.history(t), 1, events)
			for _, look := range []struct {
				says string
				args []string
			}{
				{tc.says, []string{"answer", pausedRun}},
				{tc.says, []string{"show", pausedRun}},
				{tc.runs, []string{"runs"}},
				{`"nobody_told": [`, []string{"runs", "--json"}},
				{`"nobody_told": [`, []string{"answer", pausedRun, "--json"}},
			} {
				next := tt.again(t, false, "")
				next.does(t, ExitPassed, nil, look.args...)
				_, paused, _ := strings.Cut(next.out.String(), "\npaused") // of show, what stands at its end
				said := paused
				if look.args[0] != "show" {
					said = next.out.String()
				}
				if tc.says == "" && (strings.Contains(said, "nobody was told") || strings.Contains(said, "call by hand")) || !strings.Contains(said, look.says) && tc.says != "" {
					t.Errorf("%v: %s", look.args, next.out)
				}
			}
		})
	}
}

// TestNobodyToldWhileItRuns: a process that waits for a person whom nobody could call is listed as that too, one that died while it called
// somebody as well, and none once somebody answered.
func TestNobodyToldWhileItRuns(t *testing.T) {
	level := run.Level{Number: 1, Contact: "Ann", Notify: "http_request"}
	asked := waits("calm", run.ForAnswer, &run.Question{Kind: run.AskConfirm, Prompt: "Calm?", Levels: []run.Level{level}, Digest: "d"})
	none := run.Event{Type: run.NotifyFinished, Step: "calm", Level: &level, Outcome: run.Fail, NobodyTold: []run.Untold{{Level: level}}}
	calling := run.Event{Type: run.NotifyStarted, Step: "calm", Level: &level}
	passed := run.Event{Type: run.NotifyFinished, Step: "calm", Level: &level, Outcome: run.Pass}
	for name, tc := range map[string]struct {
		events          []run.Event
		alive, answered bool
		says            string
	}{
		"it runs":               {[]run.Event{none}, true, false, "waits, and nobody was told: calm"},
		"it runs, and calls":    {[]run.Event{calling}, true, false, ""},
		"it died while calling": {[]run.Event{calling}, false, false, "waits, and nobody is known to have been told: calm"},
		"somebody knows":        {[]run.Event{passed, calling}, false, false, ""},
		"answered":              {[]run.Event{none}, false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			history := tt.history(t)
			keep(t, history, 1, slices.Concat([]run.Event{{Type: run.RunStarted, Header: &run.Header{Runbook: "night", File: "night.hcl", Steps: 1}}, asked}, tc.events))
			if tc.alive {
				holding(t, history)
			}
			if tc.answered {
				tt.again(t, false, "").does(t, ExitPassed, nil, "answer", pausedRun, "calm", "yes")
			}
			for _, args := range [][]string{{"runs"}, {"runs", "--json"}, {"answer", pausedRun}, {"show", pausedRun}} {
				next := tt.again(t, false, "")
				next.does(t, ExitPassed, nil, args...)
				said := next.out.String()
				if args[0] == "show" && (tc.alive || tc.answered) {
					continue
				}
				if tells := strings.Contains(said, "nobody was told") || strings.Contains(said, "nobody is known") || strings.Contains(said, "nobody_told"); tells != (tc.says != "") {
					t.Errorf("%v: %s", args, said)
				}
				if args[0] == "runs" && len(args) == 1 && !strings.Contains(said, tc.says) {
					t.Errorf("%q is not in %s", tc.says, said)
				}
			}
		})
	}
}
