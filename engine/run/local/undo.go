package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// undoing is an errand that takes back what a step did.
type undoing struct {
	errand
	// at is the runner of the branch, which may be that of a runbook that a step ran; effect the number of what is undone.
	at     *runner
	effect int64
	did    *deed
	// again says that it was sent before, and may have taken place then.
	again bool
}

// foundNothing warns of an undo that changed nothing, unless an attempt before may have been what changed it.
const foundNothing = "it changed nothing: what the step did was taken back before, or is somebody else's by now; look whether what is there now is right"

// startUndo begins the undo of what a step did.
func (r *runner) startUndo(ctx context.Context, c run.Command) (func(), bool, error) {
	b, did, err := r.deedOf(c.Address, c.Undoes)
	if err != nil {
		return nil, false, err
	}
	at, missing := r.undoFrom(b)
	_, own := r.find(c.Address)
	u := &undoing{at: at, effect: c.Undoes, did: did, again: c.Sent != "", errand: errand{
		what: "an undo", address: own, step: did.undo(), local: b.frame(did), started: r.clock(),
	}}
	u.takesNotes = func(ctx context.Context, call *provider.Call) { at.takesNotes(ctx, call, own, u.effect) }
	e := &run.Event{
		Type: run.UndoStarted, Step: own, Undoes: u.effect, Time: u.started, Action: u.step.Action, Effect: graph.Effect(u.step).String(),
		Attempt: 1,
	}
	if missing == nil && !r.onlyUndoes {
		missing = at.unapproved(did)
	}
	if missing == nil {
		missing = at.elsewhere(did, u.local)
	}
	sealed, err := at.stampUndo(u, c, e, missing)
	if emitErr := at.emitSealed(e, sealed); emitErr != nil {
		return nil, false, emitErr
	}
	return func() {
		if u.err = err; err == nil {
			at.errand(ctx, &u.errand)
		}
		r.undone <- u
	}, false, nil
}

// stampUndo gives the start of an undo its key, and what it is sent with; an error says why it is not sent, missing that it can't be.
func (r *runner) stampUndo(u *undoing, c run.Command, e *run.Event, missing error) (sealed []byte, err error) {
	args, argsErr := cty.NilVal, missing
	if missing == nil {
		args, argsErr = r.arguments(u.step, u.local)
	}
	if argsErr != nil { // the errand says what is wrong
		u.key = cmp.Or(c.Sent, r.newKey(u.address+"/undo"))
	} else {
		target, _ := r.configs.Target(u.step, u.local) // what is wrong with it, the errand says
		var why string
		if u.key, why = r.keyOf(u.step, u.address, u.effect, c.Sent, target, args); why != "" {
			e.Key, u.doubted = u.key, true
			return nil, errors.New(why)
		}
		sealed = r.tellSent(e, target, args, cty.NilVal)
	}
	e.Key, u.earlier = u.key, c.EarlierOf(u.key)
	return sealed, missing
}

// undoDone tells how an undo ended. One that failed says how a person finishes it.
func (r *runner) undoDone(u *undoing) error {
	took := milliseconds(r.clock().Sub(u.started))
	e := &run.Event{
		Type: run.UndoFinished, Step: u.address, Undoes: u.effect, Action: u.step.Action, Outcome: run.Pass, DurationMS: &took,
		Attempts: u.attempts, Source: place(u.step.Range),
	}
	var sealed []byte
	if u.result != nil {
		e.Result, e.Summary, e.Warnings = lang.ValueToJSON(u.result.Value), u.result.Summary, u.result.Warnings
		if u.err == nil && u.result.ChangedNothing && !u.again && !u.doubted {
			e.Warnings = append(e.Warnings, foundNothing)
		}
		if u.result.Value.ContainsMarked() {
			sealed = r.seal(sealedOf(u.result.Value))
		}
	}
	if u.err != nil {
		e.Outcome, e.Error = run.Error, u.err.Error()
		if u.result != nil && u.result.Failure != nil {
			e.Outcome = run.Fail
		}
		e.InDoubt, e.Partial = u.inDoubt(), u.result != nil && provider.Partial(u.err)
		e.ByHand = u.at.byHand(u)
	}
	u.at.times.undone(e)
	return u.at.emitSealed(e, sealed)
}

// byHand says in words what an undo that failed would have done, or what one in doubt may have done, and what follows from that.
func (r *runner) byHand(u *undoing) string {
	address := r.prefix + u.address
	command := r.command("undo " + r.RunID + " " + run.Quote(run.Effect{Address: address, Seq: u.effect}.String()))
	if elsewhere := new(elsewhereError); errors.As(u.err, elsewhere) {
		return fmt.Sprintf("Take the effect of step %s back by hand: %s; and say that it is done with: %s --in-doubt done; or, %s, with: %[3]s", address,
			r.undoInWords(u.did, u.local), command, elsewhere.again())
	}
	words := ""
	if u.args == cty.NilVal {
		words = r.undoInWords(u.did, u.local)
	} else {
		on, _ := r.undoOn(u.did, u.local)
		words = doing(u.step, sentArguments(u.step, u.args), on)
	}
	if u.inDoubt() {
		return lookWhether(words, command)
	}
	if u.result != nil && u.result.Failure == nil {
		again := "try it again with: " + command
		if provider.Partial(u.err) {
			again = "have all of it sent again with: " + command + " --in-doubt redo"
		}
		return fmt.Sprintf("The undo of step %s did something before it erred: %s. Take back by hand what is left of: %s; and say that it is done with: %s --in-doubt done; or %s",
			address, strings.TrimSuffix(u.err.Error(), "."), words, command, again)
	}
	if r.lacksResult(u) {
		return fmt.Sprintf("Take the effect of step %s back by hand: %s; and say that it is done with: %s --in-doubt done. To try it again gives the same, as long as "+
			"its undo needs what is not known of its result", address, words, command)
	}
	return fmt.Sprintf("Take the effect of step %s back by hand: %s; and say that it is done with: %s --in-doubt done; or try it again with: %[3]s", address, words, command)
}

// lacksResult reports whether an undo can't be worked out because nobody knows what its step gave: no further try finds that out.
func (r *runner) lacksResult(u *undoing) bool {
	if u.args != cty.NilVal || u.local.SelfLost == "" || r.scope == nil {
		return false
	}
	known := u.local
	known.Self, known.SelfLost = cty.DynamicVal, ""
	for _, attr := range u.step.Args {
		_, now := r.scope.Value(attr.Expr, u.local)
		if _, then := r.scope.Value(attr.Expr, known); now.HasErrors() && !then.HasErrors() {
			return true
		}
	}
	return false
}

// command is one of the program that people are to type.
func (c *Config) command(text string) string {
	if c.Command == nil {
		return "runbook " + text
	}
	return c.Command(text)
}

// lookWhether tells what to do about an undo in doubt.
func lookWhether(words, command string) string {
	return fmt.Sprintf("Look whether this took place: %s. If not, do it by hand, and then say that it is done with: %s --in-doubt done; or have it sent again with: %s --in-doubt redo",
		words, command, command)
}

// doing is what an undo does: its action, the system, the arguments.
func doing(step *lang.Step, arguments []string, on *run.Target) string {
	words := step.Action
	if on != nil {
		words += " on " + on.Target
	}
	if len(arguments) > 0 {
		words += " with " + strings.Join(arguments, ", ")
	}
	return words
}

// undoInWords is what the undo of a deed does, on the system on which it has to: each argument with its value or, where that can't be worked
// out, as the file has it, with what it uses of the result.
func (r *runner) undoInWords(d *deed, local lang.Frame) string {
	local = d.shows(local)
	var told []string
	on, whole := r.undoOn(d, local)
	if whole {
		told = d.undo().Spec.Spec().PlaceArgs()
	}
	arguments, uses := r.wordedArguments(d, local, told)
	words := doing(d.undo(), arguments, on)
	if uses == nil {
		return words
	}
	known := countedOn(d.step, local)
	for _, source := range slices.Sorted(maps.Keys(uses)) {
		if !strings.HasPrefix(source, "self.") { // of that, each result was told whose parts are known
			known = append(known, source+" is "+lang.FormatWhole(uses[source]))
		}
	}
	if len(known) == 0 {
		return words
	}
	return words + " (" + strings.Join(known, ", ") + ")"
}

// shows is what the undo of a deed sees where all that matters is to tell it: of a result that can't be read back what everybody may see.
func (d *deed) shows(local lang.Frame) lang.Frame {
	if local.SelfLost == "" || d.end.inClear == nil {
		return local
	}
	end := *d.end
	end.recall, end.lost, end.result = nil, "", d.end.inClear()
	local.Self, local.SelfLost = end.value(), ""
	return local
}

// wordedArguments are the arguments of an undo as everybody may see them, but for those that are told already, and what is known of what those use
// that are as the file has them; nil: none is.
func (r *runner) wordedArguments(d *deed, local lang.Frame, told []string) (out []string, uses map[string]cty.Value) {
	step := d.undo()
	schema := step.Spec.Spec().Args()
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		attr := step.Args[a.Name]
		if attr == nil || slices.Contains(told, a.Name) {
			continue
		}
		text, ok := r.worded(a, attr, local)
		if !ok {
			if text = attr.Expr.Source; uses == nil {
				uses = map[string]cty.Value{}
			}
			r.undoUses(d, a.Name, local, uses)
		}
		out = append(out, a.Name+" = "+text)
	}
	return out, uses
}

// worded is the value of an argument, without what is sensitive of it; false: it can't be worked out.
func (r *runner) worded(a *provider.Attribute, attr *lang.Attr, local lang.Frame) (string, bool) {
	if r.scope == nil {
		return "", false
	}
	v, diags := r.scope.Value(attr.Expr, local)
	if diags.HasErrors() {
		return "", false
	}
	v, err := convert.Convert(v, a.Type)
	if err != nil {
		return "", false
	}
	if a.Sensitive {
		v = v.Mark(provider.Sensitive)
	}
	if !showable(v) {
		return "", false
	}
	TellSecrets(v, r.Secrets)
	return string(lang.ValueToJSON(v)), true
}

// errUnknown ends the look at a value a part of which is not known.
var errUnknown = errors.New("a part is not known")

// showable reports whether a value, and each part of it that everybody may see, is known.
func showable(v cty.Value) bool {
	plain, _ := v.Unmark()
	return plain.IsKnown() && cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) {
		if !part.IsMarked() && !part.IsKnown() {
			return false, errUnknown
		}
		return !part.IsMarked(), nil
	}) == nil
}

// sentArguments are those that a step was called with, as everybody may see them.
func sentArguments(step *lang.Step, args cty.Value) []string {
	var out []string
	for _, a := range shownArguments(step, args) {
		out = append(out, a.Name+" = "+a.Value)
	}
	return out
}

// countedOn tells the results of a step that its undo uses, beside arguments that could not be worked out from them.
func countedOn(step *lang.Step, local lang.Frame) (parts []string) {
	if step.Spec == nil || local.Self == cty.NilVal || local.Self.IsNull() || !local.Self.IsKnown() {
		return nil
	}
	self, _ := local.Self.Unmark()
	for _, name := range step.Spec.Spec().Results().Names() {
		if self.Type().HasAttribute(name) && step.UndoCountsOn(name) {
			if known := knownPart(self.GetAttr(name)); known != cty.NilVal {
				parts = append(parts, "self."+name+" is "+string(lang.ValueToJSON(known)))
			}
		}
	}
	return parts
}

// knownPart is a value without those of its attributes that are not known; NilVal: none of it is.
func knownPart(v cty.Value) cty.Value {
	switch {
	case v.IsMarked():
		return v
	case !v.IsKnown():
		return cty.NilVal
	case v.IsNull():
		return v
	case v.Type().IsObjectType():
		attrs := map[string]cty.Value{}
		for name, item := range v.AsValueMap() {
			if known := knownPart(item); known != cty.NilVal {
				attrs[name] = known
			}
		}
		return cty.ObjectVal(attrs)
	case v.Type().IsListType() || v.Type().IsTupleType():
		items := v.AsValueSlice()
		items = slices.DeleteFunc(items, func(item cty.Value) bool { return knownPart(item) == cty.NilVal })
		for i, item := range items {
			items[i] = knownPart(item)
		}
		return cty.TupleVal(items)
	}
	return v
}

// ByHand tells what to do about an undo in doubt; command is the one that undoes it.
func (p *Past) ByHand(d run.Doubt, command string) string {
	b, did, err := p.root.deedOf(d.Address, d.Undoes)
	if err == nil {
		err = p.furnishUndo(b)
	}
	if err != nil {
		return lookWhether("the undo of step "+d.Address, command)
	}
	return lookWhether(p.runnerOf(b).undoInWords(did, b.frame(did)), command)
}

// writtenArguments are a step's arguments as the file has them, for one whose arguments could not be worked out.
func writtenArguments(step *lang.Step) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(step.Args)) {
		out = append(out, name+" = "+step.Args[name].Expr.Source)
	}
	return out
}
