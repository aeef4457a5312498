package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// TestWhatGoesOnIsSaidToGoOn: of a run that a process runs nothing is past, and it has not taken any time yet.
func TestWhatGoesOnIsSaidToGoOn(t *testing.T) {
	r := recorded(t, begun(), started("a", "redis_ping", "read"), finished("a", run.Pass, "PONG"), started("b", "redis_ping", "read"))
	r.GoesOn()
	document := r.Run(nil)
	if got := document.stands(); got != "still running: 1 passed" {
		t.Errorf("it stands so: %q", got)
	}
	if got := written(t, "tap", document); !strings.Contains(got, "# SKIP it is under way\n") {
		t.Error(got)
	}
	if got := written(t, "tap", recorded(t, begun(), started("b", "redis_ping", "read")).Run(nil)); !strings.Contains(got, "# SKIP it was under way\n") {
		t.Error(got)
	}
}

// TestAStepWaitsForAnotherWithin: a paused run has nothing under way but what waits for a person.
func TestAStepWaitsForAnotherWithin(t *testing.T) {
	events := []run.Event{begun(), started(`k["a"]`, "runbook", "write"), asks(`k["a"]/set`, approval("Close the shop?"))}
	events = append(events, run.Event{Type: run.RunPaused, Waits: []string{`k["a"]/set`}, ExitStatus: status(3)})
	document := recorded(t, events...).Run(nil)
	saysInAll(t, recorded(t, events...), "a step of the runbook that it runs waits for a person")
	if got := document.Steps[0].word(); got != "waits" {
		t.Errorf("%s %s", document.Steps[0].Step, got)
	}
	if got := written(t, "junit", document); strings.Contains(got, "under way") {
		t.Error(got)
	}
}

// TestAMessageOfSeveralLines stands whole where there is room, and its first line says that there are more.
func TestAMessageOfSeveralLines(t *testing.T) {
	const first, second = `bob answered no to "Go on?" (because`, "second # line)."
	document := recorded(t, begun(), started("a", "manual_confirm", "read"), finished("a", run.Fail, first+"\n"+second)).Run(nil)
	if got := document.Steps[0].line(); got != first+" …" {
		t.Errorf("its line is %q", got)
	}
	if got := document.Steps[0].evidence; !slices.Equal(got, []string{first, second}) {
		t.Errorf("its evidence is %q", got)
	}
}
