package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
	"github.com/e82355ed/runbook/engine/run/local"
)

// earlier is the run as the files of its last session have it, which sent what is in doubt. It runs nothing.
type earlier struct {
	past *local.Past
	plan *Plan
}

// doubtful takes up what is in doubt where files have changed: what was sent is told by the files that sent it, and steps that are gone
// count too.
func (e *Engine) doubtful(ctx context.Context, r *Recalled, s *story, before *Runbook, opts RecallOptions) {
	r.gone = r.Past.GoneDoubts(s.entries)
	if before == nil || len(r.gone)+len(r.Past.Doubts()) == 0 {
		return
	}
	planOptions, err := s.planOptions(before, opts)
	if err != nil {
		e.host().Log.Warn("systems can't be asked about writes in doubt as they were sent", "error", err)
		return
	}
	plan, diags := e.Plan(ctx, before, planOptions)
	if diags.HasErrors() || plan == nil {
		e.host().Log.Warn("systems can't be asked about writes in doubt as they were sent", "error", diags.Error())
		return
	}
	cfg := e.config(ctx, plan, &opts.RunOptions, r.held)
	past, err := local.Recall(&cfg, s.entries, false)
	if err != nil {
		e.host().Log.Warn("systems can't be asked about writes in doubt as they were sent", "error", err)
		return
	}
	r.before = &earlier{past: past, plan: plan}
	for i, d := range r.gone {
		for _, was := range past.Doubts() {
			if d.Same(was) {
				was.Gone = true
				r.gone[i] = was
			}
		}
	}
}

// Doubts lists the writes in doubt, also those of steps that the runbook does not have any more.
func (r *Recalled) Doubts() []run.Doubt { return append(r.Past.Doubts(), r.gone...) }

// sender is the run as it was when a write in doubt was sent.
func (r *Recalled) sender(d run.Doubt) *local.Past {
	if r.before != nil && slices.ContainsFunc(r.before.past.Doubts(), d.Same) {
		return r.before.past
	}
	return r.Past
}

// Inquire asks the system whether a write in doubt took place; one that can't tell finds [provider.Unknown].
func (r *Recalled) Inquire(ctx context.Context, d run.Doubt) (*provider.Found, error) {
	p := r.sender(d)
	if d.Gone && p == r.Past {
		return &provider.Found{}, nil // nothing is known but that it was sent
	}
	return p.Inquire(ctx, d)
}

// SentBy is the step, or the undo, that sent a write in doubt, and the system that it acts on, where that can be told; nil: it is not
// known.
func (r *Recalled) SentBy(d run.Doubt) (*lang.Step, run.Target) {
	p := r.sender(d)
	if d.Gone && p == r.Past {
		return nil, run.Target{}
	}
	return p.SentBy(d)
}

// GoesWith says what is lost with the step of a write in doubt that counts as done; empty: nothing is.
func (r *Recalled) GoesWith(d run.Doubt) string {
	switch {
	case !d.Gone || d.Undo:
		return ""
	case r.before == nil:
		return "an undo that it had is gone with it"
	}
	if undo := r.before.past.UndoInWords(d); undo != "" {
		return "its undo is gone with it, and takes nothing back any more: " + undo
	}
	return ""
}

// tellGone tells what is gone of what is in doubt, for the history.
func (r *Recalled) tellGone() []string {
	var out []string
	for _, d := range r.gone {
		what := "its write"
		if d.Undo {
			what = "its undo"
		}
		out = append(out, fmt.Sprintf("step %s is gone, and %s, sent at %s, was in doubt", d.Address, what, provider.Moment(d.At)))
	}
	return out
}

// undecided is an error where something in doubt has no decision: it would be lost.
func (r *Recalled) undecided(settled []local.Settled) error {
	for _, d := range r.Doubts() {
		if !slices.ContainsFunc(settled, func(s local.Settled) bool { return d.Same(s.Doubt) }) {
			return fmt.Errorf("nobody said what became of %s, which is in doubt", d.Address)
		}
	}
	return nil
}

// closeEarlier lets go of what was opened to ask about the run as it was.
func (r *Recalled) closeEarlier() error {
	if r.before == nil {
		return nil
	}
	r.before.past.Close()
	return r.before.plan.configs.Close()
}

// SentWith is what a write in doubt was sent with; an error says why that is not known.
func (r *Recalled) SentWith(d run.Doubt) ([]run.ArgumentValue, error) { return r.sender(d).SentWith(d) }

// SendsTheSame reports whether a write in doubt is surely sent as it was, were it sent again.
func (r *Recalled) SendsTheSame(d run.Doubt) bool {
	return !d.Gone && r.Past.SendsTheSame(d, append(r.Past.Again().Steps, r.Affected...), len(r.Changes) > 0)
}

// countsAsDone reports whether a write in doubt is settled as done.
func (r *Recalled) countsAsDone(address string) bool {
	return slices.ContainsFunc(r.settled, func(d local.Settled) bool {
		return d.Address == address && d.Decision == run.DecisionDone && !d.Undo && !d.Gone
	})
}

// keepDone adds to the steps that a resume does not repeat those whose write was in doubt, and counts as done.
func (r *Recalled) keepDone(kept map[string]bool) {
	for _, d := range r.settled {
		step := run.StepName(d.Address)
		over := func(address string) bool { return r.countsAsDone(address) || r.Past.Over(address) }
		switch {
		case !r.countsAsDone(d.Address) || slices.Contains(r.Affected, step):
		case d.Address == step:
			kept[step] = true
		case d.Address == run.WholeStep(d.Address): // of a runbook that a step runs, which goes on
		default:
			instances, _ := r.Past.SameInstances(step, nil)
			kept[step] = len(instances) > 0 && !slices.ContainsFunc(instances, func(a string) bool { return !over(a) })
		}
	}
}
