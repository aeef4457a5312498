package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestKilledWhileAProgramNotifies: kill -9 of the program leaves the one that tells a contact behind. It is found and shown,
// and not started beside itself, not even where its author lets it be repeated.
func TestKilledWhileAProgramNotifies(t *testing.T) {
	for name, retry := range map[string]string{"once": "", "repeated": "retry {\n attempts = 2\n writes = true\n }"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := `
runbook "killed" {}
escalation "oncall" {
  level {
    contact = "anna"
    notify "local_command" {
      command = ["sh", "-c", "echo $$ >> began; while [ ! -e go ]; do sleep 0.05; done"]
      timeout = "10m"
      ` + retry + `
    }
  }
}
step "manual_confirm" "ask" {
  prompt     = "Go on?"
  escalation = escalation.oncall
}
`
			if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			began := filepath.Join(dir, "began")
			killWhen(t, program(t, dir, "apply", "x.hcl", "--auto-approve", "--json"), func() bool { return len(lines(t, began)) == 1 })
			group, id := lines(t, began)[0], newest(t, dir)
			ends(t, dir, "resume", id)
			status, said := ends(t, dir, "show", id)
			flat := strings.Join(strings.Fields(said), " ")
			if status != 0 || !strings.Contains(flat, "what it started still runs: sh (pid "+group+")") || !strings.Contains(flat, "end it with: kill -- -"+group) ||
				!strings.Contains(flat, "it is not sent again") || len(lines(t, began)) != 1 {
				t.Errorf("exit status %d, begun by %q\n%s", status, lines(t, began), said)
			}
			if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			until(t, "the end of the command", func() bool { _, err := os.Stat("/proc/" + group); return os.IsNotExist(err) })
			if status, said := ends(t, dir, "resume", id, "--answer", "ask=yes"); status != 0 || len(lines(t, began)) != 1 {
				t.Errorf("exit status %d, begun by %q\n%s", status, lines(t, began), said)
			}
		})
	}
}
