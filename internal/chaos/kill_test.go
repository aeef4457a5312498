package chaos

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
)

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
	t.Parallel()
	last := lengthOf(t)
	step := int64(1)
	if !*long {
		step = last / 6
	}
	for at := int64(1); at <= last; at += step {
		for _, side := range []string{before, after, queued} {
			if at == 1 && side != after {
				continue // nothing is kept: there is no run
			}
			d := death{at: at, side: side}
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
	if events[len(events)-1].Type != run.RunFinished {
		goOn(t, l, store, runs[0].ID, events, counts)
	}
}

// dying runs the program to its death.
func dying(t *testing.T, d death, args ...string) ended {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return await(t, deadly(ctx, t, d, args...))
}

// deadly prepares the program as a process that runs to its death.
func deadly(ctx context.Context, t *testing.T, d death, args ...string) *exec.Cmd {
	t.Helper()
	c := command(ctx, t, append([]string{d.String()}, args...)...)
	path, err := exec.LookPath("runbook-dies")
	if err != nil {
		t.Fatal(err)
	}
	c.Path, c.Args[0] = path, "runbook-dies"
	return c
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
	got := runProgram(t, resumption(events, counts, store, id)...)
	if got.status != cli0 {
		t.Fatalf("resume ended with status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	judgeWhole(t, l, store, id, len(events))
}

// resumption is the command line that goes on with a run as the world saw its writes.
func resumption(events []*run.Event, counts map[string]int, store, id string) []string {
	decision := run.DecisionRedo
	for name := range underWay(events) {
		if strings.HasPrefix(name, "write") && counts[name] > 0 {
			decision = run.DecisionDone
		}
	}
	return []string{"resume", id, "--auto-approve", "--in-doubt", decision, "--store", store}
}

// underWay are the steps that began and of which no end is known.
func underWay(events []*run.Event) map[string]bool {
	under := map[string]bool{}
	for _, e := range events {
		switch {
		case e.Type == run.StepStarted:
			under[e.Step] = true
		case e.Type == run.StepFinished, e.Type == run.StepResolved && e.Resolution.Decision == run.DecisionDone:
			delete(under, e.Step)
		}
	}
	return under
}

// judgeWhole judges a run that was resumed and has ended; its first events are those before the last resume.
func judgeWhole(t *testing.T, l *ledger, store, id string, first int) {
	t.Helper()
	all := eventsOf(t, store, id)
	judgeCounts(t, l.counts(), all, true)
	wholeStream(t, store, id)
	// What counts as done has no result, which is a warning.
	if end := all[len(all)-1]; end.Outcome != run.Pass && end.Outcome != run.Warn {
		t.Errorf("the run's outcome is %s", end.Outcome)
	}
	passed := map[string]bool{}
	for i, e := range all {
		if e.Type == run.StepStarted && passed[e.Step] && i >= first {
			t.Errorf("%s had passed and was carried out again", e.Step)
		}
		passed[e.Step] = passed[e.Step] || e.Type == run.StepFinished && e.Outcome == run.Pass
	}
}

// TestKilledAgainAndAgain kills every session of one run after a few events. However often that is, the run goes on, and
// ends with each write seen once.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	for _, every := range []int64{17, 11, 29}[:sample(1, 3)] {
		for _, side := range []string{before, after, queued} {
			t.Run(fmt.Sprintf("every %d %s", every, side), func(t *testing.T) { killedEvery(t, every, side) })
		}
	}
}

func killedEvery(t *testing.T, every int64, side string) {
	l, store := newLedger(t), filepath.Join(t.TempDir(), "runs.db")
	args := []string{"apply", write(t, "killed.hcl", killBook(l)), "--auto-approve", "--store", store}
	ended := -1
	for last, sessions := int64(0), 1; ; sessions++ {
		if sessions > 200 {
			t.Fatal("the run does not end")
		}
		got := dying(t, death{at: last + every, side: side}, args...)
		runs := runsOf(t, store, 2)
		if len(runs) == 0 {
			every++ // nothing was on disk
			continue
		}
		if len(runs) > 1 {
			t.Fatalf("%d runs are kept", len(runs))
		}
		events := eventsOf(t, store, runs[0].ID)
		if got.status == cli0 || events[len(events)-1].Type == run.RunFinished {
			t.Logf("%d sessions, %d events", sessions, len(events))
			judgeWhole(t, l, store, runs[0].ID, 0)
			return
		}
		if got.status != -1 {
			t.Fatalf("session %d ended with status %d: %s%s", sessions, got.status, got.stdout, got.stderr)
		}
		counts := l.counts()
		judgeCounts(t, counts, events, false)
		last = int64(len(events))
		if n := endsIn(events); n > ended {
			ended = n
		} else {
			every++ // a session that got no further: the next may live a little longer
		}
		args = resumption(events, counts, store, runs[0].ID)
	}
}

// endsIn counts the ends of steps.
func endsIn(events []*run.Event) int {
	n := 0
	for _, e := range events {
		if e.Type == run.StepFinished {
			n++
		}
	}
	return n
}

// TestRedoIsTold sends a write in doubt again because it was told to, though it had arrived: it alone is seen twice.
func TestRedoIsTold(t *testing.T) {
	t.Parallel()
	l, store := newLedger(t), filepath.Join(t.TempDir(), "runs.db")
	book := write(t, "killed.hcl", killBook(l))
	dying(t, death{step: "write03", side: before}, "apply", book, "--auto-approve", "--store", store)
	id := runsOf(t, store, 1)[0].ID
	got := runProgram(t, "resume", id, "--auto-approve", "--in-doubt", run.DecisionRedo, "--store", store)
	if got.status != cli0 {
		t.Fatalf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	counts := l.counts()
	for i := range writes {
		name, want := fmt.Sprintf("write%02d", i), 1
		if name == "write03" {
			want = 2
		}
		if counts[name] != want {
			t.Errorf("%s was seen %d times, expected %d", name, counts[name], want)
		}
	}
}
