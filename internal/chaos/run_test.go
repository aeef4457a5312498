package chaos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
	"github.com/e82355ed/runbook/providers/builtin"
)

// patience bounds what must end in a time of its own: so much later, and the machine was not just busy.
const patience = 2 * time.Minute

// write puts a file into a folder of the test's.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// carryOut runs a runbook in this process. Watch sees each event before the run goes on.
func carryOut(t *testing.T, source string, env map[string]string, watch func(*run.Event)) runtest.Run {
	t.Helper()
	return runtest.Apply(t, builtin.Registry(), write(t, "chaos.hcl", source), runtest.Options{Env: env, Watch: watch})
}

// fill replaces names in a text, given in pairs.
func fill(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}
