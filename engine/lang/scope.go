package lang

import (
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Scope gives expressions the values of the names that they refer to, and of no others: evaluating `self.count == 0`
// costs the same in a runbook of one step and of ten thousand. Fill the fields, then only use it; it is safe for
// concurrent use when Step, StepOutcome and Host's functions are, and must not be copied.
type Scope struct {
	Runbook *Runbook
	// Variables are the resolved values; a declared variable that is not in it is unknown.
	Variables map[string]cty.Value
	// RunID and StartedAt are unknown to expressions when zero; Environment is null when empty.
	RunID, Environment string
	StartedAt          time.Time
	// Step gives the value of step.<name>: the result's attributes beside outcome, error, started_at, duration_ms and
	// attempts, an object of these by key for for_each. It may be unknown. Nil: all are.
	Step func(name string) cty.Value
	// StepOutcome gives a step's outcome for messages, where its value does not tell; may be nil.
	StepOutcome func(name string) string
	// StepLost says why the result of a step, or of its instance of a key, is not known although its action may have given one, for
	// messages; empty: that is not why a part is missing. May be nil.
	StepLost func(name, key string) string
	// VariablesLost is why the variables have no values that they once had, for messages; empty: they have.
	VariablesLost string
	// Clock is what now gives at a place, each time the same; nil: Host.Now, as it does where there is no place.
	Clock func(Place) time.Time
	Host  FunctionHost

	mu sync.Mutex
	// functions are the tables by the folder that relative paths start in.
	functions map[string]map[string]function.Function
	locals    map[string]cty.Value
	// instances are those of each for_each that stay the same.
	instances map[*Expr]*Instances
}

// Frame holds the names that are there only in some places of a step. A cty.NilVal is not in scope.
type Frame struct {
	EachKey, EachValue, Self, Value cty.Value
	// SelfLost is StepLost of self, EachLost why EachValue is not known any more.
	SelfLost, EachLost string
	// At is where the expression stands, for now; the zero value: where each evaluation has a time of its own.
	At Place
}

// Place is a part of a run in which now gives one time, however often the part is evaluated.
type Place struct {
	// Step is the address of a step or an instance; empty: the runbook itself.
	Step string
	// Part is what is evaluated: "local.since", "arguments".
	Part string
	// Effect numbers what an undo takes back; zero for all else.
	Effect int64
}

// Value evaluates an expression. A reference to what is not there is an error that says why.
func (s *Scope) Value(e *Expr, f Frame) (cty.Value, hcl.Diagnostics) {
	return s.value(e, f, nil)
}

// Evaluate evaluates an expression in a context that [Scope.Context] made for it. Where something is missing, the
// diagnostic says what is there instead: "step.x was skipped, so it has no result "count"."
func (s *Scope) Evaluate(e *Expr, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := e.Value(ctx)
	if diags.HasErrors() {
		return cty.DynamicVal, s.explainMissing(e.Expression, ctx, diags)
	}
	if v.Type() == cty.Number && v.IsKnown() {
		if n, _ := v.Unmark(); !n.IsNull() && n.AsBigFloat().IsInf() {
			at := e.Range()
			return cty.DynamicVal, append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError, Summary: "Not a finite number",
				Detail:  "The result is infinite, as of a division by zero.",
				Subject: &at, Expression: e.Expression, EvalContext: ctx,
			})
		}
	}
	return v, diags
}

// functionsAt is a table in which now gives the time of a place.
func (s *Scope) functionsAt(dir string, at Place) map[string]function.Function {
	host := s.Host
	host.Dir, host.Now = dir, func() time.Time { return s.Clock(at) }
	return Functions(host)
}

func (s *Scope) functionsIn(dir string) map[string]function.Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	table := s.functions[dir]
	if table == nil {
		host := s.Host
		host.Dir = dir
		table = Functions(host)
		if s.functions == nil {
			s.functions = map[string]map[string]function.Function{}
		}
		s.functions[dir] = table
	}
	return table
}
