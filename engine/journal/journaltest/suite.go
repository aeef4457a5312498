package journaltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// Run tests a journal. reopen closes nothing: it opens the same store a second time, as another process would.
func Run(t *testing.T, open func(t *testing.T) (j journal.Journal, reopen func() journal.Journal)) {
	for name, test := range map[string]func(*testing.T, journal.Journal, func() journal.Journal){
		"events come back as written":      eventsComeBack,
		"runs are listed and filtered":     runsAreListed,
		"values have a history":            valuesHaveAHistory,
		"a run is followed":                followed,
		"an unknown run":                   unknownRun,
		"synced events are seen by others": syncedIsSeen,
		"events that nobody waits for":     nobodyWaits,
		"many runs at once":                manyRuns,
		"events follow on each other":      eventsFollow,
		"one process appends":              oneAppends,
		"nothing follows a failure":        nothingAfterAFailure,
		"closing keeps what was appended":  closeKeeps,
		"sealed parts and files":           sealedAndFiles,
		"sessions change the status":       sessionsChangeStatus,
		"messages come in order":           messagesInOrder,
		"messages at once":                 messagesAtOnce,
		"runs are pruned":                  pruning,
		"a pruned run is gone":             prunedIsGone,
		"locks exclude":                    locksExclude,
		"holders that are gone":            holdersThatAreGone,
		"parked locks":                     parkedLocks,
		"what was looked at":               whatWasLookedAt,
		"returned locks":                   returned,
		"unlocking":                        unlocking,
		"a race for a lock":                lockRaces,
		"a long history":                   longHistory,
		"a hundred runs at once":           crowd,
	} {
		t.Run(name, func(t *testing.T) {
			j, reopen := open(t)
			test(t, j, reopen)
		})
	}
}

var start = time.Date(2026, 1, 29, 9, 0, 0, 0, time.UTC)

func events(id, runbook string, outcome run.Outcome, at time.Time) []run.Event {
	value, status, took := 41.5, 0, 12.5
	list := []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: runbook, File: runbook + ".hcl", Environment: "prod", User: "alice@ops", Steps: 1, Effects: map[string]int{"read": 1}}},
		{Type: run.StepStarted, Step: "disk", Action: "local_disk", Effect: "read", Attempt: 1},
		{Type: run.CheckEvaluated, Step: "disk", Outcome: outcome, Check: &run.Check{Kind: run.KindThreshold, Name: "used", Value: &value, Unit: "percent"}},
		{Type: run.StepFinished, Step: "disk", Outcome: outcome, DurationMS: &took, Result: json.RawMessage(`{"used_percent":41.5}`)},
		{Type: run.RunFinished, Outcome: outcome, Counts: map[run.Outcome]int{outcome: 1}, DurationMS: &took, ExitStatus: &status},
	}
	for i := range list {
		list[i].V, list[i].Seq, list[i].Run = run.Version, int64(i+1), id
		list[i].Time = at.Add(time.Duration(i) * time.Millisecond)
	}
	return list
}

func write(t *testing.T, j journal.Journal, list []run.Event) {
	t.Helper()
	for _, e := range list {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Append(t.Context(), e.Run, []journal.Entry{{Event: &e, JSON: text}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func read(ctx context.Context, j journal.Journal, id string) ([]run.Event, error) {
	var got []run.Event
	for e, err := range j.Events(ctx, id) {
		if err != nil {
			return got, err
		}
		got = append(got, *e.Event)
	}
	return got, nil
}

func eventsComeBack(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	want := events("01AAAA", "daily", run.Pass, start)
	write(t, j, want)
	for _, id := range []string{"01AAAA", "01A", "01aaa"} {
		got, err := read(t.Context(), j, id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events of %s (-want +got):\n%s", id, diff)
		}
	}
}

func runsAreListed(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	write(t, j, events("01A", "daily", run.Pass, start))
	write(t, j, events("01B", "weekly", run.Fail, start.Add(time.Hour)))
	write(t, j, events("01C", "daily", run.Fail, start.Add(2*time.Hour)))
	write(t, j, events("01D", "daily", run.Pass, start.Add(3*time.Hour))[:2]) // still going on
	for name, c := range map[string]struct {
		filter journal.Filter
		want   []string
	}{
		"all":        {journal.Filter{}, []string{"01D", "01C", "01B", "01A"}},
		"runbook":    {journal.Filter{Runbook: "daily"}, []string{"01D", "01C", "01A"}},
		"outcome":    {journal.Filter{Outcome: run.Fail}, []string{"01C", "01B"}},
		"since":      {journal.Filter{Since: start.Add(90 * time.Minute)}, []string{"01D", "01C"}},
		"the newest": {journal.Filter{Limit: 1}, []string{"01D"}},
	} {
		got, err := j.Runs(t.Context(), c.filter)
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]string, len(got))
		for i, r := range got {
			ids[i] = r.ID
		}
		if diff := cmp.Diff(c.want, ids); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	mostListed(t, j)
	got, err := j.Runs(t.Context(), journal.Filter{Runbook: "weekly"})
	if err != nil {
		t.Fatal(err)
	}
	status := 0
	want := []journal.Summary{{
		ID: "01B", Runbook: "weekly", File: "weekly.hcl", Environment: "prod", User: "alice@ops", StartedAt: start.Add(time.Hour),
		Status: journal.Ended, Outcome: run.Fail, DurationMS: 12.5, ExitStatus: &status, Counts: map[run.Outcome]int{run.Fail: 1},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// mostListed: a list without a limit is that of 50 runs.
func mostListed(t *testing.T, j journal.Journal) {
	t.Helper()
	for i := range 50 {
		if err := j.Append(t.Context(), fmt.Sprintf("02%02d", i), entries(t, events(fmt.Sprintf("02%02d", i), "hourly", run.Pass, start))); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := j.Runs(t.Context(), journal.Filter{}); err != nil || len(all) != 50 {
		t.Errorf("%d of 54 runs are listed, %v; want 50", len(all), err)
	}
}

func valuesHaveAHistory(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	write(t, j, events("01A", "daily", run.Pass, start))
	write(t, j, events("01B", "daily", run.Warn, start.Add(time.Hour)))
	write(t, j, events("01C", "weekly", run.Pass, start))
	other := events("01D", "daily", run.Pass, start)
	other[2].Name = "inodes"
	write(t, j, other)
	got, err := j.Values(t.Context(), "daily", "disk.used", 10)
	if err != nil {
		t.Fatal(err)
	}
	if newest, err := j.Values(t.Context(), "daily", "disk.used", 1); err != nil || len(newest) != 1 || newest[0].Run != "01B" {
		t.Errorf("the newest value: %v, %v", newest, err)
	}
	at := start.Add(2 * time.Millisecond)
	want := []journal.Value{
		{Run: "01B", At: at.Add(time.Hour), Value: 41.5, Unit: "percent", Outcome: run.Warn},
		{Run: "01A", At: at, Value: 41.5, Unit: "percent", Outcome: run.Pass},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func unknownRun(t *testing.T, j journal.Journal, _ func() journal.Journal) {
	write(t, j, events("01AB", "daily", run.Pass, start))
	write(t, j, events("01AC", "daily", run.Pass, start))
	for _, id := range []string{"02", "", "01ABX"} {
		if _, err := read(t.Context(), j, id); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("run %q: got %v", id, err)
		}
	}
	if _, err := read(t.Context(), j, "01A"); err == nil || errors.Is(err, journal.ErrNotFound) {
		t.Errorf("a prefix of two runs: got %v", err)
	}
}

func syncedIsSeen(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	want := events("01A", "daily", run.Pass, start)[:3]
	if got := j.Kept("01A"); got != 0 {
		t.Errorf("of a run of which nothing was appended, %d events are kept", got)
	}
	write(t, j, want)
	if got := j.Kept("01A"); got != 3 {
		t.Errorf("%d events are kept, want 3", got)
	}
	other := reopen()
	got, err := read(t.Context(), other, "01A")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
}

// nobodyWaits appends without a Sync: the events are kept all the same, and soon.
func nobodyWaits(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	other := reopen()
	defer closeIt(t, other)
	want := events("01A", "daily", run.Pass, start)
	if err := j.Append(t.Context(), "01A", entries(t, want)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), minute)
	defer cancel()
	retry := time.NewTicker(5 * time.Millisecond)
	defer retry.Stop()
	for {
		got, err := read(ctx, other, "01A")
		if err == nil && len(got) == len(want) {
			return
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			t.Fatalf("%d of %d events are kept: %v", len(got), len(want), err)
		}
	}
}

func manyRuns(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	other := reopen()
	var wg sync.WaitGroup
	for i := range 20 {
		target := j
		if i%2 == 1 {
			target = other
		}
		wg.Go(func() { write(t, target, events(fmt.Sprintf("01X%02d", i), "daily", run.Pass, start)) })
	}
	wg.Wait()
	runs, err := j.Runs(t.Context(), journal.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 20 {
		t.Errorf("%d of 20 runs were kept", len(runs))
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
}
