package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// question is one that is worked out in a goroutine of its own: a preview asks the system.
type question struct {
	*execution
	what     string
	question *run.Question
	timeout  time.Duration
	prepared *prepared
	// binding is of what the question does not show.
	binding binding
	err     error
}

func (r *runner) newExecution(step *lang.Step, key int, local lang.Frame) *execution {
	address := step.Name
	if key >= 0 {
		address = run.Address(step.Name, local.EachKey.AsString(), true)
	}
	return &execution{address: address, step: step, key: key, local: local, effect: r.effects[step.Name], doubted: r.state.Declared(address)}
}

// ask works a question out.
func (r *runner) ask(ctx context.Context, x *execution) (func(), bool, error) {
	if err := r.emit(&run.Event{Type: run.StepWaiting, Step: x.address, For: run.ForPreview}); err != nil {
		return nil, false, err
	}
	r.workOut(x)
	return func() {
		q := &question{execution: x}
		if x.step.Approval != nil {
			q.what = run.ForApproval
			q.err = r.approvalQuestion(ctx, q)
		} else {
			q.what, q.timeout = run.ForAnswer, x.step.Timeout
			q.err = r.actionQuestion(q)
		}
		r.asked <- q
	}, false, nil
}

// previewTime bounds a dry run: it only helps who approves.
const previewTime = 30 * time.Second

// approvalQuestion shows what would be done, to what, and what that changes.
func (r *runner) approvalQuestion(ctx context.Context, q *question) error {
	args, err := r.arguments(q.step, q.sends())
	if err == nil {
		err = r.undoAllowed(q.execution)
	}
	if err != nil {
		return err
	}
	q.prepared = &prepared{args: args}
	q.timeout = q.step.Approval.Timeout
	out, within, values, err := r.approval(q.execution, args)
	if err != nil {
		return err
	}
	defer r.closeAll(within)
	if err := within.refused(r.prefix + q.address + "/"); err != nil {
		return err
	}
	if out.Again = q.again; out.Again == nil && within.anyDone() {
		out.Again = &run.AskedAgain{Why: run.AgainRest}
	}
	q.binding = r.bind(values, out)
	out.Keyed = q.binding.digest
	q.bindWords(r.session, out, r.plainPrompt(q.execution, out))
	if q.step.Child == nil {
		r.preview(ctx, q, out)
	}
	previewAll(ctx, within)
	out.Writes = within.writes()
	q.question = out
	return nil
}

// approval is what an execution asks for before anybody looks at what it would change. It gives what [runner.approves] does too.
func (r *runner) approval(x *execution, args cty.Value) (q *run.Question, within listed, values cty.Value, err error) {
	a, local := x.step.Approval, x.sends()
	q = &run.Question{Kind: run.AskApproval, Prompt: "Run " + x.step.Action + "?", Action: x.step.Action, Effect: x.effect.String(), OnTimeout: "fail"}
	if a.Escalate {
		q.OnTimeout = "escalate"
	}
	if a.Prompt != nil {
		q.Prompt = r.remedyText(a.Prompt, local)
	}
	if q.Approvers, err = r.approvers(a.Approvers, local); err != nil {
		return nil, nil, cty.NilVal, err
	}
	if q.Escalation, q.Levels, err = r.levels(x.step, a.Escalation, local); err != nil {
		return nil, nil, cty.NilVal, err
	}
	within, values, err = r.approves(x, args, q)
	return q, within, values, err
}

// plainPrompt is the prompt of the approval of an execution whole, which is for nobody's eyes.
func (r *runner) plainPrompt(x *execution, q *run.Question) string {
	if p := x.step.Approval.Prompt; p != nil {
		v, diags := r.scope.Value(p, x.sends())
		if plain, _ := v.UnmarkDeep(); !diags.HasErrors() && plain.Type() == cty.String {
			return stringOf(plain)
		}
	}
	return q.Prompt
}

// approves fills in what an approval of an execution is given for. It gives the writes of the runbook that the step runs, and all values,
// marks and all.
func (r *runner) approves(x *execution, args cty.Value, q *run.Question) (within listed, values cty.Value, err error) {
	q.Arguments, q.Target, q.Writes = shownArguments(x.step, args), r.targetOf(x), nil
	all := map[string]cty.Value{"arguments": args}
	var undo cty.Value
	if q.Undo, undo = r.askedUndo(x); q.Undo != nil {
		all["undo"] = undo
	}
	if x.step.Child != nil {
		if within, err = r.within(x.step, x.address, args.GetAttr("variables")); err != nil {
			return nil, cty.NilVal, err
		}
		q.Writes = within.writes()
		all["writes"] = within.values()
	}
	return within, cty.ObjectVal(all), nil
}

// targetOf is the system that a step works on; empty where that is not known, and for one that runs a runbook.
func (r *runner) targetOf(x *execution) string {
	if x.step.Child != nil {
		return ""
	}
	target, _ := r.configs.Target(x.step, x.sends()) // what is wrong with it, the attempt says
	return ShownTarget(r.scope, x.step, target, x.sends())
}

// preview adds what a dry run says. One that fails is told, and hinders nobody.
func (r *runner) preview(ctx context.Context, q *question, out *run.Question) {
	previewer, ok := q.step.Spec.(provider.Previewer)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(provider.ForStep(ctx, r.prefix+q.address), previewTime)
	defer cancel()
	p, _, err := r.open(ctx, q.step, q.sends(), q.prepared.args)
	var changes []provider.Change
	if err == nil {
		q.prepared = p
		changes, err = previewer.Preview(ctx, r.call(q.step, p, q.effect))
		out.NoChange = err == nil && changes != nil && len(changes) == 0
	}
	if err != nil {
		out.Changes = []run.Change{{Path: "what it would change is not known", After: err.Error()}}
	}
	// What takes the place of a sensitive value, or stood there before, is sensitive too.
	sensitive := provider.IsSensitive(q.prepared.args)
	for _, c := range changes {
		if sensitive {
			c.Before, c.After = blankUnlessEmpty(c.Before), blankUnlessEmpty(c.After)
		}
		out.Changes = append(out.Changes, run.Change{Path: c.Path, Before: c.Before, After: c.After})
	}
}

func blankUnlessEmpty(text string) string {
	if text == "" {
		return ""
	}
	return lang.Blank
}

// actionQuestion is what the action itself asks.
func (r *runner) actionQuestion(q *question) error {
	args, err := r.arguments(q.step, q.sends())
	if err != nil {
		return err
	}
	if q.question, err = r.asksItself(q.execution, args); err != nil {
		return err
	}
	q.question.Again = q.again
	plain := q.question.Prompt
	if prompt := q.step.Args["prompt"]; prompt != nil && provider.IsSensitive(args.GetAttr("prompt")) {
		q.question.Prompt = r.remedyText(prompt.Expr, q.sends()) // what stands around a secret in it tells what the question is
	}
	q.bindWords(r.session, q.question, plain)
	return nil
}

// asksItself is the question of an action that is called with some arguments.
func (r *runner) asksItself(x *execution, args cty.Value) (*run.Question, error) {
	asker, ok := x.step.Spec.(provider.Asker)
	if !ok {
		return nil, fmt.Errorf("%s asks nobody; this is a bug in its provider", x.step.Action)
	}
	asked, err := asker.Question(args)
	if err != nil {
		return nil, err
	}
	q := QuestionOf(asked)
	q.Escalation, q.Levels, err = r.levels(x.step, x.step.Escalation, x.sends())
	return q, err
}

// QuestionOf is the question of an action as the events tell it.
func QuestionOf(asked *provider.Question) *run.Question {
	return &run.Question{
		Kind: run.QuestionKind(asked.Kind), Prompt: asked.Prompt, Items: asked.Items, AllRequired: asked.AllRequired, Type: asked.Type,
		Choices: asked.Choices, Pattern: asked.Pattern, Default: asked.Default, Sensitive: asked.Sensitive, OnTimeout: asked.OnTimeout,
		TimeoutAnswer: asked.TimeoutAnswer,
	}
}

// shownArguments writes a step's arguments as the language does, without what is sensitive.
func shownArguments(step *lang.Step, args cty.Value) []run.ArgumentValue {
	schema := step.Spec.Spec().Args()
	var out []run.ArgumentValue
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		if v := args.GetAttr(a.Name); step.Args[a.Name] != nil {
			out = append(out, run.ArgumentValue{Name: a.Name, Value: string(lang.ValueToJSON(v))})
		}
	}
	return out
}

// approvers lists who may approve: names, or contacts by their names and what identifies them.
func (r *runner) approvers(e *lang.Expr, local lang.Frame) ([]string, error) {
	if e == nil {
		return nil, nil
	}
	v, diags := r.scope.Value(e, local)
	if diags.HasErrors() {
		return nil, errors.New("approvers: " + text(diags))
	}
	if v.ContainsMarked() {
		return nil, ErrSensitiveApprovers
	}
	return Approvers(v), nil
}

// ErrSensitiveApprovers is why a step can't be asked about.
var ErrSensitiveApprovers = errors.New("the approvers are sensitive, and who may approve is shown to all: name them in the open")

// Approvers are the words by which those may be known whom a value names, which is known and has no marks.
func Approvers(v cty.Value) []string {
	if v.IsNull() {
		return nil
	}
	if ty := v.Type(); ty.IsTupleType() || ty.IsListType() || ty.IsSetType() {
		var out []string
		for it := v.ElementIterator(); it.Next(); {
			_, one := it.Element()
			out = append(out, names(one)...)
		}
		return out
	}
	return names(v)
}

// names are the words by which a person may be known as approver.
func names(who cty.Value) []string {
	if who.IsNull() {
		return nil
	}
	if !who.Type().IsObjectType() {
		return []string{stringOf(who)}
	}
	var out []string
	for _, attribute := range []string{"name", "email", "slack"} {
		if s := attributeText(who, attribute); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// levels are those of the escalation of a step, with its name.
func (r *runner) levels(step *lang.Step, e *lang.Expr, local lang.Frame) (name string, _ []run.Level, _ error) {
	if e == nil {
		return "", nil, nil
	}
	v, diags := r.scope.Value(e, local)
	if diags.HasErrors() {
		return "", nil, errors.New("escalation: " + text(diags))
	}
	v, _ = v.UnmarkDeep()
	if v.IsNull() || !v.Type().IsObjectType() || !v.Type().HasAttribute("levels") {
		return "", nil, errors.New("escalation: it is not an escalation block; write escalation.<name>")
	}
	name = attributeText(v, "name")
	var out []run.Level
	for it := v.GetAttr("levels").ElementIterator(); it.Next(); {
		_, level := it.Element()
		l := run.Level{Number: len(out) + 1, AfterMS: milliseconds(levelAfter(level)), Brief: attributeText(level, "brief")}
		if level.Type().HasAttribute("contact") {
			l.Contact = whoText(level.GetAttr("contact"))
		}
		if notifier := notifierOf(r.runbook, step, name, l.Number); notifier != nil {
			l.Notify = notifier.Action
		}
		out = append(out, l)
	}
	return name, out, nil
}

// shown is a text as everybody may see it.
func (c *Config) shown(text string) string {
	if c.Redact == nil {
		return text
	}
	return string(c.Redact([]byte(text)))
}

// digestOf binds an answer to what was asked, and to this asking of it: an answer to an earlier one does not count. It is made
// of what is shown and of the binding of what is not: from the plain digest of a short secret one could find the secret. Address is
// the runner's own.
func (r *runner) digestOf(address string, q *run.Question, as run.Asking) string {
	text := fmt.Appendf(nil, "%s\n%s\n%s", r.shown(string(boundJSON(q))), r.prefix+address, as.Since.UTC().Format(time.RFC3339Nano))
	if as.Anew != nil {
		text = fmt.Appendf(text, "\n%d", as.Anew.Seq)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// boundJSON is all of a question that an answer is bound to.
func boundJSON(q *run.Question) []byte {
	bound := *q
	bound.Digest, bound.Changes, bound.NoChange, bound.Again = "", nil, false, nil
	bound.Writes, bound.Undo = asBound(q.Writes), undoAsBound(q.Undo)
	text, err := json.Marshal(bound)
	if err != nil {
		return nil // it is made of texts alone
	}
	return text
}

// undoAsBound leaves out how the files write an undo: it may be written otherwise, and be the same.
func undoAsBound(undo *run.AskedUndo) *run.AskedUndo {
	if undo == nil {
		return nil
	}
	bound := *undo
	bound.Written = ""
	return &bound
}

// questionDone opens a question, or ends the step where there is none to ask.
func (r *runner) questionDone(q *question) error {
	if r.live[q.address] != q.execution {
		return nil // the run stops, and the step with it
	}
	if q.err != nil {
		return r.end(q.step, q.key, &run.Event{Step: q.address, Outcome: run.Error, Error: q.err.Error()}, nil)
	}
	if q.what == run.ForWrites {
		delete(r.live, q.address) // the step has instances once they are said yes to
	}
	q.execution.prepared = q.prepared
	var sealed []byte
	switch {
	case q.binding.key != nil:
		r.keys[q.address] = q.binding.key
		sealed = r.seal(sealedKey{q.binding.key, q.question.TimeoutAnswer})
	case q.question.Sensitive:
		sealed = r.seal(probe)
	}
	return r.lay(q.step, q.address, q.what, q.question, q.timeout, sealed)
}

// lay tells a question and lays it open; an answer that was given beforehand is taken.
func (r *runner) lay(step *lang.Step, address, what string, q *run.Question, timeout time.Duration, sealed []byte) error {
	delete(r.answering, address)
	now := r.clock()
	e := &run.Event{Type: run.StepWaiting, Step: address, Time: now, For: what, Question: q}
	as := run.Asking{Since: now, Anew: r.state.AskedAnew(address)}
	if before := r.state.AskedBefore(address); before != nil && r.digestOf(address, q, *before) == before.Digest {
		as = *before // nothing but its time is another
		since := as.Since.UTC()
		e.Since, e.Told, e.NobodyTold = &since, as.Told, as.NobodyTold
	}
	if timeout > 0 {
		deadline := as.Since.Add(timeout).UTC()
		e.Deadline = &deadline
	}
	if q.Again == nil && as.Anew != nil && as.Anew.By != "" {
		q.Again = &run.AskedAgain{Why: run.AgainBefore, By: as.Anew.By}
	}
	q.Digest = r.digestOf(address, q, as)
	r.asks(address, q)
	if err := r.emitSealed(e, sealed); err != nil {
		return err
	}
	w, ok := r.state.WaitOf(address)
	if !ok {
		return nil
	}
	key := -1 // the step as a whole is asked about before it has instances
	if x := r.live[address]; x != nil {
		key = x.key
	}
	if taken, err := r.beforehand(step, key, w, q.Again); taken || err != nil {
		return err
	}
	// Somebody who reads of the question elsewhere finds it in the journal.
	if err := r.flush(r.hard, true); err != nil {
		return err
	}
	r.desk.put(r, w)
	return nil
}

// beforehand takes the answer that was given before the question was asked, or asked again in this session; one that does not
// fit ends the step. It reports whether there is one. again is why the question is asked once more in this session; nil: it is not. What
// has changed since it was asked before, whoever gave the answer has not seen.
func (r *runner) beforehand(step *lang.Step, key int, w run.Wait, again *run.AskedAgain) (bool, error) {
	given, ok := r.Answers[r.prefix+w.Address]
	if over := w.Over(); !ok || w.For != run.ForAnswer || !over.IsZero() && !r.clock().Before(over) {
		return false, nil
	}
	if again != nil && again.Anew() {
		said, err := json.Marshal(given)
		if err != nil {
			return false, err
		}
		return false, r.refuse(w, &run.Answer{Value: said, By: r.User, Via: run.ViaFlag}, again.Changed())
	}
	value, err := w.Question.Beforehand(given)
	if err != nil {
		return true, r.end(step, key, &run.Event{Step: w.Address, Outcome: run.Error, Error: "the answer given beforehand: " + err.Error()}, nil)
	}
	return true, r.accept(w.Address, &run.Answer{Value: value, By: r.User, Via: run.ViaFlag, Digest: w.Question.Digest})
}
