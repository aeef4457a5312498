package local

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// Former are arguments of a step as the files had them, made of nothing but variables that are what they were, locals and each.
type Former struct {
	runbook *lang.Runbook
	// written are the expressions by the argument's name; nil: it was not there.
	written map[string]*lang.Expr
}

// Add adds an argument of a step of a runbook as it was; nil: it was not there.
func (f *Former) Add(runbook *lang.Runbook, name string, e *lang.Expr) {
	if f.runbook = runbook; f.written == nil {
		f.written = map[string]*lang.Expr{}
	}
	f.written[name] = e
}

// readsTheSame reports whether the arguments of a read surely come to what they came to. With what it was sent is not kept, so that they are
// evaluated as they were written.
func (l *reach) readsTheSame(address string) bool {
	if l.touch.Whole || l.touch.Each && !l.seesTheSame(address) || l.step.Child != nil || graph.Effect(l.step) != provider.Read {
		return false
	}
	r, x, err := l.Past.at(l.branch.prefix + address)
	if err != nil {
		return false
	}
	before := &lang.Scope{Runbook: l.touch.Former.runbook, Variables: r.scope.Variables, VariablesLost: r.scope.VariablesLost, Host: r.scope.Host}
	for _, name := range l.touch.Arguments {
		a := l.step.Spec.Spec().Args().Attribute(name)
		written, there := l.touch.Former.written[name]
		if a == nil || !there {
			return false
		}
		was, knew := comesTo(before, written, a, x.sends())
		now, knows := comesTo(r.scope, l.step.Argument(name), a, x.sends())
		if !knew || !knows || !was.RawEquals(now) {
			return false
		}
	}
	return true
}

// comesTo is what an action is given as an argument, where that is known. A nil expression is not there.
func comesTo(scope *lang.Scope, e *lang.Expr, a *provider.Attribute, local lang.Frame) (v cty.Value, known bool) {
	if e == nil {
		return a.OrDefault(cty.NullVal(a.Type)), true
	}
	v, diags := scope.Value(e, local)
	if diags.HasErrors() {
		return v, false
	}
	v, err := convert.Convert(v, a.Type)
	return a.OrDefault(v), err == nil && v.IsWhollyKnown()
}
