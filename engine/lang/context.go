package lang

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/e82355ed/runbook/engine/provider"
)

// Context makes an evaluation context with what refs refer to. The diagnostics name what does not exist at all. A local
// that can't be evaluated is left out, so that try and can catch it; [Scope.Evaluate] tells its error.
func (s *Scope) Context(refs []Ref, f Frame) (*hcl.EvalContext, hcl.Diagnostics) {
	b := &contextBuilder{scope: s, frame: f}
	if len(refs) > 0 {
		b.file = refs[0].Range.Filename
	}
	return b.build(refs)
}

// contextBuilder collects the values of one context.
type contextBuilder struct {
	scope *Scope
	frame Frame
	// file is where the expression stands; timed says that it may call now.
	file  string
	timed bool
	// path are the locals that are being evaluated, outermost first.
	path  []string
	diags hcl.Diagnostics
	// groups holds the objects that are being filled: var, local, step …
	groups map[RefKind]map[string]cty.Value
}

const (
	selfIsIn  = "self is a step's own result: it is there in its assert, threshold, poll, show, undo and remedy; in a notify block it is the level."
	valueIsIn = "value is a threshold's value: it is there in its expect and warn."
	eachIsIn  = "each is there in a step or a provider block that has for_each."
)

func (b *contextBuilder) build(refs []Ref) (*hcl.EvalContext, hcl.Diagnostics) {
	ctx := &hcl.EvalContext{Functions: b.functions(), Variables: make(map[string]cty.Value, 2)}
	for i := range refs {
		ref := &refs[i]
		switch ref.Kind {
		case RefSelf:
			b.single(ctx, ref, b.frame.Self, selfIsIn)
			if b.frame.SelfLost != "" {
				ctx.Variables[selfLost] = cty.StringVal(b.frame.SelfLost)
			}
		case RefValue:
			b.single(ctx, ref, b.frame.Value, valueIsIn)
		default:
			b.member(ref)
		}
	}
	for kind, members := range b.groups {
		ctx.Variables[string(kind)] = cty.ObjectVal(members)
	}
	return ctx, b.diags
}

// functions is the scope's table, but for what may call now where time is kept.
func (b *contextBuilder) functions() map[string]function.Function {
	dir := b.scope.folderOf(b.file)
	if b.timed && b.frame.At.Part != "" && b.scope.Clock != nil {
		return b.scope.functionsAt(dir, b.frame.At)
	}
	return b.scope.functionsIn(dir)
}

func (b *contextBuilder) single(ctx *hcl.EvalContext, ref *Ref, v cty.Value, where string) {
	if v == cty.NilVal {
		b.error(ref, "%s", where)
		return
	}
	ctx.Variables[string(ref.Kind)] = v
}

func (b *contextBuilder) error(ref *Ref, format string, args ...any) {
	at := ref.Range
	b.diags = append(b.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: "Nothing of that name", Detail: fmt.Sprintf(format, args...), Subject: &at,
	})
}

// RootNames are the first words of references.
var RootNames = [...]RefKind{
	RefVar, RefLocal, RefStep, RefEach, RefSelf, RefValue, RefContact, RefEscalation, RefRun, RefRunbook,
}

// member adds the value of a reference of two words.
func (b *contextBuilder) member(ref *Ref) {
	if !slices.Contains(RootNames[:], ref.Kind) {
		b.unknownRoot(ref)
		return
	}
	if ref.Name == "" {
		b.error(ref, "%s is followed by a dot and a name: %s.name.", ref.Kind, ref.Kind)
		return
	}
	if _, done := b.groups[ref.Kind][ref.Name]; done {
		return
	}
	v := b.memberValue(ref)
	if b.groups == nil {
		b.groups = make(map[RefKind]map[string]cty.Value, 1)
	}
	if b.groups[ref.Kind] == nil {
		b.groups[ref.Kind] = make(map[string]cty.Value, 1)
	}
	if v != cty.NilVal {
		b.groups[ref.Kind][ref.Name] = v
	}
}

func (b *contextBuilder) unknownRoot(ref *Ref) {
	if b.scope.Runbook.Step(string(ref.Kind)) != nil {
		b.error(ref, "There is no %q; did you mean step.%s?", ref.Kind, ref.Kind)
		return
	}
	names := make([]string, len(RootNames))
	for i, n := range RootNames {
		names[i] = string(n)
	}
	b.error(ref, "There is no %q%s", ref.Kind, DidYouMean(string(ref.Kind), names))
}

// memberValue is the value of a reference, NilVal where it is to be left out of the context.
func (b *contextBuilder) memberValue(ref *Ref) cty.Value {
	rb := b.scope.Runbook
	switch ref.Kind {
	case RefVar:
		return b.variable(ref)
	case RefLocal:
		if rb.Locals[ref.Name] == nil {
			return missing(b, ref, rb.Locals)
		}
		v, diags := b.scope.local(ref.Name, b.path)
		if len(diags) > 0 && isCycle(diags) {
			b.diags = append(b.diags, diags...)
		}
		return v
	case RefStep:
		if rb.Step(ref.Name) == nil {
			return missing(b, ref, rb.stepsByName)
		}
		if b.scope.Step != nil {
			if v := b.scope.Step(ref.Name); v != cty.NilVal {
				return v
			}
		}
		return cty.DynamicVal
	case RefContact:
		if c := rb.Contacts[ref.Name]; c != nil {
			return contactValue(c)
		}
		return missing(b, ref, rb.Contacts)
	case RefEscalation:
		if e := rb.Escalations[ref.Name]; e != nil {
			return b.escalation(e)
		}
		return missing(b, ref, rb.Escalations)
	case RefEach:
		return b.each(ref)
	case RefRun:
		return b.known(ref, map[string]cty.Value{
			"id": orUnknown(b.scope.RunID), "started_at": orUnknown(rfc3339(b.scope.StartedAt)),
			"environment": orNull(b.scope.Environment),
		})
	case RefRunbook:
		return b.known(ref, map[string]cty.Value{"name": cty.StringVal(rb.Name), "dir": cty.StringVal(rb.Dir)})
	}
	return cty.NilVal
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func orUnknown(s string) cty.Value {
	if s == "" {
		return cty.UnknownVal(cty.String).RefineNotNull()
	}
	return cty.StringVal(s)
}

func orNull(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}

func missing[T any](b *contextBuilder, ref *Ref, declared map[string]T) cty.Value {
	b.error(ref, "There is no %s %q%s", ref.Kind.Noun(), ref.Name, DidYouMean(ref.Name, slices.Sorted(maps.Keys(declared))))
	return cty.NilVal
}

// Noun is what a reference of this kind refers to, in words: "variable" for var.
func (k RefKind) Noun() string {
	if k == RefVar {
		return "variable"
	}
	return string(k)
}

func (b *contextBuilder) known(ref *Ref, values map[string]cty.Value) cty.Value {
	if v, ok := values[ref.Name]; ok {
		return v
	}
	b.error(ref, "%s has no %q; it has %s.", ref.Kind, ref.Name, listed(slices.Collect(maps.Keys(values))))
	return cty.NilVal
}

func (b *contextBuilder) variable(ref *Ref) cty.Value {
	if v, ok := b.scope.Variables[ref.Name]; ok {
		return v
	}
	declared := b.scope.Runbook.Variables[ref.Name]
	if declared == nil {
		return missing(b, ref, b.scope.Runbook.Variables)
	}
	v := cty.UnknownVal(declared.Type)
	if declared.Sensitive {
		v = v.Mark(provider.Sensitive)
	}
	return v
}

func (b *contextBuilder) each(ref *Ref) cty.Value {
	if b.frame.EachKey == cty.NilVal {
		b.error(ref, "%s", eachIsIn)
		return cty.NilVal
	}
	return b.known(ref, map[string]cty.Value{"key": b.frame.EachKey, "value": b.frame.EachValue})
}

func contactValue(c *Contact) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id": orNull(c.ID), "name": orNull(c.Name), "role": orNull(c.Role), "phone": orNull(c.Phone),
		"email": orNull(c.Email), "slack": orNull(c.Slack), "pagerduty": orNull(c.PagerDuty), "url": orNull(c.URL),
		"hours": orNull(c.Hours),
	})
}

// escalation is {name, levels}; a level's contact is an object or a string, its after a number of seconds.
func (b *contextBuilder) escalation(e *Escalation) cty.Value {
	levels := make([]cty.Value, len(e.Levels))
	for i, l := range e.Levels {
		contact, diags := b.scope.value(l.Contact, Frame{At: b.frame.At}, b.path)
		if diags.HasErrors() {
			b.diags = append(b.diags, diags...)
			contact = cty.DynamicVal
		}
		levels[i] = cty.ObjectVal(map[string]cty.Value{
			"contact": contact, "after_seconds": cty.NumberFloatVal(l.After.Seconds()), "brief": orNull(l.Brief),
		})
	}
	return cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(e.Name), "levels": cty.TupleVal(levels)})
}
