package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// value evaluates an expression while the locals of path are being evaluated.
func (s *Scope) value(e *Expr, f Frame, path []string) (cty.Value, hcl.Diagnostics) {
	b := &contextBuilder{scope: s, frame: f, path: path, file: e.Range().Filename, timed: e.timed}
	ctx, diags := b.build(e.Refs)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return s.Evaluate(e, ctx)
}

// local evaluates a declared local. What is wholly known is kept; what is not may become known later. The value is
// NilVal beside errors.
func (s *Scope) local(name string, path []string) (cty.Value, hcl.Diagnostics) {
	s.mu.Lock()
	kept, ok := s.locals[name]
	s.mu.Unlock()
	if ok {
		return kept, nil
	}
	declared := s.Runbook.Locals[name]
	if at := slices.Index(path, name); at >= 0 {
		return cty.NilVal, hcl.Diagnostics{s.localCycle(append(slices.Clone(path[at:]), name))}
	}
	v, diags := s.value(declared.Value, Frame{At: Place{Part: "local." + name}}, append(slices.Clone(path), name))
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	if !v.IsWhollyKnown() {
		return v, diags
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.locals[name]; ok {
		// Someone else was faster; all see one value, now() included.
		return first, diags
	}
	if s.locals == nil {
		s.locals = map[string]cty.Value{}
	}
	s.locals[name] = v
	return v, diags
}

// Forget has locals evaluated anew: what they refer to may have another value from now on.
func (s *Scope) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locals = nil
}

const cycleSummary = "Cycle of locals"

// localCycle tells the loop; its last name is its first.
func (s *Scope) localCycle(loop []string) *hcl.Diagnostic {
	var edges []string
	for i, from := range loop[:len(loop)-1] {
		at := s.Runbook.Locals[from].Range
		for _, ref := range s.Runbook.Locals[from].Value.Refs {
			if ref.Kind == RefLocal && ref.Name == loop[i+1] {
				at = ref.Range
				break
			}
		}
		edges = append(edges, fmt.Sprintf("local.%s refers to local.%s (%s)", from, loop[i+1], place(at)))
	}
	at := s.Runbook.Locals[loop[0]].Range
	return &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: cycleSummary, Detail: strings.Join(edges, ", ") + ".", Subject: &at,
	}
}

func isCycle(diags hcl.Diagnostics) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return d.Summary == cycleSummary })
}
