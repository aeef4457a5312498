package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// mostPreviews is of how many writes a question says what a dry run of them says: each asks the system.
const mostPreviews = 10

// listed are writes that a question is about, in the order of their keys or of the file.
type listed []listedWrite

type listedWrite struct {
	run.ListedWrite
	// by is the runner of the runbook that it is in, execution what would carry it out.
	by        *runner
	execution *execution
	// prepared has its arguments where all are known; nil: they are not.
	prepared *prepared
	// values are what is known of it, marks and all.
	values cty.Value
	// refused is why it is surely not sent; nil: nothing is known of that.
	refused error
}

func (l listed) writes() []run.ListedWrite {
	var out []run.ListedWrite
	for i := range l {
		out = append(out, l[i].ListedWrite)
	}
	return out
}

// askWrites asks about the writes that only the run could list. asked says that the answer is awaited, or that it was no; the
// function works the question out.
func (r *runner) askWrites(ctx context.Context, step *lang.Step, c run.Command, keys []string, instances []lang.Frame) (_ func(), asked bool, err error) {
	before, a := r.state.Answered(c.Address)
	said := before != nil && !a.Yes() // nobody approves beforehand what somebody has said no to
	if r.AutoApprove && !said || r.effects[step.Name] == provider.Read || !r.expanding[step.Name] || step.Approval != nil || len(r.state.Rest(step.Name, keys)) == 0 {
		return nil, false, nil
	}
	all, q := r.writesQuestion(step, keys, instances)
	now, same, proven := q, false, false
	if before != nil {
		same, proven = r.sameWrites(c.Address, all, before, q)
	}
	if before != nil && !same && len(lacking(q.Items, before.Items))+len(lacking(before.Items, keys)) == 0 { // these are left of those that it was given for
		var whole listed
		whole, now = r.questionAbout(step, before.Items, framesAt(keys, instances, before.Items))
		same, proven = r.sameWrites(c.Address, whole, before, now)
	}
	switch {
	case same && said:
		why := refusal(fmt.Sprintf("not run: %s said no%s", a.By, noted(a.Note)))
		return nil, true, r.concludeWith(r.refused(r.executionAt(step, c), why))
	case same && proven, r.AutoApprove:
		return nil, false, nil
	case before != nil && !said:
		q.Again = &run.AskedAgain{Why: run.AgainOther, By: a.By, Changes: r.otherNow(before, now)}
		if same {
			q.Again.Why = run.AgainUnproven
		}
	}
	work, err := r.workOutWrites(ctx, r.executionAt(step, c), all, q)
	return work, true, err
}

// writesQuestion asks about all instances of a step that are left to do, with what each writes, but for what a dry run says.
func (r *runner) writesQuestion(step *lang.Step, keys []string, instances []lang.Frame) (listed, *run.Question) {
	rest := r.state.Rest(step.Name, keys)
	return r.questionAbout(step, rest, framesAt(keys, instances, rest))
}

// questionAbout is one about some instances.
func (r *runner) questionAbout(step *lang.Step, keys []string, instances []lang.Frame) (listed, *run.Question) {
	all := r.list(step, keys, instances)
	q := &run.Question{
		Kind: run.AskApproval, Action: step.Action, Effect: r.effects[step.Name].String(), Items: keys, OnTimeout: "fail",
		Prompt: fmt.Sprintf("Run %s %d times, once for each of these?", step.Action, len(keys)),
	}
	if len(keys) == 1 {
		q.Prompt = fmt.Sprintf("Run %s for this?", step.Action)
	}
	q.Target = all.commonTarget()
	q.Writes = all.writes()
	return all, q
}

// workOutWrites tells that a question about writes is being worked out; the function adds what dry runs say.
func (r *runner) workOutWrites(ctx context.Context, x *execution, all listed, q *run.Question) (func(), error) {
	if err := r.emit(&run.Event{Type: run.StepWaiting, Step: x.address, For: run.ForWrites}); err != nil {
		return nil, err
	}
	r.workOut(x)
	return func() {
		b := r.bind(all.values(), q)
		q.Keyed = b.digest
		previewAll(ctx, all)
		q.Writes = all.writes()
		r.asked <- &question{execution: x, what: run.ForWrites, question: q, binding: b}
	}, nil
}

// list evaluates what each instance would be carried out with.
func (r *runner) list(step *lang.Step, keys []string, instances []lang.Frame) listed {
	var out listed
	for i, key := range keys {
		w := listedWrite{by: r, execution: r.newExecution(step, i, instances[i]), values: cty.EmptyObjectVal}
		w.Key = key
		if note := r.notRun(w.execution); note != "" {
			w.Note = note
		} else if args, err := r.arguments(step, w.execution.sends()); err != nil {
			w.Note = "its arguments are not known: " + err.Error()
		} else if err := r.undoAllowed(w.execution); err != nil {
			w.Note = "it will not be sent: " + err.Error()
		} else {
			w.Arguments, w.Target, w.prepared = shownArguments(step, args), r.targetOf(w.execution), &prepared{args: args}
			w.values = cty.ObjectVal(map[string]cty.Value{"arguments": args, "writes": r.listWithin(&w, args)})
		}
		out = append(out, w)
	}
	return out
}

// listWithin adds what the runbook that an instance runs writes, and gives the values of that.
func (r *runner) listWithin(w *listedWrite, args cty.Value) cty.Value {
	if w.execution.step.Child == nil {
		return cty.EmptyObjectVal
	}
	within, err := r.within(w.execution.step, w.execution.address, args.GetAttr("variables"))
	if err != nil {
		w.Note = "what it writes is not known: " + err.Error()
	}
	r.closeAll(within)
	w.Writes, w.prepared = within.writes(), nil
	return within.values()
}

// notRun says why an instance won't run, though it is among those that are asked about.
func (r *runner) notRun(x *execution) string {
	if !refersTo(x.step.When, lang.RefEach) {
		return ""
	}
	switch holds, diags := r.condition(x.step.When, frameAt(x.local, x.address, partWhen)); {
	case diags.HasErrors():
		return "when: " + text(diags)
	case !holds:
		return "it will be skipped: when is false: " + x.step.When.Source
	}
	return ""
}

// commonTarget takes the system that all writes work on out of each; empty where there are several.
func (l listed) commonTarget() string {
	target := ""
	for _, w := range l {
		if w.Note != "" {
			continue
		}
		if target == "" {
			target = w.Target
		}
		if w.Target != target {
			return ""
		}
	}
	for i := range l {
		l[i].Target = ""
	}
	return target
}

// sameWrites reports whether an answer to a question counts for another: all that it could show is the same, and what it could not.
// proven is false where the latter can't be found out, and all else is the same.
func (r *runner) sameWrites(address string, all listed, before, now *run.Question) (same, proven bool) {
	if before.Writes == nil { // asked by a version that showed the keys alone
		return slices.Equal(before.Items, now.Items), true
	}
	as := *now
	if proven = before.Keyed != "" || !lang.HoldsBlank(doneJSON(before)); before.Keyed != "" {
		digest := r.bound(address, asBytes(all.values()))
		as.Keyed, proven = cmp.Or(digest, before.Keyed), digest != ""
	}
	same = r.shown(before.Target) == r.shown(now.Target) && slices.Equal(before.Items, now.Items) && r.doesTheSame(before, &as)
	return same, proven
}

// asBound are writes as a yes to them is bound to them: without what a dry run said.
func asBound(writes []run.ListedWrite) []run.ListedWrite {
	writes = slices.Clone(writes)
	for i := range writes {
		w := &writes[i]
		w.Changes, w.NoChange, w.Done = nil, false, ""
		w.Undo, w.Writes = undoAsBound(w.Undo), asBound(w.Writes)
	}
	return writes
}

// previewAll adds what dry runs say, where there are few.
func previewAll(ctx context.Context, all listed) {
	if len(all) > mostPreviews {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, previewTime)
	defer cancel()
	for i := range all {
		w := &all[i]
		if w.prepared == nil {
			continue
		}
		var out run.Question
		w.by.preview(ctx, &question{execution: w.execution, prepared: w.prepared}, &out)
		w.Changes, w.NoChange = out.Changes, out.NoChange
	}
}
