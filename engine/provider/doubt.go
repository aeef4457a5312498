package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Change is one thing that a write changes, written for people. Before and After are not shown where an argument is
// sensitive.
type Change struct {
	// Path says what, "spec.replicas"; Before and After are its values, empty where there is none.
	Path, Before, After string
}

// Sent is a write of which nobody knows whether it took place.
type Sent struct {
	// Key is the call's; At when it was sent.
	Key string
	At  time.Time
	// Note is the last that the action kept with In.Note, as JSON; nil: none.
	Note json.RawMessage
	// Judged says that a session that came after has had it decided: it did not take place.
	Judged bool
}

// State is what became of a write in doubt.
type State uint8

const (
	// Unknown says that the system can't tell.
	Unknown State = iota
	// Done says that it took place, whole.
	Done
	// NotDone says that it surely did not take place, and will not any more.
	NotDone
	// UnderWay says that it goes on right now (a local process still lives) and must not be sent beside itself.
	UnderWay
	// Repeatable says that the system can't tell, and that the author of the step says that the same may be sent again with the
	// same key.
	Repeatable
	// Suspected says that the system can't tell, and that something speaks for it: it may have taken place, or may go on. A person has to
	// look, and no retry sends it again.
	Suspected
)

// Finding is what Inquire found out.
type Finding[R any] struct {
	State State
	// Result is what Run would have given; only with Done, and nil where that can't be told any more.
	Result *R
	// Why says in a sentence what was seen: "deployment api carries the restart of 09:14:02.".
	Why string
}

// Found is a [Finding] with its result encoded.
type Found struct {
	State  State
	Result *Result
	Why    string
}

// Previewer is an [Action] whose system can tell beforehand what a change would do.
type Previewer interface {
	// Preview changes nothing. It gives nil where the definition has no preview, or nothing is known; a list that is empty and not nil
	// says that nothing would change.
	Preview(ctx context.Context, call *Call) ([]Change, error)
}

// Inquirer is an [Action] that can find out whether a write in doubt took place.
type Inquirer interface {
	// Inquire changes nothing. It finds [Unknown] where the definition can't inquire.
	Inquire(ctx context.Context, call *Call, sent Sent) (*Found, error)
}

// Lingering is what goes on of a write or a read without the engine that began it.
type Lingering struct {
	// Runs says what still runs on this machine, and how to end it; empty: nothing.
	Runs string
	// Unseen says what may run where this machine can't look, and where to look; empty: nothing.
	Unseen string
}

// Lingerer is an [Action] of which something may still run after the engine died, and which can say so without the step's
// arguments, and without a note where none is kept, as of a notification.
type Lingerer interface {
	// Lingers looks for what still runs of a write, or of a read. It changes nothing.
	Lingers(sent Sent) (Lingering, error)
}

// Noter is an [Action] whose notes tell something of the result of a write.
type Noter interface {
	// Noted gives what a note tells of it. The arguments are those that it was sent with; [cty.NilVal]: they are not known.
	Noted(args cty.Value, note json.RawMessage) (NotedResult, error)
}

// NotedResult is a [Noted] with its result encoded.
type NotedResult struct {
	// Value is an object of the results that are known alone; [cty.NilVal]: none is.
	Value cty.Value
	Meant []string
	Idle  bool
}

// Noted is what a note tells of the result of a write.
type Noted[R any] struct {
	Result *R
	// Known are the names of the results that it tells; nil: all.
	Known []string
	// Meant are the names of those that tell what the write is to make, which counts once it is taken for done: until then the system may
	// make something else of it.
	Meant []string
	// Idle says that the write may change nothing, so that no undo may be due.
	Idle bool
}

// Noted implements [Noter].
func (a *action[K, A, R]) Noted(args cty.Value, note json.RawMessage) (NotedResult, error) {
	if a.def.Noted == nil || len(note) == 0 {
		return NotedResult{}, nil
	}
	noted, err := a.def.Noted(note)
	if err != nil || noted == nil {
		return NotedResult{}, err
	}
	whole, _, err := a.spec.Results().Encode(noted.Result)
	if err != nil {
		return NotedResult{}, fmt.Errorf("%s: what was noted of the result: %w", a.spec.Name, err)
	}
	if a.spec.Results().echoes && (args == cty.NilVal || IsSensitive(args)) {
		whole = a.spec.Results().markEchoes(whole)
	}
	values := map[string]cty.Value{}
	for name, v := range whole.AsValueMap() {
		if noted.Known == nil || slices.Contains(noted.Known, name) {
			values[name] = v
		}
	}
	return NotedResult{Value: cty.ObjectVal(values), Meant: noted.Meant, Idle: noted.Idle}, nil
}

var (
	_ Noter     = (*action[any, struct{}, struct{}])(nil)
	_ Previewer = (*action[any, struct{}, struct{}])(nil)
	_ Inquirer  = (*action[any, struct{}, struct{}])(nil)
	_ Lingerer  = (*action[any, struct{}, struct{}])(nil)
)

// Lingers implements [Lingerer].
func (a *action[K, A, R]) Lingers(sent Sent) (Lingering, error) {
	if a.def.Lingers == nil {
		return Lingering{}, nil
	}
	return a.def.Lingers(sent)
}

// Preview implements [Previewer].
func (a *action[K, A, R]) Preview(ctx context.Context, call *Call) ([]Change, error) {
	if a.def.Preview == nil {
		return nil, nil
	}
	in, err := a.in(ctx, call, &Result{})
	if err != nil {
		return nil, err
	}
	return a.def.Preview(ctx, in)
}

// Inquire implements [Inquirer].
func (a *action[K, A, R]) Inquire(ctx context.Context, call *Call, sent Sent) (*Found, error) {
	if a.def.Inquire == nil {
		return &Found{}, nil
	}
	result := &Result{}
	in, err := a.in(ctx, call, result)
	if err != nil {
		return nil, err
	}
	finding, err := a.def.Inquire(ctx, in, sent)
	if err != nil {
		return nil, err
	}
	found := &Found{State: finding.State, Why: finding.Why}
	if finding.State == Done && finding.Result != nil {
		if found.Result, err = a.encode(call, in.Args, finding.Result, result); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// settled asks the system, before a write is sent once more, whether an attempt before took place, and gives its result then.
func (a *action[K, A, R]) settled(ctx context.Context, in *In[K, A], call *Call, result *Result) (*Result, error) {
	if call.Earlier == nil || a.def.Inquire == nil {
		return nil, nil
	}
	finding, err := a.def.Inquire(ctx, in, *call.Earlier)
	switch {
	case err != nil:
		return nil, untouched(a.spec.Name, err)
	case finding.State == UnderWay && !a.def.Follows:
		return nil, untouched(a.spec.Name, fmt.Errorf("not sent again, as the attempt before is under way: %s", finding.Why))
	case finding.State == Suspected && !call.Earlier.Judged:
		return nil, untouched(a.spec.Name, fmt.Errorf("not sent again, as the attempt before may have taken place: %s", finding.Why))
	case finding.State != Done:
		return nil, nil
	case finding.Result == nil:
		return nil, untouched(a.spec.Name, fmt.Errorf("not sent again, as the attempt before took place, and its result is not known: %s", finding.Why))
	}
	in.Warn("it was not sent again, as the attempt before took place: %s", finding.Why)
	return a.encode(call, in.Args, finding.Result, result)
}

// untouched is an error before anything was sent.
func untouched(op string, err error) error {
	if told, ok := errors.AsType[*Error](err); ok {
		nothing := *told
		nothing.NothingDone = true
		return &nothing
	}
	return &Error{Op: op, Err: err, NothingDone: true}
}

// note keeps a value as JSON.
func (c *Call) note(v any, sensitive bool) error {
	keep := c.Note
	if sensitive && c.NoteSealed != nil {
		keep = c.NoteSealed
	}
	if keep == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("note: %w", err)
	}
	return keep(text)
}
