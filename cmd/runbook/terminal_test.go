package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/ptytest"
)

// session is the program on a pseudo-terminal of its own.
type session struct {
	*ptytest.Screen
	done chan error
}

// command is the program in a folder, for a kind of terminal.
func command(t *testing.T, dir, kind string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test's own binary is the program when it is called so: see TestMain.
	link := filepath.Join(t.TempDir(), "runbook")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(link, args...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "USER=alice", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "TERM=" + kind, "LANG=C.UTF-8"}
	return cmd
}

// alone runs the program without a terminal and gives its exit status and what it said.
func alone(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	cmd := command(t, dir, "dumb", args...)
	said, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(said)
}

// sit starts the program in a folder, on a terminal of 80 columns and 24 rows.
func sit(t *testing.T, dir, kind string, args ...string) *session {
	t.Helper()
	return start(t, command(t, dir, kind, args...))
}

// start starts a command on such a terminal.
func start(t *testing.T, cmd *exec.Cmd) *session {
	t.Helper()
	keys, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Fatal(err)
	}
	s := &session{Screen: ptytest.Sit(keys), done: make(chan error, 1)}
	go func() { err := cmd.Wait(); <-s.Over(); s.done <- err }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = keys.Close()
	})
	return s
}

// ends waits for the program and gives its exit status.
func (s *session) ends(t *testing.T) int {
	t.Helper()
	select {
	case err := <-s.done:
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Wait does not wrap it
			return exit.ExitCode()
		}
		if err != nil {
			t.Fatal(err)
		}
		return 0
	case <-time.After(time.Minute):
		t.Fatalf("the program did not end:\n%s", s.Text())
	}
	return -1
}

const waitingRun = "01JD3V7C8M2YQ4T6W9Z1B3D5F7"

// keepPaused makes a history with a run that waits for an approval.
func keepPaused(t *testing.T, dir string) journal.Journal {
	t.Helper()
	j, err := sqlite.Open(t.Context(), filepath.Join(dir, ".local", "state", "runbook", "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	status := 3
	var entries []journal.Entry
	for i, e := range []run.Event{
		{Type: run.RunStarted, Header: &run.Header{Runbook: "release", File: "release.hcl", Steps: 1}},
		{Type: run.StepWaiting, Step: "scale", For: run.ForApproval, Question: &run.Question{
			Kind: run.AskApproval, Prompt: "Scale up?", Action: "kubernetes_scale", Effect: "write", Target: "https://k8s:6443", Digest: "d",
		}},
		{Type: run.RunPaused, ExitStatus: &status},
	} {
		e.V, e.Seq, e.Run, e.Time = run.Version, int64(i+1), waitingRun, time.Now().UTC()
		text, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, journal.Entry{Event: &e, JSON: text})
	}
	if err := j.Append(t.Context(), waitingRun, entries); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

// TestAnswerAtATerminal: the form on a terminal that can be drawn on, and line by line on one that can't.
func TestAnswerAtATerminal(t *testing.T) {
	for kind, keys := range map[string]string{"xterm-256color": "yes\tseen it\r", "dumb": "yes\nseen it\n"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			j := keepPaused(t, dir)
			s := sit(t, dir, kind, "answer", waitingRun, "scale")
			s.SeesNext(t, "kubernetes_scale on https://k8s:6443")
			if kind == "dumb" {
				s.SeesNext(t, `only "yes" approves, "no" denies:`)
			} else {
				s.SeesNext(t, "yes or no:")
			}
			s.Types(t, keys)
			if status := s.ends(t); status != 0 {
				t.Fatalf("exit status %d\n%s", status, s.Text())
			}
			messages, err := j.Messages(t.Context(), waitingRun, 0)
			if err != nil || len(messages) != 1 || string(messages[0].Answer.Value) != "true" || messages[0].Answer.Note != "seen it" || messages[0].Answer.Digest != "d" {
				t.Errorf("%+v, %v", messages, err)
			}
		})
	}
}

// TestCtrlCAtAnAnswer: nothing is answered, and the terminal is as it was.
func TestCtrlCAtAnAnswer(t *testing.T) {
	for kind, prompt := range map[string]string{"xterm-256color": "yes or no:", "dumb": `"no" denies:`} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			j := keepPaused(t, dir)
			s := sit(t, dir, kind, "answer", waitingRun, "scale")
			s.SeesNext(t, prompt)
			s.Types(t, "ye\x03")
			if status := s.ends(t); status != 2 || !strings.Contains(s.Text(), "nothing was answered") || !strings.Contains(s.Text(), "cancel "+waitingRun) {
				t.Errorf("exit status %d\n%s", status, s.Text())
			}
			if strings.Contains(s.Text(), "stop the run") {
				t.Errorf("the form says that it stops the run, which it does not:\n%s", s.Text())
			}
			if messages, err := j.Messages(t.Context(), waitingRun, 0); err != nil || len(messages) != 0 {
				t.Errorf("%+v, %v", messages, err)
			}
		})
	}
}

const asking = `
runbook "asking" {}
step "manual_confirm" "calm" {
  prompt = "Is it calm?"
}
step "manual_checklist" "tasks" {
  prompt     = "Before the release"
  items      = ["tell support", "freeze"]
  depends_on = [step.calm]
}
step "manual_input" "size" {
  prompt     = "How many?"
  type       = "number"
  default    = 3
  depends_on = [step.tasks]
}
step "local_command" "touch" {
  command    = ["touch", "touched"]
  effect     = "write"
  timeout    = "10s"
  depends_on = [step.size]
  approval {
    prompt = "Touch it?"
  }
}
`

func writeAsking(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(asking), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestApplyAsks: a run asks one question after another at its terminal.
func TestApplyAsks(t *testing.T) {
	dir := writeAsking(t)
	s := sit(t, dir, "xterm-256color", "apply", "x.hcl", "--auto-approve")
	s.SeesNext(t, "yes or no:")
	s.Types(t, "y\r")
	s.SeesNext(t, "0 of 2 done")
	s.Types(t, " j \r")
	s.SeesNext(t, "answer:")
	s.Types(t, "\r")
	s.SeesNext(t, "Touch it?")
	s.SeesNext(t, "yes or no:")
	s.Types(t, "yes\tsure\r")
	if status := s.ends(t); status != 0 || !strings.Contains(s.Text(), "approved by alice@") || !strings.Contains(s.Text(), "note: sure") {
		t.Fatalf("exit status %d\n%s", status, s.Text())
	}
	if _, err := os.Stat(filepath.Join(dir, "touched")); err != nil {
		t.Error(err)
	}
}

// TestCtrlCInAForm is the run's first interrupt; Ctrl-D leaves the question open and pauses the run.
func TestCtrlCInAForm(t *testing.T) {
	for key, says := range map[string]string{"\x03": "interrupted: ", "\x04": "step calm is left open; nobody is asked at this terminal any more"} {
		s := sit(t, writeAsking(t), "xterm-256color", "apply", "x.hcl", "--auto-approve")
		s.SeesNext(t, "yes or no:")
		s.Types(t, key)
		if status := s.ends(t); status != 3 || !strings.Contains(s.Text(), says) || !strings.Contains(s.Text(), "resume with: runbook resume") || strings.Contains(s.Text(), "[WARN]") {
			t.Errorf("exit status %d\n%s", status, s.Text())
		}
	}
}

var runID = regexp.MustCompile(`runbook answer ([0-9A-Z]{26})`)

// TestAnsweredElsewhere: the form goes when another shell answers, and the run goes on.
func TestAnsweredElsewhere(t *testing.T) {
	dir := writeAsking(t)
	s := sit(t, dir, "xterm-256color", "apply", "x.hcl", "--auto-approve", "--answer", "tasks=all", "--answer", "size=5")
	s.SeesNext(t, "yes or no:")
	id := runID.FindStringSubmatch(s.Text())
	if id == nil {
		t.Fatalf("no run's id in\n%s", s.Text())
	}
	other := sit(t, dir, "dumb", "answer", id[1], "calm", "yes")
	if status := other.ends(t); status != 0 || !strings.Contains(other.Text(), "goes on with it") {
		t.Errorf("exit status %d\n%s", status, other.Text())
	}
	// What became of the question stands there before the next one, which takes nothing that was meant for it.
	s.SeesNext(t, "answered yes by alice@")
	s.SeesNext(t, "Step calm needs no answer here any more. This is another question.")
	s.SeesNext(t, "Press nothing for a moment, then answer.")
	s.SeesNext(t, "yes or no:")
	other = sit(t, dir, "dumb", "answer", id[1], "touch", "no", "--note", "too late")
	if status := other.ends(t); status != 0 {
		t.Errorf("exit status %d\n%s", status, other.Text())
	}
	if status := s.ends(t); status != 1 || !strings.Contains(s.Text(), "denied by alice@") || !strings.Contains(s.Text(), "note: too late") {
		t.Errorf("exit status %d\n%s", status, s.Text())
	}
	if _, err := os.Stat(filepath.Join(dir, "touched")); err == nil {
		t.Error("what was denied was done")
	}
}

// TestWhatNobodyMaySee is typed at the terminal of the run, or at that of runbook answer, and shown at neither.
func TestWhatNobodyMaySee(t *testing.T) {
	const secret = "hunter2 at the keys"
	for kind, prompt := range map[string]string{"xterm-256color": "answer:", "dumb": "which is not shown:"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			text := "runbook \"x\" {}\nstep \"manual_input\" \"password\" {\n  prompt    = \"Password?\"\n  sensitive = true\n}\noutput \"o\" { value = step.password.value }\n"
			if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s := sit(t, dir, kind, "apply", "x.hcl")
			s.SeesNext(t, prompt)
			at := s
			if kind == "dumb" { // the form stays open while the other shell answers
				id := runID.FindStringSubmatch(s.Text())
				at = sit(t, dir, kind, "answer", id[1], "password")
				at.SeesNext(t, prompt)
				at.Types(t, secret+"\n")
				at.SeesNext(t, "note")
				at.Types(t, "\n")
			} else {
				at.Types(t, secret+"\r")
			}
			if status := at.ends(t); status != 0 || strings.Contains(at.Text(), "hunter2") {
				t.Errorf("exit status %d\n%s", status, at.Text())
			}
			if at == s {
				return
			}
			if status := s.ends(t); status != 0 || !strings.Contains(s.Text(), "o = (sensitive)") || strings.Contains(s.Text(), "hunter2") {
				t.Errorf("exit status %d\n%s", status, s.Text())
			}
		})
	}
}

// TestAnsweredBesideAnAnswer: the form that runbook answer opens about a paused run goes when another shell answers, and says who did.
func TestAnsweredBesideAnAnswer(t *testing.T) {
	for kind, prompt := range map[string]string{"xterm-256color": "yes or no:", "dumb": `"no" denies:`} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			j := keepPaused(t, dir)
			s := sit(t, dir, kind, "answer", waitingRun, "scale")
			s.SeesNext(t, prompt)
			s.Types(t, "ye")
			if status, said := alone(t, dir, "answer", waitingRun, "scale", "no"); status != 0 {
				t.Fatalf("exit status %d\n%s", status, said)
			}
			if status := s.ends(t); status != 2 || !strings.Contains(s.Text(), "nothing was answered: scale was answered by alice@") || !strings.Contains(s.Text(), "resume "+waitingRun) {
				t.Errorf("exit status %d\n%s", status, s.Text())
			}
			if messages, err := j.Messages(t.Context(), waitingRun, 0); err != nil || len(messages) != 1 || string(messages[0].Answer.Value) != "false" {
				t.Errorf("%+v, %v", messages, err)
			}
		})
	}
}

// TestCtrlCBesideSecrets: a secret may begin as what is drawn ends. Then the terminal still gets whole what is drawn, and what is said.
func TestCtrlCBesideSecrets(t *testing.T) {
	dir := t.TempDir()
	const text = `
runbook "slow" {}
step "local_command" "nap" {
  command = ["sleep", "30"]
  effect  = "read"
  env     = { K = secret("env:KEY"), L = secret("env:LINE") }
}
`
	if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, dir, "xterm-256color", "apply", "x.hcl")
	cmd.Env = append(cmd.Env, "KEY=[Jxx9-a-secret", "LINE=stops at once\nand no more")
	s := start(t, cmd)
	s.Sees(t, "running 1")
	s.Types(t, "\x03")
	if got := s.ends(t); got != 3 {
		t.Errorf("exit status %d", got)
	}
	shown := s.Text()
	if !strings.Contains(shown, "interrupt: nothing new starts, writes in flight end; once more ") || strings.Contains(shown, "\x1b") {
		t.Errorf("shown: %q", shown)
	}
}
