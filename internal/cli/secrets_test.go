package cli

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// TestAPanicTellsNoSecret: what a provider panics with goes to the log with its stack, and through the redactor.
func TestAPanicTellsNoSecret(t *testing.T) {
	const secret = `hunter2 "of" the/panic`
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key := identity.String()
	env := map[string]string{"RUNBOOK_VAR_typed": secret, "RUNBOOK_KEY": "# ours\n" + key + "\n"}
	tt := newTerminal(t, false, nil, env)
	tt.Environ = []string{"RUNBOOK_KEY=" + key, "A=b"}
	tt.fake.Do = func(context.Context, string, int) error {
		panic(fmt.Errorf("can't use %q (%s) with %s", secret, base64.StdEncoding.EncodeToString([]byte("x"+secret)), key))
	}
	file := tt.file(t, "x.hcl", `
runbook "panics" {}
variable "typed" {
  type      = string
  sensitive = true
}
step "fake_read" "a" { value = var.typed }
`)
	status := tt.run("apply", file, "--log-level", "trace")
	if written := tt.out.String() + tt.err.String(); status != ExitFailed || !strings.Contains(written, "panicked") {
		t.Fatalf("exit status %d: %s", status, written)
	}
	history, err := os.ReadFile(filepath.Join(tt.dir, ".local", "state", "runbook", "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"output": tt.out.String(), "log": tt.err.String(), "history": string(history)} {
		for _, part := range []string{"hunter2", key[20:], base64.RawStdEncoding.EncodeToString([]byte(secret))[4:20], "aHVudGVyM", "h1bnRlcj", "odW50ZXIy"} {
			if strings.Contains(text, part) {
				t.Errorf("%q is in the %s: %s", part, name, text)
			}
		}
	}
	if len(tt.Environ) != 1 || tt.Environ[0] != "A=b" {
		t.Errorf("commands would see %q", tt.Environ)
	}
}
