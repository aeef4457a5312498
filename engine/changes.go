package engine

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/e82355ed/runbook/engine/graph"
	"github.com/e82355ed/runbook/engine/lang"
	"github.com/e82355ed/runbook/engine/provider"
)

// changes is what differs between the files of a run and those of now.
type changes struct {
	// steps are those whose own text, or something that they refer to, is another; told says what changed, for people.
	steps, told []string
	// added are declarations that are new, "step a".
	added []string
	// before is the runbook as it was; nil: it is as it was.
	before *Runbook
	// moved says that configurations name other systems than they did.
	moved bool
}

// compare finds what changed between a runbook as it was and as it is. Comments and white space don't count. blank blanks secrets in what is
// shown of it; nil: there are none.
func compare(before, after *lang.Runbook, blank func([]byte) []byte) changes {
	was, is := declarations(before), declarations(after)
	differs, writes := map[string]bool{}, writesOf(after)
	var out changes
	for _, name := range sortedKeys(was, is) {
		a, had := was[name]
		b, has := is[name]
		if had && has && bytes.Equal(a, b) {
			continue
		}
		if keepsValue(before, after, name) {
			out.told = append(out.told, name+" differs: it keeps the value that the run has")
			continue
		}
		if !had {
			out.added = append(out.added, name)
		}
		if text := toldAs(name, had, has, was, is, writes); text != "" {
			if strings.HasSuffix(text, " differs") || strings.HasSuffix(text, " differ") {
				text += difference{before, after, blank}.of(name, a, b)
			}
			out.told = append(out.told, text)
		}
		differs[name] = true
	}
	if !slices.Equal(namesIn(before, after), namesIn(after, before)) {
		out.told = append(out.told, "the order of the steps is another")
	}
	for _, s := range after.Steps {
		if differs["step "+s.Name] || differs[checksPart+"step "+s.Name] && !writes["step "+s.Name] || affected(after, s, differs) {
			out.steps = append(out.steps, s.Name)
		}
	}
	return out
}

// namesIn are the steps of a runbook that another has too, in the order of the file, which is that of writes.
func namesIn(rb, other *lang.Runbook) []string {
	has := map[string]bool{}
	for _, s := range other.Steps {
		has[s.Name] = true
	}
	var out []string
	for _, s := range rb.Steps {
		if has[s.Name] {
			out = append(out, s.Name)
		}
	}
	return out
}

// keepsValue reports whether a declaration is that of a variable of the same type as before: its value is the run's, whatever the default
// is now.
func keepsValue(before, after *lang.Runbook, name string) bool {
	v, ok := strings.CutPrefix(name, "var ")
	if !ok || before.Variables[v] == nil || after.Variables[v] == nil {
		return false
	}
	return before.Variables[v].Type.Equals(after.Variables[v].Type)
}

// goneWords say that a declaration is gone.
func goneWords(name string) string { return name + " is gone" }

// toldAs says what is different about a declaration; nothing of a part of a step that is new or gone as a whole.
func toldAs(name string, had, has bool, was, is map[string][]byte, writes map[string]bool) string {
	be, differ := " is", " differs"
	step, checks := strings.CutPrefix(name, checksPart)
	if checks {
		be, differ = " are", " differ"
	}
	step = strings.TrimPrefix(step, undoPart)
	switch _, before := was[step]; {
	case step != name && (!before || is[step] == nil):
		return ""
	case checks && writes[step]:
		return name + " differ: a write is not repeated for that"
	case !has && be == " is":
		return goneWords(name)
	case !has:
		return name + be + " gone"
	case !had:
		return name + be + " new"
	}
	return name + differ
}

// writesOf are the steps that change something: what looks at what they gave is changed without doing that again.
func writesOf(rb *lang.Runbook) map[string]bool {
	out := map[string]bool{}
	for _, s := range rb.Steps {
		out["step "+s.Name] = graph.Effect(s) > provider.Read
	}
	return out
}

// affected reports whether a step uses something that changed: a local, a variable's declaration, its provider's
// configuration, or the runbook that it runs. What its undo uses is not the step's, nor what the checks of a write use.
func affected(rb *lang.Runbook, s *lang.Step, differs map[string]bool) bool {
	if s.Provider != nil && differs["provider "+s.Provider.Name] {
		return true
	}
	if s.Child != nil && anyOf(s.Child, differs) {
		return true
	}
	seen := map[string]bool{}
	var uses func(e *lang.Expr) bool
	uses = func(e *lang.Expr) bool {
		if e == nil {
			return false
		}
		for _, ref := range e.Refs {
			name := string(ref.Kind) + " " + ref.Name
			if differs[name] {
				return true
			}
			if local := rb.Locals[ref.Name]; ref.Kind == lang.RefLocal && local != nil && !seen[ref.Name] {
				seen[ref.Name] = true
				if uses(local.Value) {
					return true
				}
			}
		}
		return false
	}
	used := graph.Deciding(s)
	if graph.Effect(s) == provider.Read {
		used = append(used, graph.Judging(s)...)
	}
	return slices.ContainsFunc(used, uses)
}

// anyOf reports whether a file of a runbook changed.
func anyOf(rb *lang.Runbook, differs map[string]bool) bool {
	for name := range rb.Sources {
		if differs["file "+filepath.Base(name)] {
			return true
		}
	}
	return false
}

// declarations are the texts of what a runbook's own file and its workspace declare, by what refers to them; of the
// other files, and of JSON, the whole.
func declarations(rb *lang.Runbook) map[string][]byte {
	out := map[string][]byte{}
	for name, file := range rb.Sources {
		body, native := file.Body.(*hclsyntax.Body)
		if own := name == rb.File || name == rb.Workspace; !own || !native {
			out["file "+filepath.Base(name)] = file.Bytes
			continue
		}
		for _, b := range body.Blocks {
			declared(out, b, file)
		}
	}
	return out
}

// kinds are the words by which expressions refer to blocks, by the block's type.
var kinds = map[string]string{
	"step": "step", "check": "step", "variable": "var", "contact": "contact", "escalation": "escalation", "provider": "provider",
	"output": "output", "runbook": "runbook", "policy": "policy", "environment": "environment",
}

func declared(out map[string][]byte, b *hclsyntax.Block, file *hcl.File) {
	if b.Type == "locals" {
		for name, attr := range b.Body.Attributes {
			out["local "+name] = tokens(attr.SrcRange, file)
		}
		return
	}
	name := kinds[b.Type]
	if len(b.Labels) > 0 {
		name += " " + b.Labels[len(b.Labels)-1]
	}
	whole := hcl.RangeBetween(b.TypeRange, b.CloseBraceRange)
	if b.Type != "step" {
		out[name] = append(out[name], tokens(whole, file)...)
		return
	}
	var parts []hcl.Range
	for _, inner := range b.Body.Blocks {
		if of, ok := behind[inner.Type]; ok {
			at := hcl.RangeBetween(inner.TypeRange, inner.CloseBraceRange)
			out[of+name] = append(out[of+name], tokens(at, file)...)
			parts = append(parts, at)
		}
	}
	for _, attr := range b.Body.Attributes {
		if of, ok := behind[attr.Name]; ok {
			out[of+name] = append(out[of+name], tokens(attr.SrcRange, file)...)
			parts = append(parts, attr.SrcRange)
		}
	}
	out[name] = append(out[name], tokens(whole, file, parts...)...)
}

// behind are the parts of a step that come after its action, by what they are told as: with another of them the step does what
// it did.
var behind = map[string]string{"undo": undoPart, "assert": checksPart, "threshold": checksPart, "remedy": checksPart, "show": checksPart}

const (
	undoPart   = "undo of "
	checksPart = "checks of "
)

// tokens is a part of a file without comments and white space, and without some parts of it.
func tokens(at hcl.Range, file *hcl.File, without ...hcl.Range) []byte {
	all, _ := hclsyntax.LexConfig(at.SliceBytes(file.Bytes), at.Filename, at.Start) // the file was parsed before
	var out []byte
	for _, t := range all {
		left := slices.ContainsFunc(without, func(r hcl.Range) bool { return r.Start.Byte <= t.Range.Start.Byte && t.Range.Start.Byte < r.End.Byte })
		if !left && t.Type != hclsyntax.TokenComment && t.Type != hclsyntax.TokenNewline {
			out = append(append(out, t.Bytes...), ' ')
		}
	}
	return out
}

func sortedKeys(maps ...map[string][]byte) []string {
	seen := map[string]bool{}
	var out []string
	for _, m := range maps {
		for name := range m {
			if !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}
