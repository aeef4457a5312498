package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// undoWith works out the arguments of the undo of what a step did that could come to something else later: those that refer to more than
// the step itself, or read the environment or a file. What is read anew each time is left out: the clock, and secrets, which may have been
// renewed by then. Both are nil where nothing is left.
func (r *runner) undoWith(x *execution, end *ending) (*run.UndoWith, func() map[string]cty.Value) {
	undo, local := x.step.Undo.Step, x.local
	local.Self = end.value()
	schema, with := undo.Spec.Spec().Args(), map[string]cty.Value{}
	for name, attr := range undo.Args {
		if !r.needsMore(attr.Expr) {
			continue
		}
		v, diags := r.scope.Value(attr.Expr, local)
		if diags.HasErrors() {
			continue // the undo says what is wrong
		}
		if v, err := convert.Convert(v, schema.Attribute(name).Type); err == nil && v.IsWhollyKnown() {
			with[name] = v
		}
	}
	if len(with) == 0 {
		return nil, nil
	}
	told := &run.UndoWith{Arguments: lang.ValueToJSON(cty.ObjectVal(with)), Written: writtenWhole(undo)}
	return told, func() map[string]cty.Value { return with }
}

// needsMore reports whether what an expression gives may be kept, and is not decided by the step's own result.
func (r *runner) needsMore(e *lang.Expr) bool {
	reads := r.scope.Runbook.Surroundings(e)
	if reads.Clock || reads.Secrets {
		return false
	}
	return reads.Environment || reads.Files || slices.ContainsFunc(e.Refs, func(ref lang.Ref) bool { return ref.Kind != lang.RefSelf })
}

// writtenWhole is a digest of the text of a step's action and arguments.
func writtenWhole(step *lang.Step) string {
	sum := sha256.Sum256([]byte(step.Action + "\n" + strings.Join(writtenArguments(step), "\n")))
	return hex.EncodeToString(sum[:8])
}

// recallUndoWith has the undo of what a step did called with what was worked out then, where it is written as it was.
func (p *Past) recallUndoWith(step *lang.Step, e *run.Event, sealed []byte, end *ending) {
	if e.UndoWith == nil || step.Undo == nil || e.UndoWith.Written != writtenWhole(step.Undo.Step) {
		return
	}
	text := e.UndoWith.Arguments
	if !lang.HoldsBlank(text) {
		sealed = nil
	}
	read := sync.OnceValues(func() (map[string]cty.Value, string) { return p.readUndoWith(step.Undo.Step, text, sealed) })
	end.undoWith = func() map[string]cty.Value {
		with, _ := read()
		return with
	}
	p.reads(text, sealed, func() string {
		_, lost := read()
		return lost
	})
}

// readUndoWith reads the arguments of an undo that were kept. What can't be had any more is unknown: the undo says so, and does not run.
func (p *Past) readUndoWith(undo *lang.Step, text json.RawMessage, sealed []byte) (_ map[string]cty.Value, lost string) {
	var given map[string]json.RawMessage
	types, schema := map[string]cty.Type{}, undo.Spec.Spec().Args()
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, "what its undo is called with can't be read: " + err.Error()
	}
	for name := range given {
		if a := schema.Attribute(name); a != nil {
			types[name] = a.Type
		}
	}
	v, lost := p.readBack("what its undo is called with", text, cty.Object(types), sealed, func(s *sealedResult) *sealedResult { return s.Undo })
	if lost != "" {
		with := map[string]cty.Value{}
		for name, ty := range types {
			with[name] = cty.UnknownVal(ty)
		}
		return with, lost
	}
	TellSecrets(v, p.cfg.Secret)
	return v.AsValueMap(), ""
}

// undo is the step that takes the deed back, with what was worked out of its arguments when that was done.
func (d *deed) undo() *lang.Step {
	undo := d.step.Undo.Step
	if d.end.undoWith == nil {
		return undo
	}
	then := *undo
	then.Args = maps.Clone(undo.Args)
	for name, v := range d.end.undoWith() {
		if attr := then.Args[name]; attr != nil {
			as := *attr
			as.Expr = attr.Expr.As(v)
			then.Args[name] = &as
		}
	}
	return &then
}
