package local

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// sentWith is what a write was sent with last, as its start in the history tells.
type sentWith struct {
	action string
	// on is the system that it was sent to.
	on        run.Target
	arguments json.RawMessage
	sealed    []byte
	// declared says that it may be sent again as it was, on its author's word, though nobody knows whether it took place.
	declared bool
}

// tellSent has the start of a write tell what it is sent with: whoever asks what became of it asks about that.
// with is what its undo refers to, NilVal: nothing.
func (r *runner) tellSent(e *run.Event, target run.Target, args, with cty.Value) (sealed []byte) {
	given := map[string]cty.Value{}
	for name, v := range args.AsValueMap() {
		if plain, _ := v.Unmark(); !plain.IsNull() {
			given[name] = v
		}
	}
	v := cty.ObjectVal(given)
	secret := target.Keep(r.shown)
	e.Provider, e.Target, e.Kept, e.SentTo, e.Arguments = target.Provider, target.Target, target.Kept, target.Place, lang.ValueToJSON(v)
	place := ""
	if secret {
		place = target.Place
	}
	return r.sealStart(v, with, place)
}

// sealStart encrypts what the start of a write leaves out, if that is anything: of its arguments, of what its undo refers to, and of where it
// is sent to.
func (r *runner) sealStart(args, with cty.Value, place string) []byte {
	if place == "" && !args.ContainsMarked() && (with == cty.NilVal || !with.ContainsMarked()) {
		return nil
	}
	left := sealedOf(args)
	if left.Place = place; with != cty.NilVal {
		left.Undo = new(sealedOf(with))
	}
	return r.seal(left)
}

// recallSent keeps what a write was sent with. Further attempts at it are sent with the same.
func (b *branch) recallSent(p *Past, e *run.Event, sealed []byte) {
	if e.Arguments != nil {
		w := &sentWith{action: e.Action, on: e.On(), arguments: e.Arguments, sealed: sealed}
		b.sent[sentKey(e.Step, e.Undoes)] = w
		if step := b.senderOf(e); step != nil && step.Action == e.Action {
			p.reads(stageSent, e.Arguments, sealed, func() string {
				if _, err := openSent(p.cfg, w, step.Spec.Spec().Args()); err != nil {
					return err.Error()
				}
				return ""
			})
		}
	} else if e.Attempt <= 1 {
		delete(b.sent, sentKey(e.Step, e.Undoes)) // by a version that did not tell
	}
}

// senderOf is the step, or the undo, that sent a write; nil: the runbook does not have it any more.
func (b *branch) senderOf(e *run.Event) *lang.Step {
	node := b.graph.Node(run.StepName(e.Step))
	switch {
	case node == nil || e.Type == run.StepStarted && node.Step.IsCheck():
		return nil
	case e.Type == run.StepStarted:
		return node.Step
	case node.Step.Undo == nil:
		return nil
	}
	return node.Step.Undo.Step
}

func sentKey(address string, undoes int64) string {
	if undoes == 0 {
		return address
	}
	return fmt.Sprintf("undo %d of %s", undoes, address)
}

// declare keeps whether a write in doubt is sent again on its author's word alone.
func (b *branch) declare(e *run.Event) {
	if w := b.sent[sentKey(e.Step, e.Undoes)]; w != nil && e.Resolution != nil {
		w.declared = e.Resolution.How == run.HowDeclared
	}
}

// errNotKept is why it is not known what a write was sent with.
var errNotKept = errors.New("what it was sent with was not kept")

// openSent gives what a write was sent with.
func openSent(cfg *Config, w *sentWith, schema *provider.Object) (cty.Value, error) {
	if w == nil {
		return cty.NilVal, errNotKept
	}
	kept := sealedResult{Result: slices.Clone(w.arguments)} // which is written over
	if !lang.HoldsBlank(w.arguments) {
		w = &sentWith{arguments: w.arguments} // it is not the arguments that are secret
	}
	switch {
	case w.sealed != nil && cfg.Unseal == nil:
		return cty.NilVal, errNotKept
	case w.sealed != nil:
		plain, err := cfg.Unseal(w.sealed)
		if err == nil {
			err = json.Unmarshal(plain, &kept)
		}
		if err != nil {
			return cty.NilVal, fmt.Errorf("what it was sent with is sensitive, and can't be read back: %w", err)
		}
	case lang.HoldsBlank(w.arguments):
		return cty.NilVal, errNotKept
	}
	_, blanks := withoutBlanks(w.arguments)
	out, err := argumentsIn(kept.Result, schema)
	if err != nil {
		return cty.NilVal, err
	}
	for _, b := range blanks {
		out = cfg.guard(out, b)
	}
	for _, at := range kept.Sensitive {
		out = changeAt(out, at, sensitive)
	}
	TellSecrets(out, cfg.Secrets)
	return out, nil
}

// argumentsIn reads the arguments that a write was sent with.
func argumentsIn(text json.RawMessage, schema *provider.Object) (cty.Value, error) {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil {
		return cty.NilVal, fmt.Errorf("what it was sent with can't be read: %w", err)
	}
	values := map[string]cty.Value{}
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		values[a.Name] = cty.NullVal(a.Type)
		if text, ok := given[a.Name]; ok {
			v, err := lang.JSONToValue(text, a.Type)
			if err != nil {
				return cty.NilVal, fmt.Errorf("what it was sent with can't be read: %s: %w", a.Name, err)
			}
			values[a.Name] = v
		}
	}
	return cty.ObjectVal(values), nil
}

// sameSent reports whether what is about to be sent is what was sent; known is false where that can't be told.
func (r *runner) sameSent(w *sentWith, step *lang.Step, target run.Target, args cty.Value) (same, known bool) {
	if w == nil || w.on.Lost() {
		return false, false
	}
	target.Provider = w.on.Provider // however it is called
	if w.action != step.Action || !w.on.Same(target, r.Redact) {
		return false, true
	}
	was, err := openSent(r.Config, w, step.Spec.Spec().Args())
	if err != nil {
		return false, false
	}
	return bytes.Equal(plainJSON(was), plainJSON(args)), true
}

func plainJSON(v cty.Value) []byte {
	plain, _ := v.UnmarkDeep()
	return lang.ValueToJSON(plain)
}

// keyOf is the key under which a write is sent, sent being that of the one that was in doubt: no other write is sent under that. said
// is why it must not be sent at all.
func (r *runner) keyOf(step *lang.Step, address string, undoes int64, sent string, target run.Target, args cty.Value) (key, said string) {
	whole := address
	if undoes != 0 {
		whole += "/undo"
	}
	w := r.sent[sentKey(address, undoes)]
	same, known := r.sameSent(w, step, target, args)
	switch {
	case sent == "":
		return r.newKey(whole), ""
	case same, !known && !r.changed:
		return sent, ""
	case w != nil && w.declared:
		return sent, "not sent: the first write was to be sent again as it was, but the file has another one by now, and nobody knows whether the first took place; " +
			"resume the run again, and settle it"
	}
	return r.newKey(whole), ""
}

// sentOf is what a write in doubt was sent with; nil: it was not kept.
func (p *Past) sentOf(d run.Doubt) *sentWith {
	b, own := p.root.find(d.Address)
	if b == nil {
		return nil
	}
	return b.sent[sentKey(own, d.Undoes)]
}

// SentWith is what a write in doubt was sent with, as everybody may see it; an error says why that is not known.
func (p *Past) SentWith(d run.Doubt) ([]run.ArgumentValue, error) {
	_, step, _, err := p.sender(d)
	if err != nil {
		return nil, err
	}
	w := p.sentOf(d)
	if w != nil && w.action != step.Action {
		w = nil
	}
	args, err := openSent(p.cfg, w, step.Spec.Spec().Args())
	if err != nil {
		return nil, err
	}
	return shownArguments(step, args), nil
}

// SendsTheSame reports whether a write in doubt would be sent as it was, were it sent again now: with the same arguments, to the same
// system. changed says that files have changed. Steps of [Past.RunsFirst] may change that.
func (p *Past) SendsTheSame(d run.Doubt, changed bool) bool {
	r, step, local, err := p.sender(d)
	if err != nil {
		return false
	}
	args, err := r.arguments(step, local)
	if err != nil {
		return false
	}
	target, _ := r.configs.Target(step, local) // what is wrong with it, the attempt says
	same, known := r.sameSent(p.sentOf(d), step, target, args)
	if !known {
		same = !changed
	}
	return same
}

// RunsFirst lists those that run again of the steps that a write in doubt depends on, in its runbook or around it.
func (p *Past) RunsFirst(d run.Doubt, again []string) []string {
	b, own, ok := p.find(d.Address)
	if !ok || d.Undo {
		return nil
	}
	var first []string
	name := run.StepName(own)
	for at := b; at != nil; name, at = run.StepName(at.address), at.parent {
		for _, e := range at.graph.Node(name).In {
			from := at.prefix + e.From.Step.Name
			if !e.Order && slices.ContainsFunc(again, func(s string) bool { return run.Covers(from, s) }) && !slices.Contains(first, from) {
				first = append(first, from)
			}
		}
	}
	return first
}
