package view

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/internal/term"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got); run with -update when it is meant:\n%s", path, diff)
	}
}

var began = time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)

func ms(v float64) *float64 { return &v }

func config() Config { return Config{Glyphs: term.Unicode(), Zone: time.UTC} }

// entries numbers events, a second apart, and encodes them as the engine does.
func entries(t *testing.T, events []run.Event) []journal.Entry {
	t.Helper()
	out := make([]journal.Entry, len(events))
	for i, e := range events {
		e.V, e.Seq, e.Run = run.Version, int64(i+1), "01JD3V7C8M2YQ4T6W9Z1B3D5F7"
		e.Time = began.Add(time.Duration(i) * time.Second)
		text, err := json.Marshal(&e)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = journal.Entry{Event: &e, JSON: text}
	}
	return out
}

func render(t *testing.T, c Config, all []journal.Entry) string {
	t.Helper()
	var b strings.Builder
	v := NewText(&b, c)
	for _, e := range all {
		v.Event(e)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func check(step string, outcome run.Outcome, c run.Check) run.Event {
	return run.Event{Type: run.CheckEvaluated, Step: step, Outcome: outcome, Check: &c}
}

func finished(step string, outcome run.Outcome, took float64, summary string) run.Event {
	return run.Event{Type: run.StepFinished, Step: step, Outcome: outcome, DurationMS: ms(took), Attempts: 1, Summary: summary}
}

// sample is a run in which everything happens that a view shows.
func sample() []run.Event {
	keys := []string{"eu", `a "b"`, "東京のとても長い名前のデータセンター"}
	status := 1
	stuck := finished("stuck", run.Fail, 38.4, "2 pods are not running")
	stuck.Remedies = []run.Remedy{{
		Text:  "Read the logs of the pods listed above, then the troubleshooting guide.",
		Guide: "TROUBLESHOOTING_GUIDE.md#deployment-issues", Contact: "Jo Doe, +49 30 1234", Escalation: "1. Jo Doe, at once\n2. Ann Roe, after 15m",
	}}
	site := finished("site", run.Warn, 112, "days left 21 days (warn at 30 or less)")
	api := finished("api", run.Fail, 1830, "Status 503, expected below 400.")
	api.Detail, api.Warnings = "<html>\n\x1b[2J<h1>Service\tUnavailable</h1>", []string{"the service gave NaN, which is null here"}
	db := run.Event{
		Type: run.StepFinished, Step: "database", Outcome: run.Error, DurationMS: ms(30001), Attempts: 3,
		Error: "query: postgres://db.example.com:5432/orders: connect to db.example.com:5432: connection refused. Is it running?",
	}
	both := finished("both", run.Fail, 1, "self.a && self.b does not hold: self.a is false, self.b is true")
	tolerated := finished("tolerated", run.Warn, 61000, "exit code 3")
	tolerated.Tolerated = run.Fail
	why := finished("why", run.Pass, 60, "3 lines")
	why.Show = json.RawMessage(`["line one","line \u001b[31mtwo","日本語"]`)
	rows := finished("rows", run.Pass, 3_700_000, "2 rows")
	rows.Show = json.RawMessage(`[{"name":"orders","size":12345678901234567890},{"name":"<b>日本</b>","size":null}]`)
	return []run.Event{
		{Type: run.RunStarted, Header: &run.Header{
			Runbook: "morning-health-check", Title: "Morning health check", File: "runbooks/daily/morning.hcl", User: "alice@laptop",
			Environment: "production", Steps: 12, Effects: map[string]int{"read": 11, "write": 1}, ReadOnly: true, MTTRTargetMS: 900_000,
			Targets: []run.Target{{Provider: "kubernetes.eu", Target: "https://k8s.example.com:6443 (context eu)"}, {Provider: "postgres", Target: "postgres://db.example.com:5432/orders as app"}},
		}},
		{Type: run.StepReady, Step: "nodes"},
		{Type: run.StepReady, Step: "a_step_with_a_longer_name"},
		{Type: run.StepExpanded, Step: "regions", Keys: &keys},
		{Type: run.StepStarted, Step: "nodes", Action: "kubernetes_nodes", Effect: "read", Attempt: 1},
		finished("nodes", run.Pass, 41, "3 ready"),
		check("stuck", run.Fail, run.Check{
			Kind: run.KindAssert, Severity: "fail", Expression: "self.count ==\n    0", Place: "morning.hcl:27",
			Message: "There are pods that don't run.", References: []run.Reference{{Expression: "self.count", Value: "2"}},
		}),
		check("stuck", run.Warn, run.Check{
			Kind: run.KindAssert, Severity: "warn", Expression: "self.count < 1", Place: "morning.hcl:28", Message: "Too many.",
			CheckRemedies: []run.Remedy{{Text: "Count again."}},
		}),
		check("stuck", run.Pass, run.Check{Kind: run.KindAssert, Severity: "info", Expression: "false", Message: "By the way."}),
		stuck,
		check("site", run.Warn, run.Check{
			Kind: run.KindThreshold, Name: "days left", Unit: "days", Value: ms(21), Expression: "value <= 30", Place: "morning.hcl:33",
			Message: site.Summary, References: []run.Reference{{Expression: "value", Value: "21"}},
		}),
		site,
		check("api", run.Fail, run.Check{Kind: run.KindExpectation, Message: api.Summary, Place: "morning.hcl:40"}),
		api, db,
		check("both", run.Fail, run.Check{
			Kind: run.KindAssert, Expression: "self.a && self.b", Message: both.Summary, Place: "morning.hcl:50",
			References: []run.Reference{{Expression: "self.a", Value: "false"}, {Expression: "self.b", Value: "true"}, {Expression: "self.b.list", Value: `["` + strings.Repeat("x", 70) + `"]`, Depth: 1}},
		}),
		both,
		tolerated,
		finished(`regions["eu"]`, run.Pass, 0.2, "up"),
		finished(`regions["a \"b\""]`, run.Pass, 2, "up"),
		finished(`regions["東京のとても長い名前のデータセンター"]`, run.Pass, 2, "up"),
		finished("a_step_with_a_longer_name", run.Pass, 12, "an answer of the service that is rather long and goes on for more than a line has room for"),
		why, rows,
		{Type: run.StepFinished, Step: "later", Outcome: run.Blocked, Error: "step.stuck failed"},
		{Type: run.StepFinished, Step: "never", Outcome: run.Skipped, Error: "when is false: var.deep"},
		{Type: run.RunStopping, Reason: "interrupted"},
		{Type: run.StepFinished, Step: "late", Outcome: run.Cancelled, Error: "the run was interrupted"},
		{
			Type: run.RunFinished, Outcome: run.Error, DurationMS: ms(64_000), ExitStatus: &status,
			Counts: map[run.Outcome]int{run.Pass: 7, run.Warn: 2, run.Fail: 3, run.Error: 1, run.Blocked: 1, run.Skipped: 1, run.Cancelled: 1},
			Outputs: []run.OutputValue{
				{Name: "nodes", Value: json.RawMessage(`3`)}, {Name: "text", Value: json.RawMessage(`"one\ntwo"`)},
				{Name: "by_region", Value: json.RawMessage(`{"eu":{"up":true},"us":null}`)},
				{Name: "empty", Value: json.RawMessage(`{}`)}, {Name: "token", Sensitive: true}, {Name: "gone", Error: "step.later did not run"},
			},
		},
	}
}
