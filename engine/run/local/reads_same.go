package local

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// readsTheSame reports whether the arguments of a read surely come to what they came to. With what it was sent is not kept, so that they are
// evaluated as the files were.
func (l *reach) readsTheSame(address string) bool {
	if l.touch.Whole || l.touch.Each && !l.seesTheSame(address) || l.step.Child != nil || graph.Effect(l.step) != provider.Read || l.former == nil {
		return false
	}
	r, x, err := l.execution(address)
	before, y, lost := l.former.at(l.branch.prefix + address)
	return err == nil && lost == nil && !slices.ContainsFunc(l.touch.Arguments, func(name string) bool {
		a := l.step.Spec.Spec().Args().Attribute(name)
		if a == nil || !slices.Contains(l.touch.Known, name) {
			return true
		}
		was, knew := comesTo(before.scope, y.step.Argument(name), a, y.sends())
		now, knows := comesTo(r.scope, x.step.Argument(name), a, x.sends())
		return !knew || !knows || !was.RawEquals(now)
	})
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
