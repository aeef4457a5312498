package local

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// within lists the steps of the runbook that a step runs which write, or whose undos do, in the order of the file and with those of the
// runbooks below it, as far as they are known before it begins. What only its run gives is not known.
func (r *runner) within(step *lang.Step, address string, variables cty.Value) (listed, error) {
	scope, configs, err := r.Child(step, variables)
	if err != nil {
		return nil, err
	}
	b := r.childBranch(step, address)
	b.use(scope, configs)
	at := newRunner(r.session, b, r.hard)
	beforehand := foresight{at, map[*graph.Node]bool{}}
	var out listed
	for _, n := range b.graph.Nodes {
		if n.Step.Child != nil {
			out = append(out, at.deeper(n.Step, beforehand.perhaps(n))...)
		} else if b.effects[n.Step.Name] != provider.Read || n.Step.Undo != nil && graph.Effect(n.Step.Undo.Step) != provider.Read {
			w := at.known(n.Step)
			w.refused = beforehand.willRefuse(n)
			out = append(out, w)
		}
	}
	r.below[address].markDone(out)
	return out, nil
}

// markDone says which of the writes of a runbook took place in an earlier session, as far as its steps tell it themselves; nil: it has not
// begun.
func (b *branch) markDone(all listed) {
	if b == nil {
		return
	}
	for i := range all {
		w := &all[i]
		at, own := b.find(w.Key)
		if at == nil {
			continue
		}
		if at.state.Began(own) {
			w.refused = nil // it may be too late for that
		}
		if w.Done = at.doneAt(own); w.Done != "" {
			w.prepared = nil // a dry run would show what is there
		}
	}
}

// doneAt says when a step took place, or its instances did that have; empty: it runs, or runs again.
func (b *branch) doneAt(name string) string {
	at := func(address string) string {
		_, key, ended := b.state.Ended(address)
		if e := b.values.ending(name, key); ended && e != nil && !e.undone && (e.outcome == run.Pass || e.outcome == run.Warn) {
			return "done at " + provider.Moment(e.timing.finished)
		}
		return ""
	}
	instances := b.state.Instances(name)
	if len(instances) == 0 {
		return at(name)
	}
	var done []string
	for i, address := range instances {
		if when := at(address); when != "" {
			done = append(done, b.values.key(name, i)+": "+when)
		}
	}
	return strings.Join(done, ", ")
}

// anyDone reports whether one of the writes took place in an earlier session.
func (l listed) anyDone() bool {
	return slices.ContainsFunc(l, func(w listedWrite) bool { return w.Done != "" })
}

// deeper lists the writes of a runbook below, by addresses that begin with its step, which may be skipped.
func (r *runner) deeper(step *lang.Step, skipped bool) listed {
	args, conditions := KnownArgs(r.scope, step, AnyInstance(step)), r.conditions(step)
	out, err := r.within(step, step.Name, args.GetAttr("variables"))
	if err != nil { // it may be known once its turn has come
		w := listedWrite{by: r, execution: &execution{step: step}, values: cty.EmptyObjectVal}
		w.Key, w.Action, w.Effect = step.Name, step.Action, r.effects[step.Name].String()
		w.Note = joined(append(conditions, "what it writes is not known: "+err.Error()))
		return listed{w}
	}
	for i := range out {
		w := &out[i]
		w.Key, w.Note = step.Name+"/"+w.Key, joined(append(slices.Clip(conditions), w.Note))
		if len(conditions) > 0 {
			w.prepared = nil
		}
		if skipped || step.ForEach != nil {
			w.refused = nil
		}
	}
	return out
}

// known is what is known of a step before its runbook begins.
func (r *runner) known(step *lang.Step) listedWrite {
	x := &execution{address: step.Name, step: step, key: -1, local: AnyInstance(step), effect: r.effects[step.Name]}
	w := listedWrite{by: r, execution: x}
	w.Key, w.Action, w.Effect, w.Target = step.Name, step.Action, x.effect.String(), r.targetOf(x)
	if w.Target == "" {
		w.Target = "provider." + graph.Configuration(step)
	}
	args := KnownArgs(r.scope, step, x.local)
	TellSecrets(args, r.Secrets)
	values := map[string]cty.Value{}
	w.Arguments, w.Uses, values["arguments"] = r.knownOf(step, args, x.local)
	var undo cty.Value
	if w.Undo, undo = r.askedUndo(x); w.Undo != nil {
		values["undo"] = undo
	}
	w.values = cty.ObjectVal(values)
	notes := r.conditions(step)
	w.Note = joined(notes)
	plain, _ := args.UnmarkDeep()
	if len(notes) == 0 && plain.IsWhollyKnown() && x.effect != provider.Read {
		w.prepared = &prepared{args: args}
	}
	return w
}

// conditions say when, and how often, a step of a runbook is carried out, and who else is asked.
func (r *runner) conditions(step *lang.Step) []string {
	var out []string
	if step.ForEach != nil {
		each := "for each of " + step.ForEach.Source
		if all, diags := r.scope.Instances(step.ForEach, lang.Frame{}); !diags.HasErrors() && all.Keys != nil {
			each = "for each of " + strings.Join(all.Keys, ", ")
		}
		out = append(out, each)
	}
	if step.When != nil {
		switch holds, known := r.foretold(step.When, AnyInstance(step)); {
		case !known:
			out = append(out, "only where "+step.When.Source)
		case !holds:
			out = append(out, "it will be skipped: when is false: "+step.When.Source)
		}
	}
	if step.RunIf == lang.RunIfFailure {
		out = append(out, "only after a failure")
	}
	if step.Approval != nil {
		out = append(out, "with an approval of its own")
	}
	return out
}

func joined(notes []string) string {
	return strings.Join(slices.DeleteFunc(notes, func(note string) bool { return note == "" }), "; ")
}

// AnyInstance is what all instances of a step have in common.
func AnyInstance(step *lang.Step) lang.Frame {
	if step.ForEach == nil {
		return lang.Frame{}
	}
	return lang.Frame{EachKey: cty.UnknownVal(cty.String), EachValue: cty.DynamicVal}
}

// values are what is known of all, marks and all.
func (l listed) values() cty.Value {
	all := map[string]cty.Value{}
	for i := range l {
		all[l[i].Key] = l[i].values
	}
	return cty.ObjectVal(all)
}

// closeAll closes the clients that were opened for dry runs of what other runbooks write.
func (r *runner) closeAll(all listed) {
	seen := map[*Configs]bool{r.configs: true}
	for i := range all {
		c := all[i].by.configs
		if seen[c] {
			continue
		}
		seen[c] = true
		if err := c.Close(); err != nil {
			r.Host.Log.Warn("a client did not close cleanly", "error", err)
		}
	}
}
