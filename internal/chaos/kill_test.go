package chaos

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

// resumes has the tests go on with what was killed.
var resumes = flag.Bool("resume", false, "resume the runs that were killed")

// writes is how many steps of the run change something; as many read.
const writes = 25

// writeSteps are the ways in which they do it; each leaves one mark.
var writeSteps = []struct{ action, arguments string }{
	{"http_request", "method = \"POST\"\n  url = \"SERVER/STEP\""},
	{"local_command", "command = [\"sh\", \"-c\", \"echo x >> FOLDER/STEP\"]\n  timeout = \"30s\""},
	{"local_write_file", "path = \"FOLDER/STEP\"\n  content = \"x\"\n  append = true"},
}

// killBook has a chain of writes, and reads beside it. A write is in doubt at most one at a time, so that one answer of
// --in-doubt is right for all.
func killBook(l *ledger) string {
	var b strings.Builder
	b.WriteString("runbook \"killed\" {}\n")
	for i := range writes {
		kind, name, dep := writeSteps[i%len(writeSteps)], fmt.Sprintf("write%02d", i), ""
		if i > 0 {
			dep = fmt.Sprintf("  depends_on = [step.write%02d, step.read%02d]\n", i-1, max(0, i-5))
		}
		fmt.Fprintf(&b, "step %q %q {\n%s  %s\n}\n", kind.action, name, dep,
			fill(kind.arguments, "SERVER", l.server.URL, "FOLDER", l.dir, "STEP", name))
		dep = ""
		if i > 2 {
			dep = fmt.Sprintf("  depends_on = [step.write%02d]\n", i-3)
		}
		fmt.Fprintf(&b, "step \"http_request\" \"read%02d\" {\n%s  url = %q\n}\n", i, dep, l.server.URL+"/read")
	}
	return b.String()
}

// TestKilledAtEveryEvent ends the program with kill -9 before and after events of a run of 50 steps. No write was seen
// that the history does not know, or more than once; and a resume ends the run with each write seen once.
func TestKilledAtEveryEvent(t *testing.T) {
	last := lengthOf(t)
	step := int64(1)
	if !*long {
		step = last / 12
	}
	for at := int64(1); at <= last; at += step {
		for _, side := range []string{before, after, queued} {
			if at == 1 && side != after {
				continue // nothing is kept: there is no run
			}
			d := death{at, side}
			t.Run(d.String(), func(t *testing.T) { killedAt(t, d) })
		}
	}
}

// lengthOf is how many events the run has when nobody kills it.
func lengthOf(t *testing.T) int64 {
	t.Helper()
	l, store := newLedger(t), filepath.Join(t.TempDir(), "runs.db")
	if got := runProgram(t, "apply", write(t, "killed.hcl", killBook(l)), "--auto-approve", "--store", store); got.status != cli0 {
		t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	events := eventsOf(t, store, runsOf(t, store, 1)[0].ID)
	judgeCounts(t, l.counts(), events, true)
	return int64(len(events))
}

func killedAt(t *testing.T, d death) {
	l, store := newLedger(t), filepath.Join(t.TempDir(), "runs.db")
	book := write(t, "killed.hcl", killBook(l))
	if got := dying(t, d, "apply", book, "--auto-approve", "--store", store); got.status != -1 {
		t.Fatalf("status %d, expected the process to be killed: %s%s", got.status, got.stdout, got.stderr)
	}
	runs := runsOf(t, store, 2)
	if d.side == queued && len(runs) == 0 {
		return // the power went before anything was on disk
	}
	if len(runs) != 1 {
		t.Fatalf("%d runs are kept", len(runs))
	}
	events, counts := eventsOf(t, store, runs[0].ID), l.counts()
	last := events[len(events)-1].Seq
	if want := map[string]int64{before: d.at - 1, after: d.at, queued: last}[d.side]; last != want {
		t.Errorf("the last event on disk is %d, expected %d", last, want)
	}
	judgeCounts(t, counts, events, false)
	if *resumes && events[len(events)-1].Type != run.RunFinished {
		goOn(t, l, store, runs[0].ID, events, counts)
	}
}

// dying runs the program to its death.
func dying(t *testing.T, d death, args ...string) ended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := command(ctx, t, append([]string{d.String()}, args...)...)
	path, err := exec.LookPath("runbook-dies")
	if err != nil {
		t.Fatal(err)
	}
	c.Path, c.Args[0] = path, "runbook-dies"
	return await(t, c)
}

// judgeCounts holds what the world saw against the history: what was seen is known as started, and was seen once; what
// passed was seen.
func judgeCounts(t *testing.T, counts map[string]int, events []*run.Event, whole bool) {
	t.Helper()
	started, passed := map[string]bool{}, map[string]bool{}
	for _, e := range events {
		started[e.Step] = started[e.Step] || e.Type == run.StepStarted
		passed[e.Step] = passed[e.Step] || e.Type == run.StepFinished && e.Outcome == run.Pass
	}
	for i := range writes {
		name := fmt.Sprintf("write%02d", i)
		switch n := counts[name]; {
		case n > 1:
			t.Errorf("%s was seen %d times", name, n)
		case n == 1 && !started[name]:
			t.Errorf("%s was seen, and is not on disk as started", name)
		case n == 0 && (passed[name] || whole):
			t.Errorf("%s passed, and was not seen", name)
		}
	}
}

// goOn resumes a run, answers for the write in doubt as the world saw it, and judges the whole.
func goOn(t *testing.T, l *ledger, store, id string, events []*run.Event, counts map[string]int) {
	t.Helper()
	under := map[string]bool{}
	passed := map[string]bool{}
	for _, e := range events {
		switch e.Type {
		case run.StepStarted:
			under[e.Step] = true
		case run.StepFinished:
			delete(under, e.Step)
			passed[e.Step] = e.Outcome == run.Pass
		}
	}
	decision := run.DecisionRedo
	for name := range under {
		if counts[name] > 0 {
			decision = run.DecisionDone
		}
	}
	got := runProgram(t, "resume", id, "--auto-approve", "--in-doubt", decision, "--store", store)
	if got.status != cli0 {
		t.Fatalf("resume ended with status %d (in doubt: %v, %s): %s%s", got.status, under, decision, got.stdout, got.stderr)
	}
	all := eventsOf(t, store, id)
	judgeCounts(t, l.counts(), all, true)
	wholeStream(t, store, id)
	for _, e := range all[len(events):] {
		if e.Type == run.StepStarted && passed[e.Step] {
			t.Errorf("%s had passed and was carried out again", e.Step)
		}
	}
}
