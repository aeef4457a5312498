package main

import (
	"strings"
	"testing"
)

// at is what a question shows last on a terminal that can be drawn on, or that can't, and what is typed then.
type at struct{ sees, types string }

// TestResumeAsks: what was left open is asked again in full, as apply asked it, and what is said to it is told as show tells
// it later.
func TestResumeAsks(t *testing.T) {
	left := map[string]struct {
		beforehand  []string
		tells       []string
		form, lines at
		said        string
	}{
		"calm": {
			nil, []string{"waits for a yes or no", "Is it calm?"},
			at{"yes or no:", "n\r"}, at{"yes or no:", "n\n\n"}, "answered no by alice@",
		},
		"tasks": {
			[]string{"calm=yes"}, []string{"waits for a checklist", "Before the release", "tell support", "freeze"},
			at{"0 of 2 done", " \r"}, at{"done: ", "1\n\n\n"}, "1 of 2 done, said by alice@",
		},
		"size": {
			[]string{"calm=yes", "tasks=all"}, []string{"waits for an answer", "How many?", "a number", "default 3"},
			at{"answer:", "5\r"}, at{"return for 3", "5\n\n"}, "answered 5 by alice@",
		},
		"touch": {
			[]string{"calm=yes", "tasks=all", "size=3"},
			[]string{"waits for an approval", "Touch it?", "write: local_command", `command = ["touch","touched"]`},
			at{"yes or no:", "no\r"}, at{`"no" denies:`, "no\n\n"}, "denied by alice@",
		},
	}
	next := map[string]string{"tasks": "size", "size": "touch"} // after a no, nothing is asked
	for step, tc := range left {
		then := left[next[step]]
		follows := map[string]at{"xterm-256color": then.form, "dumb": then.lines}
		for kind, there := range map[string]at{"xterm-256color": tc.form, "dumb": tc.lines} {
			t.Run(step+" "+kind, func(t *testing.T) {
				t.Parallel()
				dir := writeAsking(t)
				id := pausedAt(t, dir, step, tc.beforehand, tc.tells)
				s := sit(t, dir, kind, "resume", id)
				s.SeesNext(t, "resumed by alice@")
				for _, text := range append(tc.tells, "runbook answer "+id+" "+step, there.sees) {
					s.SeesNext(t, text)
				}
				s.Types(t, there.types)
				s.SeesNext(t, tc.said)
				if next[step] != "" {
					s.SeesNext(t, follows[kind].sees) // what is typed before it stands there is thrown away
					s.Types(t, "\x03")
				}
				s.ends(t)
				if status, shown := alone(t, dir, "show", id); status != 0 || !strings.Contains(shown, tc.said) {
					t.Errorf("exit status %d\n%s", status, shown)
				}
			})
		}
	}
}

// pausedAt runs the runbook without a person until it pauses at a step, and resumes it likewise, each of which must tell the question
// and how to answer it. It gives the run's id.
func pausedAt(t *testing.T, dir, step string, beforehand, tells []string) (id string) {
	t.Helper()
	args := []string{"apply", "x.hcl", "--auto-approve"}
	for _, answer := range beforehand {
		args = append(args, "--answer", answer)
	}
	for range 2 {
		status, said := alone(t, dir, args...)
		found := runID.FindStringSubmatch(said)
		if status != 3 || found == nil || strings.Count(said, "runbook answer "+found[1]+" "+step) != 2 {
			t.Fatalf("%s: exit status %d\n%s", args[0], status, said)
		}
		for _, text := range tells {
			if !strings.Contains(said, text) {
				t.Errorf("%s: %q is not in\n%s", args[0], text, said)
			}
		}
		id = found[1]
		args = []string{"resume", id}
	}
	return id
}
