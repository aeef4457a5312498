package chaos

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
)

// TestLongHistory lists, shows and runs beside 100,000 events: half of them one run's, half of many.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "runs.db")
	began := time.Now()
	j := openStore(t, store)
	big := record(t, j, "big", 25_000)
	total := 50_000
	for i := 0; total < 100_000; i++ {
		record(t, j, fmt.Sprintf("small-%d", i%20), 50)
		total += 102
	}
	closeStore(t, j)
	t.Logf("%d events were written in %s", total, time.Since(began).Round(time.Millisecond))

	// Wide limits: what they are for is an answer that grows with the history. docs/benchmarks.md has the times.
	const limit = 20 * time.Second
	timed := func(what string, args ...string) ended {
		began := time.Now()
		got := runProgram(t, args...)
		took := time.Since(began)
		t.Logf("%s took %s", what, took.Round(time.Millisecond))
		if got.status != cli0 || took > limit {
			t.Errorf("%s: status %d after %s: %s", what, got.status, took, got.stderr)
		}
		return got
	}
	if list := timed("runs", "runs", "--store", store); strings.Count(list.stdout, "small-") < 20 {
		t.Errorf("the list is short:\n%s", list.stdout)
	}
	if shown := timed("show", "show", big, "--store", store); !strings.Contains(shown.stdout, "step24999") {
		t.Error("the last step of the big run is not shown")
	}
	book := write(t, "beside.hcl", "runbook \"beside\" {}\ncheck \"c\" {\n  assert { condition = run.id != \"\" }\n}\n")
	timed("apply", "apply", book, "--store", store)
}

// record writes a run of so many steps, two events each, and gives its id.
func record(t *testing.T, j journal.Journal, name string, steps int) string {
	t.Helper()
	id := ulid.Make().String()
	at := time.Now().UTC()
	var seq int64
	var batch []journal.Entry
	flush := func() {
		if err := j.Append(t.Context(), id, batch); err != nil {
			t.Fatal(err)
		}
		batch = nil
	}
	add := func(e run.Event) {
		seq++
		e.V, e.Run, e.Seq, e.Time = run.Version, id, seq, at
		text, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		if batch = append(batch, journal.Entry{Event: &e, JSON: text}); len(batch) == 256 {
			flush()
		}
	}
	took, status := 1.5, 0
	add(run.Event{Type: run.RunStarted, Header: &run.Header{Runbook: name, File: name + ".hcl", User: "chaos", Steps: steps}})
	for i := range steps {
		step := fmt.Sprintf("step%d", i)
		add(run.Event{Type: run.StepStarted, Step: step, Action: "redis_ping", Effect: "read", Attempt: 1})
		add(run.Event{
			Type: run.StepFinished, Step: step, Outcome: run.Pass, DurationMS: &took, Attempts: 1, Summary: "PONG in 0.1 ms",
			Result: json.RawMessage(`{"response":"PONG","latency_ms":0.1}`),
		})
	}
	add(run.Event{Type: run.RunFinished, Outcome: run.Pass, Counts: map[run.Outcome]int{run.Pass: steps}, DurationMS: &took, ExitStatus: &status})
	flush()
	return id
}
