package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// piped has the results of a command go through another program to the same terminal.
func piped(cmd *exec.Cmd) *exec.Cmd {
	through := exec.Command("sh", append([]string{"-c", `"$@" | cat`, "sh", cmd.Path}, cmd.Args[1:]...)...)
	through.Dir, through.Env = cmd.Dir, cmd.Env
	return through
}

// TestAsksBesideAReader: where another program shows the results on the terminal, a question keeps that as it is: each of its lines
// begins where lines begin, and the prompt stands below the last.
func TestAsksBesideAReader(t *testing.T) {
	dir := writes(t, `
runbook "piped" {}
step "local_command" "slow" {
  command = ["sh", "-c", "until [ -e seen ]; do sleep 0.05; done"]
  effect  = "read"
  timeout = "20s"
}
step "manual_confirm" "calm" { prompt = "Is it calm?" }
`)
	s := start(t, piped(command(t, dir, "xterm-256color", "apply", "x.hcl")))
	s.SeesNext(t, "Is it calm?") // by the other program
	s.SeesNext(t, "Is it calm?") // by the form
	s.SeesNext(t, "yes or no:")
	if err := exec.Command("touch", dir+"/seen").Run(); err != nil {
		t.Fatal(err)
	}
	s.SeesNext(t, "exit code 0")
	s.SeesNext(t, "yes or no:")
	s.Types(t, "y\n")
	s.SeesNext(t, "note")
	s.Types(t, "\n")
	s.SeesNext(t, "passed: 2")
	s.ends(t)
	for i, line := range strings.Split(s.Text(), "\n") {
		if line != "" && !strings.HasSuffix(line, "\r") {
			t.Errorf("line %d does not go back to the left: %q\n%s", i, line, s.Text())
		}
		if strings.Contains(line, "yes or no:") && strings.Contains(line, "exit code") {
			t.Errorf("line %d stands behind the prompt: %q", i, line)
		}
	}
}

// TestCtrlCIsWrittenOver: what is said about an interrupt, be it that or that the run stops, begins where lines begin, though the terminal has
// shown ^C there.
func TestCtrlCIsWrittenOver(t *testing.T) {
	dir := writes(t, "runbook \"long\" {}\nstep \"local_command\" \"long\" {\n  command = [\"sleep\", \"20\"]\n  effect = \"read\"\n  timeout = \"30s\"\n}\n")
	s := sit(t, dir, "dumb", "apply", "x.hcl")
	s.SeesNext(t, "steps        1")
	s.Types(t, "\x03")
	if status := s.ends(t); status != 3 || !over.MatchString(s.Text()) || strings.Count(s.Text(), "^C") != 1 || !strings.Contains(s.Text(), "\rinterrupt: nothing new starts") {
		t.Errorf("exit status %d\n%q", status, s.Text())
	}
}

// over is what comes over a ^C, whichever is told first.
var over = regexp.MustCompile(`\^C\r( ■ stopping: )?interrupt`)
