package local

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// heedsUndo has a write refuse to be sent whose undo could never be called, as far as that can be told from what the action notes before:
// what it found there. It gives why once the action has ended. After an attempt that may have taken place it is too late for that.
func (r *runner) heedsUndo(a *attempt, call *provider.Call) (refused func() error) {
	noter, ok := a.step.Spec.(provider.Noter)
	var why error
	if a.step.Undo == nil || !ok || call.Earlier != nil {
		return func() error { return nil }
	}
	heeds := func(keep func([]byte) error) func([]byte) error {
		return func(note []byte) error {
			noted, err := noter.Noted(call.Args, note)
			if err == nil && !noted.Idle && noted.Value != cty.NilVal {
				err = r.undoErrs(a, noted)
			}
			if err != nil {
				why = &provider.Error{
					Op: a.step.Action, Err: fmt.Errorf("nothing was changed, as the undo could not take it back: %w", err), NothingDone: true, Permanent: true,
					Hint: "Mend the undo block, and resume with --with-changes.",
				}
				return why
			}
			return keep(note)
		}
	}
	call.Note, call.NoteSealed = heeds(call.Note), heeds(call.NoteSealed)
	return func() error { return why }
}

// undoAllowed holds the undo of a step against the policies before the step is sent: what its arguments surely make of it, whatever the
// result of the step will be.
func (r *runner) undoAllowed(x *execution) error {
	if x.step.Undo == nil || r.Allowed == nil {
		return nil
	}
	undo, local := x.step.Undo.Step, x.local
	local.Self = cty.DynamicVal
	args := KnownArgs(r.scope, undo, local)
	TellSecrets(args, r.Secrets)
	return r.Allowed(r.runbook, undo, args)
}

// undoErrs evaluates the arguments of a step's undo with what is known of its result, and gives what is wrong whatever the rest will be.
// Those that depend on anything else than the step itself may be another matter by then.
func (r *runner) undoErrs(a *attempt, noted provider.NotedResult) error {
	attrs := a.selfEnding().self()
	for name, ty := range a.step.Spec.Spec().Results().Type().AttributeTypes() {
		attrs[name] = cty.UnknownVal(ty)
		if noted.Value.Type().HasAttribute(name) && !slices.Contains(noted.Meant, name) {
			attrs[name] = noted.Value.GetAttr(name)
		}
	}
	for _, name := range []string{"started_at", "duration_ms", "attempts"} {
		attrs[name] = cty.UnknownVal(attrs[name].Type())
	}
	local := a.local
	local.Self, local.At = cty.ObjectVal(attrs), lang.Place{}
	var errs []error
	undo := a.step.Undo.Step
	spec := undo.Spec.Spec()
	args := map[string]cty.Value{}
	for _, arg := range spec.Args().Attributes {
		attr := undo.Args[arg.Name]
		switch args[arg.Name] = cty.UnknownVal(arg.Type); {
		case attr == nil:
			args[arg.Name] = cty.NullVal(arg.Type)
		case r.ofItself(attr.Expr):
			v, err := r.argumentOrWhy(&arg, attr, local)
			args[arg.Name], errs = v, append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return spec.Refuses(cty.ObjectVal(args))
}

// argumentOrWhy is what is known of an argument, or why no call takes it.
func (r *runner) argumentOrWhy(arg *provider.Attribute, attr *lang.Attr, local lang.Frame) (cty.Value, error) {
	v, diags := r.scope.Value(attr.Expr, local)
	if diags.HasErrors() {
		return cty.NilVal, errors.New(text(diags))
	}
	converted, err := convert.Convert(v, arg.Type)
	if err == nil {
		if err = arg.Refuses(converted); err == nil {
			return converted, nil
		}
	}
	return cty.NilVal, fmt.Errorf("%s: %s = %s: %w", place(attr.Range), arg.Name, asWritten(attr.Expr.Source), err)
}

// ofItself reports whether an expression uses nothing that may be another by the time of an undo.
func (r *runner) ofItself(e *lang.Expr) bool {
	around := r.runbook.Surroundings(e)
	return !around.Files && !around.Environment && !around.Clock && !slices.ContainsFunc(r.runbook.Uses(e), func(used *lang.Expr) bool { return refersTo(used, lang.RefStep) })
}
