package local

import (
	"cmp"
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
		if now.Keyed = r.bound(x.address, asBytes(values)); now.Keyed == "" {
			return &run.AskedAgain{Why: run.AgainUnproven, By: a.By, Changes: r.otherNow(q, &now)}, nil
		}
	}
	if r.digestOf(x.address, &now, r.state.AskedAs(x.address)) != a.Digest {
		return &run.AskedAgain{Why: run.AgainOther, By: a.By, Changes: r.otherNow(q, &now)}, nil
	}
	x.prepared = &prepared{args: args}
	return nil, nil
}

// otherNow lists what a question that was asked showed otherwise than it would now, and what it does not show: where nothing else is different,
// something of that is, and otherwise it may be.
func (r *runner) otherNow(before, now *run.Question) []run.Change {
	d := otherThan{shown: r.shown, action: now.Action}
	d.compare("prompt", before.Prompt, now.Prompt)
	for _, rule := range rules {
		d.compare(rule.name, rule.of(before), rule.of(now))
	}
	d.compare("target", before.Target, now.Target)
	d.arguments("", before.Arguments, now.Arguments)
	d.undos("", before.Undo, now.Undo)
	d.writes("", before.Writes, now.Writes)
	return append(d.out, d.hidden...)
}

// rules are what else a question shows that is not about a write: who may answer, with what, and what happens where nobody does.
var rules = []struct {
	name string
	of   func(*run.Question) string
}{
	{"items", func(q *run.Question) string {
		if q.Kind != run.AskChecklist {
			return "" // those of writes are compared with these
		}
		return strings.Join(q.Items, ", ")
	}},
	{"all_required", func(q *run.Question) string { return flag(q.AllRequired) }},
	{"choices", func(q *run.Question) string { return strings.Join(q.Choices, ", ") }},
	{"pattern", func(q *run.Question) string { return q.Pattern }},
	{"type", func(q *run.Question) string { return q.Type }},
	{"default", func(q *run.Question) string { return string(q.Default) }},
	{"sensitive", func(q *run.Question) string { return flag(q.Sensitive) }},
	{"approvers", func(q *run.Question) string { return strings.Join(q.Approvers, ", ") }},
	{"on_timeout", func(q *run.Question) string { return q.OnTimeout }},
	{"timeout_answer", func(q *run.Question) string { return string(q.TimeoutAnswer) }},
	{"escalation", func(q *run.Question) string { return q.Escalation }},
	{"levels", func(q *run.Question) string {
		levels := make([]string, len(q.Levels))
		for i, l := range q.Levels {
			levels[i] = l.Contact + " after " + run.InUnits(millisecondsOf(l.AfterMS))
			if l.Brief != "" {
				levels[i] += ": " + l.Brief
			}
		}
		return strings.Join(levels, "; ")
	}},
}

func flag(set bool) string {
	if set {
		return "true"
	}
	return ""
}

// otherThan collects what is different, and what is blanked, so that it may be.
type otherThan struct {
	shown func(string) string
	// action is that of the writes that name none.
	action      string
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

// writes compares those of a runbook, or of instances, by their keys, which stand behind a prefix in what is told, and, where these are the
// same, their order.
func (d *otherThan) writes(prefix string, before, now []run.ListedWrite) {
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
			d.compare(prefix+w.Key, notAskedAbout, d.line(w))
			continue
		}
		key := prefix + w.Key
		d.compare(key+".action", then.Action, w.Action)
		d.compare(key+".effect", then.Effect, w.Effect)
		d.compare(key+".target", then.Target, w.Target)
		d.arguments(key+".", then.Arguments, w.Arguments)
		d.arguments(key+": ", then.Uses, w.Uses)
		d.undos(key+".", then.Undo, w.Undo)
		d.compare(key, then.Note, w.Note)
		d.writes(key+"/", then.Writes, w.Writes)
	}
	for i := range before {
		if w := &before[i]; was[w.Key] != nil {
			d.compare(prefix+w.Key, d.line(w), "")
		}
	}
	if len(d.out) == 0 {
		d.compare("order", strings.Join(orderBefore, ", "), strings.Join(orderNow, ", "))
	}
}

func (d *otherThan) line(w *run.ListedWrite) string {
	whole := *w
	whole.Action = cmp.Or(w.Action, d.action)
	return whole.String()
}

// askAgain asks anew about arguments that changed, or ends a step whose arguments can't be worked out.
func (r *runner) askAgain(ctx context.Context, x *execution, again *run.AskedAgain, err error) (func(), bool, error) {
	if err != nil {
		return nil, false, r.end(x.step, x.key, &run.Event{Step: x.address, Outcome: run.Error, Error: err.Error()}, nil)
	}
	x.again = again
	return r.ask(ctx, x)
}
