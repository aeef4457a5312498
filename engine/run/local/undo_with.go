package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// undoWith is what the undo of a write refers to beside the write's own result, as it stood before that was sent.
type undoWith struct {
	// written are digests of the text of the arguments then, by name: one that is written otherwise is meant otherwise.
	written map[string]string
	// values are what parts of the arguments came to, by argument and place.
	values func() map[string]cty.Value
}

// keepUndoWith works out what the undo of a write will refer to that could be something else by then: results of other steps, variables,
// locals, each, the environment and files. What is read anew each time is not: the clock, and secrets, which may have been renewed. NilVal:
// there is nothing; else its start, e, tells it.
func (r *runner) keepUndoWith(x *execution, e *run.Event) cty.Value {
	delete(r.undoneWith, x.address)
	if x.step.Undo == nil {
		return cty.NilVal
	}
	undo, values, written := x.step.Undo.Step, map[string]cty.Value{}, map[string]string{}
	for name, attr := range undo.Args {
		attr.Expr.Rewrite(func(part *lang.Expr, at string) lang.Replacement {
			more, self, anew := r.needs(part)
			if !more {
				return lang.Replacement{}
			}
			if !self && !anew {
				if v, diags := r.scope.Value(part, x.local); !diags.HasErrors() && v.IsWhollyKnown() {
					values[name+at], written[name] = v, digestOfText(attr.Expr)
					return lang.Replacement{Value: v}
				}
			}
			return lang.Replacement{Into: true}
		})
	}
	if len(values) == 0 {
		return cty.NilVal
	}
	with := cty.ObjectVal(values)
	e.UndoWith = &run.UndoWith{Values: lang.ValueToJSON(with), Types: typesBeside(values), Written: written}
	r.undoneWith[x.address] = &undoWith{written: written, values: func() map[string]cty.Value { return values }}
	return with
}

// undoUses adds what is known of what an argument of an undo refers to that can't be worked out: as it was kept, else as it stands now.
func (r *runner) undoUses(d *deed, name string, local lang.Frame, uses map[string]cty.Value) {
	if d.with != nil {
		kept := d.with.values()
		d.step.Undo.Step.Args[name].Expr.Rewrite(func(part *lang.Expr, at string) lang.Replacement {
			v, ok := kept[name+at]
			if ok {
				uses[asWritten(part.Source)] = v
			}
			return lang.Replacement{Value: v, Into: !ok}
		})
	}
	if r.scope != nil {
		r.usedBy(d.undo().Args[name].Expr, local, uses)
	}
}

// needs tells whether an expression needs more than the result of its own step, whether it needs that, and whether it is to be read anew
// each time.
func (r *runner) needs(e *lang.Expr) (more, self, anew bool) {
	reads := r.scope.Runbook.Surroundings(e)
	self = refersTo(e, lang.RefSelf)
	others := slices.ContainsFunc(e.Refs, func(ref lang.Ref) bool { return ref.Kind != lang.RefSelf })
	return others || reads.Environment || reads.Files || reads.Clock, self, reads.Clock || reads.Secrets
}

func digestOfText(e *lang.Expr) string {
	sum := sha256.Sum256([]byte(e.Written()))
	return hex.EncodeToString(sum[:8])
}

// recallUndoWith takes in what the start of a write tells of its undo.
func (b *branch) recallUndoWith(p *Past, e *run.Event, sealed []byte) {
	if e.UndoWith == nil {
		if e.Attempt <= 1 {
			delete(b.undoneWith, e.Step)
		}
		return
	}
	text, types := e.UndoWith.Values, e.UndoWith.Types
	if !lang.HoldsBlank(text) {
		sealed = nil
	}
	read := sync.OnceValues(func() (map[string]cty.Value, string) { return p.readUndoWith(text, types, sealed) })
	b.undoneWith[e.Step] = &undoWith{written: e.UndoWith.Written, values: func() map[string]cty.Value {
		values, _ := read()
		return values
	}}
	p.reads(stageSent, text, sealed, func() string {
		_, lost := read()
		return lost
	})
}

// readUndoWith reads what was kept. What can't be had any more is unknown: the undo says so, and does not run.
func (p *Past) readUndoWith(text json.RawMessage, told map[string]json.RawMessage, sealed []byte) (_ map[string]cty.Value, lost string) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, "what its undo refers to can't be read: " + err.Error()
	}
	types := map[string]cty.Type{}
	for part := range given {
		types[part] = typeTold(told, part)
	}
	v, lost := p.readBack("what its undo refers to", text, as(cty.Object(types)), sealed, func(s *sealedResult) *sealedResult { return s.Undo })
	if lost != "" {
		values := map[string]cty.Value{}
		for part := range given {
			values[part] = cty.DynamicVal
		}
		return values, lost
	}
	TellSecrets(v, p.cfg.Secrets)
	return v.AsValueMap(), ""
}

// undo is the step that takes the deed back, with what it refers to as that stood when the deed was done.
func (d *deed) undo() *lang.Step {
	undo := d.step.Undo.Step
	if d.with == nil {
		return undo
	}
	values, then := d.with.values(), *undo
	then.Args = maps.Clone(undo.Args)
	for name, attr := range undo.Args {
		if digest, kept := d.with.written[name]; !kept || digest != digestOfText(attr.Expr) {
			continue
		}
		as := *attr
		as.Expr = attr.Expr.Rewrite(func(_ *lang.Expr, at string) lang.Replacement {
			return lang.Replacement{Value: values[name+at], Into: true}
		})
		then.Args[name] = &as
	}
	return &then
}
