package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the program itself with these arguments in a folder, without a terminal; nothing is started yet.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
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
	cmd.Env = []string{"HOME=" + dir, "USER=alice", "TZ=UTC", "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	return cmd
}

// ends runs the program to its end and gives its exit status and all it said.
func ends(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	text, err := program(t, dir, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode(), string(text)
	}
	return 0, string(text)
}

// until waits for something to become true.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late, tick := time.After(2*time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-late:
			t.Fatalf("%s: this never came", what)
		case <-tick.C:
		}
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// working tells its process group, works until the file go is there, and tells that it has ended.
const working = `
step "local_command" "work" {
  command = ["sh", "-c", "echo $$ >> ${var.log}; while [ ! -e go ]; do sleep 0.1; done; echo >> ended"]
  effect  = "write"
  timeout = "10m"
}
output "code" { value = step.work.exit_code }
`

// TestKilledInTheMiddleOfACommand: kill -9 of the program leaves its command behind. It is found and shown, nothing is run
// beside it whatever is said about the doubt, and once it is gone a person decides.
func TestKilledInTheMiddleOfACommand(t *testing.T) {
	for name, step := range map[string]string{"alone": "work", "in a runbook that a step runs": "inner/work"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := map[string]string{"x.hcl": "runbook \"killed\" {}\nvariable \"log\" { default = \"began\" }\n" + working}
			if step != "work" {
				files["inner.hcl"] = "runbook \"inner\" {}\nvariable \"log\" {}\n" + working
				files["x.hcl"] = `
runbook "killed" {}
step "local_memory" "memory" {}
step "runbook" "inner" {
  source    = "./inner.hcl"
  variables = { log = step.memory.total_bytes > 0 ? "began" : "never" }
}
`
			}
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			began := filepath.Join(dir, "began")
			killWhen(t, program(t, dir, "apply", "x.hcl", "--auto-approve", "--json"), func() bool { return len(lines(t, began)) == 1 })
			group := lines(t, began)[0]
			id := newest(t, dir)
			for _, flags := range [][]string{{"resume"}, {"resume", "--in-doubt", "redo"}, {"resume", "--in-doubt", "done"}, {"cancel"}} {
				status, said := ends(t, dir, append(flags, id)...)
				if status != 4 || !strings.Contains(said, step+" still goes on") || !strings.Contains(said, "process group "+group) || !strings.Contains(said, "kill -- -"+group) {
					t.Errorf("%v: exit status %d\n%s", flags, status, said)
				}
			}
			if twins := lines(t, began); len(twins) != 1 {
				t.Errorf("it was started beside the one that goes on: process groups %q", twins)
			}
			if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			until(t, "the end of the command", func() bool { _, err := os.Stat("/proc/" + group); return os.IsNotExist(err) })
			status, said := ends(t, dir, "cancel", id) // the doubt stays
			if status != 4 || !strings.Contains(said, "in doubt: step "+step) || !strings.Contains(said, "to go on with the run: runbook resume "+id) {
				t.Errorf("exit status %d\n%s", status, said)
			}
			status, said = ends(t, dir, "resume", id)
			if status != 4 || !strings.Contains(said, "does not run any more") || !strings.Contains(said, "--in-doubt done or --in-doubt redo") {
				t.Errorf("exit status %d\n%s", status, said)
			}
			if status, said = ends(t, dir, "resume", id, "--in-doubt", "redo"); status != 0 || len(lines(t, began)) != 2 {
				t.Errorf("exit status %d, %q\n%s", status, lines(t, began), said)
			}
		})
	}
}

// TestKilledInTheMiddleOfAnUndo: an undo by hand does not begin beside the one that was left behind either, however often it
// is tried. Once that is gone it is left, and sent again only when somebody says so.
func TestKilledInTheMiddleOfAnUndo(t *testing.T) {
	dir := t.TempDir()
	text := `
runbook "killed" { on_failure = "stop" }
step "local_command" "work" {
  command = ["true"]
  timeout = "20s"
  undo "local_command" {
    command = ["sh", "-c", "echo $$ >> began; while [ ! -e go ]; do sleep 0.05; done"]
    timeout = "20s"
  }
}
step "local_command" "bad" {
  depends_on = [step.work]
  command    = ["false"]
  timeout    = "20s"
}
`
	if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	began := filepath.Join(dir, "began")
	killWhen(t, program(t, dir, "apply", "x.hcl", "--auto-approve", "--json"), func() bool { return len(lines(t, began)) == 1 })
	group, id := lines(t, began)[0], newest(t, dir)
	for range 2 {
		status, said := ends(t, dir, "undo", id, "--auto-approve")
		if status != 4 || !strings.Contains(said, "the undo of work still goes on") || !strings.Contains(said, "kill -- -"+group) {
			t.Errorf("exit status %d\n%s", status, said)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the command", func() bool { _, err := os.Stat("/proc/" + group); return os.IsNotExist(err) })
	status, said := ends(t, dir, "resume", id)
	if status != 4 || !strings.Contains(said, "look whether the undo of work took place") {
		t.Errorf("exit status %d\n%s", status, said)
	}
	for _, flags := range [][]string{nil, {"--auto-approve"}, {"--auto-approve", "--in-doubt", "abort"}} {
		status, said = ends(t, dir, append([]string{"undo", id}, flags...)...)
		if status != 4 || len(lines(t, began)) != 1 || !strings.Contains(said, "nothing was run") {
			t.Errorf("%v: exit status %d, %q\n%s", flags, status, lines(t, began), said)
		}
	}
	if status, said = ends(t, dir, "undo", id, "--auto-approve", "--in-doubt", "redo"); status != 0 || len(lines(t, began)) != 2 {
		t.Errorf("exit status %d, %q\n%s", status, lines(t, began), said)
	}
}

// killWhen starts the program and kills it once something holds.
func killWhen(t *testing.T, cmd *exec.Cmd, holds func() bool) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	until(t, "what the program is killed at", func() bool {
		select {
		case <-ended:
			t.Fatalf("it ended by itself:\n%s", said.String())
		default:
		}
		return holds()
	})
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
}

// newest is the id of the last run.
func newest(t *testing.T, dir string) string {
	t.Helper()
	status, said := ends(t, dir, "runs")
	found := changing[2].pattern.FindString(said)
	if status != 0 || found == "" {
		t.Fatalf("exit status %d\n%s", status, said)
	}
	return found
}
