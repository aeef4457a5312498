package local

import (
	"maps"
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// Away is what is left of a run that belongs to another machine than this one.
type Away struct {
	Was, Now run.Target
	// Steps are those still to run that act on the machine; Undos those whose undo is due, or may fall due, on the other.
	Steps, Undos []string
}

// Away finds what is left of the run that belongs to another machine, as the run has changed something there; nil: nothing. local are the
// steps that act on the machine that runs them, by where that is and without the keys of instances; again are steps that run again for a
// change.
func (p *Past) Away(local map[string][]string, again []string) *Away {
	var out Away
	again = append(p.Again().Steps, again...)
	for _, m := range p.machines() {
		for _, step := range local[m.Now.Place] {
			if p.root.remains(step, again) {
				out.Was, out.Now, out.Steps = m.Was, m.Now, append(out.Steps, step)
			}
		}
	}
	goesOn := len(again) > 0 || p.root.state.Open()
	for _, e := range p.root.state.MayFallDue(goesOn) {
		if was, now := p.undoAway(e); now != nil {
			out.Was, out.Now, out.Undos = *was, *now, append(out.Undos, run.WholeStep(e.Address))
		}
	}
	if out.Now.Provider == "" {
		return nil
	}
	slices.Sort(out.Steps)
	out.Steps = slices.Compact(out.Steps)
	slices.Sort(out.Undos)
	out.Undos = slices.Compact(out.Undos)
	return &out
}

// machines are the configurations that are the machine on which the session runs, and were another when the run changed something with
// them.
func (p *Past) machines() []Away {
	var out []Away
	p.root.walk(func(b *branch) {
		for _, provider := range slices.Sorted(maps.Keys(b.acted)) {
			was := b.acted[provider]
			now := p.systemOf(b, was.step)
			if now != nil && now.Here && now.Provider == provider && !was.Same(*now, p.cfg.Redact) && !b.named.left(*now, was.seq) {
				out = append(out, Away{Was: was.Target, Now: *now})
			}
		}
	})
	return out
}

// systemOf is the one that the configuration of a step of the past names now; nil: that can't be told.
func (p *Past) systemOf(b *branch, address string) *run.Target {
	node := b.graph.Node(run.StepName(address))
	if node == nil || p.furnish(b) != nil {
		return nil
	}
	frame := lang.Frame{}
	if _, key, ok := b.state.Find(address); ok && key >= 0 {
		frame = b.values.each(node.Step.Name, key)
	}
	return p.runnerOf(b).system(node.Step, frameAt(frame, address, partArguments))
}

// undoAway is where an effect is to be undone, and the machine on which that would be done now; now is nil where it is the same, or the run
// left that one on purpose.
func (p *Past) undoAway(e run.Effect) (was, now *run.Target) {
	b, d, err := p.root.deedOf(e.Address, e.Seq)
	if err != nil || p.furnishUndo(b) != nil {
		return nil, nil
	}
	r, frame := p.runnerOf(b), b.frame(d)
	here := r.system(d.step.Undo.Step, frame)
	if here == nil || !here.Here || b.named.left(*here, e.Seq) {
		return nil, nil
	}
	return r.undoSystem(d, frame)
}

// remains reports whether a step, or an instance of it, is still to run, which may be one of a runbook that a step runs.
func (b *branch) remains(step string, again []string) bool {
	name, rest := run.SplitAddress(step)
	runsAgain := slices.ContainsFunc(again, func(a string) bool { return run.Covers(b.prefix+name, a) })
	switch over := b.state.Outcome(name) != "" && !runsAgain; {
	case over || rest == "":
		return !over
	}
	parts := b.state.Instances(name)
	if len(parts) == 0 {
		parts = []string{name}
	}
	return slices.ContainsFunc(parts, func(part string) bool {
		child := b.below[part]
		return child == nil || child.remains(rest, again)
	})
}
