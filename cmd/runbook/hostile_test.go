package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Statuses of a run.
const (
	passed  = 0
	stopped = 1 // by a client, while it ran
	refused = 2 // by the plan, before anything ran
)

const byPlan = "Refused by --read-only"

// expected is what becomes of an attempt, by the word in the comment above it.
type expected struct {
	// flagged are the statuses with --read-only.
	flagged []int
	// unflagged is the status without; -1: it is not tried. changes is true where it then changes something: an attempt
	// that could change nothing anyway would show nothing.
	unflagged int
	changes   bool
}

var expectations = map[string]expected{
	"writes":  {flagged: []int{refused}, unflagged: passed, changes: true},
	"planned": {flagged: []int{refused}, unflagged: -1},
	"never":   {flagged: []int{refused, stopped}, unflagged: stopped},
	"stopped": {flagged: []int{stopped}, unflagged: -1},
	"passes":  {flagged: []int{passed}, unflagged: passed},
}

// attempt is a step of hostile.hcl.
type attempt struct {
	name, source string
	how          expected
	// says is what the program says of it: the reason, not just any.
	says string
}

// TestHostile runs each step of a runbook that tries to write, and finds the world as it was.
func TestHostile(t *testing.T) {
	w := newWorld(t)
	common, attempts := readAttempts(t)
	w.common = common
	t.Run("all at once", func(t *testing.T) {
		var all strings.Builder
		for _, a := range attempts {
			all.WriteString(a.source)
		}
		if status, text := w.apply(t, all.String(), "--read-only"); status != refused {
			t.Errorf("status %d: %s", status, text)
		}
		w.unchanged(t)
	})
	for _, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			status, text := w.apply(t, a.source, "--read-only")
			t.Logf("status %d: %s", status, text)
			if !slices.Contains(a.how.flagged, status) {
				t.Errorf("status %d, expected one of %v", status, a.how.flagged)
			}
			if unfolded := unfold(text); !strings.Contains(unfolded, a.says) && (status != refused || !strings.Contains(unfolded, byPlan)) {
				t.Errorf("it does not say %q", a.says)
			}
			w.unchanged(t)
		})
		if a.how.unflagged < 0 {
			continue
		}
		t.Run(a.name+" without the flag", func(t *testing.T) {
			status, text := w.apply(t, a.source)
			if refusedByPlan := status == refused && a.how.unflagged == stopped; status != a.how.unflagged && !refusedByPlan {
				t.Errorf("status %d, expected %d:\n%s", status, a.how.unflagged, text)
			}
			if !a.how.changes {
				if !strings.Contains(unfold(text), a.says) {
					t.Errorf("it does not say %q:\n%s", a.says, text)
				}
				w.unchanged(t)
				return
			}
			after := w.state(t)
			if cmp.Equal(w.before, after) {
				t.Errorf("nothing has changed:\n%s", text)
			}
			w.before = after
		})
	}
}

// apply runs a runbook of the common part and some steps, in a process of its own.
func (w *world) apply(t *testing.T, steps string, flags ...string) (int, string) {
	t.Helper()
	child, err := os.ReadFile(filepath.Join("testdata", "hostile", "child.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "hostile.hcl")
	for path, text := range map[string][]byte{file: []byte(w.common + steps), filepath.Join(filepath.Dir(file), "child.hcl"): child} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Under this name the test's own binary is the program, see TestMain.
	cmd := &exec.Cmd{Path: program, Env: w.env, Args: append([]string{"runbook", "apply", file, "--auto-approve",
		"--store", filepath.Join(t.TempDir(), "runs.db")}, flags...)}
	text, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

func (w *world) unchanged(t *testing.T) {
	t.Helper()
	after := w.state(t)
	if diff := cmp.Diff(w.before, after); diff != "" {
		t.Errorf("it changed something: %s", diff)
	}
	w.before = after // so that the next is not blamed
}

// unfold takes a diagnostic's frame and line breaks out of a text.
func unfold(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "│", "")), " ")
}

// readAttempts takes the file apart: what its steps share, and each of them. Alone, one that is refused hides no other.
func readAttempts(t *testing.T) (common string, attempts []attempt) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "hostile", "hostile.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	var now *attempt
	for line := range strings.Lines(string(source)) {
		word, says, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), ": ")
		if how, there := expectations[word]; there && says != "" {
			now = &attempt{how: how, says: says}
		}
		parts := strings.Split(line, `"`)
		step := strings.HasPrefix(line, "step ") && len(parts) == 5
		switch {
		case step && now != nil:
			now.name = parts[3]
		case step && parts[3] != "any":
			t.Fatalf("nothing is said of step %s", parts[3])
		}
		if now == nil {
			common += line
			continue
		}
		now.source += line
		if strings.HasPrefix(line, "}") {
			attempts = append(attempts, *now)
			now = nil
		}
	}
	return common, attempts
}
