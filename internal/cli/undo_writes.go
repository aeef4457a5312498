package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine"
	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// writesInDoubt are the writes of the chosen steps of which nobody knows whether they took place. Where the undo of what a step did before is in
// doubt too, that is settled first.
func (o *undoOptions) writesInDoubt(p *local.Past) []run.Doubt {
	all := p.Doubts()
	return slices.DeleteFunc(slices.Clone(all), func(d run.Doubt) bool {
		first := func(other run.Doubt) bool { return other.Undo && other.Address == d.Address }
		return d.Undo || !o.namesStep(d.Address) || slices.ContainsFunc(all, first)
	})
}

// settleWrites decides what became of the writes in doubt of the chosen steps: what took place is taken back with the rest, and nothing is sent
// again. The others are left; nil: all are.
func (o *undoOptions) settleWrites(stop *interruption, s *stage, r *engine.Recalled, opts engine.RecallOptions) ([]local.Settled, error) {
	writes := o.writesInDoubt(r.Past)
	if len(writes) == 0 {
		return nil, nil
	}
	undos := slices.DeleteFunc(o.settleable(r.Past), func(d run.Doubt) bool { return !d.Undo || !o.namesUndoOf(d) })
	if err := o.checkSaid(r.Past, append(undos, writes...)); err != nil {
		return nil, err
	}
	s.announce(&r.Plan.Header)
	asker, _ := opts.Asker.(*asker) // nil: nobody sits here
	settler := &settler{Program: o.Program, stop: stop, recalled: r, asker: asker, said: o.said, takesBack: true, blind: o.blind}
	var out []local.Settled
	for _, d := range writes {
		decided, err := settler.settle(d)
		if err != nil {
			return nil, settler.notKept(err, d, out)
		}
		if decided != nil {
			out = append(out, *decided)
		}
	}
	return out, nil
}

// settleable is all that a word can be about, of whichever step.
func (o *undoOptions) settleable(p *local.Past) []run.Doubt {
	return slices.Concat(p.Doubts(), o.maybeByHand(p))
}

// checkSaid refuses words about what this session does not settle, which is open, and says of what is in doubt elsewhere how that is settled.
func (o *undoOptions) checkSaid(p *local.Past, open []run.Doubt) error {
	all := o.settleable(p)
	for _, step := range slices.Sorted(maps.Keys(o.said.each)) {
		about := func(d run.Doubt) bool { return d.Address == step || d.Undo && undone(d).String() == step }
		i := slices.IndexFunc(all, about)
		if i < 0 || slices.ContainsFunc(open, about) {
			continue
		}
		return fmt.Errorf("nothing was run: --in-doubt %s=%s: %s is not among the steps to be undone; it is settled with: %s", step, o.said.each[step], step,
			o.command(settles(all[i], o.Run)+" --in-doubt "+o.said.each[step]))
	}
	return o.said.check(open)
}

// halfSaid refuses a word for the undos of a step of which one failed and others were never sent: who did them all by hand is not to have these
// done again, and who did that one not to have them forgotten. settled says that the word is about writes.
func (o *undoOptions) halfSaid(p *local.Past, effects []run.Effect, settled bool) error {
	if o.Step == "" || o.said.others != run.DecisionDone || settled || slices.ContainsFunc(p.Doubts(), o.namesUndoOf) {
		return nil
	}
	counts := o.maybeByHand(p)
	i := slices.IndexFunc(counts, func(d run.Doubt) bool { return o.said.ofOne(d) == "" && chooses(effects, d) })
	sent := slices.DeleteFunc(o.toSend(p), func(e run.Effect) bool { return cmp.Or(o.said.each[e.String()], o.said.each[e.Address]) != "" })
	if i < 0 || len(sent) == 0 {
		return nil
	}
	one := undone(counts[i]).String()
	return fmt.Errorf("nothing was run: --in-doubt done: the undo of %s %s, and that of %s was not tried since, so the word does not tell whether it is about both. Say of each what you did by hand, and leave out what is to be sent: %s",
		one, cameTo(counts[i]), sent[0], o.command("undo "+o.Run+" "+run.Quote(o.Step)+" --in-doubt "+run.Quote(one+"=done")+" --in-doubt "+run.Quote(sent[0].String()+"=done")))
}

// settleFirst tells what became of some writes, in a session of its own. It asks before the undos that follow, so that who says no has settled
// nothing.
func (o *undoOptions) settleFirst(eng *engine.Engine, stop *interruption, s *stage, r *engine.Recalled, writes []local.Settled) (*engine.Result, diagnostics, error) {
	if steps := o.stepsAfter(r, writes); len(steps) > 0 && !o.blind {
		if err := s.confirm(&r.Plan.Header, steps, o.AutoApprove, stop, o.command("show "+o.Run+" --json")); err != nil {
			return nil, nil, forgotten(err, saidOf(writes), "it is settled once the undos run")
		}
	}
	result, diags := eng.Settle(stop.ctx, r, writes)
	return result, diags, nil
}

// settledAlone says why no undo is run after some writes in doubt were settled, which is kept: what these did is left.
func (o *undoOptions) settledAlone(diags diagnostics, files sources) error {
	var names []string
	for _, d := range o.settledFirst {
		names = append(names, nameOf(d))
	}
	o.say("what was said of %s is kept; no undo was sent", strings.Join(names, ", "))
	if err := o.printDiagnostics(diags, files); statusOf(err) != ExitRefused {
		return err
	}
	return exit(ExitLeftOver)
}

// stepsAfter are the undos that will be run once what became of some writes is settled, as the question before them shows them.
func (o *undoOptions) stepsAfter(r *engine.Recalled, settled []local.Settled) []engine.PlannedStep {
	var out []engine.PlannedStep
	for _, d := range settled {
		step, target := r.SentBy(d.Doubt)
		if d.Decision != run.DecisionDone || step == nil || step.Undo == nil {
			continue
		}
		undo := step.Undo.Step
		out = append(out, engine.PlannedStep{
			Name: "undo of " + d.Address, Action: undo.Action, Effect: max(provider.Write, graph.Effect(undo)), Provider: target.Provider, Target: target.Target,
		})
	}
	return append(out, r.UndoSteps(o.toSend(r.Past))...)
}

func doubtsOf(settled []local.Settled) []run.Doubt {
	var out []run.Doubt
	for _, d := range settled {
		out = append(out, d.Doubt)
	}
	return out
}
