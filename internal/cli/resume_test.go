package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

const doubtful = `
runbook "doubtful" {}
provider "fake" {}
step "fake_read" "look" { id = "look" }
step "fake_write" "change" {
  id         = "change"
  value      = step.look.value
}
step "fake_read" "after" {
  id         = "after"
  depends_on = [step.change]
}
`

var idPattern = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b`)

// lastRun is the id that the program said last.
func (tt *terminal) lastRun(t *testing.T) string {
	t.Helper()
	ids := idPattern.FindAllString(tt.out.String(), -1)
	if len(ids) == 0 {
		t.Fatalf("no run's id in\n%s%s", tt.out, tt.err)
	}
	return ids[len(ids)-1]
}

// again is another process of the same user: the same history and the same systems.
func (tt *terminal) again(t *testing.T, interactive bool, answers string) *terminal {
	t.Helper()
	next := newTerminal(t, interactive, strings.NewReader(answers), map[string]string{"TERM": "dumb", "NO_COLOR": "1"})
	next.HomeDir, next.dir, next.Registry = tt.HomeDir, tt.dir, tt.Registry
	return next
}

// does runs a command and holds it against an exit status and what must be said.
func (tt *terminal) does(t *testing.T, status int, says []string, args ...string) {
	t.Helper()
	got := tt.run(args...)
	said := strings.ReplaceAll(tt.out.String()+tt.err.String(), "\n│ ", " ") // problems are wrapped
	if got != status {
		t.Errorf("%s: exit status %d, want %d\n%s", strings.Join(args, " "), got, status, said)
	}
	for _, text := range says {
		if !strings.Contains(said, text) {
			t.Errorf("%s: %q is not in\n%s", strings.Join(args, " "), text, said)
		}
	}
}

// cutOff loses the answer to the first call of a write, so that nobody knows whether it took place.
func cutOff(tt *terminal) {
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "change" && n == 1 {
			return errors.New("connection reset by peer")
		}
		return nil
	}
}

func TestResumeWithDoubt(t *testing.T) {
	tests := map[string]struct {
		interactive bool
		types       string
		flags       []string
		status      int
		calls       int
		says        []string
	}{
		"nobody there":  {status: ExitLeftOver, calls: 1, says: []string{"in doubt: step change, fake_write on fake://, was sent at", "--in-doubt done or --in-doubt redo"}},
		"done":          {flags: []string{"--in-doubt", "done"}, status: ExitPassed, calls: 1, says: []string{"counts as done", "! change"}},
		"redo":          {flags: []string{"--in-doubt", "redo"}, status: ExitPassed, calls: 2, says: []string{"is sent again", "✓ change"}},
		"abort":         {flags: []string{"--in-doubt", "abort"}, status: ExitLeftOver, calls: 1, says: []string{"change stays in doubt"}},
		"misspelt":      {flags: []string{"--in-doubt", "redoo"}, status: ExitRefused, calls: 1, says: []string{`did you mean "redo"?`}},
		"asked: redo":   {interactive: true, types: "redo\nlooked at it\n", status: ExitPassed, calls: 2, says: []string{"Look whether change took place", "is sent again: on the word of alice@laptop: looked at it"}},
		"asked: done":   {interactive: true, types: "done\n\n", status: ExitPassed, calls: 1, says: []string{"counts as done"}},
		"asked: r":      {interactive: true, types: "r\n2\n", status: ExitRefused, calls: 1, says: []string{`"r" is none of these words: write done, redo or abort in full`, `"2" is none`}},
		"asked: abort":  {interactive: true, types: "abort\n\n", status: ExitLeftOver, calls: 1, says: []string{"change stays in doubt"}},
		"asked: silent": {interactive: true, types: "", status: ExitRefused, calls: 1, says: []string{"nothing was run"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			cutOff(tt)
			tt.does(t, ExitLeftOver, []string{"connection reset"}, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
			next := tt.again(t, tc.interactive, tc.types)
			next.does(t, tc.status, tc.says, append([]string{"resume", tt.lastRun(t)}, tc.flags...)...)
			want := map[string]int{"look": 1, "change": tc.calls}
			if got := map[string]int{"look": tt.fake.Calls("look"), "change": tt.fake.Calls("change")}; !cmp.Equal(want, got) {
				t.Error(cmp.Diff(want, got))
			}
			if ran := tt.fake.Calls("after") == 1; ran != (tc.status == ExitPassed) {
				t.Errorf("carried out %v", tt.fake.Log())
			}
		})
	}
}

func TestResumeRefuses(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitRefused, []string{`there is no run "01NOBODY"`}, "resume", "01NOBODY")
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
	id := tt.lastRun(t)
	for _, tc := range []struct {
		args []string
		says string
	}{
		{[]string{id}, "has passed, and there is nothing to go on with"},
		{[]string{"01NOBODY"}, "01NOBODY"},
		{[]string{id, "--answer", "none=1"}, "nothing to go on with"},
		{[]string{id, "--lock-timeout", "soon"}, "is not a duration"},
		{[]string{id, "--fail-on", "wran"}, `did you mean "warn"?`},
		{nil, "RUN is missing"},
	} {
		tt.again(t, false, "").does(t, ExitRefused, []string{tc.says}, append([]string{"resume"}, tc.args...)...)
	}
	if got := len(tt.fake.Log()); got != 3 {
		t.Errorf("carried out %v", tt.fake.Log())
	}
}

func TestResumeOfAChangedFile(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	broken := true
	tt.fake.Do = func(_ context.Context, id string, _ int) error {
		if broken && id == "after" {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	file := tt.file(t, "x.hcl", doubtful)
	tt.does(t, ExitFailed, nil, "apply", file, "--auto-approve")
	id := tt.lastRun(t)
	broken = false
	changed := strings.Replace(doubtful, `{ id = "look" }`, `{ id = "look closer" }`, 1)
	tt.file(t, "x.hcl", changed)
	tt.again(t, false, "").does(t, ExitRefused, []string{"has changed since the run began", "step look", "--with-changes"}, "resume", id)
	// What the change affects is a write, too: somebody must say yes to it.
	tt.again(t, false, "").does(t, ExitRefused, []string{"--auto-approve"}, "resume", id, "--with-changes")
	tt.again(t, false, "").does(t, ExitPassed, []string{"look", "change"}, "resume", id, "--with-changes", "--auto-approve")
	want := []string{"look", "change", "after", "look closer", "change", "after"}
	if diff := cmp.Diff(want, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
	tt.file(t, "x.hcl", "runbook \"doubtful\" {}\nstep \"fake_reed\" \"look\" {}\n")
	tt.again(t, false, "").does(t, ExitRefused, []string{"fake_reed"}, "resume", id, "--with-changes")
}

const asksFirst = `
runbook "asks" { lock = "deploy" }
provider "fake" {}
step "fake_ask" "calm" { prompt = "Is it calm?" }
step "fake_write" "change" {
  id         = "change ${step.calm.by}"
  depends_on = [step.calm]
}
`

// TestPausedRunKeepsItsLock: answered from another shell, it goes on; in between nobody else gets the runbook's lock.
func TestPausedRunKeepsItsLock(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", asksFirst)
	tt.does(t, ExitInterrupted, []string{"resume with: runbook resume"}, "apply", file, "--auto-approve")
	id := tt.lastRun(t)
	held := []string{"deploy is held by run " + id, "alice@laptop", "paused since ", "nothing was run", "runbook resume " + id, "runbook unlock deploy"}
	tt.again(t, false, "").does(t, ExitRefused, held, "apply", file, "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, append(held, "waiting until", "for the lock deploy", "it goes on with: runbook resume "+id), "apply", file, "--auto-approve", "--lock-timeout", "1s")
	tt.again(t, false, "").does(t, ExitPassed, []string{"deploy", id, "a paused run", ", since 20"}, "unlock")
	tt.again(t, false, "").does(t, ExitInterrupted, []string{"Is it calm?", "runbook answer " + id + " calm"}, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, []string{"goes on with: runbook resume"}, "answer", id, "calm", "yes")
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ change"}, "resume", id)
	tt.again(t, false, "").does(t, ExitPassed, []string{"Nobody holds a lock"}, "unlock")
	if diff := cmp.Diff([]string{"change alice@laptop"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestHeldBeforeTheQuestion: nobody is asked about what can't run, unless it waits for the lock; and what holds it after the question still counts.
func TestHeldBeforeTheQuestion(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", asksFirst)
	tt.does(t, ExitInterrupted, nil, "apply", file, "--auto-approve")
	held := "deploy is held by run " + tt.lastRun(t)
	for name, tc := range map[string]struct {
		flags []string
		asked bool
	}{
		"held": {}, "waits": {flags: []string{"--lock-timeout", "100ms"}, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			next := tt.again(t, true, "yes\n")
			next.does(t, ExitRefused, []string{held}, append([]string{"apply", file}, tc.flags...)...)
			if said := next.err.String(); strings.Contains(said, "Run it?") != tc.asked {
				t.Errorf("asked:\n%s", said)
			}
		})
	}
	tt.again(t, false, "").does(t, ExitPassed, nil, "unlock", "deploy")
	next := tt.again(t, true, "")
	next.In = answersOnce{sync.OnceFunc(func() { // another run takes the lock while somebody thinks
		tt.again(t, false, "").does(t, ExitInterrupted, nil, "apply", file, "--auto-approve")
	}), strings.NewReader("yes\n")}
	next.does(t, ExitRefused, []string{"Run it?", "deploy is held by run "}, "apply", file)
}

// answersOnce does something before it is read first.
type answersOnce struct {
	before func()
	io.Reader
}

func (a answersOnce) Read(p []byte) (int, error) {
	a.before()
	return a.Reader.Read(p)
}

func TestUnlockAPausedRun(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	file := tt.file(t, "x.hcl", asksFirst)
	tt.does(t, ExitInterrupted, nil, "apply", file, "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{`did you mean "deploy"?`}, "unlock", "deplyo")
	tt.again(t, false, "").does(t, ExitPassed, []string{"The lock deploy is free", "a paused run"}, "unlock", "deploy")
	tt.again(t, false, "").does(t, ExitPassed, nil, "apply", file, "--auto-approve", "--answer", "calm=yes")
}

// TestLockOfALivingRun: it is not freed, and who has the patience gets it afterwards.
func TestLockOfALivingRun(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	started, finish := make(chan struct{}, 2), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, _ string, _ int) error {
		started <- struct{}{}
		return enginetest.Until(ctx, finish)
	}
	file := tt.file(t, "x.hcl", asksFirst)
	status, patient := make(chan int, 1), make(chan int, 1)
	go func() { status <- tt.run("apply", file, "--auto-approve", "--answer", "calm=yes") }()
	<-started
	tt.again(t, false, "").does(t, ExitRefused, []string{"deploy is held by run", "process"}, "apply", file, "--auto-approve")
	tt.again(t, false, "").does(t, ExitRefused, []string{"which is alive", "runbook cancel", "--force"}, "unlock", "deploy")
	runs, err := tt.history(t).Runs(t.Context(), journal.Filter{})
	if err != nil || len(runs) != 1 {
		t.Fatal(runs, err)
	}
	tt.again(t, false, "").does(t, ExitRefused, []string{"it can't be freed by hand", "runbook cancel " + runs[0].ID}, "unlock", "--force", "run/"+runs[0].ID)
	waits := tt.again(t, false, "")
	go func() {
		patient <- waits.run("apply", file, "--auto-approve", "--answer", "calm=yes", "--lock-timeout", "30s")
	}()
	waitFor(t, waits, "for the lock deploy")
	close(finish)
	if first, second := <-status, <-patient; first != ExitPassed || second != ExitPassed {
		t.Errorf("exit statuses %d and %d\n%s%s", first, second, waits.out, waits.err)
	}
}

// TestTwoResumes: a run goes on in one process at a time, and whoever watches sees it end.
func TestTwoResumes(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	started, finish := make(chan struct{}, 1), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, id string, n int) error {
		switch {
		case id == "after" && n == 1:
			return enginetest.ErrUnreachable()
		case id == "after":
			started <- struct{}{}
			return enginetest.Until(ctx, finish)
		}
		return nil
	}
	tt.does(t, ExitFailed, nil, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
	id := tt.lastRun(t)
	first, watcher := tt.again(t, false, ""), tt.again(t, false, "")
	status, watched := make(chan int, 1), make(chan int, 1)
	go func() { status <- first.run("resume", id) }()
	<-started
	tt.again(t, false, "").does(t, ExitRefused, []string{"The run is going on", "runbook watch " + id, "runbook cancel"}, "resume", id)
	tt.again(t, false, "").does(t, ExitRefused, []string{"The run is going on"}, "undo", id)
	go func() { watched <- watcher.run("watch", id) }()
	waitFor(t, watcher, "change")
	close(finish)
	if got, seen := <-status, <-watched; got != ExitPassed || seen != ExitPassed || !strings.Contains(watcher.out.String(), "✓ after") {
		t.Errorf("exit statuses %d and %d\n%s%s%s", got, seen, first.err, watcher.out, watcher.err)
	}
	if diff := cmp.Diff([]string{"look", "change", "after", "after"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}

// TestResumeInJSON: the events of the session, one a line, and nothing else.
func TestResumeInJSON(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	cutOff(tt)
	tt.does(t, ExitLeftOver, nil, "apply", tt.file(t, "x.hcl", doubtful), "--auto-approve")
	next := tt.again(t, false, "")
	next.does(t, ExitPassed, []string{`"type":"run_resumed"`, `"type":"run_finished"`, `"reset":["after","change"]`}, "resume", tt.lastRun(t), "--in-doubt", "redo", "--json")
	for line := range strings.Lines(next.out.String()) {
		if !strings.HasPrefix(line, `{"v":1,"seq":`) {
			t.Errorf("%q is no event", line)
		}
	}
}

// TestResumeAfterACtrlC: a read that was cut short is made again, and no yes is needed twice.
func TestResumeAfterACtrlC(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	started, finish := make(chan struct{}, 1), make(chan struct{})
	tt.fake.Do = func(ctx context.Context, id string, n int) error {
		if id == "look" && n == 1 {
			started <- struct{}{}
			return enginetest.Until(ctx, finish)
		}
		return nil
	}
	file, status := tt.file(t, "x.hcl", doubtful), make(chan int, 1)
	go func() { status <- tt.run("apply", file, "--auto-approve") }()
	<-started
	tt.signals <- os.Interrupt
	if got := <-status; got != ExitInterrupted {
		t.Fatalf("exit status %d\n%s%s", got, tt.out, tt.err)
	}
	tt.again(t, false, "").does(t, ExitPassed, []string{"✓ look", "✓ after"}, "resume", tt.lastRun(t))
	if diff := cmp.Diff([]string{"look", "look", "change", "after"}, tt.fake.Log()); diff != "" {
		t.Error(diff)
	}
}
