package builtin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
)

// undone is a write and what takes it back, as the author of a runbook writes them.
type undone struct {
	// args are the step's, undo the action that takes it back and back its arguments.
	args, undo, back string
	// prepare makes what is written to; nil: it is there.
	prepare func(*testing.T)
	// look reads the state from the system itself, past the providers.
	look func(*testing.T) string
	// before is the state at first and in the end, changed the one in between.
	before, changed string
}

// world is the lab as a test of writes needs it: a place of its own in each system, by one name.
type world struct {
	*runtest.Namespace
	env map[string]string
	dir string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	env, dir := runtest.Lab(t, os.Environ()), t.TempDir()
	w := &world{runtest.NewNamespace(t, env, "undo"), env, dir}
	w.env["RUNBOOK_VAR_dir"], w.env["RUNBOOK_VAR_name"] = w.dir, w.Name
	return w
}

const undoBook = `
runbook "undo" {}
variable "dir" { type = string }
variable "name" { type = string }
provider "kubernetes" {
  kubeconfig = env("KUBECONFIG")
  namespace  = var.name
}
provider "postgres" { url = secret("env:DATABASE_URL") }
provider "redis" { url = secret("env:REDIS_URL") }
provider "http" {
  base_url     = env("KUBERNETES_URL")
  bearer_token = secret("env:KUBERNETES_TOKEN")
  ca_file      = "${var.dir}/ca.crt"
}
step %q "write" {
  timeout = "1m"
  %s
  undo %q {
    on      = "end"
    timeout = "1m"
    %s
  }
}
`

// TestEveryWriteIsUndone runs a runbook for each action that writes: it shows what the step changes and that its undo
// takes that back. An action without a row fails it.
func TestEveryWriteIsUndone(t *testing.T) {
	w := newWorld(t)
	rows := kubernetesRows(w)
	for action, row := range otherRows(t, w) {
		rows[action] = row
	}
	for _, p := range Registry().Providers() {
		for _, a := range p.Actions {
			spec := a.Spec()
			row, there := rows[spec.Name]
			if there != (spec.Effect != provider.Read) {
				t.Errorf("%s has the effect %s; it is among the writes that are shown with their undo: %t", spec.Name, spec.Effect, there)
			}
			if there {
				t.Run(spec.Name, func(t *testing.T) { row.run(t, w, spec.Name) })
			}
		}
	}
}

func (u undone) run(t *testing.T, w *world, action string) {
	t.Helper()
	if u.prepare != nil {
		u.prepare(t)
	}
	u.expect(t, "at first", u.before)
	book := filepath.Join(t.TempDir(), "undo.hcl")
	if err := os.WriteFile(book, fmt.Appendf(nil, undoBook, action, u.args, u.undo, u.back), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, undos := 0, 0
	got := runtest.Apply(t, Registry(), book, runtest.Options{Env: w.env, Watch: func(e *run.Event) {
		switch {
		case e.Type == run.StepFinished && e.Outcome == run.Pass:
			steps++
			u.expect(t, "after the step", u.changed)
		case e.Type == run.UndoFinished && e.Outcome == run.Pass:
			undos++
		}
	}})
	if steps != 1 || undos != 1 {
		t.Errorf("%d steps and %d undos passed, expected one each:\n%s\n%s", steps, undos, got.Troubles(), got.Stream)
	}
	u.expect(t, "after the undo", u.before)
}

// TestPartOfADrainIsUndone: a disruption budget holds the drain up until its time is over. The node was cordoned, so it is
// uncordoned, and nothing is in doubt.
func TestPartOfADrainIsUndone(t *testing.T) {
	w := newWorld(t)
	w.apiServer(t)
	row := w.drained(w.Name + "-p")
	row.prepare(t)
	row.expect(t, "at first", row.before)
	w.Create(t, `{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: drained}, spec: {minAvailable: 1, selector: {matchLabels: {app: drained}}}}`)
	w.Kubectl(t, "wait", "--for=jsonpath={.status.currentHealthy}=2", "pdb/drained", "--timeout=30s")
	book := filepath.Join(t.TempDir(), "undo.hcl")
	text := strings.Replace(fmt.Sprintf(undoBook, "kubernetes_drain", row.args, row.undo, row.back), `timeout = "1m"`, `timeout = "5s"`, 1)
	if err := os.WriteFile(book, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	undone := false
	got := runtest.Apply(t, Registry(), book, runtest.Options{Env: w.env, Watch: func(e *run.Event) {
		switch e.Type {
		case run.StepFinished:
			if e.Outcome != run.Error || e.InDoubt || strings.Count(string(e.Result), w.Name+"/drained-") != 1 || !strings.Contains(e.Error, "disruption budget") {
				t.Errorf("in doubt: %t, %s, %s, with the result %s", e.InDoubt, e.Outcome, e.Error, e.Result)
			}
		case run.UndoFinished:
			undone = e.Outcome == run.Pass
		}
	}})
	if !undone {
		t.Errorf("the node was not uncordoned:\n%s\n%s", got.Troubles(), got.Stream)
	}
	row.expect(t, "after the undo", row.before)
}

// expect waits for a state, since a cluster follows what it is told.
func (u undone) expect(t *testing.T, when, want string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		got := u.look(t)
		if got == want {
			return
		}
		select {
		case <-deadline:
			t.Errorf("%s the state is %q, expected %q", when, got, want)
			return
		case <-ticker.C:
		}
	}
}
