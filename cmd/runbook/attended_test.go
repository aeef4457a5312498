package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const forBob = `
runbook "for-bob" {}
contact "ann" { name = "Ann Roe" }
escalation "oncall" {
  level {
    contact = contact.ann
    after   = "1s"
  }
}
step "local_command" "touch" {
  command = ["touch", "touched"]
  effect  = "write"
  timeout = "10s"
  approval {
    prompt     = "Touch it?"
    approvers  = ["bob"]
    escalation = escalation.oncall
  }
}
`

// writes puts a runbook in a folder of the test's.
func writes(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// as has a command run in the name of somebody else.
func as(user string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Env = append(cmd.Env, "USER="+user)
	return cmd
}

// TestWaitsForOthers: a run at a terminal where nobody may answer stays there, its levels fall due, and it goes on when somebody
// answers elsewhere. Without a terminal it pauses, and in CI, which may have one at which nobody sits.
func TestWaitsForOthers(t *testing.T) {
	for kind, keys := range map[string]string{"xterm-256color": "ctrl-d: pause the run", "dumb": "ctrl-d pauses the run"} {
		t.Run(kind, func(t *testing.T) {
			dir := writes(t, forBob)
			s := sit(t, dir, kind, "apply", "x.hcl", "--auto-approve")
			s.SeesNext(t, "only bob may answer, from a shell of their own:")
			s.SeesNext(t, keys)
			s.SeesNext(t, "nobody answered: level 1, Ann Roe")
			s.SeesNext(t, keys)
			s.Types(t, "yes\r")
			id := runID.FindStringSubmatch(s.Text())
			said, err := as("bob", command(t, dir, "dumb", "answer", id[1], "touch", "yes")).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			if status := s.ends(t); status != 0 || !strings.Contains(s.Text(), "approved by bob@") {
				t.Errorf("exit status %d\n%s", status, s.Text())
			}
		})
	}
	dir := writes(t, forBob)
	job := command(t, dir, "xterm-256color", "apply", "x.hcl", "--auto-approve")
	job.Env = append(job.Env, "CI=true")
	s := start(t, job)
	if status, said := s.ends(t), s.Text(); status != 3 || !strings.Contains(said, "nobody looks on where CI is set") || !strings.Contains(said, "only bob may answer") {
		t.Errorf("in CI: exit status %d\n%s", status, said)
	}
	dir = writes(t, forBob)
	if status, said := alone(t, dir, "apply", "x.hcl", "--auto-approve"); status != 3 || !strings.Contains(said, "only bob may answer") {
		t.Errorf("exit status %d\n%s", status, said)
	}
}

// TestLeavesWhatOthersAnswer: Ctrl-D pauses a run that waits for others, and Ctrl-C stops it.
func TestLeavesWhatOthersAnswer(t *testing.T) {
	for key, says := range map[string]string{"\x04": "paused · run", "\x03": "interrupted: "} {
		for kind, keys := range map[string]string{"xterm-256color": "ctrl-d: pause the run", "dumb": "ctrl-d pauses the run"} {
			s := sit(t, writes(t, forBob), kind, "apply", "x.hcl", "--auto-approve")
			s.SeesNext(t, keys)
			s.Types(t, key)
			if status := s.ends(t); status != 3 || !strings.Contains(s.Text(), says) || !strings.Contains(s.Text(), "resume with: runbook resume") || strings.Contains(s.Text(), "[WARN]") {
				t.Errorf("%q on %s: exit status %d\n%s", key, kind, status, s.Text())
			}
		}
	}
}
