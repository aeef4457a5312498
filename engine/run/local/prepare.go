package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// prepare evaluates what comes before a step needs a place: when and for_each. Arguments follow in the first attempt.
// A function that it returns works a question out.
func (r *runner) prepare(ctx context.Context, step *lang.Step, c run.Command) (func(), error) {
	local := lang.Frame{}
	whole := c.Key < 0
	if !whole {
		local = r.values.each(step.Name, c.Key)
	}
	perInstance := step.ForEach != nil && refersTo(step.When, lang.RefEach)
	if step.When != nil && whole != perInstance {
		holds, diags := r.condition(step.When, frameAt(local, c.Address, partWhen))
		if diags.HasErrors() {
			return nil, r.end(step, c.Key, &run.Event{Step: c.Address, Outcome: run.Error, Error: "when: " + text(diags)}, nil)
		}
		if !holds {
			return nil, r.end(step, c.Key, &run.Event{Step: c.Address, Outcome: run.Skipped, Error: "when is false: " + step.When.Source}, nil)
		}
	}
	if whole && step.ForEach != nil {
		return r.expand(ctx, step, c)
	}
	r.live[c.Address] = r.newExecution(step, c.Key, local)
	return nil, r.emit(&run.Event{Type: run.StepReady, Step: c.Address})
}

func refersTo(e *lang.Expr, kind lang.RefKind) bool {
	if e == nil {
		return false
	}
	for _, ref := range e.Refs {
		if ref.Kind == kind {
			return true
		}
	}
	return false
}

// condition evaluates an expression that must be a bool.
func (r *runner) condition(e *lang.Expr, local lang.Frame) (bool, hcl.Diagnostics) {
	v, diags := r.scope.Value(e, local)
	if diags.HasErrors() {
		return false, diags
	}
	holds, problem := boolOf(v, func() string { return whyUnknown(r.scope, e, local) })
	if problem != "" {
		return false, append(diags, &hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "The condition is not a bool", Subject: e.Range().Ptr(),
			Detail: fmt.Sprintf("%s %s.", e.Source, problem),
		})
	}
	return holds, diags
}

// boolOf reads a condition's value; problem says why it is none, and why what it needs where that is not known.
func boolOf(v cty.Value, why func() string) (holds bool, problem string) {
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return false, "is null"
	case !v.IsKnown():
		return false, "is not known: it " + why()
	case v.Type() != cty.Bool:
		return false, "is " + v.Type().FriendlyName() + ", not true or false"
	}
	return v.True(), ""
}

// expand takes what for_each gave in an earlier session, or evaluates it, once, into keys in order.
func (r *runner) expand(ctx context.Context, step *lang.Step, c run.Command) (func(), error) {
	all, keys, instances, err := r.instances(step)
	if err != nil {
		return nil, r.end(step, -1, &run.Event{Step: c.Address, Outcome: run.Error, Error: err.Error()}, nil)
	}
	if ask, asked, err := r.askWrites(ctx, step, c, keys, instances); asked || err != nil {
		return ask, err
	}
	r.values.expand(step.Name, keys, instances)
	e := &run.Event{Type: run.StepExpanded, Step: c.Address, Keys: &keys}
	sealed := r.keepEach(step, all, e)
	return nil, r.emitSealed(e, sealed)
}

// framesAt are those of the instances of some keys among all, in the same order.
func framesAt(keys []string, frames []lang.Frame, some []string) []lang.Frame {
	if len(some) == len(keys) {
		return frames
	}
	byKey := framesByKey(keys, frames)
	out := make([]lang.Frame, len(some))
	for i, key := range some {
		out[i] = byKey[key]
	}
	return out
}

// instances are those of a step, as its for_each gave them in an earlier session, or gives them now.
func (r *runner) instances(step *lang.Step) (all *lang.Instances, keys []string, frames []lang.Frame, err error) {
	var diags hcl.Diagnostics
	if kept := r.each[step.Name]; r.holds(step, kept) {
		all = kept.all
	} else {
		all, diags = r.scope.Instances(step.ForEach, frameAt(lang.Frame{}, step.Name, partForEach))
	}
	problem := text(diags)
	if !diags.HasErrors() {
		keys, frames, problem = forEach(all)
		problem = cmp.Or(problem, r.secretKeys(step, keys, r.shown))
	}
	if problem != "" {
		return nil, nil, nil, errors.New("for_each: " + problem)
	}
	return all, keys, frames, nil
}

// forEach takes what a for_each gives: that of a map, an object or a set of strings.
func forEach(all *lang.Instances) (keys []string, instances []lang.Frame, problem string) {
	v, marks := all.Value.Unmark()
	ty := v.Type()
	switch {
	case len(marks) > 0:
		return nil, nil, "its keys would show a sensitive value; use nonsensitive(…) if they may be shown"
	case v.IsNull():
		return nil, nil, "it is null; give an empty map for nothing to do"
	case !v.IsWhollyKnown():
		return nil, nil, "it is not known"
	case ty.IsSetType() && (ty.ElementType() == cty.String || v.LengthInt() == 0), ty.IsMapType(), ty.IsObjectType():
		// An empty set has no type of its own: toset([]).
	case ty.IsListType(), ty.IsTupleType():
		return nil, nil, fmt.Sprintf("it is a %s; write toset(…) around a list of strings, or make a map with { for x in … : x.name => x }", kindOf(ty))
	default:
		return nil, nil, fmt.Sprintf("it is %s, and must be a map or a set of strings", ty.FriendlyName())
	}
	if all.Keys == nil {
		return nil, nil, "one of its keys is null or sensitive"
	}
	return all.Keys, all.Frames, ""
}

func kindOf(ty cty.Type) string {
	if ty.IsTupleType() {
		return "tuple"
	}
	return "list"
}
