package local

import (
	"context"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// mustAskAgain says why an answer has come to nothing with a restart since: a sensitive one can't be read back, or the arguments
// of an approved step are no longer those that were approved. It gives nil where it has not.
func (r *runner) mustAskAgain(x *execution) (*run.AskedAgain, error) {
	if x.attempts > 0 {
		return nil, nil
	}
	if a := r.answerOf(x); a != nil && isLost(a.Value) {
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
	now.Arguments, now.Target = shownArguments(x.step, args), r.targetOf(x)
	var undo cty.Value
	now.Undo, undo = r.askedUndo(x)
	now.Keyed = ""
	if values := approvedValues(args, undo); r.hides(values, &now) {
		if now.Keyed = r.bound(x.address, values); now.Keyed == "" {
			return &run.AskedAgain{Why: run.AgainUnproven, By: a.By, Changes: r.otherNow(q, &now)}, nil
		}
	}
	since, _ := r.state.AskedSince(x.address)
	if r.digestOf(x.address, &now, since) != a.Digest {
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
	d.undos(before.Undo, now.Undo)
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

func (d *otherThan) undos(before, now *run.AskedUndo) {
	switch {
	case before == nil && now == nil:
	case before == nil: // it was not there, or the version that asked did not show it
		d.compare("undo", "not asked about", now.String())
	case now == nil:
		d.compare("undo", before.String(), "")
	default:
		d.compare("undo.action", before.Action, now.Action)
		d.compare("undo.on", before.On, now.On)
		d.compare("undo.target", before.Target, now.Target)
		d.arguments("undo.", before.Arguments, now.Arguments)
		d.arguments("undo: ", before.Uses, now.Uses)
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
