package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// expanding finds out only on its way which writes there are.
const expanding = `
runbook "expanding" {}
step "local_command" "found" {
  command = ["printf", "a b"]
  effect  = "read"
}
step "local_command" "touch" {
  for_each = toset(split(" ", step.found.stdout))
  command  = ["touch", each.value]
  effect   = "write"
  timeout  = "10s"
}
`

// TestWritesFoundAtRunTime are asked about at the terminal before the first of them, by apply and by the resume of a run
// whose question was left open.
func TestWritesFoundAtRunTime(t *testing.T) {
	for _, kind := range []string{"xterm-256color", "dumb"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "x.hcl"), []byte(expanding), 0o600); err != nil {
				t.Fatal(err)
			}
			prompt, yes := "yes or no:", "yes\r"
			if kind == "dumb" {
				prompt, yes = `"no" denies:`, "yes\n\n"
			}
			s := sit(t, dir, kind, "apply", "x.hcl")
			s.SeesNext(t, `Only "yes" is accepted`)
			s.Types(t, "yes\n")
			s.SeesNext(t, "once for each of these?")
			s.SeesNext(t, `command = ["touch","a"]`)
			s.SeesNext(t, `command = ["touch","b"]`)
			s.SeesNext(t, prompt)
			s.Types(t, "\x04")
			if status := s.ends(t); status != 3 {
				t.Fatalf("exit status %d\n%s", status, s.Text())
			}
			id := runID.FindStringSubmatch(s.Text())
			if id == nil {
				t.Fatalf("no run's id in\n%s", s.Text())
			}
			s = sit(t, dir, kind, "resume", id[1])
			s.SeesNext(t, `Only "yes" is accepted`)
			s.Types(t, "yes\n")
			s.SeesNext(t, prompt)
			s.Types(t, yes)
			if status := s.ends(t); status != 0 || !strings.Contains(s.Text(), "approved by alice@") {
				t.Fatalf("exit status %d\n%s", status, s.Text())
			}
			for _, name := range []string{"a", "b"} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
