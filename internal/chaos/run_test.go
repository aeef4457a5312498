package chaos

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/lang"
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
	path := write(t, "chaos.hcl", source)
	e := runtest.Engine(builtin.Registry(), env)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	rb, diags := e.Load(path)
	runtest.Must(t, diags)
	plan, diags := e.Plan(ctx, rb, engine.PlanOptions{Apply: true, Variables: lang.VariableSources{Lookup: e.Host.Lookup}})
	runtest.Must(t, diags)
	history, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := history.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out runtest.Run
	result, diags := e.Run(ctx, plan, engine.RunOptions{Journal: history, Sink: func(entry journal.Entry) {
		out.Events = append(out.Events, *entry.Event)
		if watch != nil {
			watch(entry.Event)
		}
	}})
	runtest.Must(t, diags)
	out.Outcome = result.Outcome
	return out
}

// finished are the ends of steps by address.
func finished(r runtest.Run) map[string]*run.Event {
	out := map[string]*run.Event{}
	for i := range r.Events {
		if e := &r.Events[i]; e.Type == run.StepFinished {
			out[e.Step] = e
		}
	}
	return out
}

// fill replaces names in a text, given in pairs.
func fill(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}
