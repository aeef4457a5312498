package runtest

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/hcl/v2"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/journal/sqlite"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// deadline bounds every run, so that one that hangs fails its own test. What ends so late was not just on a busy machine.
const deadline = 2 * time.Minute

// Options are what a test adds to a run.
type Options struct {
	// Vars are values of variables, "name=value".
	Vars []string
	// Env is the environment that the run sees, and nothing else of the process's.
	Env map[string]string
	// Environment is the workspace's that the run is in; empty: none.
	Environment string
	// Answers are given beforehand to manual steps; Asker answers the rest. Without them a run that asks pauses.
	Answers map[string]string
	Asker   local.Asker
	// Watch sees each event before the run goes on; may be nil.
	Watch func(*run.Event)
}

// Run is what came of a run.
type Run struct {
	Events []run.Event
	// Stream is the JSON lines of the events.
	Stream string
	// Outcome is the run's.
	Outcome run.Outcome
}

// Engine makes an engine with the providers and an environment of the test's own.
func Engine(registry *provider.Registry, env map[string]string) *engine.Engine {
	host := provider.Host{
		Lookup:  func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		Environ: environ(env),
		Log:     hclog.NewNullLogger(),
	}
	return &engine.Engine{Registry: registry, Host: host, User: "test@host"}
}

// Apply runs the file and keeps its journal in a folder of the test's. A file that is not valid fails the test.
func Apply(t testing.TB, registry *provider.Registry, path string, opts Options) Run {
	t.Helper()
	e := Engine(registry, opts.Env)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	rb, diags := e.LoadIn(path, opts.Environment)
	Must(t, diags)
	plan, diags := e.Plan(ctx, rb, engine.PlanOptions{
		Apply: true, Variables: lang.VariableSources{Values: opts.Vars, Lookup: e.Host.Lookup},
	})
	Must(t, diags)
	history, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "runs.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := history.Close(); err != nil {
			t.Error(err)
		}
	}()
	var out Run
	var stream strings.Builder
	result, diags := e.Run(ctx, plan, engine.RunOptions{Journal: history, Answers: opts.Answers, Asker: opts.Asker, Sink: func(entry journal.Entry) {
		out.Events = append(out.Events, *entry.Event)
		stream.Write(entry.JSON)
		stream.WriteByte('\n')
		if opts.Watch != nil {
			opts.Watch(entry.Event)
		}
	}})
	Must(t, diags)
	out.Stream, out.Outcome = stream.String(), result.Outcome
	return out
}

// Must fails the test when there is an error among the diagnostics.
func Must(t testing.TB, diags hcl.Diagnostics) {
	t.Helper()
	for _, err := range diags.Errs() {
		t.Error(err)
	}
	if diags.HasErrors() {
		t.FailNow()
	}
}

// Ends are the ends of steps by address.
func (r Run) Ends() map[string]*run.Event {
	out := map[string]*run.Event{}
	for i := range r.Events {
		if e := &r.Events[i]; e.Type == run.StepFinished {
			out[e.Step] = e
		}
	}
	return out
}

// Outcomes are the steps' outcomes by address.
func (r Run) Outcomes() map[string]run.Outcome {
	out := map[string]run.Outcome{}
	for step, e := range r.Ends() {
		out[step] = e.Outcome
	}
	return out
}

// Outputs are the run's outputs by name, as JSON.
func (r Run) Outputs() map[string]string {
	out := map[string]string{}
	for _, e := range r.Events {
		for _, o := range e.Outputs {
			out[o.Name] = string(o.Value)
		}
	}
	return out
}

// Troubles are the steps that did not pass, with what the events say of them; for the message of a failed test.
func (r Run) Troubles() string {
	var out strings.Builder
	for _, e := range r.Events {
		switch {
		case e.Type == run.StepFinished && e.Outcome != run.Pass && e.Outcome != run.Skipped:
			out.WriteString(e.Step + ": " + string(e.Outcome) + " " + e.Summary + " " + e.Error + "\n")
		case e.Type == run.CheckEvaluated && e.Outcome != run.Pass && e.Check != nil:
			c := e.Check
			out.WriteString(e.Step + ": " + string(c.Kind) + " " + c.Name + " " + c.Message + "\n")
		}
	}
	return out.String()
}

// Lab is the environment of the lab's services, out of that of the test's process; the test fails where they are not up.
// How full the machine's own disk is decides nothing: the runbooks look at one in memory.
func Lab(t testing.TB, environ []string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok {
			env[name] = value
		}
	}
	if env["LAB_API_URL"] == "" {
		t.Fatal("the lab's addresses are not in the environment: run make lab-up, and this test with make test or bin/labctl run")
	}
	env["RUNBOOK_VAR_disk_path"] = "/dev/shm"
	// The SQL parser takes seconds to load where nobody has kept it, and much longer on a busy machine.
	if cache, err := os.UserCacheDir(); err == nil {
		env["XDG_CACHE_HOME"] = cache
	}
	return env
}

func environ(env map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}
