package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"
)

// Action is one thing that a provider does. The engine runs steps through this interface and wraps it for what all
// actions share (timeouts, read-only, recording); a provider makes one with [Define].
type Action interface {
	// Spec is the action's declaration; the same pointer each time.
	Spec() *Spec
	// Run carries the action out once. A cancelled or expired ctx ends it promptly, with an error that wraps the
	// context's. A non-nil error means the outcome "error"; with a result beside it the action ended and took effect, whole or
	// in part, and that is what can be told of it (its answer can't be read, its third statement was refused). The action's
	// own expectations that did not hold are in Result.Failure.
	Run(ctx context.Context, call *Call) (*Result, error)
}

// Spec is what is known of an action without running it. Read-only after [Define].
type Spec struct {
	// Name is "<provider>_<verb or noun>".
	Name string
	// Doc is one line: what it does.
	Doc string
	// Effect is the worst that the action can do, unless Classify knows better.
	Effect Effect
	// AuthorStatesEffect is true where only the author can know: the step's `effect` may then lower Effect.
	AuthorStatesEffect bool
	// NeedsTimeout is true where interrupting the action does harm: the step must state a timeout.
	NeedsTimeout bool
	// ExactlyOne lists groups of arguments of which one, and only one, must be set; AtMostOne of which two exclude
	// each other.
	ExactlyOne, AtMostOne [][]string
	// NotesFirst is true for an action that keeps a note before it changes anything. The note has the start of the step on disk
	// with it, which the engine then does not wait for before.
	NotesFirst bool
	// Asks is true for an action that a person must answer first: its Action is an [Asker].
	Asks bool
	// Expects is true for an action that may end without an error and fail all the same, see [Result.Failure].
	Expects bool
	// Lingers is true for an action of which something may run on where the engine died, a read too: see [Lingerer].
	Lingers bool
	// Supported is false for an action that is declared but can't be run by this version.
	Supported bool

	effectArgs    []string
	unwritten     func() Effect
	args, results func() *Object
	classify      func(args cty.Value) Effect
	atLeast       func(args cty.Value) Effect
	effectKnown   func(args cty.Value) bool
	target        func(args cty.Value) string
	program       func(args cty.Value) (string, bool)
	message       func(args cty.Value) bool
	lacks         func(args cty.Value) map[string]string
	misfits       func(args cty.Value) map[string]string
	because       func(args cty.Value) string
}

// Args is the schema of the action's arguments.
func (s *Spec) Args() *Object { return s.args() }

// Results is the schema of the action's result.
func (s *Spec) Results() *Object { return s.results() }

// Classify gives the effect of the action with these arguments; where they are partly unknown, the worst that it may be.
func (s *Spec) Classify(args cty.Value) Effect { return s.classify(args) }

// AtLeast gives the effect that the action surely has with these arguments, whatever those turn out to be that are not known.
func (s *Spec) AtLeast(args cty.Value) Effect { return s.atLeast(args) }

// EffectKnown reports whether all is known that the effect depends on.
func (s *Spec) EffectKnown(args cty.Value) bool { return s.effectKnown(args) }

// EffectArgs names the arguments that decide between effects; nil: there is one effect, or it is not declared which
// these are.
func (s *Spec) EffectArgs() []string { return s.effectArgs }

// FixedEffect is the effect of the action where a step writes none of the arguments that it depends on; false where it
// writes one, or where it is not declared which these are. It spares evaluating arguments.
func (s *Spec) FixedEffect(written func(name string) bool) (Effect, bool) {
	if len(s.effectArgs) == 0 || slices.ContainsFunc(s.effectArgs, written) {
		return Read, false
	}
	return s.unwritten(), true
}

// Target names the endpoint where the arguments decide it ("https://api.example.com"), else it is empty.
// Unknown arguments give an empty string.
func (s *Spec) Target(args cty.Value) string { return s.target(args) }

// Place is where the arguments say that the action acts, beside the configuration or in its place; empty where they don't say it, or
// are not known. It may hold what is secret.
func (s *Spec) Place(args cty.Value) string { return s.args().placeOf(args) }

// PlaceArgs names the arguments that say it.
func (s *Spec) PlaceArgs() []string { return s.args().places }

// Program names the program that the action starts on this machine, for policies that list those. It is false where it
// starts none, or where the arguments that decide are unknown.
func (s *Spec) Program(args cty.Value) (string, bool) { return s.program(args) }

// Message reports whether a write with these arguments is a message to the address that the provider block names: a level
// of an escalation may send one without a question beforehand. Arguments that are not known yet don't make one.
func (s *Spec) Message(args cty.Value) bool { return s.message(args) }

// Lacks names results that are null with these arguments, which may be partly unknown, each with the reason: an undo that counts
// on one could never work.
func (s *Spec) Lacks(args cty.Value) map[string]string { return s.lacks(args) }

// Misfits names arguments, which may be partly unknown, that can't stand beside the others: each with what is wrong and what to
// write instead.
func (s *Spec) Misfits(args cty.Value) map[string]string { return s.misfits(args) }

// Call is one attempt at an action.
type Call struct {
	// Client is what the provider's Open returned.
	Client Client
	// Args is an object of Spec.Args' type, wholly known; marks are allowed.
	Args cty.Value
	// Effect is the effect of this step after what its author stated.
	Effect Effect
	// ReadOnly is true when nothing may be changed; the client enforces it too.
	ReadOnly bool
	// Dir is the folder of the file that holds the step: relative paths start there.
	Dir string
	// Key identifies a write: the same for each attempt at it, be it after a crash. Empty for reads.
	Key string
	// Note keeps something on disk before it returns, for [Inquirer] to have after a crash; nil: nothing is kept.
	Note func(note []byte) error
	// NoteSealed is Note for what is sensitive, which is encrypted; nil: Note keeps that too.
	NoteSealed func(note []byte) error
	// Earlier is an attempt at the same write of which nobody knows whether it took place, with what it kept; nil: there is none.
	Earlier *Sent
	// CountedOn reports whether the step's undo counts on a result, by its name; nil: none is.
	CountedOn func(result string) bool
	// Answer is what a person said, for an action that asks one.
	Answer *Answer
	Host
}

// Result is what an action gave.
type Result struct {
	// Value is an object of Spec.Results' type; sensitive attributes are marked.
	Value cty.Value
	// Summary is one line for the run's view: "3 of 3 nodes ready".
	Summary string
	// Failure is set when the action ended but its own expectation did not hold (an unexpected HTTP status, an exit
	// code): the outcome is "fail".
	Failure *Failure
	// Warnings are things worth a line in the log: a NaN that became null.
	Warnings []string
	// ChangedNothing says that the write left its system as it was, so that there is nothing to take back.
	ChangedNothing bool
}

// Failure is an unmet expectation of the action itself.
type Failure struct {
	// Message is one sentence: "Status 503, expected below 400."
	Message string
	// Detail is evidence, perhaps of several lines: the start of a body, the end of stderr.
	Detail string
	// InDoubt says of a write that nobody knows whether it took place: what answered did not do it, and can't tell.
	InDoubt bool
}

// In is a [Call] with client and arguments decoded.
type In[K, A any] struct {
	Client K
	Args   *A
	// Set reports whether the author gave the argument a non-null value.
	Set func(name string) bool
	// Sensitive reports whether an argument is: a summary then tells nothing that the arguments, or what they replaced, hold.
	Sensitive bool
	Effect    Effect
	ReadOnly  bool
	Dir       string
	// Key identifies a write, see [Call].
	Key string
	// Note keeps something, as JSON, on disk before it returns, for Inquire after a crash. An error means that nothing may
	// be sent. Where an argument is sensitive it is encrypted.
	Note func(v any) error
	// NoteSealed is Note for what is sensitive whatever the arguments are, or is made of it: a hash of a short text tells the text.
	NoteSealed func(v any) error
	// NoteOpen is Note for what holds nothing of the arguments and must be readable without the key, such as a process.
	NoteOpen func(v any) error
	// Earlier is an attempt at the same write that kept a note and may have taken place, though Inquire did not find it done; nil:
	// there is none. What was there before the write is what it noted, not what is there now.
	Earlier *Sent
	// CountedOn reports whether the step's undo counts on a result, by its name: where it can't be told, nothing may be sent.
	CountedOn func(result string) bool
	// Answer is what a person said; nil for an action without Ask.
	Answer *Answer
	Host   Host
	Log    hclog.Logger
	// Warn adds a line to the result's warnings.
	Warn func(format string, args ...any)
}

// Known tells Classify which arguments it can rely on. Of an argument that is tagged "partly" it tells of each element too: "command[0]".
type Known func(name string) bool

// Definition declares an action: client K, arguments A, results R.
type Definition[K, A, R any] struct {
	Name, Doc          string
	Effect             Effect
	AuthorStatesEffect bool
	NeedsTimeout       bool
	// NotesFirst says that Run calls one of In's Note functions before it changes anything, see [Spec]. A Run that does not is
	// an error.
	NotesFirst            bool
	ExactlyOne, AtMostOne [][]string
	// Classify refines Effect by content, to the worst that it may be; nil: always Effect. Arguments that known() denies hold their
	// defaults, or what is known of them where they are tagged "partly".
	Classify func(args *A, known Known) Effect
	// AtLeast gives what is sure; nil: what Classify gives when it is told that all is known.
	AtLeast func(args *A, known Known) Effect
	// EffectArgs names the arguments that Classify looks at; nil: perhaps all.
	EffectArgs []string
	// Because says what of the arguments makes the action more than a read, for [Spec.Because]: "it sends FLUSHALL". It looks at those
	// of EffectArgs alone, or at all where that is nil; those that known() denies hold their defaults. Nil or empty: Doc says it.
	Because func(args *A, known Known) string
	// Instead says what does as a read what was perhaps meant, behind Because: "redis_query sends what reads".
	Instead string
	// Target names the endpoint where arguments decide it; nil: the provider's. Arguments that are not known yet hold
	// their defaults.
	Target func(args *A) string
	// Program names the program that it starts on this machine, for [Spec.Program]; nil: it starts none. It gets an object
	// of the arguments' type, of which any part may be unknown, so that a constant program is known beside computed arguments.
	Program func(args cty.Value) (string, bool)
	// Message reports whether a write with these arguments, of which any part may be unknown, is a message to the address that
	// the provider block itself names, for [Spec.Message]; nil: it never is.
	Message func(args cty.Value) bool
	// Lacks tells which results are null with these arguments and why, for [Spec.Lacks]: "it has RETURNING of its own". Arguments
	// that known() denies hold their defaults. Nil: none is known to be.
	Lacks func(args *A, known Known) map[string]string
	// Misfits tells which arguments can't stand beside the others, each with what is wrong and what to write instead, for
	// [Spec.Misfits]. Arguments that known() denies hold their defaults. Nil: all can.
	Misfits func(args *A, known Known) map[string]string
	// Run carries it out. Nil declares an action that this version can't run. A result beside an error says that it took
	// effect, see [Action].
	Run func(ctx context.Context, in *In[K, A]) (*R, error)
	// Summarize gives the one line for the view. Required where Run is set.
	Summarize func(result *R) string
	// Ask gives the question that a person must answer before Run, which finds the answer in In.Answer; nil: nobody is asked.
	Ask func(args *A) (*Question, error)
	// Preview tells what Run would change, by a dry run that changes nothing; nil: the system has none.
	Preview func(ctx context.Context, in *In[K, A]) ([]Change, error)
	// Inquire finds out whether a write that was sent took place, when the answer was lost to a crash or a timeout. It
	// changes nothing. Nil: nobody can know.
	Inquire func(ctx context.Context, in *In[K, A], sent Sent) (*Finding[R], error)
	// Noted tells what a note of Run's says of the result, for a write that counts as done on somebody's word: its undo counts on what was
	// there before, and so that nothing is sent whose undo could never be called. Nil, or a nil [Noted]: the note says nothing.
	Noted func(note json.RawMessage) (*Noted[R], error)
	// ChangedNothing reports whether a write left its system as it was, as its result tells for sure: its undo, which would take back
	// what somebody else had made, is not due then. Nil: nobody can know.
	ChangedNothing func(result *R) bool
	// Lingers looks for what still runs of a write, or of a read, as [Lingerer] does; nil: nothing can.
	Lingers func(sent Sent) (Lingering, error)
	// Follows says that Run, where an attempt before at the same write is under way, follows that one in place of another.
	Follows bool
	// Expect checks what the action itself expects of its result; nil: nothing.
	Expect func(args *A, result *R) *Failure
}

type action[K, A, R any] struct {
	spec Spec
	def  Definition[K, A, R]
}

// Define makes an [Action] from its declaration.
func Define[K, A, R any](d Definition[K, A, R]) Action {
	a := &action[K, A, R]{def: d}
	a.spec = Spec{
		Name: d.Name, Doc: d.Doc, Effect: d.Effect, AuthorStatesEffect: d.AuthorStatesEffect,
		NeedsTimeout: d.NeedsTimeout, NotesFirst: d.NotesFirst, ExactlyOne: d.ExactlyOne, AtMostOne: d.AtMostOne, Supported: d.Run != nil, Asks: d.Ask != nil, Expects: d.Expect != nil, Lingers: d.Lingers != nil,
		args:    sync.OnceValue(func() *Object { return objectOf[A]() }),
		results: sync.OnceValue(func() *Object { return objectOf[R]() }),
	}
	a.spec.classify, a.spec.atLeast, a.spec.effectKnown = a.classify, a.atLeast, a.effectKnown
	a.spec.effectArgs = d.EffectArgs
	a.spec.unwritten = sync.OnceValue(func() Effect { return a.classify(a.spec.Args().Null()) })
	a.spec.target = a.target
	a.spec.program = a.program
	a.spec.message = a.message
	a.spec.lacks = a.byName(d.Lacks)
	a.spec.misfits = a.byName(d.Misfits)
	a.spec.because = a.because
	return a
}

func (a *action[K, A, R]) Spec() *Spec { return &a.spec }

func (a *action[K, A, R]) classify(args cty.Value) Effect {
	if a.def.Classify == nil {
		return a.def.Effect
	}
	decoded := new(A)
	known, err := a.spec.Args().decodeKnown(args, decoded)
	if err != nil {
		return a.def.Effect
	}
	return a.def.Classify(decoded, known)
}

func (a *action[K, A, R]) atLeast(args cty.Value) Effect {
	if a.def.Classify == nil {
		return a.def.Effect
	}
	decoded := new(A)
	known, err := a.spec.Args().decodeKnown(args, decoded)
	switch {
	case err != nil:
		return a.def.Effect
	case a.def.AtLeast != nil:
		return a.def.AtLeast(decoded, known)
	}
	return a.def.Classify(decoded, func(string) bool { return true })
}

func (a *action[K, A, R]) effectKnown(args cty.Value) bool {
	plain, _ := args.UnmarkDeep()
	if a.def.Classify == nil || plain.IsWhollyKnown() {
		return true
	}
	for _, name := range a.def.EffectArgs {
		if !plain.IsKnown() || !plain.GetAttr(name).IsWhollyKnown() {
			return false
		}
	}
	return len(a.def.EffectArgs) > 0
}

func (a *action[K, A, R]) target(args cty.Value) string {
	if a.def.Target == nil {
		return ""
	}
	decoded := new(A)
	if _, err := a.spec.Args().decodeKnown(args, decoded); err != nil {
		return ""
	}
	return hidden(a.def.Target(decoded), args)
}

// hidden is a target, unless it is a sensitive argument as it stands: the events name it, and redaction knows whole secrets only.
func hidden(target string, args cty.Value) string {
	for _, v := range args.AsValueMap() {
		if v, marks := v.Unmark(); len(marks) > 0 && v.Type() == cty.String && v.IsKnown() && !v.IsNull() && v.AsString() == target {
			return "(sensitive)"
		}
	}
	return target
}

func (a *action[K, A, R]) program(args cty.Value) (string, bool) {
	args, _ = args.UnmarkDeep()
	if a.def.Program == nil || !args.IsKnown() || args.IsNull() {
		return "", false
	}
	return a.def.Program(args)
}

func (a *action[K, A, R]) message(args cty.Value) bool {
	args, _ = args.UnmarkDeep()
	return a.def.Message != nil && args.IsKnown() && !args.IsNull() && a.def.Message(args)
}

// byName has what names arguments or results look at arguments of which any part may be unknown; nil: nothing looks.
func (a *action[K, A, R]) byName(look func(*A, Known) map[string]string) func(cty.Value) map[string]string {
	return func(args cty.Value) map[string]string {
		if look == nil {
			return nil
		}
		decoded := new(A)
		known, err := a.spec.Args().decodeKnown(args, decoded)
		if err != nil {
			return nil
		}
		return look(decoded, known)
	}
}

func (a *action[K, A, R]) Run(ctx context.Context, call *Call) (*Result, error) {
	result := &Result{}
	in, err := a.in(ctx, call, result)
	if err != nil {
		return nil, err
	}
	if settled, err := a.settled(ctx, in, call, result); settled != nil || err != nil {
		return settled, err
	}
	noted := false
	if a.def.NotesFirst && call.Effect != Read {
		in.watchNotes(&noted)
	} else {
		noted = true
	}
	typed, err := a.def.Run(ctx, in)
	if typed == nil && err != nil {
		return nil, err
	}
	if !noted && err == nil {
		return nil, fmt.Errorf("%s keeps no note, which it has to do before it changes anything", a.spec.Name)
	}
	whole, encodeErr := a.encode(call, in.Args, typed, result)
	if encodeErr != nil {
		return nil, errors.Join(err, encodeErr)
	}
	return whole, err
}

// watchNotes has noted tell whether a note was kept.
func (in *In[K, A]) watchNotes(noted *bool) {
	for _, note := range []*func(any) error{&in.Note, &in.NoteSealed, &in.NoteOpen} {
		keep := *note
		*note = func(v any) error {
			*noted = true
			return keep(v)
		}
	}
}

// in decodes a call. Warnings go to result.
func (a *action[K, A, R]) in(ctx context.Context, call *Call, result *Result) (*In[K, A], error) {
	client, ok := call.Client.(K)
	if !ok {
		return nil, fmt.Errorf("%s: client is a %T", a.spec.Name, call.Client)
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Op: a.spec.Name, Err: fmt.Errorf("%w: %w", ErrNotStarted, err), NothingDone: true}
	}
	args := new(A)
	if err := a.spec.Args().Decode(call.Args, args); err != nil {
		return nil, &Error{Op: a.spec.Name, Err: err, NothingDone: true, Permanent: true}
	}
	unmarked, _ := call.Args.Unmark()
	value := func(name string) cty.Value {
		if !unmarked.Type().HasAttribute(name) {
			return cty.NullVal(cty.DynamicPseudoType)
		}
		return unmarked.GetAttr(name)
	}
	set := func(name string) bool { return !value(name).IsNull() }
	if err := a.spec.fits(value); err != nil {
		return nil, &Error{Op: a.spec.Name, Err: err, NothingDone: true, Permanent: true}
	}
	if err := a.spec.together(call.Args); err != nil {
		return nil, &Error{Op: a.spec.Name, Err: err, NothingDone: true, Permanent: true}
	}
	sensitive := IsSensitive(call.Args)
	in := &In[K, A]{
		Client: client, Args: args, Sensitive: sensitive, Effect: call.Effect, ReadOnly: call.ReadOnly, Dir: call.Dir,
		Host: call.Host, Log: call.Log, Key: call.Key, Earlier: call.Earlier, Answer: call.Answer,
		Note:       func(v any) error { return call.note(v, sensitive) },
		NoteSealed: func(v any) error { return call.note(v, true) },
		NoteOpen:   func(v any) error { return call.note(v, false) },
		Set:        set,
		Warn: func(format string, args ...any) {
			result.Warnings = append(result.Warnings, fmt.Sprintf(format, args...))
		},
	}
	if in.CountedOn = call.CountedOn; in.CountedOn == nil {
		in.CountedOn = func(string) bool { return false }
	}
	if in.Log == nil {
		in.Log = hclog.NewNullLogger()
	}
	return in, nil
}

// encode makes the result of an action from its typed form.
func (a *action[K, A, R]) encode(call *Call, args *A, typed *R, result *Result) (*Result, error) {
	value, warnings, err := a.spec.Results().Encode(typed)
	if err != nil {
		return nil, fmt.Errorf("%s: result: %w", a.spec.Name, err)
	}
	if a.spec.Results().echoes && IsSensitive(call.Args) {
		value = a.spec.Results().markEchoes(value)
	}
	result.Value = value
	result.Warnings = append(result.Warnings, warnings...)
	result.Summary = a.def.Summarize(typed)
	if a.def.Expect != nil {
		result.Failure = a.def.Expect(args, typed)
	}
	result.ChangedNothing = a.def.ChangedNothing != nil && a.def.ChangedNothing(typed)
	return result, nil
}
