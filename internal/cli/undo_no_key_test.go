package cli

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/enginetest"
)

const encrypted = `
runbook "encrypted" {}
provider "fake" {}
step "fake_write" "w" {
  id    = "w"
  value = secret("env:PASSWORD")
  undo "fake_write" {
    id    = "back"
    value = secret("env:PASSWORD")
  }
}
step "fake_ask" "well" {
  prompt     = "Well?"
  depends_on = [step.w]
}
`

// TestNoKeyInTheLostOnesPlace: an undo, and a cancel, that read a secret run without the key that a part of the run is encrypted with, and make none
// in its place: once it is back, it opens what it did.
func TestNoKeyInTheLostOnesPlace(t *testing.T) {
	for name, tc := range map[string]struct {
		fails  bool
		args   []string
		status int
		more   string
	}{
		"an undo":            {args: []string{"undo"}, status: ExitPassed},
		"an undo that fails": {fails: true, args: []string{"undo"}, status: ExitLeftOver},
		"a cancel":           {args: []string{"cancel"}, status: ExitPassed, more: `on = "end"`},
	} {
		t.Run(name, func(t *testing.T) {
			tt := newTerminal(t, false, nil, map[string]string{"PASSWORD": "hunter2-q7"})
			text := strings.Replace(encrypted, `    id    = "back"`, tc.more+"\n"+`    id    = "back"`, 1)
			tt.does(t, ExitInterrupted, nil, "apply", tt.file(t, "x.hcl", text), "--auto-approve")
			id, key := tt.lastRun(t), tt.keyFile()
			before, err := os.ReadFile(key)
			if err != nil {
				t.Fatal(err)
			}
			tt.loseKey(t)
			tt.fake.Do = func(context.Context, string, int) error {
				if tc.fails {
					return enginetest.ErrUnreachable()
				}
				return nil
			}
			next := tt.again(t, false, "")
			next.Lookup = password("renewed-q8")
			next.does(t, tc.status, []string{"encrypted with a key that is not there, in whose place no other is made"}, append(tc.args, id, "--auto-approve")...)
			if said := next.out.String() + next.err.String(); strings.Contains(said, "hunter2") || strings.Contains(said, "renewed") {
				t.Errorf("a secret is shown:\n%s", said)
			}
			if tt.fake.Calls("back") != 1 {
				t.Errorf("sent: %q", tt.fake.Log())
			}
			if _, err := os.Stat(key); !os.IsNotExist(err) {
				t.Fatalf("there is another key: %v", err)
			}
			if err := os.WriteFile(key, before, 0o600); err != nil {
				t.Fatal(err)
			}
			last := tt.again(t, false, "")
			last.Lookup, tt.fake.Do = password("renewed-q8"), nil
			last.does(t, ExitInterrupted, nil, "resume", id, "--auto-approve")
			if strings.Contains(last.err.String(), "not there") {
				t.Errorf("the key is back:\n%s", last.err)
			}
		})
	}
}

// password is an environment with the one variable that the runbook reads.
func password(value string) func(string) (string, bool) {
	env := map[string]string{"PASSWORD": value}
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}
