package local

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/journal"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// notifying is an errand that tells the contact of a level.
type notifying struct {
	errand
	level run.Level
	// called says that over is closed.
	called bool
}

// notifierOf is what tells the contact of a level while a step waits; nil: nothing does.
func notifierOf(rb *lang.Runbook, step *lang.Step, escalation string, number int) *lang.Step {
	for _, e := range rb.EscalationsOf(step) {
		if e.Name == escalation && number >= 1 && number <= len(e.Levels) {
			return e.Levels[number-1].Notify
		}
	}
	return nil
}

// tellLevels begins the notifications of levels that fell due, beside whatever goes on. That they begin is on disk before
// anything is sent.
func (r *runner) tellLevels(ctx context.Context) error {
	var launch []*notifying
	for more := true; more; {
		more = false
		for _, n := range r.state.Notices(r.clock()) {
			why := r.whyLeftOut(n)
			if why != "" {
				more = true // the one before it may be next
				if err := r.leaveOut(n, why); err != nil {
					return err
				}
				continue
			}
			begun, err := r.beginNotice(n)
			if err != nil {
				return err
			}
			if begun != nil {
				launch = append(launch, begun)
			}
		}
	}
	if len(launch) == 0 {
		return r.flush(ctx, false)
	}
	if err := r.leased(ctx); err != nil {
		return err
	}
	if err := r.flush(ctx, true); err != nil {
		return err
	}
	for _, n := range launch {
		r.notifying[n] = true
		go func() {
			r.errand(ctx, &n.errand)
			r.notified <- n
		}()
	}
	return nil
}

// whyLeftOut says why a contact is not told; empty: it is, unless somebody has answered.
func (r *runner) whyLeftOut(n run.Notice) string {
	switch {
	case r.answering[n.Address]:
		return ""
	case r.notifier(n.Address, n.Question.Escalation, n.Level.Number) == nil:
		return "its notifier is gone from the files"
	case r.ReadOnly:
		return "the run is read-only, and sends nothing"
	case n.Passed != nil:
		return fmt.Sprintf("level %d, %s, was due too before anybody could be told, and was told", n.Passed.Number, n.Passed.Contact)
	}
	return ""
}

// beginNotice tells that a notification begins; nil: nothing is sent, as an answer is on its way.
func (r *runner) beginNotice(n run.Notice) (*notifying, error) {
	if r.answering[n.Address] || r.desk.answerComes(r.hard, r.prefix+n.Address) {
		r.answering[n.Address] = true
		return nil, nil
	}
	notifier := r.notifier(n.Address, n.Question.Escalation, n.Level.Number)
	out := &notifying{level: n.Level, errand: errand{
		what: "a notification", address: n.Address, step: notifier, local: r.levelFrame(n), started: r.clock(), over: make(chan struct{}),
		key: cmp.Or(n.Key, r.newKey(fmt.Sprintf("%s/level-%d", n.Address, n.Level.Number))),
		may: func(args cty.Value) error { return mayNotify(notifier, args) },
	}}
	return out, r.emit(&run.Event{
		Type: run.NotifyStarted, Step: n.Address, Time: out.started, Level: &out.level, InsteadOf: n.InsteadOf, Action: notifier.Action,
		Effect: graph.Effect(notifier).String(), Key: out.key,
	})
}

// notifier is what tells the contact of a level while a step or an instance waits; nil: nothing does.
func (r *runner) notifier(address, escalation string, number int) *lang.Step {
	i, _, ok := r.state.Find(address)
	if !ok {
		return nil
	}
	return notifierOf(r.runbook, r.graph.Nodes[i].Step, escalation, number)
}

// leaveOut tells that a contact is not told, and why.
func (r *runner) leaveOut(n run.Notice, why string) error {
	level := n.Level
	return r.emitNotice(&run.Event{Type: run.NotifyFinished, Step: n.Address, Level: &level, Action: level.Notify, Outcome: run.Skipped, Error: why})
}

// levelFrame is what a notifier sees: self is the level and what waits.
func (r *runner) levelFrame(n run.Notice) lang.Frame {
	e := r.runbook.Escalations[n.Question.Escalation]
	who, diags := r.scope.Value(e.Levels[n.Level.Number-1].Contact, lang.Frame{})
	if diags.HasErrors() {
		who = cty.StringVal(n.Level.Contact)
	}
	notice := lang.Notice{
		Escalation: e.Name, Number: n.Level.Number, Contact: who, Brief: n.Level.Brief, Step: r.prefix + n.Address, For: n.For,
		Prompt: r.shown(n.Question.Prompt), AskedAt: n.Since, Deadline: n.Deadline,
	}
	return frameAt(lang.Frame{Self: notice.Value()}, n.Address, fmt.Sprintf("%s %d", partNotify, n.Level.Number))
}

// mayNotify refuses what the checker could not know of: nobody was asked about it.
func mayNotify(notifier *lang.Step, args cty.Value) error {
	if notifier.Spec.Spec().Classify(args) == provider.Destructive {
		return fmt.Errorf("not sent: with these arguments %s is destructive, and a notifier must not be", notifier.Action)
	}
	return nil
}

// notifyDone tells how a notification ended.
func (r *runner) notifyDone(n *notifying) error {
	delete(r.notifying, n)
	took := milliseconds(r.clock().Sub(n.started))
	e := &run.Event{
		Type: run.NotifyFinished, Step: n.address, Level: &n.level, Action: n.step.Action, Outcome: run.Pass, DurationMS: &took,
		Attempts: n.attempts, Source: place(n.step.Range),
	}
	if n.result != nil {
		e.Summary, e.Warnings = n.result.Summary, n.result.Warnings
	}
	if n.err != nil {
		e.Outcome, e.Error, e.InDoubt = run.Error, n.err.Error(), n.inDoubt()
		if n.result != nil {
			e.Outcome, e.Detail = run.Fail, n.result.Failure.Detail
		}
	}
	return r.emitNotice(e)
}

// emitNotice tells the end of a notification, also where the instance that waited went with its step.
func (r *runner) emitNotice(e *run.Event) error {
	if e.Outcome != run.Pass && e.Reason != run.DecisionRedo {
		e.NobodyTold = r.state.NobodyTold(e.Step, e)
	}
	if r.has(e.Step) {
		return r.emit(e)
	}
	return r.session.emit(nil, r.prefix, journal.Entry{Event: e})
}

// questionOver has nobody called about a question any more that was answered, or whose step ended.
func (r *runner) questionOver(address string) {
	delete(r.answering, address)
	for n := range r.notifying {
		if n.address == address && !n.called {
			n.called = true
			close(n.over)
		}
	}
}

// lastNotices waits for the notifications under way before the branch ends: each within its timeout.
func (r *runner) lastNotices() error {
	for len(r.notifying) > 0 {
		select {
		case n := <-r.notified:
			if err := r.notifyDone(n); err != nil {
				return err
			}
		case <-r.hard.Done():
			return nil // whoever stopped the run waits for them a moment, and no longer
		}
	}
	return nil
}

// noticeWarnings are what a step that waited warns of: contacts that could not be told.
func (r *runner) noticeWarnings(address string, warnings []string) []string {
	for _, p := range r.state.NoticeProblems(address) {
		what := "could not be notified"
		if p.InDoubt {
			what = "was perhaps not notified"
		}
		text := fmt.Sprintf("level %d, %s, %s: %s", p.Level.Number, p.Level.Contact, what, p.Problem)
		if p.Told != nil {
			text += fmt.Sprintf("; level %d, %s, was notified instead", p.Told.Number, p.Told.Contact)
		}
		warnings = append(slices.Clip(warnings), text)
	}
	return warnings
}

// noticeBegun is a notification that an earlier session began, and whose end it did not tell.
type noticeBegun struct {
	run.Notice
	branch *branch
}

// lingering says what still runs of a notification that was sent with a key; empty: nothing.
func lingering(notifier *lang.Step, key string) (string, error) {
	if notifier == nil {
		return "", nil
	}
	if action, ok := notifier.Spec.(provider.Lingerer); ok {
		left, err := action.Lingers(provider.Sent{Key: key})
		return left.Runs, err
	}
	return "", nil
}

// notices lists them for all branches.
func (p *Past) notices() []noticeBegun {
	var out []noticeBegun
	p.root.walk(func(b *branch) {
		for _, n := range b.state.NoticesUnderWay() {
			out = append(out, noticeBegun{n, b})
		}
	})
	return out
}

// tellNotices tells of notifications that nobody knows whether they were sent. They are sent again, if the run goes on, where
// their authors said that they may be, somebody still waits, and nothing of them still runs.
func (p *Past) tellNotices(r *runner, begun []noticeBegun, goesOn bool) error {
	for _, n := range begun {
		at := newRunner(r.session, n.branch, r.hard)
		e := &run.Event{
			Type: run.NotifyFinished, Step: n.Address, Level: &n.Level, Action: n.Level.Notify, Outcome: run.Error, InDoubt: true,
			Error: "the process ended before it was known whether this was sent, and it is not sent again",
		}
		var notifier *lang.Step
		w, asks := n.branch.state.WaitOf(n.Address)
		if asks {
			notifier = at.notifier(n.Address, w.Question.Escalation, n.Level.Number)
		}
		left, err := lingering(notifier, n.Key)
		if err != nil {
			return err
		}
		if left != "" {
			e.Error = "the process ended before it was known whether this was sent, and it is not sent again: what it started still runs: " + left
		} else if goesOn && notifier != nil && notifier.Retry != nil && notifier.Retry.Writes {
			e.Reason, e.Error = run.DecisionRedo, "the process ended before it was known whether this was sent; it is sent again"
		}
		if err := at.emitNotice(e); err != nil {
			return err
		}
	}
	return nil
}
