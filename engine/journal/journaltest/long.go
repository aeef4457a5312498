package journaltest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// step is an event of a run as a step of a chain ends, numbered from 2.
func step(t testing.TB, id string, seq int64) journal.Entry {
	t.Helper()
	e := &run.Event{V: run.Version, Seq: seq, Run: id, Time: start, Type: run.StepFinished, Step: "s", Outcome: run.Pass, Result: json.RawMessage(`{"a":1}`)}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return journal.Entry{Event: e, JSON: text}
}

// longHistory writes and reads 100,000 events of one run. What it takes is bounded loosely: a cost that grows with the
// length shows.
func longHistory(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	const events, chunk, bound = 100_000, 500, 30 * time.Second
	began := time.Now()
	if err := j.Append(t.Context(), "01LONG", entries(t, events1("01LONG"))); err != nil {
		t.Fatal(err)
	}
	for seq := int64(2); seq <= events; {
		var list []journal.Entry
		for ; len(list) < chunk && seq <= events; seq++ {
			list = append(list, step(t, "01LONG", seq))
		}
		if err := j.Append(t.Context(), "01LONG", list); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := reopen()
	defer closeIt(t, other)
	n := 0
	for _, err := range other.Events(t.Context(), "01LONG") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if took := time.Since(began); n != events || took > bound {
		t.Errorf("%d of %d events in %v", n, events, took)
	}
	began = time.Now()
	if runs, err := other.Runs(t.Context(), journal.Filter{}); err != nil || len(runs) != 1 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the list of runs took %v", took)
	}
}

func events1(id string) []run.Event { return events(id, "daily", run.Pass, start)[:1] }

// crowd has 100 runs written at once, through stores of their own, each event waited for.
func crowd(t *testing.T, j journal.Journal, reopen func() journal.Journal) {
	const runs, stores = 100, 5
	var open []journal.Journal
	for range stores {
		open = append(open, reopen())
	}
	var wg sync.WaitGroup
	for i := range runs {
		wg.Go(func() {
			store, id := open[i%stores], fmt.Sprintf("01C%03d", i)
			lease, _, err := store.Acquire(t.Context(), journal.RunLock(id), owner(id), minute, nil)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range entries(t, events(id, "daily", run.Pass, start)) {
				if err := appendAll(t, store, []journal.Entry{e}); err != nil {
					t.Errorf("run %s: %v", id, err)
					return
				}
			}
			if err := errors.Join(lease.Renew(t.Context()), lease.Release(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range open {
		closeIt(t, s)
	}
	report, err := journal.Check(t.Context(), j)
	if err != nil || report.Readable != runs || !report.Sound() {
		t.Errorf("%+v, %v", report, err)
	}
}

// Benchmark measures what an event costs: as many as there are at once, and each waited for as before a write. CPU is
// this process's alone.
func Benchmark(b *testing.B, open func(b *testing.B) journal.Journal) {
	for name, sync := range map[string]bool{"gathered": false, "each synced": true} {
		b.Run(name, func(b *testing.B) {
			j := open(b)
			first := events1("01A")[0]
			text, err := json.Marshal(first)
			if err != nil {
				b.Fatal(err)
			}
			if err := j.Append(b.Context(), "01A", []journal.Entry{{Event: &first, JSON: text}}); err != nil {
				b.Fatal(err)
			}
			e := step(b, "01A", 2)
			before, n := cpu(b), int64(0)
			for b.Loop() {
				next := *e.Event
				next.Seq = 2 + n
				n++
				err := j.Append(b.Context(), "01A", []journal.Entry{{Event: &next, JSON: e.JSON}})
				if err == nil && sync {
					err = j.Sync(b.Context())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			if err := j.Sync(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n), "cpu-µs/event")
		})
	}
}

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
