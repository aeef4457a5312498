package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/run"
)

// otherwise says what is different where an open question comes out otherwise by now than it was asked; nil: nothing is.
func (r *runner) otherwise(x *execution, w run.Wait) (*run.AskedAgain, error) {
	now, same, err := r.asksNow(x, w)
	if err != nil && !r.mayChange(x.step) {
		return nil, nil // what it is made of is not to be had any more, and is what it was
	}
	if err != nil || same {
		return nil, err
	}
	changes := r.otherNow(w.Question, now)
	if r.cannotCompare(w, changes) {
		return &run.AskedAgain{Why: run.AgainNoKey, Changes: changes}, nil
	}
	return &run.AskedAgain{Why: run.AgainChanged, Changes: changes}, nil
}

// cannotCompare reports whether all that is different in a question is sensitive, and the digest that would tell whether it is has no key here.
func (r *runner) cannotCompare(w run.Wait, changes []run.Change) bool {
	if w.Question.Words == "" && w.Question.Keyed == "" {
		return false
	}
	if key, err := r.bindingKey(w.Address); key != nil && err == nil {
		return false
	}
	return !slices.ContainsFunc(changes, func(c run.Change) bool {
		return !strings.Contains(c.Before, lang.Blank) && !strings.Contains(c.After, lang.Blank)
	})
}

// mayChange reports whether what a step asks may come out otherwise than it did although its files are the same.
func (b *branch) mayChange(step *lang.Step) bool {
	for _, e := range graph.Deciding(step) {
		around := b.runbook.Surroundings(e)
		if around.Environment || around.Files || around.Clock || around.Variables && b.parent != nil && b.parent.mayChange(b.step) {
			return true
		}
	}
	return false
}

// asksNow is what an open question asks by now, as far as an answer is bound to it, and whether that is the same.
func (r *runner) asksNow(x *execution, w run.Wait) (now *run.Question, same bool, err error) {
	if w.For == run.ForWrites {
		_, keys, instances, err := r.instances(x.step)
		if err != nil {
			return nil, false, err
		}
		all, now := r.writesQuestion(x.step, keys, instances)
		same, _ := r.sameWrites(w.Address, all, w.Question, now)
		return now, same, nil // where it can't be found out, that is left until it was answered
	}
	asks := func(args cty.Value) (now *run.Question, same bool, err error) {
		if x.step.Approval != nil {
			return r.approvalNow(x, w, args)
		}
		if now, err = r.asksItself(x, args); err != nil {
			return nil, false, err
		}
		return now, r.sameWords(w, wordsOf(now, now.Prompt)), nil
	}
	// A result of an earlier session is sensitive as a whole where a part of it was blanked, and the question showed the rest. So is what is
	// made of it, and it is told to nobody for that.
	args, diags := object(r.scope, x.step.Spec.Spec().Args(), x.step.Args, x.sends(), nil)
	if !diags.HasErrors() {
		plain, _ := args.UnmarkDeep()
		if now, same, err = asks(plain); err == nil && same {
			return now, true, nil
		}
	}
	if args, err = r.arguments(x.step, x.sends()); err != nil {
		return nil, false, err
	}
	return asks(args)
}

// sameWords reports whether the words of an open question are what they would be by now. Where some were blanked, only the digest of them tells:
// what stood there, this session may know as another secret, or as none.
func (r *runner) sameWords(w run.Wait, now []byte) bool {
	if before := wordsOf(w.Question, w.Question.Prompt); w.Question.Words == "" {
		return bytes.Equal(before, now) && !lang.HoldsBlank(before)
	}
	return r.bound(w.Address, now) == w.Question.Words
}

// doesTheSame reports whether what a question was asked for is what it would be for by now, as far as that was shown: its values were compared.
func (r *runner) doesTheSame(asked, now *run.Question) bool {
	was, is := doneJSON(asked), doneJSON(now)
	if asked.Keyed == "" {
		return bytes.Equal(was, is)
	}
	var before, after any
	return json.Unmarshal(was, &before) == nil && json.Unmarshal(is, &after) == nil && saysTheSame(before, after, r.shown)
}

// doneJSON is what an approval is for, as a yes is bound to it.
func doneJSON(q *run.Question) []byte {
	return boundJSON(&run.Question{Arguments: q.Arguments, Undo: q.Undo, Writes: q.Writes, Keyed: q.Keyed})
}

// saysTheSame reports whether decoded JSON is what an earlier session showed, where that blanked its secrets.
func saysTheSame(before, after any, shown func(string) string) bool {
	switch was := before.(type) {
	case string:
		is, text := after.(string)
		return text && readsTheSame(shown(was), is, shown) || !text && shown(was) == lang.Blank
	case []any:
		is, ok := after.([]any)
		return ok && slices.EqualFunc(was, is, func(a, b any) bool { return saysTheSame(a, b, shown) })
	case map[string]any:
		is, ok := after.(map[string]any)
		return ok && maps.EqualFunc(was, is, func(a, b any) bool { return saysTheSame(a, b, shown) })
	}
	return before == after
}

// readsTheSame is saysTheSame for a text, of what a yes is bound to by its values too. What stands in the place of something blanked must be a
// secret as a whole, or all of it unknown here: the secrets that a session knew are not all known in each.
func readsTheSame(before, after string, shown func(string) string) bool {
	if before == after || before == shown(after) {
		return true
	}
	parts := strings.Split(before, lang.Blank)
	rest, starts := strings.CutPrefix(after, parts[0])
	rest, ends := strings.CutSuffix(rest, parts[len(parts)-1])
	if !starts || !ends || len(parts) == 1 {
		return false
	}
	hidden := func(piece string) bool { return shown(piece) == lang.Blank || shown(piece) == piece }
	for _, part := range parts[1 : len(parts)-1] {
		piece, more, found := strings.Cut(rest, part)
		if !found || !hidden(piece) {
			return false
		}
		rest = more
	}
	return hidden(rest)
}

// approvalNow is what an open approval asks by now, and whether that is the same. Where it can't be found out whether sensitive arguments are,
// that is left until it was answered: it is asked again then.
func (r *runner) approvalNow(x *execution, w run.Wait, args cty.Value) (now *run.Question, same bool, err error) {
	now, within, values, err := r.approval(x, args)
	if err != nil {
		return nil, false, err
	}
	r.closeAll(within)
	if w.Question.Keyed != "" {
		now.Keyed = cmp.Or(r.bound(w.Address, asBytes(values)), w.Question.Keyed)
	}
	return now, r.sameWords(w, wordsOf(now, r.plainPrompt(x, now))) && r.doesTheSame(w.Question, now), nil
}
