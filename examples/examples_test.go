// Package examples holds tests alone: they run every example of this folder and compare what comes of it.
package examples

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
	"github.com/e82355ed/runbook/providers/builtin"
)

// want is what comes of an example.
type want struct {
	// vars gives the values of its variables; nil: none.
	vars func(t *testing.T) []string
	env  map[string]string
	// in is the environment of the workspace that it runs in.
	in string
	// answers are given beforehand to its manual steps; what it asks for approval is approved.
	answers map[string]string
	// outcome is the run's; steps are those of the steps that did not pass.
	outcome run.Outcome
	steps   map[string]run.Outcome
	outputs map[string]string
}

// pauses is the outcome of a run that waits for somebody: none yet.
const pauses run.Outcome = ""

var offline = map[string]want{
	"01-first-check.hcl": {outcome: run.Pass},
	"02-threshold.hcl":   {outcome: run.Pass},
	"03-http-check.hcl":  {outcome: run.Pass, vars: healthy},
	"04-variables.hcl":   {outcome: run.Pass, vars: values("limit=100")},
	"05-locals-and-functions.hcl": {
		outcome: run.Pass, outputs: map[string]string{"slow_pools": `["a"]`},
	},
	"06-dependencies.hcl": {outcome: run.Pass},
	"07-when-and-run-if.hcl": {
		outcome: run.Fail, steps: map[string]run.Outcome{"wanted": run.Fail, "next": run.Blocked, "inventory": run.Skipped},
	},
	"08-for-each.hcl":              {outcome: run.Pass, outputs: map[string]string{"root_mount": `"/"`}},
	"09-for-each-over-results.hcl": {outcome: run.Warn, vars: certificates},
	"10-retry.hcl":                 {outcome: run.Pass, vars: answersThirdTime, outputs: map[string]string{"attempts": "3"}},
	"11-poll.hcl":                  {outcome: run.Pass, vars: healthyAfterAWhile},
	"12-precondition.hcl":          {outcome: run.Pass, vars: noteFile},
	"13-local-command.hcl":         {outcome: run.Pass},
	"14-providers.hcl":             {outcome: run.Pass, vars: regions, outputs: map[string]string{"statuses": `{"eu":200,"us":200}`}},
	"15-outputs-and-secrets.hcl": {
		outcome: run.Pass, vars: private, env: map[string]string{"API_TOKEN": token}, outputs: map[string]string{"status": "200"},
	},
	"16-remedies-and-contacts.hcl": {
		outcome: run.Warn, steps: map[string]run.Outcome{"backups": run.Warn, "optional": run.Warn},
	},
	"17-json.hcl.json":                    {outcome: run.Pass},
	"18-workspace/disk.hcl":               {outcome: run.Pass},
	"19-undo.hcl":                         {outcome: run.Pass, vars: func(t *testing.T) []string { return []string{"dir=" + t.TempDir()} }},
	"20-runbook-in-a-runbook/morning.hcl": {outcome: run.Pass},
	"20-runbook-in-a-runbook/disk.hcl":    {outcome: run.Pass, vars: values("path=/")},
	"21-environments/disk.hcl":            {outcome: run.Pass, in: "staging"},
	"22-people.hcl":                       {outcome: run.Pass, vars: notice, answers: map[string]string{"calm": "yes", "minutes": "7"}},
	"23-lock.hcl":                         {outcome: run.Pass},
	"24-notifiers.hcl":                    {outcome: pauses, vars: chat, env: map[string]string{"CHAT_TOKEN": token}},
}

// onLab are those that need the lab's services.
var onLab = map[string]want{
	"lab/kubernetes.hcl": {outcome: run.Warn, steps: map[string]run.Outcome{"broken": run.Warn}},
	"lab/data.hcl":       {outcome: run.Pass},
	"lab/web.hcl":        {outcome: run.Warn, steps: map[string]run.Outcome{"days_left": run.Warn}},
}

func TestExamples(t *testing.T) {
	for path, w := range offline {
		t.Run(path, func(t *testing.T) { check(t, path, w) })
	}
}

func TestLabExamples(t *testing.T) {
	for path, w := range onLab {
		t.Run(path, func(t *testing.T) {
			w.env = runtest.Lab(t, os.Environ())
			check(t, path, w)
		})
	}
}

func check(t *testing.T, path string, w want) {
	t.Helper()
	opts := runtest.Options{Env: w.env, Environment: w.in, Answers: w.answers, Asker: approver{}}
	if opts.Env == nil {
		opts.Env = map[string]string{"PATH": os.Getenv("PATH")}
	}
	if w.vars != nil {
		opts.Vars = w.vars(t)
	}
	got := runtest.Apply(t, builtin.Registry(), path, opts)
	if got.Outcome != w.outcome {
		t.Errorf("outcome %q; want %q", got.Outcome, w.outcome)
	}
	others := map[string]run.Outcome{}
	for step, outcome := range got.Outcomes() {
		if outcome != run.Pass && !strings.Contains(step, "[") {
			others[step] = outcome
		}
	}
	if w.steps == nil {
		w.steps = map[string]run.Outcome{}
	}
	if diff := cmp.Diff(w.steps, others); diff != "" {
		t.Errorf("steps that did not pass (-want +got):\n%s", diff)
	}
	outputs := got.Outputs()
	for name, value := range w.outputs {
		if outputs[name] != value {
			t.Errorf("output %s is %s; want %s", name, outputs[name], value)
		}
	}
	for _, secret := range []string{token} {
		if strings.Contains(got.Stream, secret) {
			t.Errorf("a secret is in the events:\n%s", got.Stream)
		}
	}
	if t.Failed() {
		t.Log(got.Troubles())
	}
}

// TestEveryExampleIsRun keeps the tables complete, and the files as their reader expects them.
func TestEveryExampleIsRun(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		isRunbook := strings.HasSuffix(path, ".hcl") || strings.HasSuffix(path, ".hcl.json")
		if err != nil || !isRunbook {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		lines := strings.SplitN(string(text), "\n", 4)
		opens := strings.HasPrefix(lines[0], "# ") && strings.HasPrefix(lines[1], "# ") && !strings.HasPrefix(lines[2], "#")
		if !opens && !strings.HasSuffix(path, ".json") {
			t.Errorf("%s does not open with a comment of two lines that says what it shows", path)
		}
		if strings.HasSuffix(path, ".hcl") && !bytes.Equal(hclwrite.Format(text), text) {
			t.Errorf("%s is not in canonical form: run runbook fmt", path)
		}
		if _, ok := offline[path]; ok || filepath.Base(path) == "workspace.hcl" {
			return nil
		}
		if _, ok := onLab[path]; !ok {
			t.Errorf("%s is in no table of this test", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRulesOfVariablesStopARun shows what 04-variables.hcl claims.
func TestRulesOfVariablesStopARun(t *testing.T) {
	e := runtest.Engine(builtin.Registry(), nil)
	rb, diags := e.Load("04-variables.hcl")
	runtest.Must(t, diags)
	_, diags = e.Plan(t.Context(), rb, planWith("path=relative", "limit=0"))
	for _, want := range []string{"Write an absolute path, not relative.", "var.limit > 0"} {
		if !strings.Contains(diags.Error(), want) && !containsAny(diags.Errs(), want) {
			t.Errorf("no diagnostic says %q: %v", want, diags.Errs())
		}
	}
}
