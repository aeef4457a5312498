package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/lang"
)

// target is a step that an expression reaches through a local.
type target struct {
	name        string
	outcomeOnly bool
	text        string
}

// resolver says which steps a local leads to, each local looked at once.
type resolver struct {
	rb *lang.Runbook
	// reached holds what a local leads to; a local that is being looked at holds nil.
	reached map[string][]target
	cyclic  map[string]bool
}

func newResolver(rb *lang.Runbook) *resolver {
	return &resolver{rb: rb, reached: make(map[string][]target, len(rb.Locals)), cyclic: map[string]bool{}}
}

// steps lists the steps that a reference to a local reaches, as if the local's expression stood in its place.
func (r *resolver) steps(ref *lang.Ref) []target {
	if step, ok := r.alias(ref); ok {
		return []target{step}
	}
	return r.local(ref.Name)
}

// alias follows a local that is only another name for a step: local.n.outcome with n = step.nodes is
// step.nodes.outcome.
func (r *resolver) alias(ref *lang.Ref) (target, bool) {
	name, rest := ref.Name, tail(ref.Traversal)
	for range len(r.rb.Locals) {
		local := r.rb.Locals[name]
		if local == nil || local.Value == nil || len(local.Value.Refs) != 1 {
			return target{}, false
		}
		inner := &local.Value.Refs[0]
		if _, plain := local.Value.Expression.(*hclsyntax.ScopeTraversalExpr); !plain {
			return target{}, false
		}
		rest = slices.Concat(tail(inner.Traversal), rest)
		if inner.Kind == lang.RefStep {
			return target{
				name: inner.Name, outcomeOnly: outcomeOnly(rest),
				text: traversalText(inner.Traversal) + " in local." + name,
			}, true
		}
		if inner.Kind != lang.RefLocal {
			return target{}, false
		}
		name = inner.Name
	}
	return target{}, false
}

// local lists the steps that a local's expression reaches.
func (r *resolver) local(name string) []target {
	if found, ok := r.reached[name]; ok {
		return found
	}
	local := r.rb.Locals[name]
	if local == nil || local.Value == nil {
		return nil
	}
	r.reached[name] = nil
	var found []target
	at := map[string]int{}
	put := func(t target) {
		if i, ok := at[t.name]; ok {
			found[i].outcomeOnly = found[i].outcomeOnly && t.outcomeOnly
			return
		}
		at[t.name] = len(found)
		found = append(found, t)
	}
	for i := range local.Value.Refs {
		ref := &local.Value.Refs[i]
		switch ref.Kind {
		case lang.RefStep:
			put(target{ref.Name, ref.OutcomeOnly, traversalText(ref.Traversal) + " in local." + name})
		case lang.RefLocal:
			for _, t := range r.steps(ref) {
				put(t)
			}
		}
	}
	r.reached[name] = found
	return found
}

// cycles reports locals that are defined by themselves, one diagnostic a loop.
func (r *resolver) cycles() hcl.Diagnostics {
	const done = -1
	var diags hcl.Diagnostics
	depth := map[string]int{} // 1 and up: on the path; done: left
	var path []string
	var visit func(name string)
	visit = func(name string) {
		path = append(path, name)
		depth[name] = len(path)
		for _, ref := range r.rb.Locals[name].Value.Refs {
			next := r.rb.Locals[ref.Name]
			if ref.Kind != lang.RefLocal || next == nil || next.Value == nil {
				continue
			}
			switch d := depth[ref.Name]; {
			case d == 0:
				visit(ref.Name)
			case d > 0:
				diags = append(diags, r.cycleDiagnostic(path[d-1:]))
			}
		}
		path = path[:len(path)-1]
		depth[name] = done
	}
	for _, name := range slices.SortedFunc(maps.Keys(r.rb.Locals), r.byPlace) {
		if depth[name] == 0 && r.rb.Locals[name].Value != nil {
			visit(name)
		}
	}
	return diags
}

func (r *resolver) byPlace(a, b string) int {
	x, y := r.rb.Locals[a].Range, r.rb.Locals[b].Range
	if c := strings.Compare(x.Filename, y.Filename); c != 0 {
		return c
	}
	if x.Start.Byte != y.Start.Byte {
		return x.Start.Byte - y.Start.Byte
	}
	return strings.Compare(a, b)
}

func (r *resolver) cycleDiagnostic(loop []string) *hcl.Diagnostic {
	var b strings.Builder
	b.WriteString("A local can't be defined by itself:\n")
	for i, name := range loop {
		next := loop[(i+1)%len(loop)]
		rng := r.rb.Locals[name].Range
		for _, ref := range r.rb.Locals[name].Value.Refs {
			if ref.Kind == lang.RefLocal && ref.Name == next {
				rng = ref.Range
				break
			}
		}
		fmt.Fprintf(&b, "  local.%s needs local.%s%s\n", name, next, place(r.rb, rng))
	}
	subject := r.rb.Locals[loop[0]].Range
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Cycle of locals",
		Detail: b.String() + "Write one of them without the other.", Subject: &subject,
	}
}

// endings are the attributes that every step has however it ended.
var endings = map[string]bool{"outcome": true, "error": true, "duration_ms": true, "attempts": true}

// outcomeOnly reports whether what follows step.x reads only how it ended, of the step or of one literal instance.
func outcomeOnly(rest hcl.Traversal) bool {
	if len(rest) > 0 {
		if _, ok := rest[0].(hcl.TraverseIndex); ok {
			rest = rest[1:]
		}
	}
	if len(rest) == 0 {
		return false
	}
	attr, ok := rest[0].(hcl.TraverseAttr)
	return ok && endings[attr.Name]
}

// tail is what follows the first two words of a reference.
func tail(t hcl.Traversal) hcl.Traversal {
	if len(t) < 2 {
		return nil
	}
	return t[2:]
}

func traversalText(t hcl.Traversal) string {
	var b strings.Builder
	for _, part := range t {
		switch part := part.(type) {
		case hcl.TraverseRoot:
			b.WriteString(part.Name)
		case hcl.TraverseAttr:
			b.WriteByte('.')
			b.WriteString(part.Name)
		case hcl.TraverseIndex:
			b.WriteString(indexText(part.Key))
		case hcl.TraverseSplat:
			b.WriteString("[*]")
		}
	}
	return b.String()
}

func indexText(key cty.Value) string {
	key, _ = key.Unmark()
	switch {
	case !key.IsKnown() || key.IsNull():
	case key.Type() == cty.String:
		return fmt.Sprintf("[%q]", key.AsString())
	case key.Type() == cty.Number:
		return "[" + key.AsBigFloat().Text('f', -1) + "]"
	}
	return "[…]"
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
