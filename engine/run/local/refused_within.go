package local

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
)

// refused says which of the writes is surely not sent once its turn has come, and why: nobody is to be asked about the others then. Prefix is
// what their addresses begin with.
func (l listed) refused(prefix string) error {
	for i := range l {
		if w := &l[i]; w.refused != nil {
			return fmt.Errorf("step %s: %w", prefix+w.Key, w.refused)
		}
	}
	return nil
}

// foresight tells of the steps of a runbook that has not begun which of them may be skipped.
type foresight struct {
	*runner
	seen map[*graph.Node]bool
}

// passedOver reports whether a step may be skipped for what it waits for: that others fail is not foreseen.
func (f foresight) passedOver(n *graph.Node) bool {
	if n.Step.RunIf != lang.RunIfSuccess {
		return n.Step.RunIf == lang.RunIfFailure
	}
	for _, e := range n.In {
		if e.Full && !e.Order && f.perhaps(e.From) {
			return true
		}
	}
	return false
}

// perhaps reports whether a step may be skipped, for whatever reason.
func (f foresight) perhaps(n *graph.Node) bool {
	may, known := f.seen[n]
	if !known {
		holds, sure := f.foretold(n.Step.When, AnyInstance(n.Step))
		may = !sure || !holds || f.passedOver(n)
		f.seen[n] = may
	}
	return may
}

// willRefuse says why a step, or an instance of it, won't be sent: what it does, or its undo, is allowed by no policy. Nil: that is not known, or
// it may not be carried out at all.
func (f foresight) willRefuse(n *graph.Node) error {
	if f.Allowed == nil || f.passedOver(n) {
		return nil
	}
	frames := []lang.Frame{{}}
	if n.Step.ForEach != nil {
		all, diags := f.scope.Instances(n.Step.ForEach, lang.Frame{})
		if diags.HasErrors() {
			return nil // its turn says it
		}
		frames = all.Frames
	}
	for _, each := range frames {
		if holds, sure := f.foretold(n.Step.When, each); !sure || !holds {
			continue
		}
		args := KnownArgs(f.scope, n.Step, each)
		TellSecrets(args, f.Secrets)
		err := f.Allowed(f.runbook, n.Step, args)
		if err == nil {
			err = f.undoAllowed(&execution{step: n.Step, local: each})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// foretold is what a when comes to, where that is known beforehand.
func (r *runner) foretold(when *lang.Expr, local lang.Frame) (holds, known bool) {
	if when == nil {
		return true, true
	}
	v, diags := r.scope.Value(when, local)
	plain, _ := v.Unmark()
	if diags.HasErrors() || plain.Type() != cty.Bool || !plain.IsKnown() || plain.IsNull() || r.scope.ReadsClock(when) {
		return false, false
	}
	return plain.True(), true
}
