package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/engine/journal"
)

const writing = `
runbook "writing" {}
provider "fake" { name = "production" }
step "fake_read" "look" { id = "look" }
step "fake_write" "change" { id = "change" }
step "fake_destroy" "remove" {
  id         = "remove"
  depends_on = [step.change]
}
`

func TestQuestion(t *testing.T) {
	asks := []string{"run by", "alice@laptop", "fake://production", "changes something", "change", "destroys something", "remove"}
	tests := map[string]struct {
		answer      string
		interactive bool
		flags       []string
		want        int
		says        []string
	}{
		"yes":             {"yes\n", true, nil, ExitPassed, append(asks, "Run it?")},
		"no":              {"no\n", true, nil, ExitRefused, append(asks, `the answer was not "yes"`)},
		"half a yes":      {"y\n", true, nil, ExitRefused, asks},
		"end of input":    {"", true, nil, ExitRefused, append(asks, "there was no answer")},
		"nobody there":    {"yes\n", false, nil, ExitRefused, append(asks, "--auto-approve", "--read-only")},
		"auto-approve":    {"", false, []string{"--auto-approve"}, ExitPassed, nil},
		"read-only":       {"yes\n", true, []string{"--read-only"}, ExitRefused, []string{"change", "remove"}},
		"only what reads": {"", false, []string{"--target", "look"}, ExitPassed, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, tc.interactive, strings.NewReader(tc.answer), map[string]string{"NO_COLOR": "1"})
			status := tt.run(append([]string{"apply", tt.file(t, "x.hcl", writing)}, tc.flags...)...)
			if status != tc.want {
				t.Errorf("exit status %d, want %d\n%s%s", status, tc.want, tt.out, tt.err)
			}
			for _, text := range tc.says {
				if !strings.Contains(tt.err.String(), text) {
					t.Errorf("%q is not in %s", text, tt.err)
				}
			}
			if ran := len(tt.fake.Log()) > 0; ran != (tc.want == ExitPassed) {
				t.Errorf("carried out %v", tt.fake.Log())
			}
		})
	}
}

const waiting = `
runbook "waiting" {}
provider "fake" {}
step "fake_read" "slow" { id = "slow" }
step "fake_write" "change" { id = "change" }
check "later" { depends_on = [step.slow] }
`

// TestInterrupts: the first one cancels reads and lets a write end, the second one stops that too.
// A step that only reads, and whose undo writes, changes something all the same.
func TestQuestionAboutAnUndo(t *testing.T) {
	file := `
runbook "undoing" {}
provider "fake" { name = "production" }
step "fake_read" "look" {
  id = "look"
  undo "fake_write" {
    on = "end"
    id = "clean-up"
  }
}
`
	tt := newTerminal(t, false, strings.NewReader(""), map[string]string{"NO_COLOR": "1"})
	if status := tt.run("apply", tt.file(t, "x.hcl", file)); status != ExitRefused {
		t.Errorf("exit status %d, want %d\n%s%s", status, ExitRefused, tt.out, tt.err)
	}
	for _, text := range []string{"changes something", "undo of look", "fake_write", "fake://production", "clean-up", "at the end of the run"} {
		if !strings.Contains(tt.err.String(), text) {
			t.Errorf("%q is not in %s", text, tt.err)
		}
	}
	if len(tt.fake.Log()) > 0 {
		t.Errorf("carried out %v", tt.fake.Log())
	}
}

func TestInterrupts(t *testing.T) {
	for name, second := range map[string]bool{"first": false, "second": true} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			started, finish := make(chan string, 2), make(chan struct{})
			tt.fake.Do = func(ctx context.Context, id string, _ int) error {
				started <- id
				return enginetest.Until(ctx, finish)
			}
			status := make(chan int, 1)
			go func() { status <- tt.run("apply", tt.file(t, "x.hcl", waiting), "--auto-approve") }()
			<-started
			<-started
			tt.signals <- os.Interrupt
			waitFor(t, tt, "nothing new starts")
			if second {
				tt.signals <- syscall.SIGTERM
			} else {
				waitFor(t, tt, "slow")
				close(finish)
			}
			want := ExitInterrupted
			if second {
				want = ExitLeftOver // the write is in doubt
			}
			if got := <-status; got != want {
				t.Errorf("exit status %d\n%s%s", got, tt.out, tt.err)
			}
			change := " ✓ change"
			if second {
				change = " ■ change             cancelled: the run was interrupted while the step was under way: it may have changed something"
			}
			for _, text := range []string{change, " ■ slow", " ■ later", "runbook resume"} {
				if !strings.Contains(tt.out.String(), text) {
					t.Errorf("%q is not in\n%s", text, tt.out)
				}
			}
		})
	}
}

// waitFor returns once the program has said something.
func waitFor(t *testing.T, tt *terminal, text string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for !strings.Contains(tt.out.String()+tt.err.String(), text) {
		select {
		case <-deadline:
			t.Fatalf("%q was never said:\n%s%s", text, tt.out, tt.err)
		case <-tt.out.written:
		}
	}
}

func TestInterruptAtTheQuestion(t *testing.T) {
	reader, writer := io.Pipe()
	defer writer.Close() //nolint:errcheck // of a pipe that nobody reads any more
	tt := newTerminal(t, true, reader, nil)
	status := make(chan int, 1)
	go func() { status <- tt.run("apply", tt.file(t, "x.hcl", writing)) }()
	waitFor(t, tt, "Run it?")
	tt.signals <- os.Interrupt
	if got := <-status; got != ExitRefused || len(tt.fake.Log()) > 0 {
		t.Errorf("exit status %d after %v", got, tt.fake.Log())
	}
	if said := tt.err.String(); strings.Contains(said, "nothing new starts") {
		t.Errorf("the program speaks of a run that has not begun:\n%s", said)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestOutputThatFails: a run whose report could not be written did not pass.
func TestOutputThatFails(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.Out = fullDisk{}
	status := tt.run("apply", tt.file(t, "x.hcl", writing), "--target", "look")
	if status != ExitFailed || !strings.Contains(tt.err.String(), "no space left on device") {
		t.Errorf("exit status %d\n%s", status, tt.err)
	}
}

// failingJournal takes so many appends, then its disk is full.
type failingJournal struct {
	journal.Journal
	left int
}

func (j *failingJournal) Append(ctx context.Context, id string, entries []journal.Entry) error {
	if j.left--; j.left < 0 {
		return errors.New("no space left on device")
	}
	return j.Journal.Append(ctx, id, entries)
}

// TestDiskFullDuringARun: what was run is not called "nothing was run".
func TestDiskFullDuringARun(t *testing.T) {
	for appends := range 12 {
		tt := newTerminal(t, false, nil, nil)
		open := tt.OpenJournal
		tt.OpenJournal = func(ctx context.Context, path string) (journal.Journal, error) {
			j, err := open(ctx, path)
			return &failingJournal{Journal: j, left: appends}, err
		}
		status := tt.run("apply", tt.file(t, "x.hcl", writing), "--auto-approve")
		ran := len(tt.fake.Log()) > 0
		if broken := strings.Contains(tt.err.String(), "no space left on device"); !broken {
			if status != ExitPassed {
				t.Errorf("%d appends: exit status %d\n%s%s", appends, status, tt.out, tt.err)
			}
			return
		}
		if ran && status == ExitRefused || appends == 0 && status != ExitRefused {
			t.Errorf("%d appends: carried out %v, exit status %d\n%s%s", appends, tt.fake.Log(), status, tt.out, tt.err)
		}
	}
	t.Error("the run never ended well")
}

// TestSecretsNeverShow: a value that secret() read is blanked wherever a service echoes it, in errors too.
func TestSecretsNeverShow(t *testing.T) {
	const secret = `pass"word\7`
	for _, flags := range [][]string{nil, {"--json"}} {
		tt := newTerminal(t, false, nil, map[string]string{"TOKEN": secret})
		tt.fake.Do = func(context.Context, string, int) error { return errors.New("refused token " + secret) }
		file := tt.file(t, "x.hcl", `
runbook "leak" {}
provider "fake" { password = secret("env:TOKEN") }
step "fake_read" "leak" {}
`)
		if status := tt.run(append([]string{"apply", file}, flags...)...); status != ExitFailed {
			t.Errorf("exit status %d\n%s", status, tt.err)
		}
		all := tt.out.String() + tt.err.String()
		if strings.Contains(all, `word`) || !strings.Contains(all, "refused token (sensitive)") {
			t.Errorf("flags %v: %s", flags, all)
		}
	}
}
