package local

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// Settled is a decision about a write in doubt.
type Settled struct {
	run.Doubt
	run.Resolution
	// Found is what the system told; nil where a person decided.
	Found *provider.Found
}

// Going is how a session goes on.
type Going struct {
	// Reset are the steps and instances that run again; Changes what changed in the files, and Repeats what had ended well among what
	// runs again, for people.
	Reset, Changes, Repeats []string
	// Gone are those in Reset that nothing sends again, as they are of an instance that is gone.
	Gone []string
	// Instances are those that steps with for_each have from now on, by address, where changed files give others than they had.
	Instances map[string]*lang.Instances
	// Settled are the decisions about all writes in doubt; Former is the run as the files were that sent these, nil: they are what they were.
	Settled []Settled
	Former  *Past
	// Undo are the steps to undo, or what they did one time as [run.Effect.String] names it, and nothing else; nil: the run goes on.
	Undo []string
	// SettleOnly has the session do nothing but tell what became of writes in doubt: those of the steps in Undo.
	SettleOnly bool
	// Cancel ends the run as an interrupt would.
	Cancel bool
	// Elsewhere lets steps run also where their configurations name other places than they did in earlier sessions.
	Elsewhere bool
	// OtherMachine says that the run goes on on another machine on purpose.
	OtherMachine bool
}

// Resume runs another session of a run.
func Resume(ctx context.Context, p *Past, g Going) (*Result, hcl.Diagnostics, error) {
	s := newSession(p.cfg)
	s.seq, s.supplies, s.changed, s.elsewhereToo = p.lastSeq, p.supplies, len(g.Changes) > 0, g.Elsewhere
	return carryOn(ctx, p.cfg, s, p.root, func(r *runner) error {
		r.onlyUndoes = g.Undo != nil
		r.stays = r.onlyUndoes && p.paused
		header, before := p.cfg.Header, p.standing()
		instances, secret, err := p.given(r, p.withListed(g))
		if err != nil {
			return err
		}
		e := &run.Event{
			Type: run.RunResumed, Header: &header, Session: p.cfg.session(),
			Reset: g.Reset, Instances: instances, Gone: slices.Concat(p.gone, g.Gone, notAsked(g.Settled)), Changes: g.Changes, OtherMachine: g.OtherMachine, Repeats: g.Repeats, Undo: g.Undo,
		}
		if g.Undo == nil && e.Reset == nil {
			e.Reset = []string{}
		}
		if g.Cancel {
			e.Reset, e.Reason = p.UnderWay(), run.ReasonCancel
		}
		if g.SettleOnly {
			e.Reason = run.ReasonSettle
		}
		begun := p.notices()
		sealed, err := r.sealBeginning(secret, e.Header)
		if err != nil {
			return err
		}
		p.root.named.take(e, e.Targets)
		if err := p.begin(r, e, sealed); err != nil {
			return err
		}
		if g.Undo == nil {
			if err := p.tellNotices(r, begun, !g.Cancel); err != nil {
				return err
			}
		}
		if g.Cancel {
			return before.giveUp(r)
		}
		for _, decided := range g.Settled {
			if err := p.settle(r, decided, g); err != nil {
				return err
			}
		}
		if g.Undo != nil {
			return nil // nobody is asked while steps are undone by hand
		}
		r.wakes = true
		// Who looks on sees the questions that are open before somebody is asked.
		return r.flush(r.hard, true)
	})
}

// notAsked are the writes that were to be sent again, perhaps once somebody has approved of that, and count as done instead.
func notAsked(settled []Settled) []string {
	var out []string
	for _, d := range settled {
		if d.ToSend && d.Decision == run.DecisionDone {
			out = append(out, d.Address)
		}
	}
	return out
}

// begin tells run_resumed, and has the branches of the runbooks that steps run follow.
func (p *Past) begin(r *runner, e *run.Event, sealed []byte) error {
	e.Seq, e.Time = r.nextSeq(), r.clock().UTC() // as it will be told: what it does to questions goes by them
	open := p.Waits()
	if err := p.resumeAll(e, sealed); err != nil {
		return err
	}
	if e.Undo == nil && e.Reason != run.ReasonCancel {
		for _, address := range withdrawn(open, p.Waits(), e.Reset) {
			if p.root.isAside(address) {
				e.Gone = append(e.Gone, address)
			} else {
				e.AskedAgain = append(e.AskedAgain, address)
			}
		}
	}
	return r.session.emit(nil, "", journal.Entry{Event: e, Files: p.cfg.Files, Sealed: sealed})
}

// withdrawn are the steps whose question was open and is not any more, though they are none of those that run again themselves.
func withdrawn(before, after []run.Wait, reset []string) []string {
	open := map[string]bool{}
	for _, w := range after {
		open[w.Address] = true
	}
	var out []string
	for _, w := range before {
		again := func(step string) bool { return run.Covers(step, w.Address) }
		if !open[w.Address] && !slices.ContainsFunc(reset, again) {
			out = append(out, w.Address)
		}
	}
	return out
}

// settle tells what became of a write in doubt, and ends the step where it counts as done, or where nothing is to run.
func (p *Past) settle(r *runner, d Settled, g Going) error {
	if d.Gone {
		told := &run.Event{Type: run.StepResolved, Step: d.Address, Undoes: d.Undoes, Resolution: &d.Resolution}
		told.Resolution.StepGone = true
		return r.session.emit(nil, "", journal.Entry{Event: told})
	}
	b, own, ok := p.find(d.Address)
	if !ok {
		return fmt.Errorf("there is no step %s", d.Address)
	}
	if d.ToSend && d.How == run.HowDeclared && b.state.Declared(own) {
		return nil // as was told
	}
	at := newRunner(r.session, b, r.hard)
	told := &run.Event{Type: run.StepResolved, Step: own, Undoes: d.Undoes, Resolution: &d.Resolution}
	b.declare(told)
	if err := at.emit(told); err != nil {
		return err
	}
	i, key, _ := b.state.Find(own)
	step := b.graph.Nodes[i].Step
	switch {
	case g.SettleOnly && d.Decision != run.DecisionDone && !d.ToSend:
		e := &run.Event{Step: own, Outcome: run.Cancelled, Summary: "it did not take place: " + d.Why, Attempts: d.Attempt}
		return at.end(step, key, e, &ending{outcome: run.Cancelled, attempts: d.Attempt})
	case d.Decision != run.DecisionDone:
		return nil // it is sent again where it has its turn
	case d.Undo:
		return at.undoSettled(own, d)
	}
	x := at.executionAt(step, run.Command{Address: own, Step: i, Key: key})
	x.attempts, x.timing.started, x.sentTo = d.Attempt, b.began(own, d.At), b.systems[own]
	x.undoAt = func(end *ending) *run.UndoTarget { return cmp.Or(g.Former, p).undoAtOf(d.Address, end) }
	summary, warnings := p.notApplied(d)
	if d.Found != nil && d.Found.Result != nil && p.furnish(b) == nil {
		a := &attempt{execution: x, number: d.Attempt, result: d.Found.Result, ended: r.clock()}
		if summary != "" {
			found := *d.Found.Result
			found.Summary, found.Warnings = summary, append(slices.Clone(found.Warnings), warnings...)
			a.result, a.atBest = &found, run.Warn
		}
		return at.concludeWith(at.conclude(a, false))
	}
	e := &run.Event{
		Step: own, Outcome: run.Warn, Summary: cmp.Or(summary, "taken as done: "+d.Why), Attempts: d.Attempt,
		Warnings: append([]string{"its result is not known, and its checks were not evaluated"}, warnings...),
	}
	end := &ending{outcome: run.Warn, attempts: d.Attempt, timing: timing{started: b.began(own, d.At), finished: r.clock()}, lost: countsAsDone(&d.Resolution, told.Time)}
	var result *provider.Result
	if end.result = p.notedOf(step, d.Doubt); end.result != cty.NilVal {
		names := slices.Sorted(maps.Keys(end.result.Type().AttributeTypes()))
		e.Warnings[0] = "of its result it is known what was noted before it was sent (" + strings.Join(names, ", ") + "), and its checks were not evaluated"
		e.Result = lang.ValueToJSON(end.result)
		tellResultTypes(e, step, end.result)
		result = &provider.Result{Value: end.result}
	}
	if step.Undo != nil {
		e.UndoAt = x.undoAt(end)
	}
	return at.endSealed(step, key, e, end, at.sealEnd(e, result))
}

// notedOf is what is known of the result of a write by what was noted before it was sent; no value: nothing.
func (p *Past) notedOf(step *lang.Step, d run.Doubt) cty.Value {
	noter, ok := step.Spec.(provider.Noter)
	w := p.sentOf(d)
	if !ok || isLost(d.Note) || w == nil || w.action != step.Action {
		return cty.NilVal
	}
	args, err := openSent(p.cfg, w, step.Spec.Spec().Args())
	if err != nil {
		args = cty.NilVal
	}
	noted, err := noter.Noted(args, d.Note)
	if err != nil {
		p.cfg.Host.Log.Warn("what was noted before a write was sent can't be read", "step", d.Address, "error", err)
		return cty.NilVal
	}
	if noted.Value != cty.NilVal {
		tellResult(step.Spec.Spec().Results(), noted.Value, p.cfg.Secrets)
	}
	return noted.Value
}

// countsAsDone says why the result of a write is not known.
func countsAsDone(r *run.Resolution, at time.Time) string {
	who := "on the word of " + r.Who
	if r.How == run.HowInquired {
		who = "as its system told"
	}
	return "it counts as done " + who + " at " + provider.Moment(at)
}

// recallResolution keeps on whose word a write counts as done, for its end that follows.
func (b *branch) recallResolution(e *run.Event) {
	b.declare(e)
	if e.Undoes != 0 || e.Resolution == nil || e.Resolution.Decision != run.DecisionDone {
		return
	}
	if b.resolved == nil {
		b.resolved = map[string]string{}
	}
	b.resolved[e.Step] = countsAsDone(e.Resolution, e.Time)
}

// undoSettled ends an undo that was in doubt and counts as done.
func (r *runner) undoSettled(address string, d Settled) error {
	zero := 0.0
	e := &run.Event{Type: run.UndoFinished, Step: address, Undoes: d.Undoes, Outcome: run.Pass, Summary: "taken as done: " + d.Why, DurationMS: &zero}
	r.times.undone(e)
	return r.emit(e)
}
