package local

import (
	"context"
	"strings"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// mustAskAgain says why an answer has come to nothing with a restart since: a sensitive one can't be read back, or the arguments
// of an approved step are no longer those that were approved. It gives nil where it has not.
func (r *runner) mustAskAgain(x *execution) (*run.AskedAgain, error) {
	if x.attempts > 0 {
		return nil, nil
	}
	if a := r.answerOf(x); a != nil && isLost(a.Value) && !r.namesChoice(x.address) {
		return &run.AskedAgain{Why: run.AgainUnread, By: a.By}, nil
	}
	if x.step.Approval == nil || x.prepared != nil {
		return nil, nil
	}
	q, a := r.state.Answered(x.address)
	if q == nil || !a.Yes() {
		return nil, nil
	}
	args, err := r.arguments(x.step, x.sends())
	if err != nil {
		return nil, err
	}
	now := *q
	within, values, err := r.approves(x, args, &now)
	if err != nil {
		return nil, err
	}
	r.closeAll(within)
	now.Keyed = ""
	if r.hides(values, &now) {
		if now.Keyed = r.bound(x.address, values); now.Keyed == "" {
			return &run.AskedAgain{Why: run.AgainUnproven, By: a.By, Changes: r.otherNow(q, &now)}, nil
		}
	}
	if r.digestOf(x.address, &now, r.state.AskedAs(x.address)) != a.Digest {
		return &run.AskedAgain{Why: run.AgainOther, By: a.By, Changes: r.otherNow(q, &now)}, nil
	}
	x.prepared = &prepared{args: args}
	return nil, nil
}

// otherNow lists what a question that was answered showed otherwise than it would now. Where nothing that it shows is different,
// what is not shown is.
func (r *runner) otherNow(before, now *run.Question) []run.Change {
	d := otherThan{shown: r.shown}
	d.compare("target", before.Target, now.Target)
	d.arguments("", before.Arguments, now.Arguments)
	d.undos("", before.Undo, now.Undo)
	d.writes(before.Writes, now.Writes)
	if len(d.out) == 0 {
		return d.hidden
	}
	return d.out
}

// otherThan collects what is different, and what is blanked, so that it may be.
type otherThan struct {
	shown       func(string) string
	out, hidden []run.Change
}

func (d *otherThan) compare(name, was, is string) {
	was, is = d.shown(was), d.shown(is)
	switch {
	case was != is:
		d.out = append(d.out, run.Change{Path: name, Before: was, After: is})
	case strings.Contains(is, lang.Blank):
		d.hidden = append(d.hidden, run.Change{Path: name, Before: lang.Blank, After: lang.Blank})
	}
}

// arguments compares them by their names, which stand behind a prefix in what is told.
func (d *otherThan) arguments(prefix string, before, now []run.ArgumentValue) {
	was := map[string]string{}
	for _, a := range before {
		was[a.Name] = a.Value
	}
	for _, a := range now {
		d.compare(prefix+a.Name, was[a.Name], a.Value)
		delete(was, a.Name)
	}
	for _, a := range before {
		if value, gone := was[a.Name]; gone {
			d.compare(prefix+a.Name, value, "")
		}
	}
}

// notAskedAbout stands in the place of what was not there, or what the version that asked did not show.
const notAskedAbout = "not asked about"

func (d *otherThan) undos(prefix string, before, now *run.AskedUndo) {
	switch {
	case before == nil && now == nil:
	case before == nil:
		d.compare(prefix+"undo", notAskedAbout, now.String())
	case now == nil:
		d.compare(prefix+"undo", before.String(), "")
	default:
		d.compare(prefix+"undo.action", before.Action, now.Action)
		d.compare(prefix+"undo.on", before.On, now.On)
		d.compare(prefix+"undo.target", before.Target, now.Target)
		d.arguments(prefix+"undo.", before.Arguments, now.Arguments)
		d.arguments(prefix+"undo: ", before.Uses, now.Uses)
	}
}

// writes compares those of a runbook by their steps, and, where these are the same, their order.
func (d *otherThan) writes(before, now []run.ListedWrite) {
	was, orderBefore, orderNow := map[string]*run.ListedWrite{}, []string{}, []string{}
	for i := range before {
		was[before[i].Key] = &before[i]
		orderBefore = append(orderBefore, before[i].Key)
	}
	for i := range now {
		w := &now[i]
		orderNow = append(orderNow, w.Key)
		then := was[w.Key]
		if delete(was, w.Key); then == nil {
			d.compare(w.Key, notAskedAbout, w.String())
			continue
		}
		d.compare(w.Key+".action", then.Action, w.Action)
		d.compare(w.Key+".effect", then.Effect, w.Effect)
		d.compare(w.Key+".target", then.Target, w.Target)
		d.arguments(w.Key+".", then.Arguments, w.Arguments)
		d.arguments(w.Key+": ", then.Uses, w.Uses)
		d.undos(w.Key+".", then.Undo, w.Undo)
		d.compare(w.Key, then.Note, w.Note)
	}
	for i := range before {
		if w := &before[i]; was[w.Key] != nil {
			d.compare(w.Key, w.String(), "")
		}
	}
	if len(d.out) == 0 {
		d.compare("order", strings.Join(orderBefore, ", "), strings.Join(orderNow, ", "))
	}
}

// askAgain asks anew about arguments that changed, or ends a step whose arguments can't be worked out.
func (r *runner) askAgain(ctx context.Context, x *execution, again *run.AskedAgain, err error) (func(), bool, error) {
	if err != nil {
		return nil, false, r.end(x.step, x.key, &run.Event{Step: x.address, Outcome: run.Error, Error: err.Error()}, nil)
	}
	x.again = again
	return r.ask(ctx, x)
}
