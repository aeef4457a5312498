// Package runbooks holds tests alone: they run the operations manual's runbooks, in the folders below, against the lab.
package runbooks

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/runtest"
	"github.com/e82355ed/runbook/providers/builtin"
)

// files lists the runbooks below this folder.
func files(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".hcl") && filepath.Base(path) != "workspace.hcl" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRunbooksAreValid(t *testing.T) {
	e := runtest.Engine(builtin.Registry(), nil)
	found := files(t)
	if len(found) == 0 {
		t.Fatal("there are no runbooks")
	}
	for _, path := range found {
		t.Run(path, func(t *testing.T) {
			rb, diags := e.Load(path)
			runtest.Must(t, diags)
			if rb.Title == "" || rb.Description == "" || rb.Owner == nil || rb.Schedule == nil {
				t.Error("a daily runbook says what it is, who owns it and when it runs")
			}
			for _, s := range rb.Steps {
				if s.Description == "" {
					t.Errorf("%s: step %q has no description", path, s.Name)
				}
				if checked := len(s.Asserts)+len(s.Thresholds) > 0; checked && len(s.Remedies) == 0 && s.Name != "rollouts" {
					t.Errorf("%s: step %q checks something and has no remedy", path, s.Name)
				}
			}
		})
	}
}

// labEnv is the lab's, with the folder of the day's metrics moved to one of the test's own.
func labEnv(t *testing.T) (env map[string]string, metrics string) {
	t.Helper()
	env = runtest.Lab(t, os.Environ())
	metrics = filepath.Join(t.TempDir(), "metrics")
	env["RUNBOOK_VAR_metrics_dir"] = metrics
	return env, metrics
}

// TestDailyRunbooksPassOnTheLab allows warnings in those that look back on hours: other tests leave errors and slow
// queries behind.
func TestDailyRunbooksPassOnTheLab(t *testing.T) {
	env, _ := labEnv(t)
	for name, allowed := range map[string]map[run.Outcome]bool{
		"morning-health-check": {run.Pass: true},
		"midday-status":        {run.Pass: true},
		"monitoring-review":    {run.Pass: true, run.Warn: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := runtest.Apply(t, builtin.Registry(), filepath.Join("daily", name+".hcl"), runtest.Options{Env: env})
			if !allowed[got.Outcome] {
				t.Errorf("outcome %q:\n%s", got.Outcome, got.Troubles())
			}
		})
	}
}

func TestEveningReviewWritesTheDay(t *testing.T) {
	env, metrics := labEnv(t)
	got := runtest.Apply(t, builtin.Registry(), filepath.Join("daily", "evening-review.hcl"), runtest.Options{Env: env})
	if got.Outcome != run.Pass && got.Outcome != run.Warn {
		t.Fatalf("outcome %q:\n%s", got.Outcome, got.Troubles())
	}
	written, err := filepath.Glob(filepath.Join(metrics, "daily-metrics-*.json"))
	if err != nil || len(written) != 1 {
		t.Fatalf("files with metrics: %q, %v; want one", written, err)
	}
	content, err := os.ReadFile(written[0])
	if err != nil {
		t.Fatal(err)
	}
	var day struct {
		Report struct {
			Date        string
			Uptime      *float64 `json:"uptime_percent"`
			P95         *float64 `json:"p95_ms"`
			ErrorRate   *float64 `json:"error_rate_percent"`
			Deployments map[string]int
			Alerts      map[string]int
		}
		Requests []struct{ Values []any }
	}
	if err := json.Unmarshal(content, &day); err != nil {
		t.Fatal(err)
	}
	r := day.Report
	if r.Date == "" || r.Uptime == nil || r.P95 == nil || r.ErrorRate == nil || len(r.Deployments) != 2 || len(r.Alerts) != 2 {
		t.Errorf("the report is not complete: %s", content)
	}
	if len(day.Requests) == 0 || len(day.Requests[0].Values) == 0 {
		t.Errorf("there are no requests in the export: %s", content)
	}
	for name, want := range map[string]string{"handoff": "Uptime", "report": "uptime_percent", "metrics_file": "daily-metrics-"} {
		if !strings.Contains(got.Outputs()[name], want) {
			t.Errorf("output %s is %s; want %q in it", name, got.Outputs()[name], want)
		}
	}
}

// TestEveningReviewKeepsAnEarlierExport leaves the folder alone when Prometheus can't be asked, and hands over all the same.
func TestEveningReviewKeepsAnEarlierExport(t *testing.T) {
	env, metrics := labEnv(t)
	env["RUNBOOK_VAR_prometheus_url"] = "http://" + env["LAB_CLOSED_ADDRESS"]
	got := runtest.Apply(t, builtin.Registry(), filepath.Join("daily", "evening-review.hcl"), runtest.Options{Env: env})
	outcomes := got.Outcomes()
	for step, want := range map[string]run.Outcome{"requests": run.Error, "p95": run.Error, "deployments": run.Pass, "metrics": run.Fail} {
		if outcomes[step] != want {
			t.Errorf("step %s: %q; want %q", step, outcomes[step], want)
		}
	}
	if _, err := os.Stat(metrics); err == nil {
		t.Errorf("%s was made", metrics)
	}
	if handoff := got.Outputs()["handoff"]; !strings.Contains(handoff, "Uptime: unknown") || !strings.Contains(handoff, "Deployments: ") {
		t.Errorf("the handoff reads %s", handoff)
	}
}

// TestMorningCheckFindsWhatIsBroken points the check at faults that the lab keeps for it.
func TestMorningCheckFindsWhatIsBroken(t *testing.T) {
	env, _ := labEnv(t)
	env["RUNBOOK_VAR_namespace"] = "staging" // a crashing and a waiting pod
	env["RUNBOOK_VAR_app"] = "app=crashing"
	env["RUNBOOK_VAR_api_url"] = "http://" + env["LAB_CLOSED_ADDRESS"]
	env["RUNBOOK_VAR_site_address"] = env["LAB_SELF_SIGNED_ADDRESS"]
	env["DATABASE_URL"] = strings.Replace(env["DATABASE_URL"], env["LAB_DATABASE_ADDRESS"], env["LAB_CLOSED_ADDRESS"], 1)
	got := runtest.Apply(t, builtin.Registry(), filepath.Join("daily", "morning-health-check.hcl"), runtest.Options{Env: env})
	outcomes := got.Outcomes()
	for step, want := range map[string]run.Outcome{
		"cluster": run.Pass, "nodes": run.Pass, "pods": run.Fail, "deployments": run.Fail, "database": run.Error, "redis": run.Pass,
		"api": run.Error, "targets": run.Pass, "certificate": run.Fail, "disk": run.Pass,
		"logs": run.Pass, "checklist": run.Warn,
	} {
		if outcomes[step] != want {
			t.Errorf("step %s: %q; want %q", step, outcomes[step], want)
		}
	}
	if got.Outcome != run.Error {
		t.Errorf("outcome %q; want error", got.Outcome)
	}
	for _, want := range []string{"+1-555-0150", "TROUBLESHOOTING_GUIDE.md#issue-4-database-connection-errors", env["LAB_CLOSED_ADDRESS"]} {
		if !strings.Contains(got.Stream, want) {
			t.Errorf("nothing in the run says %q", want)
		}
	}
}

// TestMiddayStatusFindsWhatIsBroken looks at the namespace whose pods crash, wait and fail.
func TestMiddayStatusFindsWhatIsBroken(t *testing.T) {
	env, _ := labEnv(t)
	env["RUNBOOK_VAR_namespace"], env["RUNBOOK_VAR_backend"] = "staging", "deployment/crashing"
	got := runtest.Apply(t, builtin.Registry(), filepath.Join("daily", "midday-status.hcl"), runtest.Options{Env: env})
	outcomes := got.Outcomes()
	for step, want := range map[string]run.Outcome{
		"pods": run.Fail, "nodes": run.Pass, "rollouts": run.Pass, "rollout": run.Warn,
	} {
		if outcomes[step] != want {
			t.Errorf("step %s: %q; want %q\n%s", step, outcomes[step], want, got.Troubles())
		}
	}
}
