package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCtrlBackslash: it stops a run as Ctrl-C does, between two writes and not in the middle of one.
func TestCtrlBackslash(t *testing.T) {
	dir := t.TempDir()
	text := `
runbook "quit" {}
step "local_command" "first" {
  command = ["sh", "-c", "echo x >> began; while [ ! -e go ]; do sleep 0.05; done"]
  timeout = "20s"
}
step "local_command" "second" {
  depends_on = [step.first]
  command    = ["sh", "-c", "echo x >> began"]
  timeout    = "20s"
}
`
	if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	began, output := filepath.Join(dir, "began"), filepath.Join(dir, "output")
	said := func() string { return strings.Join(lines(t, output), " ") }
	file, err := os.Create(output)
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, dir, "apply", "x.hcl", "--auto-approve")
	cmd.Stdout, cmd.Stderr = file, file
	if err := errors.Join(cmd.Start(), file.Close()); err != nil {
		t.Fatal(err)
	}
	until(t, "the first step", func() bool { return len(lines(t, began)) == 1 })
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	until(t, "that the signal was seen", func() bool { return strings.Contains(said(), "nothing new starts") })
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 3 || len(lines(t, began)) != 1 || !strings.Contains(said(), "resume with: runbook resume") {
		t.Errorf("%v, exit status %d, %d steps\n%s", err, status, len(lines(t, began)), said())
	}
}
