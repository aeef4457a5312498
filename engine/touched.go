package engine

import (
	"slices"
	"strings"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
	"github.com/e82355ed/runbook/engine/run/local"
)

// conduct are the arguments and blocks of a step that decide how it is carried out, but neither what it does nor, but for those that are
// true, whether it does it.
var conduct = map[string]bool{
	"description": false, "timeout": false, "retry": false, "continue_on_error": false, "effect": false, "runs_on": false, "precondition": false,
	"approval": false, "escalation": false, "depends_on": true, "run_if": true, "when": true,
}

// touch is what is otherwise about a step, so that more can be added.
func (c *changes) touch(step string) *local.Touch {
	if c.touched == nil {
		c.touched = local.Touched{}
	}
	if c.touched[step] == nil {
		c.touched[step] = &local.Touch{}
	}
	return c.touched[step]
}

// newToucher compares the declarations of a runbook. keeps reports whether a variable has the value that it had, whatever its declaration says.
func newToucher(before, after *lang.Runbook, keeps func(before, after *lang.Runbook, name string) bool) *toucher {
	l := &toucher{before: before, after: after, was: declarations(before), is: declarations(after), differs: map[string]bool{}}
	for _, name := range names(l.was, l.is) {
		a, b := l.was[name], l.is[name]
		if (a == nil || b == nil || a.text != b.text) && !keeps(before, after, name) && !l.sameLocal(name) {
			l.differs[name] = true
		}
	}
	return l
}

// touched are the steps about which something is otherwise, here and in the runbooks that steps run.
func (l *toucher) touched() local.Touched {
	out := local.Touched{}
	for _, s := range l.after.Steps {
		l.step, l.touch, l.any = s, &local.Touch{}, false
		if l.look(); l.any {
			out[s.Name] = l.touch
		}
	}
	return out
}

// outputs reports whether the runbook may give something else.
func (l *toucher) outputs() bool {
	return len(l.before.Outputs) != len(l.after.Outputs) || slices.ContainsFunc(l.after.Outputs, func(o *lang.Output) bool {
		return l.differs["output "+o.Name] || l.otherwise(o.Value)
	})
}

// toucher finds what is otherwise about the steps of a runbook.
type toucher struct {
	before, after *lang.Runbook
	was, is       map[string]*declaration
	differs       map[string]bool
	step          *lang.Step
	touch         *local.Touch
	// any says that anything is.
	any bool
	// unknown says that it is not known of the run at any time with which variables.
	unknown bool
}

func (l *toucher) look() {
	name, reads := "step "+l.step.Name, graph.Effect(l.step) == provider.Read
	switch a, b := l.was[name], l.is[name]; {
	case a == nil || b == nil || a.head != b.head || a.several || b.several:
		l.whole(true)
	case a.text != b.text:
		l.any = true
		l.assigned(a, b)
		l.blocks(a, b)
	}
	l.uses()
	l.whole(reads && (l.differs[checksPart+name] || slices.ContainsFunc(graph.Judging(l.step), l.otherwise)))
	l.provider()
	if l.step.Child != nil {
		l.child()
	}
}

func (l *toucher) whole(is bool) {
	l.any, l.touch.Whole = l.any || is, l.touch.Whole || is
}

// assigned looks at what is assigned otherwise in the step's block.
func (l *toucher) assigned(a, b *declaration) {
	for _, name := range names(a.assigned, b.assigned) {
		then, had := a.assigned[name]
		now, has := b.assigned[name]
		decides, how := conduct[name]
		switch {
		case had && has && then.tokens == now.tokens:
		case how:
			l.touch.Runs = l.touch.Runs || decides
		case name == "for_each":
			l.touch.Each = true
		case name == "provider" && l.renamed():
			l.touch.Config = true
		case l.step.Args[name] == nil && has || l.step.IsCheck(): // provider
			l.whole(true)
		default:
			l.argument(name)
		}
	}
}

// renamed reports whether the step goes through a provider block that has another name in each file, where the other has none of that name: what it
// is by now is compared.
func (l *toucher) renamed() bool {
	before := l.before.Step(l.step.Name)
	if before == nil || before.Provider == nil || before.Provider != l.step.Provider {
		return false
	}
	was, is := l.before.ConfigOf(before), l.after.ConfigOf(l.step)
	keyed := func(ref *lang.ProviderRef) string {
		if ref == nil || ref.Key == nil {
			return ""
		}
		return ref.Key.Written()
	}
	return was != nil && is != nil && keyed(before.ProviderRef) == keyed(l.step.ProviderRef) && !l.after.HasProvider(was.Address()) && !l.before.HasProvider(is.Address())
}

// blocks looks at the blocks that are otherwise in the step's.
func (l *toucher) blocks(a, b *declaration) {
	for _, d := range append(without(a.blocks, b.blocks), without(b.blocks, a.blocks)...) {
		_, how := conduct[d.kind()]
		other := func(in []*declaration) bool {
			return !slices.ContainsFunc(in, func(o *declaration) bool { return o.kind() == d.kind() && o.assigned["until"] == d.assigned["until"] })
		}
		l.whole(!how && (d.kind() != "poll" || other(a.blocks) || other(b.blocks)))
	}
}

// uses looks at what the step refers to. What its undo uses is not the step's, nor what the checks of a write use.
func (l *toucher) uses() {
	for name, attr := range l.step.Args {
		if l.otherwise(attr.Expr) {
			l.argument(name)
		}
	}
	if l.step.ForEach != nil && l.otherwise(l.step.ForEach) {
		l.any, l.touch.Each = true, true
	}
	if l.step.When != nil && l.otherwise(l.step.When) {
		l.any, l.touch.Runs = true, true
	}
	l.whole(l.step.ProviderRef != nil && l.step.ProviderRef.Key != nil && l.otherwise(l.step.ProviderRef.Key) ||
		l.step.Poll != nil && l.otherwise(l.step.Poll.Until))
	l.any = l.any || slices.ContainsFunc(graph.Deciding(l.step), l.otherwise)
}

func (l *toucher) argument(name string) {
	l.any = true
	was, is := l.before.Step(l.step.Name).Argument(name), l.step.Argument(name)
	if was != nil && is != nil && sameConstant(was, is) || slices.Contains(l.touch.Arguments, name) {
		return
	}
	l.touch.Arguments = append(l.touch.Arguments, name)
	if l.known(l.before, was) && l.known(l.after, is) {
		l.touch.Known = append(l.touch.Known, name)
	}
}

// known reports whether what an expression comes to, nil being null, is known of the run at any time: it reads nothing beside it.
func (l *toucher) known(in *lang.Runbook, e *lang.Expr) bool {
	if e == nil {
		return true
	}
	around := in.Surroundings(e)
	return !around.Environment && !around.Files && !around.Clock && (!around.Variables || !l.unknown)
}

// child looks into the runbook that the step runs.
func (l *toucher) child() {
	before := l.before.Step(l.step.Name)
	if before == nil || before.Child == nil {
		l.whole(true)
		return
	}
	given := slices.Index(l.touch.Arguments, "variables")
	if given >= 0 {
		l.touch.Arguments = slices.Delete(l.touch.Arguments, given, given+1)
	}
	l.touch.Kept = l.within(before, given >= 0)
	l.touch.Within = l.touch.Kept
	if l.touch.Each && given < 0 {
		l.touch.Within = l.within(before, true)
	}
	l.any = l.any || len(l.touch.Within.Touched) > 0 || l.touch.Within.Outputs
}

// within looks into the runbook that the step runs; given says that its variables may come to something else: that is compared where they are
// used.
func (l *toucher) within(before *lang.Step, given bool) local.Within {
	in := newToucher(before.Child, l.step.Child, func(*lang.Runbook, *lang.Runbook, string) bool { return false })
	in.unknown = l.touch.Each && given || !l.known(l.before, before.Argument("variables")) || !l.known(l.after, l.step.Argument("variables"))
	for name := range l.step.Child.Variables {
		in.differs["var "+name] = in.differs["var "+name] || given
	}
	return local.Within{Touched: in.touched(), Outputs: in.outputs()}
}

// otherwise reports whether an expression refers to something that is written otherwise, through locals too.
func (l *toucher) otherwise(e *lang.Expr) bool {
	return e != nil && slices.ContainsFunc(l.after.Uses(e), func(used *lang.Expr) bool {
		return slices.ContainsFunc(used.Refs, func(ref lang.Ref) bool {
			return ref.Kind != lang.RefStep && l.differs[string(ref.Kind)+" "+ref.Name]
		})
	})
}

// provider looks at the configuration that the step uses, but for how that is used. Whether the environment has it name another system is told by
// what the history has of that.
func (l *toucher) provider() {
	before := l.before.Step(l.step.Name)
	if before == nil {
		l.whole(true)
		return
	}
	had, has := l.before.ConfigOf(before), l.after.ConfigOf(l.step)
	was, is := settingsOf(had), settingsOf(has)
	for _, name := range names(was, is) {
		a, b := was[name], is[name]
		alike := a != nil && b != nil && (a.Written() == b.Written() || sameConstant(a, b))
		if alike && !l.otherwise(b) && (had.Dir == has.Dir || !lang.FromFolder(b.Expression, namesFile(has, name))) {
			continue
		}
		l.any, l.touch.Config = true, true
	}
}

// settingsOf is what a provider block, where there is one, writes about what its configuration is, by name.
func settingsOf(b *lang.ProviderConfig) map[string]*lang.Expr {
	out := map[string]*lang.Expr{}
	if b == nil {
		return out
	}
	for name, attr := range b.Config {
		if b.Schema != nil {
			if a := b.Schema.Config().Attribute(name); a != nil && a.Conduct {
				continue
			}
		}
		out[name] = attr.Expr
	}
	if b.ForEach != nil {
		out["for_each"] = b.ForEach
	}
	return out
}

// namesFile reports whether an argument of a provider block names a file.
func namesFile(c *lang.ProviderConfig, name string) bool {
	if c.Schema == nil {
		return false
	}
	a := c.Schema.Config().Attribute(name)
	return a != nil && a.File
}

// sameLocal reports whether a name is that of a local that is the same constant, written otherwise.
func (l *toucher) sameLocal(name string) bool {
	own, _ := strings.CutPrefix(name, "local ")
	was, is := l.before.Locals[own], l.after.Locals[own]
	return "local "+own == name && was != nil && is != nil && sameConstant(was.Value, is.Value)
}

func sameConstant(a, b *lang.Expr) bool {
	if len(a.Refs)+len(b.Refs) > 0 || a.Calls() || b.Calls() {
		return false
	}
	was, diags := a.Value(nil)
	is, more := b.Value(nil)
	return !diags.HasErrors() && !more.HasErrors() && was.RawEquals(is)
}
