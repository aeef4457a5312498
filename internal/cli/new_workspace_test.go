package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAWorkspaceThatCameLater holds for a run that goes on: its policies are heeded, or the run does not go on.
func TestAWorkspaceThatCameLater(t *testing.T) {
	for name, at := range map[string]string{"beside": "sub/workspace.hcl", "above": "workspace.hcl", "beside a runbook within": "kid/workspace.hcl", "in JSON": "sub/workspace.hcl.json"} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, nil)
			for _, folder := range []string{"sub", "kid"} {
				if err := os.MkdirAll(filepath.Join(filepath.Dir(tt.file(t, "x", "")), folder), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			tt.file(t, "kid/kid.hcl", "runbook \"kid\" {}\nprovider \"fake\" {}\nstep \"fake_write\" \"inner\" { id = \"inner\" }\n")
			file := tt.file(t, "sub/x.hcl", `
runbook "x" {}
provider "fake" {}
step "fake_ask" "ok" { prompt = "Go on?" }
step "runbook" "kid" {
  source     = "../kid/kid.hcl"
  depends_on = [step.ok]
}
`)
			tt.does(t, ExitInterrupted, nil, "apply", file, "--auto-approve")
			id := tt.lastRun(t)
			tt.again(t, false, "").does(t, ExitPassed, nil, "answer", id, "ok", "yes")
			policy := "policy { effects = [\"read\"] }\n"
			if name == "in JSON" {
				policy = `{"policy": {"effects": ["read"]}}`
			}
			workspace := tt.file(t, at, policy)
			tt.again(t, false, "").does(t, ExitRefused, []string{"has changed since the run began", workspace, "take away"}, "resume", id)
			tt.again(t, false, "").does(t, ExitRefused, []string{"olicy"}, "resume", id, "--with-changes", "--auto-approve")
			if log := tt.fake.Log(); len(log) > 0 {
				t.Errorf("sent: %q", log)
			}
			if err := os.Remove(workspace); err != nil {
				t.Fatal(err)
			}
			tt.again(t, false, "").does(t, ExitPassed, nil, "resume", id)
		})
	}
}

// TestAnUndoHasTheRunsPolicies: one that came since holds for what goes on, and takes away no way back.
func TestAnUndoHasTheRunsPolicies(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.does(t, ExitPassed, nil, "apply", tt.file(t, "x.hcl", undoable), "--auto-approve")
	tt.file(t, "workspace.hcl", "policy { effects = [\"read\"] }\n")
	tt.again(t, false, "").does(t, ExitPassed, nil, "undo", tt.lastRun(t), "cordon", "--auto-approve")
	if log := tt.fake.Log(); log[len(log)-1] != "uncordon" {
		t.Errorf("sent: %q", log)
	}
}
