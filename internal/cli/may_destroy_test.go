package cli

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/e82355ed/runbook/engine/enginetest"
	"github.com/e82355ed/runbook/providers/builtin"
)

// shipped has the grammars of its providers ready once for all tests.
var shipped = sync.OnceValue(builtin.Registry)

// withProviders has a program know the providers that it is shipped with. What is only planned, or refused at the question, asks no server.
func withProviders(t *testing.T) *terminal {
	t.Helper()
	tt := newTerminal(t, false, nil, nil)
	tt.Registry = shipped
	return tt
}

// unsure has steps whose effect is sure though a value, a key or a row is not known beforehand, steps of which only the run tells, and
// steps that surely destroy.
const unsure = `
runbook "unsure" {}
provider "redis" { url = "redis://cache:6379/0" }
provider "postgres" { url = "postgres://writer@db/orders" }
step "redis_query" "q" { command = ["GET", "k"] }
step "redis_command" "each" {
  for_each = toset(["a", "b"])
  command  = ["SET", "k:${each.key}", "1"]
}
step "redis_command" "value" { command = ["SET", "k", coalesce(step.q.value, "nothing")] }
step "redis_command" "each_result" {
  for_each = toset(step.q.value)
  command  = ["DEL", each.key]
}
step "redis_command" "word" { command = [step.q.value, "k"] }
step "redis_command" "flush" { command = ["FLUSHDB", step.q.value] }
step "postgres_exec" "rows" {
  timeout  = "5s"
  for_each = toset(["a", "b"])
  sql      = "INSERT INTO t VALUES ('${each.key}')"
}
step "postgres_exec" "tables" {
  timeout  = "5s"
  for_each = { t = "INSERT INTO t VALUES (1)", u = "TRUNCATE u" }
  sql      = each.value
}
step "postgres_exec" "args" {
  timeout = "5s"
  sql     = "INSERT INTO t VALUES ($1)"
  args    = [step.q.value]
}
step "postgres_exec" "spliced" {
  timeout = "5s"
  sql     = "INSERT INTO t VALUES ('${step.q.value}')"
}
step "postgres_exec" "drop" {
  timeout = "5s"
  sql     = "DROP TABLE ${step.q.value}"
}
`

var effectsOfUnsure = map[string]string{
	"q": "read", "each": "write", "value": "write", "each_result": "write", "word": "may destroy", "flush": "destructive",
	"rows": "write", "tables": "destructive", "args": "write", "spliced": "may destroy", "drop": "destructive",
}

// TestPlanTellsWhatMayDestroy: what decides the effect counts where it is known, and what only the run tells is told apart.
func TestPlanTellsWhatMayDestroy(t *testing.T) {
	tt := withProviders(t)
	file := tt.file(t, "x.hcl", unsure)
	tt.does(t, ExitPassed, nil, "plan", file)
	out := tt.out.String()
	if !strings.Contains(out, "11: 1 read, 5 write, 3 destructive, 2 that may destroy\n") {
		t.Errorf("it counts otherwise:\n%s", out)
	}
	for name, want := range effectsOfUnsure {
		i := slices.IndexFunc(strings.Split(out, "\n"), func(line string) bool {
			fields := strings.Fields(line)
			return len(fields) > 2 && fields[0] == name && strings.HasPrefix(strings.Join(fields[2:], " "), want)
		})
		if i < 0 {
			t.Errorf("%s is not called %s:\n%s", name, want, out)
		}
	}
}

// TestPlanTellsItInJSON: those who read the effect see the worst as before, and beside it that it is not sure.
func TestPlanTellsItInJSON(t *testing.T) {
	tt := withProviders(t)
	tt.does(t, ExitPassed, nil, "plan", tt.file(t, "x.hcl", unsure), "--json")
	var plan struct {
		Effects    map[string]int `json:"effects"`
		MayDestroy int            `json:"may_destroy"`
		Plan       []struct {
			Name   string `json:"name"`
			Effect string `json:"effect"`
			Unsure bool   `json:"unsure"`
		} `json:"plan"`
	}
	if err := json.Unmarshal([]byte(tt.out.String()), &plan); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range plan.Plan {
		got[s.Name] = s.Effect
		if s.Unsure && s.Effect == "destructive" {
			got[s.Name] = "may destroy"
		}
	}
	if diff := cmp.Diff(effectsOfUnsure, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int{"read": 1, "write": 5, "destructive": 5}, plan.Effects); diff != "" || plan.MayDestroy != 2 {
		t.Errorf("%s, %d may", diff, plan.MayDestroy)
	}
}

const (
	changesSomething = "This run changes something:"
	mayDestroy       = "This run may destroy something that can't be brought back: what these do is known only once they run"
	destroys         = "This run destroys something that can't be brought back:"
)

// TestQuestionTellsWhatMayDestroy: what surely destroys stands apart from what only may.
func TestQuestionTellsWhatMayDestroy(t *testing.T) {
	tt := withProviders(t)
	tt.does(t, ExitRefused, []string{"the plan changes something"}, "apply", tt.file(t, "x.hcl", unsure))
	want := map[string][]string{}
	for name, effect := range effectsOfUnsure {
		if heading, asked := map[string]string{"write": changesSomething, "may destroy": mayDestroy, "destructive": destroys}[effect]; asked {
			want[heading] = append(want[heading], name)
			slices.Sort(want[heading])
		}
	}
	if diff := cmp.Diff(want, underHeadings(tt.err.String())); diff != "" {
		t.Errorf("%s\n%s", diff, tt.err)
	}
}

// underHeadings are the names of what is listed below each heading of a question.
func underHeadings(asked string) map[string][]string {
	out := map[string][]string{}
	heading := ""
	for line := range strings.Lines(asked) {
		switch {
		case strings.HasPrefix(line, "This run "):
			heading = strings.TrimSpace(line)
		case heading != "" && strings.HasPrefix(line, "  ") && line[2] != ' ':
			out[heading] = append(out[heading], strings.Fields(line)[0])
		case !strings.HasPrefix(line, "  "):
			heading = ""
		}
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// TestRunbookIsAsBadAsItsPlannedSteps: a step that runs a runbook counts as the worst of its steps does, with the variables that it is given.
func TestRunbookIsAsBadAsItsPlannedSteps(t *testing.T) {
	tt := withProviders(t)
	tt.file(t, "kid.hcl", `
runbook "kid" {}
variable "table" { type = string }
provider "postgres" { url = "postgres://writer@db/orders" }
step "postgres_exec" "rows" {
  timeout = "5s"
  sql     = "INSERT INTO ${var.table} VALUES (1)"
}
`)
	tt.does(t, ExitPassed, []string{}, "plan", tt.file(t, "x.hcl", `
runbook "parent" {}
step "local_command" "name" {
  command = ["true"]
  effect  = "read"
}
step "runbook" "known" {
  source    = "kid.hcl"
  variables = { table = "orders" }
}
step "runbook" "result" {
  source    = "kid.hcl"
  variables = { table = step.name.stdout }
}
`))
	if want := "3: 1 read, 1 write, 1 that may destroy\n"; !strings.Contains(tt.out.String(), want) {
		t.Errorf("it lacks %q:\n%s", want, tt.out)
	}
}

// TestPoliciesAreHeldToWhatIsSure: what only may destroy is held against the policies when it has its turn, and what surely does before.
func TestPoliciesAreHeldToWhatIsSure(t *testing.T) {
	tt := withProviders(t)
	tt.does(t, ExitRefused, nil, "plan", tt.file(t, "x.hcl", strings.Replace(unsure, "{}", "{}\npolicy { effects = [\"read\", \"write\"] }", 1)))
	for name, effect := range effectsOfUnsure {
		refused := strings.Contains(tt.err.String(), `The effect of step "`+name+`" is "destructive", which the policy does not allow.`)
		if refused != (effect == "destructive" && name != "tables") { // of instances each is held to them
			t.Errorf("%s is refused: %v:\n%s", name, refused, tt.err)
		}
	}
}

const toldLater = `
runbook "told" {}
provider "fake" {}
step "fake_write" "first" {
  id = "first"
  undo "fake_told" { id = "write back ${self.call}" }
}
step "fake_write" "second" {
  id         = "second"
  value      = "write"
  depends_on = [step.first]
}
step "fake_told" "third" { id = "${step.second.value} more" }
`

// TestResumeAndUndoTellWhatMayDestroy: the question of a resume says what only may destroy, and that of an undo goes by what it is about to send.
func TestResumeAndUndoTellWhatMayDestroy(t *testing.T) {
	tt := newTerminal(t, false, nil, nil)
	tt.fake.Do = func(_ context.Context, id string, n int) error {
		if id == "second" && n == 1 {
			return enginetest.ErrUnreachable()
		}
		return nil
	}
	file := tt.file(t, "x.hcl", toldLater)
	tt.does(t, ExitFailed, nil, "apply", file, "--auto-approve")
	id := tt.lastRun(t)
	tt.file(t, "x.hcl", strings.Replace(toldLater, `"second"\n  value`, `"second one"\n  value`, 1))
	next := tt.again(t, false, "")
	next.does(t, ExitRefused, nil, "resume", id, "--with-changes")
	if diff := cmp.Diff(map[string][]string{changesSomething: {"second"}, mayDestroy: {"third"}}, underHeadings(next.err.String())); diff != "" {
		t.Errorf("%s\n%s", diff, next.err)
	}
	next = tt.again(t, false, "")
	next.does(t, ExitRefused, nil, "undo", id)
	if diff := cmp.Diff(map[string][]string{changesSomething: {"undo"}}, underHeadings(next.err.String())); diff != "" {
		t.Errorf("%s\n%s", diff, next.err)
	}
}

// TestReadOnlyTellsWhatMayDestroy: the refusal goes by the instance that is worst, and does not call sure what is not.
func TestReadOnlyTellsWhatMayDestroy(t *testing.T) {
	tt := withProviders(t)
	tt.does(t, ExitRefused, nil, "plan", tt.file(t, "x.hcl", unsure), "--read-only")
	said := strings.Join(strings.Fields(strings.ReplaceAll(tt.err.String(), "│", " ")), " ")
	for _, want := range []string{
		`"rows" is a write: postgres_exec sends INSERT`, `"tables" is destructive: postgres_exec sends TRUNCATE`, `"value" is a write: redis_command sends SET`,
		`"spliced" is perhaps destructive: what postgres_exec is to send is not known`, `"word" is perhaps destructive: what redis_command is to send is not known`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it lacks %q:\n%s", want, tt.err)
		}
	}
}
