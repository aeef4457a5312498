package local

import (
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// named are the systems that a session of a run named when it began, the last that carried steps out.
type named struct {
	now []run.Target
	// changed and moved are the numbers of the events with which the run went on with changes, and on another machine, on purpose.
	changed, moved int64
}

// take takes in the targets of a session's beginning. One that only undoes, or only ends the run, has no steps.
func (n *named) take(e *run.Event, targets []run.Target) {
	if e.BeginsSteps() {
		n.now = targets
	}
	if len(e.Changes) > 0 { // which may be that configurations name other places from then on
		n.changed = e.Seq
	}
	if e.OtherMachine {
		n.moved = e.Seq
	}
}

// left reports whether the run left a place on purpose since something was done there. Which machine runs it is no matter of its files.
func (n *named) left(now run.Target, seq int64) bool {
	if now.Here {
		return seq < n.moved
	}
	return seq < n.changed
}

// acted is where a configuration had a write sent last: that of a step, with the number of the event that tells.
type acted struct {
	run.Target
	step string
	seq  int64
}

// sends keeps where a write is sent to, as its start tells; further attempts at it go there too.
func (b *branch) sends(e *run.Event) {
	switch {
	case e.Provider != "" && e.Target != "":
		on := e.On()
		b.systems[e.Step], b.namedAt[e.Step] = &on, b.named.now
	case e.Attempt <= 1:
		delete(b.systems, e.Step)
		delete(b.namedAt, e.Step)
	}
}

// namedFor is what the session named that sent the write of a step, or else the one that is told its end.
func (b *branch) namedFor(address string) []run.Target {
	if named := b.namedAt[address]; named != nil {
		return named
	}
	return b.named.now
}

// actsOn keeps where the configuration of a write of the past pointed.
func (b *branch) actsOn(e *run.Event) {
	if e.Provider != "" && e.Target != "" {
		b.acted[e.Provider] = acted{e.On(), e.Step, e.Seq}
	}
}

// strays says that the configuration of a step names another place than it did when writes were sent with it in an earlier session; empty: it
// does not. What a configuration names may depend on results of the run: a session that begins can't hold all of them against the past.
func (r *runner) strays(x *execution) string {
	if len(r.acted) == 0 || r.elsewhereToo {
		return ""
	}
	now := r.system(x.step, x.sends())
	if now == nil {
		return ""
	}
	was, ok := r.acted[now.Provider]
	if !ok || was.Same(*now, r.Redact) || r.named.left(*now, was.seq) {
		return ""
	}
	if now.Here {
		return "nothing was sent: " + was.Moved(*now, " then") + ". What the run has done there is not on this machine: resume it there; or, to go on here on purpose, " +
			"resume it with --with-changes"
	}
	return "nothing was sent: " + was.Moved(*now, " then") + ". Bring the environment back as it was, variables, kubeconfig and files, and resume the run again; or, to go on " +
		"with another place on purpose, resume it with --with-changes"
}

// stopElsewhere ends a step that would act elsewhere than the run did before, and stops the run without taking anything back: what there
// is to mend is the environment.
func (r *runner) stopElsewhere(x *execution, why string) error {
	if err := r.end(x.step, x.key, &run.Event{Step: x.address, Action: x.step.Action, Outcome: run.Cancelled, Error: why}, nil); err != nil {
		return err
	}
	return r.stop(stopRequest{reason: run.StopElsewhere, cause: errElsewhere})
}

// system is the one that a step's configuration names, for its events; nil: none does.
func (r *runner) system(step *lang.Step, local lang.Frame) *run.Target {
	if t := r.configured(step, local); t != nil && t.Target != "" {
		return t
	}
	return nil
}

// configured is what a step's configuration names, which may be nothing; nil: that can't be told.
func (r *runner) configured(step *lang.Step, local lang.Frame) *run.Target {
	if r.configs == nil || step.Provider == nil {
		return nil
	}
	target, diags := r.configs.Target(step, local)
	if diags.HasErrors() {
		return nil
	}
	return &target
}

// wasOn are the systems of which the undo of a deed may have the one that it acts on, where its configuration is what now names: where the step
// acted itself, if the undo has the configuration of the step, else what the session named for its own.
func (r *runner) wasOn(d *deed, now run.Target, local lang.Frame) []run.Target {
	name := now.Provider
	if d.undoAt != nil {
		name = d.undoAt.Provider // which may be called otherwise by now
	}
	if d.system != nil && (d.system.Provider == name || d.undoAt == nil && r.goesThrough(d.step, now.Provider, local)) {
		return []run.Target{*d.system}
	}
	return slices.DeleteFunc(slices.Clone(d.named), func(t run.Target) bool { return t.Provider != name })
}

// goesThrough reports whether a step has a configuration.
func (r *runner) goesThrough(step *lang.Step, provider string, local lang.Frame) bool {
	own := r.system(step, local)
	return own != nil && own.Provider == provider
}

// had reports whether a deed may have been done with a system as its configuration names it now; also where nobody kept which.
func (r *runner) had(d *deed, now run.Target, local lang.Frame) bool {
	known := r.wasOn(d, now, local)
	return len(known) == 0 || slices.ContainsFunc(known, func(t run.Target) bool { return t.SamePlace(now, r.Redact) })
}

// undoSystem is the system on which the undo of a deed is to be done, and where that has moved the one that its configuration, or its
// arguments, name now. Both are nil where nothing names one.
func (r *runner) undoSystem(d *deed, local lang.Frame) (was, moved *run.Target) {
	if d.undoAt != nil {
		return r.undoPlace(d, local)
	}
	now := r.system(d.undo(), local)
	if now == nil || r.had(d, *now, local) {
		return now, nil
	}
	return &r.wasOn(d, *now, local)[0], now
}

// elsewhere refuses an undo whose configuration names another system than it did when the step acted; nil: it does not.
func (r *runner) elsewhere(d *deed, local lang.Frame) error {
	was, moved := r.undoSystem(d, local)
	if moved == nil {
		return nil
	}
	return fmt.Errorf("nothing was sent: %w", elsewhereError{was: *was, now: *moved})
}

// elsewhereError is why nothing that was done on a system is looked for, or taken back, on another.
type elsewhereError struct{ was, now run.Target }

func (e elsewhereError) Error() string {
	return e.was.Moved(e.now, " then")
}

// again is when what was done may be looked for, or taken back.
func (e elsewhereError) again() string {
	if e.was.Provider != e.now.Provider {
		return "once this goes through " + e.was.Provider + " again"
	}
	return fmt.Sprintf("once %s is %s again", e.was.Provider, e.was.Target)
}

// Elsewhere says of which effects the undo would go to another system than it has to, a line each. wholly is true where that is so of all that
// are undone with a configuration: then it is the environment that is another, else the run itself went on elsewhere on purpose.
func (p *Past) Elsewhere(effects []run.Effect) (out []string, wholly bool) {
	moves, stays := map[string]bool{}, map[string]bool{}
	for _, e := range effects {
		b, d, err := p.root.deedOf(e.Address, e.Seq)
		if err != nil || p.furnishUndo(b) != nil {
			continue // the undo itself tells
		}
		r, local := p.runnerOf(b), b.frame(d)
		was, moved := r.undoSystem(d, local)
		if moved == nil && was != nil {
			stays[was.Provider] = true
		}
		if moved != nil {
			moves[moved.Provider] = true
			out = append(out, fmt.Sprintf("step %s: %s. By hand: %s", e.Address, was.Moved(*moved, " then"), r.undoInWords(d, local)))
		}
	}
	for provider := range moves {
		wholly = wholly || !stays[provider]
	}
	return out, wholly
}
