package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// undoing is one undo and what it came to. Its goroutine writes it; the loop reads it after that.
type undoing struct {
	// at is the runner of the branch, which may be that of a runbook that a step ran; address is the step's there, and effect
	// the number of what is undone.
	at      *runner
	address string
	effect  int64
	step    *lang.Step // the undo's own
	local   lang.Frame
	key     string
	started time.Time

	args     cty.Value
	result   *provider.Result
	err      error
	sent     bool
	attempts int
}

// startUndo begins the undo of what a step did.
func (r *runner) startUndo(ctx context.Context, c run.Command) (func(), bool, error) {
	b, did, err := r.deedOf(c.Address, c.Undoes)
	if err != nil {
		return nil, false, err
	}
	at, missing := r.undoFrom(b)
	_, own := r.find(c.Address)
	u := &undoing{
		at: at, address: own, effect: c.Undoes, step: did.step.Undo.Step, local: b.frame(did), started: r.clock(),
		key: cmp.Or(c.Sent, r.newKey(c.Address+"/undo")),
	}
	e := &run.Event{
		Type: run.UndoStarted, Step: own, Undoes: u.effect, Time: u.started, Action: u.step.Action, Effect: graph.Effect(u.step).String(),
		Attempt: 1, Key: u.key,
	}
	if err := at.emit(e); err != nil {
		return nil, false, err
	}
	return func() {
		if u.err = missing; missing == nil {
			at.undo(context.WithoutCancel(ctx), u)
		}
		r.undone <- u
	}, false, nil
}

// undo carries an undo out: an interrupt does not end it, as it is what brings the system back; its timeout does, and
// whoever stops the program at once.
func (r *runner) undo(ctx context.Context, u *undoing) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(r.hard, func() { cancel(errInterrupted) })
	defer stop()
	for {
		u.attempts++
		r.undoOnce(ctx, u)
		wait, again := u.again()
		if !again || ctx.Err() != nil {
			return
		}
		r.Host.Log.Warn("an undo erred and is tried again", "step", r.prefix+u.address, "attempt", u.attempts, "error", u.err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (r *runner) undoOnce(ctx context.Context, u *undoing) {
	u.result, u.err, u.sent = nil, nil, false
	if limit := u.step.Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	if u.args, u.err = r.arguments(u.step, u.local); u.err != nil {
		return
	}
	p, _, err := r.open(ctx, u.step, u.local, u.args)
	if err != nil {
		u.err = err
		return
	}
	if u.err = r.timesKept(provider.Write); u.err != nil {
		return
	}
	u.sent = true
	call := r.call(u.step, p, graph.Effect(u.step))
	r.takesNotes(ctx, call, u.address, u.effect)
	call.Key = u.key
	result, err := carry(ctx, u.step.Spec, call, patience)
	switch {
	case err != nil:
		u.err = explainContext(ctx, err, u.step.Timeout)
		u.sent = !provider.NothingDone(err)
	case result.Failure != nil:
		u.err = errors.New(result.Failure.Message)
	}
	if result != nil {
		tellResult(u.step.Spec.Spec().Results(), result.Value, r.Secret)
		u.result = result
	}
}

// again says whether an undo that erred is repeated, and after how long.
func (u *undoing) again() (time.Duration, bool) {
	retry := u.step.Retry
	if u.err == nil || u.result != nil || retry == nil || u.attempts >= retry.Attempts || provider.Permanent(u.err) || u.sent && !retry.Writes {
		return 0, false
	}
	policy := run.RetryPolicy{Delay: retry.Delay, MaxDelay: retry.MaxDelay, Constant: retry.Constant}
	ceiling := policy.Ceiling(u.attempts)
	if retry.Constant {
		return ceiling, true
	}
	return rand.N(ceiling + 1), true
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
		if u.result.Value.ContainsMarked() {
			sealed = r.seal(sealedOf(u.result.Value))
		}
	}
	if u.err != nil {
		e.Outcome, e.Error = run.Error, u.err.Error()
		if u.result != nil {
			e.Outcome = run.Fail
		}
		e.InDoubt = u.result == nil && u.sent
		e.ByHand = u.at.byHand(u)
	}
	u.at.times.undone(e)
	return u.at.emitSealed(e, sealed)
}

// byHand says in words what an undo that failed would have done.
func (r *runner) byHand(u *undoing) string {
	what := writtenArguments(u.step)
	if u.args != cty.NilVal {
		what = nil
		for _, a := range shownArguments(u.step, u.args) {
			what = append(what, a.Name+" = "+a.Value)
		}
	}
	on := ""
	if r.configs != nil {
		if target, diags := r.configs.Target(u.step, u.local); !diags.HasErrors() && target.Target != "" {
			on = " on " + target.Target
		}
	}
	return fmt.Sprintf("Take the effect of step %s back by hand: %s%s with %s; or try it again with \"runbook undo %s %s\".",
		r.prefix+u.address, u.step.Action, on, strings.Join(what, ", "), r.RunID, r.prefix+u.address)
}

// writtenArguments are a step's arguments as the file has them, for one whose arguments could not be worked out.
func writtenArguments(step *lang.Step) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(step.Args)) {
		out = append(out, name+" = "+step.Args[name].Expr.Source)
	}
	return out
}
