package local

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/policy"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run"
)

// askedUndo is what an approval of an execution shows of its undo, and the values of that, marks and all; nil: it has none.
func (r *runner) askedUndo(x *execution) (*run.AskedUndo, cty.Value) {
	if x.step.Undo == nil {
		return nil, cty.NilVal
	}
	undo, local := x.step.Undo.Step, x.local
	local.Self = cty.DynamicVal
	args := KnownArgs(r.scope, undo, local)
	TellSecrets(args, r.Secrets)
	out := &run.AskedUndo{Action: undo.Action, On: undoneOn(x.step), Written: r.writtenUndo(x.step)}
	effect, unsure := policy.AtMost(undo, args)
	out.Effect, out.Unsure = effect.String(), unsure
	if target, diags := r.configs.Target(undo, local); !diags.HasErrors() {
		out.Target = ShownTarget(r.scope, undo, target, local)
	}
	var values cty.Value
	out.Arguments, out.Uses, values = r.knownOf(undo, args, local)
	return out, values
}

// knownOf shows the arguments of a step as far as they are known before it runs, and what is known of what the rest refers to. It gives the
// values too, marks and all.
func (r *runner) knownOf(step *lang.Step, args cty.Value, local lang.Frame) (arguments, used []run.ArgumentValue, _ cty.Value) {
	values := args.AsValueMap()
	uses := map[string]cty.Value{}
	for _, name := range slices.Sorted(maps.Keys(step.Args)) {
		e := step.Args[name].Expr
		if r.scope.ReadsClock(e) {
			values[name] = cty.UnknownVal(args.GetAttr(name).Type()) // what it will say is not what it says now
		}
		if plain, _ := values[name].UnmarkDeep(); !plain.IsWhollyKnown() {
			r.usedBy(e, local, uses)
		}
	}
	arguments = AsKnown(step, cty.ObjectVal(values))
	for _, source := range slices.Sorted(maps.Keys(uses)) {
		used = append(used, run.ArgumentValue{Name: source, Value: lang.FormatWhole(uses[source])})
	}
	values[""] = cty.ObjectVal(uses)
	return arguments, used, cty.ObjectVal(values)
}

// usedBy adds what is known of what an expression refers to that is not known as a whole.
func (r *runner) usedBy(e *lang.Expr, local lang.Frame, uses map[string]cty.Value) {
	e.Parts(func(part *lang.Expr) bool {
		if r.scope.ReadsClock(part) {
			return false
		}
		v, diags := r.scope.Value(part, local)
		if plain, _ := v.UnmarkDeep(); diags.HasErrors() || !plain.IsWhollyKnown() {
			return false
		}
		TellSecrets(v, r.Secrets)
		uses[asWritten(part.Source)] = v
		return true
	})
}

func undoneOn(step *lang.Step) string {
	if step.Undo.OnEnd {
		return "end"
	}
	return "failure"
}

// writtenUndo is a digest of how the files write the undo of a step.
func (b *branch) writtenUndo(step *lang.Step) string {
	undo, sum := step.Undo.Step, sha256.New()
	parts := []string{undo.Action, undoneOn(step), graph.Configuration(undo)}
	if ref := undo.ProviderRef; ref != nil && ref.Key != nil {
		parts = append(parts, b.runbook.Written(ref.Key))
	}
	for _, name := range slices.Sorted(maps.Keys(undo.Args)) {
		parts = append(parts, name, b.runbook.Written(undo.Args[name].Expr))
	}
	sum.Write([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum.Sum(nil))
}

// AsKnown shows the arguments that a step writes, in the schema's order, as far as they are known: a whole value as the language writes
// it, else the expression.
func AsKnown(s *lang.Step, args cty.Value) []run.ArgumentValue {
	schema := s.Spec.Spec().Args()
	var out []run.ArgumentValue
	for i := range schema.Attributes {
		a := &schema.Attributes[i]
		attr := s.Args[a.Name]
		if attr == nil {
			continue
		}
		value := args.GetAttr(a.Name)
		if a.Sensitive {
			value = value.Mark(provider.Sensitive)
		}
		shown := lang.FormatWhole(value)
		if unmarked, _ := value.UnmarkDeep(); !value.IsMarked() && !unmarked.IsWhollyKnown() {
			shown = asWritten(attr.Expr.Source)
		}
		out = append(out, run.ArgumentValue{Name: a.Name, Value: shown})
	}
	return out
}

// asWritten is an expression as the file has it, without the indentation that its lines after the first share.
func asWritten(source string) string {
	lines := strings.Split(strings.ReplaceAll(source, "\t", "    "), "\n")
	shared := -1
	for _, line := range lines[1:] {
		if text := strings.TrimLeft(line, " "); text != "" && (shared < 0 || len(line)-len(text) < shared) {
			shared = len(line) - len(text)
		}
	}
	for i, line := range lines {
		if i > 0 {
			line = line[min(max(shared, 0), len(line)):]
		}
		lines[i] = strings.TrimRight(line, " \r")
	}
	return strings.Join(lines, "\n")
}

// approved is what somebody was asked to approve last about a step.
type approved struct {
	undo *run.AskedUndo
	// changed says that a session went on with changed files since.
	changed bool
	// writes are those of the runbook that the step runs; within says that the step is in such a runbook itself, and was approved with that.
	writes []run.ListedWrite
	within bool
}

// asks keeps what an approval is asked for.
func (b *branch) asks(address string, q *run.Question) {
	if q != nil && q.Kind == run.AskApproval {
		b.approved[address] = &approved{undo: q.Undo, writes: q.Writes}
	}
}

// approvedFor is what somebody was asked to approve about a step, or about one that runs the runbook that the step is in; nil: nobody was.
func (b *branch) approvedFor(address string) *approved {
	if a := b.approved[address]; a != nil {
		return a
	}
	key := run.StepName(address)
	for at := b; at.parent != nil; at = at.parent {
		if a := at.parent.approved[at.address]; a != nil {
			for _, w := range a.writes {
				if w.Key == key {
					return &approved{undo: w.Undo, within: true}
				}
			}
			return nil
		}
		key = at.step.Name + "/" + key
	}
	return nil
}

// errNotApproved is why an undo does not run by itself.
var errNotApproved = errors.New("it was not sent: the undo of the step is not the one that was approved with it, and runs only by hand")

// unapproved says why the undo of a deed must not run by itself: somebody had to approve the step, and not with this undo. A question of
// an older version showed none: then it is what it was as long as the files are.
func (b *branch) unapproved(d *deed) error {
	switch a := d.approved; {
	case a == nil || d.step.Approval == nil && !a.within:
	case a.undo == nil && (a.changed || a.within), a.undo != nil && a.undo.Written != b.writtenUndo(d.step):
		return errNotApproved
	}
	return nil
}
