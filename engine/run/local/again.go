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
	now.Keyed = ""
	if r.hides(args, now.Arguments) {
		if now.Keyed = r.bound(x.address, args); now.Keyed == "" {
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
	var out, hidden []run.Change
	compare := func(name, was, is string) {
		was, is = r.shown(was), r.shown(is)
		switch c := (run.Change{Path: name, Before: was, After: is}); {
		case was != is:
			out = append(out, c)
		case strings.Contains(is, lang.Blank):
			hidden = append(hidden, run.Change{Path: name, Before: lang.Blank, After: lang.Blank})
		}
	}
	compare("target", before.Target, now.Target)
	was := map[string]string{}
	for _, a := range before.Arguments {
		was[a.Name] = a.Value
	}
	for _, a := range now.Arguments {
		compare(a.Name, was[a.Name], a.Value)
		delete(was, a.Name)
	}
	for _, a := range before.Arguments {
		if value, gone := was[a.Name]; gone {
			compare(a.Name, value, "")
		}
	}
	if len(out) == 0 {
		return hidden
	}
	return out
}

// askAgain asks anew about arguments that changed, or ends a step whose arguments can't be worked out.
func (r *runner) askAgain(ctx context.Context, x *execution, again *run.AskedAgain, err error) (func(), bool, error) {
	if err != nil {
		return nil, false, r.end(x.step, x.key, &run.Event{Step: x.address, Outcome: run.Error, Error: err.Error()}, nil)
	}
	x.again = again
	return r.ask(ctx, x)
}
