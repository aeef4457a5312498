package validate

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/validate/typecheck"
)

// checker holds what the rules share: the runbook, what is known of its expressions, and what was found.
type checker struct {
	rb    *lang.Runbook
	graph *graph.Graph // nil for a workspace alone
	diags hcl.Diagnostics

	options Options

	// functions are the function tables by file.
	functions map[string]*hcl.EvalContext
	steps     map[string]*lang.Step
	// values holds what each expression that was checked evaluates to.
	values map[*lang.Expr]cty.Value
	// sensitive are the expressions whose value, or a part of it, is never shown.
	sensitive map[hclsyntax.Expression]bool
	// localShows remembers which locals hold something sensitive.
	localShows map[string]bool
	// results holds the type of each action's result as others see it, and as the step itself does.
	results, selves map[*provider.Spec]cty.Value
	stepValues      map[*lang.Step]cty.Value
	eachValues      map[*lang.Step]cty.Value
	reaches         map[string]*lang.Ref
	// worst is what each action can do whatever its arguments are.
	worst map[*provider.Spec]provider.Effect
	// checked holds what the checks of constant strings said, by check and text: parsing PromQL is not cheap.
	checked map[checkedText]error
	names   map[lang.RefKind][]string
	// undone are the steps that undos belong to, by the undo's own step.
	undone map[*lang.Step]*lang.Step
	// notifiers are what tells the contacts of levels: no steps of the runbook, though they are checked like some.
	notifiers map[*lang.Step]bool
}

type checkedText struct {
	provider, check, text string
}

func newChecker(rb *lang.Runbook, g *graph.Graph, opts Options) *checker {
	c := &checker{
		rb: rb, graph: g, options: opts,
		functions:  map[string]*hcl.EvalContext{},
		steps:      make(map[string]*lang.Step, len(rb.Steps)),
		values:     make(map[*lang.Expr]cty.Value, 4*len(rb.Steps)),
		sensitive:  map[hclsyntax.Expression]bool{},
		localShows: map[string]bool{},
		results:    map[*provider.Spec]cty.Value{},
		selves:     map[*provider.Spec]cty.Value{},
		stepValues: make(map[*lang.Step]cty.Value, len(rb.Steps)),
		eachValues: map[*lang.Step]cty.Value{},
		reaches:    map[string]*lang.Ref{},
		worst:      map[*provider.Spec]provider.Effect{},
		checked:    map[checkedText]error{},
		names:      map[lang.RefKind][]string{},
		undone:     map[*lang.Step]*lang.Step{},
		notifiers:  map[*lang.Step]bool{},
	}
	for _, e := range rb.Escalations {
		for _, s := range e.Notifiers() {
			c.notifiers[s] = true
		}
	}
	for _, s := range rb.Steps {
		if c.steps[s.Name] == nil {
			c.steps[s.Name] = s
		}
		if s.Undo != nil {
			c.undone[s.Undo.Step] = s
		}
	}
	return c
}

func (c *checker) error(at hcl.Range, summary, format string, args ...any) {
	c.diags = append(c.diags, problem(at, summary, format, args...))
}

func (c *checker) warn(at hcl.Range, summary, format string, args ...any) {
	d := problem(at, summary, format, args...)
	d.Severity = hcl.DiagWarning
	c.diags = append(c.diags, d)
}

func problem(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &at}
}

// typed checks an expression in its place and gives what it evaluates to as far as that is known; cty.DynamicVal where
// it has an error, and for no expression. An expression is checked once, later calls give the same value.
func (c *checker) typed(e *lang.Expr, p *place) cty.Value {
	if e == nil || e.Expression == nil {
		return cty.DynamicVal
	}
	if v, ok := c.values[e]; ok {
		return v
	}
	// A local that leads back to itself finds this.
	c.values[e] = cty.DynamicVal
	v, diags := c.evaluate(e, p)
	c.diags = append(c.diags, diags...)
	if diags.HasErrors() {
		v = cty.DynamicVal
	}
	c.values[e] = v
	return v
}

func (c *checker) evaluate(e *lang.Expr, p *place) (cty.Value, hcl.Diagnostics) {
	env := &typecheck.Env{
		Context: c.functionsIn(e.Range().Filename),
		Resolve: func(t hcl.Traversal) typecheck.Resolved { return c.resolve(t, p) },
		Call: func(call *hclsyntax.FunctionCallExpr, args []cty.Value) hcl.Diagnostics {
			return c.callArguments(call, args)
		},
	}
	v, diags := typecheck.Check(e.Expression, env)
	foreseen := !v.IsKnown() && v.HasMark(typecheck.Foreseen)
	v, marks := v.UnmarkDeep()
	if _, sensitive := marks[provider.Sensitive]; sensitive {
		// What is sensitive must not turn up in a message, so only its type counts.
		v = cty.UnknownVal(v.Type())
		c.sensitive[e.Expression] = true
	}
	if foreseen {
		v = v.Mark(typecheck.Foreseen)
	}
	return v, diags
}
